"""A picture of a dub: a row a speaker, what is heard against its cue, what does not fit in red, the sound below."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..pictures import FAINT, INK, MUTED, cut, draw_picture, tidy

if TYPE_CHECKING:
    from .dub import Dub, DubLine

RED = "#c62434"
MOST_ROWS = 8  # speakers; those with the fewest lines share the last row
CUE = 0.74  # height of a cue, of a row's; what is heard stands in its upper half, its words below
BAR_TOP, BAR, WORDS = -0.30, 0.32, 0.20
FEWEST_ROWS = 3  # fewer stand in the middle
FASTER = 1.05  # rates above it are written
WRITTEN_POINTS = 7.5
OTHERS = "others"
MOST_WRITTEN = 80  # lines; the words of more are a hedge
MOST_FEELINGS, MEANS = 150, 100  # of more lines the feeling over time is shown as means
COLUMNS = 1200


def draw(dub: Dub, path: str | Path, *, text: dict[str, str] | None = None) -> None:
    """Draws a PNG of 1200 x 640 pixels.

    Args:
        dub: what was made. path: where to write. text: text chunks for the file, by keyword.
    """

    def draw_dub(axes: Any, end: float) -> None:
        grid = axes.get_subplotspec().subgridspec(2, 1, height_ratios=(3.4, 1.0), hspace=0.06)
        axes.set_axis_off()
        rows = axes.figure.add_subplot(grid[0], sharex=axes)
        wave = axes.figure.add_subplot(grid[1], sharex=axes)
        axes.set_xlim(0.0, end)
        draw_rows(rows, dub, end)
        draw_wave(wave, dub, end)

    drawn = replace(dub, emotion_track=means(dub)) if len(dub.emotion_track) > MOST_FEELINGS else dub
    draw_picture(drawn, path, headline(dub), draw_dub, text=text)


def means(dub: Dub) -> tuple[tuple[float, float, float], ...]:
    """Gives the feeling over time as the mean of the lines that begin in each of some even stretches."""
    import numpy as np

    track = np.array(dub.emotion_track)
    places = np.minimum(track[:, 0] / max(dub.duration_s, 1e-6) * MEANS, MEANS - 1).astype(int)
    counts = np.bincount(places, minlength=MEANS)
    sums = [np.bincount(places, track[:, column], minlength=MEANS) for column in (1, 2)]
    return tuple(
        (place * dub.duration_s / MEANS, sums[0][place] / counts[place], sums[1][place] / counts[place])
        for place in np.flatnonzero(counts).tolist()
    )


def headline(dub: Dub) -> str:
    """Gives what a reader wants to know first."""
    failed = sum(not line.is_heard for line in dub.lines)
    conflicts = sum(bool(line.conflicts) for line in dub.lines)
    fastest = max((line.rate for line in dub.lines if line.is_heard), default=1.0)
    facts = [
        counted(len(dub.lines), "line"),
        counted(len(dub.speakers), "speaker"),
        length(dub.duration_s),
        f"fastest {fastest:.2f} x",
        *([counted(conflicts, "conflict")] if conflicts else []),
        *([f"{failed} failed"] if failed else []),
    ]
    loudness = (dub.provenance.get("mix") or {}).get("loudness_lufs")
    return "  ·  ".join([*facts, *([f"{loudness:.1f} LUFS"] if isinstance(loudness, float) else [])])


def counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def length(seconds: float) -> str:
    """Gives 12.3 s, or 1:02:03 of what is longer than two minutes."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def rows_of(dub: Dub) -> list[tuple[str, list[DubLine]]]:
    """Gives the lines of each row, speakers in the order of their first lines."""
    of_speaker: dict[str, list[DubLine]] = {}
    for line in dub.lines:
        of_speaker.setdefault(line.speaker, []).append(line)
    if len(of_speaker) <= MOST_ROWS:
        return list(of_speaker.items())
    often = sorted(of_speaker, key=lambda name: -len(of_speaker[name]))[: MOST_ROWS - 1]
    rows = [(name, lines) for name, lines in of_speaker.items() if name in often]
    rest = [line for name, lines in of_speaker.items() if name not in often for line in lines]
    return [*rows, (f"{len(of_speaker) - len(often)} {OTHERS}", rest)]


def draw_rows(axes: Any, dub: Dub, end: float) -> None:
    """Draws cues as frames and what is heard as bars in the colours of their feelings."""
    rows = rows_of(dub)
    for place, (_, lines) in enumerate(rows):
        draw_lines(axes, lines, place, end, len(dub.lines) <= MOST_WRITTEN)
    beside = max(0, FEWEST_ROWS - len(rows)) / 2
    axes.set_ylim(len(rows) - 0.5 + beside, -0.5 - beside)
    axes.set_yticks(range(len(rows)), [cut(name or "voice", 9) for name, _ in rows])
    axes.set_xlim(0.0, end)
    tidy(axes)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=8.5)
    axes.tick_params(axis="x", bottom=False, labelbottom=False)
    key(axes)


