"""The report of portraits: curves over the dial, what is named as what, lips beside plain ways, tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .plots import draw_confusion
from .portrait_trials import MOVING
from .portrait_units import LABELS
from .report import sections_markdown, table

COLOURS = {
    "angry": "#d55e00", "contempt": "#cc79a7", "disgusted": "#009e73", "fear": "#56b4e9", "happy": "#e69f00",
    "sad": "#0072b2", "surprised": "#666666",
}  # fmt: skip
KEYS = (
    ("correlation", "correlation of the opening"),
    ("closed", "closures kept"),
    ("error", "error of the lips, mm"),
)
WAYS = {"ours": "#0072b2", "loudness": "#bbbbbb", "phone table": "#777777"}


def draw(results: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Draws what is there of the results; gives {file: what it shows}."""
    files = {}
    dials = {
        "coefficients": results.get("emotions"),
        "frames": results.get("rendered", {}).get("dial"),
    }
    if any(dials.values()):
        draw_dials({name: dial for name, dial in dials.items() if dial}, folder / "dial.png")
        files["dial.png"] = "strength over intensity"
    for judge, found in (("coefficients", results.get("emotions")), ("frames", results.get("rendered"))):
        if found:
            name = f"named-{judge}.png"
            draw_confusion(found["confusion"], LABELS, "asked for", folder / name)
            files[name] = f"named by the evaluator of {judge}"
    if "lips" in results:
        draw_lips(results["lips"]["takes"], folder / "lips.png")
        files["lips.png"] = "lips beside plain ways of moving them"
    return files


def draw_dials(dials: Mapping[str, Any], path: Path) -> None:
    """A panel for each evaluator, a line for each emotion."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(dials) + 1.6, 4), layout="constrained")
    for axis, (judge, dial) in zip(
        figure.subplots(1, len(dials), squeeze=False)[0], dials.items(), strict=True
    ):
        for emotion in MOVING:
            row = dial[emotion]
            label = f"{emotion} ({row['rho']:.2f})"
            axis.plot(row["levels"], row["score"], "o-", ms=4, lw=1.8, color=COLOURS[emotion], label=label)
        axis.set_title(f"evaluator of {judge} (rho in brackets)", fontsize=10)
        axis.set_xlabel("intensity")
        axis.set_ylabel("strength of the asked emotion")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25)
        axis.legend(frameon=False, fontsize=8, loc="upper left")
    figure.savefig(path, dpi=120)


def draw_lips(takes: Mapping[str, Any], path: Path) -> None:
    """Bars of each take: ours, and the plain ways."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 3.2), layout="constrained")
    names = list(takes)
    for axis, (key, title) in zip(figure.subplots(1, len(KEYS)), KEYS, strict=True):
        for at, (way, colour) in enumerate(WAYS.items()):
            places = [number + 0.27 * (at - 1) for number in range(len(names))]
            values = [takes[name][way][key] for name in names]
            bars = axis.bar(places, values, 0.25, color=colour, label=way)
            axis.bar_label(bars, fmt="%.2f", fontsize=7)
        axis.set_xticks(range(len(names)), names, fontsize=9)
        axis.set_title(title, fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=8, loc="upper left")
    axis.margins(y=0.25)
    figure.savefig(path, dpi=120)


def markdown(results: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    """Gives the report as Markdown."""
    parts = {
        "evaluator": evaluator_lines,
        "lips": lip_lines,
        "emotions": emotion_lines,
        "separation": separation_lines,
        "rendered": portrait_lines,
        "speed": speed_lines,
    }
    return sections_markdown("Portrait", results, pictures, parts)


def evaluator_lines(found: Mapping[str, Any]) -> list[str]:
    rows = [
        [name, case, row["relative"]["accuracy"], row["absolute"]["accuracy"]]
        for name in ("coefficients", "frames")
        for case, row in found[name].items()
        if isinstance(row, Mapping) and "relative" in row
    ]
    lines = ["Own accuracy of the evaluators, of eight, on people whom they never saw:", ""]
    lines += table(["evaluator", "faces", "the person's rest known", "not known"], rows)
    lines += ["", "Faces of artists and tables that the evaluator never saw:", ""]
    lines += table(
        ["source", "named", "faces", "wrong"],
        [
            [name, row["named"], row["faces"], ", ".join(row["wrong"])]
            for name, row in found["presets"].items()
        ],
    )
    lines.append("")
    for name, shares in found["real captures"].items():
        called = ", ".join(f"{label} {value:.2f}" for label, value in shares.items())
        lines.append(f"- real takes without labels ({name}) are called: {called}")
    return lines


def lip_lines(found: Mapping[str, Any]) -> list[str]:
    rows = [
        [take, way, *(row[way][key] for key in ("correlation", "closed", "closures", "error", "largest"))]
        for take, row in {**found["takes"], "mean": found["mean"]}.items()
        for way in WAYS
    ]
    head = ["take", "moved by", "correlation", "closed", "closures", "error, mm", "largest, mm"]
    words = found["words"]
    said = f"Of {words['sounds']} p, b and m of our own voice's lines {words['closed']:.3g} are closed."
    return [*table(head, rows), "", said]


def emotion_lines(found: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            name,
            found[name]["named"][-1],
            found[name]["absolute"][-1],
            found[name]["rho"],
            found[name]["range"],
        ]
        for name in MOVING
    ]
    rows.insert(0, ["neutral, at 0", found["neutral"]["named"], found["neutral"]["absolute"], "", ""])
    return table(["emotion", "named at 1", "rest not known", "rho", "range"], rows)


def separation_lines(found: Mapping[str, Any]) -> list[str]:
    rows = [[name, row["closures"], row["opening"], row["pose"]] for name, row in found["emotions"].items()]
    lines = table(["emotion, 0 to 1", "closures changed", "correlation of the opening", "pose changed"], rows)
    lines += ["", f"- expression's dial moves the pose by at most {found['expression scale']:.3g}"]
    for part, row in found["jitter"].items():
        lines.append(f"- jitter of {part} over real: neutral {row['neutral']:.3g}, happy {row['happy']:.3g}")
    return lines


def portrait_lines(found: Mapping[str, Any]) -> list[str]:
    rows = []
    for name, row in found["portraits"].items():
        wrong = [f"{asked} as {named}" for asked, named in row["named"].items() if asked != named]
        measured = [row[key] for key in ("shape", "lids", "lips", "backdrop", "seen")]
        rows.append([name, 1 - len(wrong) / len(row["named"]), *measured, ", ".join(wrong)])
    head = ["portrait", "named", "shape", "lids", "lips", "backdrop, of 255", "frames with a face", "wrong"]
    lines = [*table(head, rows), "", "The photos themselves, the person's rest not known:", ""]
    for name, reading in found["photos"].items():
        lines.append(f"- {name}: " + ", ".join(f"{label} {value:.2f}" for label, value in reading.items()))
    return lines


def speed_lines(found: Mapping[str, Any]) -> list[str]:
    lines = [
        f"- {found['frames_a_second']:.3g} frames a second with weights loaded, "
        f"{found['speed_over_plain']:.3g} of a plain warped film's {found['plain_frames_a_second']:.3g}"
    ]
    for name, row in found["by_length"].items():
        lines.append(
            f"- {name}: {row['frames_a_second']:.3g} frames a second with the start, "
            f"{row['peak_memory_mb']:.0f} MB at most"
        )
    return lines
