"""A stand-in for the music backend: the real prompt and options, notes by chance, slow as its steps."""

from __future__ import annotations

import random
from typing import Any, ClassVar

from standin import Standin, take_steps

from generators.base import PartCallback, StepCallback
from generators.media import Score
from generators.music.options import CHECKPOINTS, MusicOptions, MusicPrompt, check_prompt


class StandinMusic(Standin):
    name: ClassVar[str] = "music"
    Prompt: ClassVar[type] = MusicPrompt
    Options: ClassVar[type] = MusicOptions
    media: ClassVar[type] = Score
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

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
        take_steps(options.num_inference_steps * (prompt.bars or 1), on_step)
        draw = random.Random(options.seed)
        midi = symusic.Score(480)
        midi.tempos.append(symusic.Tempo(0, 160))
        midi.time_signatures.append(symusic.TimeSignature(0, 4, 4))
        track = symusic.Track()
        for beat in range(8):
            track.notes.append(symusic.Note(beat * 480, 460, 60 + draw.randrange(12), 80))
        midi.tracks.append(track)
        return Score(
            midi=midi,
            emotion_track=((0.0, 0.5, 0.5), (1.5, -0.5, -0.5)),
            provenance=self.provenance(prompt, options, emotion),
        )