def draw_lines(axes: Any, lines: list[DubLine], place: int, end: float, written: bool) -> None:
    """Draws one row. place: from 0 at the top. written: whether the words stand below."""
    import numpy as np

    from ..pictures import colours

    axes.axhline(place, color=FAINT, lw=0.6, zorder=0)
    # What is narrower than a pixel is drawn as wide as one, so that no line is lost in a long film.
    least = end / COLUMNS
    cues = [(line.cue_start_s, max(least, line.cue_end_s - line.cue_start_s)) for line in lines]
    axes.broken_barh(cues, (place - CUE / 2, CUE), facecolor="#f1f2f5", edgecolor=FAINT, lw=0.7, zorder=1)
    heard = [line for line in lines if line.is_heard]
    if heard:
        paint = colours(
            np.array([line.valence for line in heard]), np.array([line.arousal for line in heard])
        )
        bars = [(line.start_s, max(least, line.end_s - line.start_s)) for line in heard]
        axes.broken_barh(bars, (place + BAR_TOP, BAR), facecolors=paint, lw=0, zorder=3)
    wrong = [line for line in lines if line.conflicts or not line.is_heard]
    frames = [
        (min(line.cue_start_s, line.start_s or line.cue_start_s), max(least, ended(line) - line.cue_start_s))
        for line in wrong
    ]
    axes.broken_barh(frames, (place - CUE / 2, CUE), facecolor="none", edgecolor=RED, lw=1.3, zorder=4)
    if written:
        write_words(axes, lines, place, end)


def ended(line: DubLine) -> float:
    """Gives where a line ends, cue and sound together."""
    return max(line.cue_end_s, line.end_s)


def write_words(axes: Any, lines: list[DubLine], place: int, end: float) -> None:
    """Writes the words of each line, up to where the next one begins, and its rate, as far as there is room."""
    points = axes.get_window_extent().width / axes.figure.dpi * 72 / end  # for a second
    ordered = sorted(lines, key=lambda line: line.cue_start_s)
    for line, following in zip(ordered, [*ordered[1:], None], strict=True):
        until = following.cue_start_s if following else end
        room = int((until - line.cue_start_s) * points / (0.55 * WRITTEN_POINTS)) - 1
        wrong = bool(line.conflicts) or not line.is_heard
        if room >= 5:
            axes.text(
                line.cue_start_s, place + WORDS, " " + cut(line.text, room), color=INK if line.is_heard else RED,
                fontsize=WRITTEN_POINTS, va="center", zorder=5, parse_math=False, clip_on=True,
            )  # fmt: skip
        note = "failed" if not line.is_heard else f"{line.rate:.2f} x" if line.rate > FASTER else ""
        if note and (until - line.cue_start_s) * points > 0.6 * WRITTEN_POINTS * len(note):
            axes.text(
                line.cue_start_s, place - CUE / 2 - 0.03, note, color=RED if wrong else MUTED, fontsize=7,
                va="bottom", zorder=5,
            )  # fmt: skip


def key(axes: Any) -> None:
    """Says what the boxes mean, above the rows at the right."""
    from matplotlib.patches import Patch

    patches = [
        Patch(facecolor="#f1f2f5", edgecolor=FAINT, label="cue"),
        Patch(facecolor="#7a8296", edgecolor="none", label="spoken, in the colour of its feeling"),
        Patch(facecolor="none", edgecolor=RED, label="does not fit, or failed"),
    ]
    axes.legend(
        handles=patches, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize=8,
        labelcolor=INK, handlelength=1.4, columnspacing=1.4, borderaxespad=0.2,
    )  # fmt: skip


def draw_wave(axes: Any, dub: Dub, end: float) -> None:
    """Draws the outline of the dub, a block of it in memory at a time."""
    import numpy as np

    low, high = outline(dub, COLUMNS)
    reach = max(0.02, float(max(high.max(), -low.min())))
    times = (np.arange(COLUMNS) + 0.5) / COLUMNS * end
    hair = reach / 200
    axes.fill_between(times, np.minimum(low, -hair), np.maximum(high, hair), color=MUTED, lw=0)
    axes.set_ylim(-reach * 1.05, reach * 1.05)
    axes.set_yticks([])
    tidy(axes)
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelbottom=not dub.emotion_track)


def outline(dub: Dub, columns: int) -> tuple[Any, Any]:
    """Gives the lowest and highest sample of each column, (columns,) each."""
    import numpy as np

    from generators.on_disk import release

    samples = dub.samples
    edges = np.linspace(0, samples.shape[1], columns + 1).astype(int)
    low, high = np.zeros(columns), np.zeros(columns)
    for place in range(columns):
        block = samples[:, edges[place] : edges[place + 1]]
        if block.size:
            low[place], high[place] = block.min(), block.max()
        release(samples)
    return low, high
