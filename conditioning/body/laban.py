"""Gestures written in Labanotation as poses of our skeleton, and as motion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .motion import BodyMotion
from .rotations import about, between, inverted, multiplied, normalised, quaternions, smooth_signs, turned
from .skeleton import INDEX, NUM_JOINTS, OFFSETS

if TYPE_CHECKING:
    import numpy as np

    from training.data.motion import LabanKey

# Azimuth from straight ahead towards the person's left, in degrees; "Place" has none.
AZIMUTHS = {
    "Forward": 0, "Left Forward": 45, "Left": 90, "Left Backward": 135, "Backward": 180,
    "Right Backward": -135, "Right": -90, "Right Forward": -45,
}  # fmt: skip
LEVELS = {"High": 45, "Normal": 0, "Low": -45}
# An arm that hangs, by its left side (x is mirrored for the right): people hold it a little away from the body
# and the elbow a little bent.
HANGING = {"elbow": (0.14, -1.0, -0.04), "wrist": (0.06, -1.0, 0.3)}
# What the library writes where an arm is drawn to the chest.
DRAWN_IN = {"elbow": (0.7, -0.7, 0.1), "wrist": (-0.2, 0.1, 1.0)}
# Where the forearm is taken to point besides its direction, so that the elbow's plane is known for straight arms:
# forward, inward and up, as elbows bend.
BENDS = (-0.08, 0.05, 0.25)
MOST_BENT, LEAST_BENT = 140.0, 8.0
# An upper arm crosses the chest by so much of its length, and turns about itself so far outwards and inwards.
ACROSS, TWISTS = 0.5, (-90.0, 85.0)
# The notation knows steps of 45 degrees; heads that accompany speech turn about half as far.
HEAD_SHARE = 0.5
NECK_SHARE = 0.4
# Written for a robot that turns on its base; a person's spine turns so much of that.
TURN_SHARE = 0.6
# An arm that rises above 30 degrees takes the shoulder girdle along by a third of the way, at most so far.
# Source: Inman, Saunders and Abbott 1944, "Observations on the function of the shoulder joint".
GIRDLE_FROM, GIRDLE_SHARE, GIRDLE_MOST = 30.0, 1 / 3, 22.0
# How far the palm is turned from where the bent elbow leaves it, in degrees; + turns it down or forward, - up.
PALMS = {
    "hello": 80.0, "goodbye": 80.0, "wave happily": 80.0, "away": 70.0, "quit": 60.0, "deictic here": 50.0,
    "come": -60.0, "question": -60.0, "howareyou": -50.0, "help": -50.0, "please": -50.0, "many": -40.0,
    "open two arms": -50.0, "deictic you l": -30.0, "beat": -20.0,
}  # fmt: skip


@dataclass(frozen=True)
class LabanGesture:
    """A gesture as poses of the upper body, between which people move smoothly; K poses.

    Attributes:
        name: unique in the library. concept: what it means, as "come", "deictic me l".
        category: "beat", "deictic", "thinking", "iconic/emblem" or "theme/idle".
        emotion: the library's word for it, "" where none.
        times_s: (K,) growing, from the gesture's start.
        rotations: (K, 22, 4) as `BodyMotion` has them; legs and pelvis at rest.
    """

    name: str
    concept: str
    category: str
    emotion: str
    times_s: np.ndarray
    rotations: np.ndarray


def laban_gestures(folder: str | Path) -> list[LabanGesture]:
    """Reads Microsoft's library (MIT) as poses of our skeleton.

    Raises:
        FileNotFoundError, ValueError: as `training.data.motion.laban_scores`.
    """
    import numpy as np

    from training.data.motion import laban_scores

    return [
        LabanGesture(
            score.name,
            score.concept,
            score.category,
            score.emotion,
            np.array([key.time_s for key in score.keys]),
            smooth_signs(np.stack([pose(key, PALMS.get(score.concept, 0.0)) for key in score.keys])),
        )
        for score in laban_scores(folder)
    ]


def as_motion(
    gesture: LabanGesture, frame_rate: float = 30.0, speed: float = 1.0, rest_s: float = 0.4
) -> BodyMotion:
    """Gives a gesture as people would move: from rest, through its poses, and back to rest.

    Args:
        speed: times as fast as it is written. rest_s: from rest to the first pose and from the last to rest,
            where those are no rest.

    Raises:
        ValueError: a speed, rate or time that is not above 0.
    """
    import numpy as np

    if not min(frame_rate, speed, rest_s) > 0:
        raise ValueError(f"expected rate, speed and rest above 0, got {frame_rate}, {speed}, {rest_s}")
    still = hanging()[None]
    times = gesture.times_s / speed
    poses = np.concatenate([still, gesture.rotations, still])
    times = np.concatenate([times[:1] - rest_s, times, times[-1:] + rest_s])
    poses, times = smooth_signs(poses), times - times[0]
    count = int(np.ceil(times[-1] * frame_rate)) + 1
    at = np.arange(count) / frame_rate
    key = (np.searchsorted(times, at, side="right") - 1).clip(0, len(times) - 2)
    share = ((at - times[key]) / (times[key + 1] - times[key])).clip(0, 1)
    turns = between(poses[key], poses[key + 1], minimum_jerk(share)[:, None])
    root = np.tile(np.array(OFFSETS[0], np.float32), (count, 1))
    return BodyMotion(smooth_signs(turns).astype(np.float32), root, frame_rate)


def minimum_jerk(share: np.ndarray) -> np.ndarray:
    """Time 0..1 -> way 0..1 as hands go from place to place.

    Source: Flash and Hogan 1985, "The coordination of arm movements", equation A.
    """
    return share**3 * (10 - 15 * share + 6 * share**2)


def hanging() -> np.ndarray:
    """Gives a standing body whose arms hang. (22, 4)"""
    import numpy as np

    rotations = np.zeros((NUM_JOINTS, 4))
    rotations[:, 0] = 1
    for side in ("left", "right"):
        upper, fore = (np.array(mirrored(HANGING[joint], side)) for joint in ("elbow", "wrist"))
        set_arm(rotations, side, upper, fore, 0.0)
    return rotations


def pose(key: LabanKey, palm_deg: float = 0.0) -> np.ndarray:
    """Gives the pose of one key: (22, 4).

    Args:
        palm_deg: how far raised hands' palms are turned; see `PALMS`.

    Raises:
        ValueError: a direction that the notation does not have.
    """
    import numpy as np

    rotations = np.zeros((NUM_JOINTS, 4))
    rotations[:, 0] = 1
    up = np.array([0.0, 1.0, 0.0])
    for joint in ("spine1", "spine2", "spine3"):
        rotations[INDEX[joint]] = about(up, np.radians(-key.turn_deg * TURN_SHARE / 3))
    head = from_forward(key.directions["head"])
    for joint, share in (("neck", NECK_SHARE), ("head", 1 - NECK_SHARE)):
        rotations[INDEX[joint]] = between(np.array([1.0, 0, 0, 0]), head, np.array(HEAD_SHARE * share))
    for side in ("left", "right"):
        words = [key.directions[f"{side} {joint}"] for joint in ("elbow", "wrist")]
        upper, fore = (
            direction(word, joint, side) for word, joint in zip(words, ("elbow", "wrist"), strict=True)
        )
        raised = words[1] != ("Place", "Low")
        set_arm(rotations, side, upper, fore, np.radians(palm_deg) if raised else 0.0)
    return rotations


def from_forward(word: tuple[str, str]) -> np.ndarray:
    """Gives the turn of a head that looks where a word says. (4,)"""
    import numpy as np

    where, level = word
    if where not in AZIMUTHS or level not in LEVELS:
        raise ValueError(f"expected a direction such as Forward, Normal for the head, got {where}, {level}")
    yaw = about(np.array([0.0, 1.0, 0.0]), np.radians(AZIMUTHS[where]))
    return multiplied(yaw, about(np.array([1.0, 0.0, 0.0]), np.radians(-LEVELS[level])))


def direction(word: tuple[str, str], joint: str, side: str) -> np.ndarray:
    """Gives where an arm's bone points, of length 1: (3,)."""
    import numpy as np

    where, level = word
    if level not in LEVELS or where not in (*AZIMUTHS, "Place"):
        raise ValueError(f"expected a direction such as Left Forward, High, got {where}, {level}")
    if where == "Place":
        chosen = {"Low": HANGING[joint], "Normal": DRAWN_IN[joint], "High": (0.1, 1.0, 0.1)}[level]
        way = np.array(mirrored(chosen, side))
        return way / np.linalg.norm(way)
    around, above = np.radians(AZIMUTHS[where]), np.radians(LEVELS[level])
    return np.array([np.sin(around) * np.cos(above), np.sin(above), np.cos(around) * np.cos(above)])


