"""The T-pose of a skeleton whose rest shows none, found from how it moves.

Files that lay every bone along one axis (Ubisoft's, Bandai's) tell lengths at rest and nothing else. What a
body does tells the rest: elbows and knees are hinges, feet that stand are flat, people stand upright.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .binding import SIDES, Binding
from .clips import Clip, Skeleton, world
from .feet import Foot
from .rotations import about, arc, multiplied, normalised, quaternions, smooth_signs, turned

if TYPE_CHECKING:
    import numpy as np

MOST_FRAMES = 3000
# Of the frames, those in which the lower foot is lowest are taken for standing.
STANDING = 0.1
# And this share for upright.
UPRIGHT = 0.3


def bound_by_motion(skeleton: Skeleton, clip: Clip, at: dict[str, int], spine: list[int]) -> Binding:
    """Finds the T-pose; see `binding.bound`.

    Raises:
        ValueError: nobody stands upright in the clip.
    """
    import numpy as np

    every = max(1, len(clip) // MOST_FRAMES)
    moves = {joint: move[::every] for joint, move in clip.moves.items()}
    thin = Clip(clip.rotations[::every], clip.root[::every], clip.frame_rate, moves)
    places, turns = world(skeleton, thin)
    axes = upright(places, at)
    places, turns = turned(axes, places), multiplied(axes, turns)
    back = about(np.array([0.0, 1.0, 0.0]), -headings(places, at))
    tall = most_upright(places, at)
    found: dict[int, np.ndarray] = {}
    for joint in {at["pelvis"], *spine, *(at[name] for name in at if name in ("neck", "head"))}:
        found[joint] = mean_turn(multiplied(back, turns[:, joint])[tall])
    for side in SIDES:
        arm, leg = limbs(skeleton, thin, at, side)
        found |= arm
        found |= leg
        if f"{side}_collar" in at:
            mean = mean_turn(multiplied(back, turns[:, at[f"{side}_collar"]]))
            found[at[f"{side}_collar"]] = collar(skeleton, mean, at, side)
        for name in ("ankle", "foot"):
            if f"{side}_{name}" in at:
                found[at[f"{side}_{name}"]] = standing(places, turns, at, side, name)
    return Binding(at, spine, axes, found, lengths(skeleton, at), foot(places, at))


def upright(places: np.ndarray, at: Mapping[str, int]) -> np.ndarray:
    """Gives the turn of their world that makes y point up, from where heads are over hips. (4,)"""
    import numpy as np

    from .binding import along

    hips = (places[:, at["left_hip"]] + places[:, at["right_hip"]]) / 2
    shoulders = (places[:, at["left_shoulder"]] + places[:, at["right_shoulder"]]) / 2
    up = along((shoulders - hips).mean(0))
    if up is None:
        raise ValueError("expected somebody who stands, at rest or in the motion, got nobody upright")
    y = np.array([0.0, 1.0, 0.0])
    return about(np.array([1.0, 0.0, 0.0]), np.array(np.pi)) if up @ y < -0.5 else arc(up, y)


def headings(places: np.ndarray, at: Mapping[str, int]) -> np.ndarray:
    """Gives where hips and shoulders face, in radians from +z towards +x. (T,)"""
    import numpy as np

    left = sum(places[:, at[f"left_{name}"]] - places[:, at[f"right_{name}"]] for name in ("hip", "shoulder"))
    return np.arctan2(-left[:, 2], left[:, 0])


def most_upright(places: np.ndarray, at: Mapping[str, int]) -> np.ndarray:
    """Gives the frames in which somebody stands straightest and least twisted. (T,) bool"""
    import numpy as np

    sides = [places[:, at[f"left_{name}"]] - places[:, at[f"right_{name}"]] for name in ("hip", "shoulder")]
    hips, shoulders = (
        (places[:, at[f"left_{name}"]] + places[:, at[f"right_{name}"]]) / 2 for name in ("hip", "shoulder")
    )
    trunk = shoulders - hips
    tall = trunk[:, 1] / np.linalg.norm(trunk, axis=-1)
    flat = [side / np.linalg.norm(side, axis=-1, keepdims=True) for side in sides]
    score = tall + (flat[0] * flat[1]).sum(-1)
    return score >= np.quantile(score, 1 - UPRIGHT)


def mean_turn(q: np.ndarray) -> np.ndarray:
    """Gives the mean of turns that are not far apart, robustly: (T, 4) -> (4,)."""
    import numpy as np

    q = smooth_signs(q)
    q = q * np.where((q @ q[len(q) // 2])[:, None] < 0, -1.0, 1.0)
    return normalised(np.median(q, axis=0))


def limbs(
    skeleton: Skeleton, clip: Clip, at: Mapping[str, int], side: str
) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """Gives the T-pose's turns of an arm's and a leg's joints."""
    import numpy as np

    out = 1.0 if side == "left" else -1.0
    found = []
    for names, bone, hinge in (
        (("shoulder", "elbow", "wrist"), np.array([out, 0.0, 0.0]), np.array([0.0, -out, 0.0])),
        (("hip", "knee", "ankle"), np.array([0.0, -1.0, 0.0]), np.array([1.0, 0.0, 0.0])),
    ):
        upper, bend = at[f"{side}_{names[0]}"], at[f"{side}_{names[1]}"]
        end = at.get(f"{side}_{names[2]}")
        axis = hinge_axis(clip.rotations[:, bend])
        along = skeleton.offsets[bend]
        below = skeleton.offsets[end] if end is not None else along
        # Both frames have the hinge where it is when the joint is straight.
        turns = {upper: frame(along, axis, bone, hinge), bend: frame(below, axis, bone, hinge)}
        if names[0] == "shoulder" and end is not None:
            turns[end] = turns[bend]
        found.append(turns)
    return found[0], found[1]


