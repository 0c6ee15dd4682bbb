"""What a spoken token is made of, and letters by their names."""

from __future__ import annotations

from dataclasses import dataclass

from generators.voice.phones import Phone

from . import text_numbers as numbers
from .text_words import LETTER_NAMES

Spoken = str | tuple[Phone, ...]  # a word to be looked up, or phones that are known already


@dataclass(frozen=True)
class Context:
    """What stands around a token: the words before and after as written, and the language."""

    language: str
    before: str = ""
    after: str = ""
    shouted: bool = False

    @property
    def german(self) -> bool:
        return self.language == "de-DE"


def letters(text: str, language: str) -> list[Spoken]:
    """Spells letters by their names and digits one by one."""
    names = LETTER_NAMES[language]
    said: list[Spoken] = []
    for character in text.lower():
        if character in names:
            said.append(_phones(names[character]))
        elif character.isdigit() and character.isascii():
            said += numbers.digits(character, language)
    return said


def _phones(text: str) -> tuple[Phone, ...]:
    stress = {"ˈ": 2, "ˌ": 1}
    return tuple(Phone(item.lstrip("ˈˌ"), stress.get(item[0], 0)) for item in text.split())
