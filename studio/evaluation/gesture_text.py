"""The report of gestures: curves over the dial, what is named as what, beats and bodies beside real ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .gesture_real import IMPLIED
from .gesture_trials import LABELS, MOVING
from .plots import draw_confusion
from .report import sections_markdown, table

COLOURS = {
    "neutral": "#777777", "angry": "#d55e00", "happy": "#e69f00", "sad": "#0072b2", "tired": "#56b4e9",
    "insecure": "#009e73", "proud": "#cc79a7", "excited": "#b59a00",
}  # fmt: skip


def draw(results: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Draws what is there of the results; gives {file: what it shows}."""
    files = {}
    if "emotions" in results:
        draw_dials(results["emotions"], folder / "dial.png")
        files["dial.png"] = "strength, speed and openness over intensity"
        draw_confusion(results["emotions"]["confusion"], LABELS, "asked for", folder / "named.png")
        files["named.png"] = "what is named at intensity 1"
    if "editing" in results:
        draw_confusion(
            results["editing"]["confusion"], LABELS, "asked of an edit", folder / "named-edited.png"
        )
        files["named-edited.png"] = "what edits of real neutral motions are named"
    if "beats" in results:
        draw_bars(
            {name: results["beats"][name] for name in LABELS},
            {"by chance": results["beats"]["by chance"], "to reach": 0.8},
            "beats at onsets",
            folder / "beats.png",
        )
        files["beats.png"] = "beats of the hands at onsets of speech"
    if "physics" in results:
        draw_bars(
            {name: results["physics"]["by emotion"][name] for name in LABELS},
            {"real": 1.0, "to stay under": 1.2},
            "jerk over real",
            folder / "jerk.png",
        )
        files["jerk.png"] = "jerk over that of real gestures of the same emotion"
    return files


def draw_dials(found: Mapping[str, Any], path: Path) -> None:
    """Strength on the evaluator, and what the tape measure says, a line for each emotion."""
    from matplotlib.figure import Figure

    panels = (
        ("score", "strength of the asked emotion"),
        ("speed", "speed of the hands, cm/s"),
        ("openness", "openness, cm"),
    )
    figure = Figure(figsize=(15, 4.2), layout="constrained")
    for axis, (key, title) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        for emotion in MOVING:
            row = found[emotion]
            asked = key in ("score", IMPLIED[emotion][0])
            rho = row["rho"] if key == "score" else row["implied"]["rho"]
            label = f"{emotion} ({rho:.2f})" if asked else emotion
            width = 2.0 if asked else 0.8
            axis.plot(
                row["levels"],
                row[key],
                "o-",
                ms=4 if asked else 2,
                lw=width,
                color=COLOURS[emotion],
                label=label,
            )
        axis.set_xlabel("intensity")
        axis.set_ylabel(title)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25)
        axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.savefig(path, dpi=110)


