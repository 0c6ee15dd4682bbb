"""Feet: when they stand, how far they slide, and legs set so that they stay where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .motion import BodyMotion
from .rotations import about, arc, inverted, multiplied, placed, smooth_signs, turned
from .skeleton import INDEX, OFFSETS

if TYPE_CHECKING:
    import numpy as np

SIDES = ("left", "right")
THIGH = -OFFSETS[INDEX["left_knee"]][1]
SHANK = -OFFSETS[INDEX["left_ankle"]][1]
# Height of the ankle when the foot is flat on the floor, cm.
FLAT_ANKLE = sum(OFFSETS[INDEX[name]][1] for name in ("pelvis", "left_hip")) - THIGH - SHANK
# No leg is stretched beyond this share of its length, where the knee would snap.
REACH = 0.9995


# How fast the foot's guide changes from the ankle to the ball as the heel rises, as a share of the foot's length.
HEEL_RISES = 0.15
# A foot stands while its lower point, heel or ball, is at most so far above where it is in a flat foot, and moves
# no faster over the floor; standing lasts at least so long, and gaps that are shorter are none.
STANDS_CM, STANDS_CM_S, STANDS_S = 2.5, 30.0, 0.1
# How long a locked foot takes to join the motion again.
RELEASE_S = 0.2


@dataclass(frozen=True)
class Foot:
    """A foot flat on the floor: height of the ankle above it, and the way to the ball (3,), None without one."""

    height: float
    bone: tuple[float, float, float] | None

    def sole(self) -> np.ndarray:
        """Gives where the ball is from the point of the floor under the ankle. (3,)"""
        import numpy as np

        return np.array(self.bone) + np.array([0.0, self.height, 0.0])


def our_foot() -> Foot:
    return Foot(FLAT_ANKLE, OFFSETS[INDEX["left_foot"]])


def ankle_target(
    ankles: np.ndarray,
    balls: np.ndarray | None,
    turns: tuple[np.ndarray, np.ndarray],
    scale: float,
    feet: tuple[Foot, Foot],
) -> np.ndarray:
    """Gives where another body's ankle should be: led by the ankle while the heel is down, by the ball when it rises.

    Args:
        ankles, balls: (T, 3) places of the first body's joints.
        turns: rotations of ankle and ball from flat in the world, each (T, 4). scale: of the second body.
        feet: of the first body and of the second.
    """
    import numpy as np

    theirs, ours = feet
    by_ankle = scale * ankles + [0, ours.height - scale * theirs.height, 0]
    if balls is None or theirs.bone is None or ours.bone is None:
        return by_ankle
    ball = scale * balls + turned(turns[1], ours.sole() - scale * theirs.sole())
    by_ball = ball - turned(turns[0], np.array(ours.bone))
    rise = scale * ((ankles[:, 1] - theirs.height) - (balls[:, 1] - theirs.sole()[1]))
    softness = HEEL_RISES * np.linalg.norm(ours.bone)
    share = 1 / (1 + np.exp((-rise / softness).clip(-50, 50)))
    return by_ankle + share[:, None] * (by_ball - by_ankle)


def leg(
    hip: np.ndarray, ankle: np.ndarray, thigh: np.ndarray, lengths: tuple[float, float] = (THIGH, SHANK)
) -> tuple[np.ndarray, np.ndarray]:
    """Sets a leg so that its ankle stands at a place, the knee bending in the plane in which it points.

    Args:
        hip: (T, 3) and ankle: (T, 3) where they should be, cm; a place out of reach is approached.
        thigh: (T, 4) rotation of the thigh in the world whose side axis says where the knee points.

    Returns:
        rotations of the thigh in the world (T, 4) and of the knee from the thigh (T, 4)
    """
    import numpy as np

    upper, lower = lengths
    way = ankle - hip
    span = np.linalg.norm(way, axis=-1).clip(abs(upper - lower) + 1e-3, (upper + lower) * REACH)
    inner = np.arccos(((upper**2 + lower**2 - span**2) / (2 * upper * lower)).clip(-1, 1))
    at_hip = np.arccos(((upper**2 + span**2 - lower**2) / (2 * upper * span)).clip(-1, 1))
    side = np.array([1.0, 0.0, 0.0])
    knee = about(side, np.pi - inner)
    # With the hip at rest and the knee bent, the ankle is behind the vertical by `at_hip`.
    bent = np.stack([np.zeros_like(at_hip), -np.cos(at_hip), -np.sin(at_hip)], -1)
    first = multiplied(arc(turned(thigh, bent), way), thigh)
    return first, knee


def soles(motion: BodyMotion) -> tuple[np.ndarray, np.ndarray]:
    """Gives where the points under ankle and ball are, left and right: (T, 2, 2, 3) cm by side and point, and the
    turns of all joints in the world (T, 22, 4).

    Each point's height is 0 when the foot is flat on the floor.
    """

    places, turns = placed(motion.rotations, motion.root)
    joints = [[INDEX[f"{side}_ankle"], INDEX[f"{side}_foot"]] for side in SIDES]
    points = places[:, joints]
    points[..., 1] -= [FLAT_ANKLE, FLAT_ANKLE + OFFSETS[INDEX["left_foot"]][1]]
    return points, turns


def contacts(motion: BodyMotion) -> np.ndarray:
    """Says when left and right foot stand: (T, 2) bool."""
    import numpy as np

    points, _ = soles(motion)
    if len(motion) < 2:
        return points[..., 1].min(-1) <= STANDS_CM
    speed = np.linalg.norm(np.gradient(points[..., [0, 2]], 1 / motion.frame_rate, axis=0), axis=-1)
    stands = ((points[..., 1] <= STANDS_CM) & (speed <= STANDS_CM_S)).any(-1)
    least = max(1, round(STANDS_S * motion.frame_rate))
    return np.stack([steady(stands[:, side], least) for side in range(2)], -1)


def steady(flags: np.ndarray, least: int) -> np.ndarray:
    """Fills gaps and drops stretches shorter than `least` frames: (T,) bool -> (T,)."""
    flags = flags.copy()
    for wanted in (False, True):
        for start, stop in stretches(flags == wanted):
            inside = start > 0 and stop < len(flags)
            if stop - start < least and (inside or wanted):
                flags[start:stop] = not wanted
    return flags


def stretches(flags: np.ndarray) -> list[tuple[int, int]]:
    """Gives start and stop of each run of True."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def skate(motion: BodyMotion, standing: np.ndarray | None = None) -> float:
    """Gives how fast feet slide while they stand, in cm a second: the mean over feet and frames of contact.

    Of a standing foot that point is taken, heel or ball, which is slower: the other may rise.

    Args:
        standing: (T, 2) bool, `contacts` of the motion when None.
    """
    import numpy as np

    if len(motion) < 2:
        return 0.0
    standing = contacts(motion) if standing is None else standing
    points, _ = soles(motion)
    steps = np.linalg.norm(np.diff(points[..., [0, 2]], axis=0), axis=-1).min(-1) * motion.frame_rate
    both = standing[1:] & standing[:-1]
    return float(steps[both].mean()) if both.any() else 0.0


