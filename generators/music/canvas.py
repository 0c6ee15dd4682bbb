"""What is known and what is to be made: the bars and notes of a piece while it is being filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .features import BAR_STEPS, DURATIONS, PITCH_MIN, TEMPI, VELOCITY_STEP, Piece, tempo_token
from .tokens import (
    BAR_FIELDS,
    CHORD_FIRST,
    CHORD_SECOND,
    COUNT,
    DURATION,
    MASK,
    MODE,
    ONSETS,
    PART,
    PITCH,
    POSITION,
    TEMPO,
    TIME_SIGNATURE,
    VELOCITY,
    Tokens,
    encode,
    layout,
    notes_within_limit,
    row_order,
)


@dataclass
class Canvas:
    """A piece in the making, transposed to C.

    Attributes:
        bars: (B, 7) bar fields; `MASK` where still to be made.
        notes: for each bar (n, 5) note fields; `MASK` where still to be made. None where not even their
            number is known.
        links: for each bar (n,) row of the source piece that each note stands for; -1 for a new note.
        todo: (B,) True for the bars that are to be filled.
        source: the piece that was given, if any.
        keeps_tempo: the source's bars keep its tempo.
        tempo_range: slowest and fastest bpm of all other bars.
    """

    bars: np.ndarray
    notes: list[np.ndarray | None]
    links: list[np.ndarray]
    todo: np.ndarray
    source: Piece | None = None
    keeps_tempo: bool = False
    tempo_range: tuple[float, float] = (float(TEMPI[0]), float(TEMPI[-1]))

    @property
    def num_bars(self) -> int:
        return len(self.bars)

    @property
    def bar_steps(self) -> np.ndarray:
        """(B,) sixteenths of each bar; 4/4 where the metre is still to be made."""
        return BAR_STEPS[np.where(self.bars[:, 0] >= 0, self.bars[:, 0], 2)]

    @property
    def tempo(self) -> np.ndarray:
        """(B,) bpm of each bar; an open one is taken to be the last known one, or 110."""
        tokens = self.bars[:, TEMPO]
        known = np.maximum.accumulate(np.where(tokens >= 0, np.arange(len(tokens)), -1))
        bpm = np.where(known >= 0, TEMPI[tokens[np.maximum(known, 0)]], 110.0).clip(*self.tempo_range)
        if self.source is not None and self.keeps_tempo:
            bpm[: self.source.num_bars] = self.source.tempo
        return bpm

    @property
    def bar_seconds(self) -> np.ndarray:
        """(B,) seconds of each bar."""
        return self.bar_steps / 4 * 60 / self.tempo

    def extend(self, count: int, *, like_last: bool = False) -> None:
        """Adds empty bars to be filled at the end, in the last bar's metre and mode if asked."""
        empty = np.full((count, self.bars.shape[1]), MASK)
        if like_last:
            empty[:, [TIME_SIGNATURE, MODE]] = self.bars[-1, [TIME_SIGNATURE, MODE]]
        self.bars = np.concatenate([self.bars, empty])
        self.notes += [None] * count
        self.links += [np.zeros(0, int)] * count
        self.todo = np.concatenate([self.todo, np.ones(count, bool)])

    def cut(self, num_bars: int) -> None:
        """Leaves only the first bars."""
        self.bars, self.todo = self.bars[:num_bars], self.todo[:num_bars]
        self.notes, self.links = self.notes[:num_bars], self.links[:num_bars]

    def clear(self, start: int, stop: int) -> None:
        """Empties bars start..stop-1 (their metre, mode and tempo stay) so that they are filled again."""
        self.bars[start:stop, [CHORD_FIRST, CHORD_SECOND, COUNT, ONSETS]] = MASK
        for bar in range(start, stop):
            self.notes[bar], self.links[bar] = None, np.zeros(0, int)
        self.todo[start:stop] = True

    def forget(self, fields: list[int]) -> None:
        """Empties fields of every bar and note, so that these elements are made again."""
        for field in fields:
            if field < POSITION:
                self.bars[:, field] = MASK
            else:
                for rows in self.notes:
                    if rows is not None:
                        rows[:, field - POSITION] = MASK
        self.todo[:] = True

    def tokens(self, start: int, stop: int, *, with_notes: bool) -> Tokens:
        """Gives bars start..stop-1 as tokens; unknown notes have as many rows as the bar's count says."""
        counts = [0 if not with_notes else self.note_count(bar) for bar in range(start, stop)]
        tokens = layout(np.array(counts))
        values = tokens.values
        values[tokens.is_bar, BAR_FIELDS] = self.bars[start:stop]
        for bar in range(start, stop):
            rows = self.notes[bar]
            if with_notes and rows is not None and len(rows):
                values[(tokens.bar == bar - start) & ~tokens.is_bar, POSITION:] = rows
        return tokens

    def note_count(self, bar: int) -> int:
        rows = self.notes[bar]
        return len(rows) if rows is not None else max(0, int(self.bars[bar, COUNT]))

    def put_bars(self, start: int, stop: int, values: np.ndarray) -> None:
        """Takes the bar fields (S, 7) of bars start..stop-1."""
        self.bars[start:stop] = values

    def put_notes(self, start: int, tokens: Tokens) -> None:
        """Takes finished notes of the bars to be filled; new ones are ordered and doubled ones dropped."""
        for bar in range(start, start + int(tokens.bar.max()) + 1):
            if not self.todo[bar]:
                continue
            rows = tokens.values[(tokens.bar == bar - start) & ~tokens.is_bar, POSITION:].copy()
            links = self.links[bar] if len(self.links[bar]) == len(rows) else np.full(len(rows), -1)
            if (links < 0).all():
                _, first = np.unique(rows[:, :2], axis=0, return_index=True)
                rows, links = rows[first], links[first]
                rows = rows[np.lexsort((rows[:, 1], rows[:, 0], rows[:, PART - POSITION]))]
            self.notes[bar], self.links[bar] = rows, links
            self.bars[bar, COUNT] = len(rows)
            self.bars[bar, ONSETS] = len(np.unique(rows[:, 0]))
            self.todo[bar] = False


