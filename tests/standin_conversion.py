"""A stand-in for the conversion backend: the real prompt and options, the recording a little faster."""

from __future__ import annotations

from typing import Any, ClassVar

import soundfile
import soxr
from standin import Standin, take_steps

from generators.base import PartCallback, StepCallback
from generators.conversion.options import CHECKPOINTS, ConversionOptions, ConversionPrompt, check_prompt
from generators.media import Converted


class StandinConversion(Standin):
    name: ClassVar[str] = "conversion"
    Prompt: ClassVar[type] = ConversionPrompt
    Options: ClassVar[type] = ConversionOptions
    media: ClassVar[type] = Converted
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)
    ran: ClassVar[list[str]] = []

    def generate(
        self,
        prompt: ConversionPrompt,
        emotion: Any,
        options: ConversionOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Converted:
        """Mixes the channels into one and says so, as the real backend does; a step takes 20 ms."""
        from conditioning import load_space

        check_prompt(prompt, options)
        type(self).ran.append(prompt.audio)
        samples, rate = soundfile.read(prompt.audio, dtype="float32", always_2d=True)
        take_steps(options.num_inference_steps, on_step)
        mono = samples.mean(1)
        mixed = f"{samples.shape[1]} channels were mixed into one"
        return Converted(
            (mono if prompt.keep_timing else soxr.resample(mono, 1.1, 1.0))[None],
            rate,
            emotion_track=load_space().track(emotion, [0.0]),
            provenance=self.provenance(prompt, options, emotion),
            warnings=(mixed,) if samples.shape[1] > 1 else (),
        )
