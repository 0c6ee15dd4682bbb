"""A line as its file has it -> a `Line`: every field read and checked, the first thing wrong named."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conditioning.emotion import MAX_INTENSITY, check_number, is_number
from generators.base import MAX_SEED, shorten

from ..field_text import FALSE, TRUE
from ..jobs import one_line
from ..recipe import nearest
from .clock import read_time
from .feelings import read_feeling
from .line import MODES, SPEAK, Line
from .markup import without_markup
from .script_text import BROKEN, explain_broken, whole
from .tags import Said, read_tags
from .voices import LONGEST_NAME, read_voice

MOST_CHARACTERS = 5000
LONGEST_CUE_S = 600.0


@dataclass(frozen=True)
class Row:
    """A line as it stands in its file.

    Attributes:
        place: where, for people: "line 12".
        values: under the names of a table's columns; text with its tags.
        error: why it cannot be read; empty when it can.
    """

    place: str
    values: Mapping[str, Any]
    error: str = ""


class Reader:
    """Reads the rows of one script.

    Args:
        folder: of the script. names: speakers that may stand before a colon, by their folded names.
    """

    def __init__(self, folder: Path, names: Mapping[str, str]) -> None:
        self.folder, self.names = folder, names
        self.feelings: dict[str, Any] = {}
        self.fields: dict[str, Callable[[Any], Any]] = {
            "start": lambda value: read_time(value, "the start"),
            "end": lambda value: read_time(value, "the end"),
            "speaker": read_name,
            "emotion": self.feeling,
            "curve": self.feeling,
            "intensity": read_strength,
            "voice": lambda value: read_voice(value, folder, "the line's voice"),
            "mode": read_mode,
            "notes": lambda value: words(value, "notes"),
            "take": read_take,
            "suggested": read_flag,
            "error": lambda value: words(value, "an error"),
        }

    def line(self, number: int, row: Row) -> tuple[Line, tuple[str, ...]]:
        """Gives a row's line, and what somebody should know of how it was read."""
        errors = [row.error] if row.error else []
        try:
            said = self.said(row)
        except ValueError as error:
            errors.append(one_line(error))
            # As it came, so that somebody can mend it.
            said = Said(shown(row.values.get("text")), {})
        read: dict[str, Any] = {}
        for name, value in {**row.values, **said.columns}.items():
            if name in self.fields:
                try:
                    read[name] = self.fields[name](value)
                except (ValueError, OSError) as error:
                    errors.append(one_line(error))
        twice = [name for name in said.columns if name in row.values]
        errors += [f"expected {name} once, got a column and a tag of it" for name in twice]
        return line_of(number, read, said.text, errors, timed="start" in row.values), said.notes

    def feeling(self, value: Any) -> Any:
        """Reads a feeling; the same text once, since most lines of a script share theirs."""
        # What JSON holds by its repr, which is quick and tells "1" from 1.
        try:
            key = value if isinstance(value, str) else f"{type(value).__name__} {value!r}"
        except RecursionError:
            return read_feeling(value, self.folder)  # which says so in a line
        if key not in self.feelings:
            self.feelings[key] = read_feeling(value, self.folder)
        return self.feelings[key]

    def said(self, row: Row) -> Said:
        """Reads the words and the tags among them."""
        raw = row.values.get("text", "")
        if not isinstance(raw, str):
            raise ValueError(f"expected text, got {shorten(raw)}")
        if len(raw) > MOST_CHARACTERS:
            raise ValueError(f"expected at most {MOST_CHARACTERS:,} characters in a line, got {len(raw):,}")
        if BROKEN.search(raw):
            raise ValueError(explain_broken(raw))
        speaker = row.values.get("speaker", "")
        return read_tags(raw, self.names, speaker if isinstance(speaker, str) else "")


def line_of(number: int, read: dict[str, Any], text: str, errors: list[str], *, timed: bool) -> Line:
    """Puts a line together; what could not be read is as where nothing is said."""
    start_s, end_s = read.get("start", 0.0), read.get("end", 0.0)
    mode = read.get("mode", SPEAK)
    if not errors:
        errors = [*read.pop("error", "").splitlines()[:1], *contradictions(read, text, mode, timed)]
    return Line(
        number=number,
        start_s=start_s,
        end_s=end_s,
        text=whole(text),
        speaker=read.get("speaker", ""),
        emotion=read.get("emotion", read.get("curve")),
        intensity=read.get("intensity"),
        voice=read.get("voice", ""),
        mode=mode,
        notes=read.get("notes", ""),
        take=read.get("take", 0),
        suggested=read.get("suggested", False),
        error=next((error for error in errors if error), ""),
    )


def shown(text: Any) -> str:
    return " ".join(without_markup(text[:MOST_CHARACTERS])[0].split()) if isinstance(text, str) else ""


def contradictions(read: Mapping[str, Any], text: str, mode: str, timed: bool) -> list[str]:
    """Says what is wrong with fields that are each fine."""
    found = []
    if "start" not in read or "end" not in read:
        found.append(f"expected a start and an end, got {'no end' if timed else 'no start'}")
    elif read["end"] <= read["start"]:
        found.append(f"expected an end after the start, got {read['start']:g} s to {read['end']:g} s")
    elif read["end"] - read["start"] > LONGEST_CUE_S:
        found.append(f"expected a line of at most {LONGEST_CUE_S:g} s, got {read['end'] - read['start']:g} s")
    if {"emotion", "curve"} <= set(read):
        found.append("expected an emotion or a curve, got both")
    if mode == SPEAK and not any(character.isalnum() for character in text):
        found.append(f"expected words to say, got {shorten(text) if text else 'none'}")
    return found


def words(value: Any, what: str, longest: int = MOST_CHARACTERS) -> str:
    """Gives text in one line."""
    if not isinstance(value, str):
        raise ValueError(f"expected text for {what}, got {shorten(value)}")
    if BROKEN.search(value):
        raise ValueError(explain_broken(value))
    if len(value) > longest:
        raise ValueError(f"expected at most {longest} characters for {what}, got {len(value)}")
    return " ".join(value.split())


def read_name(value: Any) -> str:
    return words(str(value) if is_number(value) else value, "a speaker", LONGEST_NAME)


def read_strength(value: Any) -> float:
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value.strip())
    return check_number(value, "intensity", 0.0, MAX_INTENSITY)


def read_mode(value: Any) -> str:
    mode = value.strip().lower() if isinstance(value, str) else value
    if mode not in MODES:
        raise ValueError(
            f"expected a mode out of {', '.join(MODES)}, got {shorten(value)}{nearest(str(value), list(MODES))}"
        )
    return str(mode)


def read_take(value: Any) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SEED:
        raise ValueError(f"expected a take as a whole number from 0 to {MAX_SEED}, got {shorten(value)}")
    return value


def read_flag(value: Any) -> bool:
    text = str(value).strip().lower()
    if text in TRUE + FALSE:
        return text in TRUE
    raise ValueError(f"expected true or false, got {shorten(value)}")
