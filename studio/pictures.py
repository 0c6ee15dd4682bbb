"""What the pictures of every medium share: the colours of a feeling, the feeling over time, plain axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Media

if TYPE_CHECKING:
    import numpy as np

# Colours around the plane, by angle: 0 is pleasant, 90 excited, 180 unpleasant, 270 quiet; the same as the
# page's.
ANCHORS = (
    (0.0, "#82a01e"),
    (45.0, "#e8980c"),
    (90.0, "#e0622b"),
    (135.0, "#cf2f3f"),
    (180.0, "#b13f9b"),
    (225.0, "#4a5be0"),
    (270.0, "#2182c4"),
    (315.0, "#0f9b80"),
    (360.0, "#82a01e"),
)
CENTRE = "#8b919c"
INK, MUTED, FAINT, PAPER = "#1f2430", "#70778a", "#c9ced8", "#ffffff"
# From here outwards a colour is as full as it gets.
FULL_RADIUS = 0.75
SIZE_INCHES = (12.0, 6.4)
PIXELS_PER_INCH = 100


def colours(valence: np.ndarray, arousal: np.ndarray) -> np.ndarray:
    """Gives the colour of places in the valence-arousal plane.

    Args:
        valence, arousal: (N,) in -1..1.

    Returns:
        (N, 3) red, green, blue in 0..1; grey at the centre, full colour from a radius of 0.75.
    """
    import numpy as np
    from matplotlib.colors import to_rgb

    angle = np.degrees(np.arctan2(arousal, valence)) % 360.0
    stops = [stop for stop, _ in ANCHORS]
    around = np.array([to_rgb(colour) for _, colour in ANCHORS])
    rim = np.stack([np.interp(angle, stops, around[:, channel]) for channel in range(3)], axis=-1)
    radius = np.clip(np.hypot(valence, arousal) / FULL_RADIUS, 0.0, 1.0)[..., None]
    return radius * rim + (1.0 - radius) * np.array(to_rgb(CENTRE))


def draw_picture(
    media: Media,
    path: str | Path,
    title: str,
    draw: Callable[[Any, float], None],
    *,
    lines: Sequence[float] = (),
    text: dict[str, str] | None = None,
) -> None:
    """Draws a PNG of 1200 x 640 pixels: the medium over time, and below it the emotion when it is known.

    Args:
        media: with a `duration_s`; without an `emotion_track` there is no curve.
        path: where to write.
        title: the line above.
        draw: draws the medium into axes from 0 to the end in seconds.
        lines: seconds of thin lines in the curve.
        text: text chunks for the file, by keyword.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, dpi=PIXELS_PER_INCH, facecolor=PAPER)
    FigureCanvasAgg(figure)
    curve = bool(media.emotion_track)
    grid = figure.add_gridspec(
        2 if curve else 1, 1, height_ratios=(4.2, 1.0) if curve else (1.0,), hspace=0.07,
        left=0.065, right=0.875 if curve else 0.975, top=0.865, bottom=0.085,
    )  # fmt: skip
    main = bottom = figure.add_subplot(grid[0])
    end = max(1e-3, media.duration_s)
    draw(main, end)
    figure.text(0.065, 0.955, title, color=INK, fontsize=13, weight="bold", va="center", parse_math=False)
    if curve:
        bottom = figure.add_subplot(grid[1], sharex=main)
        draw_curve(bottom, media, lines, end)
        main.tick_params(labelbottom=False)
        draw_plane(figure, media)
    bottom.set_xlabel("time (s)", color=INK, fontsize=9)
    figure.savefig(path, format="png", metadata=text or {})


