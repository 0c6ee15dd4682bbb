"""Readers of the emotion layer's text sets: GoEmotions (28 labels), EmoBank (valence, arousal, dominance)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# fmt: off
GOEMOTIONS_LABELS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion",
    "curiosity", "desire", "disappointment", "disapproval", "disgust", "embarrassment", "excitement",
    "fear", "gratitude", "grief", "joy", "love", "nervousness", "optimism",
    "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral",
)
# fmt: on


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with the labels of one set.

    Attributes:
        texts: N texts.
        labels: (N, 28) of 0 and 1 in `GOEMOTIONS_LABELS` order, or (N, 3) valence, arousal, dominance in
            -1..1.
    """

    texts: tuple[str, ...]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: np.ndarray) -> LabelledTexts:
        """Gives some of the rows."""
        return LabelledTexts(tuple(self.texts[row] for row in rows), self.labels[rows])


def read_goemotions(data_dir: str | Path, split: str) -> LabelledTexts:
    """Reads `goemotions/{split}.tsv`: text, comma-joined label numbers, comment id.

    Args:
        data_dir: folder that holds `goemotions/`.
        split: "train" or "dev".

    Raises:
        FileNotFoundError: the file is not there.
        ValueError: a row that is not text and label numbers.

    Source: Demszky et al. 2020, "GoEmotions: A Dataset of Fine-Grained Emotions" (CC BY 4.0).
    """
    path = required(Path(data_dir) / "goemotions" / f"{split}.tsv")
    texts, rows = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        parts = line.split("\t")
        try:
            indices = [int(part) for part in parts[1].split(",")]
            row = np.zeros(len(GOEMOTIONS_LABELS), np.float32)
            row[indices] = 1
        except (IndexError, ValueError):
            raise ValueError(
                f"expected text, tab, label numbers in {path.name} line {number}, got {line[:60]!r}"
            ) from None
        texts.append(parts[0])
        rows.append(row)
    return LabelledTexts(tuple(texts), np.stack(rows))


def read_emobank(data_dir: str | Path, split: str) -> LabelledTexts:
    """Reads the rows of one split of `emobank/emobank.csv`; its 1..5 becomes -1..1 by (x - 3) / 2.

    Args:
        data_dir: folder that holds `emobank/`.
        split: "train" or "dev".

    Raises:
        FileNotFoundError: the file is not there.
        ValueError: no row of this split.

    Source: Buechel and Hahn 2017, "EmoBank: Studying the Impact of Annotation Perspective and Representation
    Format on Dimensional Emotion Analysis" (CC BY-SA 4.0).
    """
    path = required(Path(data_dir) / "emobank" / "emobank.csv")
    with open(path, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    if not rows:
        raise ValueError(f"expected rows of split {split!r} in {path.name}, got none")
    vad = np.array([[float(row[axis]) for axis in "VAD"] for row in rows], np.float32)
    return LabelledTexts(tuple(row["text"] for row in rows), (vad - 3) / 2)


def required(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(
            f"expected the data file {path.parent.name}/{path.name} under the data folder, got none"
        )
    return path


def held_out(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Splits row numbers into nine tenths to train on and one tenth to tune thresholds on."""
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[count // 10 :]), np.sort(order[: count // 10])
