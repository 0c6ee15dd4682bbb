"""From the banks' weights to one face: what each adds, lips that meet where they must, blinks that close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from conditioning.face.arkit import INDEX as SHAPE
from conditioning.face.arkit import indices
from conditioning.face.motion import FaceMotion
from generators.voice.phones import INDEX, SILENCE

from .banks import MOUTH, NUM_COORDINATES, NUM_POSE, NUM_SHAPES
from .content import FRAME_RATE, LIPS, LOUDNESS, smoothed

if TYPE_CHECKING:
    from .banks import Banks

PRESSED_CM = 0.0
# How likely p, b or m is where lips begin to close and where they are closed: in a language and a voice that
# the aligner knows, and in others. `SURE` says which, by the mean chance of the likeliest phone.
CLOSING_KNOWN, CLOSING_STRANGE, SURE = (0.025, 0.075), (0.3, 0.6), (0.44, 0.54)
SHUTTING = (0.6, 0.85)  # the same of shut lips, which are learned from faces
QUIET_DB = 26.0  # below the loud frames: nobody speaks
HELD_FRAMES = 4  # a mouth keeps moving this long around sound
JAW_SHARE = 0.5  # of a closure that the jaw makes; the lips make the rest
STEADY_FRAMES = 1.2  # spread of the filter over drawn poses and expressions
BLINK_DEPTH = 0.96
GRAIN = 0.05  # a coefficient of the lower face that an expression moves less than this
STEADY = 0.6  # of the head's turning that the eyes turn back, to keep looking where they look
MOST_GAZE = np.array([0.5, 0.42], np.float32)


def lips_heard(content: np.ndarray, shut: np.ndarray, closing: tuple[float, float]) -> np.ndarray:
    """How closed the lips must be at each frame, 0 as they like and 1 shut. (T,)

    Args:
        content: (T, 114), with how likely p, b and m are. shut: (T,) how likely the lips are shut.
        closing: chances of p, b, m between which lips close, from `closing_between`.
    """
    closed = np.maximum(rising(content[:, LIPS].max(1), *closing), rising(shut, *SHUTTING))
    return np.maximum(closed, smoothed(closed, 3)).astype(np.float32)


def closing_between(posteriors: np.ndarray) -> tuple[float, float]:
    """How likely p, b or m must be for lips to close, by how sure the aligner is of a recording as a whole.

    Args:
        posteriors: (F, phones) of some seconds of speech.
    """
    sounding = posteriors[posteriors[:, INDEX[SILENCE]] < 0.5]
    known = float(rising(sounding.max(1).mean() if len(sounding) else 0.0, *SURE))
    return tuple(
        strange + known * (own - strange) for own, strange in zip(CLOSING_KNOWN, CLOSING_STRANGE, strict=True)
    )  # type: ignore[return-value]


def rising(track: Any, low: float, high: float) -> Any:
    """0 below `low`, 1 above `high`, straight between."""
    return np.clip((track - low) / (high - low), 0, 1)


def speech_heard(content: np.ndarray) -> np.ndarray:
    """1 around sound, 0 in silence, with soft edges. (T,)"""
    loud = (content[:, LOUDNESS].max(1) > -QUIET_DB / 10).astype(np.float32)
    reach = np.ones(2 * HELD_FRAMES + 1)
    near = np.minimum(1, np.convolve(loud, reach, "same"))
    return smoothed(near, 7).clip(0, 1).astype(np.float32)


def split(banks: Banks, motion: FaceMotion) -> tuple[np.ndarray, np.ndarray]:
    """Parts a driving motion: what its mouth does, and what is left of its face, (T, 52) each."""
    with torch.no_grad():
        frames = torch.zeros(len(motion), NUM_COORDINATES)
        frames[:, :NUM_SHAPES] = torch.from_numpy(motion.expression).float()
        mouth = banks.coordinates(banks.weights(frames, MOUTH), MOUTH)[:, :NUM_SHAPES].numpy()
    return mouth, motion.expression - mouth


def composed(
    banks: Banks,
    mouth: np.ndarray,
    face: np.ndarray,
    pose: np.ndarray,
    closed: np.ndarray | None,
    lids: np.ndarray,
) -> FaceMotion:
    """Puts a face together.

    The lips are exactly as far apart as the mouth bank alone would have them, whatever the expression is.

    Args:
        mouth, face: (T, 52) what the mouth and the expression add. pose: (T, 8) head pose and gaze.
        closed: (T,) 1 where lips must meet; None leaves them to the mouth.
        lids: (T,) how far blinks close.
    """
    aperture = banks.aperture.float().cpu().numpy()
    own = mouth.clip(0, 1)
    face = without_grain(face)
    wanted = (own @ aperture).clip(0)
    if closed is not None:
        wanted = (1 - closed) * wanted + np.where(closed > 0.9, PRESSED_CM, 0)
    shapes = (mouth + face).clip(0, 1)
    shapes = with_lips(shapes, wanted, aperture)
    blinking(shapes, lids)
    head, gaze = pose[:, :NUM_POSE], pose[:, NUM_POSE:]
    motion = FaceMotion(
        shapes.astype(np.float32),
        head.astype(np.float32),
        gaze.clip(-MOST_GAZE, MOST_GAZE).astype(np.float32),
        FRAME_RATE,
    )
    return motion.with_gaze_shapes()


def without_grain(face: np.ndarray) -> np.ndarray:
    """Takes the sampler's grain off what an expression does to the lower face, which speaks. (T, 52)

    Source: soft thresholding, Donoho 1995, "De-noising by soft-thresholding".
    """
    out = face.copy()
    lower = indices("mouth", "jaw", "cheekPuff", "noseSneer")
    out[:, lower] = np.sign(face[:, lower]) * (np.abs(face[:, lower]) - GRAIN).clip(0)
    return out


def with_lips(shapes: np.ndarray, wanted: np.ndarray, aperture: np.ndarray) -> np.ndarray:
    """Brings the lips as far apart as wanted, (T,) cm, by as little as possible. (T, 52) in 0..1"""
    out = shapes.copy()
    jaw, seal = SHAPE["jawOpen"], SHAPE["mouthClose"]

    def over() -> np.ndarray:
        return out @ aperture - wanted

    # Too far apart: the jaw goes up some of the way, then the lips do the rest.
    out[:, jaw] -= np.minimum(out[:, jaw], (JAW_SHARE * over() / aperture[jaw]).clip(0))
    for place in indices("mouthLowerDown", "mouthUpperUp", "mouthFunnel"):
        out[:, place] -= np.minimum(out[:, place], (0.5 * over() / aperture[place]).clip(0))
    out[:, seal] += np.minimum(1 - out[:, seal], (over() / -aperture[seal]).clip(0))
    # Too near: what holds them together lets go, then the jaw opens.
    for name in ("mouthClose", "mouthShrugLower", "mouthRollLower", "mouthPressLeft", "mouthPressRight"):
        place = SHAPE[name]
        out[:, place] -= np.minimum(out[:, place], (over() / aperture[place]).clip(0))
    out[:, jaw] += np.minimum(1 - out[:, jaw], (-over() / aperture[jaw]).clip(0))
    return out


def blinking(shapes: np.ndarray, lids: np.ndarray) -> None:
    """Closes the lids for blinks, in place; wide eyes give way."""
    for side in ("Left", "Right"):
        shut, wide = SHAPE[f"eyeBlink{side}"], SHAPE[f"eyeWide{side}"]
        shapes[:, shut] = np.maximum(shapes[:, shut], lids)
        shapes[:, wide] *= 1 - shapes[:, shut]


def lids_of(pulses: np.ndarray, blink: np.ndarray, peak: int) -> np.ndarray:
    """How far lids close at each frame for blinks that are closed where `pulses` are 1. (T,) in 0..1"""
    out = np.zeros(len(pulses), np.float32)
    for at in np.flatnonzero(pulses):
        first = at - peak
        start, stop = max(0, int(first)), min(len(out), int(first) + len(blink))
        shape = BLINK_DEPTH * blink[start - first : stop - first]
        out[start:stop] = np.maximum(out[start:stop], shape)
    return out


def with_gaze(pose: np.ndarray, target: tuple[float, float]) -> np.ndarray:
    """Turns the eyes to a target that does not move with the head. (T, 8)

    They follow the head as it was drawn, not as it is scaled: the head's dial must not reach the face.
    """
    out = pose.copy()
    out[:, NUM_POSE:] += np.asarray(target, np.float32) - STEADY * pose[:, :2]
    return out


def forth_and_back(count: int, first: int, length: int) -> np.ndarray:
    """Which frames of a motion of `count` to play for frames first..first + length. (length,) int"""
    if count == 1:
        return np.zeros(length, np.int64)
    at = (first + np.arange(length)) % (2 * count - 2)
    return np.minimum(at, 2 * count - 2 - at)


def faded(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Goes from one to the other, (T, ...) both."""
    share = ((np.arange(len(before)) + 1) / (len(before) + 1)).astype(np.float32)
    return before + share.reshape(-1, *[1] * (before.ndim - 1)) * (after - before)


def steadied(rows: np.ndarray) -> np.ndarray:
    """Takes the sampler's grain off slow movement, leaving jumps where they are. (T, C)

    Source: the middle of three, then a Gaussian: Gallagher and Wise 1981, "A theoretical analysis of the
    properties of median filters", for why the first keeps edges.
    """
    padded = np.pad(rows, ((1, 1), (0, 0)), mode="edge")
    middle = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), 0)
    reach = int(3 * STEADY_FRAMES + 0.5)
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / STEADY_FRAMES) ** 2)
    padded = np.pad(middle, ((reach, reach), (0, 0)), mode="edge")
    parts = [share * padded[at : at + len(rows)] for at, share in enumerate(weight / weight.sum())]
    return np.sum(parts, 0).astype(np.float32)


def as_array(x: Tensor) -> np.ndarray:
    return np.asarray(x.detach().float().cpu().numpy())
