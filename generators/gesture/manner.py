"""How a feeling or a person changes any movement: posture, how far each part moves, how quickly.

A manner is one row of numbers that stands beside a movement, not in it: the same row makes a bow, a wave or talk
look angry. Rows can be added and scaled, so that a dial is even and mixtures work by construction.

Source: that emotion is seen in posture, extent and speed whatever is done: Wallbott 1998, "Bodily expression of
emotion"; taking style for a change of pose and of timing: Hsu et al. 2005, "Style translation for human motion".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import about, inverted, multiplied, smooth_signs
from conditioning.body.skeleton import INDEX, MIRRORED, NUM_JOINTS, OFFSETS, PARTS

from .features import FRAME_RATE, UP, exponential, headings, logarithm, mean_rotation
from .physics import from_hinge, hinge_of, softly

# What a row holds.
POSTURE = slice(0, 3 * NUM_JOINTS)  # of each joint, after its own rotation: axis times angle in radians
MOVED = ("head", "torso", "arms", "legs")
EXTENT = slice(POSTURE.stop, POSTURE.stop + len(MOVED))  # log of how far a part moves, against neutral
TEMPO = EXTENT.stop  # log of how quickly, for as far a movement
HEIGHT = TEMPO + 1  # of the pelvis, in 10 cm
SWAY = HEIGHT + 1  # log of how far one sways while standing
NUM_MANNER = SWAY + 1
JOINTS_OF = {
    "head": [INDEX[name] for name in PARTS["head"]],
    "torso": [INDEX[name] for name in PARTS["torso"]],
    "arms": [INDEX[name] for side in ("left arm", "right arm") for name in PARTS[side]],
    "legs": [INDEX[name] for name in PARTS["legs"]],
}
LEAST_EXTENT, MOST_EXTENT = np.log(0.35), np.log(2.2)
LEAST_TEMPO, MOST_TEMPO = np.log(0.5), np.log(2.0)
MOST_TURN = 1.1  # radians that a posture turns any joint by
TWIST_KEPT = 0.8
MOST_AROUND = 2.2  # radians that a joint goes from its centre; what went further before still does
ELBOWS = {"left_elbow": -1.0, "right_elbow": 1.0}  # and the sign of the turn that bends each
STRAIGHT, MOST_BENT = 0.2, 2.2  # radians; a posture may add to it
CENTRE_S = 1.2  # spread of the window over which the middle of a movement is taken


@dataclass(frozen=True)
class Measured:
    """What a clip is like, to be compared with a neutral one of the same content.

    Attributes:
        mean: (22, 4) of the rotations, without heading. spread: (4,) rad, how far each of `MOVED` strays from it.
        speed: (4,) rad/s. height_cm: of the pelvis, mean. sway_cm: how far the pelvis strays.
    """

    mean: np.ndarray
    spread: np.ndarray
    speed: np.ndarray
    height_cm: float
    sway_cm: float


def without_heading(motion: BodyMotion) -> np.ndarray:
    """Rotations whose pelvis faces ahead. (T, 22, 4)"""
    rotations = motion.rotations.astype(np.float64)
    rotations[:, 0] = multiplied(about(UP, -headings(rotations[:, 0])), rotations[:, 0])
    return rotations


def measured(motion: BodyMotion) -> Measured:
    """Measures a clip of at least two frames."""
    rotations = without_heading(motion)
    mean = mean_rotation(rotations)
    strays = np.linalg.norm(logarithm(multiplied(inverted(mean)[None], rotations)), axis=-1)
    steps = np.linalg.norm(logarithm(multiplied(inverted(rotations[:-1]), rotations[1:])), axis=-1)
    planar = motion.root[:, [0, 2]] - gaussian_filter1d(motion.root[:, [0, 2]], 30, axis=0)
    return Measured(
        mean,
        np.array([np.sqrt(np.square(strays[:, joints]).mean()) for joints in JOINTS_OF.values()]),
        np.array([steps[:, joints].mean() * motion.frame_rate for joints in JOINTS_OF.values()]),
        float(motion.root[:, 1].mean()),
        float(planar.std()),
    )


def typical(found: Sequence[Measured]) -> Measured:
    """The mean of some clips' measures."""
    return Measured(
        mean_rotation(np.stack([each.mean for each in found])),
        np.mean([each.spread for each in found], 0),
        np.mean([each.speed for each in found], 0),
        float(np.mean([each.height_cm for each in found])),
        float(np.mean([each.sway_cm for each in found])),
    )


