"""How a body moves, whatever it does: numbers after Laban's effort and shape, of windows of motion.

Source: Laban and Lawrence, "Effort", 1947, for what is looked at (space, weight, time, flow; shape); Larboulette
and Gibet, "A review of computable expressive descriptors of human motion", MOCO 2015, for how it is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conditioning.body.skeleton import INDEX

from .gesture_metrics import CUTOFF_HZ, check_rate, sizes, smoothed

if TYPE_CHECKING:
    import numpy as np

    from conditioning.body.motion import BodyMotion

SHORTEST = 12  # frames of which anything can be said
# Of each frame, how the body is held. Angles in degrees, lengths in cm, seen from the pelvis and where it faces.
POSTURE = (
    "head down", "head tilted", "head forward", "neck bent", "trunk forward", "trunk sideways", "chest down",
    "shoulders up", "shoulders forward", "elbows out", "elbows forward", "elbows bent", "upper arms raised",
    "hands up", "higher hand up", "hands out", "hands forward", "hands apart", "reach", "contraction",
    "hands unlike", "knees bent", "feet apart", "pelvis up",
)  # fmt: skip
# Of each frame, how fast it moves: cm/s, of the turning ones degrees/s.
MOVING = (
    "hands", "faster hand", "elbows", "head", "trunk turning", "head turning", "pelvis", "feet", "bounce",
)  # fmt: skip
CHANGING = ("hands", "elbows", "head")  # of these also acceleration and jerk
RHYTHM = ("suddenness", "quickness", "roughness", "pauses", "strokes")
ENDS = ("left_wrist", "right_wrist", "left_elbow", "right_elbow", "head")  # that contraction draws in
LEAST = 1.0  # cm/s or degrees/s below which a speed is nothing
STILL = 8.0  # cm/s under which a hand rests


@dataclass(frozen=True)
class Signals:
    """What is seen of a motion, frame by frame.

    Attributes:
        posture: (T, 24). speed: (T, 9). change: (T, 6) acceleration and jerk of `CHANGING`.
    """

    posture: np.ndarray
    speed: np.ndarray
    change: np.ndarray

    def __len__(self) -> int:
        return len(self.posture)

    def between(self, start: int, stop: int) -> Signals:
        return Signals(self.posture[start:stop], self.speed[start:stop], self.change[start:stop])


def feature_names() -> tuple[str, ...]:
    """Names of what `manner` gives, in its order."""
    return (
        *POSTURE,
        *(f"{name}, range" for name in POSTURE),
        *(f"{name}, speed" for name in MOVING),
        *(f"{name}, acceleration" for name in CHANGING),
        *(f"{name}, jerk" for name in CHANGING),
        *RHYTHM,
    )


def seen_from_pelvis(motion: BodyMotion) -> tuple[np.ndarray, np.ndarray]:
    """Gives places and rotations as the pelvis sees them that stays upright and faces +z.

    Returns:
        positions (T, 22, 3) cm, rotations (T, 22, 4)
    """
    import numpy as np

    from conditioning.body.rotations import about, multiplied, placed, turned

    places, turns = placed(motion.rotations, motion.root)
    across = smoothed(places[:, INDEX["left_hip"]] - places[:, INDEX["right_hip"]], motion.frame_rate, 3.0)
    heading = np.arctan2(-across[:, 2], across[:, 0])
    back = about(np.array([0.0, 1.0, 0.0]), -heading)[:, None]  # (T, 1, 4)
    seen = turned(np.broadcast_to(back, (*places.shape[:2], 4)), places - places[:, :1])
    return seen, multiplied(np.broadcast_to(back, turns.shape), turns)


def signals(motion: BodyMotion) -> Signals:
    """Looks at a motion at 30 frames a second.

    Raises:
        ValueError: another rate, or fewer than 12 frames.
    """

    check_rate(motion.frame_rate)
    if len(motion) < SHORTEST:
        raise ValueError(f"expected {SHORTEST} frames or more, got {len(motion)}")
    places, turns = seen_from_pelvis(motion)
    places = smoothed(places, motion.frame_rate)
    root = smoothed(motion.root, motion.frame_rate)
    return Signals(posture_of(places, turns, root), *movement_of(places, turns, root, motion.frame_rate))


def facing(turns: np.ndarray, joint: str, axis: tuple[float, float, float]) -> np.ndarray:
    """Where an axis of a joint points: (T, 22, 4) -> (T, 3)."""
    import numpy as np

    from conditioning.body.rotations import turned

    rows = turns[:, INDEX[joint]]
    return turned(rows, np.broadcast_to(np.array(axis), (len(rows), 3)))


def degrees(sine: np.ndarray) -> np.ndarray:
    """Angle of a unit vector's component: (T,) -> (T,)."""
    import numpy as np

    return np.degrees(np.arcsin(sine.clip(-1, 1)))


