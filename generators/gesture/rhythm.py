"""The rhythm of a movement and of a voice, in the same few tracks: what is learned from the one follows the other.

A hand comes to rest where a word is stressed: strokes end on accents, with a minimum of speed.

Source: strokes and stress: Kendon 1972, "Some relationships between body motion and speech"; McNeill 1992, "Hand and
mind", chapter 1; beats as minima of speed: Li et al. 2021, "AI Choreographer", section 5.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import placed
from conditioning.body.skeleton import INDEX
from generators.voice.features import F0_MAX_HZ, F0_MIN_HZ, SAMPLE_RATE, continuous_log_f0, energy_db, log_mel
from generators.voice.features import FRAME_RATE as SOUND_RATE

from .features import FRAME_RATE

TRACKS = ("energy", "beat", "hand", "active", "phrase start")
ENERGY, BEAT, HAND, ACTIVE, PHRASE_START = range(len(TRACKS))
NUM_TRACKS = len(TRACKS)
HANDS = (INDEX["left_wrist"], INDEX["right_wrist"])
LIVELY_CM_S = 90.0  # speed of a hand that counts as an energy of 1
STILL_CM_S = 14.0
BUMP_FRAMES, BUMP_REACH = 1.5, 8  # spread of a bump at a beat, and where it ends
LEAST_GAP = 5  # frames between beats
PAUSE_FRAMES = 9  # without movement or speech, before which a phrase starts
BLOCK_S, MARGIN_S = 20.0, 0.6  # of sound heard at once, and how much more on both sides
LOUD_RANGE_DB = 26.0
QUIETEST_DB = -55.0


@dataclass(frozen=True)
class Heard:
    """What a voice says to the hands.

    Attributes:
        tracks: (T, 5) as `TRACKS`; hand is 0.
        onsets: (N,) frames, with fractions, at which syllables begin. prominence: (N,) 0..1 of each.
    """

    tracks: np.ndarray
    onsets: np.ndarray
    prominence: np.ndarray


def bumps(count: int, frames: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """A track with a bump of each height (N or 1,) at each frame (N,). (count,)"""
    out = np.zeros(count)
    places = np.round(frames).astype(int)[:, None] + np.arange(-BUMP_REACH, BUMP_REACH + 1)
    shapes = np.exp(-0.5 * np.square((places - frames[:, None]) / BUMP_FRAMES))
    shapes = shapes * np.broadcast_to(heights, frames.shape)[:, None]
    inside = (places >= 0) & (places < count)
    np.maximum.at(out, places[inside], shapes[inside])
    return out


def phrase_starts(active: np.ndarray) -> np.ndarray:
    """Where something begins after a pause. (T,) of 0..1 -> frames"""
    on = active > 0.5
    starts = np.flatnonzero(on & ~np.concatenate([[False], on[:-1]]))
    return np.array(
        [at for at in starts if at == 0 or not on[max(0, at - PAUSE_FRAMES) : at].any()], dtype=np.float64
    )


def hand_speeds(motion: BodyMotion) -> np.ndarray:
    """How fast each hand moves against the pelvis. (T, 2) cm/s"""
    places, _ = placed(motion.rotations, motion.root)
    hands = places[:, HANDS] - places[:, :1]
    if len(motion) < 2:
        return np.zeros((len(motion), 2))
    return np.linalg.norm(np.gradient(hands, axis=0), axis=-1) * motion.frame_rate


def beats_of(speed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where strokes end, and how fast each was: minima of a speed (T,) after a peak. (N,) frames, (N,) cm/s"""
    smooth = gaussian_filter1d(speed, 1.0)
    minima, _ = find_peaks(-smooth, distance=LEAST_GAP)
    peaks = np.array([smooth[max(0, at - 12) : at + 1].max() for at in minima])
    real = peaks > np.maximum(STILL_CM_S, 1.6 * smooth[minima]) if len(minima) else np.zeros(0, bool)
    return minima[real].astype(np.float64), peaks[real] if len(minima) else np.zeros(0)


