"""Words to phones, for both languages."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from generators.voice.phones import INDEX, VOWELS, Phone

from .german_phones import german
from .lexicons import english_guesser, english_lexicon, english_roles

STRESS = {"ˈ": 2, "ˌ": 1}
ENGLISH_SAME = {
    "d͡ʒ": "dʒ",
    "t͡ʃ": "tʃ",
    "ɡ": "g",
    "r": "ɹ",
    "ɝ": "ɚ",
    "ɾ": "t",
    "o": "oʊ",
    "e": "eɪ",
    "a": "ɑ",
    "x": "k",
}
# Short words that the lexicon gives in full; in running speech they are weak.
ENGLISH_WEAK = {"and": "ə n d", "a": "ə", "an": "ə n", "the": "ð ə", "of": "ə v", "to": "t ə", "for": "f ɚ"}
_DETERMINERS = """
the a an my your his her its our their this that these those some any no every each of
"""
DETERMINERS = frozenset(_DETERMINERS.split())
_BEFORE_VERB = """
to will would can could shall should may might must i you we they don't didn't won't let not
"""
BEFORE_VERB = frozenset(_BEFORE_VERB.split())
_BEFORE_PAST = """
had have has was were been be he she it is are
"""
BEFORE_PAST = frozenset(_BEFORE_PAST.split())
VOICELESS_END = frozenset(("p", "t", "k", "f", "θ"))
HISSING_END = frozenset(("s", "z", "ʃ", "ʒ", "tʃ", "dʒ"))
GERMAN_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzäöüßéèêáàâóòôúùûíìîåøœæñçšžčćłşğ")
FOREIGN = {
    "eth": "th",
    "thorn": "th",
    "eng": "ng",
    "esh": "sh",
    "ezh": "zh",
    "dotless": "i",
    "long": "s",
    "sharp": "ss",
}
# Words whose first reading is the likelier one whatever stands before (the lead, a lead singer).
ONE_READING = frozenset(("lead", "me", "re", "de"))
LONGEST_WORD = 40
VOWEL_SET = frozenset(VOWELS)


def pronounce(word: str, language: str, before: str = "", after: str = "") -> tuple[Phone, ...]:
    """Gives the phones of one spoken word.

    Args:
        word: letters of one word, apostrophes allowed; any case.
        language: "en-US" or "de-DE".
        before, after: the words around it, which decide between readings ("to record", "the record").

    Returns:
        Phones out of the inventory; empty when the word has no letter to read.
    """
    word = unicodedata.normalize("NFC", word).lower().replace("’", "'").strip("'")[:LONGEST_WORD]
    if not any(c.isalpha() for c in word):
        return ()
    if language == "de-DE":
        letters = "".join(c if c in GERMAN_LETTERS else _plain(c) for c in word)
        return tuple(Phone(symbol, stress) for symbol, stress in german(letters)) if letters else ()
    if word == "the" and after[:1].lower() in "aeiou" and after:
        return (Phone("ð"), Phone("i"))
    return _english(word, _role(word, before.lower()))


def _role(word: str, before: str) -> str:
    """Guesses the part of speech from the word before, for the few words that are read by it."""
    roles = english_roles().get(word)
    if not roles or word in ONE_READING:
        return ""
    if before in BEFORE_VERB and "VB" in roles:
        return "VB"
    if before in BEFORE_PAST and "VBD" in roles:
        return "VBD"
    if before in DETERMINERS and ("NN" in roles or "JJ" in roles):
        return "NN" if "NN" in roles else "JJ"
    return ""


def _plain(character: str) -> str:
    """The a to z under a Latin letter's marks (ø: o, æ: ae); nothing for what is no Latin letter."""
    if "a" <= character <= "z":
        return character
    name = unicodedata.name(character, "").split()
    if name[:1] == ["LATIN"] and "LETTER" in name[:-1]:
        base = name[name.index("LETTER") + 1].lower()
        return base if len(base) <= 2 and base.isascii() else FOREIGN.get(base, "e")
    return ""


@lru_cache(maxsize=50_000)
def _english(word: str, role: str = "") -> tuple[Phone, ...]:
    if word in ENGLISH_WEAK:
        return _mapped(ENGLISH_WEAK[word].split())
    if role:
        return _mapped(english_roles()[word][role].split())
    for guess in (word, word.replace("'", "")):
        if guess in english_lexicon():
            return _mapped(english_lexicon()[guess].split())
    if word.endswith(("'s", "s'")):
        return _possessive(word)
    plain = "".join(_plain(c) for c in word.replace("ß", "ss"))
    if plain in english_lexicon():
        return _mapped(english_lexicon()[plain].split())
    return _derived(plain) or _joined(plain) or _guessed(plain)


def _possessive(word: str) -> tuple[Phone, ...]:
    stem = _english(word[:-2] if word.endswith("'s") else word[:-1])
    if not word.endswith("'s") or not stem:
        return stem
    last = stem[-1].symbol
    if last in HISSING_END:
        return (*stem, Phone("ɪ"), Phone("z"))
    return (*stem, Phone("s" if last in VOICELESS_END else "z"))


def _derived(word: str) -> tuple[Phone, ...]:
    """A known word with un-, re-, -ness, -ing, ...: the parts' own readings."""
    lexicon = english_lexicon()
    for prefix, phones in (("un", "ˌʌ n"), ("non", "n ˌɑ n"), ("mis", "m ˌɪ s")):
        if word.startswith(prefix) and word[len(prefix) :] in lexicon and len(word) > len(prefix) + 3:
            return (*_mapped(phones.split()), *_mapped(lexicon[word[len(prefix) :]].split()))
    for ending, phones in (
        ("ness", "n ə s"),
        ("less", "l ə s"),
        ("ly", "l i"),
        ("ish", "ɪ ʃ"),
        ("ing", "ɪ ŋ"),
        ("s", "z"),
    ):
        stem = word[: -len(ending)]
        if word.endswith(ending) and len(stem) > 3 and stem in lexicon:
            body = _mapped(lexicon[stem].split())
            if ending == "s" and body[-1].symbol in VOICELESS_END:
                phones = "s"
            return (*body, *_mapped(phones.split()))
    return ()


def _joined(word: str) -> tuple[Phone, ...]:
    """Two known words written as one (nightglow): the first keeps its stress, the second's is secondary."""
    lexicon = english_lexicon()
    for cut in range(len(word) - 4, 3, -1):
        if word[:cut] in lexicon and word[cut:] in lexicon:
            tail = tuple(Phone(p.symbol, min(p.stress, 1)) for p in _mapped(lexicon[word[cut:]].split()))
            return (*_mapped(lexicon[word[:cut]].split()), *tail)
    return ()


def _guessed(word: str) -> tuple[Phone, ...]:
    if not word:
        return ()
    return _mapped(english_guesser()(word)) or _mapped(["ə"])


def _mapped(symbols: list[str]) -> tuple[Phone, ...]:
    """Maps gruut's symbols to the inventory; what is not in it is left out."""
    phones = []
    for raw in symbols:
        stress = STRESS.get(raw[:1], 0)
        symbol = raw[1:] if stress else raw
        symbol = ENGLISH_SAME.get(symbol, symbol)
        if symbol in INDEX:
            phones.append(Phone(symbol, stress if symbol in VOWEL_SET else 0))
    return tuple(phones)
