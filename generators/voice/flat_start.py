"""First alignments from nothing but transcripts: one Gaussian a phone, begun from evenly spread phones.

Source: the flat start of hidden Markov models, Young et al. 2006, "The HTK book", section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.fft import dct

from .aligner import best_path, normalise
from .phones import INDEX, SILENCE, SYMBOLS

COEFFICIENTS = 14
ITERATIONS = 9
TIED = 0.7  # share of the variance that all phones have in common
SMOOTHING = 60.0  # frames of the common spread that each phone's own is mixed with


def cepstra(log_mel: np.ndarray) -> np.ndarray:
    """(T, 100) -> (T, 28): cepstral coefficients of the levelled spectrogram, and how they move."""
    mel = normalise(log_mel)
    still = dct(mel[:, :90], norm="ortho", axis=1)[:, :COEFFICIENTS]
    padded = np.pad(still, ((2, 2), (0, 0)), mode="edge")
    moving = (2 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / 10
    return np.concatenate([still, 3 * moving], 1).astype(np.float32)


def flat_start(features: Sequence[np.ndarray], symbols: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Aligns utterances with their tokens.

    Args:
        features: (T, D) of each. symbols: (N,) of each, N <= T.

    Returns:
        (N,) frames of each token, for every utterance.
    """
    if not features:
        return []
    durations = [even(len(x), row, x[:, 0]) for x, row in zip(features, symbols, strict=True)]
    for _ in range(ITERATIONS):
        mean, variance = fit(features, symbols, durations)
        durations = [
            best_path(scores(x, mean[row], variance[row])) for x, row in zip(features, symbols, strict=True)
        ]
    return durations


def plausible(durations: np.ndarray, symbols: np.ndarray) -> bool:
    """Whether phones last as phones do: none beyond 0.65 s, no crowd of single frames."""
    phones = durations[symbols != INDEX[SILENCE]]
    return bool((phones <= 60).all() and (phones == 1).mean() < 0.4)


def even(num_frames: int, row: np.ndarray, loudness: np.ndarray) -> np.ndarray:
    """Phones of even length between the quiet ends; pauses inside get one frame."""
    loud = np.flatnonzero(loudness > np.quantile(loudness, 0.9) - 0.5 * np.ptp(loudness))
    pauses = row == INDEX[SILENCE]
    durations = np.ones(len(row), np.int64)
    first, last = max(1, int(loud[0])), max(1, num_frames - 1 - int(loud[-1]))
    if num_frames - first - last < len(row):
        first = last = 1
    durations[0], durations[-1] = first, last
    rest = num_frames - durations.sum()
    phones = np.flatnonzero(~pauses)
    durations[phones] += np.diff(np.round(np.linspace(0, rest, len(phones) + 1)).astype(int))
    return durations


def fit(
    features: Sequence[np.ndarray], symbols: Sequence[np.ndarray], durations: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each phone, (phones, D) each; rare phones lean on the common ones.

    Most of the variance is common to all: a phone with a broad one of its own swallows what is unlike the
    rest.
    """
    x = np.concatenate(features)
    at = np.concatenate([np.repeat(row, d) for row, d in zip(symbols, durations, strict=True)])
    count = np.bincount(at, minlength=len(SYMBOLS))[:, None].astype(float)
    total, squares = (np.zeros((len(SYMBOLS), x.shape[1])) for _ in range(2))
    np.add.at(total, at, x)
    np.add.at(squares, at, x**2)
    overall, spread = x.mean(0), x.var(0)
    mean = (total + 5 * overall) / (count + 5)
    variance = (squares - 2 * mean * total + count * mean**2 + SMOOTHING * spread) / (count + SMOOTHING)
    within = np.concatenate([(x[at == phone] - mean[phone]) ** 2 for phone in np.unique(at)]).mean(0)
    return mean, TIED * within + (1 - TIED) * np.minimum(variance, 1.5 * within)


def scores(x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Log-density of each frame under each token's Gaussian, up to a constant. (T, N)"""
    precision = 1 / variance
    far = (x**2) @ precision.T - 2 * x @ (mean * precision).T + (mean**2 * precision).sum(1)
    return -0.5 * (far + np.log(variance).sum(1))
