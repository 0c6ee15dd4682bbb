"""Training clips, composed of real parts: what a mouth did with its sound, what another face's upper half
did, an emotion's face with onset and offset, brows on accents, and a head that sways as the prior says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from conditioning.face.arkit import INDEX, MIRRORED, indices

from .banks import EXPRESSION, MOUTH, NUM_COORDINATES, NUM_SHAPES, POSE, WIDTH
from .content import (
    ACCENT,
    BANDS,
    LOUD_DB,
    LOUDNESS,
    NUM_CONTENT,
    NUM_HEARD,
    PARTS,
    PHRASE_START,
    SILENT,
    SMOOTH_LOUDNESS,
    SPEAKING,
)
from .emotion_faces import FacePoints
from .glances import blinks_in, fixations_in
from .model import BLINK_FRAMES, DRIVE, EMOTION_FRAMES, JUDGED, STYLE
from .sway import head_sway, peaks_of
from .takes import BLINKS, Silent, Spoken

if TYPE_CHECKING:
    from .banks import Banks

CONTENT_NOISE, COLOUR_NOISE, LOUDNESS_NOISE = 0.2, 0.25, 0.15
MASKED_SHARE, MASKED_BANDS = 0.5, 8  # of clips with bands left out, and how many at most
DEAF_SHARE = 0.12  # of clips whose colour is not heard at all, and of those whose phones are not
HUSH_SHARE = 0.12  # of clips with a stretch of silence put in
EXERCISE_SHARE = 0.15  # of upper faces from ranges of motion, at half strength
BROWS = {"browInnerUp": 0.22, "browOuterUpLeft": 0.16, "browOuterUpRight": 0.16}
RAISED_FRAMES = 9
BLINK_PEAK = 5  # frame of a recorded blink at which it is closed
EXTRA_BLINKS = 0.5  # a clip, beside those recorded
NO_LABEL = -1
LEFT, RIGHT = (
    [place for place in range(NUM_SHAPES) if place in indices(*(n for n in INDEX if n.endswith(side)))]
    for side in ("Left", "Right")
)
# A mouth is shut below this share of what it opens at its widest, or this gap; for a moment up to so many
# frames.
SHUT_SHARE, LEAST_SHUT_CM, MOMENT_FRAMES = 0.1, 0.08, 12
MOMENT_WEIGHT, HELD_WEIGHT = 12.0, 0.3
GAZE_UNIT = 0.1  # radians that count as 1 in the drive


class Clips:
    """Batches; a pure function of the step.

    Args:
        blink: (15,) a recorded blink. points: draws emotions with their faces.
    """

    def __init__(
        self,
        spoken: list[Spoken],
        silent: list[Silent],
        banks: Banks,
        points: FacePoints,
        blink: np.ndarray,
        config: dict[str, Any],
    ) -> None:
        self.spoken, self.banks, self.points, self.blink = spoken, banks, points, blink
        self.talk = [take for take in silent if not take.exercise]
        self.exercises = [take for take in silent if take.exercise]
        self.batch_size, self.num_frames = config["batch_size"], config["num_frames"]
        numbers = [points.space.index(name) for name in JUDGED]
        aperture = banks.aperture.numpy()
        self.shut = [shut_in(take.mouth.astype(np.float32) @ aperture) for take in spoken]
        self.label_of = {number: label for label, number in enumerate(numbers)}

    def batch_at(self, step: int, rank: int) -> dict[str, Tensor]:
        """Gives clean (R, T, 20), bank (R,), content, drive, style, emotion, label (R,); R = 3 a clip."""
        rng = np.random.default_rng((53, step, rank))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        clips = [self.clip(rng, generator) for _ in range(self.batch_size)]
        return {name: torch.cat([clip[name] for clip in clips]) for name in clips[0]}

    def clip(self, rng: np.random.Generator, generator: torch.Generator) -> dict[str, Tensor]:
        """One clip as three rows: mouth, pose, expression."""
        count = self.num_frames
        content, mouth, shut, shut_weight = self.spoken_part(rng)
        style = rng.uniform(-1, 1, len(STYLE))
        face, gaze = self.silent_part(rng)
        face = face * np.exp(0.5 * style[3]) * 0.8
        felt = self.felt(rng, generator, style[5])
        pulses = self.with_blinks(face, rng)
        raise_brows(face, content[:, ACCENT], style[4], rng)
        pose = head_sway(
            content[:, ACCENT],
            content[:, PHRASE_START],
            content[:, SPEAKING],
            amplitude_of(style[0]),
            tempo_of(style[1]),
            nods_of(style[2]),
            rng,
        )
        offset, strength, mean_face, label = felt
        coordinates = np.zeros((3, count, NUM_COORDINATES), np.float32)
        coordinates[MOUTH, :, :NUM_SHAPES] = mouth
        coordinates[POSE, :, NUM_SHAPES:] = np.concatenate([pose, gaze], 1)
        shown = strength[:, None] * mean_face + face
        coordinates[EXPRESSION, :, :NUM_SHAPES] = bounded(shown)
        drive = np.zeros((3, count, len(DRIVE)), np.float32)
        drive[POSE, :, :2] = fixations_in(gaze) / GAZE_UNIT
        drive[EXPRESSION, :, 2] = pulses
        moments = (np.arange(-(-count // EMOTION_FRAMES)) + 0.5) * EMOTION_FRAMES
        at = torch.from_numpy(np.interp(moments, np.arange(count), strength)).float()
        emotion = at[:, None] * offset
        rows = torch.from_numpy(coordinates)
        return {
            "clean": torch.stack(
                [self.banks.weights(rows[bank], bank) for bank in (MOUTH, POSE, EXPRESSION)]
            ),
            "bank": torch.tensor([MOUTH, POSE, EXPRESSION]),
            "content": torch.from_numpy(content).expand(3, -1, -1),
            "drive": torch.from_numpy(drive),
            "style": torch.from_numpy(style.astype(np.float32)).expand(3, -1),
            "emotion": emotion.expand(3, -1, -1),
            "label": torch.tensor([NO_LABEL, NO_LABEL, label]),
            "shut": torch.from_numpy(shut[None]),
            "shut_weight": torch.from_numpy(shut_weight[None]),
        }

    def spoken_part(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """A stretch of a take as heard, (T, 114), its mouth, (T, 52), when it is shut and how much that
        counts."""
        number = int(rng.integers(len(self.spoken)))
        take = self.spoken[number]
        first = int(rng.integers(0, len(take.mouth) - self.num_frames + 1))
        at = slice(first, first + self.num_frames)
        content, mouth = take.content[at].astype(np.float32), take.mouth[at].astype(np.float32)
        shut, weight = (track[at].copy() for track in self.shut[number])
        content += CONTENT_NOISE * rng.standard_normal(content.shape).astype(np.float32)
        content = masked(recoloured(content, rng), rng)
        if rng.random() < HUSH_SHARE:
            quiet = hushed(content, mouth, rng)
            shut[quiet], weight[quiet] = 1, HELD_WEIGHT
        if rng.random() < 0.5:
            mouth = mouth[:, list(MIRRORED)]
        return content, mouth, shut, weight

    def silent_part(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A stretch of an upper face, (T, 52), and of gaze, (T, 2)."""
        exercise = rng.random() < EXERCISE_SHARE
        take = (self.exercises if exercise else self.talk)[
            int(rng.integers(2 if exercise else len(self.talk)))
        ]
        first = int(rng.integers(0, len(take.face) - self.num_frames + 1))
        at = slice(first, first + self.num_frames)
        face, gaze = take.face[at] * (0.5 if exercise else 1.0), take.gaze[at] * (0.3 if exercise else 0.8)
        if rng.random() < 0.5:
            face, gaze = face[:, list(MIRRORED)], gaze * np.array([-1, 1], np.float32)
        return face.copy(), gaze.clip(-0.35, 0.35).astype(np.float32)

    def with_blinks(self, face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Puts more blinks into a face, in place; gives pulses of 1 where one is closed. (T,)"""
        pulses = np.zeros(len(face), np.float32)
        pulses[blinks_in(face[:, BLINKS].mean(1))] = 1
        for _ in range(rng.poisson(EXTRA_BLINKS)):
            at = int(rng.integers(BLINK_PEAK, len(face) - BLINK_FRAMES))
            part = slice(at - BLINK_PEAK, at - BLINK_PEAK + BLINK_FRAMES)
            if pulses[max(0, at - 12) : at + 12].any():
                continue
            shape = rng.uniform(0.85, 1.0) * self.blink
            face[part, BLINKS] = np.maximum(face[part, BLINKS], shape[:, None])
            face[part, indices("eyeSquint")] += 0.15 * shape[:, None]
            face[part, indices("browDown")] += 0.05 * shape[:, None]
            pulses[at] = 1
        return pulses

    def felt(
        self, rng: np.random.Generator, generator: torch.Generator, lean: float
    ) -> tuple[Tensor, np.ndarray, np.ndarray, int]:
        """An emotion over the clip: offset (64,), strength (T,), face at strength 1 (52,), label."""
        offset, mean, spread, state = self.points.draw(generator)
        drawn = mean + spread * torch.randn(WIDTH, generator=generator)
        face = self.banks.coordinates(drawn, EXPRESSION)[:NUM_SHAPES].numpy().copy()
        face[LEFT] *= 1 + 0.15 * lean
        face[RIGHT] *= 1 - 0.15 * lean
        strength = strengths(self.num_frames, rng)
        label = self.label_of.get(state, NO_LABEL)
        if label > 0 and strength.mean() < 0.35:
            label = NO_LABEL
        return offset, strength, face, label


def strengths(count: int, rng: np.random.Generator) -> np.ndarray:
    """How strong an emotion is over a clip: steady, or rising or falling once. (T,) in 0..1.5"""
    low, high = sorted(rng.uniform(0, 1.25, 2))
    if rng.random() < 0.5:
        return np.full(count, high)
    middle, width = rng.uniform(0, count), rng.uniform(8, 45)
    share = 1 / (1 + np.exp(-4 * (np.arange(count) - middle) / width))
    return low + (high - low) * (share if rng.random() < 0.5 else 1 - share)


def raise_brows(face: np.ndarray, accent: np.ndarray, style: float, rng: np.random.Generator) -> None:
    """Raises the brows on some accents, in place.

    Source: brows rise with f0 on accents, not on all: Cave et al. 1996, "About the relationship between
    eyebrow movements and F0 variations"; Graf et al. 2002, "Visual prosody", section 4.
    """
    shape = np.hanning(2 * RAISED_FRAMES + 1)
    for at in peaks_of(accent):
        if rng.random() < 0.45 + 0.25 * style:
            size = accent[at] * rng.uniform(0.4, 1.2) * np.exp(0.5 * style)
            first = max(0, at - RAISED_FRAMES + int(rng.integers(-2, 2)))
            part = face[first : first + len(shape)]
            for name, gain in BROWS.items():
                part[:, INDEX[name]] += gain * size * shape[: len(part)]


def bounded(shapes: np.ndarray) -> np.ndarray:
    """Coefficients up to 1, eyes that are shut not wide; below 0 they stay, else nobody would be neutral."""
    out = shapes.copy()
    for side in ("Left", "Right"):
        wide, shut = INDEX[f"eyeWide{side}"], INDEX[f"eyeBlink{side}"]
        out[:, wide] *= 1 - out[:, shut].clip(0, 1)
    return np.minimum(out, 1)


def recoloured(content: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Content with another colour and level, the same over the clip."""
    colour = COLOUR_NOISE * rng.standard_normal(BANDS)
    louder = LOUDNESS_NOISE * rng.standard_normal()
    for part in range(PARTS):
        first = part * NUM_HEARD
        content[:, first : first + BANDS] += colour
        content[:, first + NUM_HEARD - 1] += louder
    return content


def masked(content: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Content of which some bands, all bands or all phones are not heard, the same over the clip.

    Source: masks of frequency as in Park et al. 2019, "SpecAugment".
    """
    bands, draw = slice(0, 0), rng.random()
    if draw < DEAF_SHARE:
        bands = slice(0, BANDS)
    elif draw < 2 * DEAF_SHARE:
        bands = slice(BANDS, NUM_HEARD - 1)
    elif draw < 2 * DEAF_SHARE + MASKED_SHARE:
        low = int(rng.integers(0, BANDS))
        bands = slice(low, min(BANDS, low + int(rng.integers(1, MASKED_BANDS + 1))))
    for part in range(PARTS):
        content[:, part * NUM_HEARD :][:, bands] = 0
    return content


def hushed(content: np.ndarray, mouth: np.ndarray, rng: np.random.Generator) -> slice:
    """Puts silence into a clip, in place: nothing is heard, and the mouth closes. Gives where."""
    length = int(rng.integers(20, 90))
    first = int(rng.integers(0, max(1, len(mouth) - length)))
    at = slice(first, min(len(mouth), first + length))
    quiet = np.zeros((at.stop - first, NUM_CONTENT), np.float32)
    floor = rng.uniform(-5, -1.5) + 0.3 * rng.standard_normal((1, BANDS))
    for part in range(PARTS):
        start = part * NUM_HEARD
        quiet[:, start : start + BANDS] = floor + 0.2 * rng.standard_normal((len(quiet), BANDS))
    quiet[:, LOUDNESS] = rng.uniform(-LOUD_DB / 10, -LOUD_DB / 10 + 0.5)
    quiet[:, SILENT] = rng.uniform(0.8, 1.0)
    quiet[:, SMOOTH_LOUDNESS] = -LOUD_DB / 10
    content[at] = quiet
    shut = np.zeros(len(mouth))
    shut[at] = 1
    mouth *= (1 - np.convolve(shut, np.ones(5) / 5, "same")[:, None]).astype(np.float32)
    return at


def shut_in(gap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """When a mouth is shut, and how much each frame counts, (T,) both: mostly moments between openings."""
    shut = gap <= max(LEAST_SHUT_CM, SHUT_SHARE * float(np.quantile(gap, 0.95)))
    answer, weight = shut.astype(np.float32), np.ones(len(gap), np.float32)
    edges = np.flatnonzero(np.diff(shut.astype(int), prepend=0, append=0))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        around = slice(max(0, first - 1), last + 1)
        if last - first <= MOMENT_FRAMES:
            answer[around], weight[around] = 1, MOMENT_WEIGHT
        else:
            weight[first:last] = HELD_WEIGHT
            weight[first + 2 : last - 2] = 0.05
    return answer, weight


def amplitude_of(style: float) -> float:
    """How far the head sways for a style of -1..1: from a third to three times calm talk."""
    return float(np.exp(1.1 * style))


def tempo_of(style: float) -> float:
    return float(np.exp(0.35 * style))


def nods_of(style: float) -> float:
    return 0.4 + 0.35 * style
