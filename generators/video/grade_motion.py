"""When every frame of a graded film is seen: a tempo that changes smoothly, and the frames that fall to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np


class Retiming:
    """Times of the source by times of the result.

    Args:
        tempo: (K,) how many times faster, above 0, every `step_s` of the source from its start.
        step_s: seconds.

    The tempo lies straight between its values in its inverse, so that times are exact where it changes, and
    is held before and after.
    """

    def __init__(self, tempo: np.ndarray, step_s: float) -> None:
        slow = 1 / np.asarray(tempo, float)
        self.source_s = np.arange(len(slow)) * step_s
        lengths = (slow[1:] + slow[:-1]) / 2 * step_s
        self.result_s = np.concatenate([[0.0], np.cumsum(lengths)])
        self.first, self.last = float(slow[0]), float(slow[-1])

    def to_source(self, result_s: np.ndarray) -> np.ndarray:
        """Gives the times of the source that are seen at times of the result, in seconds."""
        found = np.interp(result_s, self.result_s, self.source_s)
        beyond = np.maximum(np.asarray(result_s) - self.result_s[-1], 0.0)
        return found + beyond / self.last

    def to_result(self, source_s: np.ndarray) -> np.ndarray:
        """Gives when times of the source are seen, in seconds."""
        found = np.interp(source_s, self.source_s, self.result_s)
        return found + np.maximum(np.asarray(source_s) - self.source_s[-1], 0.0) * self.last


def retimed(
    frames: Iterable[np.ndarray], frame_rate: float, retiming: Retiming | None
) -> Iterator[tuple[np.ndarray, float]]:
    """Gives the frames of the result, each with its time in the source in seconds.

    A frame is the source's nearest: blending two would give every moving edge a double, and since the
    share changes from frame to frame, it would pulse between sharp and soft.

    Args:
        frames: of the source, (H, W, 3), in order, at an even rate in Hz, which is the result's too.
        retiming: None keeps the time.
    """
    asked = 0
    for number, frame in enumerate(frames):
        if retiming is None:
            yield frame, number / frame_rate
            continue
        while True:
            time_s = float(retiming.to_source(np.array(asked / frame_rate)))
            if round(time_s * frame_rate) > number:
                break
            yield frame, time_s
            asked += 1
