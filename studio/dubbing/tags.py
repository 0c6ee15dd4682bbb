"""What a line of a script says of itself: feelings and names among its words -> the words and what was said."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from generators.base import shorten

from .feelings import feeling_of_tag
from .markup import brackets, without_markup

# What a tag may say by name, as [voice: danny]; the names are those of a table's columns.
NAMED = ("speaker", "emotion", "intensity", "curve", "voice", "mode", "notes", "take", "suggested", "error")
COLUMN_TAG = re.compile(rf"({'|'.join(NAMED)}|feeling)\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
PAUSE = re.compile(r"pause\s+[\d.]+\s*m?s", re.IGNORECASE)
# Who speaks next in a cue; before a digit, or alone, it is something else.
DASH = re.compile(r"[-\u2010-\u2015]+(?:\s+(?=\S)|(?=[^\W\d_]))")
DASHED = re.compile(rf"^\s*{DASH.pattern}", re.MULTILINE)
PREFIX = re.compile(r"([^\W\d_][\w .'’-]{0,39}?)\s*:(?:\s+|$)")
CAPITALS = re.compile(
    r"(?:[\s-]|<[^<>]*>|\[[^\[\]]*\])*([^\W\d_a-z][^\W_a-z .'’-]{0,19}(?:[ .'’-]+[^\W_a-z]{1,20}){0,3})\s*:\s"
)
PAUSED, DESCRIPTION = "pause", "description"


@dataclass(frozen=True)
class Said:
    """A line's words, and what it says of itself.

    Attributes:
        text: what is to be said, in one line.
        columns: what its tags say, under the names of a table's columns.
        notes: what somebody should know of how it was read.
    """

    text: str
    columns: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def read_tags(raw: str, names: Mapping[str, str], speaker: str = "") -> Said:
    """Reads a line's tags.

    Tags stand at its start or its end. A feeling in brackets is a name, shares, numbers or keyframes; words
    in brackets that are none describe a sound and are not said.

    Args:
        raw: as the file has it.
        names: speakers that may stand before a colon, by their `folded` names.
        speaker: whom the file names elsewhere; then no other name is looked for.

    Raises:
        ValueError: two speakers or feelings, a tag amid the words, or what was meant for a feeling and is none.
    """
    text, voices = without_markup(raw)
    if len(voices) > 1:
        raise ValueError(f"expected one speaker in a cue, got {' and '.join(map(shorten, voices[:3]))}")
    reading = Reading(names, speaker or "".join(voices))
    if voices and folded(voices[0]) != folded(speaker):
        reading.add({"speaker": voices[0]})
    text = reading.amid(reading.behind(reading.before(" ".join(reading.without_dashes(text).split()))))
    return Said(" ".join(text.split()), MappingProxyType(reading.columns), tuple(reading.notes))


class Reading:
    """Takes the tags off one line."""

    def __init__(self, names: Mapping[str, str], speaker: str) -> None:
        self.names, self.speaker = names, speaker
        self.columns: dict[str, Any] = {}
        self.notes: list[str] = []

    def without_dashes(self, text: str) -> str:
        """Takes the dashes off the lines of a dialogue.

        Raises:
            ValueError: two speakers; when each begins cannot be said.
        """
        lines = DASHED.split(text) if DASHED.match(text) else []
        if len(lines) < 3:  # what stands before the first dash, and what one person says
            return text
        said = {match[1] for match in map(PREFIX.match, lines) if match and folded(match[1]) in self.names}
        if len(said) > 1:
            raise ValueError(f"expected one speaker in a cue, got {' and '.join(sorted(said)[:3])}")
        self.notes.append("two people seem to speak in one cue")
        return " ".join(lines)

    def before(self, text: str) -> str:
        """Takes off what stands before the words: tags, descriptions, a speaker with a colon."""
        at, places = 0, dict(brackets(text))
        while at < len(text):
            name, dash = self.name_at(text, at), DASH.match(text, at)
            if at in places and self.take(text[at + 1 : places[at] - 1]):
                at = places[at]
            elif name:
                self.add({} if folded(name[0]) == folded(self.speaker) else {"speaker": name[0]})
                self.speaker, at = name[0], name[1]
            elif text[at].isspace():
                at += 1
            elif dash:
                at = dash.end()
            else:
                break
        shouted = PREFIX.match(text, at)
        if shouted and len(shouted[1]) > 1 and shouted[1].isupper() and not self.speaker:
            self.notes.append(f"{shorten(shouted[1] + ':')} is said, as no speaker of that name is known")
        return text[at:]

    def name_at(self, text: str, at: int) -> tuple[str, int] | None:
        """Gives a known speaker before a colon, and where the words go on."""
        match = PREFIX.match(text, at)
        if match is None:
            return None
        name = self.names.get(folded(match[1]), "")
        if self.speaker and folded(match[1]) != folded(self.speaker):
            return None
        return (name or self.speaker, match.end()) if name or self.speaker else None

    def behind(self, text: str) -> str:
        """Takes off the tags after the words."""
        for start, end in reversed(brackets(text)):
            if text[end:].strip() or not self.take(text[start + 1 : end - 1]):
                break
            text = text[:start]
        return text

    def amid(self, text: str) -> str:
        """Takes descriptions out of the words.

        Raises:
            ValueError: a tag there; which words it is for cannot be said.
        """
        kept, at = [], 0
        for start, end in brackets(text):
            kind, _ = kind_of(text[start + 1 : end - 1])
            if kind not in (PAUSED, DESCRIPTION):
                tag = shorten(text[start:end])
                raise ValueError(f"expected a feeling at the start of the line, got {tag} amid its words")
            if kind == DESCRIPTION:
                self.notes.append(f"{shorten(text[start:end])} is not said")
                kept.append(text[at:start])
                at = end
        return "".join([*kept, text[at:]])

    def take(self, content: str) -> bool:
        """Takes one tag in; says whether it was one, or a description."""
        kind, columns = kind_of(content)
        if kind == PAUSED:
            return False
        if kind == DESCRIPTION and folded(content) in self.names:
            columns = {"speaker": self.names[folded(content)]}
        elif kind == DESCRIPTION:
            self.notes.append(f"{shorten(f'[{content}]')} is not said")
        self.add(columns)
        return True

    def add(self, columns: Mapping[str, Any]) -> None:
        for name, value in columns.items():
            if name in self.columns:
                twice = f"{shorten(self.columns[name])} and {shorten(value)}"
                raise ValueError(f"expected one {name} in a line, got {twice}")
            self.columns[name] = value


@functools.lru_cache(maxsize=4096)
def kind_of(content: str) -> tuple[str, Mapping[str, Any]]:
    """Gives what stands in brackets: a pause, a description, or a tag with what it says.

    Raises:
        ValueError: what was meant for a feeling and is none.
    """
    content = content.strip()
    if PAUSE.fullmatch(content):
        return PAUSED, {}
    named = COLUMN_TAG.fullmatch(content)
    if named:
        name = named[1].lower()
        return "tag", {"emotion" if name == "feeling" else name: named[2].strip()}
    feeling = feeling_of_tag(content)
    return (DESCRIPTION, {}) if feeling is None else ("tag", feeling)


def folded(name: str) -> str:
    """Gives a speaker's name as it is compared: ANNA, Anna and "anna " are one."""
    return " ".join(name.casefold().split())


def names_in_capitals(texts: Iterable[str]) -> dict[str, str]:
    """Gives the speakers of a script that has no cast: names in capitals before a colon, at least twice.

    One alone ("WARNING: mind the gap") may as well be words.
    """
    found = Counter(match[1].strip() for match in map(CAPITALS.match, texts) if match)
    return {folded(name): name for name, count in found.items() if count > 1 and len(name) > 1}
