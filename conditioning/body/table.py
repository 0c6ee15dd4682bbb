"""Motion as a table: a line a frame, for spreadsheets and statistics."""

from __future__ import annotations

import csv
import math
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from .motion import BodyMotion
from .rotations import normalised, smooth_signs
from .skeleton import JOINTS, NUM_JOINTS

if TYPE_CHECKING:
    import numpy as np

PLACES = ("pelvis_x_cm", "pelvis_y_cm", "pelvis_z_cm")
COLUMNS = ("time_s", *PLACES, *(f"{joint}_{part}" for joint in JOINTS for part in "wxyz"))
MOST_FRAMES = 1_000_000
# A table of one frame does not tell its rate.
RATE = 30.0


def write(path: str | Path, motion: BodyMotion) -> None:
    """Writes the time in s, the pelvis's place in cm, and each joint's quaternion w, x, y, z from its parent."""
    import numpy as np

    layout = ",".join(["%.6f"] + ["%.4f"] * 3 + ["%.7f"] * (4 * NUM_JOINTS)) + "\n"
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(",".join(COLUMNS) + "\n")
        for number in range(len(motion)):
            row = np.concatenate([motion.root[number], motion.rotations[number].ravel()]) + 0.0
            file.write(layout % (number / motion.frame_rate, *row))


def read(path: str | Path) -> BodyMotion:
    """Reads what `write` wrote, columns in any order.

    Raises:
        FileNotFoundError: no such file. ValueError: columns are missing, or a cell is no number.
    """
    import numpy as np

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"expected a table of motion (.csv), got {path}, which does not exist")
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader([file.readline(200_000)]), [])
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise ValueError(
                f"expected columns such as {missing[0]}, got {path.name} without {len(missing)} of them"
            )
        order = [header.index(name) for name in COLUMNS]
        lines = [line for line in islice(file, MOST_FRAMES + 2) if not line.isspace()]
    if not 1 <= len(lines) <= MOST_FRAMES:
        raise ValueError(f"expected 1 to {MOST_FRAMES:,} frames, got {len(lines):,} in {path.name}")
    try:
        values = np.loadtxt(lines, np.float64, delimiter=",", comments=None, usecols=order, ndmin=2)
    except ValueError as error:
        raise ValueError(f"expected numbers in every cell of {path.name}, got {error}") from None
    if not np.isfinite(values).all():
        raise ValueError(f"expected finite numbers, got NaN or infinity in {path.name}")
    return BodyMotion(
        turns_of(values, path.name), values[:, 1:4].astype(np.float32), rate_of(values[:, 0], path.name)
    )


def turns_of(values: np.ndarray, name: str) -> np.ndarray:
    """Gives the rotations of lines of `COLUMNS`: (T, 22, 4)."""
    import numpy as np

    q = values[:, 4:].reshape(-1, NUM_JOINTS, 4)
    length = np.linalg.norm(q, axis=-1)
    if length.min() < 0.9 or length.max() > 1.1:
        raise ValueError(
            f"expected quaternions of length 1, got {length.min():.2f} to {length.max():.2f} in {name}"
        )
    return smooth_signs(normalised(q)).astype(np.float32)


def rate_of(times: np.ndarray, name: str) -> float:
    """Gives the rate of evenly spaced times."""
    import numpy as np

    if len(times) == 1:
        return RATE
    steps = np.diff(times)
    rate = (len(times) - 1) / (times[-1] - times[0]) if times[-1] > times[0] else math.nan
    if not rate > 0 or np.abs(steps * rate - 1).max() > 0.1:
        raise ValueError(
            f"expected times that grow evenly, got {name} with steps of {steps.min()} to {steps.max()} s"
        )
    return float(round(rate)) if abs(rate - round(rate)) < 2e-4 * rate else float(rate)
