"""Who speaks, measured from a few seconds of anybody: how each phone sounds in that voice, and its f0.

A print is statistics: what is heard often is taken as heard, the rest is filled in from how people in
general say it, moved by the voice's own colour. Turning one print into another leaves what is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .phones import INDEX, SILENCE

PRIOR_FRAMES = 20.0  # how many frames of a phone outweigh how people in general say it
SMOOTH_FRAMES, SMOOTH_BANDS = 2.0, 1.5
MOST_WIDER = 1.5
FLAT = 0.03  # spread of log f0: what is flatter is not widened
KNOWN = 1e9  # frames of a colour that stands as it is


@dataclass(frozen=True)
class VoicePrint:
    """A voice.

    Attributes:
        colours: (phones, 100) mean envelope of each phone, log units. counts: (phones,) frames heard of each.
        log_f0, log_f0_spread: mean and spread of log f0 where voiced.
    """

    colours: np.ndarray
    counts: np.ndarray
    log_f0: float
    log_f0_spread: float


def print_of(envelope: np.ndarray, phones: np.ndarray, f0_hz: np.ndarray) -> VoicePrint:
    """Measures a voice.

    Args:
        envelope: (T, 100) at the common level. phones: (T, phones) posteriors. f0_hz: (T,), 0 where unvoiced.

    Raises:
        ValueError: nothing voiced.
    """
    voiced = f0_hz[f0_hz > 0]
    if len(voiced) < 10:
        raise ValueError("expected a voice, got a recording with hardly anything voiced")
    counts = phones.sum(0)
    colours = phones.T @ envelope / np.maximum(counts, 1e-3)[:, None]
    log_f0 = np.log(voiced)
    return VoicePrint(
        colours.astype(np.float32), counts.astype(np.float32), float(log_f0.mean()), float(log_f0.std())
    )


def pooled(prints: list[VoicePrint]) -> VoicePrint:
    """Gives one print of several recordings of one voice."""
    counts = np.sum([each.counts for each in prints], 0)
    sums = np.sum([each.colours * each.counts[:, None] for each in prints], 0)
    weight = np.array([each.counts.sum() for each in prints])
    return VoicePrint(
        (sums / np.maximum(counts, 1e-3)[:, None]).astype(np.float32),
        counts.astype(np.float32),
        float(weight @ [each.log_f0 for each in prints] / weight.sum()),
        float(weight @ [each.log_f0_spread for each in prints] / weight.sum()),
    )


def mixed(one: VoicePrint, other: VoicePrint, share: float, usual: np.ndarray) -> VoicePrint:
    """A voice between two, all of whose phones count as heard. share: 0 is the first, 1 the second."""
    a, b = (full_colours(each, usual) for each in (one, other))
    return VoicePrint(
        (1 - share) * a + share * b,
        np.full_like(one.counts, KNOWN),
        (1 - share) * one.log_f0 + share * other.log_f0,
        (1 - share) * one.log_f0_spread + share * other.log_f0_spread,
    )


def full_colours(voice: VoicePrint, usual: np.ndarray) -> np.ndarray:
    """The colour of every phone, heard or not. (phones, 100)

    Args:
        usual: (phones, 100) of people in general.

    Source: the mean of Gauvain & Lee 1994, "Maximum a posteriori estimation for multivariate Gaussian mixture
    observations", equation 26, around a prior moved by the voice's own colour.
    """
    speech = voice.counts.copy()
    speech[INDEX[SILENCE]] = 0
    own = (speech[:, None] * (voice.colours - usual)).sum(0) / (speech.sum() + PRIOR_FRAMES)
    weight = (voice.counts / (voice.counts + PRIOR_FRAMES))[:, None]
    out = weight * voice.colours + (1 - weight) * (usual + own)
    out[INDEX[SILENCE]] = usual[INDEX[SILENCE]]
    return out.astype(np.float32)


@dataclass(frozen=True)
class Turn:
    """From one voice to another.

    Attributes:
        colours: (phones, 100) what is added to the envelope of each phone. log_f0: what is added to log f0.
        middle: log f0 of the first voice. wider: factor on the distance from it.
    """

    colours: np.ndarray
    log_f0: float
    middle: float
    wider: float

    def envelope(self, phones: np.ndarray) -> np.ndarray:
        """What is added to an envelope. (T, phones) posteriors -> (T, 100)"""
        return gaussian_filter1d(phones @ self.colours, SMOOTH_FRAMES, axis=0).astype(np.float32)

    def contour(self, log_f0: np.ndarray) -> np.ndarray:
        """Log f0 in the other voice. (T,)"""
        return self.middle + self.wider * (log_f0 - self.middle) + self.log_f0


def turn(source: VoicePrint, target: VoicePrint, usual: np.ndarray) -> Turn:
    """What makes one voice into another."""
    change = full_colours(target, usual) - full_colours(source, usual)
    change[INDEX[SILENCE]] = 0
    change = gaussian_filter1d(change, SMOOTH_BANDS, axis=1)
    speech = source.counts.copy()
    speech[INDEX[SILENCE]] = 0
    change -= (speech @ change).mean() / max(1e-3, speech.sum())  # the level is not the voice's
    change[INDEX[SILENCE]] = 0
    spreads = [max(voice.log_f0_spread, FLAT) for voice in (target, source)]
    wider = np.clip(spreads[0] / spreads[1], 1 / MOST_WIDER, MOST_WIDER)
    return Turn(change.astype(np.float32), target.log_f0 - source.log_f0, source.log_f0, float(wider))


def distance(one: VoicePrint, other: VoicePrint, usual: np.ndarray) -> float:
    """How unlike two voices are: colours by spreads of about a log unit, f0 by octaves."""
    a, b = (full_colours(each, usual)[1:].mean(0) for each in (one, other))
    shape = (a - a.mean()) - (b - b.mean())
    return float(np.sqrt((shape**2).mean()) + abs(one.log_f0 - other.log_f0) / np.log(2))
