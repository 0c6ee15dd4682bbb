"""What a mouth driven by simpler means would do, to measure ours against: loudness alone, and a table of
visemes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generators.voice.features import FRAME_RATE as SOUND_RATE
from generators.voice.features import energy_db
from generators.voice.phones import SYMBOLS

from .content import FRAME_RATE, at_video_rate, smoothed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generators.voice.features import Frames

# Our phones -> ARPAbet, in which the table is written; a vowel that English lacks takes its nearest.
ARPABET = {
    "_": "SIL", "ɑ": "AA", "æ": "AE", "ɛ": "EH", "i": "IY", "ɪ": "IH", "ɔ": "AO", "ʊ": "UH", "ʌ": "AH",
    "u": "UW",
    "ə": "AH", "ɚ": "ER", "eɪ": "EY", "aɪ": "AY", "oʊ": "OW", "ɔɪ": "OY", "aʊ": "AW", "a": "AA", "aː": "AA",
    "ɐ": "AH", "ɛː": "EH", "eː": "EY", "iː": "IY", "oː": "OW", "œ": "ER", "øː": "UW", "uː": "UW", "ʏ": "UH",
    "yː": "UW", "ãː": "AA", "õː": "AO", "ɛ̃ː": "EH", "ɔʏ": "OY", "b": "B", "d": "D", "g": "G", "dʒ": "JH",
    "v": "V",
    "ð": "DH", "z": "Z", "ʒ": "ZH", "l": "L", "m": "M", "n": "N", "ŋ": "NG", "ɹ": "R", "ʁ": "K", "w": "W",
    "j": "Y",
    "p": "P", "t": "T", "k": "K", "tʃ": "CH", "pf": "F", "ts": "S", "f": "F", "θ": "TH", "s": "S", "ʃ": "SH",
    "h": "HH", "ç": "SH", "x": "K", "ʔ": "SIL",
}  # fmt: skip
BLEND_FRAMES = 3  # of video over which visemes blend
SMOOTHING_S = 0.05  # of loudness


def loudness_of(frames: Frames) -> np.ndarray:
    """Amplitude of each frame of sound relative to the loud ones, smoothed. (F,) about 0..1"""
    amplitude = 10 ** (energy_db(frames.log_mel) / 20)
    width = 2 * int(SMOOTHING_S * SOUND_RATE / 2) + 1
    return smoothed(amplitude / np.quantile(amplitude, 0.95), width)


def fit_loudness(loud: Sequence[np.ndarray], mouths: Sequence[np.ndarray]) -> np.ndarray:
    """Fits each coefficient as a straight line of loudness on training takes. Gives (2, 52): slope,
    offset."""
    x = np.concatenate(
        [
            at_video_rate(track[:, None], len(mouth), 0.5 / FRAME_RATE)
            for track, mouth in zip(loud, mouths, strict=True)
        ]
    )
    design = np.concatenate([x, np.ones_like(x)], 1)
    return np.linalg.lstsq(design, np.concatenate(mouths), rcond=None)[0]


def loudness_mouth(loud: np.ndarray, lines: np.ndarray, num_frames: int) -> np.ndarray:
    """The mouth that loudness alone gives, (num_frames, 52)."""
    track = at_video_rate(loud[:, None], num_frames, 0.5 / FRAME_RATE)
    return (track * lines[0] + lines[1]).clip(0, 1)


def viseme_mouth(
    posteriors: np.ndarray, table: Mapping[str, tuple[str, np.ndarray]], num_frames: int
) -> np.ndarray:
    """The mouth that a table gives for the likeliest phone of each moment, blended over neighbours.

    Args:
        posteriors: (F, phones) of an aligner. table: ARPAbet -> viseme, (52,), as
        `face_presets.viseme_table`.

    Returns:
        (num_frames, 52)
    """
    shapes = np.stack([table[ARPABET[symbol]][1] for symbol in SYMBOLS])
    rows = at_video_rate(shapes[posteriors.argmax(1)], num_frames, 0.5 / FRAME_RATE)
    return np.stack([smoothed(column, BLEND_FRAMES) for column in rows.T], 1).clip(0, 1)
