"""What a body cannot do: hands within the trunk, joints beyond their range, feet that slide."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from scipy.signal import lfilter

from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import about, inverted, multiplied, placed, turned
from conditioning.body.skeleton import ENDS, INDEX

from .features import FRAME_RATE, exponential, logarithm

# The trunk as an upright elliptic tube around the spine, to which arms keep a distance: half widths in cm.
TRUNK_CM = np.array([16.5, 12.0])
HAND_CM = 3.0  # half the thickness of a hand
MOST_PUSH = 0.7  # radians that a shoulder gives way
PUSH_FRAMES = 7
MOST_ELBOW, MOST_SIDEWAYS, MOST_FOREARM = np.radians([148.0, 13.0, 95.0])
# Each joint's largest turn from rest in radians, softly kept.
MOST = {
    "neck": 0.65, "head": 0.65, "spine1": 0.55, "spine2": 0.45, "spine3": 0.5,
    "left_collar": 0.45, "right_collar": 0.45, "left_wrist": 1.35, "right_wrist": 1.35,
}  # fmt: skip
LEASH_S = 3.5  # after which a body that stands has come back half the way
MOST_AWAY_CM, MOST_TURNED = 7.0, 0.3


class Leash:
    """Keeps what is summed up near where it began, smoothly: weight shifts instead of a walk.

    Args:
        width: of the rows. most: how far away it may be.
    """

    def __init__(self, width: int, most: float) -> None:
        self.most, self.state = most, np.zeros((1, width))
        self.hold = float(np.exp(-np.log(2) / (LEASH_S * FRAME_RATE)))

    def __call__(self, velocity: np.ndarray) -> np.ndarray:
        """(T, width) a second -> (T, width) places"""
        places, self.state = lfilter([1 / FRAME_RATE], [1, -self.hold], velocity, axis=0, zi=self.state)
        return self.most * np.tanh(places / self.most)


def within_limits(rotations: np.ndarray) -> np.ndarray:
    """Keeps joints in their range. (T, 22, 4)"""
    out = rotations.copy()
    for name, most in MOST.items():
        turn = logarithm(out[:, INDEX[name]])
        size = np.linalg.norm(turn, axis=-1, keepdims=True)
        out[:, INDEX[name]] = exponential(turn * softly(size, most) / np.maximum(size, 1e-9))
    for side, sign in (("left", -1.0), ("right", 1.0)):
        elbow, wrist = INDEX[f"{side}_elbow"], INDEX[f"{side}_wrist"]
        # Hands turn in the forearm: what a wrist seems to turn, the elbow's joint does.
        along = twist_of(out[:, wrist])
        out[:, wrist] = multiplied(inverted(along), out[:, wrist])
        out[:, elbow] = hinged(multiplied(out[:, elbow], along), sign)
    return out


def twist_of(q: np.ndarray) -> np.ndarray:
    """The part of a turn that is about x. (T, 4) -> (T, 4)

    Source: Dobrowolski 2015, "Swing-twist decomposition in Clifford algebra".
    """
    twist = q * np.array([1.0, 1.0, 0.0, 0.0])
    return twist / np.maximum(np.linalg.norm(twist, axis=-1, keepdims=True), 1e-6)


def softly(size: np.ndarray, most: float | np.ndarray) -> np.ndarray:
    """Sizes that stay below `most`; those below four fifths of it stay as they are."""
    knee = 0.8 * most
    over = np.maximum(0, size - knee) / (most - knee)
    return np.where(size <= knee, size, knee + (most - knee) * np.tanh(over))


def hinge_of(elbow: np.ndarray, sign: float) -> np.ndarray:
    """How far an elbow is twisted, bent and bent sideways. (T, 4) -> (T, 3) radians

    Args:
        sign: of the turn about y that bends it.
    """
    twist = twist_of(elbow)
    swing = logarithm(multiplied(elbow, inverted(twist)))
    return np.stack([logarithm(twist)[:, 0], sign * swing[:, 1], swing[:, 2]], -1)


def from_hinge(values: np.ndarray, sign: float) -> np.ndarray:
    """The elbow that `hinge_of` gives these of, brought into the range of elbows. (T, 3) -> (T, 4)"""
    turn, bend, sideways = values.T
    twist = about(np.array([1.0, 0.0, 0.0]), np.sign(turn) * softly(np.abs(turn), MOST_FOREARM))
    bend = np.where(bend < 0.03, 0.03 * np.exp(np.minimum(bend - 0.03, 0) / 0.03), softly(bend, MOST_ELBOW))
    sideways = MOST_SIDEWAYS * np.tanh(sideways / MOST_SIDEWAYS)
    return multiplied(exponential(np.stack([np.zeros(len(bend)), sign * bend, sideways], -1)), twist)


def hinged(elbow: np.ndarray, sign: float) -> np.ndarray:
    """An elbow that bends one way only, as far as elbows do, and twists. (T, 4)"""
    return from_hinge(hinge_of(elbow, sign), sign)


def clear_of_trunk(rotations: np.ndarray) -> np.ndarray:
    """Turns shoulders outwards where elbow, wrist or hand would be within the trunk. (T, 22, 4)"""
    out = rotations.copy()
    places, world = placed(out, np.zeros((len(out), 3)))
    chest = world[:, INDEX["spine3"]]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder, wrist = INDEX[f"{side}_shoulder"], INDEX[f"{side}_wrist"]
        tip = places[:, wrist] + turned(
            world[:, wrist], np.broadcast_to(ENDS[f"{side}_wrist"], (len(out), 3))
        )
        points = np.stack([places[:, INDEX[f"{side}_elbow"]], places[:, wrist], tip], 1)  # (T, 3, 3)
        push = pushes(points, places, chest, places[:, shoulder], sign)
        wide = maximum_filter1d(push, 2 * PUSH_FRAMES + 1, mode="nearest")
        push = gaussian_filter1d(wide, PUSH_FRAMES / 2, mode="nearest")
        if not push.any():
            continue
        # About the chest's forward axis: the arm is lifted away from the side.
        away = about(np.array([0.0, 0.0, 1.0]), sign * push)
        parent = world[:, INDEX[f"{side}_collar"]]
        lift = multiplied(
            multiplied(inverted(parent), multiplied(multiplied(chest, away), inverted(chest))), parent
        )
        out[:, shoulder] = multiplied(lift, out[:, shoulder])
    return out


def pushes(
    points: np.ndarray, places: np.ndarray, chest: np.ndarray, shoulder: np.ndarray, sign: float
) -> np.ndarray:
    """How far an arm must be lifted so that none of its points is within the trunk, (T,) radians.

    Args:
        points: (T, P, 3) in the world. places: (T, 22, 3) of the joints. chest: (T, 4). shoulder: (T, 3).
    """
    low, high = places[:, INDEX["pelvis"]], places[:, INDEX["spine3"]]
    count = points.shape[1]
    axis = (high - low)[:, None]
    along = ((points - low[:, None]) * axis).sum(-1) / np.maximum((axis**2).sum(-1), 1e-6)  # (T, P)
    middle = low[:, None] + along.clip(-0.5, 1.2)[..., None] * axis
    local = turned(inverted(np.repeat(chest[:, None], count, 1)), points - middle)[..., [0, 2]]
    local[..., 0] = np.maximum(sign * local[..., 0], -TRUNK_CM[0])
    inside = 1 - np.linalg.norm(local / (TRUNK_CM + HAND_CM), axis=-1)  # (T, P)
    # A hand before or behind the body is not lifted over the side.
    deep = np.maximum(0, inside) * (TRUNK_CM[0] + HAND_CM) * (local[..., 0] > 0.2 * TRUNK_CM[0])
    reach = np.linalg.norm(points - shoulder[:, None], axis=-1).clip(15)
    return (deep * ((along > -0.5) & (along < 1.2)) / reach).max(1).clip(0, MOST_PUSH)


def skate_cm_s(motion: BodyMotion, contacts: np.ndarray, joints: tuple[int, ...]) -> float:
    """How fast feet slide while they stand, mean of (T, J) contacts."""
    places, _ = placed(motion.rotations, motion.root)
    moved = np.linalg.norm(np.diff(places[:, joints][..., [0, 2]], axis=0), axis=-1) * motion.frame_rate
    stands = (contacts[1:] > 0.5) & (contacts[:-1] > 0.5)
    return float(moved[stands].mean()) if stands.any() else 0.0
