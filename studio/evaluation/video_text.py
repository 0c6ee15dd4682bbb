"""The report of videos: curves over the dial, what is named as what, frames of the clips, and grading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .figures import LEVELS
from .plots import draw_confusion
from .report import table, target_lines
from .video_grading import ATTRIBUTES, GRADED

if TYPE_CHECKING:
    import numpy as np

    from .video_clips import Made

COLUMNS, SIDE = 8, 96  # of a sheet of frames


def draw(
    results: Mapping[str, Any],
    films: Mapping[str, Sequence[Made]],
    images: Sequence[tuple[str, Made]],
    folder: Path,
) -> dict[str, str]:
    """Draws what is there of the results; gives {file: what it shows}."""
    files = {}
    if "emotions" in results:
        found = results["emotions"]
        draw_dials(found, folder / "dial.png")
        files["dial.png"] = "chance of the asked emotion over intensity"
        draw_confusion(found["confusion"], found["labels"], "asked for", folder / "named.png")
        files["named.png"] = "what is named at intensity 1"
    if films:
        write_sheet(
            [(name, each) for name, group in films.items() for each in group[:2]], folder / "clips.png"
        )
        files["clips.png"] = "two clips of each emotion at 1, and of neutral"
    if images:
        write_sheet(images, folder / "images.png")
        files["images.png"] = "clips that begin with a picture of a calm face"
    if "grading" in results:
        draw_grading(results["grading"], folder / "grading.png")
        files["grading.png"] = "what grading changes at 1"
    return files


def draw_dials(found: Mapping[str, Any], path: Path) -> None:
    """A line for each emotion, and the mean."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.4, 4.2), layout="constrained")
    axis = figure.subplots()
    for label in found["labels"]:
        if label in found:
            axis.plot(LEVELS, found[label]["score"], "o-", ms=3, label=f"{label} ({found[label]['rho']:.2f})")
    axis.plot(LEVELS, found["mean"]["score"], "k-", lw=2.5, label=f"mean ({found['mean']['rho']:.2f})")
    axis.set_xlabel("intensity")
    axis.set_ylabel("chance of the asked emotion")
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(alpha=0.25)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.savefig(path, dpi=110)


def draw_grading(found: Mapping[str, Any], path: Path) -> None:
    """Bars of how far each attribute moves, emotion by emotion."""
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axis = figure.subplots()
    width = 0.8 / len(ATTRIBUTES)
    for number, name in enumerate(ATTRIBUTES):
        changes = [found[emotion][name]["change"] for emotion in GRADED]
        axis.bar(np.arange(len(GRADED)) + (number - 2) * width, changes, width, label=name)
    axis.set_xticks(range(len(GRADED)), GRADED)
    axis.set_ylabel("change from 0 to 1")
    axis.axhline(0, color="#333333", lw=0.8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=8, ncols=len(ATTRIBUTES))
    figure.savefig(path, dpi=110)


