"""How well texts are read: macro-F1 over labels, Pearson r of valence, arousal and dominance."""

from __future__ import annotations

import numpy as np


def f1_scores(probabilities: np.ndarray, labels: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """F1 of each label, (N, K), (N, K), (K,) -> (K,)."""
    chosen, real = probabilities >= thresholds, labels > 0.5
    hits = (chosen & real).sum(0)
    return 2 * hits / np.maximum(1, chosen.sum(0) + real.sum(0))


def tune_thresholds(probabilities: np.ndarray, labels: np.ndarray, smoothing: float = 0.0) -> np.ndarray:
    """The threshold of each label with the best F1, (N, K), (N, K) -> (K,); for texts that are not scored
    later.

    Args:
        smoothing: width, in log-odds, over which F1 is averaged, so that a rare label's lucky peak is not
            chosen.
    """
    logits = np.linspace(-5.0, 2.0, 141)
    scores = np.stack(
        [f1_scores(probabilities, labels, np.full(labels.shape[1], p)) for p in sigmoid(logits)]
    )
    if smoothing:
        kernel = np.exp(-0.5 * ((logits[:, None] - logits[None]) / smoothing) ** 2)
        scores = kernel @ scores / kernel.sum(1, keepdims=True)
    return sigmoid(logits[scores.argmax(0)])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def pearson(read: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Pearson correlation of each column, (N, C), (N, C) -> (C,)."""
    read, real = read - read.mean(0), real - real.mean(0)
    return (read * real).sum(0) / np.sqrt((read**2).sum(0) * (real**2).sum(0)).clip(1e-12)
