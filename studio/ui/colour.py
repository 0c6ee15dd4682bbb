"""The colour of a place on the valence-arousal plane: joy amber, anger red, sadness indigo, calm teal.

The same angles and hues as in pad.js, so that the pad, the accent and the piano rolls agree.
"""

from __future__ import annotations

import itertools
import math

# (angle in degrees from pleasant, counter-clockwise; OKLCH hue in degrees), joined by straight lines.
HUES = ((-45.0, 170.0), (45.0, 75.0), (135.0, 25.0), (225.0, -85.0), (315.0, -190.0))


def hue_of(valence: float, arousal: float) -> float:
    """Gives the OKLCH hue in degrees, 0 to 360."""
    angle = math.degrees(math.atan2(arousal, valence))
    if angle < HUES[0][0]:
        angle += 360.0
    for (start, left), (end, right) in itertools.pairwise(HUES):
        if angle <= end:
            return (left + (right - left) * (angle - start) / (end - start)) % 360.0
    return HUES[-1][1] % 360.0


def chroma_of(valence: float, arousal: float) -> float:
    """Gives the OKLCH chroma: nearly grey at neutral, full from a distance of 0.6 on."""
    return 0.035 + 0.1 * min(1.0, math.hypot(valence, arousal) / 0.6)


def css_colour(valence: float, arousal: float) -> str:
    """Gives a CSS colour whose lightness the page sets for light and dark (`--note-l`)."""
    hue = hue_of(valence, arousal)
    # Amber turns to mud where blue is still clear, so it is lifted.
    lift = 0.12 * max(0.0, 1.0 - abs(hue - 92.0) / 58.0)
    return f"oklch(calc(var(--note-l) + {lift:.2f}) {chroma_of(valence, arousal):.3f} {hue:.0f})"
