"""How a moving body looks: its player, how fast its hands are below, words above, and poses as a small picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import film
from .track import HEIGHT, MOST_POINTS, WIDTH, curve_lines, words_above

if TYPE_CHECKING:
    from generators.media import Motion

NOTHING_YET = "Your gestures appear here."
DOWNLOADS = film.offered("Motion", (".glb", ".bvh", ".npz", ".csv", ".json", ".srt", ".png"))
SLOW = film.offered("Motion", (".mp4", ".webm", ".gif", ".webp"))
TILE_POSES, POSE_SIZE = 3, (144, 168)


def picture_html(motion: Motion, label: str) -> str:
    """Gives the hands' speed over time with words above; picture.js moves the playhead with the player."""
    end = max(1e-3, motion.duration_s)
    hands, fastest = speed_shape(motion)
    curve = curve_lines(motion.emotion_track, end)
    legend = f'<span class="key hands">speed of the hands, up to {fastest:.1f} m/s</span>'
    if curve:
        legend += '<span class="key valence">valence</span><span class="key arousal">arousal</span>'
    words = words_above(motion.marks, end)
    ruler = f'<div class="ruler" aria-hidden="true">{words}</div>' if words else ""
    kind = "strip-of-film" if words else "strip-of-film wordless"
    return (
        f'<div class="picture {kind}" data-duration="{end:.3f}">{ruler}'
        f"{film.graph(motion, end, hands + curve)}"
        '<div class="playhead" aria-hidden="true"></div></div>'
        f'<p class="legend">{legend}</p>'
    )


def speed_shape(motion: Motion) -> tuple[str, float]:
    """Draws how fast the faster hand is over time; gives its greatest speed too, m/s."""
    import numpy as np

    from ..body_picture import HANDS, LEAST_SPEED, speeds

    found = np.max([speeds(motion.motion, joint) for _, joint, _, _ in HANDS], axis=0)
    fastest = float(found.max())
    edges = np.linspace(0, len(found), min(len(found), MOST_POINTS), endpoint=False).astype(int)
    heights = np.maximum.reduceat(found, edges) / max(LEAST_SPEED, fastest)
    across = np.linspace(0, WIDTH, len(edges))
    points = "L".join(
        f"{x:.1f} {HEIGHT * (1 - 0.92 * y):.1f}"
        for x, y in zip(across.tolist(), heights.tolist(), strict=True)
    )
    return f'<path class="hands" d="M0 {HEIGHT:g}L{points}L{WIDTH:g} {HEIGHT:g}z"/>', fastest


def thumbnail_svg(motion: Motion) -> str:
    """Gives a few poses beside one another, and the colours of the feeling beneath."""
    from ..body_film.renderer import BodyRenderer
    from ..body_picture import BESIDE
    from ..film_picture import spread

    renderer = BodyRenderer(motion.motion, motion.emotion_track, size=POSE_SIZE, beside=BESIDE)
    stills = renderer.stills(spread(len(motion.motion), TILE_POSES))
    addresses = [film.jpeg(still) for still in stills]
    return film.tile_svg(addresses, motion.emotion_track, max(1e-3, motion.duration_s))


def facts(motion: Motion) -> str:
    """Gives one line: length, words, rate."""
    words = len(motion.marks_of("word"))
    parts = [f"{motion.duration_s:.1f} s", *([f"{words} words"] if words else [])]
    parts.append(f"{motion.motion.frame_rate:.4g} frames a second")
    return " · ".join([*parts, *([] if motion.has_sound else ["silent"])])
