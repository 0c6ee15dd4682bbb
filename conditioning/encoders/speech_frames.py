"""Speech as short frames and a summary of the whole: what the speech encoder hears.

Loudness and, for the frames, the average spectrum are taken out clip by clip, so that one clip is enough:
no neutral recording of the same speaker is needed.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .sound_file import opened_sound

if TYPE_CHECKING:
    import soundfile

RATE = 16000
HOP = 400
WINDOW = 640
N_FFT = 1024
NUM_MELS = 32
# After the bands: f0 over 150 Hz, f0 over the clip's median, strength of voicing, voiced or not, level.
NUM_FEATURES = NUM_MELS + 5
NUM_SUMMARY = 3 * NUM_MELS + 19
F0_RANGE_HZ = (60.0, 640.0)
VOICED = 0.5
# Frames this far below the loud ones are pauses.
ACTIVE_DB = 35.0
MIN_S = 0.25
HEARD_S = 30.0
SEARCHED_S = 600.0
SILENCE = 1e-5
BLOCK = 65536


class Heard(NamedTuple):
    """What is heard in a clip.

    Attributes:
        frames: (T, 37) float32, 40 a second, from the first sound to the last.
        summary: (115,) float32 of the whole clip.
    """

    frames: np.ndarray
    summary: np.ndarray


def frames_of(samples: np.ndarray) -> Heard:
    """Gives the frames and the summary of a clip.

    Args:
        samples: (S,) at 16 kHz, finite, any level.

    Raises:
        ValueError: shorter than 0.25 s, silent or not finite.
    """
    samples = np.asarray(samples, dtype=np.float32).reshape(-1)
    check_sound(samples, RATE, "the clip")
    samples = samples / np.abs(samples).max()
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(samples, WINDOW // 2), WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW).astype(np.float32), N_FFT)) ** 2  # (T, 513)
    mels = 10 * np.log10(power @ mel_filters().T + 1e-5)  # (T, 32) dB
    level = 10 * np.log10(power.sum(1) + 1e-5)
    loud = np.percentile(level, 95)
    active = level > loud - ACTIVE_DB
    first, last = np.flatnonzero(active)[[0, -1]]
    inside = slice(max(0, first - 2), last + 3)
    power, mels, level, active = power[inside], mels[inside], level[inside], active[inside]
    semitones, strength = pitch_of(power, active)
    voiced = ~np.isnan(semitones)
    middle = float(np.median(semitones[voiced])) if voiced.any() else 0.0
    pitch = np.where(voiced, semitones, 0.0)
    columns = [pitch / 6, np.where(voiced, pitch - middle, 0.0) / 4, strength, voiced, (level - loud) / 20]
    bands = np.clip((mels - loud) / 20 + 0.5, -2.5, 1.5)
    frames = np.concatenate([bands, np.stack(columns, axis=1).clip(-4, 4)], axis=1).astype(np.float32)
    return Heard(frames, summary_of(bands, level - loud, semitones, strength, active))


def summary_of(
    bands: np.ndarray, level: np.ndarray, semitones: np.ndarray, strength: np.ndarray, active: np.ndarray
) -> np.ndarray:
    """Statistics of a clip.

    Args:
        bands: (T, 32) levels. level: (T,) dB below the loud frames. semitones: (T,) over 150 Hz, NaN where
            unvoiced. strength: (T,) of voicing. active: (T,) no pause.

    Returns:
        (115,) float32.
    """
    voiced = ~np.isnan(semitones)
    rows = bands[voiced] if voiced.sum() > 3 else bands[active]
    change = np.abs(np.diff(bands, axis=0, prepend=bands[:1]))[active].mean(0)
    pitch = semitones[voiced] if voiced.sum() > 3 else np.zeros(4)
    low, quarter, middle, three, high = np.percentile(pitch, (5, 25, 50, 75, 95))
    steps = np.diff(semitones)
    steps = steps[~np.isnan(steps)] if np.isfinite(steps).any() else np.zeros(1)
    third = max(1, len(pitch) // 3)
    runs = max(1, int((np.diff(voiced.astype(int), prepend=0) == 1).sum()))
    smooth = np.convolve(
        np.pad(level.clip(-40), 2, "edge"), np.hanning(7)[1:-1] / np.hanning(7).sum(), "valid"
    )
    peaks = (smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:]) & active[1:-1]
    sounding = max(1, int(active.sum()))
    numbers = [
        *(middle / 6, (low - middle) / 4, (high - middle) / 4, (three - quarter) / 4, pitch.std() / 4),
        *(np.abs(steps).mean(), steps.mean() * 4, (steps > 0.3).mean(), (steps < -0.3).mean()),
        (pitch[-third:].mean() - pitch[:third].mean()) / 4,
        *(voiced.sum() / sounding, strength[active].mean(), strength[active].std()),
        *(level[active].std() / 6, np.percentile(level[active], 20) / 20),
        np.abs(np.diff(level.clip(-40))).mean() / 6,
        *(active.mean(), peaks.sum() / sounding * 10, np.log(voiced.sum() / runs + 1)),
    ]
    parts = [rows.mean(0), rows.std(0), change, np.array(numbers)]
    return np.concatenate(parts).clip(-6, 6).astype(np.float32)


def pitch_of(power: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tracks f0 by autocorrelation, with short periods preferred and lone frames smoothed away.

    Args:
        power: (T, 513) power spectra. active: (T,) no pause.

    Returns:
        (T,) semitones over 150 Hz, NaN where unvoiced; (T,) strength of voicing, 0..1.

    Source: Boersma, "Accurate short-term analysis of the fundamental frequency", 1993.
    """
    keep = 1 / (1 + (np.arange(power.shape[1]) * RATE / N_FFT / 1600) ** 4)
    shortest, longest = int(RATE / F0_RANGE_HZ[1]), int(RATE / F0_RANGE_HZ[0])
    likeness = np.fft.irfft(power * keep, axis=1)[:, : longest + 2]
    likeness = likeness / (likeness[:, :1] + 1e-9) / window_likeness()[: longest + 2]
    lags = np.arange(shortest, longest + 1)
    at = (likeness[:, lags] - 0.04 * np.log2(lags / shortest)).argmax(1) + shortest
    row = np.arange(len(at))
    left, peak, right = (likeness[row, at + shift] for shift in (-1, 0, 1))
    bend = np.minimum(left - 2 * peak + right, -1e-6)
    lag = at + np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    strength = np.clip(peak, 0, 1) * active
    voiced = (strength > VOICED) & (peak >= left) & (peak >= right)
    semitones = np.where(voiced, 12 * np.log2(RATE / lag / 150), np.nan)
    if voiced.any():
        padded = np.pad(semitones, 2, constant_values=np.nan)
        near = np.lib.stride_tricks.sliding_window_view(padded, 5)  # (T, 5)
        # Frames with fewer than two voiced neighbours are chance.
        voiced &= np.isfinite(near).sum(1) >= 3
        smoothed = np.full(len(row), np.nan)
        smoothed[voiced] = np.nanmedian(near[voiced], axis=1)
        middle = np.nanmedian(smoothed) if voiced.any() else 0.0
        semitones = np.where(np.abs(smoothed - middle) < 16, smoothed, np.nan)
    return semitones, strength.astype(np.float32)


