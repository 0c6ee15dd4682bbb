"""The emotion layer: values that say what is felt, the space they live in, and the doors into a denoiser."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .curve import EmotionCurve
from .emotion import Emotion

if TYPE_CHECKING:
    from .combined import Combined, read_together
    from .encoders.music import MusicEncoder, load_music_encoder
    from .encoders.text import TextEncoder, load_text_encoder
    from .space import EmotionSpace, load_space

SPACE_VERSION = 1

# Loaded when first asked for: these need torch.
_LATER = {
    "Combined": ".combined",
    "read_together": ".combined",
    "EmotionSpace": ".space",
    "load_space": ".space",
    "TextEncoder": ".encoders.text",
    "load_text_encoder": ".encoders.text",
    "MusicEncoder": ".encoders.music",
    "load_music_encoder": ".encoders.music",
}

__all__ = [
    "SPACE_VERSION",
    "Combined",
    "Emotion",
    "EmotionCurve",
    "EmotionSpace",
    "MusicEncoder",
    "TextEncoder",
    "load_music_encoder",
    "load_space",
    "load_text_encoder",
    "read_together",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
