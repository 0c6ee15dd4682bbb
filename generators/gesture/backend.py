"""The gesture backend: a voice in, a body that moves with it and shows the feeling out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from generators.base import PartCallback, StepCallback
from generators.media import Motion
from generators.weights import Weights, pinned

from .options import CHECKPOINTS, GestureOptions, GesturePrompt, check_prompt

if TYPE_CHECKING:
    from conditioning import EmotionCurve


class GestureBackend:
    """Moves a body; see `generators.base.Backend`."""

    name: ClassVar[str] = "gesture"
    media: ClassVar[type] = Motion
    Prompt: ClassVar[type] = GesturePrompt
    Options: ClassVar[type] = GestureOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def __init__(self, device: str = "cpu") -> None:
        self.weights = Weights(device)

    def to(self, device: str) -> None:
        """Moves the loaded weights."""
        self.weights.to(device)

    def generate(
        self,
        prompt: GesturePrompt,
        emotion: EmotionCurve,
        options: GestureOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Motion:
        """Makes a motion.

        Args:
            prompt: what is said, or what is changed. emotion: over seconds of the result. options: how.
            on_step: called after every step of every group of windows; may raise `Cancelled`.
            on_part: not called: a motion is finished as a whole.

        Returns:
            The motion, as long as the sound, or as `options.duration_s` says where there is none.

        Raises:
            ValueError: what is no sound or no movement, broken, silent, or contradicts itself.
            FileNotFoundError: a file that is not there.
        """
        check_prompt(prompt, options)
        from .perform import perform  # the command line reads the options above without waiting for torch

        return perform(self.weights, prompt, emotion, pinned(self, options), on_step)
