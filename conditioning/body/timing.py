"""The same motion at another rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .motion import BodyMotion
from .rotations import between, smooth_signs

if TYPE_CHECKING:
    import numpy as np

FRAMES_AT_ONCE = 20_000


def resampled(motion: BodyMotion, frame_rate: float) -> BodyMotion:
    """Gives a motion at another rate, frame 0 at the same time; rotations by the shorter arc, places by lines.

    Raises:
        ValueError: a rate that is not above 0.
    """
    import numpy as np

    if not frame_rate > 0:
        raise ValueError(f"expected a rate above 0 Hz, got {frame_rate}")
    if abs(frame_rate - motion.frame_rate) < 1e-6 * frame_rate:
        return motion
    last = len(motion) - 1
    count = int(last * frame_rate / motion.frame_rate + 1e-6) + 1
    place = (np.arange(count) * motion.frame_rate / frame_rate).clip(0, last)
    low = place.astype(np.int64).clip(0, max(last - 1, 0))
    high, share = np.minimum(low + 1, last), (place - low)
    turns = np.empty((count, *motion.rotations.shape[1:]), np.float32)
    for start in range(0, count, FRAMES_AT_ONCE):
        part = slice(start, start + FRAMES_AT_ONCE)
        turns[part] = mixed(motion.rotations, low[part], high[part], share[part])
    way = share[:, None].astype(np.float32)
    root = motion.root[low] * (1 - way) + motion.root[high] * way
    return BodyMotion(smooth_signs(turns), root.astype(np.float32), frame_rate)


def mixed(turns: np.ndarray, low: np.ndarray, high: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Gives the turns between frames: (T, J, 4), (N,), (N,), (N,) -> (N, J, 4)."""
    return between(turns[low].astype("float64"), turns[high].astype("float64"), share[:, None])
