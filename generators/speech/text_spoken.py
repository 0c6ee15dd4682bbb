"""How a written token is said: words, numbers, capitals, abbreviations, addresses -> spoken words."""

from __future__ import annotations

import re

from generators.voice.phones import Phone

from . import text_numbers as numbers
from .lexicons import english_lexicon, german_lexicon
from .text_dates import clock_time, date, decade, dot_ordinal, iso_date, month_and_day
from .text_letters import Context, Spoken, letters
from .text_money import fraction, measure, money
from .text_tokens import Token
from .text_words import ABBREVIATIONS, GREEK, READ_AS_WORDS, SPELLED, SYMBOLS

MOST_WORDS = 40  # of one written token; longer ones (addresses) are cut
VOWELS = re.compile("[aeiouyäöü]", re.IGNORECASE)
_NAMED = "war part chapter volume act scene section phase type level band kapitel teil weltkrieg"
NAMED_BY_NUMBER = frozenset(_NAMED.split())


def spoken(token: Token, context: Context) -> list[Spoken]:
    """Gives what is said for a token; nothing for what is not said."""
    reader = READERS.get(token.kind)
    return reader(token.text, context)[:MOST_WORDS] if reader else []


def _words(text: str) -> list[Spoken]:
    return list(text.split())


def _abbreviation(text: str, context: Context) -> list[Spoken]:
    said: list[Spoken] = []
    if text == "St." and not context.german and _is_street(context):
        return ["street"]
    for word in ABBREVIATIONS[context.language][text].split():
        said += letters(word, context.language) if len(word) == 1 else [word]
    return said


def _is_street(context: Context) -> bool:
    """ "Main St." is a street, "St. Louis" a saint."""
    return not context.after[:1].isupper() or (context.before[:1].isupper() and len(context.before) > 2)


def _word(text: str, context: Context) -> list[Spoken]:
    if len(text) == 1:
        return _one_letter(text, context)
    value = numbers.roman(text)
    if value is not None and context.before[:1].isupper() and not context.shouted:
        return _roman(value, context)
    if text.isupper() and text.isalpha() and _is_spelled(text, context):
        return letters(text, context.language)
    if text[:-1].isupper() and text[-1:] == "s" and len(text) > 2 and _is_spelled(text[:-1], context):
        named = letters(text[:-1], context.language)
        return [*named[:-1], (*named[-1], Phone("s" if context.german else "z"))] if named else []
    if len(text) <= 4 and sum(c.isupper() for c in text[1:]) and not _is_listed(text, context):
        return letters(text, context.language) or [text]  # PhD, GmbH
    return [text]


def _is_listed(text: str, context: Context) -> bool:
    return text.lower() in (german_lexicon() if context.german else english_lexicon())


def _one_letter(text: str, context: Context) -> list[Spoken]:
    article = text == "a" or (
        text == "A" and (context.after[:1].islower() or (context.after and not context.before))
    )
    if not context.german and (text == "I" or article):
        return [text]
    if text.lower() in GREEK:
        return [GREEK[text.lower()]]
    return letters(text, context.language) or [text]


def _is_spelled(text: str, context: Context) -> bool:
    if text in READ_AS_WORDS or len(text) > 6:
        return False
    known = _is_listed(text, context)
    if context.shouted:
        return not known and not VOWELS.search(text)
    if text in SPELLED or not VOWELS.search(text):
        return True
    if context.german and len(text) <= 3:
        return True
    return not known and len(text) <= (3 if context.german else 4)


def _roman(value: int, context: Context) -> list[Spoken]:
    if context.before.lower() in NAMED_BY_NUMBER:
        return list(numbers.cardinal(value, context.language))
    if context.german:
        return ["der", *numbers.ordinal(value, context.language)]
    return ["the", *numbers.ordinal(value, context.language)]


def _number(text: str, context: Context) -> list[Spoken]:
    plain = re.fullmatch(r"\d{4}", text)
    if plain and _is_year(int(text), context):
        return list(numbers.year(int(text), context.language))
    return list(numbers.number(text, context.language))


def _is_year(value: int, context: Context) -> bool:
    if context.german:
        return 1100 <= value <= 1999
    return 1100 <= value <= 2099 and value % 1000 != 0


def _ordinal(text: str, context: Context) -> list[Spoken]:
    return list(numbers.ordinal(int(re.sub(r"\D", "", text)), context.language))


def _range(text: str, context: Context) -> list[Spoken]:
    low, high = re.findall(r"\d+", text)
    return [*_number(low, context), "bis" if context.german else "to", *_number(high, context)]


def _digits(text: str, context: Context) -> list[Spoken]:
    return list(numbers.digits(text, context.language))


def _phone_number(text: str, context: Context) -> list[Spoken]:
    return [*(["plus"] if text[0] == "+" else []), *numbers.digits(text, context.language)]


def _dotted(text: str, context: Context) -> list[Spoken]:
    return letters(text, context.language)


def _address(text: str, context: Context) -> list[Spoken]:
    """Reads an address: the parts as words, the dots and the at said; the protocol is not."""
    text = re.sub(r"^https?://|^mailto:", "", text)
    signs = {
        ".": "Punkt" if context.german else "dot",
        "@": "at",
        "/": "slash",
        "-": "minus" if context.german else "dash",
    }
    signs |= {"_": "Unterstrich" if context.german else "underscore"}
    said: list[Spoken] = []
    for piece in re.findall(r"[^\W\d_]+|\d+|[.@/_-]", text.rstrip("/")):
        if piece in signs:
            said.append(signs[piece])
        elif piece.isdigit():
            said += (
                numbers.digits(piece, context.language)
                if len(piece) > 4
                else numbers.number(piece, context.language)
            )
        elif piece.lower() in ("www", "de", "io", "eu") or not VOWELS.search(piece):
            said += letters(piece, context.language)
        else:
            said.append(piece[:40])
    return said


def _symbol(text: str, context: Context) -> list[Spoken]:
    if text == "#":
        return ["Nummer" if context.german else "number"] if context.after[:1].isdigit() else []
    if text in "=+×" and not (context.before[-1:].isalnum() and context.after[:1].isalnum()):
        return []
    return _words(SYMBOLS[context.language].get(text, ""))


def _entity(text: str, context: Context) -> list[Spoken]:
    return _words(SYMBOLS[context.language]["&"]) if text == "&amp;" else []


READERS = {
    "word": _word,
    "number": _number,
    "abbreviation": _abbreviation,
    "ordinal": _ordinal,
    "dot_ordinal": dot_ordinal,
    "money": money,
    "time": clock_time,
    "iso": iso_date,
    "date": date,
    "en_date": month_and_day,
    "measure": measure,
    "fraction": fraction,
    "decade": decade,
    "range": _range,
    "digits": _digits,
    "phone": _phone_number,
    "dotted": _dotted,
    "initial": _dotted,
    "url": _address,
    "email": _address,
    "domain": _address,
    "symbol": _symbol,
    "entity": _entity,
}