def bend(first: np.ndarray, middle: np.ndarray, last: np.ndarray) -> np.ndarray:
    """How far a limb is from straight, in degrees: (T, 3) each -> (T,)."""
    import numpy as np

    one, other = middle - first, last - middle
    cosine = (one * other).sum(-1) / np.maximum(1e-9, sizes(one) * sizes(other))
    return np.degrees(np.arccos(cosine.clip(-1, 1)))


def posture_of(places: np.ndarray, turns: np.ndarray, root: np.ndarray) -> np.ndarray:
    """(T, 22, 3), (T, 22, 4), (T, 3) -> (T, 24) in the order of `POSTURE`."""
    import numpy as np

    at = {name: places[:, number] for name, number in INDEX.items()}

    def both(name: str, axis: int) -> np.ndarray:
        return (at[f"left_{name}"][:, axis] + at[f"right_{name}"][:, axis]) / 2

    def out(name: str) -> np.ndarray:
        return (at[f"left_{name}"][:, 0] - at[f"right_{name}"][:, 0]) / 2

    head, trunk = facing(turns, "head", (0, 0, 1)), at["neck"] - at["pelvis"]
    tilt, chest = facing(turns, "head", (1, 0, 0)), facing(turns, "spine3", (0, 0, 1))
    elbows = [bend(at[f"{s}_shoulder"], at[f"{s}_elbow"], at[f"{s}_wrist"]) for s in ("left", "right")]
    knees = [bend(at[f"{s}_hip"], at[f"{s}_knee"], at[f"{s}_ankle"]) for s in ("left", "right")]
    arms = [at[f"{s}_elbow"] - at[f"{s}_shoulder"] for s in ("left", "right")]
    raised = [degrees(arm[:, 1] / np.maximum(1e-9, sizes(arm))) for arm in arms]
    hands = [at["left_wrist"], at["right_wrist"]]
    far = [sizes(at[name] - at["spine2"]) for name in ENDS]
    rows = {
        "head down": -degrees(head[:, 1]),
        "head tilted": np.abs(degrees(tilt[:, 1])),
        "head forward": at["head"][:, 2] - at["spine3"][:, 2],
        "neck bent": degrees(chest[:, 1]) - degrees(head[:, 1]),
        "trunk forward": np.degrees(np.arctan2(trunk[:, 2], trunk[:, 1])),
        "trunk sideways": np.abs(np.degrees(np.arctan2(trunk[:, 0], trunk[:, 1]))),
        "chest down": -degrees(chest[:, 1]),
        "shoulders up": both("shoulder", 1) - at["spine3"][:, 1],
        "shoulders forward": both("shoulder", 2) - at["neck"][:, 2],
        "elbows out": out("elbow"),
        "elbows forward": both("elbow", 2) - both("shoulder", 2),
        "elbows bent": sum(elbows) / 2,
        "upper arms raised": sum(raised) / 2,
        "hands up": both("wrist", 1),
        "higher hand up": np.maximum(*(hand[:, 1] for hand in hands)),
        "hands out": out("wrist"),
        "hands forward": both("wrist", 2) - both("shoulder", 2),
        "hands apart": sizes(hands[0] - hands[1]),
        "reach": sum(sizes(at[f"{s}_wrist"] - at[f"{s}_shoulder"]) for s in ("left", "right")) / 2,
        "contraction": -sum(far) / len(far),
        "hands unlike": np.abs(hands[0] * np.array([-1, 1, 1]) - hands[1]).sum(1),
        "knees bent": sum(knees) / 2,
        "feet apart": out("ankle"),
        "pelvis up": root[:, 1],
    }
    return np.stack([rows[name] for name in POSTURE], axis=1)


