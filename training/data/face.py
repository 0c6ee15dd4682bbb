"""Readers of takes of faces: what a face did in numbers, with its sound where there is one.

Coefficients are named as ARKit names them; callers say in which order they want them. Left and right are the
person's own. Licences: FACEGOOD's training takes and the Live Link takes are MIT; BEAT and MEAD are for
people who have them (BEAT: Apache-2.0 for non-commercial research; MEAD: research only).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SOUND = (".wav", ".flac", ".ogg", ".m4a", ".mp3")
# FACEGOOD's controls in ARKit's terms, coefficient -> control -> gain. Where the table beside the data names
# one coefficient it is followed, left and right averaged where ARKit has one for both; the gains are ours.
# Takes 03, 05 and 15 write "oh" where the others write pucker, over the same sounds of the same person: its
# gains are what a mouth fitted to the others makes of those sounds, which is mostly pucker.
FACEGOOD_GAINS: dict[str, dict[str, float]] = {
    "jawOpen": {"mouth_stretch_c": 1.0, "mouth_oh_c": 0.1},
    "jawLeft": {"jaw_sideways_l": 1.0},
    "mouthFunnel": {
        **{f"mouth_funnel_{place}": 0.25 for place in ("dl", "dr", "ul", "ur")},
        "mouth_oh_c": 0.2,
        "mouth_oo_c": 0.2,
    },
    "mouthPucker": {"mouth_pucker_l": 0.5, "mouth_pucker_r": 0.5, "mouth_oo_c": 0.9, "mouth_oh_c": 0.55},
    "mouthShrugUpper": {"mouth_chinRaise_u": 1.0},
    "mouthDimpleLeft": {"mouth_dimple_l": 1.0},
    "mouthDimpleRight": {"mouth_dimple_r": 1.0},
    "mouthSmileLeft": {"mouth_lipCornerPull_l": 1.0, "mouth_lipCornerPullOpen_l": 0.8},
    "mouthSmileRight": {"mouth_lipCornerPull_r": 1.0, "mouth_lipCornerPullOpen_r": 0.8},
    "mouthStretchLeft": {"mouth_lipStretch_l": 1.0},
    "mouthStretchRight": {"mouth_lipStretch_r": 1.0},
    "mouthLowerDownLeft": {"mouth_lowerLipDepress_l": 1.0},
    "mouthLowerDownRight": {"mouth_lowerLipDepress_r": 1.0},
    "mouthPressLeft": {"mouth_press_l": 1.0},
    "mouthPressRight": {"mouth_press_r": 1.0},
    "mouthRollLower": {"mouth_suck_dl": 0.5, "mouth_suck_dr": 0.5},
    "mouthRollUpper": {"mouth_suck_ul": 0.5, "mouth_suck_ur": 0.5},
    "mouthUpperUpLeft": {"mouth_upperLipRaise_l": 1.0},
    "mouthUpperUpRight": {"mouth_upperLipRaise_r": 1.0},
    "noseSneerLeft": {"nose_wrinkle_l": 1.0},
    "noseSneerRight": {"nose_wrinkle_r": 1.0},
}
# First recording of each emotion in BEAT's monologues (even recording types); conversations are neutral.
# Source: the authors in PantoMatrix/PantoMatrix, issue 20.
BEAT_EMOTIONS = (
    (111, "disgust"), (103, "fear"), (95, "surprise"), (87, "contempt"), (81, "sadness"), (73, "anger"),
    (65, "joy"), (0, "neutral"),
)  # fmt: skip
BEAT_RATE = 60.0
MEAD_EMOTIONS = {
    "angry": "anger", "contempt": "contempt", "disgusted": "disgust", "fear": "fear", "happy": "joy",
    "neutral": "neutral", "sad": "sadness", "surprised": "surprise",
}  # fmt: skip
MEAD_RATE = 30.0
MEAD_LEVELS = {"level_1": 1 / 3, "level_2": 2 / 3, "level_3": 1.0}


@dataclass(frozen=True)
class FaceTake:
    """One take of one face; T frames.

    Attributes:
        id: unique in its set. person: whose face.
        coefficients: (T, names) float32, in the order that was asked for; 0 where the set has none.
        frame_rate: Hz.
        known: (names,) True where the set has that coefficient.
        gaze: (T, 2) yaw, pitch in radians, to the right of the picture and up, or None.
        head_pose: (T, 3) yaw, pitch, roll in radians, or None.
        audio: file with its sound, or None.
        emotion: name of the emotion layer, "" where none is given. intensity: 0..1.
        language: as "zh-CN", "" where not known.
        words: (word, start, end) in seconds, where the set has them.
        exercise: whether it shows ranges of motion one by one and not how people talk.
    """

    id: str
    person: str
    coefficients: np.ndarray
    frame_rate: float
    known: np.ndarray
    gaze: np.ndarray | None = None
    head_pose: np.ndarray | None = None
    audio: Path | None = None
    emotion: str = ""
    intensity: float = 1.0
    language: str = ""
    words: tuple[tuple[str, float, float], ...] = ()
    exercise: bool = False


def facegood(folder: str | Path, names: Sequence[str]) -> list[FaceTake]:
    """Reads FACEGOOD's takes: one speaker of Mandarin, neutral, with sound; mouth and jaw alone.

    Args:
        folder: holds metadata.csv, audio/ and face/. names: the coefficients wanted.

    Raises:
        FileNotFoundError: no metadata.csv, or a file that it names is missing.
    """
    folder = Path(folder)
    takes = []
    for row in table_of(folder / "metadata.csv"):
        with np.load(existing(folder / row["track"]), allow_pickle=False) as data:
            controls = dict(zip(data["names"].tolist(), data["controls"].T.astype(np.float32), strict=True))
        zero = np.zeros(len(next(iter(controls.values()))), np.float32)
        mixed = {
            name: sum((gain * controls.get(own, zero) for own, gain in gains.items()), zero)
            for name, gains in FACEGOOD_GAINS.items()
        }
        coefficients, known = in_order(mixed, names)
        takes.append(
            FaceTake(
                row["id"],
                row["speaker"].split(" ")[0],
                coefficients.clip(0, 1),
                float(row["fps"]),
                known,
                audio=existing(folder / row["audio"]),
                emotion=row["emotion"],
                language="zh-CN",
            )
        )
    return takes


def livelink(path: str | Path, names: Sequence[str]) -> list[FaceTake]:
    """Reads the Live Link Face takes: acted and free speech without sound, and two ranges of motion.

    The columns for the head's rotation hold zeros and are not read: there is no head pose in this set.
    """
    with np.load(existing(Path(path)), allow_pickle=False) as data:
        columns = [decapitalised(name) for name in data["names"].tolist()]
        arrays = {key: data[key].astype(np.float32) for key in data.files if data[key].ndim == 2}
    takes = []
    for key, rows in arrays.items():
        by_name = dict(zip(columns, rows.T, strict=True))
        coefficients, known = in_order(by_name, names)
        # Live Link counts eye rotation to the person's right and down.
        gaze = [-(by_name[f"leftEye{axis}"] + by_name[f"rightEye{axis}"]) / 2 for axis in ("Yaw", "Pitch")]
        takes.append(
            FaceTake(
                key,
                key.split("_")[0],
                coefficients.clip(0, 1),
                30.0,
                known,
                gaze=np.stack(gaze, 1),
                exercise="_rom" in key,
            )
        )
    return takes


def beat(folder: str | Path, names: Sequence[str]) -> Iterator[FaceTake]:
    """Reads a folder of BEAT: JSON frames with sound, words and an emotion that the file's name says.

    `1_wayne_0_65_65.json` is person 1_wayne, recording type 0, recordings 65 to 65; .wav and .TextGrid have
    the same name. Folders in it are searched too.

    Source: Liu et al. 2022, "BEAT: A large-scale semantic and emotional multi-modal dataset".

    Raises:
        FileNotFoundError: no such recordings. ValueError: JSON that is not BEAT's.
    """
    for path in found_in(folder, ".json"):
        parts = path.stem.split("_")
        if len(parts) != 5 or not all(part.isdigit() for part in parts[2:]):
            continue
        rows, columns = beat_frames(path)
        coefficients, known = in_order(dict(zip(columns, rows.T, strict=True)), names)
        words = path.with_suffix(".TextGrid")
        yield FaceTake(
            path.stem,
            "_".join(parts[:2]),
            coefficients.clip(0, 1),
            BEAT_RATE,
            known,
            audio=beside(path),
            emotion=beat_emotion(int(parts[2]), int(parts[3])),
            language={0: "en-US", 1: "zh-CN", 2: "es-ES", 3: "ja-JP"}.get(int(parts[2]) // 2, ""),
            words=tuple(intervals_of(words)) if words.is_file() else (),
        )


def beat_frames(path: Path) -> tuple[np.ndarray, list[str]]:
    """Gives the weights, (T, columns) float32, and their names."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        columns = [str(name) for name in data["names"]]
        rows = np.array([frame["weights"] for frame in data["frames"]], np.float32)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"expected names and frames of weights in {path.name}, got: {error}") from None
    if rows.ndim != 2 or rows.shape[1] != len(columns):
        raise ValueError(f"expected {len(columns)} weights a frame in {path.name}, got shape {rows.shape}")
    return rows, columns


