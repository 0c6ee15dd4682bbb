"""The one table of media: how each is written, kept, read back, heard and shown. A new medium is one row."""

from __future__ import annotations

from generators import registry
from generators.base import shorten
from generators.media import Audio, Converted, Media, Motion, Portrait, Score, Video

from ..dubbing.dub import Dub
from ..scene.scene import Scene
from . import audio, dub, motion, scene, score, video
from .format import Format

FORMATS: dict[type[Media], Format] = {
    Score: score.FORMAT,
    Audio: audio.FORMAT,
    Converted: audio.CONVERTED,
    Dub: dub.FORMAT,
    Video: video.FORMAT,
    Portrait: video.PORTRAIT,
    Motion: motion.FORMAT,
    Scene: scene.FORMAT,
}


def format_of(media: Media | type[Media] | str) -> Format:
    """Gives the row of a medium.

    Args:
        media: a result, its class, or the name of a medium.

    Raises:
        ValueError: none of these.
    """
    wanted = registry.backend_class(media).media if isinstance(media, str) else media
    found = FORMATS.get(wanted if isinstance(wanted, type) else type(wanted))
    if found is None:
        names = " or ".join(cls.__name__ for cls in FORMATS)
        raise ValueError(f"expected a {names}, got {shorten(wanted)}")
    return found
