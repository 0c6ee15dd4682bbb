"""The speech backend: text to voice by flow matching over prosody and spectrogram."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from generators.base import PartCallback, StepCallback
from generators.media import Audio
from generators.weights import Weights, pinned

from .options import CHECKPOINTS, SpeechOptions, SpeechPrompt, check_prompt

if TYPE_CHECKING:
    from conditioning import EmotionCurve

    from .drawn import Drawn
    from .lengths import Lengths


class SpeechBackend:
    """Says a text; see `generators.base.Backend`."""

    name: ClassVar[str] = "speech"
    media: ClassVar[type] = Audio
    Prompt: ClassVar[type] = SpeechPrompt
    Options: ClassVar[type] = SpeechOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def __init__(self, device: str = "cpu") -> None:
        self.weights = Weights(device)
        self._drawn: Drawn | None = None

    def to(self, device: str) -> None:
        """Moves the loaded weights."""
        self.weights.to(device)

    @property
    def drawn(self) -> Drawn:
        """The last plans, so that a length and then the sound of that length draw once."""
        if self._drawn is None:
            from .drawn import Drawn

            self._drawn = Drawn()
        return self._drawn

    def generate(
        self,
        prompt: SpeechPrompt,
        emotion: EmotionCurve,
        options: SpeechOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Audio:
        """Says a text.

        Args:
            prompt: what to say. emotion: over seconds from the start. options: how.
            on_step: called after every step of every window; may raise `Cancelled`.
            on_part: called with about every three seconds of sound as soon as they are made, the first
                sooner.

        Returns:
            (1, S) at 24 kHz with marks of kinds "sentence", "word", "phone" and "viseme".

        Raises:
            ValueError: what cannot be said; a length that this text cannot have, with the feasible range.
        """
        check_prompt(prompt, options)
        from .speak import speak  # the command line reads the options above without waiting for torch

        return speak(self.weights, prompt, emotion, pinned(self, options), on_step, on_part, self.drawn)

    def lengths(
        self,
        prompt: SpeechPrompt,
        emotion: EmotionCurve,
        options: SpeechOptions,
        *,
        on_step: StepCallback | None = None,
    ) -> Lengths:
        """Says how long a text takes, without making the sound.

        The plans are those that `generate` follows when it is given any `duration_s`, so that the natural
        length over the asked one is the rate at which it is said. Where the feeling changes over time they
        depend on how much time there is: ask again with the `duration_s` that was chosen.

        Args:
            prompt, emotion, options: as in `generate`; `options.speed` may stand beside a `duration_s` here,
                and only says what is natural.
            on_step: called between sentences; may raise `Cancelled`.

        Raises:
            ValueError: what cannot be said.
        """
        check_prompt(replace(prompt, duration_s=None), options)
        from .lengths import lengths

        return lengths(self.weights, prompt, emotion, pinned(self, options), on_step, self.drawn)
