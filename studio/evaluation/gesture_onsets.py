"""When syllables begin in speech, as a judge of gestures hears it; shares nothing with what moves the body."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

WINDOW_S, HOP_S = 0.032, 0.01
LOWEST_HZ, HIGHEST_HZ, BANDS = 100.0, 5000.0, 24
# Two onsets are never nearer; syllables are not.
APART_S = 0.12
# Of the flux's 95th percentile; below is tremor within a sound.
LEAST_RISE = 0.3


def onsets(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Gives when sounds of speech begin: (N,) in s, of (S,) mono samples.

    They are peaks of the spectral flux: how much louder the bands grew within 30 ms, in dB, where it is not
    quiet.

    Source: Bello et al., "A tutorial on onset detection in music signals", 2005, section III.A.

    Raises:
        ValueError: not mono, or not finite.
    """
    import numpy as np
    from scipy.signal import find_peaks

    sound = np.asarray(samples, np.float64)
    if sound.ndim != 1 or not np.isfinite(sound).all():
        raise ValueError(f"expected finite mono samples, got shape {sound.shape}")
    levels = loudness(sound, sample_rate)  # (T, BANDS)
    if len(levels) < 5 or np.ptp(levels) < 1e-6:
        return np.zeros(0)
    flux = np.maximum(levels[3:] - levels[:-3], 0).mean(1)
    least = LEAST_RISE * np.quantile(flux, 0.95)
    found, _ = find_peaks(flux, height=least, distance=round(APART_S / HOP_S), prominence=least / 2)
    # A frame's middle; the rise lies between the frames compared.
    return (found + 1.5) * HOP_S + WINDOW_S / 2


def loudness(sound: np.ndarray, sample_rate: int) -> np.ndarray:
    """(S,) -> (T, BANDS) dB over 50 dB below the loudest, 0 where it is quieter."""
    import numpy as np

    size, hop = round(WINDOW_S * sample_rate), round(HOP_S * sample_rate)
    if len(sound) < size:
        return np.zeros((0, BANDS))
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2
    at = np.fft.rfftfreq(size, 1 / sample_rate)
    edges = np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, sample_rate / 2), BANDS + 1)
    member = (at[:, None] >= edges[:-1]) & (at[:, None] < edges[1:])
    bands = power @ member / np.maximum(1, member.sum(0))
    level = 10 * np.log10(bands + 1e-12)
    return np.maximum(0, level - (level.max() - 50))