def emotion_at(media: Media, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gives (valence, arousal) of the stretch in which each time lies; zeros without an emotion track."""
    import numpy as np

    if not media.emotion_track:
        return np.zeros(len(times)), np.zeros(len(times))
    track = np.array(media.emotion_track, dtype=np.float64)
    index = np.clip(np.searchsorted(track[:, 0], times + 1e-6, side="right") - 1, 0, len(track) - 1)
    return track[index, 1], track[index, 2]


def draw_curve(axes: Any, media: Media, lines: Sequence[float], end: float) -> None:
    """Draws valence and arousal over time, above a band in its colours."""
    import numpy as np

    track = np.array(media.emotion_track, dtype=np.float64)
    times = np.append(track[:, 0], max(end, track[-1, 0]))
    values = np.concatenate([track[:, 1:], track[-1:, 1:]])
    pixels = np.linspace(0.0, end, 1000)
    valence, arousal = emotion_at(media, pixels)
    band = np.ones((1, 1000, 4))
    band[0, :, :3] = colours(valence, arousal)
    axes.imshow(band, extent=(0, end, -1.45, -1.15), aspect="auto", zorder=2, interpolation="nearest")
    axes.axhline(0.0, color=FAINT, lw=0.8, zorder=1)
    styles = (("valence", INK, "-"), ("arousal", "#7a8296", (0, (3, 1.2))))
    heights = spread_labels(float(values[-1, 0]), float(values[-1, 1]))
    for column, (name, colour, style) in enumerate(styles):
        axes.step(times, values[:, column], where="post", color=colour, ls=style, lw=1.8, zorder=3)
        axes.annotate(
            name, (1.0, heights[column]), xycoords=("axes fraction", "data"), xytext=(6, 0),
            textcoords="offset points", color=colour, fontsize=9, va="center", annotation_clip=False,
        )  # fmt: skip
    axes.set_ylim(-1.45, 1.12)
    axes.set_yticks([-1, 0, 1])
    if len(lines) <= 200:
        axes.vlines([time for time in lines if time < end], -1.15, 1.12, color=FAINT, lw=0.5, zorder=1)
    tidy(axes)


def spread_labels(first: float, second: float, gap: float = 0.42) -> tuple[float, float]:
    """Gives heights for two labels that do not touch."""
    if abs(first - second) >= gap:
        return first, second
    middle, sign = (first + second) / 2.0, 1.0 if first >= second else -1.0
    middle = min(0.9, max(-0.9, middle))
    return middle + sign * gap / 2.0, middle - sign * gap / 2.0


def draw_plane(figure: Any, media: Media) -> None:
    """Draws the valence-arousal plane as the key to the colours, with the way of the medium through it."""
    import numpy as np

    axes = figure.add_axes((0.893, 0.68, 0.094, 0.094 * SIZE_INCHES[0] / SIZE_INCHES[1]))
    line = np.linspace(-1.0, 1.0, 61)
    valence, arousal = np.meshgrid(line, line)
    picture = np.ones((61, 61, 4))
    picture[..., :3] = colours(valence, arousal)
    picture[..., 3] = 0.85
    axes.imshow(picture, extent=(-1, 1, -1, 1), origin="lower", interpolation="bilinear")
    track = np.clip(np.array(media.emotion_track, dtype=np.float64)[:, 1:], -0.97, 0.97)
    axes.plot(track[:, 0], track[:, 1], color=PAPER, lw=1.4, alpha=0.9)
    axes.plot(track[-1:, 0], track[-1:, 1], "o", color=PAPER, mec=INK, ms=5.5)
    axes.set_xticks([-1, 1], ["sad", "glad"])
    axes.set_yticks([])
    axes.set_xlabel("quiet", fontsize=8, color=INK, labelpad=-9)
    axes.set_title("excited", fontsize=8, color=INK, pad=3)
    axes.set_xlim(-1, 1)
    axes.set_ylim(-1, 1)
    axes.tick_params(length=0, labelsize=8, colors=INK, pad=2)
    for spine in axes.spines.values():
        spine.set_visible(False)


def cut(words: str, limit: int) -> str:
    """Cuts a text to a number of characters."""
    return words if len(words) <= limit else words[: limit - 1] + "…"


def tidy(axes: Any) -> None:
    """Takes away what carries nothing."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9, length=3, color=FAINT)
