"""The sound of a scene: voices over music that goes down under them, at the loudness that was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generators.media import Audio
from generators.on_disk import concatenated

from ..dubbing.limit import limited
from ..dubbing.loudness import SILENT_LUFS, LoudnessMeter, amplitude

if TYPE_CHECKING:
    import numpy as np

    from generators.media import Score

RATE = 44_100  # that of the music; every film may have it
BLOCK_S = 10.0
# The music goes down before a voice sets in, and comes back later and slower than it went.
ATTACK_S, BEFORE_S, HOLD_S, RELEASE_S = 0.35, 0.1, 0.25, 0.9
FADE_S = 1.2  # of the music at the end
# How far to the side of the picture where they are seen people are heard, -1..1.
ASIDE = 0.16


@dataclass(frozen=True)
class Voice:
    """A line in the mix.

    Attributes:
        start_s: of its sound. sound: opens it, when its time has come. gain_db: of the speaker. pan: -1 is left.
        heard: from when until when somebody speaks, in s of the scene.
    """

    start_s: float
    sound: Callable[[], Audio]
    gain_db: float
    pan: float
    heard: tuple[float, float]


def mixed(
    voices: Sequence[Voice], score: Score | None, length_s: float, *, score_db: float, duck_db: float,
    loudness_lufs: float, peak_dbtp: float,
) -> Audio:  # fmt: skip
    """Gives the sound of a scene, (2, S) at 44.1 kHz; a long one waits on the disk.

    Args:
        score_db: of the music where nobody speaks, against the voices. duck_db: how far it goes down under them.
        loudness_lufs, peak_dbtp: of the whole.
    """
    count = round(length_s * RATE)
    gain = 1.0
    if score is not None:
        spoken, played = lufs(voice_blocks(voices, count)), lufs(music_blocks(score, count))
        if min(spoken, played) > SILENT_LUFS:
            gain = amplitude(spoken + score_db - played)
    whole = concatenated(sum_blocks(voices, score, count, gain, duck_db))
    return Audio(concatenated(levelled(whole, loudness_lufs, peak_dbtp)), RATE)


def levelled(samples: np.ndarray, loudness_lufs: float, peak_dbtp: float) -> Iterator[np.ndarray]:
    """Gives a sound at a loudness, its peaks turned down; silence stays as it is."""
    found = lufs(blocks_of(samples))
    gain = amplitude(loudness_lufs - found) if found > SILENT_LUFS else 1.0
    yield from limited((block * gain for block in blocks_of(samples)), RATE, amplitude(peak_dbtp))


def blocks_of(samples: np.ndarray) -> Iterator[np.ndarray]:
    """Gives a sound a second at a time."""
    for start in range(0, samples.shape[1], RATE):
        yield samples[:, start : start + RATE]


def lufs(blocks: Iterable[np.ndarray]) -> float:
    """Gives the integrated loudness of stereo blocks."""
    meter = LoudnessMeter(RATE, 2)
    for block in blocks:
        meter.hear(block)
    meter.finish()
    return meter.lufs


def sum_blocks(
    voices: Sequence[Voice], score: Score | None, count: int, gain: float, duck_db: float
) -> Iterator[np.ndarray]:
    """Gives voices and music together, block by block."""
    import numpy as np

    music = music_blocks(score, count) if score is not None else None
    curve, at = ducking([voice.heard for voice in voices], duck_db), 0
    for block in voice_blocks(voices, count):
        if music is not None:
            times = (at + np.arange(block.shape[1])) / RATE
            level = gain * 10 ** (np.interp(times, *curve) / 20)
            block = block + next(music) * level.astype(np.float32)
        at += block.shape[1]
        yield block


def voice_blocks(voices: Sequence[Voice], count: int) -> Iterator[np.ndarray]:
    """Gives the voices alone, (2, S) blocks of ten seconds; memory holds the lines of one block."""
    import numpy as np

    size = round(BLOCK_S * RATE)
    waiting = sorted(voices, key=lambda voice: voice.start_s)
    sounding: list[tuple[int, np.ndarray]] = []
    for first in range(0, count, size):
        out = np.zeros((2, min(size, count - first)), np.float32)
        while waiting and round(waiting[0].start_s * RATE) < first + out.shape[1]:
            voice = waiting.pop(0)
            sounding.append((round(voice.start_s * RATE), panned(voice)))
        for start, samples in sounding:
            low, high = max(first, start), min(first + out.shape[1], start + samples.shape[1])
            if low < high:
                out[:, low - first : high - first] += samples[:, low - start : high - start]
        sounding = [row for row in sounding if row[0] + row[1].shape[1] > first + out.shape[1]]
        yield out


def panned(voice: Voice) -> np.ndarray:
    """Gives a line in stereo, of constant power: (2, S) at the mix's rate."""
    import numpy as np
    from scipy.signal import resample_poly

    sound = voice.sound()
    samples = sound.samples.mean(0)
    if sound.sample_rate != RATE:
        common = math.gcd(RATE, sound.sample_rate)
        samples = resample_poly(samples, RATE // common, sound.sample_rate // common)
    angle = (1 + voice.pan) * np.pi / 4
    level = np.sqrt(2) * 10 ** (voice.gain_db / 20)
    return np.stack([np.cos(angle) * samples, np.sin(angle) * samples]).astype(np.float32) * np.float32(level)


def music_blocks(score: Score, count: int) -> Iterator[np.ndarray]:
    """Gives the music in blocks of the mix, silent where it has ended, faded out at the end of the scene."""
    import numpy as np

    from ..score.render import render_blocks

    size, at = round(BLOCK_S * RATE), 0
    played, left = render_blocks(score.midi), np.zeros((2, 0), np.float32)
    for first in range(0, count, size):
        wanted = min(size, count - first)
        while left.shape[1] < wanted:
            more = next(played, None)
            left = np.concatenate([left, np.zeros((2, wanted), np.float32) if more is None else more], axis=1)
        out, left = left[:, :wanted], left[:, wanted:]
        fade = (count - (at + np.arange(wanted))) / (FADE_S * RATE)
        at += wanted
        yield out * fade.clip(0, 1).astype(np.float32)


def ducking(heard: Sequence[tuple[float, float]], duck_db: float) -> tuple[list[float], list[float]]:
    """Gives the music's gain over time as points: seconds, rising, and dB, straight between.

    Args:
        heard: from when until when somebody speaks; what lies too near is one stretch.
    """
    rows: list[list[float]] = []
    for start, end in sorted(heard):
        start, end = start - BEFORE_S, end + HOLD_S
        if rows and start - ATTACK_S < rows[-1][1] + RELEASE_S:
            rows[-1][1] = max(rows[-1][1], end)
        else:
            rows.append([start, end])
    points: list[tuple[float, float]] = [(-1e9, 0.0)]
    for start, end in rows:
        points += [(start - ATTACK_S, 0.0), (start, duck_db), (end, duck_db), (end + RELEASE_S, 0.0)]
    return [time for time, _ in points], [level for _, level in points]


def side_of(mirrored: bool) -> float:
    """Gives where somebody is heard: a little towards where their face is seen."""
    return ASIDE if mirrored else -ASIDE
