"""Notes as a sequence of half-second frames relative to the key: what the music encoder hears."""

from __future__ import annotations

import numpy as np

FRAME_S = 0.5
MAX_FRAMES = 256
BANDS = (0, 40, 48, 55, 62, 69, 76, 84, 128)
TRIADS = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8), (0, 5, 7), (0, 4, 7, 10))
NUM_FEATURES = 71
NOTE_SHAPE = "expected notes of shape (N, 4) with N >= 1 and finite values"
# Weights of scale degrees in major and minor keys. Source: Temperley, "What's Key for Key?" (1999).
MAJOR_KEY = (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0)
MINOR_KEY = (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0)


def frames_of(notes: np.ndarray) -> np.ndarray:
    """Turns notes into frames.

    Args:
        notes: (N, 4) onset_s, duration_s, pitch, velocity in any order; a velocity that never changes counts
            as unknown.

    Returns:
        (T, 71) float32, one row for each half second from the first onset to the last.

    Raises:
        ValueError: no notes, another shape or values that are not finite.
    """
    notes = np.asarray(notes, dtype=np.float64)
    if notes.ndim != 2 or notes.shape[1] != 4 or not len(notes) or not np.isfinite(notes).all():
        raise ValueError(f"{NOTE_SHAPE}, got shape {notes.shape}")
    notes = notes[np.lexsort((notes[:, 2], notes[:, 0]))]
    onset, duration = notes[:, 0] - notes[0, 0], np.clip(notes[:, 1], 0.02, 8.0)
    pitch, velocity = np.clip(notes[:, 2], 0, 127).astype(int), (notes[:, 3] - 64) / 24
    known = float(len(notes) < 5 or notes[:, 3].std() > 0.5)
    tonic, keys = key_of(pitch, duration)
    count = int(onset[-1] / FRAME_S) + 1
    frame = (onset / FRAME_S).astype(int)
    sounding = overlaps(onset, duration, count)  # (T, N) seconds
    chroma = sounding @ np.eye(12)[(pitch - tonic) % 12]  # (T, 12)
    strongest = chroma.max(1, keepdims=True)
    chroma = np.sqrt(chroma / np.maximum(strongest, 1e-6)) * (strongest > 0)
    heard = sounding > 0.02
    lowest = np.where(heard, pitch, 999).min(1)
    highest = np.where(heard, pitch, -999).max(1)
    per_frame = np.bincount(frame, minlength=count)
    starts = np.maximum(per_frame, 1)
    moments = np.bincount(frame[np.diff(onset, prepend=-1.0) > 0.04], minlength=count)
    loud = np.bincount(frame, velocity, minlength=count) / starts * known
    loudest = np.full(count, -9.0)
    np.maximum.at(loudest, frame, velocity)
    log_duration = np.bincount(frame, np.log2(duration), minlength=count) / starts
    band = np.digitize(pitch, BANDS[1:-1])
    bands = np.log1p(np.stack([np.bincount(frame[band == b], minlength=count) for b in range(8)], axis=1))
    silent = np.logical_not(np.asarray(heard.any(axis=1)))
    numbers = [
        np.log1p(per_frame),
        np.log1p(moments),
        loud,
        np.where(per_frame > 0, loudest, 0.0) * known,
        np.full(count, known),
        log_duration,
        sounding.sum(1) / FRAME_S,
        heard.sum(1),
        np.where(silent, 0.0, (lowest - 45) / 12),
        np.where(silent, 0.0, (highest - 72) / 12),
        silent,
    ]
    rows = [
        chroma,
        one_hot(lowest - tonic, silent),
        one_hot(highest - tonic, silent),
        bands,
        triad_fit(chroma),
    ]
    rows += [intervals(chroma), np.stack(numbers, axis=1), changes(chroma), np.tile(keys, (count, 1))]
    return np.concatenate(rows, axis=1).astype(np.float32)  # (T, 71)


def key_of(pitch: np.ndarray, duration: np.ndarray) -> tuple[int, np.ndarray]:
    """Gives the tonic of the major key with the piece's notes, and how far they lean to that key's relative
    minor.

    Returns:
        tonic 0..11; (3,) fit of the major key, of its relative minor, and ten times the difference.
    """
    weights = np.bincount(pitch % 12, np.minimum(duration, 2.0), minlength=12)
    weights = (weights - weights.mean()) / max(1e-6, weights.std())
    fits = []
    for profile in (MAJOR_KEY, MINOR_KEY):
        shape = (np.array(profile) - np.mean(profile)) / np.std(profile)
        fits.append(np.array([weights @ np.roll(shape, tonic) / 12 for tonic in range(12)]))
    relative = np.roll(fits[1], 3)  # minor key of each major key's scale
    tonic = int(np.argmax(fits[0] + relative))
    return tonic, np.array([fits[0][tonic], relative[tonic], 10 * (fits[0][tonic] - relative[tonic])])


def overlaps(onset: np.ndarray, duration: np.ndarray, count: int) -> np.ndarray:
    """(T, N) seconds for which each note sounds in each frame."""
    start = np.arange(count)[:, None] * FRAME_S
    return np.clip(np.minimum(onset + duration, start + FRAME_S) - np.maximum(onset, start), 0.0, None)


def one_hot(pitch: np.ndarray, silent: np.ndarray) -> np.ndarray:
    """(T,) pitches relative to the tonic -> (T, 12), all zero where nothing sounds."""
    return np.eye(12)[pitch % 12] * ~silent[:, None]


def triad_fit(chroma: np.ndarray) -> np.ndarray:
    """(T, 12) -> (T, 6): how well the best chord of each kind covers what sounds."""
    unit = chroma / np.maximum(np.linalg.norm(chroma, axis=1, keepdims=True), 1e-6)
    best = []
    for tones in TRIADS:
        roots = [unit[:, [(root + tone) % 12 for tone in tones]].sum(1) for root in range(12)]
        best.append(np.max(roots, axis=0) / np.sqrt(len(tones)))
    return np.stack(best, axis=1)


def intervals(chroma: np.ndarray) -> np.ndarray:
    """(T, 12) -> (T, 6): weight of each interval class among what sounds."""
    return np.stack([(chroma * np.roll(chroma, -k, axis=1)).sum(1) for k in range(1, 7)], axis=1)


def changes(chroma: np.ndarray) -> np.ndarray:
    """(T, 12) -> (T, 1): how much the sounding pitch classes differ from the frame before."""
    before = np.concatenate([chroma[:1], chroma[:-1]])
    return np.abs(chroma - before).sum(1, keepdims=True) / 4
