"""Names for the results of a batch that were given none: "take-angry.wav" for take.wav made angry."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from conditioning.emotion import FILE_SUFFIXES

from .audio_file import CODECS
from .batch_request import file_fields, names_file, required_files
from .formats import format_of

LONGEST = 40  # characters of an emotion in a name


class Names:
    """Gives every result a name of its own.

    A name depends on the rows above it alone: rows that are added below rename nothing that is done.

    Args:
        taken: names that were asked for.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        # Some file systems take names that differ in case for one.
        self._taken = {str(PurePath(name)).casefold() for name in taken}

    def name(self, draft_id: str, values: Mapping[str, Any], emotion: str | None) -> str:
        """Gives a file name.

        Args:
            draft_id: of the request. values: "modality" and arguments of `generate`.
            emotion: as it was typed; None for neutral.
        """
        stems = list(wanted_stems(draft_id, values, emotion))
        suffix = suffix_of(values["modality"])
        numbered = (f"{stems[-1]}-{number}" for number in itertools.count(2))
        names = (stem + suffix for stem in itertools.chain(stems, numbered))
        name = next(name for name in names if name.casefold() not in self._taken)
        self._taken.add(name.casefold())
        return name


def wanted_stems(draft_id: str, values: Mapping[str, Any], emotion: str | None) -> Iterable[str]:
    """Gives the names that a result would have, the shortest first."""
    fields = file_fields(values["modality"])
    given = {name: values[name] for name, known in fields.items() if names_file(values.get(name), known)}
    if not given:
        yield slug(draft_id, case=True) or "result"
        return
    # A photo that many recordings move: only both together tell the results apart.
    told = [given[name] for name in required_files(values["modality"]) if name in given]
    stem = "-".join(PurePath(name).stem for name in told or [*given.values()][:1])
    stem = f"{stem}-{emotion_slug(emotion)}"
    yield stem
    if "intensity" in values:
        yield f"{stem}-{values['intensity']:g}"


def suffix_of(modality: str) -> str:
    """Sounds become .wav, which every program reads; all else the exact form, as in the library."""
    kept = format_of(modality).kept
    return ".wav" if kept in CODECS else kept


def emotion_slug(emotion: str | None) -> str:
    text = "neutral" if emotion is None else emotion.strip()
    path = PurePath(text)
    return slug(path.stem if path.suffix.lower() in {*FILE_SUFFIXES, ".json"} else text) or "emotion"


def slug(text: str, *, case: bool = False) -> str:
    """Gives words that every file system takes, joined by "-"."""
    words = re.sub(r"[^\w.]+", "-", text if case else text.lower())
    return words.strip("-._")[:LONGEST].rstrip("-._")
