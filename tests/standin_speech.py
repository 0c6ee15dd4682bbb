"""A stand-in for the speech backend: hums a tone for each sentence and says what it would have said."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from standin import Standin

from generators.base import PartCallback, StepCallback
from generators.media import Audio, Mark, join
from generators.speech.lengths import Lengths
from generators.speech.options import (
    CHECKPOINTS,
    SpeechOptions,
    SpeechPrompt,
    check_prompt,
    sentence_emotions,
)
from generators.speech.text import read_text

SAMPLE_RATE = 24000
WORD_S = 0.3


class StandinSpeech(Standin):
    name: ClassVar[str] = "speech"
    media: ClassVar[type] = Audio
    Prompt: ClassVar[type] = SpeechPrompt
    Options: ClassVar[type] = SpeechOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def slower(self, prompt: SpeechPrompt, sentences: list[str]) -> float:
        """Gives how much longer than a second each second takes, so that the asked length is met."""
        return prompt.duration_s / natural(sentences) if prompt.duration_s else 1.0

    def lengths(self, prompt: SpeechPrompt, emotion: Any, options: SpeechOptions, **rest: Any) -> Lengths:
        """Says how long a text takes: half to double of what it would."""
        whole = natural([sentence.text for sentence in read_text(prompt.text, prompt.language)])
        return Lengths(whole / options.speed, whole / 2, 2 * whole, 0.0, 0.0)

    def generate(
        self,
        prompt: SpeechPrompt,
        emotion: Any,
        options: SpeechOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Audio:
        """Hums a second for each sentence; a step takes 20 ms."""
        from conditioning import Emotion, load_space

        sentences = [sentence.text for sentence in read_text(prompt.text, prompt.language)]
        rows = sentence_emotions(prompt) or [None] * len(sentences)
        total, parts = options.num_inference_steps * len(sentences), []
        space = load_space()
        for number, (sentence, row) in enumerate(zip(sentences, rows, strict=True)):
            for step in range(options.num_inference_steps):
                time.sleep(0.02)
                if on_step is not None:
                    on_step(number * options.num_inference_steps + step + 1, total)
            feeling = Emotion.parse(*row, files=False) if row else emotion.keyframes[0][1]
            place = space.vad(space.embed(feeling)).tolist()
            f0_hz = 150 + 60 * place[1] + 5 * options.f0_shift
            part = hum(sentence, f0_hz, (place[0], place[1]), slower=self.slower(prompt, sentences))
            parts.append(part)
            if on_part is not None:
                on_part(part)
        whole = join(parts)
        return Audio(
            whole.samples,
            whole.sample_rate,
            whole.marks,
            emotion_track=whole.emotion_track,
            provenance=self.provenance(prompt, options, emotion),
        )


def natural(sentences: list[str]) -> float:
    """Gives the seconds that sentences take."""
    return WORD_S * sum(len(sentence.split()) for sentence in sentences)


def hum(sentence: str, f0_hz: float, place: tuple[float, float], slower: float = 1.0) -> Audio:
    """Gives 0.3 s a word of a buzz whose f0 falls, loud in the middle of each word."""
    import numpy as np

    words, word_s = sentence.split(), WORD_S * slower
    length = word_s * len(words)
    times = np.arange(round(length * SAMPLE_RATE)) / SAMPLE_RATE
    f0 = f0_hz * (1.15 - 0.3 * times / length)
    phase = 2 * np.pi * np.cumsum(f0) / SAMPLE_RATE
    sound = sum(np.sin(k * phase) / k for k in range(1, 8)) * np.sin(np.pi * times / word_s) ** 2 * 0.25
    marks = [Mark(0.0, length, sentence, "sentence")]
    marks += [Mark(word_s * i, word_s * (i + 1), word, "word") for i, word in enumerate(words)]
    return Audio(sound[None].astype(np.float32), SAMPLE_RATE, tuple(marks), emotion_track=((0.0, *place),))
