"""A stand-in for the gesture backend: the real prompt and options, a body that sways and waves."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
from motion_material import waving
from standin_portrait import sound_of

from generators.base import PartCallback, StepCallback
from generators.gesture.options import CHECKPOINTS, GestureOptions, GesturePrompt, check_prompt
from generators.media import Motion

STEPS = 10
LONGEST_S = 1.5


class StandinGesture:
    name: ClassVar[str] = "gesture"
    media: ClassVar[type] = Motion
    Prompt: ClassVar[type] = GesturePrompt
    Options: ClassVar[type] = GestureOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    def to(self, device: str) -> None:
        self.device = device

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
        for step in range(STEPS):
            time.sleep(0.04)  # long enough for the page to say so
            if on_step is not None:
                on_step(step + 1, STEPS)
        audio = sound_of(prompt) if prompt.audio or prompt.text else None
        length = audio.duration_s if audio else min(LONGEST_S, options.duration_s)
        motion = waving(round(length * options.frame_rate), options.frame_rate, options.hand_scale)
        times = np.arange(len(motion))[::5] / options.frame_rate
        space = load_space()
        places = space.vad(space.embed_curve(emotion, times.tolist())).tolist()
        track = tuple((at, v, a) for at, (v, a, _) in zip(times.tolist(), places, strict=True))
        provenance = {
            "modality": self.name,
            "prompt": asdict(prompt),
            "options": asdict(options),
            "emotion": emotion.to_json(),
            "weights": {},
        }
        marks = audio.marks if audio else ()
        return Motion(motion, audio, marks, emotion_track=track, provenance=provenance)
