"""Bandai Namco's skeleton on ours.

Its local frames lie along the bones, so each joint needs the world rotation that it has in a T-pose: what we call
its rotation is how far it has turned from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import feet
from .rotations import about, between, inverted, multiplied, normalised, placed, quaternions, turned
from .skeleton import INDEX, JOINTS, OFFSETS, PARENTS

if TYPE_CHECKING:
    import numpy as np

    from training.data.motion import Recorded

BANDAI = {
    "pelvis": "Hips", "spine1": "Spine", "spine3": "Chest", "neck": "Neck", "head": "Head",
    **{
        f"{side}_{ours}": f"{theirs}_{side[0].upper()}"
        for side in ("left", "right")
        for ours, theirs in {
            "collar": "Shoulder", "shoulder": "UpperArm", "elbow": "LowerArm", "wrist": "Hand",
            "hip": "UpperLeg", "knee": "LowerLeg", "ankle": "Foot", "foot": "Toes",
        }.items()
    },
}  # fmt: skip
# Where each joint's local x, y and z axes point in the T-pose: u up, d down, f forward, b backward, l and r the
# person's left and right. Found from the recordings: x lies along the bone (against it on the right), the y axis
# of arms and legs is the hinge of elbow and knee (first principal axis of their rotations), the torso's follow
# from the two ends of the shoulders and hips.
AXES = {
    "pelvis": "urf", "spine1": "ufl", "spine3": "ufl", "neck": "ufl", "head": "ufl",
    "left_arm": "luf", "right_arm": "ldb", "left_leg": "dlf", "right_leg": "ulb",
}  # fmt: skip
DIRECTIONS = {
    "u": (0, 1, 0),
    "d": (0, -1, 0),
    "l": (1, 0, 0),
    "r": (-1, 0, 0),
    "f": (0, 0, 1),
    "b": (0, 0, -1),
}
# How far, in degrees, a joint leans forward when people stand upright (mean of neutral standing frames, left and
# right alike), and how far foot and toes point down when the foot is flat on the floor.
LEANS = {"spine1": -5.0, "spine3": -4.6, "neck": -3.0, "head": -1.4, "ankle": 39.7, "foot": 23.1}
# Height of the flat foot's ankle above the floor, and the way to its ball, cm.
FOOT = feet.Foot(11.7, (0.0, -7.48, 9.06))


def from_bandai(recorded: Recorded) -> tuple[np.ndarray, np.ndarray]:
    """Turns all the clips at once.

    The pelvis moves as much larger as our legs are longer; the legs' joints then set the feet, so that a foot
    that stands in the recording stands on our floor.

    Returns:
        rotations (N, 22, 4) and root (N, 3) in cm, as `BodyMotion` has them, clips still one after another and
        facing where they faced
    """
    import numpy as np

    places, turns = placed(recorded.rotations, recorded.root, recorded.offsets, recorded.parents)
    at = {ours: recorded.names.index(theirs) for ours, theirs in BANDAI.items()}
    facing = {ours: multiplied(turns[:, at[ours]], inverted(bind(ours))) for ours in BANDAI}
    facing["spine2"] = between(facing["spine1"], facing["spine3"], np.full(len(places), 0.5))
    for side in feet.SIDES:
        forearm_twists(facing, side)
    length = sum(float(np.linalg.norm(recorded.offsets[at[f"left_{name}"]])) for name in ("knee", "ankle"))
    scale = (feet.THIGH + feet.SHANK) / length
    stands = FOOT.height + length - recorded.offsets[at["left_hip"]][0]
    root = scale * (places[:, at["pelvis"]] - [0, stands, 0]) + [0, OFFSETS[0][1], 0]
    local = [facing[name] for name in JOINTS]
    for side in feet.SIDES:
        balls, ankles = (places[:, at[f"{side}_{name}"]] for name in ("foot", "ankle"))
        turned_feet = facing[f"{side}_ankle"], facing[f"{side}_foot"]
        target = feet.ankle_target(ankles, balls, turned_feet, scale, (FOOT, feet.our_foot()))
        hip = root + turned(facing["pelvis"], np.array(OFFSETS[INDEX[f"{side}_hip"]]))
        thigh, knee = feet.leg(hip, target, facing[f"{side}_hip"])
        local[INDEX[f"{side}_hip"]], local[INDEX[f"{side}_knee"]] = thigh, multiplied(thigh, knee)
    world = np.stack(local, 1)
    parents = list(PARENTS[1:])
    world[:, 1:] = multiplied(inverted(world[:, parents]), world[:, 1:])
    return normalised(world).astype(np.float32), root.astype(np.float32)


def forearm_twists(facing: dict[str, np.ndarray], side: str) -> None:
    """Moves the wrist's turn about the forearm into the forearm, where people have it. In place."""
    import numpy as np

    wrist = multiplied(inverted(facing[f"{side}_elbow"]), facing[f"{side}_wrist"])
    twist = normalised(wrist * np.array([1.0, 1, 0, 0]))
    facing[f"{side}_elbow"] = multiplied(facing[f"{side}_elbow"], twist)


def bind(joint: str) -> np.ndarray:
    """Gives the rotation in the world that Bandai's joint has in a T-pose, by our joint's name. (4,)"""
    import numpy as np

    side, _, name = joint.rpartition("_")
    limb = "arm" if name in ("collar", "shoulder", "elbow", "wrist") else "leg"
    letters = AXES[f"{side}_{limb}" if side else joint]
    axes = quaternions(np.array([DIRECTIONS[letter] for letter in letters], np.float64).T)
    forward = LEANS.get(name, 0.0)
    if limb == "leg" and side and name in LEANS:
        forward -= 90.0  # the leg's axes point down, the foot's forward
    return multiplied(about(np.array([1.0, 0, 0]), np.radians(forward)), axes)
