"""The dubbing backend: a script with a feeling on each line in, a dub that fits the picture out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from generators.base import PartCallback, StepCallback

from ..composed import Composed
from .dub import Dub
from .options import CHECKPOINTS, DubbingOptions, DubbingPrompt, check_prompt

if TYPE_CHECKING:
    from conditioning import EmotionCurve

    from .hands import Hands
    from .produce import Production


class DubbingBackend(Composed):
    """Plans, speaks and mixes dubs; see `generators.base.Backend`.

    Attributes:
        hands: who makes the lines; chosen by their number when None.
        manifest: file that says of every line what happened, while it happens; None for none.
    """

    name: ClassVar[str] = "dubbing"
    media: ClassVar[type] = Dub
    Prompt: ClassVar[type] = DubbingPrompt
    Options: ClassVar[type] = DubbingOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def __init__(self, device: str = "cpu", **rest: Any) -> None:
        super().__init__(device, **rest)
        self.hands: Hands | None = None
        self.manifest: str | os.PathLike[str] | None = None

    def generate(
        self,
        prompt: DubbingPrompt,
        emotion: EmotionCurve,
        options: DubbingOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Dub:
        """Makes a dub. Lines that an earlier call finished are not made again.

        Args:
            prompt: what to dub. emotion: of lines that say none, over the seconds of the film; where it is neutral
                they get the feeling of their words.
            options: how.
            on_step: called while lines are planned, made and mixed; may raise `Cancelled`. What was made until
                then stays.
            on_part: not called: a dub is finished as a whole.

        Raises:
            FileNotFoundError, ValueError: a script, voices or a film that cannot be read; no line that can be dubbed.
            OSError: no room on the disk.
        """
        return self.production(prompt, emotion, options).dub(on_step, manifest=self.manifest)

    def production(self, prompt: DubbingPrompt, emotion: EmotionCurve, options: DubbingOptions) -> Production:
        """Gives the way to a dub, of which every part can be had alone: the script as it is read, the plan.

        Args:
            prompt, emotion, options: as in `generate`.

        Raises:
            ValueError: what contradicts itself. OSError: the parts' folder cannot be written.
        """
        check_prompt(prompt, options)
        from .produce import Production

        return Production(self.studio, prompt, emotion, options, store=self.store, hands=self.hands)
