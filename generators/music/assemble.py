"""Finished notes -> a symusic score with tracks, tempo, key, metre and markers."""

from __future__ import annotations

import numpy as np
import symusic

from .canvas import Notes
from .features import BAR_STEPS, PARTS, TIME_SIGNATURES

TICKS_PER_QUARTER = 480


def assemble(
    notes: Notes,
    *,
    time_signature: np.ndarray,
    tempo: np.ndarray,
    tonic: int,
    mode: int,
    programs: tuple[int, int],
    markers: list[tuple[int, str]],
    origin_beats: float = 0.0,
) -> symusic.Score:
    """Builds a score.

    Args:
        notes: what sounds.
        time_signature, tempo: (B,) index into `TIME_SIGNATURES` and bpm for each bar.
        tonic, mode: of the key signature.
        programs: General MIDI programs of melody and accompaniment.
        markers: (bar, text).
        origin_beats: quarter notes by which the notes' time line runs ahead of the one to be written.
    """
    score = symusic.Score(TICKS_PER_QUARTER)
    lines = np.concatenate([[0], np.cumsum(BAR_STEPS[time_signature])]) / 4 - origin_beats
    ticks = np.maximum(0, np.round(lines * TICKS_PER_QUARTER)).astype(int)
    for bar in range(len(tempo)):
        if bar == 0 or tempo[bar] != tempo[bar - 1]:
            score.tempos.append(symusic.Tempo(int(ticks[bar]) if bar else 0, qpm=float(tempo[bar])))
        if bar == 0 or time_signature[bar] != time_signature[bar - 1]:
            numerator, denominator = TIME_SIGNATURES[time_signature[bar]].split("/")
            time = int(ticks[bar]) if bar else 0
            score.time_signatures.append(symusic.TimeSignature(time, int(numerator), int(denominator)))
    score.key_signatures.append(symusic.KeySignature(0, accidentals(tonic, mode), mode))
    for bar, text in markers:
        score.markers.append(symusic.TextMeta(int(ticks[bar]), text))
    onsets = np.maximum(0, np.round((notes.onset_beats - origin_beats) * TICKS_PER_QUARTER)).astype(np.int32)
    durations = np.maximum(1, np.round(notes.duration_beats * TICKS_PER_QUARTER)).astype(np.int32)
    durations = without_overlap(onsets, durations, notes)
    for part, program in enumerate(programs):
        mine = notes.part == part
        track = symusic.Track(PARTS[part], int(program), False)
        track.notes = symusic.Note.from_numpy(
            onsets[mine],
            durations[mine],
            np.clip(notes.pitch[mine], 0, 127).astype(np.int8),
            np.clip(notes.velocity[mine], 1, 127).astype(np.int8),
        )
        score.tracks.append(track)
    return score


def without_overlap(onsets: np.ndarray, durations: np.ndarray, notes: Notes) -> np.ndarray:
    """Ends each new note where the same key of the same part is struck again; given notes stay as they are."""
    durations = durations.copy()
    order = np.lexsort((onsets, notes.pitch, notes.part))
    for left, right in zip(order[:-1], order[1:], strict=True):
        same = notes.pitch[left] == notes.pitch[right] and notes.part[left] == notes.part[right]
        if same and notes.new[left] and onsets[left] < onsets[right] < onsets[left] + durations[left]:
            durations[left] = onsets[right] - onsets[left]
    return durations


def accidentals(tonic: int, mode: int) -> int:
    """Sharps (positive) or flats of the key signature, -6..5.

    A step of a fifth upwards adds a sharp; minor has its relative major's signature.
    """
    major = (tonic + 3 * mode) % 12
    sharps = (7 * major) % 12
    return sharps if sharps <= 5 else sharps - 12
