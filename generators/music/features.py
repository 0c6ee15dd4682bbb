"""Scores <-> pieces: notes on a bar grid, transposed to C, with tempo, metre and chords for each bar."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from .beats import beat_phase, downbeat_phase, track_beats
from .harmony import find_chords, find_key

if TYPE_CHECKING:
    import symusic

STEPS_PER_BEAT = 4  # sixteenths
TIME_SIGNATURES = ("2/4", "3/4", "4/4", "6/8")
BAR_STEPS = np.array([8, 12, 16, 12])
PARTS = ("melody", "accompaniment")
PITCH_MIN, PITCH_MAX = 21, 108
DURATIONS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64])
VELOCITY_STEP = 4  # 32 levels
TEMPI = np.round(np.geomspace(40, 220, 36), 1)
MAX_NOTES_PER_BAR = 48
NOTE_COLUMNS = ("time", "duration", "pitch", "velocity")
# Metres that fall on the same bar grid.
EQUIVALENT = {
    (2, 4): "2/4",
    (3, 4): "3/4",
    (4, 4): "4/4",
    (6, 8): "6/8",
    (2, 2): "4/4",
    (12, 8): "6/8",
    (4, 8): "2/4",
}


@dataclass(frozen=True)
class Piece:
    """Music on a grid, transposed so that the tonic is C.

    Attributes:
        notes: (N, 6) int32 rows of bar, position, pitch, duration, velocity, part, sorted by the first three;
            position and duration in sixteenths, pitch a MIDI number after transposition, velocity 1..127,
            part an index into `PARTS`.
        exact: (M, 5) float64 onset and duration in quarter notes on this piece's own time line, pitch,
            velocity and part of every note of the source, before rounding, transposition and the merging of
            doubles.
        row_of_source: (M,) row of `notes` that stands for each of them.
        time_signature: (B,) index into `TIME_SIGNATURES` for each bar.
        tempo: (B,) bpm for each bar.
        chords: (B, 2) index into `CHORD_NAMES` for each half bar, relative to C.
        tonic: 0..11, the tonic before transposition.
        mode: 0 major, 1 minor.
        transposition: semitones that were added.
        origin_beats: quarter notes by which this time line runs ahead of the source's.
        tempo_map: (E, 2) quarter note on this time line and bpm from there on, as the source is played.
        ticks_per_quarter: of the source; notes that are kept keep their ticks.
        has_velocity, has_tempo: False where the source does not say (every velocity the same, no tempo
            written), so that nothing is learned from it.
    """

    notes: np.ndarray
    exact: np.ndarray
    row_of_source: np.ndarray
    time_signature: np.ndarray
    tempo: np.ndarray
    chords: np.ndarray
    tonic: int
    mode: int
    transposition: int
    origin_beats: float
    has_velocity: bool
    has_tempo: bool = True
    tempo_map: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    ticks_per_quarter: int = 480

    @property
    def num_bars(self) -> int:
        return len(self.tempo)

    @property
    def bar_lines(self) -> np.ndarray:
        """(B + 1,) bar lines in sixteenths."""
        return np.concatenate([[0], np.cumsum(BAR_STEPS[self.time_signature])])

    def bars(self, start: int, stop: int) -> Piece:
        """Gives bars start..stop-1 as a piece of their own (without its links to the source)."""
        rows = (self.notes[:, 0] >= start) & (self.notes[:, 0] < stop)
        notes = self.notes[rows].copy()
        notes[:, 0] -= start
        return replace(
            self,
            notes=notes,
            exact=np.zeros((0, 5)),
            row_of_source=np.zeros(0, int),
            time_signature=self.time_signature[start:stop],
            tempo=self.tempo[start:stop],
            chords=self.chords[start:stop],
        )


def piece_from_score(score: symusic.Score, *, trust_bars: bool = True) -> Piece:
    """Puts a score on the grid; performances without a usable grid of their own are beat-tracked.

    Args:
        score: any tick-based score; drums are left out.
        trust_bars: take the file's time signatures when its notes keep to its grid; else bars of 4/4 are
            estimated.

    Raises:
        ValueError: no notes, or a time signature that is not supported.
    """
    tracks = [track for track in score.tracks if not track.is_drum and len(track.notes)]
    if not tracks:
        raise ValueError("expected a score with notes, got none outside drum tracks")
    seconds = [track for track in score.to("second").tracks if not track.is_drum and len(track.notes)]
    columns = [
        np.column_stack([t.notes.numpy()[k] for k in NOTE_COLUMNS]).astype(np.float64) for t in seconds
    ]
    ticks = [np.column_stack([t.notes.numpy()["time"], t.notes.numpy()["duration"]]) for t in tracks]
    notes, file_beats = np.concatenate(columns), np.concatenate(ticks) / score.ticks_per_quarter
    part = parts_of_tracks(tracks)
    signatures = signatures_of(score) if trust_bars else [(0.0, 2)]
    grid = beat_grid(notes, file_beats, trust_bars=trust_bars)
    piece = make_piece(notes, grid, signatures=signatures if grid.trusted else [(0.0, 2)], part=part)
    tempo_map = grid.tempo_map if grid.tempo_map is not None else tempo_map_of(score, grid.origin)
    return replace(
        piece,
        has_tempo=len(score.tempos) > 0,
        tempo_map=tempo_map,
        ticks_per_quarter=score.ticks_per_quarter if grid.tempo_map is None else 480,
    )


def tempo_map_of(score: symusic.Score, origin: float) -> np.ndarray:
    """(E, 2) quarter note (plus `origin`) and bpm of every tempo of a score; 120 where it says nothing."""
    rows = [(event.time / score.ticks_per_quarter + origin, event.qpm) for event in score.tempos]
    if not rows or rows[0][0] > origin:
        rows.insert(0, (origin, 120.0))
    return np.array(rows)


def parts_of_tracks(tracks: list[symusic.Track]) -> np.ndarray | None:
    """Tells parts by track: the one named melody leads, else the higher of exactly two; else None."""
    named: list[bool] = [("melody" in track.name.lower()) for track in tracks]
    if not any(named) and len(tracks) == 2:
        heights = [track.notes.numpy()["pitch"].astype(float).mean() for track in tracks]
        named = [height == max(heights) for height in heights]
    if not any(named):
        return None
    return np.concatenate(
        [np.full(len(t.notes), 0 if lead else 1) for t, lead in zip(tracks, named, strict=True)]
    )


def signatures_of(score: symusic.Score) -> list[tuple[float, int]]:
    """Gives [(quarter note, index into `TIME_SIGNATURES`), ...] of a score; 4/4 where it says nothing."""
    found = [(0.0, 2)]
    for event in score.time_signatures:
        name = EQUIVALENT.get((event.numerator, event.denominator))
        if name is None:
            raise ValueError(
                f"expected a time signature out of {', '.join(TIME_SIGNATURES)}, "
                f"got {event.numerator}/{event.denominator}"
            )
        beat = event.time / score.ticks_per_quarter
        found = [entry for entry in found if entry[0] != beat] + [(beat, TIME_SIGNATURES.index(name))]
    return sorted(found)


@dataclass(frozen=True)
class Grid:
    """Where notes lie in beats.

    Attributes:
        onsets, durations: (N,) quarter notes; bars start at 0.
        tempo: (K,) bpm of each quarter note.
        origin: quarter notes added to the source's time line.
        trusted: the file's own bar lines hold.
        tempo_map: (E, 2) quarter note and bpm of every tracked beat; None where the file's beats are used.
    """

    onsets: np.ndarray
    durations: np.ndarray
    tempo: np.ndarray
    origin: float
    trusted: bool
    tempo_map: np.ndarray | None = None


def beat_grid(notes: np.ndarray, file_beats: np.ndarray, *, trust_bars: bool) -> Grid:
    """Puts notes on beats: on the file's own when its onsets keep to them, else on tracked ones.

    Args:
        notes: (N, 4) onset_s, duration_s, pitch, velocity.
        file_beats: (N, 2) onset and duration in the file's quarter notes.
        trust_bars: bar lines of the file are taken as they are when its grid is.
    """
    phase, share = grid_phase(file_beats[:, 0])
    if share > 0.75:
        if not (trust_bars and phase == 0.0):
            phase += beat_phase(file_beats[:, 0] - phase, file_beats[:, 1], notes[:, 2])
        onsets, durations = file_beats[:, 0] - phase, file_beats[:, 1]
        times, where = notes[:, 0], file_beats[:, 0] - phase
        trusted = trust_bars and phase == 0.0
    else:
        beats = track_beats(notes[np.argsort(notes[:, 0], kind="stable")])
        index = np.arange(len(beats), dtype=float)
        onsets = np.interp(notes[:, 0], beats, index)
        durations = np.interp(notes[:, 0] + notes[:, 1], beats, index) - onsets
        times, where, trusted = beats, index, False
    shift = 0.0 if trusted else downbeat_shift(onsets, durations, notes)
    tempo = tempo_per_beat(times, where + shift)
    if share > 0.75:
        return Grid(onsets + shift, durations, tempo, shift - phase, trusted)
    played = np.column_stack([index[:-1] + shift, 60 / np.maximum(np.diff(beats), 0.02)])
    return Grid(onsets + shift, durations, tempo, shift, trusted, played)


def tempo_per_beat(times: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """Gives bpm for each whole beat from matched (seconds, beats) pairs, averaged over 8 beats."""
    order = np.argsort(beats)
    count = int(beats.max()) + 2
    seconds = np.interp(np.arange(count + 1), beats[order], times[order])
    left, right = (
        np.maximum(np.arange(count) - 4, int(np.ceil(beats.min()))),
        np.minimum(np.arange(count) + 4, int(beats.max())),
    )
    spans, lengths = seconds[np.maximum(right, 0)] - seconds[np.minimum(left, count)], right - left
    valid = (lengths > 0) & (spans > 0.05)
    tempo = np.where(valid, 60 * lengths / np.where(valid, spans, 1.0), np.nan)
    usable = tempo[valid]
    return np.where(valid, tempo, np.median(usable) if len(usable) else 120.0)


def grid_phase(onsets: np.ndarray) -> tuple[float, float]:
    """Gives the offset (in beats, under a sixteenth) that puts most onsets on sixteenths, and their share."""
    fractions = (onsets * STEPS_PER_BEAT) % 1.0
    angle = np.angle(np.exp(2j * np.pi * fractions).mean()) / (2 * np.pi)
    phase = 0.0 if abs(angle) < 0.05 else angle
    deviation = np.abs((fractions - phase + 0.5) % 1.0 - 0.5)
    return phase / STEPS_PER_BEAT, float((deviation < 0.17).mean())


def downbeat_shift(onsets: np.ndarray, durations: np.ndarray, notes: np.ndarray) -> float:
    """Gives the whole beats to add so that downbeats fall on multiples of 4 and no onset is negative."""
    base = np.floor(onsets.min() + 0.125)
    phase = downbeat_phase(np.column_stack([onsets - base, durations, notes[:, 2:]]))
    return float(-base - phase + (4 if phase else 0))


def make_piece(
    notes: np.ndarray, grid: Grid, *, signatures: list[tuple[float, int]], part: np.ndarray | None = None
) -> Piece:
    """Builds a piece from notes on beats.

    Args:
        notes: (N, 4) onset_s, duration_s, pitch, velocity.
        grid: where they lie.
        signatures: [(quarter note, index into `TIME_SIGNATURES`), ...], sorted, the first at 0.
        part: (N,) index into `PARTS`; the skyline is the melody when None.
    """
    steps = np.maximum(0, np.round(grid.onsets * STEPS_PER_BEAT).astype(int))
    lengths = np.maximum(1, np.round(grid.durations * STEPS_PER_BEAT).astype(int))
    lines, signature = bar_lines(signatures, int(steps.max()) + 1)
    bar = np.searchsorted(lines, steps, side="right") - 1
    part = skyline(steps, notes[:, 2]) if part is None else part
    histogram = np.bincount(notes[:, 2].astype(int) % 12, weights=np.minimum(lengths, 16), minlength=12)
    tonic, mode = find_key(histogram)
    shift = -tonic if tonic <= 5 else 12 - tonic
    pitch = np.clip(notes[:, 2].astype(int) + shift, PITCH_MIN, PITCH_MAX)
    rows = np.column_stack(
        [bar, steps - lines[bar], pitch, lengths, np.clip(notes[:, 3], 1, 127).astype(int), part]
    )
    order, row_of_source = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0])), np.zeros(len(rows), int)
    kept: list[int] = []
    row_at: dict[tuple[int, ...], int] = {}
    for index in order:  # two notes of one pitch on one step are one note
        place = tuple(rows[index, :3])
        if place not in row_at:
            row_at[place] = len(kept)
            kept.append(index)
        row_of_source[index] = row_at[place]
    rows = rows[kept].astype(np.int32)
    beat_of_bar = np.clip(lines[:-1] // STEPS_PER_BEAT, 0, len(grid.tempo) - 1)
    return Piece(
        notes=rows,
        exact=np.column_stack([grid.onsets, grid.durations, notes[:, 2:], part]),
        row_of_source=row_of_source,
        time_signature=signature,
        tempo=np.clip(grid.tempo[beat_of_bar], TEMPI[0], TEMPI[-1]),
        chords=chords_of(rows, signature),
        tonic=tonic,
        mode=mode,
        transposition=shift,
        origin_beats=grid.origin,
        has_velocity=len(np.unique(rows[:, 4])) > 3,
    )


def bar_lines(signatures: list[tuple[float, int]], end_step: int) -> tuple[np.ndarray, np.ndarray]:
    """Gives (B + 1,) bar lines in steps that cover `end_step`, and (B,) time signature of each bar."""
    lines, kinds = [0], []
    starts = [round(beat * STEPS_PER_BEAT) for beat, _ in signatures]
    while lines[-1] < end_step:
        current = int(np.searchsorted(starts, lines[-1], side="right")) - 1
        kinds.append(signatures[max(0, current)][1])
        lines.append(lines[-1] + int(BAR_STEPS[kinds[-1]]))
    return np.array(lines), np.array(kinds, dtype=int)


def skyline(steps: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Gives parts: the highest note of each step leads when it is above middle C minus a third."""
    top = np.full(int(steps.max()) + 1, -1)
    np.maximum.at(top, steps, pitch.astype(int))
    return np.where((pitch >= top[steps]) & (pitch >= 57), 0, 1)


