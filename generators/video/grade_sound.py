"""Sound that runs faster or slower with its film, its pitch kept: overlapping pieces laid where they fit.

Source: Verhelst & Roelands 1993, "An overlap-add technique based on waveform similarity (WSOLA) for high
quality time-scale modification of speech".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from generators.on_disk import release

from .grade_motion import Retiming

# A piece holds several periods of a low voice; moving it by one of them finds a fit. Sound is never further
# from its picture than that, which nobody sees.
PIECE_S, SEARCH_S = 0.06, 0.0125
GIVEN_S = 2.0  # seconds of the result at a time


def stretched(samples: np.ndarray, sample_rate: int, retiming: Retiming) -> Iterator[np.ndarray]:
    """Gives the sound of the result in blocks, (C, S) float32; where time runs as it did, the source's own.

    Args:
        samples: (C, S), in memory or a map of a file. sample_rate: Hz. retiming: of the film.
    """
    hop = round(PIECE_S * sample_rate / 2)
    window = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * hop) / hop)  # (2 hop,), sums to 1 at every half
    total = round(float(retiming.to_result(np.array(samples.shape[1] / sample_rate))) * sample_rate)
    search = round(SEARCH_S * sample_rate)
    tail, waiting, given = np.zeros((len(samples), hop)), [], 0
    place = -hop
    # Of each piece the first half is laid upon the second half of the one before.
    for number in range(-(-total // hop) + 1):
        wanted = round(float(retiming.to_source(np.array(number * hop / sample_rate))) * sample_rate) - hop
        place = wanted if not number else best_place(samples, wanted, place + hop, 2 * hop, search)
        piece = excerpt(samples, place, 2 * hop) * window
        if number:
            waiting.append((tail + piece[:, :hop]).astype(np.float32))
        tail = piece[:, hop:]
        if len(waiting) * hop >= GIVEN_S * sample_rate:
            yield np.concatenate(waiting, axis=1)[:, : total - given]
            given += len(waiting) * hop
            waiting = []
            release(samples)
    if waiting and given < total:
        yield np.concatenate(waiting, axis=1)[:, : total - given]


def excerpt(samples: np.ndarray, start: int, length: int) -> np.ndarray:
    """Gives (C, length) from a place on, silence beyond the ends."""
    found = np.zeros((len(samples), length))
    low, high = max(0, start), min(samples.shape[1], start + length)
    if high > low:
        found[:, low - start : high - start] = samples[:, low:high]
    return found


def best_place(samples: np.ndarray, wanted: int, following: int, length: int, search: int) -> int:
    """Gives where, at most `search` from the place wanted, the sound is most like what would follow anyway.

    Args:
        following: where the piece before goes on.
    """
    if following == wanted:
        return wanted
    like = excerpt(samples, following, length).mean(0)
    around = excerpt(samples, wanted - search, length + 2 * search).mean(0)
    size = 1 << (len(around) + length - 1).bit_length()
    spectrum = np.fft.rfft(around, size) * np.conj(np.fft.rfft(like, size))
    match = np.fft.irfft(spectrum, size)[: 2 * search + 1]
    sums = np.concatenate([[0.0], np.cumsum(around * around)])
    energy = sums[length:] - sums[:-length]
    # Of silence all places are alike: then the middle, which is the place wanted.
    likeness = match / np.sqrt(np.maximum(energy, 1e-12))
    likeness[search] += 1e-9
    return wanted - search + int(likeness.argmax())