def hinge_axis(q: np.ndarray) -> np.ndarray:
    """Gives the axis about which a joint bends, so that bending is a positive angle: (T, 4) -> (3,).

    The first principal axis of the rotations as vectors from the identity, which is the straight joint.
    """
    import numpy as np

    from .npz import angle_axes

    v = angle_axes(q)
    _, axes = np.linalg.eigh(v.T @ v)
    axis = axes[:, -1]
    return axis * (1.0 if (v @ axis).mean() >= 0 else -1.0)


def frame(local_bone: np.ndarray, local_hinge: np.ndarray, bone: np.ndarray, hinge: np.ndarray) -> np.ndarray:
    """Gives the rotation that lays a local bone and hinge along those of the T-pose. (4,)"""
    import numpy as np

    def axes(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        first = first / np.linalg.norm(first)
        second = second - (second @ first) * first
        second = second / np.linalg.norm(second)
        return np.stack([first, second, np.cross(first, second)], -1)

    return quaternions(axes(bone, hinge) @ axes(local_bone, local_hinge).T)


def collar(skeleton: Skeleton, mean: np.ndarray, at: Mapping[str, int], side: str) -> np.ndarray:
    """Gives the collar's turn in the T-pose: its mean (4,), with the bone level and to the side. (4,)"""
    import numpy as np

    way = turned(mean, skeleton.offsets[at[f"{side}_shoulder"]])
    return multiplied(arc(way, np.array([1.0 if side == "left" else -1.0, 0.0, 0.0])), mean)


def standing(
    places: np.ndarray, turns: np.ndarray, at: Mapping[str, int], side: str, name: str
) -> np.ndarray:
    """Gives a foot's turn when it is flat and points ahead: its mean where it stands. (4,)"""
    import numpy as np

    ankle = places[:, at[f"{side}_ankle"]]
    low = ankle[:, 1] <= np.quantile(ankle[:, 1], STANDING)
    if f"{side}_foot" in at:
        way = places[low, at[f"{side}_foot"]] - ankle[low]
        yaw = np.arctan2(way[:, 0], way[:, 2])
    else:
        yaw = headings(places[low], at)
    return mean_turn(multiplied(about(np.array([0.0, 1.0, 0.0]), -yaw), turns[low, at[f"{side}_{name}"]]))


def foot(places: np.ndarray, at: Mapping[str, int]) -> Foot:
    """Gives the foot where it stands; how thick the sole is nobody tells: people's, by the length of the thigh."""
    import numpy as np

    thigh = float(np.linalg.norm(places[0, at["left_knee"]] - places[0, at["left_hip"]]))
    if "left_ankle" not in at:
        return Foot(0.0, None)
    ankle = places[:, at["left_ankle"]]
    low = ankle[:, 1] <= np.quantile(ankle[:, 1], STANDING)
    if "left_foot" not in at:
        return Foot(thigh / 6, None)
    way = places[low, at["left_foot"]] - ankle[low]
    drop, reach = float(way[:, 1].mean()), float(np.hypot(way[:, 0], way[:, 2]).mean())
    return Foot(max(thigh / 20 - drop, thigh / 8), (0.0, drop, reach))


def lengths(skeleton: Skeleton, at: Mapping[str, int]) -> tuple[float, float]:
    import numpy as np

    thigh = float(np.linalg.norm(skeleton.offsets[at["left_knee"]]))
    return thigh, float(np.linalg.norm(skeleton.offsets[at["left_ankle"]])) if "left_ankle" in at else thigh
