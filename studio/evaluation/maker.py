"""What the trials of all media share: media made by request and kept, and how far a measurement is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILES = ("source", "audio")  # arguments that are paths, of which the name says enough


@dataclass
class Maker:
    """Makes clips by request; a request that was made before is read from `folder`.

    Attributes:
        generate: `studio.generate` or a stand-in: (medium, **request) -> something with `.media`.
        folder: keeps every clip under a name made from its request and from the weights; None keeps nothing.
        weights: hash of the weights, so that other weights make other clips.
        fixed: arguments of every request.
        on_clip: called after each clip.
    """

    generate: Callable[..., Any]
    folder: Path | None = None
    weights: str = ""
    fixed: dict[str, Any] = field(default_factory=dict)
    on_clip: Callable[[], None] = lambda: None

    def path_of(self, request: Mapping[str, Any], suffix: str) -> Path | None:
        """Gives where the clip of a request is kept."""
        if self.folder is None:
            return None
        named = {**self.fixed, **request, "weights": self.weights}
        named = {name: Path(value).name if name in FILES else value for name, value in named.items()}
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
