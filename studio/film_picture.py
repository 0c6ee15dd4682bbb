"""A picture of a film: frames of it in rows, each with its time, and the feeling over time below."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Video

from .pictures import INK, draw_picture

if TYPE_CHECKING:
    import numpy as np

# How many frames are wished for, and what is between them in pixels; the times stand below.
WISHED, MOST_ROWS = 12, 4
GAP, WIDEST_GAP, CAPTION = 8, 40, 18
LARGEST_STILL = 500
# What `draw_picture` leaves for the frames, in pixels, with the feeling below and without.
ROOM_ABOVE_CURVE, ROOM = (972.0, 396.0), (1092.0, 499.0)


def draw(video: Video, path: str | Path, *, text: dict[str, str] | None = None) -> None:
    """Draws a PNG of 1200 x 640 pixels.

    Args:
        video: what was made. path: where to write. text: text chunks for the file, by keyword.
    """

    def draw_frames(axes: Any, end: float) -> None:
        axes.xaxis.set_visible(False)
        axes.set_axis_off()
        figure, box = axes.figure, axes.get_position()
        whole = figure.bbox.width, figure.bbox.height
        room = box.width * whole[0], box.height * whole[1]
        for place, (left, top, width, height) in enumerate(cells(room, aspect, len(numbers))):
            x, y = box.x0 + left / whole[0], box.y1 - (top + height) / whole[1]
            spot = figure.add_axes((x, y, width / whole[0], height / whole[1]))
            draw_frame(spot, stills[place], times[place])

    room = ROOM_ABOVE_CURVE if video.emotion_track else ROOM
    aspect = video.width / video.height
    numbers = spread(video.num_frames, frames_shown(room, aspect))
    stills = video.stills(numbers, largest=LARGEST_STILL)
    times = [number / video.frame_rate for number in numbers]
    facts = (
        f"{video.duration_s:.1f} s",
        f"{video.width} x {video.height}",
        f"{video.frame_rate:.4g} frames a second",
    )
    draw_picture(video, path, "  ·  ".join(facts), draw_frames, lines=times, text=text)


def spread(count: int, wanted: int) -> list[int]:
    """Gives numbers of frames at even distances, each in the middle of its share of the film."""
    wanted = min(count, wanted)
    return [int((place + 0.5) * count / wanted) for place in range(wanted)]


def frames_shown(room: tuple[float, float], aspect: float) -> int:
    """Gives how many frames of this width by height fit well."""
    fits = [
        rows * max(1, int((room[0] + GAP) / (tallest(room, rows) * aspect + GAP)))
        for rows in range(1, MOST_ROWS + 1)
    ]
    return min(fits, key=lambda count: abs(count - WISHED))


def tallest(room: tuple[float, float], rows: int) -> float:
    """Gives how high a frame may be."""
    return room[1] / rows - CAPTION - GAP / 2


def widest(room: tuple[float, float], aspect: float, count: int, rows: int) -> float:
    """Gives how wide each of so many frames can be."""
    return min((room[0] + GAP) / -(-count // rows) - GAP, tallest(room, rows) * aspect)


def cells(room: tuple[float, float], aspect: float, count: int) -> list[tuple[float, float, float, float]]:
    """Gives (left, top, width, height) of each frame in pixels, in the rows that make them largest."""
    rows = max(range(1, MOST_ROWS + 1), key=lambda rows: widest(room, aspect, count, rows))
    columns, width = -(-count // rows), widest(room, aspect, count, rows)
    height = width / aspect
    # To the right edge, unless that tears them apart.
    gap = (room[0] - columns * width) / (columns - 1) if columns > 1 else 0
    gap = gap if gap <= WIDEST_GAP else GAP
    return [
        (place % columns * (width + gap), place // columns * (height + CAPTION + GAP / 2), width, height)
        for place in range(count)
    ]


def draw_frame(axes: Any, pixels: np.ndarray, time_s: float) -> None:
    """Draws one frame with its time below."""
    axes.imshow(pixels, interpolation="antialiased", aspect="auto")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.text(0, -5, f"{time_s:.2f} s", transform=pixel_offset(axes), color=INK, fontsize=8.5, va="top")


def pixel_offset(axes: Any) -> Any:
    """Gives coordinates in pixels from the lower left corner of axes."""
    from matplotlib.transforms import Affine2D, ScaledTranslation

    return Affine2D() + ScaledTranslation(0, 0, axes.transAxes)
