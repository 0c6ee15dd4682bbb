"""How long a line is said so that it fits its cue: arithmetic on times, no sound.

A line starts at its cue and is never cut. It is said at its natural rate where that fits; else faster, up to a most;
else it takes silence that follows its cue; and what is still too long is said over the cue's end, and named.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from .line import Line
from .options import DubbingOptions

JUST = 0.001  # s; less is not worth a word


@dataclass(frozen=True)
class Room:
    """What is around a line.

    Attributes:
        cue_s: length of the cue.
        silence_s: of the silence after the cue that may be taken.
        next_s: from this line's start to the next one of the same speaker; infinite where there is none.
        next_number: of that line.
        named: conflicts of the cues themselves.
    """

    cue_s: float
    silence_s: float
    next_s: float = float("inf")
    next_number: int = 0
    named: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fit:
    """How a line is said: seconds from first sound to last, of which so many were borrowed, and what is wrong."""

    duration_s: float
    borrowed_s: float
    conflicts: tuple[str, ...] = ()


def fit(natural_s: float, shortest_s: float, room: Room, options: DubbingOptions) -> Fit:
    """Chooses how long a line is said.

    Args:
        natural_s: at its speaker's natural rate. shortest_s: the least that is possible at all.
        room: what is around it.
    """
    hurried_s = min(natural_s, max(natural_s / options.fastest, shortest_s))
    duration_s = min(natural_s, max(hurried_s, room.cue_s))
    beyond_s = max(0.0, duration_s - room.cue_s)
    borrowed_s = min(beyond_s, room.silence_s)
    conflicts = list(room.named)
    if beyond_s - borrowed_s > JUST:
        rate = f"{natural_s / duration_s:.2f} times its natural rate"
        conflicts.append(f"{beyond_s - borrowed_s:.2f} s too long for its cue even at {rate}")
        if duration_s > room.next_s + JUST:
            conflicts.append(f"runs {duration_s - room.next_s:.2f} s into line {room.next_number}")
    return Fit(duration_s, borrowed_s, tuple(conflicts))


def rooms(lines: Sequence[Line], options: DubbingOptions, length_s: float | None = None) -> list[Room]:
    """Gives what is around each line that can be dubbed.

    Args:
        lines: without errors, in any order. length_s: of the film; None where there is none.
    """
    order = sorted(range(len(lines)), key=lambda at: (lines[at].start_s, lines[at].number))
    starts = [lines[at].start_s for at in order]
    covers = covered(lines, order)
    following = next_of_speaker(lines, order)
    found: list[Room] = [Room(0.0, 0.0)] * len(lines)
    before: dict[str, Line] = {}
    for place, at in enumerate(order):
        line, after = lines[at], following[place]
        first = bisect_right(starts, line.end_s - JUST)
        until_s = starts[first] - options.gap_s if first < len(starts) else float("inf")
        if length_s is not None:
            until_s = min(until_s, length_s)
        silent = covers[first] <= line.end_s + JUST  # nobody who began before still speaks
        silence_s = max(0.0, min(options.borrow_s, until_s - line.end_s)) if silent else 0.0
        next_s = after.start_s - line.start_s if after else float("inf")
        named = cue_conflicts(line, before.get(line.speaker), length_s)
        found[at] = Room(line.duration_s, silence_s, next_s, after.number if after else 0, named)
        last = before.get(line.speaker)
        if last is None or line.end_s > last.end_s:
            before[line.speaker] = line
    return found


def covered(lines: Sequence[Line], order: Sequence[int]) -> list[float]:
    """Gives, for every count of lines by start, when the last of them ends."""
    ends = [0.0]
    for at in order:
        ends.append(max(ends[-1], lines[at].end_s))
    return ends


def next_of_speaker(lines: Sequence[Line], order: Sequence[int]) -> list[Line | None]:
    """Gives, for every line by start, the next one of its speaker."""
    coming: dict[str, Line] = {}
    found: list[Line | None] = [None] * len(order)
    for place in reversed(range(len(order))):
        line = lines[order[place]]
        found[place] = coming.get(line.speaker)
        coming[line.speaker] = line
    return found


def cue_conflicts(line: Line, before: Line | None, length_s: float | None) -> tuple[str, ...]:
    """Names what is wrong with a cue itself.

    Args:
        before: of the same speaker's earlier lines the one that ends last.
    """
    named = []
    if before is not None and before.end_s > line.start_s + JUST:
        named.append(f"its cue begins {before.end_s - line.start_s:.2f} s before line {before.number} ends")
    if length_s is not None and line.start_s >= length_s:
        named.append(f"its cue begins after the film ends, at {length_s:.2f} s")
    elif length_s is not None and line.end_s > length_s + JUST:
        named.append(f"its cue ends {line.end_s - length_s:.2f} s after the film")
    return tuple(named)
