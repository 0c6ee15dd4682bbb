"""Training pieces in one compact file: read once from the data sets, then cut into windows anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from checkpoints import replace_file
from conditioning.encoders.midi import read_midi
from training.data import music as readers
from training.workers import map_in_processes

from .features import Piece, piece_from_score
from .options import STYLES

# Corpus -> (style, reader, whether the files' bar lines can be trusted).
CORPORA: dict[str, tuple[str, Callable, bool]] = {
    "pop909": ("pop", readers.pop909, False),
    "nottingham": ("folk", readers.nottingham, True),
    "musetrainer": ("classical", readers.musetrainer, True),
    "emopia": ("performance", lambda data_dir: readers.emopia(data_dir, "train"), False),
}
MIN_BARS = 4


@dataclass(frozen=True)
class Corpus:
    """Pieces with their style and, for each bar, a reading of what they express.

    Attributes:
        ids: name of each piece. pieces: the music. style: (P,) index into `STYLES`.
        valence_arousal: for each piece (B, 2) in -1..1, NaN where nothing has read it yet.
    """

    ids: list[str]
    pieces: list[Piece]
    style: np.ndarray
    valence_arousal: list[np.ndarray]


def read_piece(path: Path, trust_bars: bool) -> Piece | None:
    """Reads one file; None where it has no supported metre, too few bars or cannot be read."""
    try:
        piece = piece_from_score(read_midi(path), trust_bars=trust_bars)
    except (ValueError, OSError):
        return None
    return piece if piece.num_bars >= MIN_BARS else None


def read_corpus(data_dir: str | Path, names: list[str], num_workers: int = 1) -> Corpus:
    """Reads data sets into a corpus without readings of emotion.

    Args:
        data_dir: folder that holds the unpacked sets.
        names: out of `CORPORA`.
    """
    sets = [CORPORA[name] for name in names]
    found = [(entry, style, trust) for style, reader, trust in sets for entry in reader(data_dir)]
    paths, trusts = [entry.path for entry, _, _ in found], [trust for _, _, trust in found]
    read = map_in_processes(read_piece, paths, trusts, num_workers=num_workers)
    ids, pieces, styles = [], [], []
    for (entry, style, _), piece in zip(found, read, strict=True):
        if piece is not None:
            ids.append(entry.id)
            pieces.append(piece)
            styles.append(STYLES.index(style))
    unread = [np.full((piece.num_bars, 2), np.nan, np.float32) for piece in pieces]
    return Corpus(ids, pieces, np.array(styles), unread)


def save_corpus(corpus: Corpus, path: str | Path) -> None:
    """Writes a corpus as one compressed npz, a few megabytes for a few million notes."""
    rows = {
        "note_counts": [len(p.notes) for p in corpus.pieces],
        "bar_counts": [p.num_bars for p in corpus.pieces],
        "scalars": [(p.tonic, p.mode, p.transposition, p.has_velocity, p.has_tempo) for p in corpus.pieces],
    }
    arrays: dict[str, Any] = {key: np.array(value, dtype=np.int32) for key, value in rows.items()}
    arrays["notes"] = np.concatenate([p.notes for p in corpus.pieces]).astype(np.int16)
    arrays["time_signature"] = np.concatenate([p.time_signature for p in corpus.pieces]).astype(np.int8)
    arrays["tempo"] = np.concatenate([p.tempo for p in corpus.pieces]).astype(np.float32)
    arrays["chords"] = np.concatenate([p.chords for p in corpus.pieces]).astype(np.int8)
    arrays["valence_arousal"] = np.concatenate(corpus.valence_arousal).astype(np.float16)
    arrays["style"] = corpus.style.astype(np.int8)
    arrays["ids"] = np.frombuffer(json.dumps(corpus.ids).encode(), dtype=np.uint8)
    with replace_file(Path(path)) as partial:
        np.savez_compressed(partial, **arrays)


def load_corpus(path: str | Path) -> Corpus:
    """Reads what `save_corpus` wrote; exact timing before rounding is not kept."""
    with np.load(path) as file:
        arrays = dict(file)
    note_ends, bar_ends = np.cumsum(arrays["note_counts"])[:-1], np.cumsum(arrays["bar_counts"])[:-1]
    columns = [
        np.split(arrays[name], bar_ends) for name in ("time_signature", "tempo", "chords", "valence_arousal")
    ]
    pieces, readings = [], []
    for notes, signature, tempo, chords, reading, scalars in zip(
        np.split(arrays["notes"].astype(np.int32), note_ends), *columns, arrays["scalars"], strict=True
    ):
        tonic, mode, transposition, has_velocity, has_tempo = (int(value) for value in scalars)
        pieces.append(
            Piece(
                notes=notes,
                exact=np.zeros((0, 5)),
                row_of_source=np.zeros(0, int),
                time_signature=signature.astype(int),
                tempo=tempo.astype(float),
                chords=chords.astype(int),
                tonic=tonic,
                mode=mode,
                transposition=transposition,
                origin_beats=0.0,
                has_velocity=bool(has_velocity),
                has_tempo=bool(has_tempo),
            )
        )
        readings.append(reading.astype(np.float32))
    return Corpus(json.loads(arrays["ids"].tobytes()), pieces, arrays["style"].astype(int), readings)
