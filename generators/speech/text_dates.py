"""Dates and times as they are said."""

from __future__ import annotations

import re

from . import text_numbers as numbers
from .text_letters import Context, Spoken, letters
from .text_words import MONTH_SHORT, MONTHS


def dot_ordinal(text: str, context: Context) -> list[Spoken]:
    value = int(text[:-1])
    return list(numbers.ordinal(value, context.language, _ending(context.before)))


def _ending(before: str) -> str:
    """The ending of a German ordinal after its article."""
    before = before.lower()
    if before in (
        "am",
        "dem",
        "den",
        "vom",
        "zum",
        "beim",
        "im",
        "zur",
        "des",
        "bis",
        "ab",
        "seit",
        "einem",
        "einen",
        "seinen",
    ):
        return "en"
    if before in ("ein", "mein", "sein", "ihr", "unser"):
        return "er"
    return "e" if before in ("der", "die", "das", "eine", "ihre", "seine", "beide", "jede") else "er"


def clock_time(text: str, context: Context) -> list[Spoken]:
    figures = [int(n) for n in re.findall(r"\d+", text)]
    hour, minute = figures[0], figures[1] if len(figures) > 1 else 0
    if hour > 24:
        return _dotted_time(figures, context)
    if context.german:
        said: list[Spoken] = list(numbers.cardinal(hour, context.language))
        said = ["ein", "Uhr"] if hour == 1 else [*said, "Uhr"]
        said += numbers.cardinal(minute, context.language) if minute else []
        if len(figures) > 2 and figures[2]:
            said += ["und", *numbers.cardinal(figures[2], context.language), "Sekunden"]
        return said
    half = re.search(r"([ap])\.?m", text, re.IGNORECASE)
    said = [*numbers.cardinal(hour, context.language)]
    if minute:
        said += [*(["oh"] if minute < 10 else []), *numbers.cardinal(minute, context.language)]
    elif not half:
        said += ["hundred", "hours"] if hour > 12 or hour == 0 else ["o'clock"]
    if len(figures) > 2 and figures[2]:
        said += ["and", *numbers.cardinal(figures[2], context.language), "seconds"]
    return [*said, *letters(half[1] + "m", context.language)] if half else said


def _dotted_time(figures: list[int], context: Context) -> list[Spoken]:
    return [word for figure in figures for word in numbers.cardinal(figure, context.language)]


def iso_date(text: str, context: Context) -> list[Spoken]:
    year, month, day = (int(n) for n in text.split("-"))
    return _said_date(day, month, year, context)


def date(text: str, context: Context) -> list[Spoken]:
    figures = [int(n) for n in re.findall(r"\d+", text)]
    slash = "/" in text
    first, second = figures[0], figures[1]
    day, month = (second, first) if slash and not context.german and first <= 12 else (first, second)
    year = figures[2] if len(figures) > 2 else None
    return _said_date(day, month, year, context)


def _said_date(day: int, month: int, year: int | None, context: Context) -> list[Spoken]:
    if not (1 <= day <= 31 and 1 <= month <= 12):
        values = [day, month, *([year] if year is not None else [])]
        return [word for value in values for word in numbers.cardinal(value, context.language)]
    name = MONTHS[context.language][month - 1]
    said_year = [] if year is None else _two_digit_year(year, context)
    if context.german:
        return [*numbers.ordinal(day, context.language, _ending(context.before)), name, *said_year]
    return [name, *numbers.ordinal(day, context.language), *said_year]


def _two_digit_year(year: int, context: Context) -> list[str]:
    if year < 100 and not context.german:
        return (
            ["oh", *numbers.cardinal(year, context.language)]
            if year < 10
            else numbers.cardinal(year, context.language)
        )
    return numbers.year(year, context.language)


def month_and_day(text: str, context: Context) -> list[Spoken]:
    found = re.match(r"(\w+)\s(\d{1,2})(?:\w\w)?(?:,?\s(\d{4}))?", text)
    if found is None:
        return []
    month = MONTH_SHORT.get(found[1], found[1])
    day = (
        numbers.ordinal(int(found[2]), context.language)
        if int(found[2]) <= 31
        else numbers.number(found[2], context.language)
    )
    return [month, *day, *(numbers.year(int(found[3]), context.language) if found[3] else [])]


def decade(text: str, context: Context) -> list[Spoken]:
    value = int(re.sub(r"\D", "", text))
    if context.german:
        said = numbers.year(value, context.language)
        return [*said[:-1], said[-1] + "er"]
    said = numbers.year(value, context.language)
    last = said[-1]
    return [*said[:-1], last[:-1] + "ies" if last.endswith("y") else last + "s"]