def difference(shown: Measured, neutral: Measured) -> np.ndarray:
    """What turns the neutral clip's ways into the other's: a row. (73,)"""
    row = np.zeros(NUM_MANNER)
    row[POSTURE] = logarithm(multiplied(inverted(neutral.mean), shown.mean)).ravel()
    row[EXTENT] = np.log((shown.spread + 0.01) / (neutral.spread + 0.01))
    faster = np.log((shown.speed + 0.02) / (neutral.speed + 0.02))
    upper = [MOVED.index("torso"), MOVED.index("arms")]
    row[TEMPO] = (faster - row[EXTENT])[upper].mean()
    row[HEIGHT] = (shown.height_cm - neutral.height_cm) / 10
    row[SWAY] = np.log((shown.sway_cm + 0.3) / (neutral.sway_cm + 0.3))
    return row


def combined(rows: Sequence[np.ndarray], standing: Sequence[bool]) -> tuple[np.ndarray, np.ndarray]:
    """One manner from what several contents show, and how much it varies from one to another. (73,) each

    The posture of the legs and sway are taken from what is done standing, where there is any.
    """
    every = np.stack(rows)
    upright = every[np.array(standing)] if any(standing) else every
    legs = np.concatenate([3 * joint + np.arange(3) for joint in JOINTS_OF["legs"]])
    of_stance = np.concatenate([legs, [SWAY]])
    # Half the median, since single actions differ much.
    mean, spread = 0.5 * (np.median(every, 0) + every.mean(0)), every.std(0)
    mean[of_stance], spread[of_stance] = upright.mean(0)[of_stance], upright.std(0)[of_stance]
    return bounded(evened(mean)), spread


def evened(row: np.ndarray) -> np.ndarray:
    """The same manner on both sides, with less twist of limbs, which is hard to tell where they hang straight."""
    turns = row[POSTURE].reshape(NUM_JOINTS, 3)
    both = 0.5 * (turns + turns[list(MIRRORED)] * [1, -1, -1])
    for part, share in (("arms", TWIST_KEPT), ("legs", TWIST_KEPT)):
        limbs = [joint for joint in JOINTS_OF[part] if joint != 0]
        along = 0 if part == "arms" else 1  # the axis of the bone at rest
        both[limbs, along] *= share
    out = row.copy()
    out[POSTURE] = both.ravel()
    return out


def bounded(row: np.ndarray) -> np.ndarray:
    """Rows within what a body does. (..., 73)"""
    out = row.copy()
    turns = out[..., POSTURE].reshape(*row.shape[:-1], NUM_JOINTS, 3)
    size = np.linalg.norm(turns, axis=-1, keepdims=True)
    turns = turns * np.minimum(1, MOST_TURN / np.maximum(size, 1e-9))
    out[..., POSTURE] = turns.reshape(*row.shape[:-1], -1)
    out[..., EXTENT] = out[..., EXTENT].clip(LEAST_EXTENT, MOST_EXTENT)
    out[..., TEMPO] = out[..., TEMPO].clip(LEAST_TEMPO, MOST_TEMPO)
    out[..., HEIGHT] = out[..., HEIGHT].clip(-1.2, 0.3)
    out[..., SWAY] = out[..., SWAY].clip(-1.0, 1.0)
    return out


def extents(rows: np.ndarray) -> np.ndarray:
    """How far each joint moves, 1 as in neutral. (T, 73) -> (T, 22)"""
    out = np.ones((len(rows), NUM_JOINTS))
    for part, joints in enumerate(JOINTS_OF.values()):
        out[:, joints] = np.exp(rows[:, EXTENT.start + part].clip(LEAST_EXTENT, MOST_EXTENT))[:, None]
    return out


