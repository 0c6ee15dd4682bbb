"""A small scene: two people, three lines, parts by stand-ins, pictures as small as they get."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from generators import registry
from studio.scene.backend import SceneBackend
from studio.session import Studio

TEXT = """# A farewell
ANNA: I can't believe you came.
BEN (joy 0.8): I had to see you once more.
[pause 0.5s]
ANNA: Why now?
"""
QUICK = {"height": 360, "frame_rate": 5.0, "lead_s": 0.4, "tail_s": 0.6, "score_takes": 1}
STANDINS = {
    "speech": "standin_speech:StandinSpeech",
    "portrait": "standin_portrait:StandinPortrait",
    "gesture": "standin_gesture:StandinGesture",
    "music": "standin_music:StandinMusic",
}


@contextmanager
def staged(folder: Path) -> Iterator[None]:
    """Lets stand-ins make the parts, without their waiting; what a call is given lies in a folder."""
    with (
        patch.dict(registry.BACKENDS, STANDINS),
        patch.dict(os.environ, {"AFFECT_HOME": str(folder / "home")}),
        patch("time.sleep", lambda seconds: None),
    ):
        yield


def backend_in(folder: Path) -> SceneBackend:
    """Gives the backend with its parts in a folder."""
    return SceneBackend(studio=Studio("cpu"), parts=folder / "parts")