def beat_emotion(kind: int, recording: int) -> str:
    """Gives the emotion of a recording; conversations (odd kinds) have no acted one."""
    if kind % 2:
        return "neutral"
    return next(name for first, name in BEAT_EMOTIONS if recording >= first)


def mead(folder: str | Path, names: Sequence[str]) -> Iterator[FaceTake]:
    """Reads a folder of MEAD with coefficients beside its videos.

    PERSON/video/VIEW/EMOTION/level_N/001.csv or .npz (arrays `names` and `coefficients`, optionally
    `frame_rate`), as a face tracker gives them; the sound is beside it or in PERSON/audio/EMOTION/level_N.
    Level 3 is intensity 1.

    Source: Wang et al. 2020, "MEAD: A large-scale audio-visual dataset for emotional talking-face
    generation".

    Raises:
        FileNotFoundError: no such files. ValueError: a table without coefficients.
    """
    for path in found_in(folder, ".csv", ".npz"):
        parts = path.parts
        if len(parts) < 6 or parts[-5] != "video" or parts[-3] not in MEAD_EMOTIONS:
            continue
        person, emotion, level = parts[-6], parts[-3], parts[-2]
        rows, columns, rate = (tracked_table if path.suffix == ".csv" else tracked_arrays)(path)
        coefficients, known = in_order(dict(zip(columns, rows.T, strict=True)), names)
        sound = beside(path) or beside(path.parents[4] / "audio" / emotion / level / path.name)
        yield FaceTake(
            f"{person}/{emotion}/{level}/{parts[-4]}/{path.stem}",
            person,
            coefficients.clip(0, 1),
            rate,
            known,
            audio=sound,
            emotion=MEAD_EMOTIONS[emotion],
            intensity=0.0 if emotion == "neutral" else MEAD_LEVELS.get(level, 1.0),
            language="en-US",
        )


