"""Rotations as three angles about axes in turn, of any order, without jumps from frame to frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rotations import about, matrices, multiplied, normalised

if TYPE_CHECKING:
    import numpy as np

AXES = "XYZ"
# Nearer than this to the angle at which the outer axes fall together, only their sum is known.
LOCKED = 1e-5


def from_angles(angles: np.ndarray, order: str) -> np.ndarray:
    """Turns angles in degrees into quaternions: (..., len(order)) -> (..., 4).

    Args:
        order: of the axes as a BVH's channels name them, as "ZXY": R = Rz Rx Ry; any number of axes.
    """
    import numpy as np

    axes = np.eye(3)
    result = np.zeros((*angles.shape[:-1], 4))
    result[..., 0] = 1
    for at, letter in enumerate(order):
        turn = about(axes[AXES.index(letter)], np.radians(angles[..., at].astype(np.float64)))
        result = multiplied(result, turn)
    return result


def to_angles(q: np.ndarray, order: str = "ZXY") -> np.ndarray:
    """Turns quaternions into angles in degrees that never jump: (T, ..., 4) -> (T, ..., 3).

    Every rotation has two triples of angles, each of them again with whole turns added; of these the one nearest
    to the frame before is taken. A joint at rest has angles near 0.

    Args:
        order: of three different axes, as "ZXY".

    Source: Shoemake 1994, "Euler angle conversion", Graphics Gems IV.
    """
    import numpy as np

    i, j, k = (AXES.index(letter) for letter in order)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    m = matrices(normalised(q.astype(np.float64)))
    middle = np.arctan2(sign * m[..., i, k], np.hypot(m[..., i, i], m[..., i, j]))
    free = np.hypot(m[..., i, i], m[..., i, j]) > LOCKED
    first = np.where(free, np.arctan2(-sign * m[..., j, k], m[..., k, k]), 0.0)
    last = np.where(free, np.arctan2(-sign * m[..., i, j], m[..., i, i]), 0.0)
    last = np.where(free, last, np.arctan2(sign * m[..., j, i], m[..., j, j]))
    angles = np.stack([first, middle, last], -1)
    angles = filled(angles, free, sign)
    other = np.stack([angles[..., 0] + np.pi, np.pi - angles[..., 1], angles[..., 2] + np.pi], -1)
    stay, cross = apart(angles[1:], angles[:-1]), apart(angles[1:], other[:-1])
    first_kept = np.zeros((1, *stay.shape[1:]), bool)
    swaps = np.cumsum(np.concatenate([first_kept, cross < stay]), axis=0) % 2 == 1
    return np.degrees(np.unwrap(np.where(swaps[..., None], other, angles), axis=0))


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How far two triples are from one another, whole turns aside. (..., 3), (..., 3) -> (...)"""
    import numpy as np

    gap = (a - b + np.pi) % (2 * np.pi) - np.pi
    return (gap**2).sum(-1)


def filled(angles: np.ndarray, free: np.ndarray, sign: float) -> np.ndarray:
    """Where the outer axes fall together, keeps the first angle of the frame before and gives the last the rest."""
    import numpy as np

    if free.all():
        return angles
    count = len(angles)
    line = np.arange(count).reshape(-1, *[1] * (free.ndim - 1))
    known = np.maximum.accumulate(np.where(free, line, -1), axis=0)
    kept = np.take_along_axis(angles[..., 0], known.clip(0), axis=0)
    first = np.where(known >= 0, kept, 0.0)
    # At the pole only last + or - first counts; `last` holds that sum, first being 0 there.
    last = np.where(free, angles[..., 2], angles[..., 2] - sign * np.sign(angles[..., 1]) * first)
    return np.stack([np.where(free, angles[..., 0], first), angles[..., 1], last], -1)
