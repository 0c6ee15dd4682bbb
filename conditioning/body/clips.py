"""Motion on anybody's skeleton, as files hold it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .rotations import multiplied, turned
from .skeleton import ENDS, INDEX, JOINTS, OFFSETS, PARENTS

if TYPE_CHECKING:
    import numpy as np

    from .motion import BodyMotion


@dataclass(frozen=True)
class Skeleton:
    """Somebody's skeleton; J joints, in their axes and their unit of length.

    Attributes:
        names: (J,), each once. parents: (J,), -1 of the one root, always before the joint.
        offsets: (J, 3) from the parent, in the parent's frame.
        rest: (J, 4) rotations from the parent at rest; the identity in a BVH.
        ends: where last bones end, by joint, in the joint's frame.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    rest: np.ndarray
    ends: dict[int, tuple[float, float, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Clip:
    """What a skeleton does; T frames.

    Attributes:
        rotations: (T, J, 4) unit quaternions w, x, y, z from the parent's frame, the rest's included.
        root: (T, 3) place of the root. frame_rate: Hz.
        moves: (T, 3) places in the parent's frame, by joint, of joints that do not keep their offset.
    """

    rotations: np.ndarray
    root: np.ndarray
    frame_rate: float
    moves: dict[int, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rotations)


def our_skeleton() -> Skeleton:
    """Gives ours, with the names of SMPL-X."""
    import numpy as np

    rest = np.zeros((len(JOINTS), 4))
    rest[:, 0] = 1
    return Skeleton(
        JOINTS, PARENTS, np.array(OFFSETS, np.float64), rest, {INDEX[name]: end for name, end in ENDS.items()}
    )


def as_clip(motion: BodyMotion) -> Clip:
    """The same motion as a clip on `our_skeleton`."""
    return Clip(motion.rotations, motion.root, motion.frame_rate)


def world(skeleton: Skeleton, clip: Clip, joints: set[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Forward kinematics.

    Args:
        joints: those that are wanted, all when None; the rest of the result is left out of the work where no
            wanted joint hangs on it, and is 0.

    Returns:
        places (T, J, 3), rotations in the world (T, J, 4)
    """
    import numpy as np

    wanted = set(range(len(skeleton))) if joints is None else set(joints)
    for joint in reversed(range(len(skeleton))):
        if joint in wanted and skeleton.parents[joint] >= 0:
            wanted.add(skeleton.parents[joint])
    places = np.zeros((len(clip), len(skeleton), 3))
    turns = np.zeros((len(clip), len(skeleton), 4))
    for joint in sorted(wanted):
        parent = skeleton.parents[joint]
        if parent < 0:
            places[:, joint], turns[:, joint] = clip.root, clip.rotations[:, joint]
            continue
        offset = clip.moves.get(joint, skeleton.offsets[joint])
        places[:, joint] = places[:, parent] + turned(turns[:, parent], np.asarray(offset, np.float64))
        turns[:, joint] = multiplied(turns[:, parent], clip.rotations[:, joint])
    return places, turns


def at_rest(skeleton: Skeleton) -> Clip:
    """Gives one frame of a skeleton at rest."""
    return Clip(skeleton.rest[None], skeleton.offsets[:1], 1.0)
