"""How somebody's skeleton stands at rest: which way is up, and how each joint would be turned in our T-pose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from .bone_names import mapped
from .canonical import BANDAI, bind
from .clips import Clip, Skeleton, at_rest, world
from .feet import Foot
from .rotations import about, arc, inverted, multiplied, quaternions, turned

if TYPE_CHECKING:
    import numpy as np

SIDES = ("left", "right")
# At rest a leg may stand so far from the vertical, and an arm must not point higher, in degrees.
LEG_FROM_DOWN, ARM_FROM_DOWN = 50.0, 150.0
# A foot's bone that is level at rest (CMU's) is none of a flat foot, whose bone points down so far, in degrees; and
# the ball of a foot is above the floor by this part of the thigh's length at least.
LEVEL, FOOT_DROPS, SOLE = 6.0, 25.0, 25.0


@dataclass(frozen=True)
class Binding:
    """A skeleton in our terms.

    Attributes:
        at: our joint -> index of theirs, without the spine. spine: indexes from the pelvis up.
        axes: (4,) turns their world into ours.
        turns: their joint -> (4,) its rotation in our world when the body is in our T-pose.
        legs: lengths of thigh and shank, in their unit. foot: in their unit, our axes.
    """

    at: dict[str, int]
    spine: list[int]
    axes: np.ndarray
    turns: dict[int, np.ndarray]
    legs: tuple[float, float]
    foot: Foot

    @property
    def joints(self) -> set[int]:
        return {*self.at.values(), *self.spine}


def bound(skeleton: Skeleton, clip: Clip | None = None, given: Mapping[str, str] | None = None) -> Binding:
    """Finds out how a skeleton stands.

    Args:
        clip: a motion of it, from which what the rest does not tell is found.
        given: our joint -> their joint, where somebody knows better.

    Raises:
        ValueError: no body, or one that at rest stands in no pose that can be understood.
    """
    at, spine = mapped(skeleton.names, skeleton.parents, given)
    if set(BANDAI.values()) <= set(skeleton.names):
        return bandai(skeleton, at, spine)
    places, turns = (found[0] for found in world(skeleton, at_rest(skeleton)))
    axes = axes_of(places, at, spine)
    if axes is None:
        if clip is None:
            raise ValueError(
                "expected a skeleton that stands in a T-pose or A-pose at rest, got one that does not"
            )
        from .unposed import bound_by_motion

        return bound_by_motion(skeleton, clip, at, spine)
    places, turns = turned(axes, places), multiplied(axes, turns)
    found = {joint: turns[joint] for joint in {*at.values(), *spine}}
    for name, fix in straightened(places, at).items():
        if name in at:
            found[at[name]] = multiplied(fix, turns[at[name]])
    return Binding(at, spine, axes, found, legs_of(places, at), foot_of(places, skeleton, turns, at))


def axes_of(places: np.ndarray, at: Mapping[str, int], spine: list[int]) -> np.ndarray | None:
    """Gives the turn of their world to ours from where joints are at rest, None where nobody stands so.

    Args:
        places: (J, 3)
    """
    import numpy as np

    hips = (places[at["left_hip"]] + places[at["right_hip"]]) / 2
    top = places[at.get("head", at.get("neck", spine[-1] if spine else at["left_shoulder"]))]
    up, left = along(top - hips), along(places[at["left_hip"]] - places[at["right_hip"]])
    if up is None or left is None or abs(up @ left) > 0:
        return None
    for side, sign in (("left", 1.0), ("right", -1.0)):
        leg = places[at[f"{side}_knee"]] - places[at[f"{side}_hip"]]
        arm = places[at[f"{side}_elbow"]] - places[at[f"{side}_shoulder"]]
        if leg @ -up < np.cos(np.radians(LEG_FROM_DOWN)) * np.linalg.norm(leg):
            return None
        if arm @ -up < np.cos(np.radians(ARM_FROM_DOWN)) * np.linalg.norm(arm) or sign * (arm @ left) < -0.1:
            return None
        if abs(arm @ np.cross(left, up)) > 0.7 * np.linalg.norm(arm):
            return None
    return quaternions(np.stack([left, up, np.cross(left, up)]))


def along(way: np.ndarray) -> np.ndarray | None:
    """Gives the axis nearest to a direction, with its sign; None where two are as near."""
    import numpy as np

    size = np.abs(way)
    order = np.argsort(size)
    if size[order[-1]] < 1e-9 or size[order[-2]] > 0.8 * size[order[-1]]:
        return None
    return np.sign(way[order[-1]]) * np.eye(3)[order[-1]]


def straightened(places: np.ndarray, at: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Gives the turns in our world that bring limbs from rest to the T-pose, by our joints.

    Args:
        places: (J, 3) at rest in our axes.
    """
    import numpy as np

    fixes = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        for bones, goal in (
            (("shoulder", "elbow", "wrist"), np.array([sign, 0.0, 0.0])),
            (("hip", "knee", "ankle"), np.array([0.0, -1.0, 0.0])),
        ):
            fix = np.array([1.0, 0, 0, 0])
            for start, end in pairwise(bones):
                if f"{side}_{end}" in at:
                    fix = arc(places[at[f"{side}_{end}"]] - places[at[f"{side}_{start}"]], goal)
                fixes[f"{side}_{start}"] = fix
            if bones[0] == "shoulder":
                fixes[f"{side}_wrist"] = fix
        if f"{side}_foot" in at and f"{side}_ankle" in at:
            way = places[at[f"{side}_foot"]] - places[at[f"{side}_ankle"]]
            if np.hypot(way[0], way[2]) > 0.3 * np.linalg.norm(way):
                ahead = about(np.array([0.0, 1.0, 0.0]), -np.arctan2(way[0], way[2]))
                missing = np.radians(FOOT_DROPS) if drop_of(way) < LEVEL else 0.0
                fixes[f"{side}_foot"] = ahead
                fixes[f"{side}_ankle"] = multiplied(
                    about(np.array([1.0, 0.0, 0.0]), np.array(missing)), ahead
                )
    return fixes


