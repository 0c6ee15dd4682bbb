"""The weights that a backend holds, loaded when first asked for, and what a result says of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, TypeVar

import checkpoints
from conditioning import SPACE_VERSION

if TYPE_CHECKING:
    import torch

    from conditioning import EmotionCurve

Options = TypeVar("Options")


class Weights:
    """Loaded models by name, on one device.

    Args:
        device: "cpu" or a CUDA device.
        dtype: of the weights everywhere; None leaves it to the device (see `checkpoints.place`).
    """

    def __init__(self, device: str = "cpu", dtype: torch.dtype | None = None) -> None:
        self.device = device
        self.dtype = dtype
        self.models: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """Gives a shipped model, loaded when first asked for."""
        if name not in self.models:
            self.models[name] = checkpoints.load(
                name, device=self.device, dtype=self.dtype, space_version=SPACE_VERSION
            )
        return self.models[name]

    def to(self, device: str) -> None:
        """Moves what is loaded, and loads the rest there."""
        self.device = device
        for model in self.models.values():
            checkpoints.place(model, device, self.dtype)


def pinned(backend: Any, options: Options) -> Options:
    """Gives the options with the weights' name where they say "auto", so that a recipe says what ran.

    Args:
        backend: a `Backend` or its class.
    """
    if getattr(options, "checkpoint", None) != "auto":
        return options
    return replace(options, checkpoint=backend.checkpoints[0])  # type: ignore[type-var]


def provenance(
    modality: str,
    entries: Iterable[checkpoints.Checkpoint],
    prompt: Any,
    emotion: EmotionCurve,
    options: Any,
) -> dict[str, Any]:
    """Says what made a result.

    Args:
        modality: name of the medium.
        entries: of every checkpoint that took part; the licence is all of theirs.
        prompt, emotion, options: of the call.
    """
    entries = list(entries)
    return {
        "modality": modality,
        "weights": {entry.name: entry.fingerprint for entry in entries},
        "licence": " AND ".join(sorted({entry.licence for entry in entries})),
        "non_commercial": any(entry.non_commercial for entry in entries),
        "space_version": SPACE_VERSION,
        "prompt": asdict(prompt),
        "options": asdict(options),
        "emotion": emotion.to_json(),
    }
