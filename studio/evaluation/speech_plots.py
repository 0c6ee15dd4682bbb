"""Pictures of the report on speech: error, similarity and emotion against intensity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .speech_evaluator import LABELS

COLOURS = {
    "angry": "#d55e00",
    "happy": "#e69f00",
    "sad": "#0072b2",
    "fearful": "#009e73",
    "neutral": "#777777",
}
PANELS = (
    ("score", "strength against neutral"),
    ("named", "share named as asked"),
    ("similarity", "speaker similarity to intensity 0"),
    ("word_error", "word error"),
)


def draw(results: Mapping[str, Any], out_dir: Path) -> list[str]:
    """Draws what is there of the results; gives the names of the files."""
    files = []
    for name, found in results["voices"].items():
        if "dial" in found:
            real = found.get("real", {}).get("word_error")
            curves(found["dial"], real, name, out_dir / f"dial-{name}.png")
            files.append(f"dial-{name}.png")
    if "baseline" in results:
        curves(results["baseline"], None, "WORLD baseline", out_dir / "dial-baseline.png")
        files.append("dial-baseline.png")
    confusion = results["evaluator"].get("cross_validation", {}).get("confusion")
    if confusion:
        draw_confusion(confusion, out_dir / "evaluator.png")
        files.append("evaluator.png")
    return files


def curves(dial: Mapping[str, Any], real_word_error: float | None, title: str, path: Path) -> None:
    """Four panels against intensity, a line for each emotion."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.6), layout="constrained")
    for axis, (key, label) in zip(figure.subplots(2, 2).ravel(), PANELS, strict=True):
        for emotion in (name for name in LABELS if name in dial):
            row = dial[emotion]
            if key not in row or (emotion == "neutral" and key == "score"):
                continue
            name = f"{emotion} (rho {row['rho']:.2f})" if key == "score" else emotion
            axis.plot(row["levels"], row[key], "o-", color=COLOURS[emotion], label=name)
        if key == "word_error" and real_word_error is not None:
            axis.axhline(real_word_error, color="black", lw=1, label="real recordings")
            axis.axhline(1.25 * real_word_error, color="black", lw=1, ls=":", label="1.25 times")
        if key in ("named", "similarity"):
            axis.set_ylim(0, 1.02)
        axis.set_xlabel("intensity")
        axis.set_ylabel(label)
        axis.grid(alpha=0.3)
        if axis.get_legend_handles_labels()[1]:
            axis.legend(fontsize=8)
    figure.suptitle(title)
    figure.savefig(path, dpi=100)


def draw_confusion(counts: Any, path: Path) -> None:
    """What the evaluator calls real clips of speakers that it never heard."""
    import numpy as np
    from matplotlib.figure import Figure

    counts = np.array(counts, dtype=float)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure = Figure(figsize=(4.6, 4), layout="constrained")
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(LABELS)):
        for column in range(len(LABELS)):
            colour = "white" if shares[row, column] > 0.6 else "black"
            axis.text(column, row, f"{shares[row, column]:.0%}", ha="center", va="center", color=colour)
    axis.set_xticks(range(len(LABELS)), LABELS, rotation=30)
    axis.set_yticks(range(len(LABELS)), LABELS)
    axis.set_xlabel("named by the evaluator")
    axis.set_ylabel("acted")
    figure.savefig(path, dpi=110)
