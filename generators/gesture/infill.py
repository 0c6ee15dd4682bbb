"""What lies between given poses: drawn by the network, exact at the poses, and felt in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d

from conditioning.body import limits
from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import inverted, multiplied, placed, smooth_signs
from generators.sampling import guidance_passes

from .edit import readied
from .features import WIDTH, exponential, frames_of, logarithm, mean_rotation, motion_of
from .felt import Felt, style_number, style_row_of
from .manner import in_manner
from .model import EMOTION_FRAMES, NUM_KNOWN
from .parts import BODY_PARTS, keeping
from .physics import clear_of_trunk, within_limits
from .rhythm import NUM_TRACKS, rhythm_of
from .speak import GestureSettings
from .stepping import ankles_of, balls_of, on_feet, planted, standing
from .windows import WINDOW, Windows

if TYPE_CHECKING:
    from conditioning import EmotionCurve
    from generators.base import StepCallback
    from generators.weights import Weights

    from .model import GestureDenoiser

TEMPERATURE = 0.5  # between poses less is free than in talk
SMOOTH_FRAMES = 2.0


def infilled(
    weights: Weights,
    source: BodyMotion,
    kept: Sequence[int],
    emotion: EmotionCurve,
    settings: GestureSettings | None = None,
    *,
    on_step: StepCallback | None = None,
) -> BodyMotion:
    """Gives a movement that passes through some poses of another, at 30 frames a second.

    Args:
        source: the poses' own movement; between them it says only how long it takes.
        kept: frames of it, at its own rate, that stay as they are; at least two.
        emotion: over its seconds.

    Raises:
        ValueError: fewer than two poses, frames beyond the source, or a source as `edit.edited` refuses.
    """
    settings = settings or GestureSettings()
    scale = 30.0 / source.frame_rate
    if len(set(kept)) < 2 or min(kept) < 0 or max(kept) >= len(source):
        raise ValueError(
            f"expected two or more frames from 0 to {len(source) - 1} that stay, got {list(kept)[:8]}"
        )
    motion = readied(source)
    frames = np.unique(np.round(np.array(sorted(kept)) * scale).astype(int).clip(0, len(motion) - 1))
    model: GestureDenoiser = weights.get(settings.checkpoint)
    row = style_row_of(model, settings.style, settings.style_row)
    felt = Felt(model, emotion, len(motion), settings.seed, row, settings.emotion_guidance_scale)
    drawn = drawn_between(model, motion, frames, felt, settings, on_step)
    made = through(drawn, motion, frames, felt.manner(0, len(motion)))
    return keeping(made, motion, BODY_PARTS[settings.parts])


def drawn_between(
    model: GestureDenoiser,
    motion: BodyMotion,
    frames: np.ndarray,
    felt: Felt,
    settings: GestureSettings,
    on_step: StepCallback | None,
) -> BodyMotion:
    """What the network makes of the poses at `frames`."""
    mean, std = (part.float().cpu().numpy() for part in (model.mean, model.std))
    rows = ((frames_of(motion) - mean) / std).astype(np.float32)
    rhythm = rhythm_of(motion)
    style = style_number(model, settings.style) if settings.style_row is None else -1
    stays = np.zeros(len(motion), bool)
    stays[frames] = True

    def conditions(first: int) -> dict[str, np.ndarray]:
        size = min(WINDOW, max(0, len(rows) - first))
        tracks, known = np.zeros((WINDOW, NUM_TRACKS), np.float32), np.zeros((WINDOW, WIDTH), np.float32)
        given = np.zeros((WINDOW, NUM_KNOWN), bool)
        # How lively the source was is kept, when its strokes fell is not.
        tracks[:size, 0] = rhythm[:, 0].mean()
        known[:size], given[:size] = rows[first : first + size], stays[first : first + size, None]
        return {
            "rhythm": tracks,
            "known": known,
            "given": given,
            "style": np.array(style),
            "emotion": felt.points(first, WINDOW // EMOTION_FRAMES).astype(np.float32),
        }

    passes = guidance_passes(
        settings.content_guidance_scale, settings.identity_guidance_scale, settings.emotion_guidance_scale
    )
    windows = Windows(
        model,
        len(motion),
        conditions,
        passes,
        settings.num_inference_steps,
        settings.seed,
        TEMPERATURE * settings.temperature,
    )
    rows = np.concatenate(list(windows.rows(on_step)))
    made, _ = motion_of(gaussian_filter1d(rows, SMOOTH_FRAMES, axis=0, mode="nearest"))
    return made


def through(drawn: BodyMotion, motion: BodyMotion, frames: np.ndarray, manner: np.ndarray) -> BodyMotion:
    """Leads a drawn movement exactly through the poses, with the manner in between where there is room.

    Source: spreading what is missing at the poses over the frames between: Bollo 2016, "Inertialization".
    """
    count = len(motion)
    between_poses = swelling(count, frames)
    turned = drawn.rotations.astype(np.float64)
    turned = in_manner(turned, manner * between_poses[:, None], mean_rotation(turned)[None])
    missing = logarithm(multiplied(inverted(turned[frames]), motion.rotations[frames].astype(np.float64)))
    rotations = multiplied(turned, exponential(spread_over(missing, frames, count)))
    root = drawn.root + spread_over(motion.root[frames] - drawn.root[frames], frames, count)
    made = clear_between(rotations, between_poses)
    before = BodyMotion(smooth_signs(made).astype(np.float32), root.astype(np.float32), motion.frame_rate)
    places, world = placed(before.rotations.astype(np.float64), root)
    balls = balls_of(places)
    target = planted(balls, standing(balls, motion.frame_rate))
    stepped = on_feet(made, root, target - (balls - ankles_of(places)), world)
    weight = between_poses[:, None, None] > 0.02
    final = smooth_signs(np.where(weight, stepped, made)).astype(np.float32)
    done = BodyMotion(final, before.root, motion.frame_rate)
    done.rotations[frames], done.root[frames] = motion.rotations[frames], motion.root[frames]
    return BodyMotion(smooth_signs(limits.kept(done).rotations), done.root, motion.frame_rate)


def clear_between(rotations: np.ndarray, between_poses: np.ndarray) -> np.ndarray:
    """Keeps what is between the poses within what bodies can do."""
    possible = clear_of_trunk(within_limits(rotations))
    change = logarithm(multiplied(inverted(rotations), possible)) * between_poses[:, None, None].clip(0, 1)
    return multiplied(rotations, exponential(change))


def spread_over(values: np.ndarray, frames: np.ndarray, count: int) -> np.ndarray:
    """Values at some frames, with a smooth way from each to the next; constant outside. (N, ...) -> (count, ...)"""
    at = np.arange(count, dtype=np.float64).clip(frames[0], frames[-1])
    after = np.searchsorted(frames, at).clip(1, len(frames) - 1)
    share = (at - frames[after - 1]) / (frames[after] - frames[after - 1])
    share = share**3 * (10 - 15 * share + 6 * share**2)
    share = share.reshape(-1, *[1] * (values.ndim - 1))
    return (1 - share) * values[after - 1] + share * values[after]


def swelling(count: int, frames: np.ndarray) -> np.ndarray:
    """0 at the poses, 1 a second or more away from them. (count,)"""
    away = np.abs(np.arange(count)[:, None] - frames[None]).min(1) / 30.0
    return np.sin(0.5 * np.pi * away.clip(0, 1)) ** 2
