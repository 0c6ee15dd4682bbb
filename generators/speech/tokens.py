"""A sentence as one row of tokens: its phones, and a possible pause at every word boundary.

Pauses are tokens that may last no time at all, so that the prosody model decides where a speaker stops.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generators.voice.phones import BREAKS, INDEX, LANGUAGES, SILENCE, Sentence

START, END = len(BREAKS), len(BREAKS) + 1
NUM_BOUNDARIES = len(BREAKS) + 2
TUNES = (".", "?", "!", ",")  # how a sentence ends


@dataclass(frozen=True)
class TokenRow:
    """N tokens.

    Attributes:
        symbol: (N,) index into `SYMBOLS`. stress: (N,) 0..2. boundary: (N,) for pauses, what stands there
            (index into `BREAKS`, or START, END); 0 for phones. edge: (N,) 1 first phone of a word, 2 last,
            3 both. word: (N,) which word a phone belongs to, or the word before a pause; -1 at the start.
        tune: index into `TUNES`. language: index into `LANGUAGES`.
    """

    symbol: np.ndarray
    stress: np.ndarray
    boundary: np.ndarray
    edge: np.ndarray
    word: np.ndarray
    tune: int
    language: int

    def __len__(self) -> int:
        return len(self.symbol)

    @property
    def is_pause(self) -> np.ndarray:
        """(N,) True for pauses."""
        return self.symbol == INDEX[SILENCE]


def tokens_of(sentence: Sentence) -> TokenRow:
    """Gives a sentence's tokens, from a pause at its start to one at its end."""
    rows: list[tuple[int, int, int, int, int]] = [(INDEX[SILENCE], 0, START, 0, -1)]
    for number, word in enumerate(sentence.words):
        last = len(word.phones) - 1
        for place, phone in enumerate(word.phones):
            edge = (1 if place == 0 else 0) + (2 if place == last else 0)
            rows.append((INDEX[phone.symbol], phone.stress, 0, edge, number))
        rows.append((INDEX[SILENCE], 0, BREAKS.index(word.break_after), 0, number))
    rows[-1] = (INDEX[SILENCE], 0, END, 0, len(sentence.words) - 1)
    symbol, stress, boundary, edge, word = np.array(rows, np.int64).T
    end = sentence.words[-1].break_after
    tune = TUNES.index(end) if end in TUNES else 0
    return TokenRow(symbol, stress, boundary, edge, word, tune, LANGUAGES.index(sentence.language))
