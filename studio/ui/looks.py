"""How each kind of medium looks on the page: one module a kind, with the same few names.

Such a module has `picture_html(media, label)`, `thumbnail_svg(media)`, `facts(media)`, `NOTHING_YET` (what
stands in place of the first result) and `DOWNLOADS` (the suffixes offered); it may have `SLOW` (those that
are only written when somebody asks), where results of one class differ `slow_for(media)` and
`played_of(media)`, the suffix of what is played, and `title_of(media)` where the feeling is no heading.
Its `FORMS` say what buttons are called, where it is not what `NAMES` says.
"""

from __future__ import annotations

import importlib
from html import escape
from typing import TYPE_CHECKING, Any

from ..formats import format_of

if TYPE_CHECKING:
    from generators.media import Media

LOOKS = {
    "Score": "roll",
    "Audio": "wave",
    "Converted": "before_after",
    "Dub": "dub_track",
    "Scene": "scene_film",
    "Video": "film",
    "Portrait": "face_film",
    "Motion": "body",
}
# What the button for a file says.
NAMES = {
    ".mp4": "MP4",
    ".webm": "WebM",
    ".gif": "GIF",
    ".webp": "WebP",
    ".mkv": "MKV",
    ".zip": "Archive",
    ".mid": "MIDI",
    ".musicxml": "MusicXML",
    ".wav": "WAV",
    ".flac": "FLAC",
    ".mp3": "MP3",
    ".srt": "Subtitles",
    ".vtt": "WebVTT",
    ".ass": "ASS",
    ".glb": "3D model",
    ".bvh": "BVH",
    ".npz": "SMPL-X",
    ".csv": "CSV",
    ".json": "JSON",
    ".png": "Picture",
}


def look_of(kind: type) -> Any:
    """Gives the module that shows a class of media.

    Raises:
        ValueError: a class that the page cannot show.
    """
    name = next((LOOKS[base.__name__] for base in kind.__mro__ if base.__name__ in LOOKS), None)
    if name is None:
        raise ValueError(f"expected a medium out of {', '.join(LOOKS)}, got {kind.__name__}")
    return importlib.import_module(f".{name}", __package__)


def all_downloads() -> tuple[str, ...]:
    """Gives the suffixes that any medium offers, in the order in which they are shown."""
    offered = {suffix for name in LOOKS.values() for suffix in module(name).DOWNLOADS}
    return tuple(suffix for suffix in NAMES if suffix in offered)


def slow_of(look: Any, media: Media | None = None) -> tuple[str, ...]:
    """Gives the suffixes of a look, or of one result, that are only written when somebody asks."""
    chosen = getattr(look, "slow_for", None)
    return tuple(chosen(media) if chosen and media is not None else getattr(look, "SLOW", ()))


def names_of(look: Any) -> dict[str, str]:
    """Gives what the buttons for a look's files say."""
    return {**NAMES, **getattr(look, "FORMS", {})}


def played_of(look: Any, media: Media) -> str:
    """Gives the suffix of the file that the page plays of a result; "" of what does not play."""
    chosen = getattr(look, "played_of", None)
    return str(chosen(media) if chosen else format_of(media).played)


def all_slow() -> tuple[str, ...]:
    """Gives those of every medium, in the order in which they are shown."""
    slow = {suffix for name in LOOKS.values() for suffix in slow_of(module(name))}
    return tuple(suffix for suffix in NAMES if suffix in slow)


def module(name: str) -> Any:
    return importlib.import_module(f".{name}", __package__)


def empty_html(words: str) -> str:
    """Gives what stands in place of a picture before there is a result."""
    return f'<div class="picture empty"><p>{escape(words)}</p></div>'
