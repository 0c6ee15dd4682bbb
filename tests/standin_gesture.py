"""A stand-in for the gesture backend: the real prompt and options, a body that sways and waves."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from motion_material import waving
from standin import Standin, take_steps
from standin_portrait import sound_of

from generators.base import PartCallback, StepCallback
from generators.gesture.options import CHECKPOINTS, GestureOptions, GesturePrompt, check_prompt
from generators.media import Motion

STEPS = 10
LONGEST_S = 1.5


class StandinGesture(Standin):
    name: ClassVar[str] = "gesture"
    media: ClassVar[type] = Motion
    Prompt: ClassVar[type] = GesturePrompt
    Options: ClassVar[type] = GestureOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def generate(
        self,
        prompt: GesturePrompt,
        emotion: Any,
        options: GestureOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Motion:
        """Waves the right hand; a step takes 40 ms."""
        from conditioning import load_space

        check_prompt(prompt, options)
        take_steps(STEPS, on_step, 0.04)
        audio = sound_of(prompt) if prompt.audio or prompt.text else None
        length = audio.duration_s if audio else min(LONGEST_S, options.duration_s)
        motion = waving(round(length * options.frame_rate), options.frame_rate, options.hand_scale)
        times = np.arange(len(motion))[::5] / options.frame_rate
        track = load_space().track(emotion, times.tolist())
        marks = audio.marks if audio else ()
        return Motion(
            motion, audio, marks, emotion_track=track, provenance=self.provenance(prompt, options, emotion)
        )
