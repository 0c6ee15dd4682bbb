"""Readers of recorded motion as it was recorded, on the skeleton of whoever recorded it.

`conditioning.body.takes` gives the same takes on our skeleton (`takes.bandai(path)`), which is what networks
learn. Licences: Bandai Namco Research's two sets are CC BY-NC 4.0, Microsoft's Labanotation library is MIT.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

UNROUNDING_PASSES = 40


@dataclass(frozen=True)
class Recorded:
    """Clips on one skeleton of J joints, one after another in the same arrays; N frames in all.

    Attributes:
        names: (J,) of the joints. parents: (J,), -1 of the root, always before the joint.
        offsets: (J, 3) from the parent in cm.
        rotations: (N, J, 4) float32 unit quaternions w, x, y, z, each from its parent's frame.
        root: (N, 3) float32 cm of joint `root_joint`, before which nothing is offset.
        starts: (clips + 1,) first frame of each clip. frame_rate: Hz.
        rows: what the set says of each clip, by column name.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    rotations: np.ndarray
    root: np.ndarray
    root_joint: int
    starts: np.ndarray
    frame_rate: float
    rows: tuple[dict[str, str], ...]


def packed(path: str | Path) -> Recorded:
    """Reads a file of delta-coded clips, as the Bandai sets are kept here.

    Raises:
        FileNotFoundError: no such file. ValueError: the file is of another kind, or has a skeleton a clip.
    """
    path = existing(Path(path))
    with np.load(path, allow_pickle=False) as data:
        missing = {"quat_delta", "root_delta", "start", "joint_names", "metadata_csv"} - set(data.files)
        if missing:
            raise ValueError(f"expected packed clips, got {path.name} without {', '.join(sorted(missing))}")
        if bool(data["offsets_per_clip"]):
            raise ValueError(f"expected one skeleton for all clips, got {path.name} with one for each")
        starts = data["start"].astype(np.int64)
        joints = len(data["joint_names"])
        turns = summed(data["quat_delta"], starts).astype(np.float32).reshape(-1, joints, 4)
        turns /= np.maximum(np.linalg.norm(turns, axis=-1, keepdims=True), 1e-9)
        return Recorded(
            tuple(data["joint_names"].tolist()),
            tuple(data["parents"].tolist()),
            data["offsets"].astype(np.float64),
            turns,
            unrounded(summed(data["root_delta"], starts), starts, float(data["root_scale"])),
            int(data["root_joint"]),
            starts,
            float(data["fps"]),
            tuple(csv.DictReader(io.StringIO(str(data["metadata_csv"])))),
        )


def summed(deltas: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Undoes the delta code, which begins anew at each start: (C, N) integers -> (N, C)."""
    total = np.cumsum(deltas.T, axis=0, dtype=np.int32)
    before = np.concatenate([np.zeros_like(total[:1]), total[starts[1:-1] - 1]])
    return total - np.repeat(before, np.diff(starts), axis=0)


def unrounded(counts: np.ndarray, starts: np.ndarray, step: float) -> np.ndarray:
    """Gives the smoothest way through places that were rounded to steps: (N, 3) integers -> (N, 3) float32.

    No place leaves the interval that was rounded to its step; left as they are, steps of 0.1 cm at 30 fps look
    like a body that trembles by 3 cm a second. Descent on the squared second differences, projected.
    """
    way = counts.astype(np.float64)
    first = np.repeat(starts[:-1], np.diff(starts))
    last = np.repeat(starts[1:], np.diff(starts)) - 1
    here = np.arange(len(way))
    near = [np.clip(here + shift, first, last) for shift in (-2, -1, 1, 2)]
    for _ in range(UNROUNDING_PASSES):
        two_back, back, on, two_on = (way[place] for place in near)
        way = way - (two_back - 4 * back + 6 * way - 4 * on + two_on) / 16
        way = np.clip(way, counts - 0.5, counts + 0.5)
    return (way * step).astype(np.float32)


@dataclass(frozen=True)
class LabanKey:
    """One pose of a written gesture.

    Attributes:
        time_s: from the gesture's start, growing from key to key.
        directions: of "head", "right elbow", "right wrist", "left elbow", "left wrist": (where, level), as
            ("Left Forward", "High"), ("Place", "Low"): where the bone before the joint points from its start.
        turn_deg: how far the body is turned to its right.
    """

    time_s: float
    directions: dict[str, tuple[str, str]]
    turn_deg: float


@dataclass(frozen=True)
class LabanScore:
    """One written gesture: its name, what it means, its category and emotion ("" where none), its keys."""

    name: str
    concept: str
    category: str
    emotion: str
    keys: tuple[LabanKey, ...]


LABAN_PARTS = ("head", "right elbow", "right wrist", "left elbow", "left wrist")
LABAN_STEP_S = 1.0


def laban_scores(folder: str | Path) -> list[LabanScore]:
    """Reads Microsoft's library of gestures in Labanotation.

    Args:
        folder: holds metadata.csv and the files of JSON that it names.

    Raises:
        FileNotFoundError: no metadata.csv, or a file that it names is missing.
        ValueError: a file is not of this kind.
    """
    folder = Path(folder)
    scores = []
    text = existing(folder / "metadata.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(io.StringIO(text)):
        path = existing(folder / row["file"])
        scores.append(
            LabanScore(path.stem, row["concept"], row["category"], row["emotion"] or "", laban_keys(path))
        )
    return scores


def laban_keys(path: Path) -> tuple[LabanKey, ...]:
    """Reads one file. A few of the library's times are missing or run backwards: those are put in between."""
    try:
        (positions,) = json.loads(path.read_text(encoding="utf-8")).values()
        order = sorted(positions, key=lambda name: int(name.removeprefix("Position")))
        keys = [positions[name] for name in order]
        times = in_order([float(key.get("start time", ["nan"])[0]) / 1000 for key in keys])
        return tuple(
            LabanKey(time, {part: tuple(key[part]) for part in LABAN_PARTS}, turned_right(key["rotation"]))
            for time, key in zip(times, keys, strict=True)
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"expected a gesture in Labanotation (JSON), got {path.name}: {error}") from error


def turned_right(rotation: list[str]) -> float:
    side, degrees = rotation
    return float(degrees) * (-1 if side == "ToLeft" else 1)


def in_order(times: list[float]) -> list[float]:
    """Replaces times that are no number or do not grow by the middle of their neighbours, or a step later."""
    good: list[float] = []
    for at, time in enumerate(times):
        last = good[-1] if good else -np.inf
        if time > last:
            good.append(time)
            continue
        after = [later for later in times[at + 1 :] if later > last]
        good.append((last + after[0]) / 2 if after else max(last, 0.0) + LABAN_STEP_S)
    return good


def existing(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"expected a file of motion data, got {path}, which does not exist")
    return path
