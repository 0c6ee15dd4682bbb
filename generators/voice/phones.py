"""The phones that speech is written in: one inventory for English and German, in IPA.

A text becomes sentences of words of phones; between words stand breaks. The model sees one flat row of
tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

LANGUAGES = ("en-US", "de-DE")
SILENCE = "_"  # a pause, or the silence around an utterance
VOWELS = (
    *("ɑ", "æ", "ɛ", "i", "ɪ", "ɔ", "ʊ", "ʌ", "u", "ə", "ɚ", "eɪ", "aɪ", "oʊ", "ɔɪ", "aʊ"),
    *("a", "aː", "ɐ", "ɛː", "eː", "iː", "oː", "œ", "øː", "uː", "ʏ", "yː", "ãː", "õː", "ɛ̃ː", "ɔʏ"),
)
VOICED = ("b", "d", "g", "dʒ", "v", "ð", "z", "ʒ", "l", "m", "n", "ŋ", "ɹ", "ʁ", "w", "j")
UNVOICED = ("p", "t", "k", "tʃ", "pf", "ts", "f", "θ", "s", "ʃ", "h", "ç", "x", "ʔ")
SYMBOLS = (SILENCE, *VOWELS, *VOICED, *UNVOICED)
INDEX = {symbol: index for index, symbol in enumerate(SYMBOLS)}
STOPS = ("p", "t", "k", "b", "d", "g", "ʔ")
# What follows a word: nothing, a comma's pause, or the end of a sentence with its tune.
BREAKS = ("", ",", ".", "?", "!")
OPEN = tuple(["ɑ", "æ", "ɛ", "ʌ", "a", "aː", "ɐ", "ɛː", "œ", "ɔ", "aɪ", "aʊ", "ãː", "ɛ̃ː"])
SONORANT = ("l", "m", "n", "ŋ", "ɹ", "w", "j")
# Coarse on purpose: few sentences are acted, and a model that knew the phones would know the sentences.
CLASSES = ("silence", "open vowel", "close vowel", "sonorant", "voiced obstruent", "fricative", "stop")


@dataclass(frozen=True)
class Phone:
    """One phone.

    Attributes:
        symbol: out of `SYMBOLS`.
        stress: 0 none, 1 secondary, 2 primary; on vowels.
    """

    symbol: str
    stress: int = 0


@dataclass(frozen=True)
class Word:
    """A spoken word.

    Attributes:
        text: as written by the caller ("$3.50"), for subtitles; one written word may be several spoken ones,
            of which all but the first have an empty text.
        phones: at least one.
        break_after: out of `BREAKS`.
        pause_s: an asked pause after the word; None leaves it to the model.
        emphasis: 0 none, 1 strong.
        start, end: place of `text` in the sentence's own text, in characters.
    """

    text: str
    phones: tuple[Phone, ...]
    break_after: str = ""
    pause_s: float | None = None
    emphasis: float = 0.0
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Sentence:
    """A sentence: what is planned and made in one go.

    Attributes:
        text: as written, without markup.
        words: at least one.
        language: out of `LANGUAGES`.
        pause_before_s: an asked pause before the first word; None leaves it to the model.
    """

    text: str
    words: tuple[Word, ...]
    language: str
    pause_before_s: float | None = None


@lru_cache(maxsize=1)
def class_matrix() -> np.ndarray:
    """(phones, classes) of 0 and 1."""
    out = np.zeros((len(SYMBOLS), len(CLASSES)), np.float32)
    for at, symbol in enumerate(SYMBOLS):
        out[at, CLASSES.index(class_of(symbol))] = 1
    return out


def class_of(symbol: str) -> str:
    if symbol == SILENCE:
        return "silence"
    if symbol in VOWELS:
        return "open vowel" if symbol in OPEN else "close vowel"
    if symbol in SONORANT:
        return "sonorant"
    if symbol in STOPS:
        return "stop"
    assert symbol in VOICED or symbol in UNVOICED
    return "voiced obstruent" if symbol in VOICED else "fricative"
