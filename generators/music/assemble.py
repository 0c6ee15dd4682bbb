"""Finished notes -> a symusic score with tracks, tempo, key, metre and markers."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import symusic

from .canvas import Notes
from .features import BAR_STEPS, PARTS, TIME_SIGNATURES

TICKS_PER_QUARTER = 480


def assemble(
    notes: Notes,
    *,
    time_signature: np.ndarray,
    tempo_map: np.ndarray,
    tonic: int,
    mode: int,
    programs: tuple[int, int],
    markers: list[tuple[int, str]],
    origin_beats: float = 0.0,
    ticks_per_quarter: int | None = None,
) -> symusic.Score:
    """Builds a score.

    Args:
        notes: what sounds.
        time_signature: (B,) index into `TIME_SIGNATURES` for each bar.
        tempo_map: (E, 2) quarter note and bpm of every change of tempo, in order.
        tonic, mode: of the key signature.
        programs: General MIDI programs of melody and accompaniment.
        markers: (bar, text).
        origin_beats: quarter notes by which the notes' time line runs ahead of the one to be written.
        ticks_per_quarter: of the source; a multiple of it is used, so that given notes keep their ticks.
    """
    score = symusic.Score(fine_ticks(ticks_per_quarter))
    lines = np.concatenate([[0], np.cumsum(BAR_STEPS[time_signature])]) / 4

    def ticks_of(beats: np.ndarray) -> np.ndarray:
        return np.maximum(0, np.round((beats - origin_beats) * score.ticks_per_quarter)).astype(np.int32)

    bar_ticks = ticks_of(lines)
    bar_ticks[0] = 0
    last_bpm = None
    for tick, bpm in zip(ticks_of(tempo_map[:, 0]), tempo_map[:, 1], strict=True):
        if bpm != last_bpm:
            score.tempos.append(symusic.Tempo(int(tick) if last_bpm else 0, qpm=float(bpm)))
        last_bpm = bpm
    for bar, kind in enumerate(time_signature):
        if bar == 0 or kind != time_signature[bar - 1]:
            numerator, denominator = TIME_SIGNATURES[kind].split("/")
            score.time_signatures.append(
                symusic.TimeSignature(int(bar_ticks[bar]), int(numerator), int(denominator))
            )
    score.key_signatures.append(symusic.KeySignature(0, accidentals(tonic, mode), mode))
    for bar, text in markers:
        score.markers.append(symusic.TextMeta(int(bar_ticks[bar]), text))
    onsets = ticks_of(notes.onset_beats)
    durations = np.maximum(1, np.round(notes.duration_beats * score.ticks_per_quarter)).astype(np.int32)
    durations = without_overlap(onsets, durations, notes)
    # A new note does not ring past the last bar line.
    durations = np.where(notes.new, np.minimum(durations, np.maximum(1, bar_ticks[-1] - onsets)), durations)
    for part, program in enumerate(programs):
        mine = notes.part == part
        track = symusic.Track(PARTS[part], int(program), False)
        track.notes = symusic.Note.from_numpy(
            onsets[mine],
            durations[mine].astype(np.int32),
            np.clip(notes.pitch[mine], 0, 127).astype(np.int8),
            np.clip(notes.velocity[mine], 1, 127).astype(np.int8),
        )
        score.tracks.append(track)
    return score


def fine_ticks(source: int | None) -> int:
    """Ticks a quarter note: 480, or with a source the least multiple of both that MIDI can say."""
    common = math.lcm(source or TICKS_PER_QUARTER, TICKS_PER_QUARTER)
    return common if common < 2**15 else TICKS_PER_QUARTER


def without_overlap(onsets: np.ndarray, durations: np.ndarray, notes: Notes) -> np.ndarray:
    """Ends each new note where its part strikes its key again; given notes stay as they are."""
    durations = durations.copy()
    order = np.lexsort((onsets, notes.pitch, notes.part))
    for left, right in pairwise(order):
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
