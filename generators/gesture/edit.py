"""A movement that somebody has, with another feeling: what is done stays, how it is done changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conditioning.body import limits
from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import about, between, multiplied, placed, smooth_signs
from conditioning.body.timing import resampled

from .features import FRAME_RATE, UP, headings
from .felt import Felt, style_row_of
from .manner import EXTENT, JOINTS_OF, MOVED, TEMPO, bounded, centres_of, in_manner, root_heights
from .parts import BODY_PARTS, keeping
from .physics import clear_of_trunk, within_limits
from .speak import GestureSettings
from .stepping import ankles_of, balls_of, on_feet, planted, standing, stretched, within_reach

if TYPE_CHECKING:
    from conditioning import EmotionCurve
    from generators.weights import Weights

    from .model import GestureDenoiser

LONGEST = 108_000  # frames: an hour
LEAST_TEMPO, MOST_TEMPO = 0.6, 1.7
STRIDE = (0.6, 1.5)  # least and most by which steps change


def edited(
    weights: Weights,
    source: BodyMotion,
    emotion: EmotionCurve,
    settings: GestureSettings | None = None,
    *,
    source_emotion: EmotionCurve | None = None,
    keep_speed: bool = False,
) -> BodyMotion:
    """Gives a movement another feeling, at 30 frames a second.

    Args:
        weights: loaded models. source: at least two frames. emotion: over the result's seconds.
        settings: whose seed, style, scales and parts count.
        source_emotion: what the source expresses, which is taken out; None takes it for neutral.
        keep_speed: frame by frame in time with the source; else a quick feeling takes less time.

    Raises:
        ValueError: a source without movement, too long, or with numbers that are none.
    """
    settings = settings or GestureSettings()
    motion = readied(source)
    model: GestureDenoiser = weights.get(settings.checkpoint)
    rows = manner_over(model, motion, emotion, settings, source_emotion)
    if not keep_speed:
        motion, rows = hurried(motion, rows)
    made = with_manner(motion, rows, joint_scales(settings))
    return keeping(made, motion, BODY_PARTS[settings.parts])


def readied(source: BodyMotion) -> BodyMotion:
    """A source at 30 frames a second.

    Raises:
        ValueError: see `edited`.
    """
    if len(source) < 2:
        raise ValueError(f"expected a movement of at least 2 frames, got {len(source)}")
    if not (np.isfinite(source.rotations).all() and np.isfinite(source.root).all()):
        raise ValueError("expected finite rotations and places, got others")
    if source.duration_s > LONGEST / FRAME_RATE:
        raise ValueError(
            f"expected at most {LONGEST / FRAME_RATE:g} s of movement, got {source.duration_s:.0f} s"
        )
    return resampled(source, FRAME_RATE)


def manner_over(
    model: GestureDenoiser,
    motion: BodyMotion,
    emotion: EmotionCurve,
    settings: GestureSettings,
    source_emotion: EmotionCurve | None,
) -> np.ndarray:
    """How the manner changes at every frame of a source. (T, 73)"""
    row = style_row_of(model, settings.style, settings.style_row)
    count = len(motion)
    felt = Felt(model, emotion, count, settings.seed, row, settings.emotion_guidance_scale)
    rows = felt.manner(0, count)
    if source_emotion is not None:
        rows = rows - Felt(model, source_emotion, count, settings.seed, np.zeros(len(row))).manner(0, count)
    return bounded(rows)


def joint_scales(settings: GestureSettings) -> np.ndarray:
    """How far each joint moves beside its manner, (22,), of the settings' three scales."""
    out = np.ones(sum(len(joints) for joints in JOINTS_OF.values()))
    for part, scale in (
        ("arms", settings.hand_scale), ("head", settings.head_scale), ("torso", settings.body_scale)
    ):  # fmt: skip
        out[JOINTS_OF[part]] = scale
    return out


def hurried(motion: BodyMotion, rows: np.ndarray) -> tuple[BodyMotion, np.ndarray]:
    """A movement as quick as its manner asks, and the manner at its frames."""
    tempo = np.exp(rows[:, TEMPO]).clip(LEAST_TEMPO, MOST_TEMPO)
    passed = np.concatenate(
        [[0.0], np.cumsum(1 / tempo[1:])]
    )  # of the result's frames at each of the source's
    at = np.interp(np.arange(int(np.floor(passed[-1])) + 1), passed, np.arange(len(motion)))
    low = np.minimum(at.astype(int), len(motion) - 2)
    share = at - low
    turns = between(
        motion.rotations[low].astype(np.float64), motion.rotations[low + 1].astype(np.float64), share[:, None]
    )
    root = motion.root[low] + share[:, None] * (motion.root[low + 1] - motion.root[low])
    made = BodyMotion(smooth_signs(turns).astype(np.float32), root.astype(np.float32), motion.frame_rate)
    return made, rows[low]


def with_manner(motion: BodyMotion, rows: np.ndarray, scales: np.ndarray) -> BodyMotion:
    """Puts a manner on a movement: its posture and extent, its feet on the floor. rows: (T, 73). scales: (22,)."""
    rotations = motion.rotations.astype(np.float64)
    root = motion.root.astype(np.float64)
    places, world = placed(rotations, root)
    heading = headings(rotations[:, 0])
    plain = rotations.copy()
    plain[:, 0] = multiplied(about(UP, -heading), plain[:, 0])
    made = in_manner(plain, rows, centres_of(plain), scales)
    made[:, 0] = multiplied(about(UP, heading), made[:, 0])
    stride = np.exp(rows[:, EXTENT.start + MOVED.index("legs")]).clip(*STRIDE)
    balls = balls_of(places)
    way = stretched(root, stride)
    way[:, 1] = root_heights(root[:, 1], rows)
    ahead = (balls - root[:, None]) * np.stack([stride, np.ones_like(stride), stride], -1)[:, None]
    target = way[:, None] + ahead
    target[..., 1] = balls[..., 1]  # the floor stays where it is
    target = planted(target, standing(balls, motion.frame_rate))
    made = clear_of_trunk(within_limits(made))
    ankles = target - (balls - ankles_of(places))
    way = within_reach(made, way, ankles)
    made = on_feet(made, way, ankles, world)
    done = BodyMotion(smooth_signs(made).astype(np.float32), way.astype(np.float32), motion.frame_rate)
    return limits.kept(done)
