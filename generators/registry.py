"""Name of a medium -> import path of its backend. A new medium is one line here."""

from __future__ import annotations

import importlib
from typing import Any

BACKENDS = {
    "conversion": "generators.conversion.backend:ConversionBackend",
    "gesture": "generators.gesture.backend:GestureBackend",
    "music": "generators.music.backend:MusicBackend",
    "portrait": "generators.portrait.backend:PortraitBackend",
    "speech": "generators.speech.backend:SpeechBackend",
    "video": "generators.video.backend:VideoBackend",
}


def backend_class(name: str) -> Any:
    """Gives a backend's class without loading any weights.

    Raises:
        ValueError: no such medium.
    """
    if name not in BACKENDS:
        raise ValueError(f"expected a medium out of {', '.join(BACKENDS)}, got {name!r}")
    module, _, cls = BACKENDS[name].partition(":")
    return getattr(importlib.import_module(module), cls)
