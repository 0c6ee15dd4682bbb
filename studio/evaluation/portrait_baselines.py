"""Two plain ways to move a mouth by a sound, which the portrait backend is held against.

Both get what would flatter them: gains and offsets for every coefficient, and a delay, fitted to the training
takes of the same speaker. One is driven by loudness alone; the other holds the shape of the likeliest phone,
as games and avatars do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from conditioning.face.arkit import NAMES
from generators.voice.features import FRAME_RATE as SOUND_RATE
from generators.voice.features import SAMPLE_RATE, energy_db, log_mel
from generators.voice.phones import SYMBOLS
from training.data.face_presets import viseme_table

from .portrait_metrics import MOUTH_SHAPES

FRAME_RATE = 30.0
LOUD_DB = 40.0  # from the loudest down to what counts as silence
DELAYS = range(-3, 4)  # frames of 30 Hz
SMOOTH_FRAMES = 3
WINDOW_S = 120.0
# Our phones as ARPAbet, in which the table of mouth shapes is written.
ARPABET = {
    "_": "SIL", "ʔ": "SIL", "ɑ": "AA", "æ": "AE", "ɛ": "EH", "i": "IY", "ɪ": "IH", "ɔ": "AO", "ʊ": "UH",
    "ʌ": "AH", "u": "UW", "ə": "AH", "ɚ": "ER", "eɪ": "EY", "aɪ": "AY", "oʊ": "OW", "ɔɪ": "OY", "aʊ": "AW",
    "a": "AA", "aː": "AA", "ɐ": "AH", "ɛː": "EH", "eː": "EY", "iː": "IY", "oː": "OW", "œ": "UH", "øː": "UH",
    "uː": "UW", "ʏ": "UW", "yː": "UW", "ãː": "AA", "õː": "AO", "ɛ̃ː": "AE", "ɔʏ": "OY", "b": "B", "d": "D",
    "g": "G", "dʒ": "JH", "v": "V", "ð": "DH", "z": "Z", "ʒ": "ZH", "l": "L", "m": "M", "n": "N", "ŋ": "NG",
    "ɹ": "R", "ʁ": "R", "w": "W", "j": "Y", "p": "P", "t": "T", "k": "K", "tʃ": "CH", "pf": "F", "ts": "S",
    "f": "F", "θ": "TH", "s": "S", "ʃ": "SH", "h": "HH", "ç": "SH", "x": "HH",
}  # fmt: skip
CLOSED = ("p", "b", "m")


@dataclass(frozen=True)
class Heard:
    """What the baselines hear in a sound, at 30 Hz.

    Attributes:
        loudness: (T,) 0 silence to 1 the loudest. phones: (T, phones) how likely each is.
    """

    loudness: np.ndarray
    phones: np.ndarray

    def __len__(self) -> int:
        return len(self.loudness)

    @property
    def likeliest(self) -> np.ndarray:
        """(T,) numbers of phones in `SYMBOLS`."""
        return self.phones.argmax(1)


def hear(samples: np.ndarray, sample_rate: int, aligner: Any) -> Heard:
    """Listens to mono sound.

    Args:
        samples: (S,). aligner: gives phone posteriors, see `generators.voice.aligner`.
    """
    import torch

    from .speech_audio import at_rate

    sound = at_rate(np.asarray(samples, np.float32), sample_rate, SAMPLE_RATE)
    mel = log_mel(torch.from_numpy(sound)[None])[0].numpy().T
    step = round(WINDOW_S * SOUND_RATE)
    pieces = [aligner.posteriors(mel[start : start + step]) for start in range(0, len(mel), step)]
    level = energy_db(mel)
    loudness = ((level - np.quantile(level, 0.98)) / LOUD_DB + 1).clip(0, 1)
    count = max(1, int(np.ceil(len(sound) / SAMPLE_RATE * FRAME_RATE)))
    return Heard(at_frames(loudness[:, None], count)[:, 0], at_frames(np.concatenate(pieces), count))


def at_frames(rows: np.ndarray, count: int) -> np.ndarray:
    """Averages sound frames over each of so many frames of 30 Hz: (N, D) -> (T, D)."""
    edges = (np.arange(count + 1) / FRAME_RATE * SOUND_RATE).round().astype(int).clip(0, len(rows) - 1)
    total = np.concatenate([np.zeros((1, rows.shape[1])), rows.cumsum(0)])
    stops = np.maximum(edges[1:], edges[:-1] + 1)
    return (total[stops] - total[edges[:-1]]) / (stops - edges[:-1])[:, None]


def phone_shapes(folder: str | Path) -> np.ndarray:
    """Gives the mouth of each phone by the table of the data: (phones, 52).

    Raises:
        FileNotFoundError: the table is not there. ValueError: a phone that it does not have.
    """
    table = viseme_table(folder, NAMES)
    missing = sorted(set(ARPABET.values()) - set(table))
    if missing:
        raise ValueError(f"expected a mouth shape for {missing[0]!r} in the table, got none")
    return np.stack([table[ARPABET[symbol]][1] for symbol in SYMBOLS])


@dataclass
class Baseline:
    """Turns one or more drives into coefficients by a line for each.

    Attributes:
        shapes: (phones, 52) for the phone table; None for loudness.
        delay: frames by which the face follows the sound.
        gain, offset: (52,), 0 for what is not the mouth's.
    """

    shapes: np.ndarray | None = None
    delay: int = 0
    gain: np.ndarray | None = None
    offset: np.ndarray | None = None

    def drives(self, heard: Heard, delay: int) -> np.ndarray:
        """What each coefficient follows: (T, 52)."""
        from scipy.ndimage import uniform_filter1d

        if self.shapes is None:
            found = np.repeat(heard.loudness[:, None], len(NAMES), axis=1)
        else:
            found = self.shapes[heard.likeliest].astype(float)
        smooth = uniform_filter1d(found, SMOOTH_FRAMES, axis=0, mode="nearest")
        return smooth[(np.arange(len(smooth)) - delay).clip(0, len(smooth) - 1)]

    def fit(self, sounds: Sequence[Heard], takes: Sequence[np.ndarray]) -> Baseline:
        """Fits gains, offsets and delay to takes by least squares, and gives itself.

        Args:
            takes: (T, 52) each, 30 Hz.
        """
        best = np.inf
        for delay in DELAYS:
            pairs = [
                paired(self.drives(heard, delay), take) for heard, take in zip(sounds, takes, strict=True)
            ]
            drive, true = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
            middle, mean = drive.mean(0), true.mean(0)
            spread = ((drive - middle) ** 2).mean(0)
            gain = ((drive - middle) * (true - mean)).mean(0) / np.maximum(spread, 1e-9)
            gain[spread < 1e-9] = 0.0
            offset = mean - gain * middle
            error = float(((drive * gain + offset - true)[:, MOUTH_SHAPES] ** 2).mean())
            if error < best:
                best, self.delay, self.gain, self.offset = error, delay, gain, offset
        return self

    def move(self, heard: Heard) -> np.ndarray:
        """(T, 52) in 0..1.

        Raises:
            ValueError: it was not fitted.
        """
        if self.gain is None or self.offset is None:
            raise ValueError("expected a baseline that was fitted, got one that was not")
        return (self.drives(heard, self.delay) * self.gain + self.offset).clip(0, 1)


def paired(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cuts two courses to the shorter one's length."""
    count = min(len(one), len(other))
    return one[:count], other[:count]


def closed_times(heard: Heard, least_frames: int = 1) -> list[tuple[float, float]]:
    """Where p, b or m is the likeliest phone: stretches in s."""
    numbers = [SYMBOLS.index(symbol) for symbol in CLOSED]
    inside = np.concatenate([[False], np.isin(heard.likeliest, numbers), [False]])
    edges = np.flatnonzero(inside[1:] != inside[:-1]).reshape(-1, 2)
    return [
        (start / FRAME_RATE, (stop - 1) / FRAME_RATE)
        for start, stop in edges.tolist()
        if stop - start >= least_frames
    ]
