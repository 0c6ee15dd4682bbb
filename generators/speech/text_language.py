"""Which language a text is in, and whether it is one that can be read."""

from __future__ import annotations

import re
import unicodedata

from generators.voice.phones import LANGUAGES

from .lexicons import english_lexicon, german_lexicon
from .text_words import ENGLISH_COMMON, GERMAN_COMMON

NAMES = {
    "en": "en-US",
    "en-us": "en-US",
    "english": "en-US",
    "de": "de-DE",
    "de-de": "de-DE",
    "german": "de-DE",
}
LOOKED_AT = 20_000  # characters that the guess is made from
# First words of the Unicode names of letters that are taken as they are, or dropped like symbols.
_HARMLESS = """
LATIN MODIFIER FEMININE MASCULINE MICRO GREEK SCRIPT DOUBLE-STRUCK BLACK-LETTER KELVIN ANGSTROM OHM
INFORMATION MATHEMATICAL FULLWIDTH SUPERSCRIPT SUBSCRIPT TURNED ESTIMATED COMBINING
"""
HARMLESS = frozenset(_HARMLESS.split())
GERMAN_LOOK = re.compile(r"sch|pf|tz|ung\b|cht|hoch|ich\b|ei[tnl]|ohn|ahr|lich|keit|zw|ieren\b|en\b|kt\b")
ENGLISH_LOOK = re.compile(r"th|wh|ing\b|ed\b|ow|oo|sh|gh|ck\b|y\b|ea|tion\b|'s\b|ee")
GREEK_WORD = re.compile("[\u0370-\u03ff\u1f00-\u1fff]{2}")


def language_of(text: str, language: str) -> str:
    """Gives "en-US" or "de-DE".

    Args:
        language: "auto", or a name of a language ("en", "en-US", "de", "de-DE").

    Raises:
        ValueError: another language.
    """
    if not isinstance(language, str):
        raise ValueError(
            f"expected a language out of auto, {', '.join(LANGUAGES)}, got {type(language).__name__}"
        )
    key = language.strip().lower().replace("_", "-")
    if key == "auto":
        return _guess(text[:LOOKED_AT])
    if key not in NAMES:
        raise ValueError(f"expected a language out of auto, {', '.join(LANGUAGES)}, got {language!r}")
    return NAMES[key]


def _guess(text: str) -> str:
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text.lower())
    german = sum(w in GERMAN_COMMON for w in words) + 2 * sum(c in "äöüß" for c in text.lower())
    english = sum(w.replace("’", "'") in ENGLISH_COMMON for w in words)
    if german != english:
        return "de-DE" if german > english else "en-US"
    german = len(GERMAN_LOOK.findall(text.lower()))
    english = len(ENGLISH_LOOK.findall(text.lower()))
    if german != english:
        return "de-DE" if german > english else "en-US"
    seen = [w for w in words[:40] if len(w) > 2]
    german = sum(w in german_lexicon() for w in seen)
    english = sum(w in english_lexicon() for w in seen)
    return "de-DE" if german > english else "en-US"


def check_script(text: str) -> None:
    """Raises ValueError, naming the script, when the text has letters that are not Latin ones."""
    for character in sorted(set(text)):
        if character.isascii() or not character.isalpha():
            continue
        script = unicodedata.name(character, "UNKNOWN").split()[0]
        if script not in HARMLESS:
            raise ValueError(
                f"expected English or German text in Latin letters, got {script.title()} ({character!r})"
            )
    greek = GREEK_WORD.search(re.sub(r"\{[^{}\n]{1,200}\}", "", text))
    if greek:
        raise ValueError(f"expected English or German text in Latin letters, got Greek ({greek.group()!r})")