def drop_of(way: np.ndarray) -> float:
    """Gives by how many degrees a foot's bone points down."""
    import numpy as np

    return float(np.degrees(np.arctan2(-way[1], np.hypot(way[0], way[2]))))


def legs_of(places: np.ndarray, at: Mapping[str, int]) -> tuple[float, float]:
    """Gives the lengths of thigh and shank; a shank without an ankle is as long as the thigh."""
    import numpy as np

    thigh = float(np.linalg.norm(places[at["left_knee"]] - places[at["left_hip"]]))
    if "left_ankle" not in at:
        return thigh, thigh
    return thigh, float(np.linalg.norm(places[at["left_ankle"]] - places[at["left_knee"]]))


def foot_of(places: np.ndarray, skeleton: Skeleton, turns: np.ndarray, at: Mapping[str, int]) -> Foot:
    """Gives the foot at rest, which is flat there; the floor is under the lowest point that the skeleton has."""
    import numpy as np

    ends = [places[joint] + turned(turns[joint], np.array(end)) for joint, end in skeleton.ends.items()]
    low = min(float(place[1]) for place in [*places, *ends])
    if "left_ankle" not in at:
        return Foot(0.0, None)
    ankle = places[at["left_ankle"]]
    thigh = float(np.linalg.norm(places[at["left_knee"]] - places[at["left_hip"]]))
    if "left_foot" not in at:
        # A rest without toes does not show the sole: people's ankles are a sixth of the thigh above it.
        height = float(ankle[1]) - low
        return Foot(height if height > 0.02 * thigh else thigh / 6, None)
    way = places[at["left_foot"]] - ankle
    drop = np.radians(FOOT_DROPS) if drop_of(way) < LEVEL else np.arctan2(-way[1], np.hypot(way[0], way[2]))
    bone = (0.0, -float(np.sin(drop) * np.linalg.norm(way)), float(np.cos(drop) * np.linalg.norm(way)))
    return Foot(max(float(ankle[1]) - low, thigh / SOLE - bone[1]), bone)


def bandai(skeleton: Skeleton, at: dict[str, int], spine: list[int]) -> Binding:
    """Bandai's, whose frames lie along the bones: see `canonical`."""
    import numpy as np

    from .canonical import FOOT

    turns = {at[name]: bind(name) for name in BANDAI if name in at}
    turns |= {joint: bind(name) for joint, name in zip(spine, ("spine1", "spine3"), strict=True)}
    lengths = [float(np.linalg.norm(skeleton.offsets[at[f"left_{name}"]])) for name in ("knee", "ankle")]
    return Binding(at, spine, np.array([1.0, 0, 0, 0]), turns, (lengths[0], lengths[1]), FOOT)


def turned_back(binding: Binding, world_turns: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Gives how far joints are turned from our T-pose, in our world: their joint -> (T, 4)."""
    return {
        joint: multiplied(multiplied(binding.axes, turn), inverted(binding.turns[joint]))
        for joint, turn in world_turns.items()
    }
