"""From a photo and a voice to a film: motion window by window, drawn block by block, encoded meanwhile."""

from __future__ import annotations

import math

import numpy as np
import torch

from conditioning import EmotionCurve, load_space
from conditioning.face.motion import FaceMotion, at_rest, joined
from generators.base import StepCallback
from generators.media import Audio, Portrait, track_times
from generators.moving_picture import VideoWriter
from generators.voice.recording_file import whole
from generators.voice.timings import marks_beside
from generators.weights import Weights, provenance

from .driving import Driving, read_driving
from .faces import Drawn, drawn_face
from .options import PortraitOptions, PortraitPrompt
from .rate import at_rate
from .speak import ALIGNER, FRAME_RATE, MotionSettings, motions

BLOCK = 16  # frames drawn at once


def animate(
    weights: Weights,
    prompt: PortraitPrompt,
    emotion: EmotionCurve,
    options: PortraitOptions,
    on_step: StepCallback | None,
) -> Portrait:
    """Makes a film; see `PortraitBackend.generate`."""
    driving = read_driving(prompt.driving) if prompt.driving else None
    audio = sound_of(prompt, driving)
    model, aligner = weights.get(options.checkpoint), weights.get(ALIGNER)
    face = drawn_face(weights, prompt, options)
    told = Told(on_step)
    moving = motions(
        weights,
        silence_of(driving) if audio is None else audio.mono(),
        round(FRAME_RATE * 800) if audio is None else audio.sample_rate,
        emotion,
        settings_of(prompt, options, driving),
        marks=marks_beside(prompt.audio) if prompt.audio else (),
        on_step=told.step,
    )
    used = [model.checkpoint, aligner.checkpoint, *face.used]
    size, mark = (options.width, options.height), "generated" if options.mark else ""
    pieces = []
    with VideoWriter(size, options.frame_rate, audio, mark=mark) as writer:
        for piece in at_rate(moving, options.frame_rate):
            pieces.append(piece)
            for first in range(0, len(piece), BLOCK):
                told.again()
                writer.write(frames_of(face, piece.between(first, first + BLOCK)))
        motion = joined(pieces).with_gaze_shapes()
        return writer.finish(
            Portrait,
            motion=motion,
            identity=face.identity,
            warnings=face.warnings,
            emotion_track=load_space().track(emotion, track_times(motion.duration_s)),
            provenance=provenance("portrait", used, prompt, emotion, options),
        )


def frames_of(face: Drawn, motion: FaceMotion) -> torch.Tensor:
    """Draws some frames. (T, H, W, 3) uint8"""
    parts = (torch.from_numpy(part) for part in (motion.expression, motion.head_pose, motion.gaze))
    return face.render(*parts).cpu()


def sound_of(prompt: PortraitPrompt, driving: Driving | None) -> Audio | None:
    """Gives what is heard: the recording, or the sound of the film that drives; None of neither.

    Raises:
        ValueError: no sound at all though one was named, or text that nobody has spoken.
    """
    if prompt.audio:
        return whole(prompt.audio)
    if driving is None:
        raise ValueError(
            "expected audio for the portrait backend, got text alone: `studio.generate` speaks it"
        )
    return driving.audio


def silence_of(driving: Driving | None) -> np.ndarray:
    seconds = driving.motion.duration_s if driving else 0.0
    return np.zeros(math.ceil(seconds * round(FRAME_RATE * 800)), np.float32)


def settings_of(prompt: PortraitPrompt, options: PortraitOptions, driving: Driving | None) -> MotionSettings:
    """Says to the motion model what was asked."""
    still = at_rest(1, FRAME_RATE)

    def source(name: str) -> FaceMotion | None:
        return {"driving": driving.motion if driving else None, "nothing": still}.get(name)

    return MotionSettings(
        seed=options.seed,
        num_inference_steps=options.num_inference_steps,
        content_guidance_scale=options.content_guidance_scale,
        identity_guidance_scale=options.identity_guidance_scale,
        emotion_guidance_scale=options.emotion_guidance_scale,
        mouth_scale=options.mouth_scale,
        pose_scale=options.pose_scale,
        expression_scale=options.expression_scale,
        mouth_source=source(prompt.mouth_from),
        pose_source=source(prompt.pose_from),
        expression_source=source(prompt.expression_from),
        head_style=options.head_motion,
        blink_rate=options.blink_rate,
        gaze_target=(math.radians(options.gaze_yaw), math.radians(options.gaze_pitch)),
        checkpoint=options.checkpoint,
    )


class Told:
    """Steps that are told again while frames are drawn, so that a cancel is not kept waiting."""

    def __init__(self, on_step: StepCallback | None) -> None:
        self.on_step = on_step
        self.last: tuple[int, int] | None = None

    def step(self, step: int, total: int) -> None:
        self.last = (step, total)
        self.again()

    def again(self) -> None:
        if self.on_step and self.last:
            self.on_step(*self.last)
