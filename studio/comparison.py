"""A converted recording beside the one it was made from: what the pictures of both show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from checkpoints import sha256_of
from conditioning.encoders.sound_file import opened_sound
from generators.media import Audio, Converted
from generators.voice.clip import resampled
from generators.voice.features import SAMPLE_RATE
from generators.voice.recording_file import blocks_at_rate

from .spectrogram import shaded, spectrogram_db
from .waveform import LONGEST_F0_S, f0_of

COLUMNS = 1000
# Of longer recordings only the waveform is shown: nobody sees a word in so narrow a spectrogram.
LONGEST_S = 300.0
QUIET = 0.3  # of the shades: about 40 dB below the loudest
OUTLINE_COLUMNS = 500
BLOCK = 2**18  # frames of a file that are in memory at once


@dataclass(frozen=True)
class Side:
    """One of the two recordings.

    Attributes:
        audio: what its waveform is drawn from; of a long recording no more than the outline.
        duration_s: its length.
        shade: (200, 1000) its spectrogram in 0..1, the highest frequency first; None of a long one.
        times_s, f0_hz: (T,) f0 over time, 0 where unvoiced; empty beyond a minute.
    """

    audio: Audio
    duration_s: float
    shade: np.ndarray | None
    times_s: np.ndarray
    f0_hz: np.ndarray

    @property
    def f0_range_hz(self) -> tuple[float, float] | None:
        """Between which f0 is nine tenths of the time, so that no slip counts; None when it is not known."""
        voiced = self.f0_hz[self.f0_hz > 0]
        if voiced.size < 2:
            return None
        low, high = np.percentile(voiced, [5, 95])
        return float(low), float(high)


def source_of(media: Converted) -> Path | None:
    """Gives the recording that a result was made from; None when it is gone or another one by now."""
    path = Path(media.source_path)
    if not media.source_path or not path.is_file():
        return None
    known = (media.provenance.get("inputs") or {}).get("audio")
    return path if known in (None, sha256_of(path)) else None


def compared(media: Converted) -> tuple[Side, Side] | None:
    """Gives (before, after); None when the recording before cannot be had any more."""
    source = source_of(media)
    if source is None or not media.samples.size:
        return None
    try:
        with opened_sound(source) as file:
            duration_s = file.frames / file.samplerate
        if max(duration_s, media.duration_s) > LONGEST_S:
            return long_side(thinned(source), duration_s), long_side(media, media.duration_s)
        before = np.concatenate(list(blocks_at_rate(source)))
    except (ValueError, OSError):
        return None
    after = resampled(media.samples.mean(axis=0), media.sample_rate)
    return sides_of(before, after) if len(before) else None


def sides_of(*sounds: np.ndarray) -> tuple[Side, Side]:
    """Gives both sides of two sounds, (S,) at 24 kHz."""
    levels = [spectrogram_db(samples, SAMPLE_RATE, COLUMNS) for samples in sounds]
    before, after = (side_of(samples, shade) for samples, shade in zip(sounds, shaded(*levels), strict=True))
    return before, after


def side_of(samples: np.ndarray, shade: np.ndarray) -> Side:
    audio = Audio(samples[None], SAMPLE_RATE)
    if audio.duration_s > LONGEST_F0_S:
        return Side(audio, audio.duration_s, shade, np.zeros(0), np.zeros(0))
    times, hertz = f0_of(audio)
    # The noise of a pause has no f0, whatever is found there.
    columns = (times / audio.duration_s * COLUMNS).astype(int).clip(0, COLUMNS - 1)
    return Side(audio, audio.duration_s, shade, times, hertz * (shade.max(axis=0)[columns] > QUIET))


def long_side(audio: Audio, duration_s: float) -> Side:
    return Side(audio, duration_s, None, np.zeros(0), np.zeros(0))


def thinned(path: Path, columns: int = OUTLINE_COLUMNS) -> Audio:
    """Gives the outline of a file as a sound of two samples a column, the lowest and the highest.

    The file is read piece by piece.

    Raises:
        ValueError: not a sound, or broken.
    """
    with opened_sound(path) as file:
        edges = np.linspace(0, file.frames, columns + 1).astype(int)
        out = np.zeros((columns, 2), np.float32)
        for column, count in enumerate(np.diff(edges)):
            while count > 0:
                block = file.read(min(int(count), BLOCK), dtype="float32", always_2d=True).mean(axis=1)
                if not len(block):
                    break
                out[column] = min(out[column, 0], block.min()), max(out[column, 1], block.max())
                count -= len(block)
    return Audio(out.reshape(1, -1), 1)