@lru_cache(maxsize=1)
def window_likeness() -> np.ndarray:
    """Autocorrelation of the window itself, over its value at lag 0."""
    found = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(WINDOW), N_FFT)) ** 2)
    return found / found[0]


@lru_cache(maxsize=1)
def mel_filters() -> np.ndarray:
    """Triangles from 60 to 7600 Hz, each of weight 1: (32, 513) float32."""
    edges = 700 * np.expm1(np.linspace(np.log1p(60 / 700), np.log1p(7600 / 700), NUM_MELS + 2))
    hz = np.arange(N_FFT // 2 + 1) * RATE / N_FFT
    rise = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.clip(np.minimum(rise, fall), 0, None)
    return (triangles / triangles.sum(1, keepdims=True)).astype(np.float32)


def check_sound(samples: np.ndarray, sample_rate: float, name: str) -> None:
    """Refuses sound that is too short, silent or not finite."""
    seconds = len(samples) / sample_rate
    if seconds < MIN_S:
        raise ValueError(f"expected at least {MIN_S:g} s of speech, got {seconds:.3g} s in {name}")
    if not np.isfinite(samples).all():
        raise ValueError(f"expected finite samples, got others in {name}")
    if np.abs(samples).max() < SILENCE:
        raise ValueError(f"expected speech, got silence in {name}")


def read_speech(path: str | Path) -> np.ndarray:
    """Reads the speech of a sound file: all of it, or the loudest 30 s of the first 10 minutes.

    Memory is bounded by 30 s of sound, whatever the file's length.

    Returns:
        (S,) float32 mono at 16 kHz.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: not a sound file, broken, too short, silent, not finite, or of an absurd rate.
    """
    path = Path(path)
    with opened_sound(path) as file:
        rate, samples = file.samplerate, loudest(file, HEARD_S)
    check_sound(samples, rate, repr(path.name))
    return resampled(samples / np.abs(samples).max(), rate)


def resampled(samples: np.ndarray, sample_rate: float) -> np.ndarray:
    """(S,) at any rate -> (S',) float32 at 16 kHz."""
    if sample_rate == RATE:
        return samples.astype(np.float32)
    import soxr

    return soxr.resample(samples.astype(np.float32), sample_rate, RATE)


def loudest(file: soundfile.SoundFile, seconds: float) -> np.ndarray:
    """Gives the loudest part among the first 10 minutes of an open file: (S,) float32, channels averaged."""
    most = int(seconds * file.samplerate)
    levels, kept, total = [], [np.zeros(0, dtype=np.float32)], 0
    # The header may promise any length, so blocks are counted as they come.
    while total < SEARCHED_S * file.samplerate:
        block = file.read(BLOCK, dtype="float32", always_2d=True)
        if not len(block):
            break
        total += len(block)
        mono = block.mean(1)
        levels.append(float(np.sqrt(np.mean(np.square(mono, dtype=np.float64)))))
        if total <= most:
            kept.append(mono)
    if total <= most:
        return np.concatenate(kept)
    # Broken blocks must not decide, so sums are of finite amplitudes.
    sums = np.convolve(np.nan_to_num(levels, posinf=0.0), np.ones(max(1, most // BLOCK)), "valid")
    file.seek(min(int(sums.argmax()) * BLOCK, total - most))
    return read_mono(file, most)


def read_mono(file: soundfile.SoundFile, count: int) -> np.ndarray:
    """Reads (count,) samples from where the file stands, block by block, channels averaged."""
    blocks, left = [np.zeros(0, dtype=np.float32)], count
    while left > 0:
        block = file.read(min(BLOCK, left), dtype="float32", always_2d=True)
        if not len(block):
            break
        blocks.append(block.mean(1))
        left -= len(block)
    return np.concatenate(blocks)
