"""A motion that comes in pieces, at another rate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from conditioning.face.motion import FaceMotion, joined


def at_rate(pieces: Iterable[FaceMotion], frame_rate: float) -> Iterator[FaceMotion]:
    """Gives the same movement at another rate, straight between frames, as long as the pieces together.

    Args:
        pieces: of one rate, in order. frame_rate: Hz.
    """
    waiting: FaceMotion | None = None
    first, given = 0, 0  # of the source's frames that wait, and of those that went out
    for piece in pieces:
        if piece.frame_rate == frame_rate:
            yield piece
            continue
        waiting = piece if waiting is None else joined([waiting, piece])
        ready = floor_of((first + len(waiting) - 1) * frame_rate / piece.frame_rate) + 1
        if ready > given:
            yield between(waiting, first, given, ready, frame_rate)
            given = ready
        keep = int(given * piece.frame_rate / frame_rate) - first
        keep = min(max(keep, 0), len(waiting) - 1)
        waiting, first = waiting.between(keep, len(waiting)), first + keep
    if waiting is not None:
        total = -floor_of(-(first + len(waiting)) * frame_rate / waiting.frame_rate)
        if total > given:  # what lies behind the last frame holds it
            yield between(waiting, first, given, total, frame_rate)


def floor_of(value: float) -> int:
    return int(np.floor(value + 1e-9))


def between(waiting: FaceMotion, first: int, start: int, stop: int, frame_rate: float) -> FaceMotion:
    """Gives frames `start` to before `stop` of the new rate; `first` numbers the first that waits."""
    at = np.arange(start, stop) * waiting.frame_rate / frame_rate - first
    at = np.clip(at, 0, len(waiting) - 1)
    low = np.minimum(at.astype(int), max(0, len(waiting) - 2))
    high = np.minimum(low + 1, len(waiting) - 1)
    share = (at - low)[:, None].astype(np.float32)

    def mixed(rows: np.ndarray) -> np.ndarray:
        return (1 - share) * rows[low] + share * rows[high]

    return FaceMotion(mixed(waiting.expression), mixed(waiting.head_pose), mixed(waiting.gaze), frame_rate)
