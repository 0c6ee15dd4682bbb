"""The music backend: symbolic music by masked diffusion over compound tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from generators.base import StepCallback
from generators.media import Score

from .options import MusicOptions, MusicPrompt, check_prompt

if TYPE_CHECKING:
    from conditioning import EmotionCurve

BEST = "music-emopia-nc"


class MusicBackend:
    """Generates, continues, infills and edits scores; see `generators.base.Backend`."""

    name: ClassVar[str] = "music"
    Prompt: ClassVar[type] = MusicPrompt
    Options: ClassVar[type] = MusicOptions

    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        self.models: dict[str, Any] = {}

    def to(self, device: str) -> None:
        """Moves the loaded weights."""
        import torch

        self.device = device
        dtype = torch.float32 if device == "cpu" else torch.bfloat16
        for model in self.models.values():
            torch.nn.Module.to(model, device=device, dtype=dtype)  # diffusers' own warns

    def model(self, options: MusicOptions) -> Any:
        """Gives the denoiser that the options ask for, loaded when first used."""
        import checkpoints
        from conditioning import SPACE_VERSION

        name = BEST if options.checkpoint == "auto" else options.checkpoint
        if name not in self.models:
            self.models[name] = checkpoints.load(name, device=self.device, space_version=SPACE_VERSION)
        return self.models[name]

    def generate(
        self,
        prompt: MusicPrompt,
        emotion: EmotionCurve,
        options: MusicOptions,
        *,
        on_step: StepCallback | None = None,
    ) -> Score:
        """Makes one score.

        Args:
            prompt: what to make. emotion: over seconds from the first bar that is made. options: how.
            on_step: called after every sampling step; may raise `Cancelled`.

        Raises:
            ValueError, FileNotFoundError: contradictory or impossible requests, an unreadable source.
        """
        check_prompt(prompt, options)
        from .compose import compose  # the command line reads the options above without waiting for torch

        return compose(self.model(options), prompt, emotion, options, on_step)
