"""Rotations as quaternions w, x, y, z, and as the six numbers that networks learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .skeleton import NUM_JOINTS, OFFSETS, PARENTS

if TYPE_CHECKING:
    import numpy as np


def multiplied(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(..., 4), (..., 4) -> (..., 4): first b, then a."""
    import numpy as np

    (aw, ax, ay, az), (bw, bx, by, bz) = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        -1,
    )


def inverted(q: np.ndarray) -> np.ndarray:
    """(..., 4) -> (..., 4)"""
    import numpy as np

    return q * np.array([1, -1, -1, -1], q.dtype)


def turned(q: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Turns vectors: (..., 4), (..., 3) -> (..., 3)."""
    import numpy as np

    twice = 2 * np.cross(q[..., 1:], v)
    return v + q[..., :1] * twice + np.cross(q[..., 1:], twice)


def normalised(q: np.ndarray) -> np.ndarray:
    """(..., 4) -> (..., 4) of length 1."""
    import numpy as np

    return q / np.maximum(np.linalg.norm(q, axis=-1, keepdims=True), 1e-9)


def smooth_signs(q: np.ndarray) -> np.ndarray:
    """The same rotations over time without jumps of sign, w >= 0 at the start. (T, ..., 4)"""
    import numpy as np

    first = np.where(q[:1, ..., :1] < 0, -1.0, 1.0)
    flips = np.where((q[1:] * q[:-1]).sum(-1, keepdims=True) < 0, -1.0, 1.0)
    return q * np.cumprod(np.concatenate([first, flips]), axis=0).astype(q.dtype)


def about(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Rotations by angles in radians about unit axes: (..., 3), (...) -> (..., 4)."""
    import numpy as np

    half = np.asarray(angle)[..., None] / 2
    return np.concatenate([np.cos(half), np.sin(half) * axis], -1)


def arc(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The shortest rotation that turns directions a to b: (..., 3), (..., 3) -> (..., 4)."""
    import numpy as np

    a = a / np.maximum(np.linalg.norm(a, axis=-1, keepdims=True), 1e-9)
    b = b / np.maximum(np.linalg.norm(b, axis=-1, keepdims=True), 1e-9)
    return normalised(np.concatenate([1 + (a * b).sum(-1, keepdims=True) + 1e-9, np.cross(a, b)], -1))


def between(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Part of the way from a to b by the shorter arc: (..., 4), (..., 4), (...) -> (..., 4).

    Source: Shoemake 1985, "Animating rotation with quaternion curves".
    """
    import numpy as np

    dot = (a * b).sum(-1, keepdims=True)
    b = np.where(dot < 0, -b, b)
    angle = np.arccos(np.abs(dot).clip(0, 1))
    share = np.asarray(share)[..., None]
    small = angle < 1e-4
    size = np.where(small, 1.0, np.sin(angle))
    one, other = np.sin((1 - share) * angle) / size, np.sin(share * angle) / size
    return normalised(np.where(small, (1 - share) * a + share * b, one * a + other * b))


def matrices(q: np.ndarray) -> np.ndarray:
    """(..., 4) -> (..., 3, 3)"""
    import numpy as np

    w, x, y, z = np.moveaxis(q, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def quaternions(m: np.ndarray) -> np.ndarray:
    """(..., 3, 3) rotation matrices -> (..., 4).

    Source: Bar-Itzhack 2000, "New method for extracting the quaternion from a rotation matrix", by the largest
    of four candidates.
    """
    import numpy as np

    d = np.stack([m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]], -1)
    w = 1 + d.sum(-1)
    x, y, z = (1 + 2 * d[..., i] - d.sum(-1) for i in range(3))
    a, b, c = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    e, f, g = m[..., 1, 0] + m[..., 0, 1], m[..., 0, 2] + m[..., 2, 0], m[..., 2, 1] + m[..., 1, 2]
    rows = np.stack(
        [
            np.stack([w, a, b, c], -1),
            np.stack([a, x, e, f], -1),
            np.stack([b, e, y, g], -1),
            np.stack([c, f, g, z], -1),
        ],
        -2,
    )
    best = np.stack([w, x, y, z], -1).argmax(-1)
    return normalised(np.take_along_axis(rows, best[..., None, None], -2)[..., 0, :])


def six_of(q: np.ndarray) -> np.ndarray:
    """(..., 4) -> (..., 6): the first two columns of the matrix.

    Source: Zhou et al. 2019, "On the continuity of rotation representations in neural networks", section 4.2.
    """
    import numpy as np

    m = matrices(q)
    return np.concatenate([m[..., 0], m[..., 1]], -1)


def from_six(six: np.ndarray) -> np.ndarray:
    """(..., 6) -> (..., 4), made a rotation by Gram and Schmidt; as `six_of`."""
    import numpy as np

    def unit(v: np.ndarray) -> np.ndarray:
        return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)

    first = unit(six[..., :3])
    second = unit(six[..., 3:] - (first * six[..., 3:]).sum(-1, keepdims=True) * first)
    return quaternions(np.stack([first, second, np.cross(first, second)], -1))


def placed(
    rotations: np.ndarray,
    root: np.ndarray,
    offsets: np.ndarray | None = None,
    parents: tuple[int, ...] = PARENTS,
) -> tuple[np.ndarray, np.ndarray]:
    """Forward kinematics.

    Args:
        rotations: (T, J, 4) local. root: (T, 3). offsets: (J, 3) in cm, those of our skeleton when None.
        parents: of each joint, always before it; -1 of the root.

    Returns:
        positions (T, J, 3), rotations in the world (T, J, 4)
    """
    import numpy as np

    offsets = np.array(OFFSETS if offsets is None else offsets, np.float64)
    count = len(parents) if parents is not PARENTS else NUM_JOINTS
    places: list[np.ndarray] = []
    turns: list[np.ndarray] = []
    for joint in range(count):
        parent = parents[joint]
        if parent < 0:
            places.append(np.asarray(root, np.float64))
            turns.append(rotations[:, joint].astype(np.float64))
            continue
        turns.append(multiplied(turns[parent], rotations[:, joint]))
        places.append(places[parent] + turned(turns[parent], offsets[joint]))
    return np.stack(places, 1), np.stack(turns, 1)
