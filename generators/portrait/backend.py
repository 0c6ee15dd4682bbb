"""The portrait backend: a photo and a voice in, a film of the person who says it and feels it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from generators.base import PartCallback, StepCallback
from generators.media import Portrait
from generators.weights import Weights, pinned

from .options import CHECKPOINTS, PortraitOptions, PortraitPrompt, check_prompt

if TYPE_CHECKING:
    from conditioning import EmotionCurve


class PortraitBackend:
    """Makes a face talk; see `generators.base.Backend`."""

    name: ClassVar[str] = "portrait"
    media: ClassVar[type] = Portrait
    Prompt: ClassVar[type] = PortraitPrompt
    Options: ClassVar[type] = PortraitOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def __init__(self, device: str = "cpu") -> None:
        self.weights = Weights(device)

    def to(self, device: str) -> None:
        """Moves the loaded weights."""
        self.weights.to(device)

    def generate(
        self,
        prompt: PortraitPrompt,
        emotion: EmotionCurve,
        options: PortraitOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Portrait:
        """Makes a film.

        Args:
            prompt: who speaks and what. emotion: over seconds of the sound. options: how.
            on_step: called after every step of every window, and while its frames are drawn; may raise
                `Cancelled`.
            on_part: not called: a film is finished as a whole.

        Returns:
            The film, as long as the sound, with the motion that it was drawn from.

        Raises:
            ValueError: no face, several without a choice, or what is no sound, broken or silent.
        """
        check_prompt(prompt, options)
        from .animate import animate  # the command line reads the options above without waiting for torch

        return animate(self.weights, prompt, emotion, pinned(self, options), on_step)
