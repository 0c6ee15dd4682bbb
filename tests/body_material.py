"""Skeletons as other programs have them, for tests of files and of retargeting."""

from __future__ import annotations

import numpy as np

from conditioning.body import feet
from conditioning.body.clips import Skeleton
from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import about, inverted, multiplied, placed, smooth_signs, turned
from conditioning.body.skeleton import INDEX, NUM_JOINTS, OFFSETS

X, Y, Z = np.eye(3)
# name, parent, offset in cm; y up, facing +z; arms down by 45 degrees where `spread` is 45.
MIXAMO = (
    ("Hips", "", (0, 100, 0)),
    ("Spine", "Hips", (0, 10, -1)),
    ("Spine1", "Spine", (0, 12, 0)),
    ("Spine2", "Spine1", (0, 13, 0)),
    ("Neck", "Spine2", (0, 15, 1)),
    ("Head", "Neck", (0, 9, 2)),
    ("LeftShoulder", "Spine2", (6, 9, 0)),
    ("LeftArm", "LeftShoulder", (12, 0, -1)),
    ("LeftForeArm", "LeftArm", (27, 0, 0)),
    ("LeftHand", "LeftForeArm", (26, 0, 0)),
    ("LeftHandIndex1", "LeftHand", (9, 0, 3)),
    ("LeftUpLeg", "Hips", (10, -6, 0)),
    ("LeftLeg", "LeftUpLeg", (0, -44, 0)),
    ("LeftFoot", "LeftLeg", (0, -42, -1)),
    ("LeftToeBase", "LeftFoot", (1.5, -6, 12)),
)
VRM = {
    "Hips": "hips", "Spine": "spine", "Spine1": "chest", "Spine2": "upperChest", "Neck": "neck", "Head": "head",
    "LeftShoulder": "leftShoulder", "LeftArm": "leftUpperArm", "LeftForeArm": "leftLowerArm",
    "LeftHand": "leftHand", "LeftHandIndex1": "leftIndexProximal", "LeftUpLeg": "leftUpperLeg",
    "LeftLeg": "leftLowerLeg", "LeftFoot": "leftFoot", "LeftToeBase": "leftToes",
}  # fmt: skip
UNREAL = {
    "Hips": "pelvis", "Spine": "spine_01", "Spine1": "spine_02", "Spine2": "spine_03", "Neck": "neck_01",
    "Head": "head", "LeftShoulder": "clavicle_l", "LeftArm": "upperarm_l", "LeftForeArm": "lowerarm_l",
    "LeftHand": "hand_l", "LeftHandIndex1": "index_01_l", "LeftUpLeg": "thigh_l", "LeftLeg": "calf_l",
    "LeftFoot": "foot_l", "LeftToeBase": "ball_l",
}  # fmt: skip


def mirror(name: str) -> str:
    return name.replace("Left", "Right").replace("left", "right").replace("_l", "_r")


def skeleton(
    names: dict[str, str] | None = None,
    prefix: str = "",
    spread: float = 0.0,
    unit: float = 1.0,
    legs: float = 1.0,
    z_up: bool = False,
    turned_rest: bool = False,
) -> Skeleton:
    """Gives a skeleton with both sides.

    Args:
        names: of the joints, instead of Mixamo's. spread: degrees by which the arms point down at rest.
        unit: times the centimetre. legs: times as long. z_up: axes as in Blender, facing -y.
        turned_rest: joints that are turned at rest, as in files of glTF.
    """
    names = names or {}
    table = [(name, parent, np.array(offset, float)) for name, parent, offset in MIXAMO]
    for name, _, offset in table:
        if name in ("LeftForeArm", "LeftHand", "LeftHandIndex1"):
            down = about(np.array([0.0, 0.0, 1.0]), np.array(-np.radians(spread)))
            offset[:] = turned(down, offset)
        if name in ("LeftLeg", "LeftFoot"):
            offset *= legs
    table[0][2][1] = 100 + 86 * (legs - 1)
    both = []
    for name, parent, offset in table:
        both.append((name, parent, offset))
    for name, parent, offset in table:
        if name.startswith("Left"):
            other = parent.replace("Left", "Right")
            both.append((name.replace("Left", "Right"), other, offset * [-1, 1, 1]))
    order = [name for name, _, _ in both]
    offsets = np.stack([offset for _, _, offset in both]) * unit
    parents = tuple(order.index(parent) if parent else -1 for _, parent, _ in both)
    rest = np.zeros((len(order), 4))
    rest[:, 0] = 1
    if z_up:
        lie = about(np.array([1.0, 0.0, 0.0]), np.array(np.pi / 2))
        offsets = turned(lie, offsets)
    if turned_rest:
        offsets, rest = with_turned_rest(offsets, parents)
    shown = []
    for name in order:
        left = name.replace("Right", "Left")
        own = names.get(left, left)
        shown.append(prefix + (own if name == left else mirror(own)))
    return Skeleton(tuple(shown), parents, offsets, rest)


