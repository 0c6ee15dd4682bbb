"""Where the film's own sound gives way, and how quickly: one curve over the whole film from stretches of time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Stretch = tuple[float, float]


def merged(stretches: Iterable[Stretch], nearer_s: float) -> list[Stretch]:
    """Gives stretches in order, joined where less than `nearer_s` lies between them."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start - found[-1][1] < nearer_s:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


class Gate:
    """How far something has given way at each sample: 1 within the stretches, 0 away from them.

    Args:
        stretches: (start_s, end_s) each.
        sample_rate: Hz.
        attack_s: before a stretch in which it opens. release_s: after one in which it closes. Neighbours without
            room for both and for `hold_s` between them become one: a level that rises between two words pumps.
    """

    def __init__(
        self,
        stretches: Iterable[Stretch],
        sample_rate: int,
        attack_s: float,
        release_s: float,
        hold_s: float = 0.0,
    ) -> None:
        import numpy as np

        nearer_s = attack_s + release_s + hold_s
        self.stretches = merged(stretches, nearer_s)
        edges = [(start - attack_s, start, end, end + release_s) for start, end in self.stretches]
        self.times = np.array(edges, np.float64).reshape(-1) * sample_rate
        self.heights = np.tile([0.0, 1.0, 1.0, 0.0], len(edges))

    def at(self, start: int, count: int) -> np.ndarray | None:
        """Gives the curve over so many samples from one on, (count,) 0..1; None where it is 0 all along."""
        import numpy as np

        first = int(np.searchsorted(self.times, start, side="right")) - 1
        last = int(np.searchsorted(self.times, start + count, side="left")) + 1
        near = slice(max(0, first), last)
        times, heights = self.times[near], self.heights[near]
        if not len(times) or not heights.any():
            return None
        found = np.interp(np.arange(start, start + count), times, heights).astype(np.float32)
        return found if found.any() else None
