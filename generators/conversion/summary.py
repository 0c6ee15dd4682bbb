"""What an edit does on the whole: its means, and how it widens or narrows melody and loudness. A draw of the
model is moved most of the way to what a direction does to most people, so that the dial is even."""

from __future__ import annotations

import numpy as np

from .content import F0_SCALE, F0_USED, LEVEL_SCALE, LEVEL_USED, SPEAKING, VOICED_USED
from .edits import CHANNELS, F0, SHAPE

NUM_SUMMARY = CHANNELS + 2
F0_RANGE, LEVEL_RANGE = CHANNELS, CHANNELS + 1  # columns after those of the edit
LEVEL = SHAPE.start
LEAST_SPREAD = np.array([0.05, 1.0])  # of log f0 and of level: what is flat cannot be widened
MOST_WIDER = 1.2


def summary_of(edit: np.ndarray, content: np.ndarray) -> np.ndarray:
    """Sums up an edit over speech.

    Args:
        edit: (G, 14). content: (G, 21) of the source.

    Returns:
        (16,): the means, then the log of how much wider f0 and level become.
    """
    weight = weights(content)
    before, after = contours(np.zeros_like(edit), content), contours(edit, content)
    wider = np.log(spreads(after, content)) - np.log(spreads(before, content))
    return np.concatenate([weight @ edit, wider.clip(-MOST_WIDER, MOST_WIDER)]).astype(np.float32)


def moved(edit: np.ndarray, content: np.ndarray, wanted: np.ndarray, pull: float) -> np.ndarray:
    """Moves an edit towards a summary; its shape beyond that stays.

    Args:
        wanted: (16,). pull: 0 leaves the edit, 1 meets the means and ranges.
    """
    weight = weights(content)
    gap = pull * (wanted - summary_of(edit, content))
    out = edit + gap[:CHANNELS]
    after = contours(out, content)
    middle = (weight[:, None] * after).sum(0)
    widen = np.expm1(gap[CHANNELS:].clip(-MOST_WIDER, MOST_WIDER))
    added = (after - middle) * widen
    out[:, F0] += added[:, 0]
    out[:, LEVEL] += added[:, 1] * content[:, SPEAKING].clip(0, 1)
    return out


def contours(edit: np.ndarray, content: np.ndarray) -> np.ndarray:
    """Log f0 and level of the result around the source's middle. (G, 2)"""
    f0 = content[:, F0_USED] * F0_SCALE + edit[:, F0]
    level = content[:, LEVEL_USED] * LEVEL_SCALE + edit[:, LEVEL]
    return np.stack([f0, level], 1)


def spreads(curves: np.ndarray, content: np.ndarray) -> np.ndarray:
    """Spread of log f0 where voiced, and of level where anything is said. (2,)"""
    found = []
    for curve, weight in zip(curves.T, (weights(content, VOICED_USED), weights(content)), strict=True):
        middle = weight @ curve
        found.append(np.sqrt(weight @ (curve - middle) ** 2))
    return np.maximum(found, LEAST_SPREAD)


def weights(content: np.ndarray, also: int | None = None) -> np.ndarray:
    """How much each moment counts, together 1. (G,)"""
    speech = content[:, SPEAKING].clip(0, 1)
    if also is not None:
        speech = speech * content[:, also].clip(0, 1)
    return (speech + 1e-4) / (speech + 1e-4).sum()
