"""What the pictures of all reports share: the colours of emotions, and what was named for what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

COLOURS = {
    "angry": "#d55e00",
    "happy": "#e69f00",
    "sad": "#0072b2",
    "fearful": "#009e73",
    "neutral": "#777777",
}


def draw_confusion(counts: Any, names: Sequence[str], asked: str, path: Path) -> None:
    """Draws what the evaluator calls clips of each emotion.

    Args:
        counts: (L, L) clips, of each emotion a row. names: of the L emotions. asked: says what the rows are.
    """
    import numpy as np
    from matplotlib.figure import Figure

    counts = np.array(counts, dtype=float)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = 0.6 * max(5, len(names))
    figure = Figure(figsize=(side + 1.6, side + 1), layout="constrained")
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(names)):
        for column in range(len(names)):
            colour = "white" if shares[row, column] > 0.6 else "black"
            axis.text(column, row, f"{shares[row, column]:.0%}", ha="center", va="center", color=colour)
    axis.set_xticks(range(len(names)), names, rotation=30)
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("named by the evaluator")
    axis.set_ylabel(asked)
    figure.savefig(path, dpi=110)
