"""A moving body as rows of numbers for a network, and back.

A row does not say where the body stands or which way it faces: turning and walking are velocities, so that a
movement is the same wherever it is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import (
    about,
    from_six,
    multiplied,
    placed,
    six_of,
    smooth_signs,
    turned,
)
from conditioning.body.skeleton import INDEX, NUM_JOINTS, OFFSETS

FRAME_RATE = 30.0  # Hz
SIX = slice(0, 6 * NUM_JOINTS)  # the pelvis's without its heading
HEIGHT = SIX.stop  # of the pelvis, in units of `HEIGHT_CM` from its height at rest
PLANAR = slice(HEIGHT + 1, HEIGHT + 3)  # velocity to the left and forwards, in m/s
YAW = HEIGHT + 3  # rad/s
CONTACTS = slice(HEIGHT + 4, HEIGHT + 8)  # of left ankle, left foot, right ankle, right foot: 0 or 1
WIDTH = CONTACTS.stop
HEIGHT_CM = 10.0
FEET = tuple(INDEX[name] for name in ("left_ankle", "left_foot", "right_ankle", "right_foot"))
# A foot stands where it is about as low as at rest and hardly moves.
LOW_CM, SLOW_CM_S = 5.0, 22.0
UP = np.array([0.0, 1.0, 0.0])
FORWARD = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Start:
    """Where a body is when its first row begins.

    Attributes:
        x_cm, z_cm: of the pelvis. heading: radians to the left of +z.
    """

    x_cm: float = 0.0
    z_cm: float = 0.0
    heading: float = 0.0


def headings(pelvis: np.ndarray) -> np.ndarray:
    """Which way a pelvis faces on the floor, in radians without jumps. (T, 4) -> (T,)"""
    ahead = turned(pelvis, np.broadcast_to(FORWARD, (len(pelvis), 3)))
    return np.unwrap(np.arctan2(ahead[:, 0], ahead[:, 2]))


def frames_of(motion: BodyMotion) -> np.ndarray:
    """Gives a motion of 30 frames a second as rows. (T, 140) float32"""
    rotations = motion.rotations.astype(np.float64)
    heading = headings(rotations[:, 0])
    rotations[:, 0] = multiplied(about(UP, -heading), rotations[:, 0])
    steps = np.diff(motion.root.astype(np.float64), axis=0) * FRAME_RATE
    steps = np.concatenate([steps, steps[-1:] if len(steps) else np.zeros((1, 3))])
    planar = turned(about(UP, -heading), steps)
    turning = np.diff(heading) * FRAME_RATE
    turning = np.concatenate([turning, turning[-1:] if len(turning) else np.zeros(1)])
    out = np.zeros((len(motion), WIDTH), np.float32)
    out[:, SIX] = six_of(rotations).reshape(len(motion), -1)
    out[:, HEIGHT] = (motion.root[:, 1] - OFFSETS[0][1]) / HEIGHT_CM
    out[:, PLANAR] = planar[:, [0, 2]] / 100
    out[:, YAW] = turning
    out[:, CONTACTS] = contacts_of(motion)
    return out


def contacts_of(motion: BodyMotion) -> np.ndarray:
    """Whether ankles and feet stand, (T, 4) float32 of 0 and 1, as `CONTACTS`."""
    places, _ = placed(motion.rotations, motion.root)
    feet = places[:, FEET]
    speed = np.linalg.norm(np.gradient(feet, axis=0), axis=-1) * motion.frame_rate if len(motion) > 1 else 0
    # Against the lowest that they come, for bodies that were not measured on our floor.
    low = feet[..., 1] < np.quantile(feet[..., 1], 0.05, axis=0) + LOW_CM
    return (low & (speed < SLOW_CM_S)).astype(np.float32)


def motion_of(frames: np.ndarray, start: Start | None = None) -> tuple[BodyMotion, Start]:
    """Gives rows as a motion, and where the row after the last begins.

    Args:
        frames: (T, 140), rotations need not be orthonormal.
    """
    start = start or Start()
    frames = np.asarray(frames, np.float64)
    heading = start.heading + np.concatenate([[0.0], np.cumsum(frames[:, YAW]) / FRAME_RATE])
    rotations = from_six(frames[:, SIX].reshape(len(frames), NUM_JOINTS, 6))
    rotations[:, 0] = multiplied(about(UP, heading[:-1]), rotations[:, 0])
    steps = np.zeros((len(frames), 3))
    steps[:, [0, 2]] = 100 * frames[:, PLANAR] / FRAME_RATE
    steps = turned(about(UP, heading[:-1]), steps)
    way = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    root = way[:-1] + np.array([start.x_cm, 0, start.z_cm])
    root[:, 1] = OFFSETS[0][1] + HEIGHT_CM * frames[:, HEIGHT]
    end = Start(start.x_cm + float(way[-1, 0]), start.z_cm + float(way[-1, 2]), float(heading[-1]))
    made = BodyMotion(smooth_signs(rotations).astype(np.float32), root.astype(np.float32), FRAME_RATE)
    return made, end


def logarithm(q: np.ndarray) -> np.ndarray:
    """Rotations as axis times angle, the shorter way. (..., 4) -> (..., 3)

    Source: Grassia 1998, "Practical parameterization of rotations using the exponential map", section 3.
    """
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[..., :1])
    return q[..., 1:] * np.where(sine < 1e-6, 2.0, angle / np.maximum(sine, 1e-6))


def exponential(turn: np.ndarray) -> np.ndarray:
    """Axis times angle as rotations; as `logarithm`. (..., 3) -> (..., 4)"""
    angle = np.linalg.norm(turn, axis=-1, keepdims=True)
    share = np.where(angle < 1e-6, 0.5, np.sin(angle / 2) / np.maximum(angle, 1e-6))
    return np.concatenate([np.cos(angle / 2), share * turn], -1)


def mean_rotation(q: np.ndarray) -> np.ndarray:
    """The mean of rotations over the first axis. (T, ..., 4) -> (..., 4)

    Source: Markley et al. 2007, "Averaging quaternions", equation 12.
    """
    rows = np.moveaxis(q.astype(np.float64), 0, -2)  # (..., T, 4)
    _, vectors = np.linalg.eigh(np.swapaxes(rows, -1, -2) @ rows)
    mean = vectors[..., -1]
    return mean * np.where(mean[..., :1] < 0, -1.0, 1.0)
