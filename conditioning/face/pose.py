"""Turning a head: R = Ry(yaw) Rx(-pitch) Rz(roll), with the axes and signs of `motion.FaceMotion`."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def rotations(angles: Tensor) -> Tensor:
    """(..., 3) yaw, pitch, roll in radians -> (..., 3, 3)."""
    yaw, pitch, roll = angles.unbind(-1)
    cy, sy, cp, sp, cr, sr = yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin(), roll.cos(), roll.sin()
    # Written out: Rx(-pitch) has sin(-pitch) = -sp.
    rows = [
        [cy * cr - sy * sp * sr, -cy * sr - sy * sp * cr, sy * cp],
        [cp * sr, cp * cr, sp],
        [-sy * cr - cy * sp * sr, sy * sr - cy * sp * cr, cy * cp],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def rotation(angles: np.ndarray) -> np.ndarray:
    """(3,) yaw, pitch, roll in radians -> (3, 3)."""
    return rotations(torch.as_tensor(np.asarray(angles, np.float64))).numpy()


def angles_of(matrix: np.ndarray) -> np.ndarray:
    """(3, 3) -> (3,) yaw, pitch, roll in radians; pitch within a quarter turn."""
    yaw = np.arctan2(matrix[0, 2], matrix[2, 2])
    pitch = np.arcsin(np.clip(matrix[1, 2], -1, 1))
    return np.array([yaw, pitch, np.arctan2(matrix[1, 0], matrix[1, 1])])


def small_turn(vector: np.ndarray) -> np.ndarray:
    """(3,) axis times angle in radians -> (3, 3), by Rodrigues' formula."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
