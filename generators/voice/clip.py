"""A short recording that lends its voice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from conditioning.encoders.sound_file import opened_sound
from conditioning.encoders.speech_frames import check_sound, loudest

from .features import NEUTRAL_LEVEL_DB, SAMPLE_RATE, active_level_db, analyse
from .identity import VoicePrint, print_of

if TYPE_CHECKING:
    from .aligner import Aligner

CLIP_S = 15.0  # of the loudest speech, from which a voice is known


def loudest_speech(path: str | Path) -> tuple[np.ndarray, float]:
    """Gives the loudest 15 s of a recording, (S,) at 24 kHz and at the common level, and the gain in dB.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: no sound, broken, too short, silent or not finite.
    """
    path = Path(path)
    with opened_sound(path) as file:
        rate = file.samplerate
        samples = loudest(file, CLIP_S)
    check_sound(samples, rate, repr(path.name))
    samples = samples - np.float32(samples.mean(dtype=np.float64))
    check_sound(samples, rate, repr(path.name))  # an offset alone is silence
    samples = resampled(samples, rate)
    gain_db = NEUTRAL_LEVEL_DB - active_level_db(samples)
    return samples * np.float32(10 ** (gain_db / 20)), gain_db


def resampled(samples: np.ndarray, rate: int) -> np.ndarray:
    """(S,) at any rate -> (S',) float32 at 24 kHz."""
    import soxr

    return samples if rate == SAMPLE_RATE else np.asarray(soxr.resample(samples, rate, SAMPLE_RATE))


def print_of_clip(path: str | Path, aligner: Aligner) -> VoicePrint:
    """Measures the voice of a recording; raises as `loudest_speech`, and where nothing is voiced."""
    samples, _ = loudest_speech(path)
    frames = analyse(samples)
    try:
        return print_of(frames.envelope, aligner.posteriors(frames.log_mel), frames.f0_hz)
    except ValueError as error:
        raise ValueError(f"{error} in {Path(path).name!r}") from None
