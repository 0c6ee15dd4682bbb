"""Keys and chords of notes."""

from __future__ import annotations

import numpy as np

TONICS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
MODES = ("major", "minor")
QUALITIES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
}
NO_CHORD = 0
CHORD_NAMES = ("N", *(tonic + quality for quality in QUALITIES for tonic in TONICS))

# Temperley 1999, "What's key for key?", table 2 (the revised Krumhansl-Schmuckler profiles).
MAJOR_PROFILE = np.array([5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0])
MINOR_PROFILE = np.array([5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0])


def _normalised(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(-1, keepdims=True)
    return centred / (np.linalg.norm(centred, axis=-1, keepdims=True) + 1e-9)


def find_key(chroma: np.ndarray) -> tuple[int, int]:
    """Gives (tonic 0..11, mode 0 major or 1 minor) of a duration-weighted pitch-class histogram (12,)."""
    profiles = np.stack(
        [np.roll(profile, tonic) for profile in (MAJOR_PROFILE, MINOR_PROFILE) for tonic in range(12)]
    )
    best = int(np.argmax(_normalised(profiles) @ _normalised(np.asarray(chroma, dtype=float))))
    return best % 12, best // 12


def chord_templates() -> np.ndarray:
    """(96, 12) unit pitch-class templates in the order of `CHORD_NAMES[1:]`; roots weigh a little more."""
    rows = []
    for intervals in QUALITIES.values():
        for tonic in range(12):
            row = np.zeros(12)
            row[[(tonic + interval) % 12 for interval in intervals]] = 1.0
            row[tonic] = 1.3
            rows.append(row)
    return np.stack(rows) / np.linalg.norm(rows, axis=1, keepdims=True)


TEMPLATES = chord_templates()


def find_chords(chroma: np.ndarray) -> np.ndarray:
    """Names the chord of each row.

    Args:
        chroma: (T, 12) duration-weighted pitch-class histograms, the bass counted twice by the caller.

    Returns:
        (T,) indices into `CHORD_NAMES`; `NO_CHORD` where nothing sounds or nothing fits.
    """
    norm = np.linalg.norm(chroma, axis=1, keepdims=True)
    fit = chroma / (norm + 1e-9) @ TEMPLATES.T
    chords = fit.argmax(1) + 1
    return np.where((norm[:, 0] < 1e-6) | (fit.max(1) < 0.6), NO_CHORD, chords)