def write_sheet(rows: Sequence[tuple[str, Made]], path: Path) -> None:
    """Frames of clips, evenly over each, a clip a row with its name."""
    import numpy as np
    from PIL import Image, ImageDraw

    margin = 90
    sheet = Image.new("RGB", (margin + COLUMNS * SIDE, len(rows) * SIDE), "white")
    pen = ImageDraw.Draw(sheet)
    for at, (name, made) in enumerate(rows):
        pen.text((6, at * SIDE + SIDE // 2 - 6), name, fill="black")
        numbers = np.linspace(0, len(made.frames) - 1, COLUMNS).round().astype(int)
        for column, number in enumerate(numbers):
            sheet.paste(small(made.frames[number]), (margin + column * SIDE, at * SIDE))
    sheet.save(path)


def small(frame: np.ndarray) -> Any:
    from PIL import Image

    return Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.BILINEAR)


def markdown(results: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """Gives the report as text."""
    settings = results["settings"]
    lines = [
        "# The video backend, measured",
        "",
        f"{settings['clips']} clips of each emotion at 1, checkpoint `{settings['checkpoint']}`, first seed "
        f"{settings['seed']}.",
        "",
        *target_lines(results.get("targets", {})),
        "",
        *evaluator_lines(results["evaluator"]),
    ]
    parts = {
        "emotions": ("Emotions", emotion_lines),
        "flicker": ("Flicker", flicker_lines),
        "images": ("Image-to-video", image_lines),
        "looks": ("Looks asked for", look_lines),
        "grading": ("Grading", grading_lines),
    }
    for section, (title, write) in parts.items():
        if section in results:
            lines += ["", f"## {title}", "", *write(results[section])]
    lines += ["", *(f"![{what}]({name})" for name, what in files.items())]
    return "\n".join(lines)


def by_emotion(values: Mapping[str, float]) -> str:
    return "By emotion: " + ", ".join(f"{name} {value:.2f}" for name, value in values.items()) + "."


def evaluator_lines(found: Mapping[str, Any]) -> list[str]:
    own = found.get("held out")
    if not own:
        return ["The evaluator has no figures of its own."]
    return [
        f"The evaluator itself, on {found['real clips']} real clips, each judged by what never saw it: named "
        f"{own['accuracy']:.3g} of {len(found['labels'])} (every emotion weighing the same {own['balanced']:.3g}, "
        f"faces alone {own['faces']:.3g}), among its first two {own['among the first two']:.3g}.",
        "",
        by_emotion(own["recall"]),
        "",
        "A made clip is judged in the same way: by what never saw the real clip nearest to it. It is named more often "
        "than real clips only where it is more typical than they are.",
    ]


def emotion_lines(found: Mapping[str, Any]) -> list[str]:
    named = found["named"]
    rows = [
        [
            label,
            found[label]["named"],
            found[label]["rho"],
            *(f"{value:.2f}" for value in found[label]["score"]),
            found[label]["by all"]["rho"],
        ]
        for label in found["labels"]
        if label in found
    ]
    copies = found["copies"]
    head = ["emotion", "named at 1", "rho", *(f"at {level:g}" for level in LEVELS), "rho by all judges"]
    return [
        f"Named {named['accuracy']:.3g} of {named['clips']} clips; faces alone {found['faces']:.3g}; by all judges "
        f"together, of which most know the real clip nearest to it, {found['named by all']['accuracy']:.3g}.",
        "",
        *table(head, rows),
        "",
        f"Copies: {copies['share']:.0%} of the clips are nearer to a real one than {copies['copy_distance']:.3g}, "
        f"as only one real clip in 20 is to another; the median is {copies['median']:.3g}. "
        f"{copies['different clips met']} real clips are met as the nearest, most often "
        f"{', '.join(copies['met most often'])}.",
    ]


def flicker_lines(found: Mapping[str, Any]) -> list[str]:
    return [
        f"Against real clips of the same emotion and kind, drawn on the same ground and encoded alike: flicker "
        f"{found['over real']:.3g}, motion {found['motion over real']:.3g}, flicker over motion "
        f"{found['restlessness over real']:.3g} times theirs.",
        "",
        by_emotion(found["by emotion"]),
    ]


def image_lines(found: Mapping[str, Any]) -> list[str]:
    named = found["named"]
    return [
        f"Calm faces given a feeling: named {named['accuracy']:.3g} of {named['clips']}; the first frame is the "
        f"picture at {found['psnr']:.3g} dB (the worst at {found['least']:.3g}).",
        "",
        by_emotion(named["recall"]),
    ]


def look_lines(found: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            name,
            *(" ".join(f"{value:.2f}" for value in row[key]) for key in ("settings", "found")),
            row["agreement"],
        ]
        for name, row in found.items()
    ]
    head = ["control", "asked for", "found", "agreement (r; of hue mean cosine)"]
    return table(head, rows)


def grading_lines(found: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            emotion,
            *(
                f"{row['change']:+.3f}" + (f" ({row['rho']:.2f})" if "rho" in row else "")
                for row in (found[emotion][name] for name in ATTRIBUTES)
            ),
        ]
        for emotion in GRADED
    ]
    lines = [
        f"At 0 {found['identity']:.0%} of the films are the same to the bit. Flicker at 1 is "
        f"{found['flicker over source']:.3g} of the source's, flicker over motion "
        f"{found['restlessness over source']:.3g}. Changes from 0 to 1, and rho of the dial where there is one:",
        "",
    ]
    return [*lines, *table(["emotion", *ATTRIBUTES], rows)]
