"""Recordings for the evaluators of speech: reading, one rate, one level, no silence around."""

from __future__ import annotations

import csv
import importlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

RATE = 16_000
HELD_OUT_ONE_IN = 20
EXTRA = "evaluation"


@dataclass(frozen=True)
class Recording:
    """One row of a data set's metadata.csv.

    Attributes:
        path: sound file.
        corpus: folder of the data set.
        speaker, emotion, intensity, text, language: as in the table; "" where it says nothing.
        prompt: what takes of the same text share.
        take: number or letter of the take; "" where there is one.
        cropped: the file was cut to a fixed length and says nothing of its own.
    """

    path: Path
    corpus: str
    speaker: str
    emotion: str
    intensity: str = ""
    text: str = ""
    language: str = ""
    prompt: str = ""
    take: str = ""
    cropped: bool = False


def read_corpus(data_dir: str | Path, corpus: str) -> list[Recording]:
    """Gives the recordings of one data set in the order of its table.

    Raises:
        FileNotFoundError: no such data set in the folder.
    """
    table = Path(data_dir) / corpus / "metadata.csv"
    if not table.is_file():
        raise FileNotFoundError(f"expected {corpus}/metadata.csv in the folder of data, got no such file")
    with open(table, encoding="utf-8", newline="") as file:
        return [recording_of(row, table.parent) for row in csv.DictReader(file)]


def recording_of(row: dict[str, str], folder: Path) -> Recording:
    """Reads one row; the tables share their first columns and differ in the rest."""
    return Recording(
        path=folder / row["file"],
        corpus=folder.name,
        speaker=row["speaker"],
        emotion=row["emotion"],
        intensity=row.get("intensity") or "",
        text=row.get("transcript") or "",
        language=row.get("language") or "",
        prompt=row.get("prompt") or row.get("sentence") or row.get("transcript") or "",
        take=row.get("take") or "",
        cropped=row.get("cropped_to_2s") == "1",
    )


def is_held_out(recording: Recording) -> bool:
    """Says whether no training may hear this recording: one in twenty, by the prompt (kathleen) or the file's
    stem."""
    named = recording.prompt if recording.speaker == "kathleen" else recording.path.stem
    return zlib.crc32(named.encode()) % HELD_OUT_ONE_IN == 0


def read_sound(path: str | Path) -> tuple[np.ndarray, int]:
    """Gives a sound file's samples (S,) float32, channels averaged, and its rate.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a sound file.
    """
    import soundfile

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"expected an existing sound file, got {path.name!r}")
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"expected a sound file, got {path.name!r}: {error}") from None
    return samples.mean(axis=1), int(rate)


def at_rate(samples: np.ndarray, sample_rate: int, rate: int = RATE) -> np.ndarray:
    """Resamples; gives (S,) float32.

    Args:
        samples: (S,) or (1, S) or (C, S); channels are averaged.
        sample_rate: Hz of `samples`.
        rate: Hz wanted.

    Raises:
        ValueError: no samples, a shape that is not sound, samples that are not finite, or no rate.
    """
    np = _np()
    sound = np.asarray(samples, dtype=np.float32)
    if sound.ndim == 2:
        sound = sound.mean(axis=0)
    if sound.ndim != 1 or not sound.size or not np.isfinite(sound).all():
        raise ValueError(f"expected finite samples of shape (S,) or (C, S), got {np.shape(samples)}")
    if not sample_rate > 0:
        raise ValueError(f"expected a sample rate above 0 Hz, got {sample_rate}")
    if sample_rate == rate:
        return sound
    return need("soxr").resample(sound, sample_rate, rate, quality="HQ").astype(np.float32)


def trimmed(samples: np.ndarray, rate: int = RATE, drop_db: float = 38.0, keep_s: float = 0.05) -> np.ndarray:
    """Takes away what is around the speech: 20 ms frames more than `drop_db` below the loud ones. (S,)"""
    np = _np()
    size = rate // 50
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    if not len(frames):
        return samples
    level = 10 * np.log10((frames.astype(np.float64) ** 2).mean(1) + 1e-12)
    heard = np.flatnonzero(level > np.percentile(level, 95) - drop_db)
    keep = int(keep_s * rate)
    return samples[max(0, heard[0] * size - keep) : (heard[-1] + 1) * size + keep]


def need(package: str) -> Any:
    """Imports a package that only measuring needs.

    Raises:
        ImportError: it is not installed; the message names the extra that has it.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise ImportError(
            f"expected {package!r} for measuring speech, got {error}: "
            f"install it with pip install 'affect-studio[{EXTRA}]'"
        ) from None


def _np() -> Any:
    import numpy as np

    return np
