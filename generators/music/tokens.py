"""Pieces <-> compound tokens: one row for each bar, then one for each of its notes, every field on its own.

A field of a row is a value, `MASK` (to be generated) or `NOT_HERE` (bars have no pitch, notes no chord).
Because fields are separate, any of them can be kept while the others are drawn again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .features import (
    BAR_STEPS,
    DURATIONS,
    MAX_NOTES_PER_BAR,
    PITCH_MAX,
    PITCH_MIN,
    TEMPI,
    TIME_SIGNATURES,
    VELOCITY_STEP,
    Piece,
    duration_token,
    tempo_token,
)
from .harmony import CHORD_NAMES

# Field -> number of values. Bars own the first seven, notes the rest.
FIELDS = {
    "time_signature": len(TIME_SIGNATURES),
    "mode": 2,
    "tempo": len(TEMPI),
    "chord_first": len(CHORD_NAMES),
    "chord_second": len(CHORD_NAMES),
    "count": MAX_NOTES_PER_BAR + 1,
    "onsets": int(BAR_STEPS.max()) + 1,
    "position": int(BAR_STEPS.max()),
    "pitch": PITCH_MAX - PITCH_MIN + 1,
    "duration": len(DURATIONS),
    "velocity": 128 // VELOCITY_STEP,
    "part": 2,
}
NAMES = tuple(FIELDS)
SIZES = tuple(FIELDS.values())
NUM_FIELDS = len(FIELDS)
BAR_FIELDS, NOTE_FIELDS = slice(0, 7), slice(7, 12)
TIME_SIGNATURE, MODE, TEMPO, CHORD_FIRST, CHORD_SECOND, COUNT, ONSETS = range(7)
POSITION, PITCH, DURATION, VELOCITY, PART = range(7, NUM_FIELDS)
# What people name in `keep`: element -> fields.
ELEMENTS = {
    "tempo": (TEMPO,),
    "chord": (CHORD_FIRST, CHORD_SECOND),
    "position": (POSITION,),
    "pitch": (PITCH,),
    "duration": (DURATION,),
    "velocity": (VELOCITY,),
    "part": (PART,),
}
MASK, NOT_HERE = -1, -2
PLACE_LIMIT = 64  # notes of a bar are numbered below this


@dataclass(frozen=True)
class Tokens:
    """Rows of compound tokens.

    Attributes:
        values: (L, 12) int64; a value of the field, `MASK` or `NOT_HERE`.
        bar: (L,) bar of each row.
        place: (L,) 0 for the bar's own row, 1, 2, ... for its notes in order of part, position and pitch.
    """

    values: np.ndarray
    bar: np.ndarray
    place: np.ndarray

    @property
    def is_bar(self) -> np.ndarray:
        return self.place == 0


def layout(counts: np.ndarray) -> Tokens:
    """Gives empty rows for bars of the given numbers of notes: every field a row can have is `MASK`."""
    bar = np.repeat(np.arange(len(counts)), counts + 1)
    first = np.concatenate([[0], np.cumsum(counts + 1)])[:-1]
    place = np.arange(len(bar)) - first[bar]
    values = np.full((len(bar), NUM_FIELDS), NOT_HERE, dtype=np.int64)
    values[place == 0, BAR_FIELDS] = MASK
    values[place > 0, NOTE_FIELDS] = MASK
    return Tokens(values, bar, place)


def encode(piece: Piece, *, with_notes: bool = True) -> Tokens:
    """Turns a piece into tokens; notes beyond 48 in a bar are left out.

    Fields its source does not know stay `MASK`.

    Args:
        piece: music on the grid.
        with_notes: False gives the bar rows alone (the plan).
    """
    notes = piece.notes[row_order(piece)]
    counts = np.bincount(notes[:, 0], minlength=piece.num_bars)
    tokens = layout(counts if with_notes else np.zeros(piece.num_bars, dtype=int))
    bars = tokens.values[tokens.is_bar]
    bars[:, TIME_SIGNATURE], bars[:, MODE] = piece.time_signature, piece.mode
    if piece.has_tempo:
        bars[:, TEMPO] = tempo_token(piece.tempo)
    bars[:, CHORD_FIRST], bars[:, CHORD_SECOND] = piece.chords[:, 0], piece.chords[:, 1]
    bars[:, COUNT] = counts
    for bar, _ in np.unique(notes[:, :2], axis=0):
        bars[bar, ONSETS] = max(0, bars[bar, ONSETS]) + 1
    bars[counts == 0, ONSETS] = 0
    tokens.values[tokens.is_bar] = bars
    if with_notes:
        rows = tokens.values[~tokens.is_bar]
        rows[:, POSITION], rows[:, PITCH] = notes[:, 1], notes[:, 2] - PITCH_MIN
        rows[:, DURATION], rows[:, PART] = duration_token(notes[:, 3]), notes[:, 5]
        if piece.has_velocity:
            rows[:, VELOCITY] = notes[:, 4] // VELOCITY_STEP
        tokens.values[~tokens.is_bar] = rows
    return tokens


def notes_within_limit(piece: Piece) -> np.ndarray:
    """(N,) True for the notes that have a row: the first 48 of each bar."""
    starts = np.searchsorted(piece.notes[:, 0], np.arange(piece.num_bars))
    return np.arange(len(piece.notes)) - starts[piece.notes[:, 0]] < MAX_NOTES_PER_BAR


def row_order(piece: Piece) -> np.ndarray:
    """Indices of the notes that have a row, in the order of rows: bar, part, position, pitch.

    The melody of a bar stands together, so that the note before is the row before; where parts are mixed, a
    small network does not find it.
    """
    kept = np.flatnonzero(notes_within_limit(piece))
    bar, position, pitch, _, _, part = piece.notes[kept].T
    return kept[np.lexsort((pitch, position, part, bar))]
