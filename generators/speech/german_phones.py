"""German words to phones: the lexicon for what it lists, the parts of compounds, else the rules."""

from __future__ import annotations

import re
from functools import lru_cache

from .german_compounds import compound, misread_compound
from .german_listed import VOWEL_SET, fixed, fixed_inflected, glottal, inflected, known, parse
from .german_rules import Row, spell_out
from .lexicons import english_lexicon

ENGLISH_IN_GERMAN = {
    **{
        "ɹ": "ʁ",
        "ɡ": "g",
        "θ": "s",
        "ð": "z",
        "w": "v",
        "æ": "ɛ",
        "ʌ": "a",
        "ɚ": "ɐ",
        "oʊ": "oː",
        "eɪ": "eː",
        "ɑ": "a",
    },
    **{"i": "iː", "u": "uː", "ɔɪ": "ɔʏ", "d͡ʒ": "dʒ", "t͡ʃ": "tʃ", "ɔ": "ɔ"},
}
# What marks an unknown word in a German text as English.
ENGLISH_LOOK = re.compile(
    r"sh(?!e?im)|(?:ity|ety|ical|ness|ment|ments|ings?|ology|ory|ary|[^aeiou]y|son|ght|ghts|wn|ew|ews|ow|ows|aw)$|ee[dnptk]s?$|ound|ican|ea[kdmnrltp]"
    r"|oo|^wh|^wr|ough|ark$|[^s]ch?ool|[bdgpkt]le$|ay$|ays$|ire$|ure$|ers?on$|oa[dtk]|^th(?=[eioru])|[^aei]ir$|ai[rn]$"
)


@lru_cache(maxsize=50_000)
def german(word: str) -> tuple[tuple[str, int], ...]:
    """Reads one German word.

    Args:
        word: lower case, letters only.

    Returns:
        (symbol, stress) pairs, at least one; symbols out of the inventory.
    """
    row = fixed(word) or fixed_inflected(word) or misread_compound(word) or known(word)
    row = row or compound(word) or inflected(word) or english_name(word) or spell_out(word)
    return tuple(glottal(row, word))


def english_name(word: str) -> Row | None:
    """An English word in a German text, said with the nearest German sounds."""
    if not ENGLISH_LOOK.search(word):
        return None
    entry = english_lexicon().get(word)
    if entry is None:
        return None
    row = [(ENGLISH_IN_GERMAN.get(symbol, symbol), stress) for symbol, stress in parse(entry)]
    return [(part, stress if part in VOWEL_SET else 0) for symbol, stress in row for part in symbol.split()]
