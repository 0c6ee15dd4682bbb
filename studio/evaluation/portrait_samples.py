"""Made-up takes of people who show an emotion, with what real captures have beside it: rest, blinks, jitter
and the mouth shapes of speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from conditioning.face.arkit import MIRRORED, NAMES, indices

from .portrait_units import ARKIT, LABELS, Unit, coefficients, draw_map, draw_units, spoken, strength

MOUTH = indices("mouth", "jaw", "cheekPuff", "tongueOut")
UPPER = [place for place in range(len(NAMES)) if place not in MOUTH]
# Weaker than the first nobody would name, stronger than the second everybody should.
FAINT, CLEAR = 0.12, 0.35
STRONGEST = 1.3
MEDIAN_S = 2.0


@dataclass(frozen=True)
class Captures:
    """What is taken from real captures.

    Attributes:
        speech: takes of speech, (T, 52) each; only their mouths are used.
        upper: takes whose brows, lids and cheeks move around their slow middle, (T, 52) each.
        rests: what a tracker says of faces that rest. (N, 52)
    """

    speech: Sequence[np.ndarray]
    upper: Sequence[np.ndarray]
    rests: np.ndarray


@dataclass(frozen=True)
class Take:
    """A made-up take.

    Attributes:
        expression: (T, 52) in 0..1.
        reference: what the same face shows on average when it feels nothing. (52,)
        label: number of the emotion in `LABELS`; -1 where it is too faint to name.
        level: how strong, 0 to 1.3, 1 as people act it.
    """

    expression: np.ndarray
    reference: np.ndarray
    label: int
    level: float


def captures_of(speech: Sequence[np.ndarray], faces: Sequence[np.ndarray], frame_rate: float) -> Captures:
    """Takes apart real captures.

    Args:
        speech: (T, 52) each. faces: (T, 52) each, at `frame_rate` Hz.
    """
    from scipy.ndimage import median_filter

    width = round(MEDIAN_S * frame_rate) | 1
    moving = []
    for take in faces:
        slow = median_filter(take, size=(width, 1), mode="nearest")
        residual = take - slow
        residual[:, MOUTH] = 0
        moving.append(residual)
    return Captures(list(speech), moving, np.stack([np.median(take, axis=0) for take in faces]))


def draw_take(
    emotion: str,
    level: float,
    captures: Captures,
    rng: np.random.Generator,
    *,
    num_frames: int | None = None,
    source: str = "both",
    speaking: bool | None = None,
) -> Take:
    """Draws a take of one person.

    Args:
        emotion: out of `LABELS`. level: how strong, 1 as people act it.
        num_frames: 1 for a still; drawn when None.
        source: of the action units, see `draw_units`.
        speaking: drawn when None.
    """
    if num_frames is None:
        num_frames = 1 if rng.random() < 0.2 else int(rng.integers(24, 120))
    if speaking is None:
        speaking = bool(rng.random() < 0.65)
    rest = at_rest(captures, rng)
    units, table = draw_units(emotion, rng, source), draw_map(rng)
    if speaking:
        units = spoken(units, rng)
    shown = coefficients(units, table, level) + coefficients(stray(rng), table)
    gain = rng.uniform(0.5, 1.3) if speaking else 0.0

    def frames(count: int) -> np.ndarray:
        moving = window(captures.upper, count, rng) * rng.uniform(0.4, 1.2)
        talk = window(captures.speech, count, rng) * gain
        moving[:, MOUTH] = talk[:, MOUTH]
        return rest + moving

    slow = 1 + rng.uniform(0, 0.2) * np.sin(np.linspace(0, rng.uniform(1, 6), num_frames) + rng.uniform(0, 6))
    expression = (frames(num_frames) + slow[:, None] * shown).clip(0, 1)
    # What is known of the person is another take, not this one without the feeling.
    reference = frames(90).clip(0, 1).mean(0) + rng.normal(0, 0.01, len(NAMES))
    named = LABELS.index(emotion) if level >= CLEAR else -1
    label = LABELS.index("neutral") if emotion == "neutral" or level <= FAINT else named
    return Take(
        expression.astype(np.float32),
        reference.astype(np.float32),
        label,
        0.0 if emotion == "neutral" else level,
    )


def at_rest(captures: Captures, rng: np.random.Generator) -> np.ndarray:
    """Draws what a tracker says of a face at rest: (52,)."""
    rest = captures.rests[rng.integers(len(captures.rests))] * rng.uniform(0, 1)
    if rng.random() < 0.5:
        rest = rest[list(MIRRORED)]
    return (rest + rng.normal(0, 0.03, len(NAMES))).clip(0, 1)


def stray(rng: np.random.Generator) -> list[Unit]:
    """Draws the faint units that faces show without meaning anything."""
    return [Unit(number, strength("A", rng)) for number in ARKIT if rng.random() < 0.05]


def window(takes: Sequence[np.ndarray], count: int, rng: np.random.Generator) -> np.ndarray:
    """Cuts so many frames out of one of the takes; left and right change places half of the time. (T, 52)"""
    take = takes[int(rng.integers(len(takes)))]
    count = min(count, len(take))
    start = rng.integers(len(take) - count + 1)
    cut = take[start : start + count]
    if rng.random() < 0.5:
        cut = cut[:, list(MIRRORED)]
    return cut.astype(np.float64)


def draw_levels(rng: np.random.Generator) -> float:
    """Draws how strong a take is: from nothing to more than people act, all alike."""
    return float(rng.uniform(0, STRONGEST))