def mirrored(way: tuple[float, float, float], side: str) -> tuple[float, float, float]:
    return way if side == "left" else (-way[0], way[1], way[2])


def set_arm(rotations: np.ndarray, side: str, upper: np.ndarray, fore: np.ndarray, palm: float) -> None:
    """Sets collar, shoulder and elbow of a pose so that the bones point where they should. In place.

    Args:
        upper, fore: (3,) directions in the chest's frame. palm: radians, + turns it down or forward.
    """
    import numpy as np

    out = 1.0 if side == "left" else -1.0
    upper, fore = reachable(upper, out), fore / np.linalg.norm(fore)
    straight = 1 - np.linalg.norm(np.cross(upper, fore))
    hinge = np.cross(upper, fore + straight * np.array(mirrored(BENDS, side)))
    hinge /= max(np.linalg.norm(hinge), 1e-9)
    # At rest the arm lies along +-x and the elbow bends forward, about -y on the left and +y on the right.
    x, y = out * upper, -out * hinge
    shoulder = less_twisted(quaternions(np.stack([x, y, np.cross(x, y)], -1)))
    aim = turned(inverted(shoulder), fore)
    angle = np.degrees(np.arctan2(aim[2], out * aim[0])).clip(LEAST_BENT, MOST_BENT)
    collar = girdle(upper, out)
    rotations[INDEX[f"{side}_collar"]] = collar
    rotations[INDEX[f"{side}_shoulder"]] = multiplied(inverted(collar), shoulder)
    bend = about(np.array([0.0, -out, 0.0]), np.radians(angle))
    rotations[INDEX[f"{side}_elbow"]] = multiplied(bend, about(np.array([1.0, 0, 0]), np.array(palm)))


