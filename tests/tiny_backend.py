"""A backend small enough to read at a glance: random notes, one a step. It keeps the whole protocol."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from generators.base import PartCallback, StepCallback, option
from generators.media import Score


@dataclass(frozen=True)
class TinyPrompt:
    bars: int | None = option(None, "How long.", unit="bars", minimum=1, maximum=64)
    source: str | None = option(None, "A file to go on from.", file=(".mid",))


@dataclass(frozen=True)
class TinyOptions:
    key: str = option("C", "Key.", choices=("C", "D"))
    register: float = option(0.0, "Higher or lower.", minimum=-3, maximum=3, group="Faders")
    swing: bool = option(False, "Whether it swings.")
    delay_s: float = option(0.0, "How long a step takes.", unit="s", minimum=0, maximum=10)
    num_inference_steps: int = option(4, "Steps.", minimum=1, maximum=1000)
    seed: int | None = option(None, "Seed; a random one when not given.", minimum=0, maximum=2**31 - 1)


class TinyBackend:
    name: ClassVar[str] = "tiny"
    media: ClassVar[type] = Score
    Prompt: ClassVar[type] = TinyPrompt
    Options: ClassVar[type] = TinyOptions
    checkpoints: ClassVar[tuple[str, ...]] = ()
    opened: ClassVar[int] = 0

    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        type(self).opened += 1

    @staticmethod
    def check(prompt: TinyPrompt, options: TinyOptions) -> None:
        if options.swing and options.key == "D":
            raise ValueError("expected swing in C, got it in D")

    def to(self, device: str) -> None:
        self.device = device

    def generate(
        self,
        prompt: TinyPrompt,
        emotion: Any,
        options: TinyOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Score:
        import random

        import symusic

        draw = random.Random(options.seed)
        midi = symusic.Score(480)
        track = symusic.Track()
        for step in range(options.num_inference_steps):
            time.sleep(options.delay_s)
            pitch = 60 + int(options.register) + draw.randrange(12)
            track.notes.append(symusic.Note(step * 480, 480, pitch, 64))
            if on_step is not None:
                on_step(step + 1, options.num_inference_steps)
        midi.tracks.append(track)
        provenance = {
            "modality": self.name,
            "prompt": asdict(prompt),
            "options": asdict(options),
            "emotion": emotion.to_json(),
            "weights": {},
        }
        return Score(midi=midi, provenance=provenance)
