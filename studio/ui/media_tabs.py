"""The tabs of the page: medium -> where its `MEDIUM` stands. A new medium is one line here."""

from __future__ import annotations

import importlib

from generators.registry import BACKENDS

from .medium_tab import Medium

TABS = {
    "speech": "speech_tab",
    "conversion": "conversion_tab",
    "portrait": "portrait_tab",
    "gesture": "gesture_tab",
    "music": "music_tab",
    "video": "video_tab",
    "dubbing": "dubbing_tab",
    "scene": "scene_tab",
}


def media() -> list[Medium]:
    """Gives every medium that has a tab and a backend, in the order of the tabs."""
    names = [name for name in TABS if name in BACKENDS]
    return [importlib.import_module(f".{TABS[name]}", __package__).MEDIUM for name in names]
