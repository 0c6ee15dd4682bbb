"""The scene backend: a script and a feeling in, a film with voices, faces, bodies and music out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from generators.base import PartCallback, StepCallback
from generators.weights import pinned

from ..composed import Composed
from .options import CHECKPOINTS, SceneOptions, ScenePrompt, check_prompt
from .scene import Scene

if TYPE_CHECKING:
    from conditioning import EmotionCurve


class SceneBackend(Composed):
    """Makes whole scenes out of what the other backends make; see `generators.base.Backend`."""

    name: ClassVar[str] = "scene"
    media: ClassVar[type] = Scene
    Prompt: ClassVar[type] = ScenePrompt
    Options: ClassVar[type] = SceneOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def generate(
        self,
        prompt: ScenePrompt,
        emotion: EmotionCurve,
        options: SceneOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Scene:
        """Makes a scene.

        Args:
            prompt: who says what. emotion: over seconds of the scene; what a line or a speaker feels goes
                before it. options: how.
            on_step: called while parts are made and while the film is drawn; may raise `Cancelled`. What was
                made until then stays and is not made again.
            on_part: not called: a film is finished as a whole.

        Raises:
            ValueError: what cannot be read or said, with the number of the line.
            FileNotFoundError: a file that is not there.
        """
        check_prompt(prompt, options)
        from .direct import directed

        return directed(self.studio, self.store, prompt, emotion, pinned(self, options), on_step)
