"""What a face hears: sound as one row of features for each frame of video, the same for every voice.

Levels, colours and melodies are taken relative to the recording's own, so that one speaker's face can be
learned from and any speaker's sound can move it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from generators.voice.features import FRAME_RATE as SOUND_RATE
from generators.voice.features import N_MELS, SAMPLE_RATE, Frames, analyse, energy_db
from generators.voice.phones import INDEX, SYMBOLS
from generators.voice.visemes import VISEME, VISEMES

if TYPE_CHECKING:
    from generators.media import Mark

FRAME_RATE = 30.0  # Hz, of the video
PARTS = 3  # moments heard within a frame
BANDS = 20
NUM_HEARD = BANDS + len(VISEMES) + 1  # a moment: colour, phones, loudness
PROSODY = ("voiced", "f0", "loudness", "accent", "phrase start", "speaking")
NUM_CONTENT = PARTS * NUM_HEARD + len(PROSODY)
SMOOTH_LOUDNESS, ACCENT, PHRASE_START, SPEAKING = (
    PARTS * NUM_HEARD + PROSODY.index(name) for name in ("loudness", "accent", "phrase start", "speaking")
)
LIPS = [part * NUM_HEARD + BANDS + VISEMES.index("PP") for part in range(PARTS)]  # p, b, m
SILENT = [part * NUM_HEARD + BANDS + VISEMES.index("sil") for part in range(PARTS)]
LOUDNESS = [part * NUM_HEARD + NUM_HEARD - 1 for part in range(PARTS)]
LOUD_DB = 30.0  # range below the loud frames that counts
QUIETEST_DB = -50.0  # the loud frames of a recording without any speech are taken to be this loud
REFERENCE_S, BLOCK_S = 24.0, 1.0  # how much of the loudest sound a reference is measured on, in pieces
PAUSE_FRAMES = 8  # of video without speech, before which a phrase begins
PROMINENCE = 0.45  # least height of an accent over its surroundings


@dataclass(frozen=True)
class Reference:
    """What is usual in a recording.

    Attributes:
        colour: (100,) mean log-mel of its loud frames. level_db: of its loud frames.
        log_f0, spread: median of log f0 and its spread.
    """

    colour: np.ndarray
    level_db: float
    log_f0: float
    spread: float


def reference_of(frames: Frames) -> Reference:
    """Measures frames that are mostly speech."""
    level = energy_db(frames.log_mel)
    loud = level > np.quantile(level, 0.3)
    voiced = np.log(frames.f0_hz[frames.f0_hz > 0]) if (frames.f0_hz > 0).sum() > 20 else np.log([150.0])
    low, middle, high = np.quantile(voiced, [0.16, 0.5, 0.84])
    return Reference(
        frames.log_mel[loud].mean(0) if loud.any() else np.zeros(N_MELS, np.float32),
        max(QUIETEST_DB, float(np.quantile(level, 0.95))),
        float(middle),
        float(max(0.08, (high - low) / 2)),
    )


def loudest(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Gives the loudest seconds of a sound, at most 24, read piece by piece. (S,) -> (S',)"""
    size = int(BLOCK_S * sample_rate)
    count = max(1, len(samples) // size)
    if count * BLOCK_S <= REFERENCE_S:
        return np.asarray(samples, np.float32)
    power = [
        float(np.square(samples[at * size : (at + 1) * size], dtype=np.float32).mean()) for at in range(count)
    ]
    chosen = np.sort(np.argsort(power)[-int(REFERENCE_S / BLOCK_S) :])
    return np.concatenate([np.asarray(samples[at * size : (at + 1) * size], np.float32) for at in chosen])


def heard(samples: np.ndarray, sample_rate: int) -> Frames:
    """Gives the frames of a sound of any rate. (S,) mono

    Raises:
        ValueError: samples that are not finite.
    """
    if not np.isfinite(samples).all():
        raise ValueError("expected finite samples, got others")
    if sample_rate != SAMPLE_RATE:
        import soxr

        samples = soxr.resample(np.asarray(samples, np.float32), sample_rate, SAMPLE_RATE)
    return analyse(np.asarray(samples, np.float32))


def phones_in(aligner: Any, log_mel: np.ndarray, reference: Reference) -> np.ndarray:
    """How likely each phone is at each frame of sound, levelled by the recording's reference.

    (F, 100) -> (F, phones)
    """
    import torch

    weight = aligner.out.weight
    levelled = torch.from_numpy((log_mel - reference.colour).astype(np.float32) / 1.5)[None]
    levelled = levelled.to(weight.device, weight.dtype)
    with torch.no_grad():
        mask = torch.ones(levelled.shape[:2], dtype=torch.bool, device=weight.device)
        return np.asarray(aligner(levelled, mask)[0].exp().cpu().numpy())


def marked(posteriors: np.ndarray, marks: Sequence[Mark], start_s: float) -> np.ndarray:
    """Puts what is known to be said in the place of what was heard.

    Args:
        posteriors: (F, phones) from `start_s` on, at the sound's frame rate. marks: of kind "phone".
    """
    out = posteriors.copy()
    times = start_s + np.arange(len(out)) / SOUND_RATE
    for mark in marks:
        at = (times >= mark.start_s) & (times < mark.end_s)
        if mark.kind == "phone" and mark.text in INDEX and at.any():
            out[at] = 0.1 * out[at]
            out[at, INDEX[mark.text]] += 0.9
    return out


def content_of(
    frames: Frames, posteriors: np.ndarray, reference: Reference, num_frames: int, first_s: float = 0.0
) -> np.ndarray:
    """Gives one row for each frame of video.

    Args:
        frames, posteriors: of the same sound. num_frames: of video wanted.
        first_s: where in the sound the first of them begins, in seconds.

    Returns:
        (num_frames, 114) float32
    """
    level = (energy_db(frames.log_mel) - reference.level_db).clip(-LOUD_DB, 10) / 10
    colour = ((frames.envelope - reference.colour) / 1.5) @ band_matrix()
    rows = np.concatenate([colour, posteriors @ viseme_matrix(), level[:, None]], 1)
    parts = [
        at_video_rate(rows, num_frames, first_s + (part + 0.5) / (PARTS * FRAME_RATE))
        for part in range(PARTS)
    ]
    return np.concatenate([*parts, prosody_of(frames, reference, num_frames, first_s)], 1).astype(np.float32)


def prosody_of(frames: Frames, reference: Reference, num_frames: int, first_s: float) -> np.ndarray:
    """Voicing, melody, loudness, accents, starts of phrases, speech. (num_frames, 6)"""
    level = (energy_db(frames.log_mel) - reference.level_db).clip(-LOUD_DB, 10) / 10
    voiced = (frames.f0_hz > 0).astype(np.float32)
    melody = np.where(voiced > 0, (np.log(frames.f0_hz.clip(40)) - reference.log_f0) / reference.spread, 0)
    speaking = smoothed((level > -2.0).astype(np.float32), 9)
    rows = np.stack([voiced, melody.clip(-3, 3), smoothed(level, 15), speaking], 1)
    rows = at_video_rate(rows, num_frames, first_s + 0.5 / FRAME_RATE)
    accent = accents(rows[:, 0], rows[:, 1], rows[:, 2])
    return np.concatenate([rows[:, :3], accent[:, None], starts(rows[:, 3])[:, None], rows[:, 3:]], 1)


def accents(voiced: np.ndarray, melody: np.ndarray, loudness: np.ndarray) -> np.ndarray:
    """Where speech is prominent: bumps of 0..1 at peaks of loudness and melody together. (T,)

    Source: loudness and f0 as cues of prominence, with which brows and head move: Graf et al. 2002, "Visual
    prosody: facial movements accompanying speech", section 4; Cave et al. 1996, "About the relationship
    between eyebrow movements and F0 variations". The peak picking is ours.
    """
    height = smoothed(voiced * (0.6 * loudness.clip(-2, 1) + 0.5 * melody + 1.2), 5)
    out = np.zeros(len(height), np.float32)
    offsets = np.arange(-6, 7)
    for at in range(1, len(height) - 1):
        around = height[max(0, at - 9) : at + 10]
        over = height[at] - np.median(around)
        if height[at] >= around.max() and over > PROMINENCE:
            places = (at + offsets).clip(0, len(out) - 1)
            bump = min(1.0, over / 1.5) * np.exp(-0.5 * (offsets / 2.0) ** 2)
            out[places] = np.maximum(out[places], bump)
    return out


def starts(speaking: np.ndarray) -> np.ndarray:
    """Bumps of 1 where speech begins after a pause. (T,)"""
    out = np.zeros(len(speaking), np.float32)
    quiet = PAUSE_FRAMES
    for at, share in enumerate(speaking):
        if share > 0.5:
            if quiet >= PAUSE_FRAMES:
                places = np.arange(max(0, at - 4), min(len(out), at + 9))
                out[places] = np.maximum(out[places], np.exp(-0.5 * ((places - at - 2) / 2.5) ** 2))
            quiet = 0
        else:
            quiet += 1
    return out


def at_video_rate(rows: np.ndarray, num_frames: int, first_s: float) -> np.ndarray:
    """Rows at the sound's rate -> one for each frame of video, the first at `first_s`. (F, C) -> (T, C)"""
    at = ((np.arange(num_frames) / FRAME_RATE + first_s) * SOUND_RATE).clip(0, len(rows) - 1)
    low = np.minimum(at.astype(int), max(0, len(rows) - 2))
    share = (at - low)[:, None]
    return (1 - share) * rows[low] + share * rows[np.minimum(low + 1, len(rows) - 1)]


def smoothed(track: np.ndarray, width: int) -> np.ndarray:
    """Means over a Hann window of an odd width, edges held. (T,)"""
    window = np.hanning(width + 2)[1:-1]
    padded = np.pad(track, width // 2, mode="edge")
    return np.convolve(padded, window / window.sum(), "valid")


@lru_cache(maxsize=1)
def band_matrix() -> np.ndarray:
    """(100, 20) means of neighbouring bands."""
    out = np.zeros((N_MELS, BANDS), np.float32)
    for band in range(N_MELS):
        out[band, band * BANDS // N_MELS] = BANDS / N_MELS
    return out


@lru_cache(maxsize=1)
def viseme_matrix() -> np.ndarray:
    """(phones, visemes) which mouth shape each phone has; those of moving phones share it."""
    out = np.zeros((len(SYMBOLS), len(VISEMES)), np.float32)
    for place, symbol in enumerate(SYMBOLS):
        for shape in VISEME[symbol]:
            out[place, VISEMES.index(shape)] += 1 / len(VISEME[symbol])
    return out
