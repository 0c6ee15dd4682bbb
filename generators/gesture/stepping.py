"""Legs of a movement whose pelvis has changed: feet stand where they stood, steps become longer or shorter."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from conditioning.body.feet import SHANK, THIGH, leg
from conditioning.body.rotations import inverted, multiplied, placed
from conditioning.body.skeleton import INDEX

SIDES = ("left", "right")
SLOW_CM_S, LOW_CM = 40.0, 3.0  # a foot that is slower and about as low as ever stands
BLEND_FRAMES = 5
STRETCHED, MOST_LOWER_CM = 0.9995, 3.0  # share of a leg's length that it reaches
SHORTEST = 3  # frames that a foot stands at least


def ankles_of(places: np.ndarray) -> np.ndarray:
    """(T, 22, 3) -> (T, 2, 3)"""
    return places[:, [INDEX["left_ankle"], INDEX["right_ankle"]]]


def balls_of(places: np.ndarray) -> np.ndarray:
    """The balls of the feet, which stay where they are while the heel rises. (T, 22, 3) -> (T, 2, 3)"""
    return places[:, [INDEX["left_foot"], INDEX["right_foot"]]]


def stretched(path: np.ndarray, share: np.ndarray) -> np.ndarray:
    """A way over the floor whose every step is so many times as long. (T, 3), (T,) -> (T, 3)"""
    out = path.copy()
    steps = np.diff(path[:, [0, 2]], axis=0) * share[1:, None]
    out[1:, [0, 2]] = path[0, [0, 2]] + np.cumsum(steps, axis=0)
    return out


def standing(balls: np.ndarray, frame_rate: float) -> np.ndarray:
    """When each foot stands. (T, 2, 3) -> (T, 2) bool"""
    speed = np.linalg.norm(np.gradient(balls, axis=0), axis=-1) * frame_rate
    low = balls[..., 1] < np.quantile(balls[..., 1], 0.05, axis=0) + LOW_CM
    return low & (speed < SLOW_CM_S)


def planted(feet: np.ndarray, stands: np.ndarray) -> np.ndarray:
    """Feet that do not move while they stand; before and after they find their way. (T, 2, 3)"""
    out = feet.copy()
    for side in range(2):
        shift = np.zeros((len(feet), 3))
        edges = np.flatnonzero(np.diff(stands[:, side].astype(int), prepend=0, append=0))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            if last - first < SHORTEST:
                continue
            part = slice(first, last)
            shift[part] = feet[part, side].mean(0) - feet[part, side]
            shift[part, 1] = 0
        still = np.any(shift != 0, axis=1)
        soft = gaussian_filter1d(shift, BLEND_FRAMES / 2, axis=0, mode="nearest")
        out[:, side] += np.where(still[:, None], shift, soft)
    return out


def within_reach(rotations: np.ndarray, root: np.ndarray, ankles: np.ndarray) -> np.ndarray:
    """A pelvis that is lowered where legs would not reach. (T, 22, 4), (T, 3), (T, 2, 3) -> (T, 3)"""
    places, _ = placed(rotations, root)
    lower = np.zeros(len(root))
    for number, side in enumerate(SIDES):
        way = places[:, INDEX[f"{side}_hip"]] - ankles[:, number]
        reach = np.square(STRETCHED * (THIGH + SHANK)) - np.square(way[:, [0, 2]]).sum(1)
        lower = np.maximum(lower, way[:, 1] - np.sqrt(np.maximum(reach, 1.0)))
    lower = gaussian_filter1d(
        maximum_filter1d(lower.clip(0, MOST_LOWER_CM), 7, mode="nearest"), 2.0, mode="nearest"
    )
    return root - lower[:, None] * np.array([0.0, 1.0, 0.0])


def on_feet(rotations: np.ndarray, root: np.ndarray, ankles: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Sets the legs so that ankles are where they should be; feet keep how they lie. (T, 22, 4)

    Args:
        rotations: (T, 22, 4) with the new pelvis. root: (T, 3). ankles: (T, 2, 3) cm.
        before: (T, 22, 4) rotations in the world of the movement that it was made from.
    """
    out = rotations.copy()
    places, _ = placed(out, root)
    for number, side in enumerate(SIDES):
        hip, ankle = INDEX[f"{side}_hip"], INDEX[f"{side}_ankle"]
        thigh, knee = leg(places[:, hip], ankles[:, number], before[:, hip])
        out[:, hip] = multiplied(inverted(out[:, 0]), thigh)
        out[:, INDEX[f"{side}_knee"]] = knee
        out[:, ankle] = multiplied(inverted(multiplied(thigh, knee)), before[:, ankle])
    return out
