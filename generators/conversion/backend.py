"""The conversion backend: a recording in, the same words of the same person with another feeling out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from generators.base import PartCallback, StepCallback
from generators.media import Converted
from generators.weights import Weights, pinned

from .options import CHECKPOINTS, ConversionOptions, ConversionPrompt, check_prompt

if TYPE_CHECKING:
    from conditioning import EmotionCurve


class ConversionBackend:
    """Changes the feeling of a recording; see `generators.base.Backend`."""

    name: ClassVar[str] = "conversion"
    media: ClassVar[type] = Converted
    Prompt: ClassVar[type] = ConversionPrompt
    Options: ClassVar[type] = ConversionOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def __init__(self, device: str = "cpu") -> None:
        self.weights = Weights(device)

    def to(self, device: str) -> None:
        """Moves the loaded weights."""
        self.weights.to(device)

    def generate(
        self,
        prompt: ConversionPrompt,
        emotion: EmotionCurve,
        options: ConversionOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Converted:
        """Converts a recording.

        Args:
            prompt: what to convert. emotion: over seconds of the recording. options: how.
            on_step: called after every step of every stretch; may raise `Cancelled`.
            on_part: called with every 6 to 10 s as soon as they are made.

        Returns:
            (1, S) at 24 kHz, at the recording's own level; S is the recording's where the timing is kept.

        Raises:
            ValueError: what is no sound, broken, too short or silent.
        """
        check_prompt(prompt, options)
        from .convert import convert  # the command line reads the options above without waiting for torch

        return convert(self.weights, prompt, emotion, pinned(self, options), on_step, on_part)
