"""The figures that the trials of all media give: shares, what is named right, whether a dial rises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the dial


def rounded(value: Any, digits: int = 4) -> float:
    return round(float(value), digits)


def share(values: Any) -> float:
    """Share of True, 0 of nothing."""
    return round(float(values.mean()), 4) if len(values) else 0.0


def recall_of(asked: np.ndarray, named: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """Share of clips named right, of each emotion and of all; "balanced" weighs emotions the same.

    Args:
        asked, named: (N,) names out of `labels`.
    """
    import numpy as np

    recall = {name: share(named[asked == name] == name) for name in labels if (asked == name).any()}
    return {
        "clips": len(asked),
        "accuracy": share(asked == named),
        "balanced": round(float(np.mean(list(recall.values()))), 4) if recall else 0.0,
        "recall": recall,
    }


def dial_figures(levels: Sequence[float], odds: np.ndarray) -> dict[str, Any]:
    """Whether a dial rises.

    Args:
        levels: (K,) rising.
        odds: (K, N) the score of N clips at each.

    Returns:
        {"score": K means, "rho": Spearman's of the means, "in_order": share of adjacent steps of clips that
        rise, "ends_in_order": share of clips whose last step is above the first}.
    """
    import numpy as np
    from scipy.stats import spearmanr

    means = odds.mean(1)
    return {
        "score": [rounded(value) for value in means],
        "rho": rounded(spearmanr(levels, means).statistic) if np.ptp(means) > 1e-9 else 0.0,
        "in_order": share(np.diff(odds, axis=0).ravel() > 0),
        "ends_in_order": share(odds[-1] > odds[0]),
    }
