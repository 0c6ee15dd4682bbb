"""Motion from somebody's skeleton to ours and from ours to theirs.

Rotations are carried as turns from the T-pose, which fits any proportions; then the legs are set so that feet
stand where they stood, on the floor, in steps as much larger as the legs are longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from . import feet
from .binding import SIDES, Binding, bound, turned_back
from .clips import Clip, Skeleton, world
from .motion import BodyMotion
from .rotations import between, inverted, multiplied, normalised, placed, smooth_signs, turned
from .skeleton import INDEX, JOINTS, OFFSETS, PARENTS

if TYPE_CHECKING:
    import numpy as np

FRAMES_AT_ONCE = 20_000
# A skeleton is ours when no offset differs by more, in cm.
SAME = 0.01


def to_ours(skeleton: Skeleton, clip: Clip, given: Mapping[str, str] | None = None) -> BodyMotion:
    """Gives somebody's motion on our skeleton.

    Args:
        skeleton: at rest in a T-pose or A-pose, in any axes and unit; of others the pose is found from the clip.
        given: our joint -> their joint, where the names do not tell.

    Raises:
        ValueError: no body can be made out.
    """
    import numpy as np

    ours = exactly_ours(skeleton)
    if ours is not None and not clip.moves:
        return BodyMotion(
            smooth_signs(clip.rotations[:, ours]).astype(np.float32),
            clip.root.astype(np.float32),
            clip.frame_rate,
        )
    binding = bound(skeleton, clip, given)
    floor = floor_of(skeleton, clip, binding)
    pieces = []
    for start in range(0, len(clip), FRAMES_AT_ONCE):
        piece = cut(clip, start, start + FRAMES_AT_ONCE)
        pieces.append(piece_to_ours(skeleton, piece, binding, floor))
    rotations = np.concatenate([turns for turns, _ in pieces])
    root = np.concatenate([root for _, root in pieces])
    return BodyMotion(smooth_signs(rotations).astype(np.float32), root.astype(np.float32), clip.frame_rate)


def exactly_ours(skeleton: Skeleton) -> list[int] | None:
    """Gives where our joints are in a skeleton that is ours in another order, else None."""
    import numpy as np

    if set(skeleton.names) != set(JOINTS):
        return None
    order = [skeleton.names.index(name) for name in JOINTS]
    parents = [skeleton.parents[at] for at in order]
    same = all(
        (parent < 0) if own < 0 else parent == order[own]
        for parent, own in zip(parents, PARENTS, strict=True)
    )
    offsets = np.abs(skeleton.offsets[order][1:] - np.array(OFFSETS)[1:]).max() < SAME
    return order if same and offsets and np.allclose(np.abs(skeleton.rest[:, 0]), 1) else None


def cut(clip: Clip, start: int, stop: int) -> Clip:
    moves = {joint: move[start:stop] for joint, move in clip.moves.items()}
    return Clip(clip.rotations[start:stop], clip.root[start:stop], clip.frame_rate, moves)


def floor_of(skeleton: Skeleton, clip: Clip, binding: Binding) -> float:
    """Gives the height at which the lower ankle stands when a foot is down, less the foot's, in their unit.

    The lowest hundredth of the frames are not believed: they may be noise.
    """
    import numpy as np

    ankles = [binding.at[name] for name in ("left_ankle", "right_ankle") if name in binding.at]
    if not ankles:
        return 0.0
    every = max(1, len(clip) // 2000)
    thin = Clip(
        clip.rotations[::every],
        clip.root[::every],
        clip.frame_rate,
        {joint: move[::every] for joint, move in clip.moves.items()},
    )
    places, _ = world(skeleton, thin, set(ankles))
    heights = turned(binding.axes, places[:, ankles])[..., 1].min(1)
    return float(np.percentile(heights, 1)) - binding.foot.height


def piece_to_ours(
    skeleton: Skeleton, clip: Clip, binding: Binding, floor: float
) -> tuple[np.ndarray, np.ndarray]:
    """Gives rotations (T, 22, 4) and root (T, 3) of some frames."""
    import numpy as np

    places, turns = world(skeleton, clip, binding.joints)
    facing = turned_back(binding, {joint: turns[:, joint] for joint in binding.joints})
    at = {name: turned(binding.axes, places[:, joint]) - [0, floor, 0] for name, joint in binding.at.items()}
    ours = on_our_joints(facing, binding, len(clip))
    scale = (feet.THIGH + feet.SHANK) / sum(binding.legs)
    hips = (at["left_hip"] + at["right_hip"]) / 2
    down = turned(ours["pelvis"], np.array([0.0, OFFSETS[INDEX["left_hip"]][1], 0.0]))
    stands = sum(binding.legs) + binding.foot.height
    root = scale * (hips - [0, stands, 0]) + [0, feet.THIGH + feet.SHANK + feet.FLAT_ANKLE, 0] - down
    for side in SIDES:
        if f"{side}_ankle" in at:
            turning = ours[f"{side}_ankle"], ours[f"{side}_foot"]
            goal = feet.ankle_target(
                at[f"{side}_ankle"], at.get(f"{side}_foot"), turning, scale, (binding.foot, feet.our_foot())
            )
            hip = root + turned(ours["pelvis"], np.array(OFFSETS[INDEX[f"{side}_hip"]]))
            thigh, knee = feet.leg(hip, goal, ours[f"{side}_hip"])
            ours[f"{side}_hip"], ours[f"{side}_knee"] = thigh, multiplied(thigh, knee)
    world_turns = np.stack([ours[name] for name in JOINTS], 1)
    world_turns[:, 1:] = multiplied(inverted(world_turns[:, list(PARENTS[1:])]), world_turns[:, 1:])
    return normalised(world_turns), root


def on_our_joints(facing: Mapping[int, np.ndarray], binding: Binding, count: int) -> dict[str, np.ndarray]:
    """Gives how each of our joints is turned in the world; those that they do not have follow their parent.

    Args:
        facing: their joint -> (T, 4) turned from the T-pose.
    """
    import numpy as np

    chain = [facing[binding.at["pelvis"]], *(facing[joint] for joint in binding.spine)]
    ours: dict[str, np.ndarray] = {}
    for name, parent in zip(JOINTS, PARENTS, strict=True):
        if name.startswith("spine"):
            ours[name] = along(chain, int(name[-1]) / 3)
        elif name in binding.at:
            ours[name] = facing[binding.at[name]]
        else:
            ours[name] = ours[JOINTS[parent]]
    for side in SIDES:
        if f"{side}_wrist" in binding.at:
            # The turn about the forearm belongs to the forearm.
            wrist = multiplied(inverted(ours[f"{side}_elbow"]), ours[f"{side}_wrist"])
            ours[f"{side}_elbow"] = multiplied(
                ours[f"{side}_elbow"], normalised(wrist * np.array([1.0, 1, 0, 0]))
            )
    return ours


def along(chain: list[np.ndarray], share: float) -> np.ndarray:
    """Gives the turn at a share of the way up a chain of turns, each (T, 4)."""
    import numpy as np

    place = share * (len(chain) - 1)
    low = min(int(place + 1e-9), len(chain) - 1)
    if place - low < 1e-6:
        return chain[low]
    return between(chain[low], chain[low + 1], np.full(len(chain[0]), place - low))


def to_theirs(motion: BodyMotion, skeleton: Skeleton, given: Mapping[str, str] | None = None) -> Clip:
    """Gives our motion on somebody's skeleton; joints that we do not have stay as they are at rest.

    Args:
        skeleton, given: as in `to_ours`.

    Raises:
        ValueError: no body can be made out, or one that at rest stands in no T-pose or A-pose.
    """
    import numpy as np

    binding = bound(skeleton, None, given)
    rotations = np.empty((len(motion), len(skeleton), 4), np.float32)
    pelvis = np.empty((len(motion), 3))
    for start in range(0, len(motion), FRAMES_AT_ONCE):
        stop = min(start + FRAMES_AT_ONCE, len(motion))
        rotations[start:stop], pelvis[start:stop] = piece_to_theirs(
            motion.between(start, stop), skeleton, binding
        )
    root = np.tile(skeleton.offsets[0], (len(motion), 1))
    joint, moves = binding.at["pelvis"], {}
    if skeleton.parents[joint] < 0:
        root = pelvis
    else:
        above = Clip(rotations, root, motion.frame_rate)
        places, turns = world(skeleton, above, {skeleton.parents[joint]})
        parent = skeleton.parents[joint]
        moves[joint] = turned(inverted(turns[:, parent]), pelvis - places[:, parent])
    return Clip(smooth_signs(rotations), root, motion.frame_rate, moves)


def piece_to_theirs(
    motion: BodyMotion, skeleton: Skeleton, binding: Binding
) -> tuple[np.ndarray, np.ndarray]:
    """Gives their local rotations (T, J, 4) and the pelvis's place (T, 3) in their world."""
    import numpy as np

    places, ours = placed(motion.rotations, motion.root)
    chain = [ours[:, INDEX[name]] for name in ("pelvis", "spine1", "spine2", "spine3")]
    facing = {joint: ours[:, INDEX[name]] for name, joint in binding.at.items()}
    for at, joint in enumerate(binding.spine):
        facing[joint] = along(chain, (at + 1) / len(binding.spine))
    scale = sum(binding.legs) / (feet.THIGH + feet.SHANK)
    hips = places[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(1)
    ours_stand, stand = feet.THIGH + feet.SHANK + feet.FLAT_ANKLE, sum(binding.legs) + binding.foot.height
    hips = scale * (hips - [0, ours_stand, 0]) + [0, stand, 0]
    turns = their_turns(facing, skeleton, binding, len(motion))
    # Where the pelvis is, from where the hips should be.
    hanging = hip_places(turns, skeleton, binding)
    root = hips - hanging.mean(1)
    for number, side in enumerate(SIDES):
        if f"{side}_ankle" in binding.at:
            turning = ours[:, INDEX[f"{side}_ankle"]], ours[:, INDEX[f"{side}_foot"]]
            goal = feet.ankle_target(
                places[:, INDEX[f"{side}_ankle"]],
                places[:, INDEX[f"{side}_foot"]],
                turning,
                scale,
                (feet.our_foot(), binding.foot),
            )
            hip, knee = binding.at[f"{side}_hip"], binding.at[f"{side}_knee"]
            thigh, bend = feet.leg(root + hanging[:, number], goal, facing[hip], binding.legs)
            facing[hip], facing[knee] = thigh, multiplied(thigh, bend)
    turns = their_turns(facing, skeleton, binding, len(motion))
    local = np.empty((len(motion), len(skeleton), 4))
    for joint, parent in enumerate(skeleton.parents):
        above = turns[:, parent] if parent >= 0 else None
        local[:, joint] = turns[:, joint] if above is None else multiplied(inverted(above), turns[:, joint])
    return normalised(local), turned(inverted(binding.axes), root)


def their_turns(
    facing: Mapping[int, np.ndarray], skeleton: Skeleton, binding: Binding, count: int
) -> np.ndarray:
    """Gives all their joints' turns in their world, (T, J, 4): those without one of ours keep their rest."""
    import numpy as np

    back = inverted(binding.axes)
    turns = np.empty((count, len(skeleton), 4))
    for joint, parent in enumerate(skeleton.parents):
        if joint in facing:
            turns[:, joint] = multiplied(multiplied(back, facing[joint]), binding.turns[joint])
        elif parent < 0:
            turns[:, joint] = skeleton.rest[joint]
        else:
            turns[:, joint] = multiplied(turns[:, parent], skeleton.rest[joint])
    return turns


def hip_places(turns: np.ndarray, skeleton: Skeleton, binding: Binding) -> np.ndarray:
    """Gives where left and right hip are from the pelvis in our axes: (T, 2, 3)."""
    import numpy as np

    found = []
    for side in SIDES:
        joint, way = binding.at[f"{side}_hip"], np.zeros((len(turns), 3))
        while joint != binding.at["pelvis"] and skeleton.parents[joint] >= 0:
            parent = skeleton.parents[joint]
            way = way + turned(turns[:, parent], skeleton.offsets[joint])
            joint = parent
        found.append(turned(binding.axes, way))
    return np.stack(found, 1)
