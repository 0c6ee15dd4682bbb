"""What a change of feeling does to a recording: an edit of its rate, f0 and envelope, moment by moment.

A model that makes such edits, instead of a new recording, cannot lose the words or the person: what it does
not touch is the source itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import dct, idct
from scipy.ndimage import gaussian_filter1d

from generators.voice.features import F0_MAX_HZ, F0_MIN_HZ, N_MELS
from generators.voice.recording import Recording, log_f0_of

STRIDE = 2  # frames from one moment of an edit to the next
NUM_SHAPE = 12  # coefficients of the envelope's change; finer ones cost words and say nothing of a feeling
RATE, F0, SHAPE = 0, 1, slice(2, 2 + NUM_SHAPE)  # columns
CHANNELS = 2 + NUM_SHAPE
MOST = np.array([0.7, 1.2, 40.0, *[20.0] * (NUM_SHAPE - 1)], np.float32)  # an edit goes no further
SMOOTH_RATE, SMOOTH_EDIT = 8.0, 1.5  # frames; more lost anger's attacks


def moments(num_frames: int) -> np.ndarray:
    """The frames at which an edit is given. (G,)"""
    return np.arange(0, num_frames, STRIDE) + (STRIDE - 1) / 2


def edit_between(source: Recording, target: Recording, at: np.ndarray) -> np.ndarray:
    """Measures what makes one take of a line into another.

    Args:
        at: (T,) for each frame of the source, where in the target the same is said; never falls.

    Returns:
        (G, 14) float32: log of the target's frames for each of the source's; difference of log f0;
        coefficients of the envelope's difference (log units, orthonormal cosines over 100 bands), with the
        whole recording's difference of level taken out.
    """
    rate = np.log(np.gradient(gaussian_filter1d(at, SMOOTH_RATE, mode="nearest")).clip(0.3, 3.0))
    f0 = np.interp(at, np.arange(len(target)), log_f0_of(target.f0_hz)) - log_f0_of(source.f0_hz)
    low = at.astype(int).clip(0, len(target) - 1)
    change = (target.envelope[low] - source.envelope) * source.speaking[:, None]
    shape = dct(change, norm="ortho", axis=1)[:, :NUM_SHAPE]
    speech = source.speaking.sum() + 1e-3
    shape[:, 0] -= shape[:, 0].sum() / speech * source.speaking
    whole = np.concatenate([rate[:, None], f0[:, None], shape], 1)
    smooth = gaussian_filter1d(whole, SMOOTH_EDIT, axis=0, mode="nearest")
    grid = moments(len(source)).round().astype(int).clip(0, len(source) - 1)
    return np.clip(smooth[grid], -MOST, MOST).astype(np.float32)


def over_frames(edit: np.ndarray, num_frames: int) -> np.ndarray:
    """(G, 14) -> (T, 14), straight lines between moments."""
    grid = moments(num_frames)[: len(edit)]
    frames = np.arange(num_frames)
    return np.stack([np.interp(frames, grid, column) for column in edit.T], 1).astype(np.float32)


@dataclass(frozen=True)
class Edited:
    """What the vocoder gets. envelope: (T', 100). f0_hz: (T',). source_at: (T',) frame of the source."""

    envelope: np.ndarray
    f0_hz: np.ndarray
    source_at: np.ndarray


def apply_edit(source: Recording, edit: np.ndarray, keep_timing: bool) -> Edited:
    """Changes a recording.

    Args:
        edit: (G, 14). keep_timing: leaves the rate as it is, so that every phone stays where it was.
    """
    change = over_frames(edit, len(source))
    envelope = source.envelope + envelope_change(change[:, SHAPE]) * source.speaking[:, None]
    voiced = source.f0_hz > 0
    log_f0 = log_f0_of(source.f0_hz) + change[:, F0]
    at = np.arange(len(source), dtype=np.float32) if keep_timing else timing(change[:, RATE])
    low = np.floor(at).astype(int).clip(0, len(source) - 1)
    high = (low + 1).clip(max=len(source) - 1)
    share = (at - low)[:, None]
    mixed = (1 - share) * envelope[low] + share * envelope[high]
    nearest = np.round(at).astype(int).clip(0, len(source) - 1)
    f0 = np.exp(np.interp(at, np.arange(len(source)), log_f0)).clip(F0_MIN_HZ, F0_MAX_HZ)
    return Edited(mixed.astype(np.float32), np.where(voiced[nearest], f0, 0).astype(np.float32), at)


def envelope_change(shape: np.ndarray) -> np.ndarray:
    """(T, 12) coefficients -> (T, 100) log units."""
    padded = np.zeros((len(shape), N_MELS), np.float32)
    padded[:, :NUM_SHAPE] = shape
    return np.asarray(idct(padded, norm="ortho", axis=1), np.float32)


def timing(log_rate: np.ndarray) -> np.ndarray:
    """Where in the source each frame of the result stands, from its log rate at each source frame. (T',)"""
    ends = np.exp(log_rate).cumsum()
    starts = np.concatenate([[0.0], ends])
    count = max(1, round(float(ends[-1])))
    return np.interp(np.arange(count) + 0.5, starts, np.arange(len(log_rate) + 1)) - 0.5
