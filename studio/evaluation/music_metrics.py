"""Objective measures of music on a grid of sixteenths, and of what is copied or degenerate.

Real and generated clips go through the same grid, so that a difference is a difference of music.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import symusic

STEPS_PER_BEAT = 4
ATTRIBUTES = ("rhythm_density", "note_density", "polyphony", "register", "loudness")
COMPARED = ("pitch_class_entropy", "groove_consistency", "scale_consistency", "polyphony")
MIN_WINDOW_NOTES = 6
MIN_CLIP_NOTES = 8
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}


@dataclass(frozen=True)
class GridClip:
    """A clip on sixteenths.

    Attributes:
        notes: (N, 4) int: onset and duration in sixteenths, MIDI pitch, velocity; sorted by onset, then
            pitch.
        lines: (B + 1,) bar lines in sixteenths.
    """

    notes: np.ndarray
    lines: np.ndarray

    @property
    def num_beats(self) -> float:
        return float(self.lines[-1] - self.lines[0]) / STEPS_PER_BEAT


def grid_of(score: symusic.Score) -> GridClip:
    """Puts a score on the grid: on its own bars when its notes keep to them, else on tracked beats in bars
    of 4/4.

    Raises:
        ValueError: no notes, or a time signature that the music backend does not know.
    """
    from generators.music.features import piece_from_score

    return grid_of_piece(piece_from_score(score))


def grid_of_piece(piece: Any) -> GridClip:
    """Takes the notes, at their own pitch, and the bar lines of a `generators.music.features.Piece`."""
    import numpy as np

    rows = piece.notes
    onset = piece.bar_lines[rows[:, 0]] + rows[:, 1]
    notes = np.column_stack([onset, rows[:, 3], rows[:, 2] - piece.transposition, rows[:, 4]])
    order = np.lexsort((notes[:, 2], notes[:, 0]))
    return GridClip(notes[order].astype(int), np.asarray(piece.bar_lines, dtype=int))


def measure(clip: GridClip) -> dict[str, float]:
    """Gives every measure of one clip by name."""
    return {
        "pitch_class_entropy": pitch_class_entropy(clip),
        "groove_consistency": groove_consistency(clip),
        "scale_consistency": scale_consistency(clip),
        "polyphony": polyphony(clip),
        "note_density": note_density(clip),
        "rhythm_density": rhythm_density(clip),
        "register": float(clip.notes[:, 2].mean()),
        "loudness": float(clip.notes[:, 3].mean()),
    }


def pitch_class_entropy(clip: GridClip) -> float:
    """Entropy in bits (0..3.58) of the pitch classes of all notes.

    Source: Wu and Yang, "The Jazz Transformer on the Front Line", ISMIR 2020; `muspy.pitch_class_entropy`.
    """
    import numpy as np

    share = np.bincount(clip.notes[:, 2] % 12, minlength=12) / len(clip.notes)
    return float(-(share[share > 0] * np.log2(share[share > 0])).sum())


def scale_consistency(clip: GridClip) -> float:
    """Largest share of notes (0..1) that lie in one major or natural minor scale.

    Source: Mogren, "C-RNN-GAN", 2016; `muspy.scale_consistency`.
    """
    import numpy as np

    share = np.bincount(clip.notes[:, 2] % 12, minlength=12) / len(clip.notes)
    return float(max(np.roll(share, -root)[list(SCALES["major"])].sum() for root in range(12)))


def groove_consistency(clip: GridClip) -> float:
    """One minus the mean share of sixteenths on which neighbouring bars differ in having an onset (0..1).

    Neighbours of different length are compared on the shorter one. One bar alone is consistent.

    Source: Wu and Yang 2020, eq. 3; `muspy.groove_consistency`.
    """
    import numpy as np

    bars = [np.zeros(int(size), dtype=bool) for size in np.diff(clip.lines)]
    bar = np.searchsorted(clip.lines, clip.notes[:, 0], side="right") - 1
    for number, position in zip(bar, clip.notes[:, 0] - clip.lines[bar], strict=True):
        bars[number][position] = True
    differences = []
    for one, two in itertools.pairwise(bars):
        size = min(len(one), len(two))
        differences.append((one[:size] != two[:size]).mean())
    return float(1 - np.mean(differences)) if differences else 1.0


def polyphony(clip: GridClip) -> float:
    """Mean number of pitches that sound, over the sixteenths on which any does.

    Source: Dong et al., "MusPy", ISMIR 2020, `muspy.polyphony`.
    """
    import numpy as np

    end = int((clip.notes[:, 0] + clip.notes[:, 1]).max())
    roll = np.zeros((end, 128), dtype=bool)
    for onset, duration, pitch, _ in clip.notes:
        roll[onset : onset + duration, min(max(pitch, 0), 127)] = True
    sounding = roll.sum(1)
    return float(sounding[sounding > 0].mean())


def note_density(clip: GridClip) -> float:
    """Notes a beat."""
    return len(clip.notes) / clip.num_beats


def rhythm_density(clip: GridClip) -> float:
    """Distinct onsets a beat."""
    import numpy as np

    return len(np.unique(clip.notes[:, 0])) / clip.num_beats


def fault_of(notes: np.ndarray, duration_s: float | None = None) -> str | None:
    """Says what makes a clip degenerate; None when nothing does.

    Args:
        notes: (N, 4) onset_s, duration_s, pitch, velocity.
        duration_s: how long the clip should be; to the end of its last note when None.
    """
    import numpy as np

    if len(notes) < MIN_CLIP_NOTES:
        return "empty" if len(notes) == 0 else f"fewer than {MIN_CLIP_NOTES} notes"
    if not np.isfinite(notes).all():
        return "notes that are not finite"
    if len(np.unique(notes[:, 2])) < 3:
        return "fewer than three pitches"
    if len(np.unique(np.round(notes[:, 0], 2))) < 5:
        return "fewer than five moments"
    moments = np.unique(np.round(notes[:, 0] / 0.02).astype(int), return_counts=True)[1]
    if moments.max() > max(16, 0.3 * len(notes)):
        return "one huge cluster"
    end = max(duration_s or 0.0, float((notes[:, 0] + notes[:, 1]).max()))
    edges = np.append(np.concatenate([[0.0], np.sort(notes[:, 0])]), end)
    if np.diff(edges).max() > max(0.35 * end, 8.0):
        return "a long silence"
    if not ((notes[:, 0] < end / 2).any() and (notes[:, 0] >= end / 2).any()):
        return "half of it silent"
    return None


def window_hashes(clip: GridClip) -> np.ndarray:
    """Gives a 64-bit number for each two-bar window with at least six notes, the same in every key.

    A window is the set of (sixteenth from its start, semitones above its lowest note).
    """
    import numpy as np

    hashes = []
    starts = np.searchsorted(clip.notes[:, 0], clip.lines)
    for first in range(len(clip.lines) - 2):
        notes = clip.notes[starts[first] : starts[first + 2]]
        if len(notes) < MIN_WINDOW_NOTES:
            continue
        place = np.column_stack([notes[:, 0] - clip.lines[first], notes[:, 2] - notes[:, 2].min()])
        data = np.unique(place, axis=0).astype("<i2").tobytes()
        hashes.append(int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True))
    return np.array(hashes, dtype=np.int64)


def copied(hashes: np.ndarray, training: np.ndarray) -> np.ndarray:
    """(W,) True where a window is in the sorted (K,) hashes of the training sets."""
    import numpy as np

    if not len(training):
        return np.zeros(len(hashes), dtype=bool)
    at = np.minimum(np.searchsorted(training, hashes), len(training) - 1)
    return training[at] == hashes
