"""Markup that subtitles carry, taken off: HTML, WebVTT, SubStation overrides; and what stands in brackets found."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OVERRIDE = re.compile(r"\{\\[^{}]*\}")
BREAKS = re.compile(r"\\[Nn]")
VOICE = re.compile(r"<v(?:\.[\w.]+)?[ \t]+([^<>]+)>")
ANNOTATION = re.compile(r"<rt>[^<]*(?:</rt>)?")
# What speech itself reads stays: breaks and emphasis.
MARKUP = re.compile(r"</?(?!(?:break|emphasis)\b)[A-Za-z][^<>]*>|<\d[\d:.]*>", re.IGNORECASE)
ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});")
# Controls, and marks that only steer how text is set.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
# What the speech medium reads amid words: how they are said, not what.
PRONOUNCED = re.compile(r"(?<=\w)\{[^{}]*\}")
SPOKEN = re.compile(r"\[pause[^\[\]]*\]|</?(?:break|emphasis)\b[^<>]*>", re.IGNORECASE)
EMPHASIS = re.compile(r"(?<!\w)(\*{1,2})(?=\S)([^*]+)(?<=\S)\1(?!\w)")
LOOKS_LIKE_MARKUP = re.compile(r"<(?=[/\dA-Za-z])")


def without_markup(text: str) -> tuple[str, list[str]]:
    """Gives the words of a cue and the names of its voice tags (`<v Anna>`), each once.

    Lines stay apart; entities become characters, but none that would be markup is taken off a second time.
    """
    text = BREAKS.sub("\n", OVERRIDE.sub("", text)).replace("\\h", " ")
    voices = [unescaped(name).strip() for name in VOICE.findall(text)]
    text = unescaped(MARKUP.sub("", ANNOTATION.sub("", text)))
    return text, list(dict.fromkeys(name for name in voices if name))


def unescaped(text: str) -> str:
    """Gives text with characters for entities (`&amp;`), and without those that nobody sees."""
    return UNSEEN.sub("", ENTITY.sub(lambda match: html.unescape(match.group()), text))


def escaped(text: str) -> str:
    """Gives text that `without_markup` reads as it is; left alone where nothing in it looks like markup."""
    text = ENTITY.sub(lambda match: "&amp;" + match.group()[1:], text)
    text = LOOKS_LIKE_MARKUP.sub("&lt;", text).replace("-->", "--&gt;")
    return text.replace("{\\", "&#123;\\").replace("\\", "&#92;") if "\\" in text else text


def spoken_words(text: str) -> str:
    """Gives a line's words without pauses, pronunciations and marks of emphasis."""
    words = EMPHASIS.sub(r"\2", SPOKEN.sub(" ", PRONOUNCED.sub("", text)))
    return " ".join(words.replace("{", "").replace("}", "").split())


def brackets(text: str) -> list[tuple[int, int]]:
    """Gives the places of everything in square brackets, outermost ones only, in order."""
    return list(outermost(sorted(pairs(text)))) if "[" in text else []


def pairs(text: str) -> Iterator[tuple[int, int]]:
    opened: list[int] = []
    for at, character in enumerate(text):
        if character == "[":
            opened.append(at)
        elif character == "]" and opened:
            yield opened.pop(), at + 1


def outermost(places: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    last = 0
    for start, end in places:
        if start >= last:
            last = end
            yield start, end