def centres_of(rotations: np.ndarray, frame_rate: float = FRAME_RATE) -> np.ndarray:
    """The middle around which each joint moves, slowly changing. (T, 22, 4) -> (T, 22, 4)"""
    around = mean_rotation(rotations)
    turns = logarithm(multiplied(inverted(around)[None], rotations))
    slow = gaussian_filter1d(turns, CENTRE_S * frame_rate, axis=0, mode="nearest")
    return multiplied(np.broadcast_to(around, rotations.shape), exponential(slow))


def in_manner(
    rotations: np.ndarray,
    rows: np.ndarray,
    centres: np.ndarray,
    scales: np.ndarray | float = 1.0,
    moved_to: np.ndarray | None = None,
) -> np.ndarray:
    """Moves as far as the rows say around `centres`, in their posture. (T, 22, 4) float64

    Args:
        rotations: (T, 22, 4) of a neutral movement. rows: (T, 73). centres: (T or 1, 22, 4).
        scales: (22,) how far joints move beside that, 1 as they do.
        moved_to: (T or 1, 22, 4) where the centres are put; None leaves them.
    """
    centres = np.broadcast_to(centres, rotations.shape)
    around = centres if moved_to is None else np.broadcast_to(moved_to, rotations.shape)
    extent = extents(rows) * scales
    turns = logarithm(multiplied(inverted(centres), rotations))
    size = np.linalg.norm(turns, axis=-1)
    # Half a turn from the centre there is no saying which way round it was.
    larger = np.where(extent > 1, softly(size * extent, np.maximum(MOST_AROUND, size)), size * extent)
    turns = turns * (larger / np.maximum(size, 1e-9))[..., None]
    posture = exponential(rows[:, POSTURE].reshape(-1, NUM_JOINTS, 3))
    made = multiplied(multiplied(around, exponential(turns)), posture)
    for name, sign in ELBOWS.items():  # made larger as turns they could go through themselves
        joint = INDEX[name]
        at, usual, to = (hinge_of(part[:, joint], sign) for part in (rotations, centres, around))
        values = to + (at - usual) * extent[:, joint, None]
        values[:, 1] = softly(straightened(values[:, 1]), np.maximum(MOST_BENT, at[:, 1]))
        made[:, joint] = from_hinge(values + hinge_of(posture[:, joint], sign), sign)
    return smooth_signs(made)


def straightened(bend: np.ndarray) -> np.ndarray:
    """How far elbows are bent that would go through straight: they come close to it instead, smoothly."""
    return np.where(bend < STRAIGHT, STRAIGHT * np.exp(np.minimum(bend / STRAIGHT - 1, 0)), bend)


def out_of_manner(rotations: np.ndarray, rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The neutral movement that `in_manner` would make these rotations from, but for what went beyond its bounds.

    Args:
        centres: of the neutral movement, (T or 1, 22, 4).
    """
    posture = exponential(rows[:, POSTURE].reshape(-1, NUM_JOINTS, 3))
    centres, extent = np.broadcast_to(centres, rotations.shape), extents(rows)
    plain = multiplied(rotations, inverted(posture))
    turns = logarithm(multiplied(inverted(centres), plain)) / extent[..., None]
    made = multiplied(centres, exponential(turns))
    for name, sign in ELBOWS.items():
        joint = INDEX[name]
        at, usual, added = (hinge_of(part[:, joint], sign) for part in (rotations, centres, posture))
        made[:, joint] = from_hinge(usual + (at - added - usual) / extent[:, joint, None], sign)
    return smooth_signs(made)


def root_heights(heights_cm: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Heights of the pelvis in a manner. (T,), (T, 73) -> (T,)"""
    share = heights_cm / OFFSETS[0][1]
    return heights_cm + 10 * rows[:, HEIGHT].clip(-1.2, 0.3) * share.clip(0.3, 1)
