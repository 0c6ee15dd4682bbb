"""How far human joints turn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .motion import BodyMotion
from .npz import angle_axes, from_angle_axes
from .rotations import inverted, multiplied, normalised, smooth_signs
from .skeleton import INDEX, JOINTS, NUM_JOINTS

if TYPE_CHECKING:
    import numpy as np

# Of the left side or the middle: least and most degrees about x, y and z from the T-pose. Turns about the bone
# (`BONES`) are those in anatomy's sense; the others are the swing's vector. What anatomy gives for the whole
# spine or neck is shared between joints of ours, each of which may take somewhat more than its share; a range
# of 0 in a table (the knee's sideways play) gets the few degrees that markers and fits of skeletons show.
# Source: ranges of Greene and Heckman 1994, "The clinical measurement of joint motion" (American Academy of
# Orthopaedic Surgeons); spine and neck after White and Panjabi 1990, "Clinical biomechanics of the spine";
# collar after Ludewig et al. 2009, "Motion of the shoulder complex", Journal of Bone and Joint Surgery 91-A.
TABLE: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    # Recordings have two or three joints for the back, of which the lowest takes most of its bending.
    "spine1": ((-30, 80), (-45, 45), (-35, 35)),
    "spine": ((-20, 45), (-25, 25), (-22, 22)),
    "neck": ((-40, 45), (-50, 50), (-35, 35)),
    "head": ((-40, 45), (-55, 55), (-35, 35)),
    # x about the collarbone, y forward and back, z up and down
    "collar": ((-35, 35), (-35, 35), (-25, 45)),
    # x inward and outward turn, y forward (-) and back, z down (-) and up
    "shoulder": ((-100, 100), (-150, 60), (-125, 100)),
    # x the forearm's turn, y bending (-)
    "elbow": ((-100, 100), (-160, 10), (-15, 15)),
    # y to the thumb's side (-) and the little finger's, z bending (-) and stretching
    "wrist": ((-15, 15), (-40, 50), (-90, 85)),
    # x forward (-) and back, y turn, z outward (+)
    "hip": ((-130, 35), (-55, 55), (-35, 60)),
    "knee": ((-10, 155), (-15, 15), (-15, 15)),
    # x toes up (-) and down
    "ankle": ((-40, 60), (-40, 40), (-40, 40)),
    "foot": ((-75, 50), (-15, 15), (-15, 15)),
}
# The axis of the bone: 0 x for arms, 1 y for the rest; None where all three are one vector (feet).
BONES = {
    "collar": 0,
    "shoulder": 0,
    "elbow": 0,
    "wrist": 0,
    "spine": 1,
    "neck": 1,
    "head": 1,
    "hip": 1,
    "knee": 1,
}


def ranges() -> np.ndarray:
    """Gives (22, 3, 2) degrees; the pelvis, which is free, has a whole turn."""
    import numpy as np

    found = np.empty((NUM_JOINTS, 3, 2))
    for joint, name in enumerate(JOINTS):
        side, kind = kind_of(name)
        row = np.array(TABLE.get(kind, [(-360, 360)] * 3), np.float64)
        if side == "right":
            # The mirror image: turns about y and z change their sign.
            row[1:] = -row[1:, ::-1]
        found[joint] = row
    return found


def kind_of(name: str) -> tuple[str, str]:
    """Gives side and row of a joint: "left_elbow" -> "left", "elbow"; "spine2" -> "", "spine"."""
    side, _, kind = name.rpartition("_")
    return side, kind if kind in TABLE else kind.rstrip("123")


def angles(rotations: np.ndarray) -> np.ndarray:
    """Gives each joint's angles from the T-pose as `TABLE` counts them, in degrees: (T, 22, 4) -> (T, 22, 3).

    Source: swing and twist after Grassia 1998, "Practical parameterization of rotations using the exponential
    map"; the twist is about the bone and comes first.
    """
    import numpy as np

    rotations = rotations.astype(np.float64)
    found = np.empty((*rotations.shape[:-1], 3))
    for joint, name in enumerate(JOINTS):
        axis, q = BONES.get(kind_of(name)[1]), rotations[..., joint, :]
        if axis is None:
            found[..., joint, :] = np.degrees(angle_axes(q))
            continue
        only = np.array([1.0, *np.eye(3)[axis]])
        twist = normalised(q * only)
        swing = angle_axes(multiplied(q, inverted(twist)))
        swing[..., axis] = angle_axes(twist)[..., axis]
        found[..., joint, :] = np.degrees(swing)
    return found


def from_angles(degrees: np.ndarray) -> np.ndarray:
    """Undoes `angles`: (T, 22, 3) -> (T, 22, 4)."""
    import numpy as np

    turns = np.radians(degrees)
    found = np.empty((*degrees.shape[:-1], 4))
    for joint, name in enumerate(JOINTS):
        axis, v = BONES.get(kind_of(name)[1]), turns[..., joint, :]
        if axis is None:
            found[..., joint, :] = from_angle_axes(v)
            continue
        only = np.eye(3)[axis]
        found[..., joint, :] = multiplied(from_angle_axes(v * (1 - only)), from_angle_axes(v * only))
    return found


def within(motion: BodyMotion, slack_deg: float = 0.0) -> np.ndarray:
    """Says of each frame's joints whether a person can hold them so: (T, 22) bool."""
    found, allowed = angles(motion.rotations), ranges()
    low, high = allowed[..., 0] - slack_deg, allowed[..., 1] + slack_deg
    return ((found >= low) & (found <= high)).all(-1)


def beyond(motion: BodyMotion, slack_deg: float = 0.0) -> float:
    """Gives the share of all frames' joints, 0 to 1, that nobody could hold so."""
    return float(1 - within(motion, slack_deg).mean())


def kept(motion: BodyMotion) -> BodyMotion:
    """The same motion with joints brought back to the end of their range where they are beyond it."""
    import numpy as np

    allowed, bad = ranges(), ~within(motion)
    if not bad.any():
        return motion
    rotations = motion.rotations.astype(np.float64)
    clipped = from_angles(angles(rotations).clip(allowed[..., 0], allowed[..., 1]))
    rotations[bad] = clipped[bad]
    return replace(motion, rotations=smooth_signs(rotations).astype(np.float32))


def worst(motion: BodyMotion) -> tuple[str, float]:
    """Gives the joint that goes furthest beyond its range, and by how many degrees (at most 0: none does)."""
    import numpy as np

    found, allowed = angles(motion.rotations), ranges()
    over = np.maximum(allowed[..., 0] - found, found - allowed[..., 1]).max(-1)
    over[:, INDEX["pelvis"]] = -np.inf
    joint = int(over.max(0).argmax())
    return JOINTS[joint], float(over[:, joint].max())
