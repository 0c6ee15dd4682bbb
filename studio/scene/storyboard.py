"""A scene on one page: a still of every shot with its line and feeling, and the feeling over time below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..film_picture import spread
from ..pictures import FAINT, INK, MUTED, PAPER, PIXELS_PER_INCH, colours, draw_curve
from .scene import Scene, Shot

if TYPE_CHECKING:
    import numpy as np

# In pixels: the page, its margins, what is between stills, the words below one, the head and the curve.
WIDE, MARGIN, GAP = 1600, 48, 28
HEAD, WORDS, CURVE, FOOT = 92, 86, 190, 58
MOST_SHOTS = 30
ROWS_OF_TEXT = 2
NAME_SIZE, TEXT_SIZE, TITLE_SIZE, SMALL_SIZE = 11.0, 10.5, 17.0, 9.5


def draw(scene: Scene, path: str | Path, *, text: dict[str, str] | None = None) -> None:
    """Draws a PNG, 1600 pixels wide and as high as its shots need; of a long scene thirty shots are shown.

    Args:
        path: where to write. text: text chunks for the file, by keyword.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen = [scene.shots[at] for at in spread(len(scene.shots), MOST_SHOTS)]
    columns = columns_for(len(chosen))
    wide = (WIDE - 2 * MARGIN - GAP * (columns - 1)) / columns
    high = wide * scene.height / scene.width
    rows = -(-len(chosen) // columns)
    total = HEAD + rows * (high + WORDS) + CURVE + FOOT
    page = Page((WIDE, total))
    inches = WIDE / PIXELS_PER_INCH, total / PIXELS_PER_INCH
    page.figure = Figure(figsize=inches, dpi=PIXELS_PER_INCH, facecolor=PAPER)
    FigureCanvasAgg(page.figure)
    draw_head(page, scene, len(chosen))
    stills = scene.stills([still_of(shot, scene) for shot in chosen], largest=round(2 * wide))
    for at, (shot, pixels) in enumerate(zip(chosen, stills, strict=True)):
        left = MARGIN + at % columns * (wide + GAP)
        top = HEAD + at // columns * (high + WORDS)
        page.still(pixels, (left, top, wide, high))
        draw_line(page, shot, (left, top + high), wide)
    below = page.axes((MARGIN + 22, total - FOOT - CURVE + 26, WIDE - 2 * MARGIN - 92, CURVE - 26))
    draw_course(below, scene)
    page.figure.savefig(path, format="png", metadata=text or {})


class Page:
    """A figure on which places are given in pixels from the upper left."""

    figure: Any

    def __init__(self, size: tuple[float, float]) -> None:
        self.size = size

    def axes(self, box: tuple[float, float, float, float]) -> Any:
        """Gives axes; box: left, top, width, height."""
        left, top, width, height = box
        return self.figure.add_axes(
            (
                left / self.size[0],
                1 - (top + height) / self.size[1],
                width / self.size[0],
                height / self.size[1],
            )
        )

    def still(self, pixels: np.ndarray, box: tuple[float, float, float, float]) -> None:
        axes = self.axes(box)
        axes.imshow(pixels, interpolation="antialiased", aspect="auto")
        axes.set_axis_off()

    def write(self, place: tuple[float, float], words: str, size: float, **about: Any) -> Any:
        """Writes a text whose upper left is at a place; gives it."""
        x, y = place[0] / self.size[0], 1 - place[1] / self.size[1]
        return self.figure.text(x, y, words, fontsize=size, va="top", parse_math=False, **about)

    def width_of(self, text: Any) -> float:
        """Gives how wide a text is, in pixels."""
        return float(text.get_window_extent(self.figure.canvas.get_renderer()).width)


def columns_for(count: int) -> int:
    """Gives how many stills stand in a row."""
    return 2 if count <= 2 else 3 if count <= 9 else 4


def still_of(shot: Shot, scene: Scene) -> int:
    """Gives the frame that shows a shot: from the middle of what is said."""
    middle = (shot.speech_s + shot.silent_s) / 2
    inside = min(max(middle, shot.start_s), shot.end_s - 1 / scene.frame_rate)
    return min(scene.num_frames - 1, max(0, round(inside * scene.frame_rate)))


def draw_head(page: Page, scene: Scene, shown: int) -> None:
    """Writes what a reader wants to know first."""
    names = [name for name in dict.fromkeys(shot.speaker for shot in scene.shots) if name]
    page.write((MARGIN, 26), joined(names) or "Scene", TITLE_SIZE, color=INK, weight="bold")
    facts = [f"{len(scene.shots)} line{'s' * (len(scene.shots) != 1)}", f"{scene.duration_s:.1f} s"]
    facts += [f"{shown} shown"] if shown < len(scene.shots) else []
    facts += ["music"] if scene.score else []
    page.write((MARGIN, 58), "  ·  ".join(facts), SMALL_SIZE, color=MUTED)


def joined(names: Sequence[str]) -> str:
    """Gives names as people write them, no more than three."""
    if len(names) > 3:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def draw_line(page: Page, shot: Shot, place: tuple[float, float], wide: float) -> None:
    """Writes below a still who says what, and how, with a dot in the feeling's colour."""
    import numpy as np
    from matplotlib.patches import Circle

    left, top = place
    paint = colours(np.array([shot.valence]), np.array([shot.arousal]))[0]
    axes = page.axes((left, top + 12, 14, 14))
    axes.add_patch(Circle((0.5, 0.5), 0.42, color=paint))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_axis_off()
    name = page.write(
        (left + 21, top + 11), shot.speaker or f"line {shot.number}", NAME_SIZE, color=INK, weight="bold"
    )
    at = left + 21 + page.width_of(name) + 10
    page.write((at, top + 12), f"{clock(shot.speech_s)}   {shot.feeling}", SMALL_SIZE, color=MUTED)
    for number, row in enumerate(wrapped(shot.text, wide)):
        page.write((left, top + 35 + 19 * number), row, TEXT_SIZE, color=INK)


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{seconds % 60:04.1f}"


def wrapped(text: str, wide: float) -> list[str]:
    """Breaks a line of the script into the rows that fit below a still."""
    import textwrap

    # Letters of this font are about 0.55 of their size wide.
    most = max(12, int(wide / (TEXT_SIZE * PIXELS_PER_INCH / 72 * 0.56)))
    return textwrap.wrap(text, most, max_lines=ROWS_OF_TEXT, placeholder=" …") or [""]


def draw_course(axes: Any, scene: Scene) -> None:
    """Draws valence and arousal over time, the cuts, and who speaks when."""
    axes.set_xlim(0, scene.duration_s)
    draw_curve(axes, scene, [shot.start_s for shot in scene.shots[1:]], scene.duration_s)
    for shot in scene.shots:
        axes.plot(
            [shot.speech_s, shot.silent_s], [1.06, 1.06], color=FAINT, lw=5, solid_capstyle="butt", zorder=4
        )
    few = len(scene.shots) <= 40
    for shot in scene.shots if few else ():
        middle = (shot.speech_s + shot.silent_s) / 2
        axes.text(middle, 1.2, str(shot.number), color=MUTED, fontsize=8.5, ha="center", va="bottom")
    axes.set_xlabel("time (s)", color=INK, fontsize=9)
