"""Pictures of the report on speech: error, similarity and emotion against intensity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .plots import COLOURS, draw_confusion
from .speech_evaluator import LABELS

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
        draw_confusion(confusion, LABELS, "acted", out_dir / "evaluator.png")
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
