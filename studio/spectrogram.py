"""A sound's energy over time and frequency, as fine as a picture can show it.

Frequency is logarithmic, so that f0, which an emotion moves most, has room, and its line lies on the first
harmonic.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

LOWEST_HZ, HIGHEST_HZ = 60.0, 8000.0
ROWS = 200
WINDOW_S = 0.064  # tells the harmonics of a deep voice apart
PADDING = 2  # zeros after each window, as a multiple of it, for finer rows
# Windows are this part of a window apart where a column is wider than one; more would only blur.
STEP = 0.75
COLUMNS_AT_ONCE = 128
RANGE_DB = 55.0
FLOOR = 1e-12


def spectrogram_db(samples: np.ndarray, rate: int, columns: int) -> np.ndarray:
    """Gives the power of a sound in dB; memory beside the sound does not grow with its length.

    Args:
        samples: (S,) at least one. rate: Hz. columns: of the picture, whatever the length.

    Returns:
        (200, columns) float32, the highest frequency first.

    Source: the pre-emphasis of 6 dB an octave, without which formants are too pale, is Praat's.
    """
    window = round(WINDOW_S * rate)
    raised = np.append(samples[:1], samples[1:] - 0.97 * samples[:-1]).astype(np.float32)
    padded = np.pad(raised, window)
    each = max(1, math.ceil(len(samples) / columns / (STEP * window)))
    centres = (np.arange(columns * each) + 0.5) * len(samples) / (columns * each)
    starts = centres.astype(int) + window - window // 2
    out = np.empty((columns, ROWS), np.float32)
    for at in range(0, columns, COLUMNS_AT_ONCE):
        some = starts[at * each : (at + COLUMNS_AT_ONCE) * each]
        rows = power(padded, some, window) @ row_weights(rate, window)
        out[at : at + COLUMNS_AT_ONCE] = 10 * np.log10(rows.reshape(-1, each, ROWS).mean(1) + FLOOR)
    return out.T[::-1]


def power(padded: np.ndarray, starts: np.ndarray, window: int) -> np.ndarray:
    """Gives the power of each window. (N, bins) float32"""
    shape = np.hanning(window).astype(np.float32)
    frames = padded[starts[:, None] + np.arange(window)] * (shape / shape.sum())
    return (np.abs(np.fft.rfft(frames, PADDING * window)) ** 2).astype(np.float32)


@lru_cache(maxsize=8)
def row_weights(rate: int, window: int) -> np.ndarray:
    """Gives triangles around the frequency of each row, at least one bin wide on either side. (bins, 200)"""
    bins = np.arange(PADDING * window // 2 + 1) * rate / (PADDING * window)
    centres = np.geomspace(LOWEST_HZ, HIGHEST_HZ, ROWS)
    width = np.maximum(centres * ((HIGHEST_HZ / LOWEST_HZ) ** (1 / ROWS) - 1), bins[1])
    weights = np.clip(1 - np.abs(bins[:, None] - centres) / width, 0, None)
    return np.asarray(weights / np.maximum(weights.sum(0), FLOOR), np.float32)


def shaded(*levels_db: np.ndarray) -> list[np.ndarray]:
    """Gives spectrograms as shades in 0..1, on one scale: 1 is the loudest place of them all."""
    top = max(float(levels.max()) for levels in levels_db)
    return [np.clip(1 + (levels - top) / RANGE_DB, 0, 1) for levels in levels_db]
