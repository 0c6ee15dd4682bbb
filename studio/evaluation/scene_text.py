"""The report on scenes as text and pictures: what was read for what was asked, and how it goes over time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .report import target_lines
from .scene_readers import ASKED, MEDIA, TITLES, place_of

COLOURS = {"speech": "#0072b2", "face": "#d55e00", "frames": "#e69f00", "body": "#009e73", "music": "#cc79a7"}
MARKS = {"speech": "o", "face": "s", "frames": "D", "body": "^", "music": "P"}
INK = "#222222"


def markdown(results: Mapping[str, Any], pictures: list[str]) -> str:
    """Gives the report as text."""
    lines = ["# Scenes, measured", "", *target_lines(results.get("targets", {})), ""]
    lines += [
        "What each evaluator is worth on what nobody made here:",
        "",
        *worth_lines(results["evaluators"]),
    ]
    if "labels" in results:
        lines += ["", "## One feeling a scene", "", *label_lines(results["labels"])]
    if "courses" in results:
        lines += ["", "## A feeling that changes", "", *course_lines(results["courses"])]
    return "\n".join([*lines, "", *(f"![{Path(name).stem}]({name})" for name in pictures)])


def worth_lines(found: Mapping[str, Mapping[str, float]]) -> list[str]:
    rows = ["| evaluator | measured on | accuracy |", "|---|---|---|"]
    rows += [
        f"| {TITLES[medium]} | {title} | {value:.0%} |"
        for medium, figures in found.items()
        for title, value in figures.items()
    ]
    return rows


def label_lines(found: Mapping[str, Any]) -> list[str]:
    """What was named for what was asked, scene by scene, and the totals by medium."""
    rows = [
        f"| script | asked | {' | '.join(TITLES[medium] for medium in MEDIA)} |",
        "|---|---|" + "---|" * len(MEDIA),
    ]
    for scene in found["scenes"]:
        cells = [cell(scene["read"][medium]) for medium in MEDIA]
        rows.append(f"| {scene['script']} | {scene['asked']} | {' | '.join(cells)} |")
    rows += [
        "",
        "Bold is wrong; a dash stands before a label where the evaluator has no word for what was asked, which is "
        "not counted. The number is the distance in the plane of valence and arousal.",
        "",
        "| | " + " | ".join(TITLES[medium] for medium in MEDIA) + " | all |",
        "|---|" + "---|" * (len(MEDIA) + 1),
    ]
    for title, name, form in (("named as asked", "named", "{:.0%}"), ("distance", "distance", "{:.2f}")):
        cells = [form.format(found[name][medium]) for medium in (*MEDIA, "all")]
        rows.append(f"| {title} | {' | '.join(cells)} |")
    return [
        *rows,
        "",
        f"Single lines named as asked (without music): {found['named, lines']:.0%}. Distance of the place of the "
        f"label that is named, mean: {found['distance of names']:.2f}. Two media of one scene are "
        f"{found['apart']:.2f} apart on average; from what another scene was asked for they are "
        f"{found['other emotion']:.2f} away.",
    ]


def cell(row: Mapping[str, Any]) -> str:
    name = (
        row["named"]
        if row["right"]
        else f"**{row['named']}**"
        if row["right"] is False
        else f"– {row['named']}"
    )
    return f"{name} {row['distance']:.2f}"


def course_lines(found: Mapping[str, Any]) -> list[str]:
    """How well each medium follows, and how well they go with one another."""
    rows = ["| | valence, r | arousal, r | distance |", "|---|---|---|---|"]
    for medium in MEDIA:
        both = found["correlation"][medium]
        distance = found["distance"][medium]
        rows.append(f"| {TITLES[medium]} | {both['valence']:.2f} | {both['arousal']:.2f} | {distance:.2f} |")
    both = found["together"]
    rows.append(f"| all together | {both['valence']:.2f} | {both['arousal']:.2f} | |")
    pairs = ", ".join(
        f"{' and '.join(name.split(', '))} {value:.2f}" for name, value in found["between"].items()
    )
    return [
        *rows,
        "",
        f"Over {found['lines']} lines of {len(found['courses'])} courses. Between two media, mean of both: {pairs}.",
    ]


def draw(results: Mapping[str, Any], folder: Path) -> list[str]:
    """Draws what there is; gives the names of the files."""
    files = []
    if "labels" in results:
        draw_planes(results["labels"]["scenes"], folder / "planes.png")
        files.append("planes.png")
    if "courses" in results:
        draw_courses(results["courses"]["courses"], folder / "courses.png")
        files.append("courses.png")
    return files


def draw_planes(scenes: Any, path: Path) -> None:
    """Draws for every feeling where the media of all scenes are read, and where they should be."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.1 * len(ASKED), 3.7), layout="constrained")
    for axis, emotion in zip(figure.subplots(1, len(ASKED), sharey=True), ASKED, strict=True):
        axis.axhline(0, color="#cccccc", lw=0.8)
        axis.axvline(0, color="#cccccc", lw=0.8)
        own = [scene for scene in scenes if scene["asked"] == emotion]
        for medium in MEDIA:
            at = [scene["read"][medium]["place"] for scene in own]
            axis.scatter(
                *zip(*at, strict=True),
                color=COLOURS[medium],
                marker=MARKS[medium],
                s=42,
                label=TITLES[medium],
            )
        asked = place_of(emotion)
        axis.add_patch(circle(asked))
        axis.plot(*asked, "+", color=INK, ms=13, mew=1.8)
        axis.set_title(emotion)
        axis.set_xlim(-1, 1)
        axis.set_ylim(-1, 1)
        axis.set_aspect("equal")
        axis.set_xlabel("valence")
    figure.axes[0].set_ylabel("arousal")
    handles, titles = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, titles, loc="outside lower center", ncols=len(MEDIA), frameon=False)
    figure.savefig(path, dpi=110)


def circle(place: tuple[float, float]) -> Any:
    """Gives the ring within which a reading is near enough."""
    from matplotlib.patches import Circle

    return Circle(place, 0.2, fill=False, color=INK, lw=0.9, ls=(0, (4, 3)))


def draw_courses(courses: Mapping[str, Any], path: Path) -> None:
    """Draws valence and arousal line by line, what was asked and what is read."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.6 * len(courses), 5.6), layout="constrained")
    grid = figure.subplots(2, len(courses), sharex=True, sharey=True, squeeze=False)
    for column, (name, row) in enumerate(courses.items()):
        for at, title in enumerate(("valence", "arousal")):
            axis, lines = grid[at][column], range(1, len(row["asked"]) + 1)
            axis.axhline(0, color="#cccccc", lw=0.8)
            for medium in MEDIA:
                values = [place[at] for place in row["read"][medium]]
                axis.plot(
                    lines,
                    values,
                    color=COLOURS[medium],
                    marker=MARKS[medium],
                    ms=4,
                    lw=1.1,
                    label=TITLES[medium],
                )
            axis.plot(
                lines, [place[at] for place in row["asked"]], color=INK, lw=2.6, alpha=0.8, label="asked"
            )
            axis.set_ylim(-1, 1)
            axis.set_ylabel(title if not column else "")
        grid[0][column].set_title(name)
        grid[1][column].set_xlabel("line")
    handles, titles = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, titles, loc="outside lower center", ncols=len(MEDIA) + 1, frameon=False)
    figure.savefig(path, dpi=110)
