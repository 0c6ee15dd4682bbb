"""Reads folders of recordings with a metadata.csv."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

NEUTRAL = "neutral"


@dataclass(frozen=True)
class Recording:
    """One utterance.

    Attributes:
        id: folder and file, unique. path: of the audio. seconds: as the table says, else 0.
        language: for example "en-US". emotion: a name of the emotion layer, "" where none is given.
        kind: the emotion more finely, where the data tell; for what must not mix two ways of showing one.
        intensity: of the emotion, 0..1.
        group: what must not be split between training and test: the sentence.
    """

    id: str
    path: Path
    speaker: str
    transcript: str
    language: str
    emotion: str = NEUTRAL
    intensity: float = 1.0
    group: str = ""
    seconds: float = 0.0
    kind: str = ""

    @property
    def held_out(self) -> bool:
        """Whether the sentence is kept for tests: one in twenty, by its name."""
        return zlib.crc32(self.group.encode()) % 20 == 0


# Actors of RAVDESS who were asked for strong sadness weep: high and loud, unlike the low and slow kind.
RENAMED = {("sad", "strong"): "grief"}
# RAVDESS' words for how strongly the actor was asked to speak: normal takes move f0, level and tilt by two to
# four tenths of what strong ones do.
INTENSITIES = {"": 1.0, "normal": 0.4, "strong": 1.0}


def read_recordings(folder: str | Path) -> list[Recording]:
    """Reads a folder with a metadata.csv: file, speaker, transcript, and, where known, language, emotion,
    intensity (a number or a word), prompt.

    Clips cut in the middle of a sentence (`cropped_to_2s`) are left out.

    Raises:
        FileNotFoundError: no metadata.csv. ValueError: columns are missing.
    """
    folder = Path(folder)
    table = folder / "metadata.csv"
    if not table.exists():
        raise FileNotFoundError(f"expected a metadata.csv in {folder}, found none")
    with open(table, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    missing = {"file", "transcript"} - set(rows[0] if rows else {"file": "", "transcript": ""})
    if missing:
        raise ValueError(f"expected columns file and transcript in {table}, missing {', '.join(missing)}")
    return [
        recording(folder, row)
        for row in rows
        if row["file"] and row["transcript"] and row.get("cropped_to_2s", "0") != "1"
    ]


def recording(folder: Path, row: dict[str, str]) -> Recording:
    """Gives one row of a table as a Recording."""
    word = row.get("intensity", "") or ""
    return Recording(
        id=f"{folder.name}/{row['file']}",
        path=folder / row["file"],
        speaker=row.get("speaker") or folder.name,
        transcript=row["transcript"],
        language=row.get("language") or "en-US",
        emotion=row.get("emotion") or "",
        kind=RENAMED.get((row.get("emotion", ""), word), row.get("emotion") or ""),
        intensity=INTENSITIES[word] if word in INTENSITIES else float(word),
        group=row.get("prompt") or Path(row["file"]).stem,
        seconds=float(row.get("seconds") or 0),
    )


def speaker_folds(clips: Sequence[tuple[str, str]], num_folds: int) -> list[np.ndarray]:
    """Splits clips into folds that share no speaker; each has its share of every corpus.

    Args:
        clips: corpus and speaker of each.

    Returns:
        At most `num_folds` arrays of indices; each index is in exactly one.
    """
    fold_of = {}
    for corpus in sorted({corpus for corpus, _ in clips}):
        for at, speaker in enumerate(sorted({speaker for own, speaker in clips if own == corpus})):
            fold_of[speaker] = at % num_folds
    numbers = np.array([fold_of[speaker] for _, speaker in clips])
    return [fold for number in range(num_folds) if len(fold := np.flatnonzero(numbers == number))]
