"""What the stand-ins for backends share: a device, steps that take a while, and what a result says of itself."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any, ClassVar

from generators.base import StepCallback


class Standin:
    """A backend without weights; a stand-in adds the real prompt, options and check, and its own `generate`."""

    name: ClassVar[str]

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    def to(self, device: str) -> None:
        self.device = device

    def provenance(self, prompt: Any, options: Any, emotion: Any) -> dict[str, Any]:
        return {
            "modality": self.name,
            "prompt": asdict(prompt),
            "options": asdict(options),
            "emotion": emotion.to_json(),
            "weights": {},
        }


def take_steps(count: int, on_step: StepCallback | None, each_s: float = 0.02) -> None:
    """Does nothing, step by step; long enough for the page to say so."""
    for step in range(count):
        time.sleep(each_s)
        if on_step is not None:
            on_step(step + 1, count)
