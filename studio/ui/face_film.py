"""How a talking portrait looks: a film, with how far the mouth is open drawn below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import film
from .track import HEIGHT, MOST_POINTS, WIDTH

if TYPE_CHECKING:
    from generators.media import Portrait

NOTHING_YET = "Your portrait appears here."
DOWNLOADS, SLOW = film.offered("Portrait"), film.offered("Portrait", film.LATER)
facts, thumbnail_svg = film.facts, film.thumbnail_svg
FULL = 0.7  # of jawOpen; people hardly speak with more


def picture_html(portrait: Portrait, label: str) -> str:
    """Gives the strip of a film with the mouth below."""
    key = '<span class="key mouth">mouth open</span>'
    return film.picture_html(portrait, label, mouth_shape(portrait), key)


def mouth_shape(portrait: Portrait) -> str:
    """Draws how far the mouth is open over time."""
    import numpy as np

    opened = portrait.motion.coefficient("jawOpen")
    count = min(len(opened), MOST_POINTS)
    places = np.linspace(0, len(opened), count, endpoint=False).astype(int)
    heights = opened[places].clip(0, FULL) / FULL
    end = portrait.motion.duration_s / max(1e-3, portrait.duration_s)
    at = (np.arange(count) + 0.5) / count * WIDTH * end
    points = "L".join(
        f"{x:.1f} {HEIGHT * (1 - y):.1f}" for x, y in zip(at.tolist(), heights.tolist(), strict=True)
    )
    return f'<path class="mouth" d="M0 {HEIGHT:g}L{points}L{WIDTH * end:.1f} {HEIGHT:g}z"/>'