def draw_bars(rows: Mapping[str, float], lines: Mapping[str, float], title: str, path: Path) -> None:
    """A bar for each emotion, and lines across with their names."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 3.2), layout="constrained")
    axis = figure.subplots()
    bars = axis.bar(list(rows), list(rows.values()), color=[COLOURS[name] for name in rows])
    axis.bar_label(bars, fmt="%.2f", fontsize=9, label_type="center", color="white")
    for number, (name, value) in enumerate(lines.items()):
        axis.axhline(value, color="#333333", lw=1, ls=("--", ":")[number % 2], label=f"{name}: {value:.2f}")
    axis.set_ylabel(title)
    axis.set_ylim(0, 1.3 * max(*rows.values(), *lines.values()))
    axis.tick_params(axis="x", labelsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=8, loc="upper right", ncols=2)
    figure.savefig(path, dpi=120)


def markdown(results: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    """Gives the report as Markdown."""
    parts = {
        "evaluator": evaluator_lines,
        "real": real_lines,
        "emotions": emotion_lines,
        "editing": editing_lines,
        "beats": beat_lines,
        "diversity": diversity_lines,
        "physics": physics_lines,
        "seams": seam_lines,
        "speed": speed_lines,
    }
    return sections_markdown("Gesture", results, pictures, parts)


def evaluator_lines(found: Mapping[str, Any]) -> list[str]:
    titles = {
        "unseen contents, by folds": "first set, each content unseen in turn",
        "contents": "first set, guide and byebye, which nobody learns from",
        "takes": "second set, takes 13 to 15 (neutral, tired, excited)",
        "real": "what made gestures are held against: the second row, and neutral of the third",
    }
    rows = [
        [title, found[name]["clips"], found[name]["accuracy"], found[name]["balanced"], gestured(found[name])]
        for name, title in titles.items()
        if name in found
    ]
    lines = ["Own accuracy of the evaluator on real motion, of eight emotions:", ""]
    lines += table(["motion", "takes", "named", "emotions weighing the same", "of gestures alone"], rows)
    real = found.get("real", {}).get("recall", {})
    return [*lines, "", "By emotion: " + ", ".join(f"{name} {value:.2f}" for name, value in real.items())]


def gestured(row: Mapping[str, Any]) -> str:
    return f"{row['gesturing']:.2f} of {row['gesturing_takes']}" if row["gesturing_takes"] else ""


def real_lines(found: Mapping[str, Any]) -> list[str]:
    lines = [
        "Real gestures (bow, bye, byebye, guide, waves and raised hands):",
        "",
        f"- feet slide by {found['skate']:.3g} cm/s in contact",
        f"- the worst joint is {found['beyond']:.3g} degrees beyond its range",
        f"- takes of the same content and emotion differ by {found['diversity']:.3g} cm",
        "",
        "Against neutral takes of the same content, medians:",
        "",
    ]
    rows = [
        [name, row["speed"], row["range"], row["openness"], found["jerk"][name], found["jump"][name]]
        for name, row in found["ratios"].items()
    ]
    head = ["emotion", "speed", "range", "openness", "jerk, cm/s^3", "largest jump, cm/s^2"]
    return lines + table(head, rows)


def emotion_lines(found: Mapping[str, Any]) -> list[str]:
    rows = []
    for name in MOVING:
        row = found[name]
        ends = [f"{row[key][0]:.3g} to {row[key][-1]:.3g}" for key in ("speed", "range", "openness")]
        implied = row["implied"]
        rows.append(
            [
                name,
                row["named"][-1],
                row["rho"],
                row["score"][-1],
                *ends,
                f"{implied['measure']} {implied['rho']:.2f}",
            ]
        )
    head = [
        "emotion", "named at 1", "rho", "strength at 1", "speed, cm/s", "range, cm", "openness, cm", "implied, rho",
    ]  # fmt: skip
    named = found["named"]
    said = f"Named of eight: {named['accuracy']:.3g}; neutral at 0: {found['neutral']['named']:.3g}."
    return [said, "", *table(head, rows)]


def editing_lines(found: Mapping[str, Any]) -> list[str]:
    named = found["named"]
    lines = [
        f"Real neutral motions that nobody learned from: {', '.join(found['sources'])}.",
        "",
        f"- named {named['accuracy']:.3g} of {named['clips']}, emotions weighing the same {named['balanced']:.3g}",
        f"- the hands' courses correlate with the source's by {found['kept']:.3g}",
        f"- largest jump over the source's: median {found['jumps']['median']:.3g}, "
        f"worst {found['jumps']['worst']:.3g}",
    ]
    lines += [
        f"- Frechet distance to real held-out gestures, {name}: {value:.3g}"
        for name, value in found["frechet"].items()
    ]
    by_name = ", ".join(f"{name} {value:.2f}" for name, value in named["recall"].items())
    return [*lines, f"- by emotion: {by_name}"]


def beat_lines(found: Mapping[str, Any]) -> list[str]:
    other = "with the onsets of another line"
    return [
        f"- sigma {found['sigma_s']:g} s: {found['mean']:.3g}; {other} {found['by chance']:.3g}",
        f"- sigma .1 s: {found['strict']:.3g}; {other} {found['strict, by chance']:.3g}",
        f"- the other way round, each beat at an onset, sigma .05 s: {found['hits']:.3g}; "
        f"{other} {found['hits, by chance']:.3g}",
        f"- {found['beats']:.3g} beats and {found['onsets']:.3g} onsets a second",
    ]


def diversity_lines(found: Mapping[str, Any]) -> list[str]:
    rows = ", ".join(f"{name} {found[name]:.3g}" for name in LABELS if name in found)
    return [f"- mean distance of two seeds, cm: {rows}; of two real takes {found['real']:.3g}"]


def physics_lines(found: Mapping[str, Any]) -> list[str]:
    skate, beyond = found["skate"], found["beyond"]
    lines = [
        f"- feet slide by {skate['mean']:.3g} cm/s in contact (worst clip {skate['worst']:.3g}, "
        f"real {skate['real']:.3g}); in contact {skate['contact']:.0%} of the time",
        f"- worst joint: {beyond['joint']}, {beyond['degrees']:.3g} degrees beyond its range; "
        f"{beyond['share']:.2%} of all frames' joints are",
        f"- jerk {found['jerk']['mean']:.0f} cm/s^3, {found['over real']:.3g} of real",
    ]
    return lines


def seam_lines(found: Mapping[str, Any]) -> list[str]:
    keys = ("seams", "worst", "over real", "over elsewhere", "largest over real")
    head = [
        "a minute, feeling", "seams", "largest jump at them, cm/s^2", "over real", "mean over elsewhere",
        "largest anywhere over real",
    ]  # fmt: skip
    return table(head, [[name, *(row[key] for key in keys)] for name, row in found.items()])


def speed_lines(found: Mapping[str, Any]) -> list[str]:
    lines = [
        f"- {found['seconds_a_minute']:.3g} s for a minute of motion with weights loaded, "
        f"{found['references_a_minute']:.3g} of a fixed workload ({found['reference_s']:.3g} s)"
    ]
    for name, row in found["by_length"].items():
        lines.append(
            f"- {name}: {row['seconds']:.3g} s with the start, {row['peak_memory_mb']:.0f} MB at most"
        )
    return lines
