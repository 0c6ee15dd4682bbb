"""When each line of a scene is said, and when the picture changes from one speaker to the next."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

# How much of a pause excitement takes away, and calm adds.
HASTE = 0.5
SHORTEST_S, LONGEST_S = 0.12, 4.0
# Somebody who goes on takes a shorter breath than somebody who answers.
SAME_SPEAKER = 0.7
# The next speaker is seen this long before the first word, and at most this share of the pause.
EARLY_S, EARLY = 0.35, 0.6
# Of how much faster than it would be a line with a cue may be said.
FASTEST = 1.25


@dataclass(frozen=True)
class Placed:
    """A line in time.

    Attributes:
        start_s: of its sound, whose first moment may be silent. length_s: of its sound.
    """

    start_s: float
    length_s: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.length_s


def pause_before(usual_s: float, arousal: float, *, same: bool, asked_s: float = 0.0) -> float:
    """Gives the silence between two lines in s.

    Args:
        usual_s: between two people who are neither excited nor calm. arousal: at the end of the line before.
        same: whether the same person goes on. asked_s: what the script adds.
    """
    pause = usual_s * (1 - HASTE * max(-1.0, min(1.0, arousal))) * (SAME_SPEAKER if same else 1.0)
    return min(LONGEST_S, max(SHORTEST_S if usual_s else 0.0, pause)) + asked_s


def cuts(placed: Sequence[Placed], end_s: float, frame_rate: float) -> list[tuple[int, int]]:
    """Gives the first frame of each line's shot, and the one after its last; together they fill the film.

    Args:
        placed: one after another. end_s: of the film.
    """
    edges = [0]
    for before, after in itertools.pairwise(placed):
        pause = max(0.0, after.start_s - before.end_s)
        edges.append(max(edges[-1] + 1, round((after.start_s - min(EARLY_S, EARLY * pause)) * frame_rate)))
    edges.append(max(edges[-1] + 1, round(end_s * frame_rate)))
    return list(itertools.pairwise(edges))
