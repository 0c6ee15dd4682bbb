"""From sound to a moving face: mouth, pose and expression, each a stream of its own, window by window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from conditioning import load_space
from conditioning.face.motion import FaceMotion, resampled
from generators.sampling import guidance_passes, guided_flow, sample_flow

from .banks import BANKS, EXPRESSION, MOUTH, NUM_POSE, NUM_SHAPES, POSE, WIDTH
from .compose import (
    as_array,
    closing_between,
    composed,
    faded,
    forth_and_back,
    lids_of,
    lips_heard,
    speech_heard,
    split,
    steadied,
    with_gaze,
)
from .content import FRAME_RATE, content_of, heard, loudest, marked, phones_in, reference_of
from .examples import BLINK_PEAK, GAZE_UNIT
from .glances import Glances
from .model import DRIVE, EMOTION_FRAMES, STYLE

if TYPE_CHECKING:
    from conditioning import EmotionCurve
    from generators.base import StepCallback
    from generators.media import Mark
    from generators.weights import Weights

    from .model import MotionDenoiser

CHECKPOINT, ALIGNER = "portrait-motion", "speech-aligner"
HEAD_STYLES = {"still": -1.0, "calm": 0.0, "lively": 0.7}  # head amplitude, see `model.STYLE`
# A mouth that is drawn near the mean moves less than mouths do; chosen on the ends of training takes.
FULLER = 1.1
# Few steps from no noise lead to the mean of what a mouth may do with a sound, many to one of its modes; chosen
# likewise.
MOUTH_STEPS = 2
STILL = 0.5  # a still head moves less than any that was learned
WINDOW, OVERLAP = 140, 30  # frames that are drawn at once, and how many of them again with the next
STEP = WINDOW - OVERLAP
MARGIN_S = 0.5  # of sound heard on both sides of a window
LEAST_RATE, MOST_RATE = 8_000, 384_000


@dataclass(frozen=True)
class MotionSettings:
    """How to move.

    Attributes:
        seed: of everything drawn.
        num_inference_steps: of the sampler, 1 or more; the mouth takes `MOUTH_STEPS` at most.
        content_guidance_scale, identity_guidance_scale, emotion_guidance_scale: nested; 1 leaves guidance
            out.
        mouth_temperature: 0 is the likeliest mouth (the best sync), whatever the seed; 1 a draw.
        temperature: of pose and expression.
        mouth_scale, pose_scale, expression_scale: how far each bank moves, 0 not at all, 1 as drawn.
        mouth_source, pose_source, expression_source: None makes it from the sound and the emotion; a motion
            drives it instead: one frame is held, a longer one plays forth and back until the sound ends.
        head_style: out of `HEAD_STYLES`.
        blink_rate: blinks a minute, 0 none.
        gaze_target: yaw, pitch in radians from straight ahead of the portrait: (0, 0) looks at who looks.
        gaze_wander: how far the eyes stray from there, 0 not at all, 1 as people do.
        checkpoint: the weights.
    """

    seed: int = 0
    num_inference_steps: int = 8
    content_guidance_scale: float = 1.0
    identity_guidance_scale: float = 1.0
    emotion_guidance_scale: float = 1.0
    mouth_temperature: float = 0.0
    temperature: float = 1.0
    mouth_scale: float = 1.0
    pose_scale: float = 1.0
    expression_scale: float = 1.0
    mouth_source: FaceMotion | None = None
    pose_source: FaceMotion | None = None
    expression_source: FaceMotion | None = None
    head_style: str = "calm"
    blink_rate: float = 17.0
    gaze_target: tuple[float, float] = (0.0, 0.0)
    gaze_wander: float = 1.0
    checkpoint: str = CHECKPOINT


def motions(
    weights: Weights,
    samples: np.ndarray,
    sample_rate: int,
    emotion: EmotionCurve,
    settings: MotionSettings | None = None,
    *,
    marks: Sequence[Mark] = (),
    on_step: StepCallback | None = None,
) -> Iterator[FaceMotion]:
    """Gives the motion of a face that says a sound, piece by piece, at 30 frames a second.

    Pieces joined are ceil(30 x seconds) frames. Deterministic: the same sound, emotion and settings give the
    same frames. Only a window of the sound is held at a time (give a memory-mapped array for long ones).

    Args:
        weights: loaded models.
        samples: (S,) mono in -1..1. sample_rate: Hz.
        emotion: over the sound's seconds; the weights' calibration, if any, is the caller's to apply.
        marks: of kind "phone", where the sound is our own speech and what is said is known.
        on_step: called with (step, total) of the sampler's steps over all windows.

    Raises:
        ValueError: no samples, a rate below 8 kHz, settings out of range.
    """
    settings = settings or MotionSettings()
    check(samples, sample_rate, settings)
    yield from Performance(weights, samples, sample_rate, emotion, settings, marks).pieces(on_step)


def check(samples: np.ndarray, sample_rate: int, settings: MotionSettings) -> None:
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
    if settings.head_style not in HEAD_STYLES:
        raise ValueError(
            f"expected a head style out of {', '.join(HEAD_STYLES)}, got {settings.head_style!r}"
        )
    if not 0 <= settings.blink_rate <= 60:
        raise ValueError(f"expected 0 to 60 blinks a minute, got {settings.blink_rate:g}")
    for name in ("mouth_source", "pose_source", "expression_source"):
        source = getattr(settings, name)
        if source is not None and not len(source):
            raise ValueError(f"expected frames in {name}, got none")


def num_frames(num_samples: int, sample_rate: int) -> int:
    """How many frames a sound takes."""
    return max(1, -(-num_samples * int(FRAME_RATE) // sample_rate))


class Performance:
    """One call of `motions`."""

    def __init__(
        self,
        weights: Weights,
        samples: np.ndarray,
        sample_rate: int,
        emotion: EmotionCurve,
        settings: MotionSettings,
        marks: Sequence[Mark],
    ) -> None:
        self.model: MotionDenoiser = weights.get(settings.checkpoint)
        self.aligner = weights.get(ALIGNER)
        self.samples, self.sample_rate, self.settings, self.marks = samples, sample_rate, settings, marks
        self.count = num_frames(len(samples), sample_rate)
        self.space = load_space()
        self.curve = emotion
        frames = heard(loudest(samples, sample_rate), sample_rate)
        self.reference = reference_of(frames)
        self.closing = closing_between(phones_in(self.aligner, frames.log_mel, self.reference))
        self.glances = Glances(settings.blink_rate, settings.gaze_wander, settings.seed)
        self.passes = guidance_passes(
            settings.content_guidance_scale,
            settings.identity_guidance_scale,
            settings.emotion_guidance_scale,
        )
        self.style = self.drawn_style()
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.noise: dict[int, Tensor] = {}
        self.mouth_source, self.pose_source, self.face_source = (
            None if source is None else resampled(source, FRAME_RATE)
            for source in (settings.mouth_source, settings.pose_source, settings.expression_source)
        )

    def pieces(self, on_step: StepCallback | None) -> Iterator[FaceMotion]:
        """Gives the motion window by window; what a window ends with fades into the next."""
        windows = max(1, -(-(self.count - OVERLAP) // STEP))
        total = windows * self.settings.num_inference_steps
        waiting: tuple[np.ndarray, ...] | None = None
        for window in range(windows):
            first = window * STEP
            made = self.window(first, window * self.settings.num_inference_steps, total, on_step)
            if waiting is not None:
                for before, after in zip(waiting, made, strict=True):
                    after[:OVERLAP] = faded(before, after[:OVERLAP])
            last = self.count - first if window + 1 == windows else STEP
            waiting = tuple(part[STEP:] for part in made)
            yield self.piece(first, tuple(part[:last] for part in made))

    def window(
        self, first: int, done: int, total: int, on_step: StepCallback | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Draws a window: weights (140, 3, 20), closed lips, speech, closed lids (140,) each."""
        content = self.content(first)
        gaze, pulses = self.glances.between(first, first + WINDOW)
        drive = np.zeros((len(BANKS), WINDOW, len(DRIVE)), np.float32)
        drive[POSE, :, :2] = gaze / GAZE_UNIT
        drive[EXPRESSION, :, 2] = pulses
        times = (first + (np.arange(-(-WINDOW // EMOTION_FRAMES)) + 0.5) * EMOTION_FRAMES) / FRAME_RATE
        felt = self.space.embed_curve(self.curve, times.tolist()).cpu() - self.space.neutral
        batch = {
            "content": torch.from_numpy(content).expand(len(BANKS), -1, -1),
            "drive": torch.from_numpy(drive),
            "style": torch.from_numpy(self.style).expand(len(BANKS), -1),
            "emotion": felt.expand(len(BANKS), -1, -1),
        }
        device, dtype = self.model.bank.weight.device, self.model.bank.weight.dtype
        batch = {name: value[None].to(device, dtype) for name, value in batch.items()}
        batch["bank"] = torch.arange(len(BANKS), device=device)[None]
        noise = self.noise_at(first)[None].to(device, dtype)
        steps = self.settings.num_inference_steps

        def sampled(banks: slice, num_steps: int, step: StepCallback | None) -> Tensor:
            part = {name: value[:, banks] for name, value in batch.items()}
            return sample_flow(
                lambda x, t: guided_flow(self.flow, x, t, part, self.passes),
                noise[:, banks],
                num_inference_steps=num_steps,
                on_step=step,
                done=done,
                total=total,
            )

        mouth = sampled(slice(MOUTH, POSE), min(MOUTH_STEPS, steps), None)
        made = torch.cat([mouth, sampled(slice(POSE, None), steps, on_step)], 1)
        drawn = as_array(made[0].transpose(0, 1)).copy()
        for bank in (POSE, EXPRESSION):
            drawn[:, bank] = steadied(drawn[:, bank])
        lids = lids_of(pulses, as_array(self.model.blink), BLINK_PEAK)
        shut = as_array(self.model.closed_lips(batch["content"][0, :1])[0].sigmoid())
        return drawn, lips_heard(content, shut, self.closing), speech_heard(content), lids

    def flow(self, x: Tensor, t: Tensor, present: dict[str, Tensor], **batch: Tensor) -> tuple[Tensor, None]:
        """The network on passes of some banks, (P, banks, T, 20), as rows."""
        count = x.shape[1]
        rows = {name: value.flatten(0, 1) for name, value in batch.items()}
        given = {name: value.repeat_interleave(count) for name, value in present.items()}
        flow, _ = self.model(x.flatten(0, 1), t.repeat_interleave(count), present=given, **rows)
        return flow.unflatten(0, (-1, count)), None

    def content(self, first: int) -> np.ndarray:
        """What is heard during a window, silence beyond the sound's ends. (140, 114)"""
        start_s = first / FRAME_RATE - MARGIN_S
        start = round(start_s * self.sample_rate)
        stop = round((start_s + WINDOW / FRAME_RATE + 2 * MARGIN_S) * self.sample_rate)
        part = np.asarray(self.samples[max(0, start) : max(0, stop)], np.float32)
        part = np.pad(part, (max(0, -start), max(0, stop - max(start, 0) - len(part))))
        frames = heard(part, self.sample_rate)
        posteriors = phones_in(self.aligner, frames.log_mel, self.reference)
        if self.marks:
            posteriors = marked(posteriors, self.marks, start_s)
        return content_of(frames, posteriors, self.reference, WINDOW, MARGIN_S)

    def noise_at(self, first: int) -> Tensor:
        """The noise of a window, (3, 140, 20): each bank's own, the same wherever frames are drawn again."""
        blocks = range(first // STEP, (first + WINDOW - 1) // STEP + 1)
        self.noise = {
            block: self.noise[block] if block in self.noise else self.noise_block() for block in blocks
        }
        joined = torch.cat([self.noise[block] for block in blocks], 1)
        return joined[:, first - blocks[0] * STEP :][:, :WINDOW]

    def noise_block(self) -> Tensor:
        """(3, 110, 20); blocks are asked for in order, each once."""
        temperature = [self.settings.temperature] * len(BANKS)
        temperature[MOUTH] = self.settings.mouth_temperature
        real = self.model.real.float().cpu()[:, None]
        drawn = torch.randn((len(BANKS), STEP, WIDTH), generator=self.generator)
        return drawn * torch.tensor(temperature)[:, None, None] * real

    def drawn_style(self) -> np.ndarray:
        """How this person moves, from the seed and the asked head style. (6,)"""
        style = np.random.default_rng((self.settings.seed, 73)).uniform(-0.6, 0.6, len(STYLE))
        style[0] = HEAD_STYLES[self.settings.head_style] + 0.2 * style[0]
        return style.astype(np.float32)

    @torch.no_grad()
    def piece(self, first: int, made: tuple[np.ndarray, ...]) -> FaceMotion:
        """Composes the frames of a piece from what was drawn or from other sources."""
        drawn, closed, speech, lids = made
        settings, banks, length = self.settings, self.model.banks, len(made[0])
        device = banks.metric.device
        rows = torch.from_numpy(drawn).to(device, banks.metric.dtype)
        mouth = as_array(banks.coordinates(rows[:, MOUTH], MOUTH))[:, :NUM_SHAPES] * speech[:, None]
        face = as_array(banks.coordinates(rows[:, EXPRESSION], EXPRESSION))[:, :NUM_SHAPES]
        pose = as_array(banks.coordinates(rows[:, POSE], POSE))[:, NUM_SHAPES:]
        shut: np.ndarray | None = closed
        if self.mouth_source is not None:
            mouth, shut = split(banks, self.played(self.mouth_source, first, length))[0], None
        if self.face_source is not None:
            face, lids = split(banks, self.played(self.face_source, first, length))[1], np.zeros_like(lids)
        if self.pose_source is not None:
            source = self.played(self.pose_source, first, length)
            pose = np.concatenate([source.head_pose, source.gaze], 1)
        else:
            pose[:, :NUM_POSE] *= STILL if settings.head_style == "still" else 1.0
            pose[:, NUM_POSE:] *= settings.gaze_wander
            pose = with_gaze(pose, settings.gaze_target)
        pose[:, :NUM_POSE] *= settings.pose_scale
        return composed(
            banks, settings.mouth_scale * FULLER * mouth, settings.expression_scale * face, pose, shut, lids
        )

    def played(self, source: FaceMotion, first: int, length: int) -> FaceMotion:
        """A driving motion's frames for a piece."""
        at = forth_and_back(len(source), first, length)
        return FaceMotion(source.expression[at], source.head_pose[at], source.gaze[at], FRAME_RATE)