def rhythm_of(motion: BodyMotion) -> np.ndarray:
    """The rhythm of a movement of 30 frames a second. (T, 5) float32, as `TRACKS`"""
    speeds = hand_speeds(motion)
    both = np.linalg.norm(speeds, axis=1)
    frames, heights = beats_of(both)
    count = len(motion)
    slow = gaussian_filter1d(speeds, 6.0, axis=0)
    active = gaussian_filter1d((gaussian_filter1d(both, 3.0) > 1.5 * STILL_CM_S).astype(float), 2.0)
    out = np.zeros((count, NUM_TRACKS), np.float32)
    out[:, ENERGY] = np.log1p(gaussian_filter1d(both, 3.0) / LIVELY_CM_S) * 1.44
    out[:, BEAT] = bumps(count, frames, (heights / (2 * LIVELY_CM_S)).clip(0.15, 1))
    out[:, HAND] = (slow[:, 0] - slow[:, 1]) / (slow.sum(1) + 2 * STILL_CM_S)
    out[:, ACTIVE] = active
    out[:, PHRASE_START] = bumps(count, phrase_starts(active), np.ones(1))
    return out


def blocks_of(samples: np.ndarray, sample_rate: int) -> Iterator[tuple[float, np.ndarray]]:
    """Gives a sound piece by piece at 24 kHz with margins: (start of the piece without them in s, samples)."""
    import soxr

    step, margin = round(BLOCK_S * sample_rate), round(MARGIN_S * sample_rate)
    for first in range(0, len(samples), step):
        part = np.asarray(samples[max(0, first - margin) : first + step + margin], np.float32)
        part = np.pad(part, (max(0, margin - first), 0))
        if not np.isfinite(part).all():
            raise ValueError("expected finite samples, got others")
        yield first / sample_rate, soxr.resample(part, sample_rate, SAMPLE_RATE)


def heard(samples: np.ndarray, sample_rate: int, num_frames: int) -> Heard:
    """Listens to a voice.

    Args:
        samples: (S,) mono. num_frames: of motion wanted, at 30 a second.

    Raises:
        ValueError: samples that are not finite.
    """
    levels, flux, f0 = [], [], []
    margin, most = round(MARGIN_S * SOUND_RATE), round(BLOCK_S * SOUND_RATE)
    for _, block in blocks_of(samples, sample_rate):
        import torch

        mel = log_mel(torch.from_numpy(np.ascontiguousarray(block))[None])[0].numpy().T
        kept = slice(margin, margin + most)
        rise = np.diff(gaussian_filter1d(mel[:, :70], 1.0, axis=0), axis=0, prepend=mel[:1, :70])
        levels.append(energy_db(mel)[kept])
        flux.append(rise.clip(0).mean(1)[kept])
        f0.append(rough_f0(block, len(mel))[kept])
    return combined(np.concatenate(levels), np.concatenate(flux), np.concatenate(f0), num_frames)


def rough_f0(samples: np.ndarray, num_frames: int) -> np.ndarray:
    """Gives f0 in Hz for each frame of sound, 0 where unvoiced: well enough to tell high from low, and quickly.

    Source: Morise et al. 2009 (DIO), by the WORLD vocoder's implementation, on every sixth sample.
    """
    import pyworld

    found, _ = pyworld.dio(
        np.ascontiguousarray(samples, np.float64),
        SAMPLE_RATE,
        f0_floor=F0_MIN_HZ,
        f0_ceil=F0_MAX_HZ,
        frame_period=1000 / SOUND_RATE,
        speed=6,
    )
    out = np.zeros(num_frames)
    out[: min(num_frames, len(found))] = found[:num_frames]
    return out