def movement_of(
    places: np.ndarray, turns: np.ndarray, root: np.ndarray, frame_rate: float
) -> tuple[np.ndarray, np.ndarray]:
    """Speeds, and accelerations and jerks: (T, 9), (T, 6)."""
    import numpy as np

    def change(rows: np.ndarray, order: int) -> np.ndarray:
        for _ in range(order):
            rows = np.gradient(rows, axis=0) * frame_rate
        return sizes(rows)

    def mean(names: tuple[str, ...], order: int) -> np.ndarray:
        return sum(change(places[:, INDEX[name]], order) for name in names) / len(names)  # type: ignore[return-value]

    parts = {
        "hands": ("left_wrist", "right_wrist"),
        "elbows": ("left_elbow", "right_elbow"),
        "head": ("head",),
    }
    hands = [change(places[:, INDEX[name]], 1) for name in parts["hands"]]
    flat = root * np.array([1.0, 0.0, 1.0])
    speed = {
        "hands": mean(parts["hands"], 1),
        "faster hand": np.maximum(*hands),
        "elbows": mean(parts["elbows"], 1),
        "head": mean(parts["head"], 1),
        "trunk turning": turning(turns[:, INDEX["spine3"]], frame_rate),
        "head turning": turning(turns[:, INDEX["head"]], frame_rate),
        "pelvis": change(flat, 1),
        "feet": mean(("left_ankle", "right_ankle"), 1),
        "bounce": np.abs(np.gradient(root[:, 1])) * frame_rate,
    }
    changes = [mean(parts[name], order) for order in (2, 3) for name in CHANGING]
    return np.stack([speed[name] for name in MOVING], axis=1), np.stack(changes, axis=1)


def turning(turns: np.ndarray, frame_rate: float) -> np.ndarray:
    """How fast something turns: (T, 4) in the world -> (T,) degrees/s."""
    import numpy as np

    steady = smoothed(turns, frame_rate, CUTOFF_HZ)
    steady /= np.maximum(1e-9, np.linalg.norm(steady, axis=-1, keepdims=True))
    dot = np.abs((steady[1:] * steady[:-1]).sum(-1)).clip(0, 1)
    speed = np.degrees(2 * np.arccos(dot)) * frame_rate
    return np.concatenate([speed[:1], speed])


def manner(seen: Signals) -> np.ndarray:
    """Describes a window: (F,) float32 in the order of `feature_names`.

    Postures are means in their units and ranges (tenth to ninetieth percentile, as square roots, since they
    are skewed). Speeds, accelerations and jerks are logarithms, so that a difference is a ratio.

    Raises:
        ValueError: fewer than 12 frames.
    """
    import numpy as np

    if len(seen) < SHORTEST:
        raise ValueError(f"expected {SHORTEST} frames or more, got {len(seen)}")
    low, high = np.quantile(seen.posture, (0.1, 0.9), axis=0)
    speed = np.log(seen.speed.mean(0) + LEAST)
    # By their own usual size, so that the least of a speed means as little here.
    change = np.log(seen.change.mean(0) + 10 * LEAST * np.repeat([1.0, 10.0], len(CHANGING)))
    hands = seen.speed[:, MOVING.index("hands")]
    rhythm = [
        np.log((np.quantile(hands, 0.9) + LEAST) / (np.median(hands) + LEAST)),
        change[0] - speed[0],
        change[len(CHANGING)] - change[0],
        float((seen.speed[:, MOVING.index("faster hand")] < STILL).mean()),
        strokes(hands),
    ]
    return np.concatenate([seen.posture.mean(0), np.sqrt(high - low), speed, change, rhythm]).astype(
        np.float32
    )


def strokes(speed: np.ndarray) -> float:
    """How often the hands slow down and speed up again, a second at 30 Hz: (T,) -> 0 or more."""
    import numpy as np
    from scipy.signal import find_peaks

    spread = np.quantile(speed, 0.9) - np.quantile(speed, 0.1)
    found, _ = find_peaks(speed, prominence=max(LEAST, 0.3 * spread))
    return 30.0 * len(found) / len(speed)
