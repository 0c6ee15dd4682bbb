"""How a converted recording looks: its spectrogram under that of the one before, and a divider to drag."""

from __future__ import annotations

import base64
import io
import math
from html import escape
from typing import TYPE_CHECKING

from . import wave
from .track import HEIGHT, WIDTH, stretches

if TYPE_CHECKING:
    import numpy as np

    from generators.media import Converted

    from ..comparison import Side

NOTHING_YET = "Your recording appears here, before and after."
DOWNLOADS = tuple(suffix for suffix in wave.DOWNLOADS if suffix != ".srt")
SHADES = 40  # more are not told apart and make the picture twice as large
TICKS_HZ = {100.0: "100 Hz", 1000.0: "1 kHz"}
facts, thumbnail_svg = wave.facts, wave.thumbnail_svg


def picture_html(converted: Converted, label: str) -> str:
    """Gives both recordings on top of one another; before_after.js moves the divider and plays either.

    Each is as wide as the picture, whatever its length. A recording whose source is gone is shown alone.
    """
    from ..comparison import compared

    sides = compared(converted)
    if sides is None:
        return wave.picture_html(converted, label)
    before, after = sides
    return (
        f'<div class="picture before-after" data-duration="{max(1e-3, after.duration_s):.3f}">'
        f'<div class="names">{name_html("before")}{name_html("after")}</div>'
        f'<div class="stack" role="group" aria-label="{escape(label)}">'
        f"{pane_html('before', before, ())}{pane_html('after', after, converted.emotion_track)}"
        f"{ticks_html() if before.shade is not None else ''}"
        '<input type="range" min="0" max="100" value="50" aria-valuetext="before left of 50 %" '
        'aria-label="Divider between before and after"><span class="divider" aria-hidden="true"></span>'
        '<div class="playhead" aria-hidden="true"></div></div></div>'
        f'<p class="legend">{legend_html(before, after)}</p>'
    )


def name_html(name: str) -> str:
    """Gives the name of a side, which is the button that plays it."""
    return (
        f'<button type="button" class="hear" data-side="{name}" aria-label="Play {name}" '
        'aria-pressed="false">'
        '<svg viewBox="0 0 10 10" aria-hidden="true"><path class="go" d="M2 .8 9 5 2 9.2z"/>'
        f'<path class="rest" d="M1.5 1h2.6v8H1.5zM5.9 1h2.6v8H5.9z"/></svg>{name}</button>'
    )


def pane_html(name: str, side: Side, track: tuple[tuple[float, float, float], ...]) -> str:
    """Gives one recording: its spectrogram in the colours of the feeling with f0 over it, or its waveform."""
    from ..spectrogram import HIGHEST_HZ, LOWEST_HZ

    end = max(1e-3, side.duration_s)
    if side.shade is None:
        return f'<div class="pane {name}">{wave.svg(side.audio, end, "", wave.COLUMNS, "")}</div>'
    style = f"background:{gradient(track, end)};mask-image:url({mask(side.shade)})"
    times, hertz = (values[:: wave.F0_THINNING] for values in (side.times_s, side.f0_hz))
    line = wave.f0_path(times, hertz, end, LOWEST_HZ, HIGHEST_HZ)
    return (
        f'<div class="pane {name}"><div class="shade" style="{style}"></div>'
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" preserveAspectRatio="none" aria-hidden="true">'
        f"{line}</svg></div>"
    )


def gradient(track: tuple[tuple[float, float, float], ...], end: float) -> str:
    """Gives the colours of the feeling from left to right; ink where there is none."""
    if not track:
        return "var(--ink-soft)"
    stops = (
        # Darker, or in the dark lighter, than the page's notes: most of a spectrogram is half transparent.
        f"color-mix(in oklab,{colour} 78%,var(--ink)) {100 * start / end:.2f}% {100 * stop / end:.2f}%"
        for start, stop, colour in stretches(track, end)
    )
    return f"linear-gradient(to right,{','.join(stops)})"


def mask(shade: np.ndarray) -> str:
    """Gives a spectrogram as a PNG as opaque as it is loud, for the page's colours to shine through."""
    import numpy as np
    from PIL import Image

    opacity = Image.fromarray((np.round(shade * SHADES) * (255 / SHADES)).astype(np.uint8))
    file = io.BytesIO()
    Image.merge("LA", (Image.new("L", opacity.size), opacity)).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def ticks_html() -> str:
    """Gives a few frequencies at the left."""
    from ..spectrogram import HIGHEST_HZ, LOWEST_HZ

    octaves = math.log(HIGHEST_HZ / LOWEST_HZ)
    return "".join(
        f'<i class="tick" style="top:{100 * math.log(HIGHEST_HZ / hertz) / octaves:.1f}%" '
        f'aria-hidden="true">{words}</i>'
        for hertz, words in TICKS_HZ.items()
    )


def legend_html(before: Side, after: Side) -> str:
    """Gives the length of both, and between which Hz their f0 moves."""
    key = '<span class="key f0">f0</span>' if before.f0_range_hz or after.f0_range_hz else ""
    sides = (("before", before), ("after", after))
    return key + "".join(f"<span>{name}: {', '.join(facts_of(side))}</span>" for name, side in sides)


def facts_of(side: Side) -> list[str]:
    """Gives between which Hz f0 moves when it is known, and the length."""
    found = side.f0_range_hz
    return [*([f"{found[0]:.0f} to {found[1]:.0f} Hz"] if found else []), f"{side.duration_s:.1f} s"]
