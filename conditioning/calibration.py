"""The intensity dial made even: a monotone map, measured on a medium's frozen evaluator, and its use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .curve import EmotionCurve
from .emotion import MAX_INTENSITY

if TYPE_CHECKING:
    import numpy as np

DIAL_POINTS = 9


def calibrated(emotion: EmotionCurve, calibration: Mapping[str, Sequence[float]] | None) -> EmotionCurve:
    """Moves intensities along a checkpoint's measured map: equal steps of the dial express equal steps.

    Args:
        calibration: what `fit_calibration` gave; None leaves the emotion as it is.
    """
    if not calibration:
        return emotion
    import numpy as np

    dial, intensity = calibration["dial"], calibration["intensity"]
    return EmotionCurve(
        tuple(
            (time_s, replace(value, intensity=float(np.interp(value.intensity, dial, intensity))))
            for time_s, value in emotion.keyframes
        )
    )


def fit_calibration(intensities: Sequence[float], scores: np.ndarray) -> dict[str, list[float]]:
    """Gives the map for which equal steps of the dial are equal steps of the mean score.

    Each class's rise is taken from 0 to 1 before the mean, so that one that is hard to hear does not count
    less.

    Args:
        intensities: (K,) rising from 0 to 1.
        scores: (classes, K) mean score at each.

    Returns:
        {"dial", "intensity"}: points of a piecewise linear, rising map; 0 stays 0, 1 stays 1, 1.5 stays 1.5.
    """
    import numpy as np

    rising = np.maximum.accumulate(np.asarray(scores, dtype=float), axis=1)
    span = rising[:, -1:] - rising[:, :1]
    heard = (rising - rising[:, :1]) / np.maximum(span, 1e-9)
    weights = (span[:, 0] > 0.02).astype(float)
    straight = np.asarray(intensities, dtype=float)
    mean = np.average(heard, axis=0, weights=weights) if weights.any() else straight
    # A tenth of a straight line keeps flat stretches invertible and the map tame.
    mean = 0.9 * mean + 0.1 * straight
    dial = np.linspace(0.0, 1.0, DIAL_POINTS)
    points = [round(float(value), 4) for value in np.interp(dial, mean, straight)]
    return {"dial": [*dial.tolist(), MAX_INTENSITY], "intensity": [0.0, *points[1:-1], 1.0, MAX_INTENSITY]}
