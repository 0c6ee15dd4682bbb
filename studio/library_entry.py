"""One entry of the library: what is known of a result, and the result back from its file."""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from generators.base import shorten
from generators.media import Media, Score

# Suffix under which each medium is kept: the exact form, from which the others are rendered.
SUFFIXES = {"Score": ".mid", "Audio": ".flac"}


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
    from .export import FORMATS

    kinds = [name for name, suffix in SUFFIXES.items() if suffix == entry.path.suffix]
    return [suffix for kind, known in FORMATS.items() if kind.__name__ in kinds for suffix in known]


def media_of(entry: Entry) -> Media:
    """Reads an entry's medium back from its file, so that another format can be written from it.

    Raises:
        ValueError: the file is of a kind that is not read back.
    """
    if entry.path.suffix != ".mid":
        raise ValueError(f"expected a score to make another format of, got {entry.path.name!r}")
    import symusic

    from conditioning import EmotionCurve, load_space

    from .piano_roll import bar_starts

    midi = symusic.Score(str(entry.path))
    curve = EmotionCurve.parse(entry.recipe.get("emotion") or "neutral", files=False)
    starts = bar_starts(midi)
    space = load_space()
    places = space.vad(space.embed_curve(curve, starts)).tolist() if starts else []
    track = tuple((start, place[0], place[1]) for start, place in zip(starts, places, strict=True))
    return Score(midi=midi, emotion_track=track, provenance=entry.recipe)
