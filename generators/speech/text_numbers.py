"""Numbers to words, English and German: cardinals, ordinals, years, decimals, digit strings."""

from __future__ import annotations

import re

_EN_ONES = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen
"""
EN_ONES = _EN_ONES.split()
_EN_TENS = """
- - twenty thirty forty fifty sixty seventy eighty ninety
"""
EN_TENS = _EN_TENS.split()
EN_SCALES = ("", "thousand", "million", "billion", "trillion", "quadrillion")
EN_ORDINALS = {
    **{
        "one": "first",
        "two": "second",
        "three": "third",
        "five": "fifth",
        "eight": "eighth",
        "nine": "ninth",
    },
    **{"twelve": "twelfth"},
}
_DE_ONES = """
null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn
fünfzehn sechzehn siebzehn achtzehn neunzehn
"""
DE_ONES = _DE_ONES.split()
_DE_TENS = """
- - zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig
"""
DE_TENS = _DE_TENS.split()
DE_SCALES = (
    ("", ""),
    ("tausend", "tausend"),
    ("Million", "Millionen"),
    ("Milliarde", "Milliarden"),
    ("Billion", "Billionen"),
)
DE_ORDINALS = {1: "erst", 3: "dritt", 7: "siebt", 8: "acht"}
# Beyond this many digits a number is read digit by digit.
MOST_DIGITS = 15
ROMAN = re.compile(r"(?:X{0,3})(?:IX|IV|V?I{0,3})$")


def is_german(language: str) -> bool:
    return language.startswith("de")


def cardinal(number: int, language: str) -> list[str]:
    """Gives the words of a whole number >= 0; German ones in the pieces that are said."""
    if number >= 10**MOST_DIGITS:
        return digits(str(number), language)
    return _german(number) if is_german(language) else _english(number)


def _english(number: int) -> list[str]:
    if number < 20:
        return [EN_ONES[number]]
    if number < 100:
        return [EN_TENS[number // 10], *([EN_ONES[number % 10]] if number % 10 else [])]
    if number < 1000:
        return [EN_ONES[number // 100], "hundred", *(_english(number % 100) if number % 100 else [])]
    words: list[str] = []
    for power in range(len(EN_SCALES) - 1, -1, -1):
        group = number // 1000**power % 1000
        if group:
            words += [*_english(group), *([EN_SCALES[power]] if power else [])]
    return words


def _german(number: int) -> list[str]:
    words: list[str] = []
    for power in range(len(DE_SCALES) - 1, 1, -1):
        group = number // 1000**power % 1000
        if group:
            words += ["eine"] if group == 1 else _german_group(group)
            words.append(DE_SCALES[power][group > 1])
    thousands, rest = number // 1000 % 1000, number % 1000
    if thousands:
        words += [*(_german_group(thousands, "ein")), "tausend"]
    if rest or not number:
        words += _german_group(rest)
    return words


def _german_group(number: int, one: str = "eins") -> list[str]:
    """A number below 1000, in pieces: "zwei" "hundert" "ein" "und" "zwanzig"."""
    words: list[str] = []
    if number >= 100:
        words += ["ein" if number // 100 == 1 else DE_ONES[number // 100], "hundert"]
        number %= 100
        if not number:
            return words
    if number == 1:
        return [*words, one]
    if number < 20:
        return [*words, DE_ONES[number]]
    ones, tens = number % 10, DE_TENS[number // 10]
    if not ones:
        return [*words, tens]
    return [*words, "ein" if ones == 1 else DE_ONES[ones], "und", tens]


def ordinal(number: int, language: str, ending: str = "e") -> list[str]:
    """Gives the words of an ordinal; German ones take an ending ("am dritten": ending "en")."""
    words = cardinal(number, language)
    last = words[-1]
    if not is_german(language):
        if last in EN_ORDINALS:
            return [*words[:-1], EN_ORDINALS[last]]
        return [*words[:-1], last[:-1] + "ieth" if last.endswith("y") else last + "th"]
    rest = number % 100
    if rest in DE_ORDINALS:
        stem = DE_ORDINALS[rest]
    elif last in ("Million", "Millionen", "Milliarde", "Milliarden", "Billion", "Billionen"):
        stem = last.removesuffix("en").removesuffix("e") + "st"
    else:
        stem = last + ("t" if 0 < rest < 20 else "st")
    return [*words[:-1], stem + ending]


def year(number: int, language: str) -> list[str]:
    """Gives a year as it is said: nineteen eighty-four, two thousand five, neunzehnhundertvierundachtzig."""
    century, rest = divmod(number, 100)
    if is_german(language):
        if 11 <= century <= 19:
            return [*_german_group(century), "hundert", *(_german_group(rest) if rest else [])]
        return _german(number)
    if not 10 <= century <= 99 or 2000 <= number <= 2009 or (century % 10 == 0 and rest < 10):
        return _english(number)
    if not rest:
        return [*_english(century), "hundred"]
    return [*_english(century), *(["oh"] if rest < 10 else []), *_english(rest)]


def digits(text: str, language: str) -> list[str]:
    """Gives the digits one by one."""
    ones = DE_ONES if is_german(language) else EN_ONES
    return [ones[int(c)] for c in text if c.isascii() and c.isdigit()]


def number(text: str, language: str) -> list[str]:
    """Reads a written number: sign, groups of thousands and a decimal part, in either convention.

    Args:
        text: for example "-1,234.5" or "1.234,5"; a group is three digits long.
    """
    german = is_german(language)
    sign = ["minus"] if text[:1] in "-−" and text else []
    text = text.lstrip("-−+")
    whole, mark, decimals = _parts(text, german)
    if whole is None:
        return [*sign, *_dotted(text, language)]
    if (len(whole) > 1 and whole[0] == "0") or len(whole) > MOST_DIGITS:
        words = digits(whole, language)
    else:
        words = cardinal(int(whole or "0"), language)
    if mark:
        point = ("Komma" if mark == "," else "Punkt") if german else "point"
        words = [*words, point, *digits(decimals, language)]
    return [*sign, *words]


def _parts(text: str, german: bool) -> tuple[str | None, str, str]:
    """Whole digits, decimal mark, decimals; None when it is no single number (a version, an address)."""
    group, point = (".", ",") if german else (",", ".")
    plain = re.fullmatch(r"\d+", text)
    if plain:
        return text, "", ""
    grouped = re.fullmatch(rf"(\d{{1,3}}(?:\{group}\d{{3}})+)(?:\{point}(\d+))?", text)
    if grouped and grouped[1][0] != "0":
        return grouped[1].replace(group, ""), point if grouped[2] else "", grouped[2] or ""
    swapped = re.fullmatch(
        rf"(\d{{1,3}}(?:\{point}\d{{3}}){{2,}})(?:\{group}(\d+))?|(\d{{1,3}}(?:\{point}\d{{3}})+)\{group}(\d+)",
        text,
    )
    if swapped:
        whole, decimals = swapped[1] or swapped[3], swapped[2] or swapped[4] or ""
        return whole.replace(point, ""), group if decimals else "", decimals
    simple = re.fullmatch(r"(\d+)([.,])(\d+)", text)
    if simple:
        return simple[1], simple[2], simple[3]
    return None, "", ""


def _dotted(text: str, language: str) -> list[str]:
    words: list[str] = []
    for piece in re.split(r"([.,])", text):
        if piece.isdigit():
            words += (
                cardinal(int(piece), language)
                if len(piece) <= 4 and piece[0] != "0"
                else digits(piece, language)
            )
        elif piece:
            words.append("Punkt" if is_german(language) else "point")
    return words


def roman(text: str) -> int | None:
    """Gives the value of a Roman numeral up to 39 (two letters at least, or V, X); None when it is none."""
    if not text or not ROMAN.match(text) or (len(text) == 1 and text not in "VX"):
        return None
    total = 0
    values = {"I": 1, "V": 5, "X": 10}
    for here, following in zip(text, [*text[1:], ""], strict=True):
        total += -values[here] if following and values[here] < values[following] else values[here]
    return total
