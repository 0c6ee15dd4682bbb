"""A picture of a converted recording: the spectrogram and f0 before, and below it those after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Converted

from .pictures import INK, PAPER, colours, draw_picture, emotion_at, tidy
from .spectrogram import HIGHEST_HZ, LOWEST_HZ
from .waveform import draw as draw_alone
from .waveform import envelope, headline

if TYPE_CHECKING:
    import numpy as np

    from .comparison import Side

COLUMNS = 1000
TICKS_HZ = {100: "100 Hz", 300: "300 Hz", 1000: "1 kHz", 3000: "3 kHz"}


def draw(converted: Converted, path: str | Path, *, text: dict[str, str] | None = None) -> None:
    """Draws a PNG of 1200 x 640 pixels; of a recording whose source is gone the waveform alone.

    Args:
        converted: what was made. path: where to write. text: text chunks for the file, by keyword.
    """
    from .comparison import compared

    sides = compared(converted)
    if sides is None:
        draw_alone(converted, path, text=text)
        return
    before, after = sides
    longest = max(before.duration_s, after.duration_s)

    def draw_both(axes: Any, end: float) -> None:
        clear(axes, longest)
        panels = axes.get_subplotspec().subgridspec(2, 1, hspace=0.2)
        for name, side, spec in (("before", before, panels[0]), ("after", after, panels[1])):
            panel = axes.figure.add_subplot(spec, sharex=axes)
            draw_side(panel, side, converted if side is after else None)
            panel.set_title(f"{name}: {words_of(side)}", loc="left", color=INK, fontsize=9.5, pad=4)
            panel.tick_params(bottom=False, labelbottom=False)

    draw_picture(converted, path, headline(converted, []), draw_both, text=text)


def clear(axes: Any, longest: float) -> None:
    """Leaves of axes only the time below them, which both panels share."""
    axes.set_xlim(0.0, longest)
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(colors=INK, labelsize=9, length=3)


def words_of(side: Side) -> str:
    """Gives f0's range and the length."""
    found = side.f0_range_hz
    return (f"f0 {found[0]:.0f} to {found[1]:.0f} Hz, " if found else "") + f"{side.duration_s:.1f} s"


def draw_side(axes: Any, side: Side, felt: Converted | None) -> None:
    """Draws one recording in the colours of the feeling of `felt`, or in ink; of a long one its outline."""
    import numpy as np
    from matplotlib.colors import to_rgb

    times = (np.arange(COLUMNS) + 0.5) / COLUMNS * side.duration_s
    paint = np.tile(to_rgb(INK), (COLUMNS, 1))
    if felt is not None and felt.emotion_track:
        paint = colours(*emotion_at(felt, times))
    if side.shade is None:
        draw_outline(axes, side, paint)
    else:
        draw_spectrogram(axes, side, side.shade, paint)
    tidy(axes)


def draw_spectrogram(axes: Any, side: Side, shade: np.ndarray, paint: np.ndarray) -> None:
    """Draws the shades in the colour of each column, (1000, 3), and f0 over them."""
    import numpy as np
    from matplotlib.patheffects import Normal, Stroke

    low, high = np.log(LOWEST_HZ), np.log(HIGHEST_HZ)
    picture = np.dstack([np.broadcast_to(paint, (*shade.shape, 3)), shade])
    axes.imshow(picture, extent=(0, side.duration_s, low, high), aspect="auto", interpolation="bilinear")
    axes.set_yticks([np.log(hertz) for hertz in TICKS_HZ], TICKS_HZ.values())
    voiced = side.f0_hz > 0
    if voiced.any():
        line = np.log(np.where(voiced, side.f0_hz, np.nan))
        halo = [Stroke(linewidth=4, foreground=PAPER), Normal()]
        axes.plot(side.times_s, line, color=INK, lw=1.8, solid_capstyle="round", path_effects=halo)
    axes.set_ylim(low, high)


def draw_outline(axes: Any, side: Side, paint: np.ndarray) -> None:
    """Draws the waveform of a long recording in the colours of each column, (1000, 3)."""
    import numpy as np

    low, high, _ = envelope(side.audio, COLUMNS)
    reach = max(1e-6, float(max(high.max(), -low.min())))
    shape = axes.fill_between(
        np.linspace(0, side.duration_s, COLUMNS), low / reach, high / reach, lw=0, facecolor="none"
    )
    picture = axes.imshow(paint[None], extent=(0, side.duration_s, -1.05, 1.05), aspect="auto")
    picture.set_clip_path(shape.get_paths()[0], transform=axes.transData)
    axes.set_yticks([])