def with_turned_rest(offsets: np.ndarray, parents: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Turns each joint's frame at rest, by 20 degrees more from joint to joint; the body stands as before."""
    axis = np.array([0.6, 0.0, 0.8])
    world = about(axis, np.radians(20.0 * np.arange(len(parents))))
    rest, found = world.copy(), offsets.copy()
    for joint, parent in enumerate(parents):
        if parent >= 0:
            rest[joint] = multiplied(inverted(world[parent]), world[joint])
            found[joint] = turned(inverted(world[parent]), offsets[joint])
    return found, rest


def degrees_apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Gives the angles between rotations, (..., 4), exact near 0."""
    d = multiplied(inverted(np.asarray(a, float)), np.asarray(b, float))
    return np.degrees(2 * np.arctan2(np.linalg.norm(d[..., 1:], axis=-1), np.abs(d[..., 0])))


def wandering(frames: int = 40, seed: int = 0, size: float = 0.5) -> BodyMotion:
    """A motion in which every joint turns about, the pelvis more than once round."""
    rng = np.random.default_rng(seed)
    axes = rng.normal(size=(NUM_JOINTS, 3)) + 0.02 * rng.normal(size=(frames, NUM_JOINTS, 3)).cumsum(0)
    axes = axes / np.linalg.norm(axes, axis=-1, keepdims=True)
    angles = size * np.sin(np.linspace(0, 6, frames))[:, None] * rng.uniform(0.2, 1, NUM_JOINTS)
    rotations = about(axes, angles)
    rotations[:, 0] = about(np.array([0, 1.0, 0]), np.linspace(0, 9, frames))
    root = np.array(OFFSETS[0]) + rng.normal(size=(frames, 3)).cumsum(0)
    return BodyMotion(smooth_signs(rotations).astype(np.float32), root.astype(np.float32), 30.0)


def stepping(frames: int = 60) -> BodyMotion:
    """Somebody who walks in place, waves and bends; one foot always stands."""
    time = np.linspace(0, 4 * np.pi, frames)
    rotations = np.zeros((frames, NUM_JOINTS, 4))
    rotations[..., 0] = 1

    def turn(joint, axis, angle):
        rotations[:, INDEX[joint]] = multiplied(about(axis, angle), rotations[:, INDEX[joint]])

    turn("left_shoulder", Z, -1.2 + 0.1 * np.sin(time))
    turn("right_shoulder", Z, 0.9 + 0.5 * np.sin(2 * time))
    turn("right_elbow", Y, 0.8 + 0.5 * np.sin(3 * time))
    turn("left_wrist", Z, 0.3 * np.sin(time))
    for joint in ("spine1", "spine2", "spine3", "neck", "head"):
        turn(joint, X, 0.1 + 0.1 * np.sin(time))
    turn("pelvis", Y, 0.3 * np.sin(time / 2))
    for side, way in (("left", 1), ("right", -1)):
        lift = 0.9 * np.maximum(way * np.sin(time), 0)
        turn(f"{side}_hip", X, -lift / 2 - 0.2)
        turn(f"{side}_knee", X, lift + 0.4)
        turn(f"{side}_ankle", X, -lift / 2 - 0.2)
    root = np.tile(np.array(OFFSETS[0]), (frames, 1))
    motion = BodyMotion(smooth_signs(rotations).astype(np.float32), root.astype(np.float32), 30.0)
    places, _ = placed(motion.rotations, motion.root)
    low = places[:, [INDEX["left_ankle"], INDEX["right_ankle"]], 1].min(1)
    root[:, 1] -= low - feet.FLAT_ANKLE
    return BodyMotion(motion.rotations, root.astype(np.float32), 30.0)
