"""A stand-in for the conversion backend: the real prompt and options, the recording a little faster."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any, ClassVar

import soundfile
import soxr

from generators.base import PartCallback, StepCallback
from generators.conversion.options import CHECKPOINTS, ConversionOptions, ConversionPrompt, check_prompt
from generators.media import Converted


class StandinConversion:
    name: ClassVar[str] = "conversion"
    Prompt: ClassVar[type] = ConversionPrompt
    Options: ClassVar[type] = ConversionOptions
    media: ClassVar[type] = Converted
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)
    ran: ClassVar[list[str]] = []

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    def to(self, device: str) -> None:
        self.device = device

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
        for step in range(options.num_inference_steps):
            time.sleep(0.02)
            if on_step is not None:
                on_step(step + 1, options.num_inference_steps)
        space = load_space()
        valence, arousal, _ = space.vad(space.embed_curve(emotion, [0.0]))[0].tolist()
        mono = samples.mean(1)
        mixed = f"{samples.shape[1]} channels were mixed into one"
        provenance = {
            "modality": self.name,
            "prompt": asdict(prompt),
            "options": asdict(options),
            "emotion": emotion.to_json(),
            "weights": {},
        }
        return Converted(
            (mono if prompt.keep_timing else soxr.resample(mono, 1.1, 1.0))[None],
            rate,
            emotion_track=((0.0, valence, arousal),),
            provenance=provenance,
            warnings=(mixed,) if samples.shape[1] > 1 else (),
        )
