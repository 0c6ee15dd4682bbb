"""A whole body around the arms of a plan: it sways, turns to what the hands do, breathes, and stands on its feet.

This is what the network learns of talk, because recordings of it are not at hand; it imitates published accounts.

Source: sway of quiet standing and shifts of weight: Winter 1995, "Human balance and posture control during standing
and walking"; Duarte and Zatsiorsky 1999, "Patterns of center of pressure migration during prolonged unconstrained
standing" (shifts, fidgets, drifts); the hand follows the arm a little later: Lasseter 1987, "Principles of traditional
animation", overlapping action. The amplitudes are ours.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from conditioning.body.feet import leg
from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import about, inverted, multiplied, placed, smooth_signs
from conditioning.body.skeleton import INDEX, NUM_JOINTS, OFFSETS

from .features import FRAME_RATE, exponential, logarithm
from .plan import Plan, poses_along
from .poses import POSED

STANCE_CM, TOE_OUT = 10.5, np.radians(9.0)
SOFT_KNEES_CM = 1.1  # how much lower one stands than with straight legs
ANKLE_CM = OFFSETS[0][1] + sum(OFFSETS[INDEX[name]][1] for name in ("left_hip", "left_knee", "left_ankle"))
# Spread of slow sway: pelvis to the side and forwards in cm, turn, tilt and bow of trunk and head in radians.
SWAY_CM = np.array([1.3, 0.6])
SWAY_RAD = {"spine1": (0.012, 0.022, 0.014), "spine3": (0.012, 0.026, 0.012), "neck": (0.018, 0.03, 0.016),
            "head": (0.025, 0.045, 0.022)}  # fmt: skip
SHIFT_EVERY_S, SHIFT_CM = 7.0, 4.5
LATE = {"wrist": 2.2, "elbow": 0.8}  # frames by which these joints follow
BREATH_HZ, BREATH_RAD = 0.27, 0.006
TURN_TO_HANDS, LEAN_TO_HANDS = 0.10, 0.05  # of the trunk, for arms that are far from rest


def noise(count: int, frequency_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of spread 1 that moves about as fast as said. (count,)"""
    sigma = FRAME_RATE / (2 * np.pi * frequency_hz)
    reach = int(4 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= np.sqrt((kernel**2).sum())
    return np.convolve(rng.standard_normal(count + 2 * reach), kernel, "valid")[:count]


def composed(plan: Plan, num_frames: int, rng: np.random.Generator, restless: float = 1.0) -> BodyMotion:
    """Gives a body that does what the plan says.

    Args:
        restless: how much it sways, 1 as usual.
    """
    rotations = np.zeros((num_frames, NUM_JOINTS, 4))
    rotations[..., 0] = 1
    time = np.arange(num_frames, dtype=np.float64)
    on_time = poses_along(plan, time)
    rotations[:, POSED] = on_time
    for name, late in LATE.items():
        for side in ("left", "right"):
            joint = INDEX[f"{side}_{name}"]
            rotations[:, joint] = poses_along(plan, time - late)[:, POSED.index(joint)]
    lean_trunk(rotations, on_time, restless, rng)
    root = pelvis_path(num_frames, restless, rng)
    rotations[:, 0] = exponential(
        np.stack([0.01 * noise(num_frames, 0.3, rng), 0.02 * noise(num_frames, 0.15, rng),
                  -0.012 * (root[:, 0] - root[:, 0].mean())], -1) * [restless, restless, 1]
    )  # fmt: skip
    stand(rotations, root, stance(rng))
    return BodyMotion(smooth_signs(rotations).astype(np.float32), root.astype(np.float32), FRAME_RATE)


def lean_trunk(rotations: np.ndarray, arms: np.ndarray, restless: float, rng: np.random.Generator) -> None:
    """Lets trunk and head sway, breathe and turn to the arm that works, in place. arms: (T, 10, 4)"""
    count = len(rotations)
    raised = np.linalg.norm(
        logarithm(multiplied(inverted(arms[:1, [1, 5]]), arms[:, [1, 5]])), axis=-1
    )  # (T, 2)
    raised = gaussian_filter1d(raised, 8.0, axis=0)
    turn = -TURN_TO_HANDS * (raised[:, 0] - raised[:, 1])
    lean = LEAN_TO_HANDS * raised.sum(1)
    breath = BREATH_RAD * np.sin(2 * np.pi * BREATH_HZ * np.arange(count) / FRAME_RATE + rng.uniform(0, 6))
    for name, spreads in SWAY_RAD.items():
        turns = np.stack([restless * size * noise(count, 0.45, rng) for size in spreads], -1)
        if name.startswith("spine"):
            turns[:, 0] += 0.5 * lean + breath
            turns[:, 1] += 0.5 * turn
        joint = INDEX[name]
        rotations[:, joint] = multiplied(exponential(turns), rotations[:, joint])
    for side in ("left", "right"):  # shoulders breathe as well
        lift = np.array([0, 0, 1.0 if side == "left" else -1.0]) * breath[:, None]
        rotations[:, INDEX[f"{side}_collar"]] = multiplied(
            rotations[:, INDEX[f"{side}_collar"]], exponential(lift)
        )


def pelvis_path(count: int, restless: float, rng: np.random.Generator) -> np.ndarray:
    """Where the pelvis is over planted feet. (T, 3) cm"""
    root = np.zeros((count, 3))
    side = np.zeros(count)
    at, where = 0.0, rng.uniform(-1, 1)
    while at < count:
        until = at + FRAME_RATE * rng.exponential(SHIFT_EVERY_S) / max(0.3, restless) + FRAME_RATE
        side[int(at) : int(until)] = where * SHIFT_CM
        where, at = rng.uniform(-1, 1), until
    root[:, 0] = gaussian_filter1d(side, 0.45 * FRAME_RATE, mode="nearest") + restless * SWAY_CM[0] * noise(
        count, 0.25, rng
    )
    root[:, 2] = restless * SWAY_CM[1] * noise(count, 0.3, rng)
    root[:, 1] = OFFSETS[0][1] - SOFT_KNEES_CM - 0.012 * root[:, 0] ** 2 + 0.1 * noise(count, 0.4, rng)
    return root


def stance(rng: np.random.Generator) -> np.ndarray:
    """Where the ankles stand: (2, 3) cm, left and right."""
    apart, ahead = STANCE_CM * rng.uniform(0.85, 1.35), rng.uniform(-5, 5)
    return np.array([[apart, ANKLE_CM, ahead], [-apart, ANKLE_CM, -ahead]])


def stand(rotations: np.ndarray, root: np.ndarray, ankles: np.ndarray, toe_out: float = TOE_OUT) -> None:
    """Sets the legs, in place, so that ankles stand at (2, 3) or (T, 2, 3) cm with flat feet."""
    places, _ = placed(rotations, root)
    ankles = np.broadcast_to(ankles, (len(rotations), 2, 3))
    for number, side in enumerate(("left", "right")):
        turn = about(
            np.array([0.0, 1.0, 0.0]), np.full(len(rotations), toe_out * (1 if side == "left" else -1))
        )
        hip = INDEX[f"{side}_hip"]
        thigh, knee = leg(places[:, hip], ankles[:, number], turn)
        rotations[:, hip] = multiplied(inverted(rotations[:, 0]), thigh)
        rotations[:, INDEX[f"{side}_knee"]] = knee
        rotations[:, INDEX[f"{side}_ankle"]] = multiplied(inverted(multiplied(thigh, knee)), turn)
