"""One entry of the library: what is known of a result, and the result back from its file."""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from generators.base import shorten
from generators.media import Media

from .formats import format_of


@dataclass(frozen=True)
class Entry:
    """One result of the library.

    Attributes:
        id: sorts by time; any unique beginning of it names the entry.
        created: seconds of `time.time()`.
        modality: the medium.
        emotion: its short human text.
        path: the file.
        recipe: what made it.
        tags, favourite: what people said of it.
    """

    id: str
    created: float
    modality: str
    emotion: str
    path: Path
    recipe: dict[str, Any]
    tags: tuple[str, ...] = field(default=())
    favourite: bool = False

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path), "tags": list(self.tags)}


Entries = list[Entry]


def new_id() -> str:
    moment = time.time()
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(moment))
    return f"{stamp}-{secrets.token_hex(3)}"


def emotion_label(emotion: Any) -> str:
    from conditioning import EmotionCurve

    return str(EmotionCurve.parse("neutral" if emotion is None else emotion).label)


def searched(entry: Entry) -> str:
    """Gives the text in which a search looks, beside the tags."""
    parts = {**(entry.recipe.get("prompt") or {}), **(entry.recipe.get("options") or {})}
    words = [f"{name}={value}" for name, value in parts.items() if value is not None]
    return " ".join([entry.id, entry.modality, entry.emotion, *words]).lower()


def check_tag(tag: str) -> str:
    text = tag.strip() if isinstance(tag, str) else ""
    if not text or len(text) > 60 or not text.isprintable():
        raise ValueError(f"expected a tag of 1 to 60 printable characters, got {shorten(tag)}")
    return text


def formats_of(entry: Entry) -> list[str]:
    """Gives the suffixes in which an entry can be exported."""
    return list(format_of(entry.modality).suffixes)


def media_of(entry: Entry) -> Media:
    """Reads an entry's medium back from its file, so that another format can be written from it."""
    return format_of(entry.modality).read(entry.path, entry.recipe)
