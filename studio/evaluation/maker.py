"""What the trials of all media share: media made by request and kept, and how far a measurement is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from generators.base import files_of
from generators.registry import backend_class


@dataclass
class Maker:
    """Makes clips by request; a request that was made before is read from `folder`.

    A medium has a subclass, which says what is measured of a clip and how that is kept.

    Attributes:
        modality: the medium.
        suffix: of the files that keep the clips.
        generate: `studio.generate` or a stand-in: (medium, **request) -> something with `.media`.
        folder: keeps every clip under a name made from its request and from the weights; None keeps nothing.
        weights: hash of the weights, so that other weights make other clips.
        fixed: arguments of every request.
        on_clip: called after each clip.
    """

    modality: ClassVar[str]
    suffix: ClassVar[str]
    generate: Callable[..., Any]
    folder: Path | None = None
    weights: str = ""
    fixed: dict[str, Any] = field(default_factory=dict)
    on_clip: Callable[[], None] = lambda: None

    def measured(self, media: Any) -> Any:
        """Gives what is measured of a result."""
        raise NotImplementedError

    def read(self, path: Path) -> Any:
        """Gives what `write` kept; None of a file that cannot be read."""
        raise NotImplementedError

    def write(self, path: Path, found: Any) -> None:
        """Keeps what is measured, under its name only when whole."""
        raise NotImplementedError

    def make(self, **request: Any) -> Any:
        """Gives what is measured of the clip of a request."""
        path = self.path_of(request, self.suffix)
        found = self.read(path) if path is not None and path.exists() else None
        if found is None:
            found = self.measured(self.generate(self.modality, **self.fixed, **request).media)
            if path is not None:
                self.write(path, found)
        self.on_clip()
        return found

    def path_of(self, request: Mapping[str, Any], suffix: str) -> Path | None:
        """Gives where the clip of a request is kept; of the files that it names, the name says enough."""
        if self.folder is None:
            return None
        named = {**self.fixed, **request, "weights": self.weights}
        files = files_of(backend_class(self.modality).Prompt)
        named = {name: Path(value).name if name in files else value for name, value in named.items()}
        text = json.dumps(named, sort_keys=True, ensure_ascii=False)
        return self.folder / (hashlib.sha256(text.encode()).hexdigest()[:24] + suffix)


def counter(on_step: Callable[[int, int], None] | None, total: int) -> Callable[[], None]:
    """Gives what to call after each clip, so that `on_step` hears (clips made, `total`)."""
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if on_step:
            on_step(min(done, total), total)

    return count