def locked(motion: BodyMotion, standing: np.ndarray | None = None) -> BodyMotion:
    """The same motion with feet that stay where they stand; between, they go where they went.

    Args:
        standing: (T, 2) bool, `contacts` of the motion when None.
    """
    import numpy as np

    standing = contacts(motion) if standing is None else standing
    if len(motion) < 2 or not standing.any():
        return motion
    points, turns = soles(motion)
    local = motion.rotations.astype(np.float64)
    places, _ = placed(motion.rotations, motion.root)
    for number, side in enumerate(SIDES):
        hip, knee, ankle = (INDEX[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
        shift = corrections(points[:, number], standing[:, number], motion.frame_rate)
        thigh, bend = leg(places[:, hip], places[:, ankle] + shift, turns[:, hip])
        local[:, hip] = multiplied(inverted(turns[:, INDEX["pelvis"]]), thigh)
        local[:, knee] = bend
        local[:, ankle] = multiplied(inverted(multiplied(thigh, bend)), turns[:, ankle])
    return BodyMotion(smooth_signs(local).astype(np.float32), motion.root, motion.frame_rate)


def corrections(points: np.ndarray, standing: np.ndarray, frame_rate: float) -> np.ndarray:
    """Gives by how much an ankle has to move so that its foot stays: (T, 3) cm.

    Args:
        points: (T, 2, 3) of heel and ball. standing: (T,) bool.
    """
    import numpy as np

    shift = np.zeros((len(points), 3))
    for start, stop in stretches(standing):
        # The point that carries may change from heel to ball: each step is that of the slower one.
        steps = np.diff(points[start:stop], axis=0)
        slower = np.linalg.norm(steps[..., [0, 2]], axis=-1).argmin(-1)
        slid = np.concatenate([np.zeros((1, 3)), np.cumsum(steps[np.arange(len(steps)), slower], axis=0)])
        slid[:, 1] = 0
        shift[start:stop] = slid.mean(0) - slid
        shift[start:stop, 1] = -points[start:stop, :, 1].min(-1).clip(-STANDS_CM, STANDS_CM)
    release = max(1, round(RELEASE_S * frame_rate))
    for start, stop in stretches(~standing):
        before = shift[start - 1] if start else np.zeros(3)
        after = shift[stop] if stop < len(shift) else np.zeros(3)
        gone = eased((np.arange(start, stop) - start + 1) / release)
        come = eased((stop - np.arange(start, stop)) / release)
        shift[start:stop] = before * (1 - gone)[:, None] + after * (1 - come)[:, None]
    return shift


def eased(share: np.ndarray) -> np.ndarray:
    """0..1 -> 0..1 without a jump of speed at either end; beyond 1 it stays."""
    share = share.clip(0, 1)
    return share * share * (3 - 2 * share)
