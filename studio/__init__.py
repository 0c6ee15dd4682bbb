"""What people call: `generate`, `Studio`, emotions, media, jobs, the library. Names load when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import composed  # noqa: F401 - adds its rows to the registry

__version__ = "0.7.0"

if TYPE_CHECKING:
    from checkpoints import CheckpointError
    from conditioning import Emotion, EmotionCurve
    from generators.base import Cancelled
    from generators.media import Audio, Media, Motion, Portrait, Score, Video

    from .jobs import JobQueue
    from .library import Library
    from .result import Result
    from .session import Studio, generate

# Public name -> module that defines it.
EXPORTS = {
    "Audio": "generators.media",
    "Cancelled": "generators.base",
    "CheckpointError": "checkpoints",
    "Emotion": "conditioning",
    "EmotionCurve": "conditioning",
    "JobQueue": "studio.jobs",
    "Library": "studio.library",
    "Media": "generators.media",
    "Motion": "generators.media",
    "Portrait": "generators.media",
    "Result": "studio.result",
    "Score": "generators.media",
    "Studio": "studio.session",
    "Video": "generators.media",
    "generate": "studio.session",
}

__all__ = [
    "Audio",
    "Cancelled",
    "CheckpointError",
    "Emotion",
    "EmotionCurve",
    "JobQueue",
    "Library",
    "Media",
    "Motion",
    "Portrait",
    "Result",
    "Score",
    "Studio",
    "Video",
    "__version__",
    "generate",
]


def __getattr__(name: str) -> Any:
    if name not in EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