def chords_of(notes: np.ndarray, time_signature: np.ndarray) -> np.ndarray:
    """Names the chord of each half bar from what sounds in it; the lowest note counts twice."""
    bars = len(time_signature)
    chroma = np.zeros((bars, 2, 12))
    lowest = np.full((bars, 2), 999)
    half = BAR_STEPS[time_signature] // 2
    for bar, position, pitch, duration, _, _ in notes:
        for part in (0, 1):
            overlap = min(position + duration, (part + 1) * half[bar]) - max(position, part * half[bar])
            if overlap > 0:
                chroma[bar, part, pitch % 12] += overlap
                lowest[bar, part] = min(lowest[bar, part], pitch)
    for bar, part in np.argwhere(lowest < 999):
        chroma[bar, part, lowest[bar, part] % 12] *= 2
    return find_chords(chroma.reshape(-1, 12)).reshape(bars, 2)


def duration_token(steps: np.ndarray) -> np.ndarray:
    """Index of the nearest entry of `DURATIONS`, nearest as a ratio."""
    return np.abs(np.log(np.maximum(steps, 1))[..., None] - np.log(DURATIONS)).argmin(-1)


def tempo_token(bpm: np.ndarray) -> np.ndarray:
    """Index of the nearest entry of `TEMPI`, nearest as a ratio."""
    return np.abs(np.log(bpm)[..., None] - np.log(TEMPI)).argmin(-1)


ATTRIBUTES = ("rhythm_density", "note_density", "polyphony", "register", "loudness")


def attributes_of(piece: Piece) -> np.ndarray:
    """Measures what the faders move.

    Returns:
        (5,) float32: distinct onsets a beat, notes a beat, mean number of notes sounding where any sounds,
        mean pitch, mean velocity. NaN for the loudness of a piece without velocities.
    """
    steps = int(BAR_STEPS[piece.time_signature].sum())
    starts = piece.bar_lines[piece.notes[:, 0]] + piece.notes[:, 1]
    sounding = np.zeros(steps + 1)
    np.add.at(sounding, starts, 1)
    np.add.at(sounding, np.minimum(starts + piece.notes[:, 3], steps), -1)
    sounding = np.cumsum(sounding)[:steps]
    beats = steps / STEPS_PER_BEAT
    return np.array(
        [
            len(np.unique(starts)) / beats,
            len(starts) / beats,
            sounding[sounding > 0].mean() if len(starts) else 0.0,
            piece.notes[:, 2].mean() if len(starts) else 60.0,
            piece.notes[:, 4].mean() if piece.has_velocity else np.nan,
        ],
        dtype=np.float32,
    )
