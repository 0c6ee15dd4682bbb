"""What the looks of media share: the feeling over time in colours and as curves, and words at their places.

All is drawn in one box of SVG units, from the start of the medium to its end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from .colour import css_colour

if TYPE_CHECKING:
    from generators.media import Mark

WIDTH, HEIGHT = 1000.0, 240.0
MOST_POINTS = 500
# Words are told apart up to this many characters in a row above the picture; of more, some are left out.
MOST_CHARACTERS = 110


def stretches(track: Sequence[tuple[float, float, float]], end: float) -> list[tuple[float, float, str]]:
    """Gives (start, end, colour) of each stretch of one colour."""
    starts, colours = [0.0], [css_colour(0.0, 0.0)]
    for number, (time, valence, arousal) in enumerate(track):
        colour = css_colour(round(valence, 2), round(arousal, 2))
        if number == 0:
            colours[0] = colour
        elif colour != colours[-1] and time < end:
            starts.append(time)
            colours.append(colour)
    return list(zip(starts, [*starts[1:], end], colours, strict=True))


def strip(track: Sequence[tuple[float, float, float]], end: float) -> str:
    """Draws the colours of the feeling as a band beneath the picture."""
    return "".join(
        f'<rect x="{WIDTH * start / end:.1f}" y="{HEIGHT + 8:g}" width="{WIDTH * (stop - start) / end:.1f}" '
        f'height="6" style="fill:{colour}"/>'
        for start, stop, colour in stretches(track, end)
    )


def curve_lines(track: Sequence[tuple[float, float, float]], end: float) -> str:
    """Draws valence and arousal over time, from -1 at the bottom to 1 at the top, when they move."""
    if len({(valence, arousal) for _, valence, arousal in track}) < 2:
        return ""
    lines = []
    track = track[:: max(1, len(track) // MOST_POINTS)]
    for axis, name in ((1, "valence"), (2, "arousal")):
        points = [(WIDTH * row[0] / end, HEIGHT / 2 * (1 - row[axis])) for row in track]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in [*points, (WIDTH, points[-1][1])])
        lines.append(f'<path class="line {name}" d="M{path}"/>')
    return "".join(lines)


def words_above(marks: Iterable[Mark], end: float) -> str:
    """Gives the words among marks at their places; of many only some, so that they stay readable."""
    words = [mark for mark in marks if mark.kind == "word" and mark.text]
    characters = sum(len(mark.text) + 2 for mark in words)
    step = max(1, math.ceil(characters / MOST_CHARACTERS))
    return "".join(
        f'<span style="left:{100 * mark.start_s / end:.2f}%">{escape(mark.text)}</span>'
        for mark in words[::step]
    )
