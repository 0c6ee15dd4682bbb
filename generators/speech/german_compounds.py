"""German compounds: an unknown word is cut into words that are known, and each part is read on its own."""

from __future__ import annotations

import re
from itertools import pairwise

from .german_listed import fixed, fixed_inflected, glottal, inflected, join_ending, known
from .german_rules import PREFIXES, VOWEL_UNIT, Row, spell_out, stress_first
from .german_words import COUNTS, FIXED, NOT_PARTS, SHORT_PARTS, SUFFIXES
from .lexicons import german_lexicon

LINKS = ("", "s", "n", "es", "en", "er", "e")
LONGEST_PART = 24
INNER_PREFIX = re.compile(r"(?:ge|be|ver)[bcdfghjklmnpqrstvwxzß]")
SEPARABLE = (
    "zurück|zusammen|heraus|herein|hinaus|hinein|nieder|zu|an|ab|auf|aus|ein|vor|mit|um|nach|her|hin|weg|los|fest|frei"
    "|bei|durch"
)
SEPARABLE_HEAD = re.compile(rf"(?:{SEPARABLE})ge")
# Listed words that are left as they are: zu between a verb's halves, foreign endings, -einander.
ONE_WORD = re.compile(
    rf"^(?:{SEPARABLE})zu|(?:[aeiou]tisch|nisch)(?:e[nmrs]?)?$|einander|ieren$|iert(?:e[nmrs]?)?$"
)


def compound(word: str) -> Row | None:
    """Splits into lexicon words; the fewest parts win, then the longest last part."""
    if len(word) < 6:
        return None
    parts = split(word)
    if parts is None:
        return None
    row: Row = []
    for part in parts:
        piece = _part_row(part)
        piece = glottal(piece, part.strip("?|"))
        if not part.startswith("|") and not any(stress == 2 for _, stress in row + piece):
            piece = _promote(piece)
        row += _demote(piece) if any(stress == 2 for _, stress in row) else piece
    return row if any(stress == 2 for _, stress in row) else stress_first(row)


def misread_compound(word: str) -> Row | None:
    """A listed compound whose parts meet where the lexicon's own rules trip: wohn-gebiet, wett-bewerb."""
    if len(word) < 8 or word not in german_lexicon() or ONE_WORD.search(word):
        return None
    parts = split(word)
    if not parts or len(parts) != 2 or parts[0][0] == "|" or parts[1][0] == "?":
        return None
    trips = INNER_PREFIX.match(parts[1]) is not None
    if parts[0][0] == "?":
        return compound(word) if trips and _trips(known(word) or []) else None
    return compound(word) if trips or min(map(len, parts)) >= 5 else None


def _trips(row: Row) -> bool:
    """A full e in what should be an inner ge- or be-."""
    return any(pair[0][0] in ("g", "b", "ŋ") and pair[1] == ("eː", 0) for pair in pairwise(row[1:]))


def _promote(row: Row) -> Row:
    first = next((i for i, (_, stress) in enumerate(row) if stress == 1), None)
    return stress_first(row) if first is None else [*row[:first], (row[first][0], 2), *row[first + 1 :]]


def _demote(row: Row) -> Row:
    return [(symbol, 1 if stress == 2 else 0) for symbol, stress in row]


def _part_row(part: str) -> Row:
    """Phones of one part, which may carry a linking letter ("arbeit+s") or be read by rule ("?wüsten")."""
    if part.startswith("?"):
        return spell_out(part[1:])
    if part.startswith("|"):
        return _prefix_row(part[1:])
    stem, _, link = part.partition("+")
    row = (
        fixed(stem)
        or fixed_inflected(stem)
        or misread_compound(stem)
        or known(stem)
        or (inflected(stem) if len(stem) > 4 else None)
    )
    if row is None:
        row = spell_out(stem)
    return join_ending(row, link, stem + link) if link else row


def _prefix_row(part: str) -> Row:
    """be-, ver-, ... without stress; ab-ge-, aus-ge-, ... with the stress in front."""
    if part in PREFIXES:
        return [(symbol, 0) for symbol in PREFIXES[part]]
    row = known(part[:-2]) or spell_out(part[:-2])
    row = [(symbol, 2 if stress else 0) for symbol, stress in row]
    if not any(stress for _, stress in row):
        row = stress_first(row)
    return [*row, ("g", 0), ("ə", 0)]


def _is_part(text: str, last: bool) -> bool:
    if text in NOT_PARTS:
        return False
    if len(text) < 4:
        return text in SHORT_PARTS
    if text in FIXED or text in german_lexicon():
        return True
    return last and len(text) > 5 and inflected(text) is not None


def split(word: str) -> tuple[str, ...] | None:
    """The cheapest split, found from the left; cost is linear in the word for parts of bounded length."""
    best: dict[int, tuple[float, tuple[str, ...]]] = {0: (0.0, ())}
    for end in range(3, len(word) + 1):
        last = end == len(word)
        for start in [s for s in best if end - LONGEST_PART <= s <= end - 3 and (s or not last)]:
            guessed = best[start][1][-1:] != () and best[start][1][-1].startswith("?")
            for part, price in _readings(word[start:end], word[:start], last, guessed):
                cost = best[start][0] + price
                if end not in best or cost < best[end][0]:
                    best[end] = (cost, (*best[start][1], part))
    found = best.get(len(word))
    return found[1] if found and len(found[1]) > 1 else None


def _readings(text: str, before: str, last: bool, unknown_head: bool) -> list[tuple[str, float]]:
    """Ways to take a stretch of letters as one part, with a price."""
    short = 0.6 if len(text) < 5 else 0.0
    if not last and not before and (text in PREFIXES or SEPARABLE_HEAD.fullmatch(text)):
        return [("|" + text, 0.8)]
    if _is_part(text, last):
        if last and len(text) < 5 and len(before) < 6 and text not in SUFFIXES and unknown_head:
            return []
        return [(text, 1.0 + short)]
    ways: list[tuple[str, float]] = []
    if not last:
        for link in LINKS[1:]:
            stem = text[: -len(link)]
            if len(stem) >= 3 and text.endswith(link) and _is_part(stem, False):
                ways.append((f"{stem}+{link}", 1.2 + short))
    elif before and text in SUFFIXES and not (text == "chen" and before.endswith("s")):
        ways.append((text, 1.0))
    elif (
        len(text) >= 6
        and (len(before) >= 5 or before in COUNTS)
        and before not in NOT_PARTS
        and before in german_lexicon()
    ):
        ways.append(("?" + text, 3.5 + 0.05 * len(text)))
    if not ways and not before and not last and len(text) >= 4 and VOWEL_UNIT.search(text):
        ways.append(("?" + text, 3.0 + 0.05 * len(text)))
    return ways
