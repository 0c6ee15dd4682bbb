"""From sound to a moving body: what the hands do is planned, drawn window by window, and given its manner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import six_of
from generators.sampling import guidance_passes

from .features import FRAME_RATE, WIDTH
from .felt import Felt, style_number, style_row_of
from .finish import Standing
from .model import EMOTION_FRAMES, KNOWN_PARTS, NUM_KNOWN
from .parts import BODY_PARTS, keeping
from .plan import Plan, planned
from .poses import POSED
from .rhythm import NUM_TRACKS, Heard, heard, made_up_voice
from .windows import WINDOW, Windows, with_surroundings

if TYPE_CHECKING:
    from conditioning import EmotionCurve
    from generators.base import StepCallback
    from generators.media import Mark
    from generators.weights import Weights

    from .model import GestureDenoiser

CHECKPOINT = "gesture-nc"
POSED_PARTS = [KNOWN_PARTS.index(part) for part in ("left arm", "right arm", "head")]
POSED_COLUMNS = np.concatenate([6 * joint + np.arange(6) for joint in POSED])
LED_FRAMES = 12  # before and after a key pose within which a movement is led to it
LEAST_RATE, MOST_RATE = 8_000, 384_000


@dataclass(frozen=True)
class GestureSettings:
    """How to move.

    Attributes:
        seed: of everything drawn. num_inference_steps: of the sampler, 1 or more.
        content_guidance_scale, identity_guidance_scale, emotion_guidance_scale: nested; 1 leaves guidance out. That of
            the emotion also strengthens its manner.
        temperature: 0 is the likeliest movement of a plan, 1 a draw.
        style: a way of moving out of the weights' own, "" or "normal" of none.
        style_row: (73,) manner of a clip instead; None takes the style's.
        hand_scale, head_scale, body_scale: how far arms, head and trunk move, 0 not at all, 1 as drawn.
        parts: out of `BODY_PARTS`; the others stand as they rest, or move as a source does.
        checkpoint: the weights.
    """

    seed: int = 0
    num_inference_steps: int = 8
    content_guidance_scale: float = 1.0
    identity_guidance_scale: float = 1.0
    emotion_guidance_scale: float = 1.0
    temperature: float = 0.7
    style: str = ""
    style_row: tuple[float, ...] | None = None
    hand_scale: float = 1.0
    head_scale: float = 1.0
    body_scale: float = 1.0
    parts: str = "whole body"
    checkpoint: str = CHECKPOINT


def motions(
    weights: Weights,
    samples: np.ndarray,
    sample_rate: int,
    emotion: EmotionCurve,
    settings: GestureSettings | None = None,
    *,
    marks: Sequence[Mark] = (),
    source: BodyMotion | None = None,
    on_step: StepCallback | None = None,
) -> Iterator[BodyMotion]:
    """Gives the motion of a body that says a sound, piece by piece, at 30 frames a second.

    Pieces joined are ceil(30 x seconds) frames. Deterministic: the same sound, emotion and settings give the same
    frames. The sound is read in stretches (give a memory-mapped array for long ones).

    Args:
        weights: loaded models.
        samples: (S,) mono in -1..1. sample_rate: Hz.
        emotion: over the sound's seconds; the weights' calibration, if any, is the caller's to apply.
        marks: of kind "word", which may call gestures that mean something.
        source: what the parts that are not asked for do; None lets them rest. It plays forth and back.
        on_step: called with (step, total) of the sampler's steps over all windows.

    Raises:
        ValueError: no samples, a rate below 8 kHz, settings out of range.
    """
    settings = settings or GestureSettings()
    check(samples, sample_rate, settings)
    count = num_frames(len(samples), sample_rate)
    voice = heard(samples, sample_rate, count)
    done = 0
    for piece in Performance(weights, voice, count, emotion, settings, marks).pieces(on_step):
        yield piece if source is None else keeping(piece, source, BODY_PARTS[settings.parts], done)
        done += len(piece)


def unheard(
    weights: Weights,
    num_frames: int,
    emotion: EmotionCurve,
    settings: GestureSettings | None = None,
    *,
    on_step: StepCallback | None = None,
) -> Iterator[BodyMotion]:
    """Gives the motion of a body that talks, though nothing is heard; as `motions`, for so many frames."""
    settings = settings or GestureSettings()
    check(np.zeros(1), MOST_RATE, settings)
    voice = made_up_voice(num_frames, np.random.default_rng((settings.seed, 101)))
    yield from Performance(weights, voice, num_frames, emotion, settings, ()).pieces(on_step)


def check(samples: np.ndarray, sample_rate: int, settings: GestureSettings) -> None:
    """Refuses what cannot be made.

    Raises:
        ValueError: see `motions`.
    """
    if samples.ndim != 1 or not len(samples):
        raise ValueError(f"expected mono samples, got shape {tuple(samples.shape)}")
    if not LEAST_RATE <= sample_rate <= MOST_RATE:
        raise ValueError(f"expected {LEAST_RATE} to {MOST_RATE} samples a second, got {sample_rate}")
    if settings.num_inference_steps < 1:
        raise ValueError(f"expected at least 1 sampling step, got {settings.num_inference_steps}")
    if settings.parts not in BODY_PARTS:
        raise ValueError(f"expected parts out of {', '.join(BODY_PARTS)}, got {settings.parts!r}")
    for name in ("hand_scale", "head_scale", "body_scale"):
        if not 0 <= getattr(settings, name) <= 2:
            raise ValueError(f"expected {name} from 0 to 2, got {getattr(settings, name):g}")


def num_frames(num_samples: int, sample_rate: int) -> int:
    """How many frames a sound takes."""
    return max(1, -(-num_samples * int(FRAME_RATE) // sample_rate))


class Performance:
    """A body that says something.

    Args:
        voice: what is heard of it. count: frames. marks: of kind "word".
    """

    def __init__(
        self,
        weights: Weights,
        voice: Heard,
        count: int,
        emotion: EmotionCurve,
        settings: GestureSettings,
        marks: Sequence[Mark],
    ) -> None:
        self.model: GestureDenoiser = weights.get(settings.checkpoint)
        self.settings, self.count = settings, count
        row = style_row_of(self.model, settings.style, settings.style_row)
        self.felt = Felt(
            self.model, emotion, self.count, settings.seed, row, settings.emotion_guidance_scale, talk=True
        )
        self.style = style_number(self.model, settings.style) if settings.style_row is None else -1
        self.tracks = voice.tracks
        self.plan = planned(
            voice,
            self.count,
            np.random.default_rng((settings.seed, 89)),
            self.model.library(),
            marks,
            self.felt.lively,
            self.felt.tempo,
        )
        self.keys = self.key_rows(self.plan)

    def pieces(self, on_step: StepCallback | None) -> Iterator[BodyMotion]:
        """Gives the motion."""
        settings = self.settings
        passes = guidance_passes(
            settings.content_guidance_scale,
            settings.identity_guidance_scale,
            settings.emotion_guidance_scale,
        )
        windows = Windows(
            self.model,
            self.count,
            self.conditions,
            passes,
            settings.num_inference_steps,
            settings.seed,
            settings.temperature,
        )
        scales = settings.hand_scale, settings.head_scale, settings.body_scale
        body = Standing(self.felt, settings.seed, scales, BODY_PARTS[settings.parts])
        yield from body.pieces(self.through_keys(windows.rows(on_step)))

    def through_keys(self, rows: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """Leads drawn rows exactly through the key poses: strokes end when and where they were planned."""
        mean, std = (part.float().cpu().numpy() for part in (self.model.mean, self.model.std))
        at = np.array(sorted(frame for frame in self.keys if frame >= 0))
        wanted = np.stack([self.keys[frame] * std + mean for frame in at])[:, POSED_COLUMNS]
        done = 0
        for around, first, last in with_surroundings(rows, LED_FRAMES):
            start = done - first  # of what is around, counted from the first frame of all
            within = (at >= start) & (at < start + len(around))
            out = around.copy()
            missing = wanted[within] - out[at[within] - start][:, POSED_COLUMNS]
            weights = led(at, np.arange(start, start + len(around)))[:, within]
            out[:, POSED_COLUMNS] += (weights @ missing).astype(np.float32)
            yield out[first:last]
            done += last - first

    def key_rows(self, plan: Plan) -> dict[int, np.ndarray]:
        """The key poses as standardised rows, by frame; what they do not say is 0."""
        mean, std = (part.float().cpu().numpy() for part in (self.model.mean, self.model.std))
        columns = POSED_COLUMNS
        sixes = six_of(plan.poses).reshape(len(plan.poses), -1)
        out = {}
        for frame, six in zip(np.round(plan.frames).astype(int).tolist(), sixes, strict=True):
            row = np.zeros(WIDTH, np.float32)
            row[columns] = (six - mean[columns]) / std[columns]
            out[frame] = row
        return out

    def conditions(self, first: int) -> dict[str, np.ndarray]:
        """What a window is asked for; see `windows.Conditions`."""
        rhythm = np.zeros((WINDOW, NUM_TRACKS), np.float32)
        part = self.tracks[first : first + WINDOW]
        rhythm[: len(part)] = part
        known = np.zeros((WINDOW, WIDTH), np.float32)
        given = np.zeros((WINDOW, NUM_KNOWN), bool)
        for number in range(WINDOW):
            row = self.keys.get(first + number)
            if row is not None:
                known[number] = row
                given[number, POSED_PARTS] = True
        return {
            "rhythm": rhythm,
            "known": known,
            "given": given,
            "style": np.array(self.style),
            "emotion": self.felt.points(first, WINDOW // EMOTION_FRAMES).astype(np.float32),
        }


def led(keys: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """How far a movement is led to each key: 1 at it, 0 at its neighbours and further away. (N,), (T,) -> (T, N)

    Source: spreading what is missing over the frames around: Bollo 2016, "Inertialization".
    """
    gaps = np.diff(keys)
    before = np.minimum(np.concatenate([[LED_FRAMES], gaps]), LED_FRAMES)
    after = np.minimum(np.concatenate([gaps, [LED_FRAMES]]), LED_FRAMES)
    away = frames[:, None] - keys[None]
    share = (1 - np.where(away < 0, -away / before, away / after)).clip(0, 1)
    return share**3 * (10 - 15 * share + 6 * share**2)
