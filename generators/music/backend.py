"""The music backend: symbolic music by masked diffusion over compound tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from generators.base import PartCallback, StepCallback
from generators.media import Score
from generators.weights import Weights, pinned

from .options import CHECKPOINTS, MusicOptions, MusicPrompt, check_prompt

if TYPE_CHECKING:
    from conditioning import EmotionCurve


class MusicBackend:
    """Generates, continues, infills and edits scores; see `generators.base.Backend`."""

    name: ClassVar[str] = "music"
    media: ClassVar[type] = Score
    Prompt: ClassVar[type] = MusicPrompt
    Options: ClassVar[type] = MusicOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def __init__(self, device: str = "cpu") -> None:
        self.weights = Weights(device)

    def to(self, device: str) -> None:
        """Moves the loaded weights."""
        self.weights.to(device)

    def generate(
        self,
        prompt: MusicPrompt,
        emotion: EmotionCurve,
        options: MusicOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Score:
        """Makes one score.

        Args:
            prompt: what to make. emotion: over seconds from the first bar that is made. options: how.
            on_step: called after every sampling step; may raise `Cancelled`.
            on_part: not called: the last bar decides how the first ones are written.

        Raises:
            ValueError, FileNotFoundError: contradictory or impossible requests, an unreadable source.
        """
        check_prompt(prompt, options)
        from .compose import compose  # the command line reads the options above without waiting for torch

        options = pinned(self, options)
        return compose(self.weights.get(options.checkpoint), prompt, emotion, options, on_step)
