"""What a voice does from frame to frame, heard in the sound alone: no transcript, any language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .features import Frames, continuous_log_f0, energy_db
from .phones import class_matrix

ACTIVE_DB = 30.0  # below the loud frames


@dataclass(frozen=True)
class Recording:
    """A recording, or a stretch of it, frame by frame; T frames at `features.FRAME_RATE`.

    Attributes:
        envelope: (T, 100) log units, without harmonics. f0_hz: (T,), 0 where unvoiced.
        phones: (T, classes) how likely each class of phone is, see `phones.CLASSES`.
        speaking: (T,) 0 in pauses, 1 in speech.
    """

    envelope: np.ndarray
    f0_hz: np.ndarray
    phones: np.ndarray
    speaking: np.ndarray

    def __len__(self) -> int:
        return len(self.f0_hz)


def log_f0_of(f0_hz: np.ndarray) -> np.ndarray:
    """Log f0 through unvoiced frames; a constant where nothing is voiced. (T,)"""
    found = continuous_log_f0(f0_hz)
    return np.full(len(f0_hz), np.log(150.0), np.float32) if found is None else found


def recording_of(aligner: Any, frames: Frames) -> tuple[Recording, np.ndarray]:
    """Gives a recording with its phone posteriors, (T, phones).

    Args:
        aligner: an `Aligner`. frames: of at most some seconds, as `features.analyse` gives them.
    """
    found = aligner.posteriors(frames.log_mel)
    classes = found @ class_matrix()
    return Recording(frames.envelope, frames.f0_hz, classes, speaking_of(frames, classes)), found


def speaking_of(frames: Frames, classes: np.ndarray) -> np.ndarray:
    """0 in pauses, 1 in speech, by phones and by level. (T,)"""
    level = energy_db(frames.log_mel)
    loud = level > np.quantile(level, 0.95) - ACTIVE_DB
    found = (1 - classes[:, 0]) * loud
    return np.convolve(found, np.ones(5) / 5, "same").astype(np.float32)
