"""A recording of any length: what is to know of all of it, and its stretches one after the other, in memory
that does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from conditioning.encoders.sound_file import opened_sound
from generators.media import Audio
from generators.on_disk import concatenated

from .clip import loudest_speech
from .features import HOP_LENGTH, SAMPLE_RATE

BLOCK = 65536
LONGEST, SHORTEST = 10 * SAMPLE_RATE, 6 * SAMPLE_RATE  # of a stretch; it ends where it is quietest in between
QUIET_FRAMES = 5  # over which quiet is judged
CLIPPED_SHARE = 5e-4  # of samples at full scale that is called clipping
FULL = 0.999
STREAMED = 0x7FFF0000  # bytes: a .wav that promises more was written without knowing its length
MISSING = 1024  # bytes less than promised that are called cut short


@dataclass(frozen=True)
class Survey:
    """What is known of a recording before anything is made from it.

    Attributes:
        sample: (S,) its loudest 15 s at 24 kHz, at the common level.
        gain_db: what brings the recording to that level. duration_s: of all of it.
        clipped: whether its peaks are cut off. cut_short: whether its end is missing. channels: of the file.
        offset: mean of all samples, which is no sound.
    """

    sample: np.ndarray
    gain_db: float
    duration_s: float
    clipped: bool
    cut_short: bool
    channels: int
    offset: np.float32


def survey(path: str | Path) -> Survey:
    """Reads a recording once.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: no sound, broken, too short, silent or not finite.
    """
    path = Path(path)
    sample, gain_db = loudest_speech(path)
    with opened_sound(path) as file:
        rate, channels = file.samplerate, file.channels
    total, clipped, offset = 0, 0, 0.0
    for block in blocks(path):
        if not np.isfinite(block).all():
            raise ValueError(f"expected finite samples, got others in {path.name!r}")
        total += len(block)
        clipped += int((np.abs(block) >= FULL).sum())
        offset += float(block.sum(dtype=np.float64))
    return Survey(
        sample,
        gain_db,
        total / rate,
        clipped > max(3, CLIPPED_SHARE * total),
        cut_short(path),
        channels,
        np.float32(offset / total),
    )


def whole(path: str | Path) -> Audio:
    """Gives a recording as it is, at its own rate and with its channels; a long one waits on the disk.

    Raises:
        As `survey`.
    """
    path = Path(path)
    survey(path)
    with opened_sound(path) as file:
        rate = file.samplerate

    def pieces() -> Iterator[np.ndarray]:
        with opened_sound(path) as file:
            while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
                yield block.T

    return Audio(concatenated(pieces()), rate)


def cut_short(path: Path) -> bool:
    """Says whether a .wav holds clearly less than its header promises."""
    with open(path, "rb") as file:
        head = file.read(8)
    promised = 8 + int.from_bytes(head[4:], "little")
    return head[:4] == b"RIFF" and path.stat().st_size + MISSING < promised < STREAMED


def blocks(path: Path) -> Iterator[np.ndarray]:
    """Gives a file's sound in mono at its own rate, piece by piece. (S,) float32 each"""
    with opened_sound(path) as file:
        while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
            yield block.mean(1)


def blocks_at_rate(path: Path) -> Iterator[np.ndarray]:
    """Gives a file's sound in mono at 24 kHz, piece by piece."""
    import soxr

    with opened_sound(path) as file:
        rate = file.samplerate
    if rate == SAMPLE_RATE:
        yield from blocks(path)
        return
    stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
    for block in blocks(path):
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def stretches(path: str | Path) -> Iterator[np.ndarray]:
    """Cuts a recording, at 24 kHz, where it is quiet, into stretches of 6 to 10 s.

    Only the last may be shorter. All others are whole frames of 256 samples; together they are the recording.
    """
    waiting = np.zeros(0, np.float32)
    for block in blocks_at_rate(Path(path)):
        waiting = np.concatenate([waiting, block])
        while len(waiting) > LONGEST + SHORTEST:
            cut = quietest(waiting[:LONGEST])
            yield waiting[:cut]
            waiting = waiting[cut:]
    if len(waiting) > LONGEST:
        cut = quietest(waiting[:LONGEST])
        yield waiting[:cut]
        waiting = waiting[cut:]
    if len(waiting):
        yield waiting


def quietest(samples: np.ndarray) -> int:
    """The quietest place from 6 s on, a multiple of 256 samples."""
    frames = samples[: len(samples) // HOP_LENGTH * HOP_LENGTH].reshape(-1, HOP_LENGTH)
    power = np.convolve((frames.astype(np.float64) ** 2).mean(1), np.ones(QUIET_FRAMES), "same")
    first = SHORTEST // HOP_LENGTH
    return HOP_LENGTH * (first + int(power[first:-QUIET_FRAMES].argmin()))
