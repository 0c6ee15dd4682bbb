"""Written text into tokens: what is a word, a number, a time, a price, inline markup, the end of a sentence.

A token is a stretch of the text and its kind; how it is said is decided in `text_spoken`. Every pattern
is bounded, so that the cost stays linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .text_units import UNITS
from .text_words import ABBREVIATIONS, MONTHS, ORDINAL_AFTER

LETTER = r"[^\W\d_]"
NUMBER = r"\d{1,12}(?:[.,]\d{1,12})?(?:[.,]\d{1,6}){0,2}"
TAG = r"[^<>\n]{0,100}"
CLOSERS = "\"'”’»«›‹“‘)]}*_"
SCALE = r"(?:\s?(?:thousand|million|billion|trillion|tausend|Mio\.?|Mrd\.?|Millionen|Milliarden|Million"
SCALE += r"|Milliarde|bn)(?!\w))?"
MARKUP = {"pause", "break", "strong_on", "strong_off", "star", "tag", "pron"}


@dataclass(frozen=True)
class Token:
    """A stretch of text: `kind` is a group of the pattern, `start` its place in the paragraph."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@lru_cache(maxsize=2)
def _pattern(language: str) -> re.Pattern[str]:
    abbreviations = "|".join(re.escape(a) for a in sorted(ABBREVIATIONS[language], key=len, reverse=True))
    units = "|".join(re.escape(u) for u in sorted(UNITS[language], key=len, reverse=True))
    months = "|".join(sorted(MONTHS[language], key=len, reverse=True))
    german_ordinal = (
        rf"|(?P<dot_ordinal>\d{{1,4}}\.(?=\s+(?:{LETTER}|\d{{1,2}}\.\s)))" if language == "de-DE" else ""
    )
    parts = [
        r"(?P<pause>\[\s{0,5}pause\s{1,5}\d{1,4}(?:\.\d{1,4})?\s{0,5}(?:ms|s)?\s{0,5}\])",
        rf"(?P<break><break\b{TAG}>)|(?P<strong_on><emphasis\b{TAG}>)|(?P<strong_off></emphasis\s{{0,5}}>)",
        rf"(?P<tag></?[A-Za-z]{TAG}>)",
        r"(?P<pron>\{[^{}\n]{1,200}\})",
        r"(?P<star>\*{1,3}|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w))",
        r"(?P<entity>&(?:amp|lt|gt|quot|apos|nbsp|\#\d{1,5});)",
        r"(?P<url>(?:https?://|www\.)[^\s<>\"“”{}\[\]()*]{1,200}(?<![.,;:!?'’]))",
        r"(?P<email>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,32}){1,4})",
        r"(?P<domain>(?<![\w.])[A-Za-z][\w-]{0,40}(?:\.[\w-]{1,40}){0,3}\.(?:com|org|net|de|io|eu|edu|gov|info)\b(?!\.\w)(?:/[\w/.-]{0,80}\w)?)",
        rf"(?P<money>[$€£]\s?{NUMBER}{SCALE}|{NUMBER}{SCALE}\s?(?:[€$£]|(?:EUR|USD|GBP|Euro)(?!\w)))",
        r"(?P<time>\d{1,2}:[0-5]\d(?::[0-5]\d)?(?:\s?[aApP]\.?[mM]\b\.?)?(?:\s?Uhr\b)?(?!\d)|\d{1,2}\s?[aApP]\.?[mM]\b\.?|\d{1,2}\.[0-5]\d\sUhr\b)",
        r"(?P<iso>\d{4}-[01]\d-[0-3]\d(?!\d))",
        r"(?P<date>[0-3]?\d\.\s?[01]?\d\.(?:\s?\d{4}|\d\d(?!\d))?|[01]?\d/[0-3]?\d/\d{2,4})(?![\d/])",
        r"(?P<phone>\+\d[\d \-/()]{6,18}\d"
        r"|(?<!\d)0\d{2,5}[ /-]\d[\d \-]{3,12}\d|\(?(?<!\d)\d{3}\)?[ -]\d{3}[ -]\d{4}(?!\d))",
        r"(?P<ordinal>\d{1,9}(?:st|nd|rd|th)\b)",
        r"(?P<decade>\b(?:1\d|20)\d0s\b|(?<=the )\d0s\b)"
        if language == "en-US"
        else r"(?P<decade>\b\d{0,2}\d0er\b)",
        rf"(?P<measure>[-−]?(?<![\w.,]){NUMBER}\s?(?:{units})(?![\w²³]))",
        rf"(?P<en_date>(?:{months})\s\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s\d{{4}})?(?![\d:.]\d|\d))"
        if language == "en-US"
        else "(?P<en_date>(?!))",
        r"(?P<fraction>(?<![\d/])\d{1,2}/\d{1,2}(?![\d/])|[½¼¾⅓⅔])",
        r"(?P<range>(?<![\w.,-])\d{1,6}\s?[–-]\s?\d{1,6}(?![\w]|[.,-]\d))",
    ]
    pattern = "|".join(parts) + german_ordinal + "|"
    pattern += "|".join(
        [
            r"(?P<digits>\d{13,24})",
            rf"(?P<number>(?:(?<![\w)])[-−])?{NUMBER})",
            rf"(?P<abbreviation>(?<!\w)(?:{abbreviations})(?!\w))",
            r"(?P<dotted>(?<!\w)(?:[A-Za-zÄÖÜ]\.){2,8})",
            r"(?P<initial>(?<!\w)[A-HJ-ZÄÖÜ]\.(?=\s?[A-ZÄÖÜ]|\s[a-z]))",
            rf"(?P<word>{LETTER}{{1,40}}(?:['’]{LETTER}{{1,10}}){{0,3}}(?:(?<=s)['’](?!\w))?)",
            r"(?P<end>[.!?…]{1,20})",
            r"(?P<comma>[,;:()\[\]]|\s[-–—]+(?=\s)|—|--+)",
            r"(?P<symbol>[&+=@#%€$£§°×÷<>~^|/\\•·-]|–)",
            r"(?P<space>\s+)|(?P<other>.)",
        ]
    )
    return re.compile(pattern, re.DOTALL)


def scan(paragraph: str, language: str) -> Iterator[Token]:
    """Cuts a paragraph into tokens, in order and without gaps; lazily."""
    last_word = ""
    position = 0
    pattern = _pattern(language)
    while position < len(paragraph):
        found = pattern.match(paragraph, position)
        if found is None:  # cannot happen: the last alternative takes any character
            raise AssertionError(f"no token at {position}")
        kind, text = found.lastgroup or "other", found.group()
        if kind == "dot_ordinal" and not _is_ordinal(
            last_word, paragraph[found.end() : found.end() + 20], language
        ):
            kind, text = "number", text[:-1]
        yield Token(kind, text, position)
        position += len(text)
        if kind != "space":
            last_word = text.lower()


def _is_ordinal(before: str, after: str, language: str) -> bool:
    """Tells "am 3. Mai" and "der 2. Platz" from a number that ends a sentence."""
    following = after.split(maxsplit=1)[0] if after.strip() else ""
    return following[:1].islower() or following.rstrip(".,;:") in MONTHS[language] or before in ORDINAL_AFTER
