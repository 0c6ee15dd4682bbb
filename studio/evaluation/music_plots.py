"""Pictures of the report on music."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .plots import draw_confusion

QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
NAMES = ("Q1 happy", "Q2 tense", "Q3 sad", "Q4 calm")
COLOURS = ("#e69f00", "#d55e00", "#0072b2", "#009e73")


def draw(results: Mapping[str, Any], out_dir: Path) -> list[str]:
    """Draws what is there of the results; gives the names of the files."""
    files = []
    for section, function in (
        ("quadrants", confusion),
        ("intensity", dial),
        ("faders", faders),
        ("samples", measures),
    ):
        if section in results:
            name = f"{function.__name__}.png"
            function(results[section], out_dir / name)
            files.append(name)
    return files


def confusion(result: Mapping[str, Any], path: Path) -> None:
    """Asked quadrants against named ones."""
    draw_confusion(result["confusion"], NAMES, "asked for", path)


def dial(result: Mapping[str, Any], path: Path) -> None:
    """Mean score against intensity."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 3.6), layout="constrained")
    axis = figure.subplots()
    for name, label, colour in zip(QUADRANTS, NAMES, COLOURS, strict=True):
        rho = result[name]["rho"]
        axis.plot(
            result["levels"], result[name]["mean_score"], "o-", color=colour, label=f"{label} (rho {rho:.2f})"
        )
    axis.set_xlabel("intensity")
    axis.set_ylabel("mean probability of the quadrant")
    axis.set_ylim(0, 1)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def faders(result: Mapping[str, Any], path: Path) -> None:
    """Measured attribute against the setting of its fader."""
    import numpy as np
    from matplotlib.figure import Figure

    settings = np.array(result["settings"], dtype=float)
    names = [name for name in result if isinstance(result[name], Mapping)]
    figure = Figure(figsize=(2.6 * len(names), 2.8), layout="constrained")
    for axis, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        means = np.array(result[name]["means"], dtype=float)
        axis.plot(settings, means, "o", color=COLOURS[2])
        if np.isfinite(means).all():
            axis.plot(
                settings, np.polyval(np.polyfit(settings, means, 1), settings), "-", color=COLOURS[1], lw=1
            )
        axis.set_title(f"{name.replace('_', ' ')}\nR² {result[name]['r2']:.2f}", fontsize=9)
        axis.set_xlabel("fader")
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def measures(result: Mapping[str, Any], path: Path) -> None:
    """Generated clips beside real ones, as ratios."""
    from matplotlib.figure import Figure

    rows = result["measures"]
    figure = Figure(figsize=(5.4, 0.4 * len(rows) + 1), layout="constrained")
    axis = figure.subplots()
    ratios = [rows[name]["made"] / rows[name]["real"] for name in rows]
    colours = [COLOURS[3] if abs(ratio - 1) <= 0.1 else COLOURS[1] for ratio in ratios]
    axis.barh([name.replace("_", " ") for name in rows], ratios, color=colours)
    axis.axvline(1.0, color="black", lw=1)
    axis.axvspan(0.9, 1.1, color="grey", alpha=0.2)
    axis.set_xlabel("generated / real")
    axis.invert_yaxis()
    figure.savefig(path, dpi=110)