def tracked_table(path: Path) -> tuple[np.ndarray, list[str], float]:
    """Reads a CSV with a column for each coefficient, as Live Link Face and OpenFace-like trackers write."""
    rows = table_of(path)
    columns = [name for name in (rows[0] if rows else {}) if is_number(rows[0][name])]
    if not columns:
        raise ValueError(f"expected columns of coefficients in {path.name}, got none")
    try:
        values = np.array([[float(row[name]) for name in columns] for row in rows], np.float32)
    except (ValueError, TypeError) as error:
        raise ValueError(f"expected numbers in {path.name}, got: {error}") from None
    return values, [decapitalised(name.strip()) for name in columns], MEAD_RATE


def tracked_arrays(path: Path) -> tuple[np.ndarray, list[str], float]:
    """Reads arrays `names` and `coefficients` of an .npz file."""
    with np.load(path, allow_pickle=False) as data:
        if not {"names", "coefficients"} <= set(data.files):
            raise ValueError(
                f"expected arrays names and coefficients in {path.name}, got {', '.join(data.files)}"
            )
        values, columns = data["coefficients"].astype(np.float32), [str(name) for name in data["names"]]
        rate = float(data["frame_rate"]) if "frame_rate" in data.files else MEAD_RATE
    if values.ndim != 2 or values.shape[1] != len(columns):
        raise ValueError(f"expected {len(columns)} columns in {path.name}, got shape {values.shape}")
    return values, [decapitalised(name) for name in columns], rate


def intervals_of(path: Path) -> Iterator[tuple[str, float, float]]:
    """Gives the named intervals of the first tier of a TextGrid, long or short form: (word, start, end)."""
    fields = [line.split("=")[-1].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    for start, end, text in zip(fields, fields[1:], fields[2:], strict=False):
        word = text.strip('"').strip()
        if text.startswith('"') and word and is_number(start) and is_number(end):
            yield word, float(start), float(end)


def in_order(columns: dict[str, np.ndarray], names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Gives columns of (T,) as (T, names), zeros for those not there, and which are there."""
    zero = np.zeros(len(next(iter(columns.values()))), np.float32)
    rows = np.stack([columns.get(name, zero) for name in names], 1).astype(np.float32)
    if not np.isfinite(rows).all():
        raise ValueError("expected finite coefficients, got others")
    return rows, np.array([name in columns for name in names])


def table_of(path: Path) -> list[dict[str, str]]:
    """Gives the rows of a CSV file."""
    with open(existing(path), encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def existing(path: Path) -> Path:
    """Gives a path back that leads to a file."""
    if not path.is_file():
        raise FileNotFoundError(f"expected a file {path.name} in {path.parent.name}, got none")
    return path


def found_in(folder: str | Path, *suffixes: str) -> list[Path]:
    """Gives the files of a folder and of those in it, in order of name."""
    folder = Path(folder)
    paths = sorted(path for path in folder.rglob("*") if path.suffix in suffixes) if folder.is_dir() else []
    if not paths:
        raise FileNotFoundError(f"expected a folder with {' or '.join(suffixes)} files, got {folder.name!r}")
    return paths


def beside(path: Path, is_there: Callable[[Path], bool] = Path.is_file) -> Path | None:
    """Gives the sound file of the same name, if any."""
    return next((path.with_suffix(end) for end in SOUND if is_there(path.with_suffix(end))), None)


def is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True


def decapitalised(name: str) -> str:
    """Gives "JawOpen" as "jawOpen"."""
    return name[:1].lower() + name[1:]
