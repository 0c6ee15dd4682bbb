"""A picture of a moving body: poses over time, words above, below them how fast each hand is, and the feeling."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Motion

from .film_picture import spread
from .pictures import INK, colours, draw_picture, emotion_at, tidy
from .waveform import draw_words

if TYPE_CHECKING:
    import numpy as np

    from conditioning.body.motion import BodyMotion

POSES = 6
# Of a pose in pixels, twice what the picture shows of it.
POSE_SIZE = (320, 544)
# Room at the sides of a pose, cm.
BESIDE = 11.0
COLUMNS = 800
# Speeds are of steps that people see, not of single frames: a running mean of so long, s.
SMOOTH_S = 0.1
# So that a body at rest is a line at the bottom, m/s.
LEAST_SPEED = 0.6
HANDS = (("left hand", "left_wrist", INK, "-"), ("right hand", "right_wrist", "#7a8296", (0, (3, 1.2))))


def draw(motion: Motion, path: str | Path, *, text: dict[str, str] | None = None) -> None:
    """Draws a PNG of 1200 x 640 pixels.

    Args:
        motion: what was made. path: where to write. text: text chunks for the file, by keyword.
    """
    body = motion.motion
    numbers = spread(len(body), POSES)
    words = [mark for mark in motion.marks_of("word") if mark.text]

    def draw_body(axes: Any, end: float) -> None:
        axes.set_xlim(0.0, end)
        axes.set_ylim(0.0, 1.0)
        axes.set_yticks([])
        axes.tick_params(bottom=False, labelbottom=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        grid = axes.get_subplotspec().subgridspec(2, 1, height_ratios=(2.5, 1.0), hspace=0.06)
        draw_words(axes, words, end)
        draw_poses(axes.figure, grid[0], motion, numbers)
        draw_speeds(axes.figure.add_subplot(grid[1], sharex=axes), motion, end)

    facts = (f"{motion.duration_s:.1f} s", f"{body.frame_rate:.4g} frames a second")
    said = (f"{len(words)} words",) if words else ()
    title = "  ·  ".join((*said, *facts, *(() if motion.has_sound else ("silent",))))
    times = [number / body.frame_rate for number in numbers]
    draw_picture(motion, path, title, draw_body, lines=times, text=text)


def draw_poses(figure: Any, spec: Any, motion: Motion, numbers: list[int]) -> None:
    """Draws the poses beside one another, each with its time."""
    from .body_film.renderer import BodyRenderer

    renderer = BodyRenderer(motion.motion, motion.emotion_track, size=POSE_SIZE, beside=BESIDE)
    box = spec.get_position(figure)
    wide = box.width / len(numbers)
    for place, (number, pixels) in enumerate(zip(numbers, renderer.stills(numbers), strict=True)):
        axes = figure.add_axes((box.x0 + place * wide, box.y0, wide * 0.97, box.height))
        axes.imshow(
            cropped(pixels, wide * 0.97, box.height, figure), interpolation="antialiased", aspect="auto"
        )
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
        time = f"{number / motion.motion.frame_rate:.2f} s"
        axes.text(0.06, 0.965, time, transform=axes.transAxes, color=INK, fontsize=8.5, va="top")


def cropped(pixels: np.ndarray, wide: float, high: float, figure: Any) -> np.ndarray:
    """Cuts a picture to the shape of its place, in shares of the figure: the sides or the upper edge."""
    shape = (wide * figure.bbox.width) / (high * figure.bbox.height)
    height, width = pixels.shape[:2]
    if width / height > shape:
        off = int((width - height * shape) / 2)
        return pixels[:, off : width - off]
    return pixels[int(height - width / shape) :]


def speeds(body: BodyMotion, joint: str) -> np.ndarray:
    """Gives how fast a joint is in each frame, (T,) m/s, beside the pelvis."""
    import numpy as np

    from conditioning.body.rotations import placed
    from conditioning.body.skeleton import INDEX

    places, _ = placed(body.rotations, body.root)
    off = places[:, INDEX[joint]] - places[:, 0]
    if len(off) < 2:
        return np.zeros(len(off))
    found = np.linalg.norm(np.gradient(off, axis=0), axis=1) * body.frame_rate / 100
    count = max(1, round(SMOOTH_S * body.frame_rate))
    padded = np.pad(found, (count // 2, count - 1 - count // 2), mode="edge")
    return np.convolve(padded, np.ones(count) / count, mode="valid")


def draw_speeds(axes: Any, motion: Motion, end: float) -> None:
    """Draws both hands' speeds, the faster one's filled with the colours of the feeling."""
    import numpy as np

    body = motion.motion
    times = (np.arange(len(body)) + 0.5) / body.frame_rate
    found = [speeds(body, joint) for _, joint, _, _ in HANDS]
    top = max(LEAST_SPEED, 1.1 * float(np.max(found)))
    shape = axes.fill_between(times, np.max(found, axis=0), lw=0, facecolor="none")
    paint = colours(*emotion_at(motion, (np.arange(COLUMNS) + 0.5) / COLUMNS * end))[None]
    picture = axes.imshow(paint, extent=(0, end, 0, top), aspect="auto", alpha=0.35, interpolation="bilinear")
    picture.set_clip_path(shape.get_paths()[0], transform=axes.transData)
    for (name, _, colour, style), values in zip(HANDS, found, strict=True):
        axes.plot(times, values, color=colour, lw=1.4, ls=style, label=name)
    axes.set_xlim(0.0, end)
    axes.set_ylim(0.0, top)
    axes.set_ylabel("hands, m/s", color=INK, fontsize=9)
    axes.legend(loc="upper right", fontsize=8, frameon=False, ncols=2, labelcolor=INK, borderaxespad=0.1)
    tidy(axes)
    if motion.emotion_track:
        axes.tick_params(labelbottom=False)
