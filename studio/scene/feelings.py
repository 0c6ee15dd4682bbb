"""One feeling over a whole scene, and what of it falls to each line: curves put together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from conditioning.curve_parts import LEAST, at, until

if TYPE_CHECKING:
    from conditioning import Emotion, EmotionCurve

# A feeling changes from one line to the next within so many seconds at least.
TURN_S = 0.3


def together(whole: EmotionCurve, lines: Iterable[tuple[float, float, EmotionCurve | None]]) -> EmotionCurve:
    """Gives the curve of a scene in which single lines feel something of their own.

    Args:
        whole: over the scene's seconds.
        lines: (start, end, feeling from the line's start or None), one after another.
    """
    from conditioning import EmotionCurve

    rows = [(start, end, own) for start, end, own in lines if own is not None]
    if not rows:
        return whole
    frames: dict[float, Emotion] = {}
    free = [(time, emotion) for time, emotion in whole.keyframes if not inside(time, rows)]
    frames |= {round(time, 3): emotion for time, emotion in free}
    for number, (start, end, own) in enumerate(rows):
        before = rows[number - 1][1] if number else -TURN_S
        after = rows[number + 1][0] if number + 1 < len(rows) else end + 2 * TURN_S
        if start - before > 2 * TURN_S or (not number and start > TURN_S):
            frames.setdefault(round(max(0.0, start - TURN_S), 3), at(whole, max(0.0, start - TURN_S)))
        inner = until(own, end - start).keyframes
        frames |= {round(start + time, 3): emotion for time, emotion in inner}
        frames[round(end, 3)] = inner[-1][1]
        if after - end > 2 * TURN_S - LEAST:
            frames.setdefault(round(end + TURN_S, 3), at(whole, end + TURN_S))
    return EmotionCurve(tuple(sorted(frames.items(), key=lambda row: row[0])))


def inside(time_s: float, rows: Iterable[tuple[float, float, object]]) -> bool:
    """Says whether a time lies in a line, or in the turn before or after it."""
    return any(start - TURN_S < time_s < end + TURN_S for start, end, _ in rows)