def combined(level: np.ndarray, flux: np.ndarray, f0_hz: np.ndarray, num_frames: int) -> Heard:
    """What the hands hear in the level (dB), the spectral flux and the f0 (Hz) of a voice, (F,) each."""
    loud = max(QUIETEST_DB + LOUD_RANGE_DB, float(np.quantile(level, 0.95)))
    relative = ((level - loud + LOUD_RANGE_DB) / LOUD_RANGE_DB).clip(0, 1.2)
    speaking = gaussian_filter1d(relative, 4.0)
    flux = flux * (relative > 0.15)
    onsets, found = find_peaks(gaussian_filter1d(flux, 1.5), distance=9, prominence=0.02)
    rows = gaussian_filter1d(relative, 3.0)
    melody = continuous_log_f0(f0_hz)
    rise = np.zeros(len(level)) if melody is None else melody - gaussian_filter1d(melody, 40.0)
    # A syllable is heard as far as it is louder, higher and begins more sharply than those around it.
    after = np.minimum(onsets + 8, len(level) - 1)
    height = 0.5 * rows[after] + 1.5 * np.maximum(0, rise[after]).clip(0, 0.35)
    height = height + 0.6 * found["prominences"] / max(
        0.05, float(np.quantile(found["prominences"], 0.9)) if len(onsets) else 1
    )
    prominence = (height / max(1e-3, float(np.quantile(height, 0.95)) if len(onsets) else 1)).clip(0.05, 1)
    frames = onsets * (FRAME_RATE / SOUND_RATE)
    at = np.arange(num_frames) * (SOUND_RATE / FRAME_RATE)
    active = np.interp(at, np.arange(len(level)), speaking, right=0)
    active = gaussian_filter1d((active > 0.25).astype(float), 2.0)
    tracks = np.zeros((num_frames, NUM_TRACKS), np.float32)
    tracks[:, ENERGY] = 0.9 * np.interp(at, np.arange(len(level)), gaussian_filter1d(relative, 9.0), right=0)
    tracks[:, ACTIVE] = active
    tracks[:, BEAT] = bumps(num_frames, frames, prominence) if len(frames) else 0
    tracks[:, PHRASE_START] = bumps(num_frames, phrase_starts(active), np.ones(1))
    return Heard(tracks, frames, prominence)


def high_of(values: np.ndarray, share: float, least: float) -> float:
    """A quantile of values, at least so much; 1 of none."""
    return max(least, float(np.quantile(values, share))) if len(values) else 1.0


def made_up_voice(num_frames: int, rng: np.random.Generator) -> Heard:
    """The rhythm of somebody who talks: phrases, pauses, about four syllables a second, some of them stressed.

    Source: rates and pauses of talk: Goldman Eisler 1968, "Psycholinguistics"; Jacewicz et al. 2009, "Articulation
    rate across dialect, age, and gender of the speaker".
    """
    active, onsets, heights = np.zeros(num_frames), [], []
    at = rng.uniform(0, 25)
    rate = rng.uniform(3.4, 5.4)
    while at < num_frames:
        end = at + FRAME_RATE * rng.gamma(3.0, 0.8) + 12
        active[int(at) : int(end)] = 1
        time, beat = at, int(rng.integers(1, 4))
        while time < min(end, num_frames - 1):
            stressed = beat == 0
            beat = int(rng.integers(1, 4)) if stressed else beat - 1
            onsets.append(time)
            heights.append(rng.uniform(0.5, 1.0) if stressed else rng.uniform(0.05, 0.5))
            time += FRAME_RATE / rate * rng.uniform(0.6, 1.5)
        at = end + FRAME_RATE * rng.exponential(0.55) + 4
    tracks = np.zeros((num_frames, NUM_TRACKS), np.float32)
    smooth = gaussian_filter1d(active, 2.2)
    tracks[:, ACTIVE] = smooth
    tracks[:, BEAT] = bumps(num_frames, np.array(onsets), np.array(heights))
    louder = gaussian_filter1d(tracks[:, BEAT], 4.2)
    tracks[:, ENERGY] = 0.9 * smooth * (0.55 + 0.8 * louder)
    starts = np.flatnonzero(np.diff(active, prepend=0) > 0)
    tracks[:, PHRASE_START] = bumps(num_frames, starts.astype(float), np.ones(len(starts)))
    return Heard(tracks, np.array(onsets), np.array(heights))
