"""Money, measures and fractions as they are said."""

from __future__ import annotations

import re

from . import text_numbers as numbers
from .text_letters import Context, Spoken, letters
from .text_units import GERMAN_FEMININE, UNITS

MONEY = {
    "en-US": {
        "$": ("dollar", "dollars", "cent", "cents"),
        "€": ("euro", "euros", "cent", "cents"),
        "£": ("pound", "pounds", "penny", "pence"),
    },
    "de-DE": {
        "$": ("Dollar", "Dollar", "Cent", "Cent"),
        "€": ("Euro", "Euro", "Cent", "Cent"),
        "£": ("Pfund", "Pfund", "Pence", "Pence"),
    },
}
CURRENCY_CODES = {"EUR": "€", "Euro": "€", "USD": "$", "GBP": "£"}
SCALES = {"bn": "billion", "Mio": "Millionen", "Mrd": "Milliarden"}
FRACTIONS = {
    "en-US": {
        (1, 2): "one half",
        (1, 4): "one quarter",
        (3, 4): "three quarters",
        (1, 3): "one third",
        (2, 3): "two thirds",
    },
    "de-DE": {
        (1, 2): "ein halb",
        (1, 4): "ein Viertel",
        (3, 4): "drei Viertel",
        (1, 3): "ein Drittel",
        (2, 3): "zwei Drittel",
    },
}
FRACTION_SIGNS = {"½": (1, 2), "¼": (1, 4), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3)}


def money(text: str, context: Context) -> list[Spoken]:
    sign = next((c for c in text if c in "$€£"), "") or next(
        s for code, s in CURRENCY_CODES.items() if code in text
    )
    one, many, cent, cents = MONEY[context.language][sign]
    amount = re.search(r"\d[\d.,]*\d|\d", text)
    figure = amount.group() if amount else "0"
    scale = re.search(r"(?:thousand|[mb]illion|trillion|tausend|Mio|Mrd|Million(?:en)?|Milliarden?|bn)", text)
    if scale:
        said = list(numbers.number(figure, context.language))
        word = SCALES.get(scale.group(), scale.group())
        if said == ["eins"] and word.startswith("Mill"):
            said, word = ["eine"], "Million" if word.startswith("Million") else "Milliarde"
        return [*said, word, many]
    parts = re.fullmatch(r"(.*\d)[.,](\d\d)", figure)
    whole = parts[1] if parts else figure
    said = list(numbers.number(whole, context.language))
    if said in (["one"], ["eins"]):
        said = ["ein" if context.german else "one"]
        many = one
    said = [*said, many]
    if parts and int(parts[2]):
        if context.german:
            return [*said, *numbers.cardinal(int(parts[2]), context.language)]
        return [
            *said,
            "and",
            *numbers.cardinal(int(parts[2]), context.language),
            cent if parts[2] == "01" else cents,
        ]
    return list(said)


def measure(text: str, context: Context) -> list[Spoken]:
    found = re.match(r"([-−]?[\d.,]*\d)\s?(.+)", text, re.DOTALL)
    if found is None:
        return []
    one, many = UNITS[context.language][found[2]]
    said = list(numbers.number(found[1], context.language))
    if said == ["one"]:
        return ["one", *_unit(one, context)]
    if said == ["eins"]:
        return ["eine" if one in GERMAN_FEMININE else "ein", *_unit(one, context)]
    return [*said, *_unit(many, context)]


def _unit(text: str, context: Context) -> list[Spoken]:
    return [
        item
        for word in text.split()
        for item in (letters(word, context.language) if len(word) == 1 else [word])
    ]


def fraction(text: str, context: Context) -> list[Spoken]:
    over, under = FRACTION_SIGNS[text] if text in FRACTION_SIGNS else (int(n) for n in text.split("/"))
    known = FRACTIONS[context.language].get((over, under))
    if known:
        return list(known.split())
    between = "durch" if context.german else "over"
    return [*numbers.cardinal(over, context.language), between, *numbers.cardinal(under, context.language)]
