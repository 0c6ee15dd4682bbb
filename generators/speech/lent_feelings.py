"""Feelings lent to those who only read: what a take did to its actor's voice, done to a reader's recording.

Actors say few sentences, so a model that hears effort from them alone speaks clearly with effort only what
they said. Envelopes carry no f0, so a reader's recording with another f0 contour in its plan, and with what
effort does to the spectrum added, is a recording that the reader could have made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from generators.voice.corpus import Utterance
from generators.voice.features import N_MELS
from generators.voice.phones import SYMBOLS
from generators.voice.points import NEUTRAL

from .examples import Aligned
from .plan import EXPRESSION, F0, VALUES

SMOOTHING = np.hanning(9)[1:-1] / np.hanning(9).sum()  # over bands, so that no formant is lent


@dataclass(frozen=True)
class Feeling:
    """What a take differs in from its actor's neutral ones.

    Attributes:
        expression: (8,) see `plan.EXPRESSION`. spectrum: (2, 100) log units, where unvoiced and where voiced.
    """

    utterance: Utterance
    expression: np.ndarray
    spectrum: np.ndarray

    def of(self, name: str) -> float:
        return float(self.expression[EXPRESSION.index(name)])

    def values(self, values: np.ndarray, is_pause: np.ndarray, strength: float) -> np.ndarray:
        """Moves a reader's residuals, (N, 7), by `strength` (0..1) of the feeling."""
        moved, phones = values.copy(), ~is_pause
        f0 = values[phones, F0]
        f0_range = np.exp(strength * self.of("f0_range"))
        moved[phones, F0] = (f0 - f0.mean()) * f0_range + f0.mean() + strength * self.of("f0_level")
        for name in ("energy", "tilt", "periodicity"):
            moved[phones, VALUES.index(name)] += strength * self.of(name)
        return moved.clip(-6, 6)

    def envelope(self, voiced: np.ndarray, is_pause: np.ndarray, strength: float) -> np.ndarray:
        """What is added to a reader's envelope. (T,) bool each -> (T, 100)"""
        speaking = np.convolve(~is_pause, np.ones(3) / 3, "same")[:, None]
        return strength * speaking * self.spectrum[voiced.astype(int)]


def feelings_of(
    items: Sequence[Aligned], envelopes: Sequence[np.ndarray], f0_hz: Sequence[np.ndarray]
) -> list[Feeling]:
    """Measures every acted take against its actor's neutral ones, each phone's own colour taken away.

    Args:
        envelopes: (T, 100) of each. f0_hz: (T,) of each, 0 where unvoiced.
    """
    neutral = [item.utterance.emotion in ("", NEUTRAL) for item in items]
    acting = {item.speaker for item, calm in zip(items, neutral, strict=True) if not calm}
    chosen = [i for i, item in enumerate(items) if item.speaker in acting]
    colours = phone_colours([(items[i], envelopes[i]) for i in chosen if neutral[i]])
    spectra = {i: spectrum_of(items[i], envelopes[i], f0_hz[i] > 0, colours) for i in chosen}
    unheard = [np.zeros((2, N_MELS))]  # of an actor without a neutral take: then the phones' colours alone
    usual = {
        who: np.mean([spectra[i] for i in chosen if neutral[i] and items[i].speaker == who] or unheard, 0)
        for who in acting
    }
    return [
        Feeling(items[i].utterance, items[i].expression, smoothed(spectra[i] - usual[items[i].speaker]))
        for i in chosen
        if not neutral[i]
    ]


def phone_colours(calm: Sequence[tuple[Aligned, np.ndarray]]) -> np.ndarray:
    """The mean envelope of each phone in neutral takes. (symbols, 100)"""
    sums, counts = np.zeros((len(SYMBOLS), N_MELS)), np.zeros(len(SYMBOLS))
    for item, envelope in calm:
        at = np.repeat(item.row.symbol, item.durations)
        np.add.at(sums, at, envelope.astype(np.float64))
        counts += np.bincount(at, minlength=len(SYMBOLS))
    return sums / np.maximum(counts, 1)[:, None]


def spectrum_of(item: Aligned, envelope: np.ndarray, voiced: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Mean over the frames of phones, less the phones' colours: where unvoiced, where voiced. (2, 100)"""
    at = np.repeat(item.row.symbol, item.durations)
    speaking = ~np.repeat(item.row.is_pause, item.durations)
    left = envelope.astype(np.float64) - colours[at]
    parts = [left[speaking & (voiced == kind)] for kind in (False, True)]
    return np.stack([part.mean(0) if len(part) else left[speaking].mean(0) for part in parts])


def smoothed(spectrum: np.ndarray) -> np.ndarray:
    """(2, 100) -> (2, 100), averaged over neighbouring bands."""
    reach = len(SMOOTHING) // 2
    wide = np.pad(spectrum, ((0, 0), (reach, reach)), mode="edge")
    return np.stack([np.convolve(row, SMOOTHING, "valid") for row in wide]).astype(np.float32)