def reachable(upper: np.ndarray, out: float) -> np.ndarray:
    """Gives the direction nearest to one that an upper arm can have: robots point through their chest. (3,)"""
    import numpy as np

    upper = upper / np.linalg.norm(upper)
    if out * upper[0] < -ACROSS:
        rest = np.array([0.0, upper[1], max(upper[2], 0.7)])
        upper = np.array([-out * ACROSS, 0, 0]) + rest * np.sqrt(1 - ACROSS**2) / np.linalg.norm(rest)
    return upper


def less_twisted(shoulder: np.ndarray) -> np.ndarray:
    """Keeps an upper arm from turning about itself further than people's do; its direction stays. (4,) -> (4,)"""
    import numpy as np

    twist = normalised(shoulder * np.array([1.0, 1, 0, 0]))
    angle = np.degrees(2 * np.arctan2(twist[1], twist[0]))
    angle = (angle + 210) % 360 - 210  # what bends the elbow backwards is reached by turning outwards
    back = angle.clip(*TWISTS) - angle
    return multiplied(shoulder, about(np.array([1.0, 0.0, 0.0]), np.radians(back)))


def girdle(upper: np.ndarray, out: float) -> np.ndarray:
    """Gives how the collar rises with an upper arm. (3,) -> (4,)"""
    import numpy as np

    elevation = np.degrees(np.arccos((-upper[1]).clip(-1, 1)))
    rise = min(max(elevation - 90.0 + GIRDLE_FROM, 0.0) * GIRDLE_SHARE, GIRDLE_MOST)
    return about(np.array([0.0, 0.0, out]), np.radians(rise))
