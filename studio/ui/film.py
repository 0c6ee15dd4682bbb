"""How a film looks: frames of it in a strip as long as it takes, the feeling below, words above."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

from ..formats import FORMATS
from .track import HEIGHT, WIDTH, curve_lines, stretches, strip, words_above

if TYPE_CHECKING:
    import numpy as np

    from generators.media import Media, Video

# Of the strip; each is cut to its part of the width, whatever that is on a screen.
STILLS, STILL_SIDE = 10, 160
TILE_STILLS, TILE = 3, (300.0, 116.0)
QUALITY = 82
NOTHING_YET = "Your film appears here."
# The page writes what it offers beforehand, one after another; what takes long only when somebody asks.
OFFERED = (".mp4", ".csv", ".json", ".srt", ".wav", ".png")
LATER = (".webm", ".gif", ".webp", ".zip", ".glb")


def offered(medium: str, among: tuple[str, ...] = OFFERED) -> tuple[str, ...]:
    """Gives the suffixes that are offered of a class of films."""
    known = next(row for kind, row in FORMATS.items() if kind.__name__ == medium)
    return tuple(suffix for suffix in among if suffix in known.suffixes)


DOWNLOADS, SLOW = offered("Video"), offered("Video", LATER)


def picture_html(video: Video, label: str, over: str = "", keys: str = "") -> str:
    """Gives the strip with words above and a legend below; picture.js moves the playhead with the film.

    Args:
        over: more lines, in the units of `track`. keys: what the legend says of them.
    """
    end = max(1e-3, video.duration_s)
    curve = curve_lines(video.emotion_track, end) + over
    legend = keys
    if curve != over:
        legend += '<span class="key valence">valence</span><span class="key arousal">arousal</span>'
    words = words_above(video.marks, end)
    ruler = f'<div class="ruler" aria-hidden="true">{words}</div>' if words else ""
    pictures = "".join(f'<img src="{source}" alt="">' for source in sources(video, STILLS, STILL_SIDE))
    kind = "strip-of-film" if words else "strip-of-film wordless"
    return (
        f'<div class="picture {kind}" data-duration="{end:.3f}">{ruler}'
        f'<div class="stills" role="img" aria-label="{escape(label)}">{pictures}</div>'
        f"{graph(video, end, curve)}"
        '<div class="playhead" aria-hidden="true"></div></div>'
        f'<p class="legend">{legend}</p>'
    )


def thumbnail_svg(video: Video) -> str:
    """Gives a few frames beside one another, and the colours of the feeling beneath."""
    return tile_svg(sources(video, TILE_STILLS, STILL_SIDE), video.emotion_track, max(1e-3, video.duration_s))


def tile_svg(found: list[str], track: tuple[tuple[float, float, float], ...], end: float) -> str:
    """Gives pictures, by their addresses, beside one another, and the colours of a feeling beneath."""
    wide, high = TILE[0] / len(found), TILE[1]
    parts = [
        f'<image x="{place * wide:.1f}" y="0" width="{wide:.1f}" height="{high:g}" '
        f'preserveAspectRatio="xMidYMid slice" href="{source}"/>'
        for place, source in enumerate(found)
    ]
    across = TILE[0] / end
    parts += [
        f'<rect x="{across * start:.1f}" y="{high + 1:g}" width="{across * (stop - start):.1f}" height="4" '
        f'style="fill:{colour}"/>'
        for start, stop, colour in stretches(track, end)
    ]
    return (
        f'<svg viewBox="0 0 {TILE[0]:g} {high + 5:g}" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )


def facts(video: Video) -> str:
    """Gives one line: length, words, size, rate."""
    words = len(video.marks_of("word"))
    parts = [f"{video.duration_s:.1f} s", *([f"{words} words"] if words else [])]
    parts += [f"{video.width} × {video.height}", f"{video.frame_rate:.4g} frames a second"]
    return " · ".join([*parts, *([] if video.has_sound else ["silent"])])


def graph(video: Media, end: float, lines: str) -> str:
    """Draws lines over time, where there are any, and below them the colours of the feeling as a band."""
    box = 'preserveAspectRatio="none" aria-hidden="true"'
    grid = f'<path class="grid" d="M0 {HEIGHT / 2:g}H{WIDTH:g}"/>'
    whole = f"0 0 {WIDTH:g} {HEIGHT:g}"
    drawn = f'<svg viewBox="{whole}" class="lines" {box}>{grid}{lines}</svg>' if lines else ""
    band = strip(video.emotion_track, end)
    return f'{drawn}<svg viewBox="0 {HEIGHT + 8:g} {WIDTH:g} 6" class="band" {box}>{band}</svg>'


def sources(video: Video, count: int, side: int) -> list[str]:
    """Gives frames at even distances as JPEG addresses."""
    from ..film_picture import spread

    return [jpeg(pixels) for pixels in video.stills(spread(video.num_frames, count), largest=side)]


def jpeg(pixels: np.ndarray) -> str:
    """Gives (H, W, 3) uint8 as the address of itself."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
