"""Poses of arms and head by the directions in which upper arms and forearms point."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from conditioning.body.rotations import about, multiplied, quaternions
from conditioning.body.skeleton import INDEX

SIDES = ("left", "right")
# The joints that a gesture sets, in this order: each arm from the collar, then the neck and the head.
POSED = tuple(
    INDEX[name]
    for name in (
        *(f"{side}_{joint}" for side in SIDES for joint in ("collar", "shoulder", "elbow", "wrist")),
        "neck",
        "head",
    )
)
NUM_POSED = len(POSED)
ARM = {"left": slice(0, 4), "right": slice(4, 8)}
HEAD = slice(8, 10)
X, Y, Z = np.eye(3)
HEAD_SHARE = 0.45  # of a turn of the head that the neck makes


@dataclass(frozen=True)
class Arm:
    """An arm in degrees, the same words for both.

    Attributes:
        forward, out: of the upper arm from hanging down, towards the front and away from the body.
        rise: of the forearm above the horizontal. inward: of the forearm from straight ahead, across the body.
        palm: 0 faces the body's middle, 90 up, -90 down. wrist: bent towards the back of the hand.
        shrug: of the shoulder, upwards.
    """

    forward: float = 4.0
    out: float = 11.0
    rise: float = -68.0
    inward: float = 6.0
    palm: float = -12.0
    wrist: float = 2.0
    shrug: float = 0.0

    def towards(self, other: Arm, share: float) -> Arm:
        """Part of the way to another, in every angle."""
        names = self.__dataclass_fields__
        return Arm(
            **{name: (1 - share) * getattr(self, name) + share * getattr(other, name) for name in names}
        )

    def varied(self, rng: np.random.Generator, size: float) -> Arm:
        """With every angle moved at random by about so many degrees."""
        names = ("forward", "out", "rise", "inward", "palm", "wrist")
        moved = size * np.array([0.5, 0.5, 1.0, 1.0, 1.6, 0.8]) * rng.standard_normal(len(names))
        return replace(
            self, **{name: getattr(self, name) + step for name, step in zip(names, moved, strict=True)}
        )


HANGING = Arm()


def upper_arm(arm: Arm, sign: float) -> np.ndarray:
    """Where an upper arm points: sign 1 of the left one, -1 of the right. (3,)"""
    forward, out = np.radians([arm.forward, arm.out])
    side, ahead = np.sin(out), np.sin(forward) * np.cos(out)
    down = -np.cos(forward) * np.cos(out)
    return np.array([sign * side, down, ahead])


def forearm(arm: Arm, sign: float) -> np.ndarray:
    """Where a forearm points. (3,)"""
    rise, inward = np.radians([arm.rise, arm.inward])
    level = np.cos(rise)
    return np.array([-sign * np.sin(inward) * level, np.sin(rise), np.cos(inward) * level])


def arm_rotations(arm: Arm, side: str) -> np.ndarray:
    """Gives collar, shoulder, elbow and wrist of an arm. (4, 4)"""
    sign = 1.0 if side == "left" else -1.0
    return pointed(upper_arm(arm, sign), forearm(arm, sign), sign, arm.palm, arm.wrist, arm.shrug)


def pointed(
    upper: np.ndarray,
    fore: np.ndarray,
    sign: float,
    palm: float = 0.0,
    wrist: float = 0.0,
    shrug: float = 0.0,
) -> np.ndarray:
    """An arm whose upper arm and forearm point as said, seen from the chest. (4, 4)

    At rest an arm lies along its side with the palm down; the elbow's hinge bends it towards the front.

    Args:
        upper, fore: (3,) unit. sign: 1 of the left arm, -1 of the right. palm, wrist, shrug: as `Arm`.
    """
    across = fore - (fore @ upper) * upper
    if np.linalg.norm(across) < 0.12:  # a straight arm bends forwards, one that points ahead upwards
        other = Z if abs(upper[2]) < 0.8 else Y
        across = across + 0.3 * (other - (other @ upper) * upper)
    ahead = across / np.linalg.norm(across)
    along = sign * upper
    shoulder = quaternions(np.stack([along, np.cross(ahead, along), ahead], -1))
    bend = float(np.arccos(np.clip(fore @ upper, -1, 1)))
    twist = -np.radians(palm)
    elbow = multiplied(about(Y, np.array(-sign * bend)), about(X, np.array(twist)))
    hand = about(Z, np.array(sign * np.radians(wrist)))
    collar = about(Z, np.array(sign * np.radians(shrug)))
    # The shoulder hangs from the collar: what the collar lifts, the upper arm need not.
    return np.stack(
        [collar, multiplied(about(Z, np.array(-sign * np.radians(shrug))), shoulder), elbow, hand]
    )


def head_rotations(down: float = 0.0, left: float = 0.0, tilt: float = 0.0) -> np.ndarray:
    """Neck and head of a head that is bowed, turned to the left and tilted to the left, in degrees. (2, 4)"""
    parts = []
    for share in (HEAD_SHARE, 1 - HEAD_SHARE):
        bow, turn, lean = share * np.radians([down, left, -tilt])
        parts.append(
            multiplied(
                about(Y, np.array(turn)), multiplied(about(X, np.array(bow)), about(Z, np.array(lean)))
            )
        )
    return np.stack(parts)


def pose_of(
    left: Arm = HANGING, right: Arm = HANGING, head: tuple[float, float, float] = (0, 0, 0)
) -> np.ndarray:
    """Gives a whole pose, (10, 4) as `POSED`.

    Args:
        head: degrees down, left, tilted to the left.
    """
    return np.concatenate([arm_rotations(left, "left"), arm_rotations(right, "right"), head_rotations(*head)])


def mirrored(pose: np.ndarray) -> np.ndarray:
    """The same pose with left and right exchanged. (..., 10, 4)"""
    flipped = pose * np.array([1.0, 1.0, -1.0, -1.0])
    return np.concatenate([flipped[..., 4:8, :], flipped[..., 0:4, :], flipped[..., 8:10, :]], -2)
