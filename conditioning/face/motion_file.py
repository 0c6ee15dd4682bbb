"""The movement of a face in files: the CSV of Live Link Face, and JSON of our own; both read back.

CSV, as the app on the phone writes it: `Timecode` (hours:minutes:seconds:frames), `BlendShapeCount`, the 52
coefficients with a capital letter, then yaw, pitch and roll of the head and of both eyes in radians. It
counts to the person's right, downwards, and to the person's left shoulder: each is ours with the other sign.
It knows no position of the head.

JSON: `motion` holds `frame_rate` (Hz), `names` (of the coefficients), `expression` (a row a frame, 0..1),
`head_pose` (rows of yaw, pitch, roll in radians, x, y, z in cm) and `gaze` (rows of yaw, pitch in radians),
with the signs of `FaceMotion`. The last two may be left out.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .arkit import NAMES
from .motion import GAZE, HEAD_POSE, FaceMotion

if TYPE_CHECKING:
    import numpy as np

SUFFIXES = (".csv", ".json")
HEAD_COLUMNS = ("HeadYaw", "HeadPitch", "HeadRoll")
EYE_COLUMNS = tuple(f"{side}Eye{axis}" for side in ("Left", "Right") for axis in ("Yaw", "Pitch", "Roll"))
COLUMNS = (*(name[0].upper() + name[1:] for name in NAMES), *HEAD_COLUMNS, *EYE_COLUMNS)
HEADER = ("Timecode", "BlendShapeCount", *COLUMNS)
# Columns may be missing (many trackers have no tongue); with fewer it is some other table.
LEAST_NAMES = 40
# Beyond lies a table in percent or degrees, which must not pass for the real thing.
HIGHEST, WIDEST_RAD, FARTHEST_CM = 2.0, 2 * math.pi, 1000.0
RATES = (1.0, 240.0)
USUAL_RATES = (10.0, 12.0, 12.5, 15.0, 20.0, 23.976, 24.0, 25.0, 29.97, 30.0, 48.0, 50.0, 59.94, 60.0, 120.0)
ROUNDING_S = 0.002  # of a timecode, all in all
MOST_FRAMES = 4 * 3600 * 60
MOST_BYTES = 2**30
DIGITS = 5


def read_motion(path: str | Path) -> FaceMotion:
    """Reads a face's movement from a Live Link Face CSV or our JSON.

    Frames that a recording left out are filled in straight; the rate is the recording's mean.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: another kind of file, or one that is broken or of absurd values or rate.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"expected a face's movement, got no file at {str(path)[:200]!r}")
    if not path.is_file():
        raise ValueError(f"expected a face's movement, got a folder or a device at {str(path)!r}")
    size, suffix = path.stat().st_size, path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"expected a file ending in {' or '.join(SUFFIXES)}, got {path.name!r}")
    if size > MOST_BYTES:
        raise ValueError(f"expected at most {MOST_BYTES} bytes, got {size} in {path.name!r}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"expected text in {path.name!r}, got something else") from None
    return motion_of_csv(text, path.name) if suffix == ".csv" else motion_of_json(text, path.name)


def csv_lines(motion: FaceMotion) -> Iterator[str]:
    """Gives the lines of a CSV as Live Link Face writes it, each with its end."""
    import numpy as np

    yield ",".join(HEADER) + "\r\n"
    # A stretch at a time: an hour of numbers as text is large.
    for start in range(0, len(motion), 1000):
        part = motion.between(start, start + 1000)
        eyes = np.column_stack([-part.gaze, np.zeros(len(part))])
        rows = np.column_stack([part.expression, -part.head_pose[:, :3], eyes, eyes]) + 0.0  # no "-0"
        for number, row in enumerate(rows.tolist(), start):
            values = ",".join(f"{value:.10f}" for value in row)
            yield f"{timecode(number, motion.frame_rate)},{len(COLUMNS)},{values}\r\n"


def timecode(number: int, frame_rate: float) -> str:
    """Gives "00:00:01:05.000": hours, minutes, seconds, and frames at the next whole rate."""
    base = math.ceil(frame_rate - 1e-6)
    whole, left = divmod(round(number / frame_rate * base * 1000), base * 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}:{left / 1000:06.3f}"


def motion_to_json(motion: FaceMotion) -> dict[str, Any]:
    """Gives the movement as plain JSON: what stands under `motion` in our files."""
    return {
        "frame_rate": motion.frame_rate,
        "names": list(NAMES),
        "head_pose_names": list(HEAD_POSE),
        "gaze_names": list(GAZE),
        "expression": rounded(motion.expression),
        "head_pose": rounded(motion.head_pose),
        "gaze": rounded(motion.gaze),
    }


def rounded(rows: np.ndarray) -> list[list[float]]:
    # By way of text, so that no value has more digits than it says.
    return [[float(f"{value:.{DIGITS}g}") if value else 0.0 for value in row] for row in rows.tolist()]


def motion_of_json(text: str, name: str) -> FaceMotion:
    """Reads our JSON. name: of the file, for errors."""
    try:
        found = json.loads(text)
        return motion_from_json(found.get("motion", found), name)
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(
            f"expected a face's movement (motion: frame_rate, names, expression) in {name!r}, got other JSON"
        ) from None
    except json.JSONDecodeError as error:
        raise ValueError(f"expected JSON in {name!r}, got: {error}") from None


def motion_from_json(found: Mapping[str, Any], name: str) -> FaceMotion:
    """Gives the movement from what `motion_to_json` gave, checked.

    Raises:
        ValueError: rows of another shape, or absurd values or rate.
        KeyError, TypeError: no such JSON.
    """
    names = [str(one) for one in found["names"]]
    rows = matrix(found["expression"], len(names), "expression", name)
    expression = in_order(names, rows, name)
    pose, gaze = (
        matrix(found[part], width, part, name) if found.get(part) else None
        for part, width in (("head_pose", len(HEAD_POSE)), ("gaze", len(GAZE)))
    )
    rate = found["frame_rate"]
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not rate < RATES[1] + 1:
        raise ValueError(f"expected a number for frame_rate in {name!r}, got {str(rate)[:40]!r}")
    return assembled(expression, pose, gaze, float(rate), name)


def matrix(rows: Any, width: int, part: str, name: str) -> np.ndarray:
    """Gives (T, width) float32 from lists."""
    import numpy as np

    try:
        found = np.array(rows, np.float32)
    except (ValueError, OverflowError):
        found = np.empty(0, np.float32)
    if found.ndim != 2 or found.shape[1] != width:
        raise ValueError(f"expected rows of {width} numbers for {part} in {name!r}, got something else")
    return found


def motion_of_csv(text: str, name: str) -> FaceMotion:
    """Reads the CSV of Live Link Face, or of a tracker with the same columns. name: of the file, for errors.

    Columns are known by their names, in any case and order; `Timecode` may also count plain seconds.
    """
    import numpy as np

    try:
        lines = iter(list(csv.reader(text.splitlines())))
    except csv.Error as error:
        raise ValueError(f"expected a table in {name!r}, got: {error}") from None
    # Some trackers write "blendShapes.JawOpen".
    header = [column.strip().rpartition(".")[2].lower() for column in next(lines, [])]
    if "timecode" not in header:
        raise ValueError(f"expected a Timecode column, as Live Link Face writes it, in {name!r}, got none")
    at, count = header.index("timecode"), "blendshapecount"
    # A frame in which the app saw no face has a count of 0 and no values.
    rows = [row for row in lines if len(row) == len(header) and (count not in header or seen(row, header))]
    if not rows:
        raise ValueError(f"expected at least one frame in {name!r}, got none")
    if len(rows) > MOST_FRAMES:
        raise ValueError(f"expected at most {MOST_FRAMES} frames, got {len(rows)} in {name!r}")
    keep = [place for place, column in enumerate(header) if column not in ("timecode", count)]
    try:
        values = np.array([[float(row[place]) for place in keep] for row in rows], np.float32)
    except ValueError as error:
        raise ValueError(f"expected numbers in {name!r}, got: {error}") from None
    columns = [header[place] for place in keep]
    times = times_of([row[at] for row in rows], name)
    rate, (even,) = even_rows(times, [values], name)
    turned = [
        rotations(columns, even, wanted) for wanted in (HEAD_COLUMNS, EYE_COLUMNS[:2], EYE_COLUMNS[3:5])
    ]
    pose = np.column_stack([-turned[0], np.zeros((len(even), 3), np.float32)])
    return assembled(in_order(columns, even, name), pose, -(turned[1] + turned[2]) / 2, rate, name)


def seen(row: Sequence[str], header: Sequence[str]) -> bool:
    return row[header.index("blendshapecount")].strip() not in ("", "0")


def rotations(columns: Sequence[str], rows: np.ndarray, wanted: Iterable[str]) -> np.ndarray:
    """Gives columns of rotation in radians, zeros for those that are not there."""
    import numpy as np

    places = [columns.index(one.lower()) if one.lower() in columns else -1 for one in wanted]
    zero = np.zeros(len(rows), np.float32)
    return np.column_stack([rows[:, place] if place >= 0 else zero for place in places])


def in_order(columns: Sequence[str], rows: np.ndarray, name: str) -> np.ndarray:
    """Gives (T, 52) in the order of `arkit.NAMES` from named columns; zeros where one is missing."""
    import numpy as np

    places = {column.lower(): place for place, column in enumerate(columns)}
    known = [places.get(one.lower()) for one in NAMES]
    found = sum(place is not None for place in known)
    if found < LEAST_NAMES:
        raise ValueError(
            f"expected the 52 ARKit coefficients (jawOpen, ...) in {name!r}, got {found} of them"
        )
    zero = np.zeros(len(rows), np.float32)
    return np.column_stack([zero if place is None else rows[:, place] for place in known]).astype(np.float32)


def times_of(codes: Sequence[str], name: str) -> np.ndarray:
    """Gives the seconds of each frame from the first, (T,), from timecodes or plain seconds."""
    import numpy as np

    try:
        parts = np.array([[float(part) for part in code.split(":")] for code in codes])
    except ValueError:
        parts = np.empty(0)
    if parts.ndim != 2 or parts.shape[1] not in (1, 4):
        raise ValueError(
            f"expected timecodes such as 12:27:47:05.000 in {name!r}, got {str(codes[0])[:40]!r}"
        )
    times = parts[:, 0]
    if parts.shape[1] == 4:
        times = parts[:, :3] @ (3600.0, 60.0, 1.0) + parts[:, 3] / frames_a_second(parts[:, 2], parts[:, 3])
        times = times + 86400 * np.cumsum(np.diff(times, prepend=times[0]) < -43200)  # past midnight
    return times - times[0]


def frames_a_second(seconds: np.ndarray, frames: np.ndarray) -> float:
    """Gives what the last part of timecodes counts to, from where it starts again.

    A recording that never does so lasts less than a second: 60 if it counts in twos or gets beyond 30 (the
    app counts in sixtieths also where it records 30), else 30.
    """
    import numpy as np

    step = float(np.median(np.diff(frames))) if len(frames) > 1 else 1.0
    again = np.flatnonzero((np.diff(seconds) % 60 == 1) & (np.diff(frames) < 0))
    if len(again):
        return float(round(np.median(frames[again] + step - frames[again + 1])))
    return 60.0 if step > 1.5 or frames.max() >= 30 else 30.0


def even_rows(times: np.ndarray, parts: list[np.ndarray], name: str) -> tuple[float, list[np.ndarray]]:
    """Gives the rate, and rows (T, C) at even times from rows at times with gaps."""
    import numpy as np

    if len(times) < 2:
        return 30.0, parts
    steps = np.diff(times)
    if not np.isfinite(times).all() or steps.min() < 0 or times[-1] <= 0:
        raise ValueError(f"expected timecodes that go on in {name!r}, got others")
    step = float(np.median(steps[steps > 0]))
    count = 1 + int(np.rint(steps / step).sum())
    rate = usual_rate((count - 1) / times[-1], times[-1])
    if not RATES[0] <= rate <= RATES[1] or count > MOST_FRAMES:
        raise ValueError(f"expected 1 to 240 frames a second and no gaps in {name!r}, got {rate:.4g}")
    if count == len(times) and float(np.abs(times - np.arange(count) / rate).max()) < 0.5 / rate:
        return rate, parts
    at = np.arange(count) / rate
    return rate, [
        np.column_stack([np.interp(at, times, column) for column in rows.T]).astype(np.float32)
        for rows in parts
    ]


def usual_rate(measured: float, length_s: float) -> float:
    """Gives the rate that was meant, where rounded times over this length cannot tell it apart."""
    near = min(USUAL_RATES, key=lambda rate: abs(rate - measured))
    return near if abs(near / measured - 1) * length_s < ROUNDING_S else measured


def assembled(
    expression: np.ndarray, pose: np.ndarray | None, gaze: np.ndarray | None, rate: float, name: str
) -> FaceMotion:
    """Gives the movement when its parts go together and mean what they should."""
    import numpy as np

    rows = len(expression)
    pose = np.zeros((rows, len(HEAD_POSE)), np.float32) if pose is None else pose.astype(np.float32)
    gaze = np.zeros((rows, len(GAZE)), np.float32) if gaze is None else gaze.astype(np.float32)
    if not rows or rows > MOST_FRAMES or len(pose) != rows or len(gaze) != rows:
        raise ValueError(f"expected 1 to {MOST_FRAMES} frames, as many of each part, in {name!r}, got others")
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"expected a frame rate of 1 to 240 Hz in {name!r}, got {rate:.6g}")
    ranges = (
        ("coefficients of 0 to 1", expression, HIGHEST),
        ("rotations in radians", np.column_stack([pose[:, :3], gaze]), WIDEST_RAD),
        ("positions in cm", pose[:, 3:], FARTHEST_CM),
    )
    for what, values, most in ranges:
        worst = float(np.abs(values).max())
        if not worst <= most:
            raise ValueError(f"expected {what} in {name!r}, got {worst:.4g}")
    return FaceMotion(expression.clip(0, 1), pose, gaze, rate)
