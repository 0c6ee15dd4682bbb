"""Readings of emotion for training pieces: EMOPIA's labels made graded, the music encoder's elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from .corpus import Corpus
from .features import STEPS_PER_BEAT, Piece
from .options import STYLES

STRIDE = 8  # bars between readings
SPAN = 16  # bars that each reading hears
SPREAD = 0.5  # standard deviation given to the readings of each corpus, about that of EMOPIA's graded labels


def note_seconds(piece: Piece) -> np.ndarray:
    """Gives (N, 4) onset_s, duration_s, pitch as it sounded, velocity of a piece on the grid."""
    seconds_a_step = 60 / piece.tempo / STEPS_PER_BEAT
    bar_start = np.concatenate([[0.0], np.cumsum(np.diff(piece.bar_lines) * seconds_a_step)])
    bar, position, pitch, duration, velocity, _ = piece.notes.T
    step_s = seconds_a_step[bar]
    return np.column_stack(
        [bar_start[bar] + position * step_s, duration * step_s, pitch - piece.transposition, velocity]
    ).astype(np.float32)


def read_corpus_emotions(
    corpus: Corpus,
    read_va: Callable[[Sequence[np.ndarray]], np.ndarray],
    clip_readings: Mapping[str, Sequence[float]],
) -> Corpus:
    """Fills in `valence_arousal`.

    A corpus is read relative to itself: readings are standardised within each style, so that a collection
    played loudly throughout is not all aroused.

    Args:
        read_va: note arrays -> (len, 2) valence and arousal.
        clip_readings: id -> (valence, arousal) of clips that people labelled; these are taken as they are.
    """
    readings: list[np.ndarray] = []
    for piece, clip in zip(corpus.pieces, corpus.ids, strict=True):
        if clip in clip_readings:
            readings.append(np.tile(np.asarray(clip_readings[clip], np.float32), (piece.num_bars, 1)))
            continue
        starts = range(0, max(1, piece.num_bars - STRIDE), STRIDE)
        windows = [piece.bars(start, min(piece.num_bars, start + SPAN)) for start in starts]
        heard = [index for index, window in enumerate(windows) if len(window.notes) >= 8]
        if not heard:
            readings.append(np.full((piece.num_bars, 2), np.nan, np.float32))
            continue
        values = read_va([note_seconds(windows[index]) for index in heard])
        reading = np.full((piece.num_bars, 2), np.nan, np.float32)
        for index, value in zip(heard, values, strict=True):
            reading[index * STRIDE :] = value
        readings.append(reading)
    labelled = np.array([clip in clip_readings for clip in corpus.ids])
    for style in range(len(STYLES)):
        members = np.flatnonzero((corpus.style == style) & ~labelled)
        if len(members):
            every = np.concatenate([readings[index] for index in members])
            mean, std = np.nanmean(every, 0), np.nanstd(every, 0) + 1e-6
            for member in members:
                graded = np.clip((readings[member] - mean) / std * SPREAD, -0.95, 0.95)
                readings[member] = graded.astype(np.float32)
    return replace(corpus, valence_arousal=readings)
