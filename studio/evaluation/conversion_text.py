"""The report of conversion: curves over the dial, and tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .conversion_trials import MOVING
from .plots import COLOURS
from .report import target_lines


def draw(results: Mapping[str, Any], folder: Path) -> str:
    """Draws the dial of unheard people: the score, how often it is named, the similarity. Gives the name."""
    dial = results.get("people", {}).get("dial")
    if not dial:
        return ""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, 3.4), layout="constrained")
    panels = figure.subplots(1, 3)
    for emotion in MOVING:
        row, style = dial[emotion], {"color": COLOURS[emotion], "lw": 2, "marker": "o", "ms": 4}
        for panel, name in zip(panels, ("score", "named", "similarity"), strict=True):
            panel.plot(row["levels"], row[name], label=emotion, **style)
        real = results["people"]["real"].get(emotion, {})
        alike = results["people"].get("real_similarity", {}).get(emotion)
        marks = (real.get("score"), real.get("named"), alike)
        for panel, value in zip(panels, marks, strict=True):
            if value is not None:
                panel.plot([1.06], [value], marker="<", color=COLOURS[emotion], ms=7, clip_on=False)
    titles = ("strength heard", "share named as asked", "similarity to the source")
    for panel, title in zip(panels, titles, strict=True):
        panel.set_title(title, fontsize=11)
        panel.set_xlabel("intensity")
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.25)
    panels[0].legend(frameon=False, fontsize=9)
    figure.savefig(folder / "dial.png", dpi=130)
    return "dial.png"


def markdown(results: Mapping[str, Any], picture: str) -> str:
    """Gives the report as Markdown."""
    lines = ["# Conversion", "", *target_lines(results.get("targets", {})), ""]
    if picture:
        lines += [
            f"![dial]({picture})",
            "",
            "Triangles: real acted takes of the same people, and how like their neutral takes those are.",
            "",
        ]
    for name, found in results.get("people", {}).get("real", {}).items():
        lines.append(f"- real {name}: named {found['named']:.3g} of {found['clips']} takes")
    lines += [f"- {name}: {value:.3g}" for name, value in results.get("voices", {}).items()]
    if "timing" in results:
        timing = results["timing"]
        lines.append(
            f"- timing kept: {timing['boundaries']} boundaries, median {timing['median_ms']:.3g} ms, "
            f"95th percentile {timing['p95_ms']:.3g} ms"
        )
    return "\n".join(lines) + "\n"
