"""A voice that hums: as quick as a test wants, with the lengths, marks and bytes that a real one would promise.

What a text says it does: "FAIL" is refused, "DIE" ends the process that speaks it, "FULL" finds the disk full.
Every line that is made is noted in the file that HUMMED names, and takes HUM_S seconds.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from generators.media import Audio, Mark
from generators.speech.options import SpeechOptions, SpeechPrompt

RATE = 24000
BEFORE_S, AFTER_S = 0.064, 0.2
PER_LETTER_S = 0.05


@dataclass(frozen=True)
class Lengths:
    """As `generators.speech.lengths.Lengths`, without its torch."""

    natural_s: float
    shortest_s: float
    longest_s: float
    before_s: float
    after_s: float


def note(text: str) -> None:
    """Adds a line to the list of what was made; one write, so that processes do not mix theirs."""
    if os.environ.get("HUMMED"):
        with Path(os.environ["HUMMED"]).open("ab", buffering=0) as file:
            file.write(f"{text}\n".encode())


class HummingBackend:
    name: ClassVar[str] = "speech"
    media: ClassVar[type] = Audio
    Prompt: ClassVar[type] = SpeechPrompt
    Options: ClassVar[type] = SpeechOptions
    checkpoints: ClassVar[tuple[str, ...]] = ("speech-nc",)

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    @staticmethod
    def check(prompt: Any, options: Any) -> None:
        if "REFUSE" in prompt.text:
            raise ValueError("expected text that can be said, got REFUSE")

    def to(self, device: str) -> None:
        self.device = device

    def lengths(self, prompt: Any, emotion: Any, options: Any, *, on_step: Any = None) -> Lengths:
        natural_s = PER_LETTER_S * len(prompt.text) / options.speed
        if len(emotion.keyframes) > 1 and prompt.duration_s:
            natural_s *= 1 + 0.1 / prompt.duration_s  # what depends on how much time there is
        return Lengths(natural_s, natural_s / 4, natural_s * 4, BEFORE_S, AFTER_S)

    def generate(
        self, prompt: Any, emotion: Any, options: Any, *, on_step: Any = None, on_part: Any = None
    ) -> Audio:
        time.sleep(float(os.environ.get("HUM_S", "0")))
        note(prompt.text)
        if "FAIL" in prompt.text:
            raise ValueError("expected an easier line, got FAIL")
        if "DIE" in prompt.text:
            os.kill(os.getpid(), signal.SIGKILL)
        if "FULL" in prompt.text:
            raise OSError(errno.ENOSPC, "No space left on device")
        if on_step:
            on_step(1, 1)
        count = round(prompt.duration_s * RATE)
        draw = np.random.default_rng([options.seed, *prompt.text.encode()])
        samples = (0.1 * draw.standard_normal(count)).astype(np.float32)
        ends = prompt.duration_s - AFTER_S
        samples[: round(BEFORE_S * RATE)] = samples[round(ends * RATE) :] = 0
        marks = (Mark(0.0, BEFORE_S, "_", "phone"), Mark(BEFORE_S, ends, prompt.text, "word"))
        provenance = {
            "modality": self.name,
            "prompt": asdict(prompt),
            "options": asdict(options),
            "weights": {},
        }
        return Audio(samples[None], RATE, marks, provenance=provenance)
