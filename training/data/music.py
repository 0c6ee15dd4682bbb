"""Readers of the music data sets: which files there are, and what is known of each. Notes are read elsewhere.

Licences: EMOPIA is CC BY-NC-SA 4.0 (weights trained on it are non-commercial); POP909 is MIT (arrangements of
copyrighted songs, for research); Nottingham and the MuseTrainer library hold largely public-domain
compositions.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
"""Russell's quadrants, signs of valence and arousal: Q1 happy ++, Q2 tense -+, Q3 sad --, Q4 calm +-."""
VALENCE_SIGN = {"Q1": 1, "Q2": -1, "Q3": -1, "Q4": 1}
AROUSAL_SIGN = {"Q1": 1, "Q2": 1, "Q3": -1, "Q4": -1}
SETS = ("emopia_1.0", "pop909", "nottingham", "musetrainer_scores")


@dataclass(frozen=True)
class Clip:
    """One clip of EMOPIA.

    Attributes:
        id: name without suffix, for example "Q1_0vLPYiPN7qY_0".
        path: of the MIDI file.
        song: the song that it was cut from; clips of a song must stay on one side of a split.
        quadrant: "Q1".."Q4".
        split: "train" or "val" (the official split, by song).
    """

    id: str
    path: Path
    song: str
    quadrant: str
    split: str

    @property
    def label(self) -> int:
        """0..3 for Q1..Q4."""
        return QUADRANTS.index(self.quadrant)


@dataclass(frozen=True)
class Piece:
    """One unlabelled piece.

    Attributes:
        id: unique over all sets, "set/name".
        path: of the .mid or .mxl file.
        key: "Gb:maj"-like where the set says it, else empty.
        group: what must stay on one side of a split (tune group, composer or the piece itself).
    """

    id: str
    path: Path
    key: str
    group: str


def rows_of(data_dir: str | Path, name: str) -> list[dict[str, str]]:
    """Gives the rows of one set's metadata.csv.

    Raises:
        FileNotFoundError: the set is not in `data_dir`.
    """
    path = Path(data_dir) / name / "metadata.csv"
    if not path.is_file():
        raise FileNotFoundError(f"expected {name}/metadata.csv in the data folder, got no such file")
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def emopia(data_dir: str | Path, split: str | None = None) -> list[Clip]:
    """Gives EMOPIA's clips in a fixed order.

    Args:
        split: "train", "val", or None for both.

    Source: Hung et al., "EMOPIA: A Multi-Modal Pop Piano Dataset For Emotion Recognition and Emotion-based
        Music Generation", ISMIR 2021.
    """
    if split not in (None, "train", "val"):
        raise ValueError(f"expected split train, val or None, got {split!r}")
    folder = Path(data_dir) / "emopia_1.0"
    clips = [
        Clip(row["id"], folder / row["file"], row["song"], row["quadrant"], row["split"])
        for row in rows_of(data_dir, "emopia_1.0")
    ]
    return sorted((clip for clip in clips if split in (None, clip.split)), key=lambda clip: clip.id)


def pop909(data_dir: str | Path) -> list[Piece]:
    """Gives POP909's songs. Source: Wang et al., "POP909", ISMIR 2020."""
    folder = Path(data_dir) / "pop909"
    return [
        Piece(f"pop909/{row['id']}", folder / row["file"], row["key"], row["id"])
        for row in rows_of(data_dir, "pop909")
    ]


def nottingham(data_dir: str | Path) -> list[Piece]:
    """Gives the Nottingham tunes (melody and chords)."""
    folder = Path(data_dir) / "nottingham"
    return [
        Piece(f"nottingham/{Path(row['file']).stem}", folder / row["file"], "", row["group"])
        for row in rows_of(data_dir, "nottingham")
    ]


def musetrainer(data_dir: str | Path) -> list[Piece]:
    """Gives the MuseTrainer library's piano scores (.mxl)."""
    folder = Path(data_dir) / "musetrainer_scores"
    return [
        Piece(
            f"musetrainer/{Path(row['file']).stem}", folder / row["file"], "", row["composer"] or row["title"]
        )
        for row in rows_of(data_dir, "musetrainer_scores")
    ]


def song_folds(groups: Sequence[str], num_folds: int = 5, seed: int = 0) -> list[list[int]]:
    """Splits indices into folds so that no group is in two.

    Groups go, in a seeded random order, to the fold that holds the fewest items.

    Args:
        groups: group of each item, for example `[clip.song for clip in clips]`.

    Returns:
        `num_folds` lists of indices; each index is in exactly one.
    """
    import numpy as np

    members: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    if not 2 <= num_folds <= len(members):
        raise ValueError(f"expected 2 to {len(members)} folds, got {num_folds}")
    folds: list[list[int]] = [[] for _ in range(num_folds)]
    names = sorted(members)
    for at in np.random.default_rng(seed).permutation(len(names)):
        min(folds, key=len).extend(members[names[at]])
    return [sorted(fold) for fold in folds]
