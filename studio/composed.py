"""Media composed of others: rows of the registry like any backend, which get the Studio that makes the parts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators import registry

if TYPE_CHECKING:
    from conditioning import EmotionCurve

    from .dubbing.store import Store
    from .session import Studio

COMPOSED = {
    "dubbing": "studio.dubbing.backend:DubbingBackend",
    "scene": "studio.scene.backend:SceneBackend",
}

# The registry's own layer cannot name what stands above it.
registry.BACKENDS.update(COMPOSED)


class Composed:
    """What backends have in common whose parts other backends make.

    Args:
        device: of the Studio that is opened where none is given.
        studio: whose backends make the parts.
        parts: folder in which the parts stay, so that they are made once; among the user's data when None.
    """

    def __init__(
        self, device: str = "cpu", studio: Studio | None = None, parts: str | os.PathLike[str] | None = None
    ) -> None:
        self.device, self.parts = device, parts
        self._studio = studio

    @property
    def studio(self) -> Studio:
        """The Studio whose backends make the parts; opened when first asked for."""
        if self._studio is None:
            from .session import Studio

            self._studio = Studio(self.device)
        return self._studio

    @property
    def store(self) -> Store:
        """Where the parts stay.

        Raises:
            OSError: the folder cannot be made or written.
        """
        from .dubbing.store import Store

        return Store(self.parts)

    def to(self, device: str) -> None:
        """Does nothing: the backends of the parts are moved by their Studio."""


def provenance(
    modality: str,
    parts: Iterable[str | os.PathLike[str]],
    prompt: Any,
    emotion: EmotionCurve,
    options: Any,
    *,
    readers: Iterable[str] = (),
) -> dict[str, Any]:
    """Says what made a composed result: the weights of all its parts.

    Args:
        parts: files, which say in themselves what made them. modality, prompt, emotion, options: of the call.
        readers: names of weights that took part beside those.
    """
    import checkpoints
    from generators import weights

    from .export import recipe_of

    names = {*readers, *(name for part in parts for name in recipe_of(Path(part)).get("weights", {}))}
    known = checkpoints.manifest()
    entries = [known[name] for name in sorted(names) if name in known]
    return weights.provenance(modality, entries, prompt, emotion, options)