def blank(num_bars: int) -> Canvas:
    """Gives a canvas of empty bars."""
    canvas = Canvas(np.zeros((0, COUNT + 2), int), [], [], np.zeros(0, bool))
    canvas.extend(num_bars)
    return canvas


def from_piece(piece: Piece) -> Canvas:
    """Gives a canvas on which everything is known."""
    tokens = encode(piece)
    rows = row_order(piece)
    values = tokens.values[~tokens.is_bar, POSITION:]
    if not piece.has_velocity:
        values[:, VELOCITY - POSITION] = piece.notes[rows, 4] // VELOCITY_STEP
    note_bar = tokens.bar[~tokens.is_bar]
    bars = tokens.values[tokens.is_bar][:, BAR_FIELDS].copy()
    if not piece.has_tempo:
        bars[:, TEMPO] = tempo_token(piece.tempo)
    everything = range(piece.num_bars)
    return Canvas(
        bars=bars,
        notes=[values[note_bar == bar].copy() for bar in everything],
        links=[rows[note_bar == bar] for bar in everything],
        todo=np.zeros(piece.num_bars, bool),
        source=piece,
    )


@dataclass(frozen=True)
class Notes:
    """Finished notes.

    Attributes:
        onset_beats, duration_beats: (N,) float64 quarter notes.
        pitch: (N,) MIDI numbers as they sound. velocity: (N,) 1..127. part: (N,) index into `PARTS`.
        new: (N,) True where nothing of the note was given.
    """

    onset_beats: np.ndarray
    duration_beats: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    part: np.ndarray
    new: np.ndarray


def finish(canvas: Canvas, transposition: int, kept: frozenset[int], start: int = 0) -> Notes:
    """Turns a filled canvas into notes; kept fields of given notes come out exactly as they went in.

    Args:
        canvas: with nothing left to be made.
        transposition: semitones from C to the key that sounds.
        kept: note fields that given notes keep; their exact timing, pitch and velocity are then the source's.
        start: first bar to take.
    """
    lines = np.concatenate([[0], np.cumsum(canvas.bar_steps)])
    columns: list[tuple] = []
    doubles = doubled_notes(canvas.source)
    for bar in range(start, canvas.num_bars):
        rows, links = canvas.notes[bar], canvas.links[bar]
        if rows is None:
            continue
        for row, link in zip(rows, links, strict=True):
            onset = (lines[bar] + row[POSITION - POSITION]) / 4
            duration = DURATIONS[row[DURATION - POSITION]] / 4
            pitch = row[PITCH - POSITION] + PITCH_MIN + transposition
            velocity = row[VELOCITY - POSITION] * VELOCITY_STEP + VELOCITY_STEP // 2
            source = canvas.source
            if link < 0 or source is None:
                columns.append((onset, duration, pitch, velocity, row[PART - POSITION], True))
                continue
            for exact_onset, exact_duration, exact_pitch, exact_velocity, exact_part in doubles[link]:
                columns.append(
                    (
                        exact_onset if POSITION in kept else onset,
                        exact_duration if DURATION in kept else duration,
                        exact_pitch + source.transposition + transposition if PITCH in kept else pitch,
                        exact_velocity if VELOCITY in kept else velocity,
                        exact_part if PART in kept else row[PART - POSITION],
                        False,
                    )
                )
    table = np.array(columns, dtype=float).reshape(-1, 6)
    pitch, velocity, part = (table[:, i].astype(int) for i in (2, 3, 4))
    return Notes(table[:, 0], table[:, 1], pitch, velocity, part, table[:, 5].astype(bool))


def doubled_notes(source: Piece | None) -> dict[int, list[tuple[float, float, int, int, int]]]:
    """Row of the source -> exact onset, duration, pitch, velocity, part of every note it stands for.

    Notes beyond the limit of their bar have no row on a canvas; the bar's last row stands for them.
    """
    found: dict[int, list[tuple[float, float, int, int, int]]] = {}
    if source is not None:
        rows = np.where(notes_within_limit(source), np.arange(len(source.notes)), -1)
        standing = np.maximum.accumulate(rows)[source.row_of_source]
        for row, (onset, duration, *whole) in zip(standing, source.exact, strict=True):
            pitch, velocity, part = (int(value) for value in whole)
            found.setdefault(int(row), []).append((onset, duration, pitch, velocity, part))
    return found
