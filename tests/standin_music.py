"""A stand-in for the music backend: the real prompt and options, notes by chance, slow as its steps."""

from __future__ import annotations

import random
import time
from dataclasses import asdict
from typing import Any, ClassVar

from generators.base import PartCallback, StepCallback
from generators.media import Score
from generators.music.options import CHECKPOINTS, MusicOptions, MusicPrompt, check_prompt


class StandinMusic:
    name: ClassVar[str] = "music"
    Prompt: ClassVar[type] = MusicPrompt
    Options: ClassVar[type] = MusicOptions
    media: ClassVar[type] = Score
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    def to(self, device: str) -> None:
        self.device = device

    def generate(
        self,
        prompt: MusicPrompt,
        emotion: Any,
        options: MusicOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Score:
        """Makes two bars whatever the length; a step takes 20 ms, and each bar takes all the steps."""
        import symusic

        check_prompt(prompt, options)
        total = options.num_inference_steps * (prompt.bars or 1)
        for step in range(total):
            time.sleep(0.02)
            if on_step is not None:
                on_step(step + 1, total)
        draw = random.Random(options.seed)
        midi = symusic.Score(480)
        midi.tempos.append(symusic.Tempo(0, 160))
        midi.time_signatures.append(symusic.TimeSignature(0, 4, 4))
        track = symusic.Track()
        for beat in range(8):
            track.notes.append(symusic.Note(beat * 480, 460, 60 + draw.randrange(12), 80))
        midi.tracks.append(track)
        provenance = {
            "modality": "music",
            "prompt": asdict(prompt),
            "options": asdict(options),
            "weights": {},
        }
        return Score(midi=midi, emotion_track=((0.0, 0.5, 0.5), (1.5, -0.5, -0.5)), provenance=provenance)
