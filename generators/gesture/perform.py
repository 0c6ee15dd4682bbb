"""From what was asked to a moving body: a voice, a movement to change, or poses to go between."""

from __future__ import annotations

import math

from conditioning import EmotionCurve, load_space
from conditioning.body.folders import read_motion
from conditioning.body.motion import BodyMotion, joined
from conditioning.body.skeleton import INDEX, PARTS
from conditioning.body.timing import resampled
from conditioning.calibration import calibrated
from generators.base import StepCallback
from generators.media import Motion, track_times
from generators.voice.recording_file import whole
from generators.voice.timings import marks_beside
from generators.weights import Weights, provenance

from .edit import edited, readied
from .features import FRAME_RATE
from .infill import infilled
from .manner import EXTENT, POSTURE, SWAY, TEMPO, bounded, difference, measured
from .model import GestureDenoiser
from .options import GestureOptions, GesturePrompt
from .speak import GestureSettings, motions, unheard

CARRIED = {INDEX[name] for part in ("head", "torso") for name in PARTS[part]} | {INDEX["pelvis"]}
CLIP_SHARE = 0.7  # of what a clip differs by from talk: some of it is what is done, not how


def perform(
    weights: Weights,
    prompt: GesturePrompt,
    emotion: EmotionCurve,
    options: GestureOptions,
    on_step: StepCallback | None,
) -> Motion:
    """Makes a motion; see `GestureBackend.generate`."""
    audio = whole(prompt.audio) if prompt.audio else None
    if audio is None and prompt.text.strip():
        raise ValueError(
            "expected audio for the gesture backend, got text alone: `studio.generate` speaks it"
        )
    model: GestureDenoiser = weights.get(options.checkpoint)
    curve = calibrated(emotion, model.checkpoint.extra.get("calibration"))
    settings = settings_of(prompt, options, model)
    source = readied(read_motion(prompt.source)) if prompt.source else None
    marks = marks_beside(prompt.audio) if prompt.audio else ()
    if source is not None and options.task == "edit":
        motion = changed(weights, source, curve, options, settings, timed=audio is not None, on_step=on_step)
    elif source is not None and options.task == "infill":
        motion = infilled(weights, source, kept_frames(source, options), curve, settings, on_step=on_step)
    elif audio is not None:
        pieces = motions(
            weights, audio.mono(), audio.sample_rate, curve, settings,
            marks=marks, source=source, on_step=on_step,
        )  # fmt: skip
        motion = joined(list(pieces))
    else:
        frames = math.ceil(options.duration_s * FRAME_RATE)
        motion = joined(list(unheard(weights, frames, curve, settings, on_step=on_step)))
    motion = resampled(motion, options.frame_rate)
    return Motion(
        motion,
        audio,
        marks,
        emotion_track=load_space().track(emotion, track_times(motion.duration_s)),
        provenance=provenance("gesture", [model.checkpoint], prompt, emotion, options),
    )


def changed(
    weights: Weights,
    source: BodyMotion,
    curve: EmotionCurve,
    options: GestureOptions,
    settings: GestureSettings,
    *,
    timed: bool,
    on_step: StepCallback | None,
) -> BodyMotion:
    """Edits a movement; one that goes with a sound keeps its time."""
    before = EmotionCurve.parse(options.source_emotion, 1.0)
    made = edited(
        weights, source, curve, settings, source_emotion=before, keep_speed=timed or options.keep_speed
    )
    if on_step:
        on_step(1, 1)
    return made


def kept_frames(source: BodyMotion, options: GestureOptions) -> list[int]:
    """Which poses of a movement stay, the first and the last among them."""
    step = max(1, round(options.pose_every_s * source.frame_rate))
    return sorted({*range(0, len(source), step), len(source) - 1})


def settings_of(prompt: GesturePrompt, options: GestureOptions, model: GestureDenoiser) -> GestureSettings:
    """Says to the motion model what was asked."""
    row = clip_row(model, readied(read_motion(prompt.style_clip))) if prompt.style_clip else None
    return GestureSettings(
        seed=options.seed,
        num_inference_steps=options.num_inference_steps,
        content_guidance_scale=options.content_guidance_scale,
        identity_guidance_scale=options.identity_guidance_scale,
        emotion_guidance_scale=options.emotion_guidance_scale,
        style=options.style,
        style_row=row,
        hand_scale=options.hand_scale,
        head_scale=options.head_scale,
        body_scale=options.body_scale,
        parts=options.parts,
        checkpoint=options.checkpoint,
    )


def clip_row(model: GestureDenoiser, clip: BodyMotion) -> tuple[float, ...]:
    """The manner of a clip against that of neutral talk. (73,)"""
    row = CLIP_SHARE * difference(measured(clip), model.neutral())
    turns = row[POSTURE].reshape(-1, 3)
    turns[[joint for joint in range(len(turns)) if joint not in CARRIED]] *= 0.4
    row[[*range(EXTENT.start, EXTENT.stop), TEMPO, SWAY]] *= 0.6
    return tuple(bounded(row).tolist())
