"""What is measured on moving faces: pure functions of coefficients, poses and points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from conditioning.face.arkit import BLINKS, INDEX, NAMES, indices

if TYPE_CHECKING:
    import numpy as np

# How many cm the gap between the inner lips of ICT-FaceKit's average head grows for a coefficient of 1;
# mouthClose shuts what an equal jawOpen opens, as ARKit means it.
OPENING = {
    "jawForward": 0.11, "jawOpen": 2.89, "mouthClose": -2.89, "mouthFunnel": 1.08, "mouthPucker": -0.13,
    "mouthDimpleLeft": -0.08, "mouthDimpleRight": -0.08, "mouthRollLower": -0.25, "mouthRollUpper": 0.16,
    "mouthShrugLower": -0.64, "mouthShrugUpper": 0.46, "mouthPressLeft": -0.11, "mouthPressRight": -0.11,
    "mouthLowerDownLeft": 0.29, "mouthLowerDownRight": 0.29, "mouthUpperUpLeft": 0.35,
    "mouthUpperUpRight": 0.35, "noseSneerLeft": 0.32, "noseSneerRight": 0.32,
}  # fmt: skip
# A mouth is shut when its lips are closer than this share of what the same take opens at its widest (95th
# percentile).
SHUT = 0.1
LEAST_SHUT_CM = 0.08
# A sound of closed lips has closed them within this of its own time.
REACH_S = 0.05
MOUTH_SHAPES = indices("mouth", "jaw")
BROWS_AND_LIDS = indices("brow", "eyeSquint", "eyeWide", "cheekSquint", "noseSneer")


def opening(expression: np.ndarray) -> np.ndarray:
    """How far the lips are apart: (T, 52) -> (T,) cm on an average head, 0 when they touch or press."""
    import numpy as np

    weights = np.zeros(len(NAMES))
    for name, value in OPENING.items():
        weights[INDEX[name]] = value
    return np.maximum(np.asarray(expression, np.float64) @ weights, 0.0)


def mesh_opening(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """How far inner lips are apart on points: (T, N, 2 or 3) of each lip, in pairs -> (T,) in their unit."""
    import numpy as np

    return np.linalg.norm(upper - lower, axis=-1).mean(-1)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's r of two courses; 0 where one of them stands still."""
    import numpy as np

    a, b = np.asarray(one, float) - np.mean(one), np.asarray(other, float) - np.mean(other)
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size > 1e-12 else 0.0


def shut_below(gap: np.ndarray) -> float:
    """The gap in cm under which a mouth counts as shut in a take."""
    import numpy as np

    return max(LEAST_SHUT_CM, SHUT * float(np.quantile(gap, 0.95)))


def closures(gap: np.ndarray, times: Sequence[tuple[float, float]], frame_rate: float) -> np.ndarray:
    """Whether the lips shut in each stretch of time: (N,) bool.

    Args:
        gap: (T,) from `opening`.
        times: start and end in s of each sound that is made with closed lips.
    """
    import numpy as np

    limit, found = shut_below(gap), []
    for start, end in times:
        first = max(0, int(np.floor((start - REACH_S) * frame_rate)))
        last = min(len(gap), int(np.ceil((end + REACH_S) * frame_rate)) + 1)
        found.append(bool(first < last and gap[first:last].min() <= limit))
    return np.array(found, dtype=bool)


def shut_times(gap: np.ndarray, frame_rate: float, longest_s: float = 0.4) -> list[tuple[float, float]]:
    """Where a speaking mouth shuts for a moment, between openings: stretches in s.

    Silences, in which it stays shut, are left out.
    """
    import numpy as np

    shut = np.concatenate([[False], gap <= shut_below(gap), [False]])
    edges = np.flatnonzero(shut[1:] != shut[:-1]).reshape(-1, 2)
    return [
        (start / frame_rate, (stop - 1) / frame_rate)
        for start, stop in edges.tolist()
        if start > 0 and stop < len(gap) and (stop - start) / frame_rate <= longest_s
    ]


def lip_error(made: np.ndarray, true: np.ndarray, lips: np.ndarray) -> dict[str, float]:
    """How far lips are from where they should be, in mm on an average head.

    Args:
        made, true: (T, 52). lips: (52, N, 3) cm that a coefficient of 1 moves the marks of the lips.

    Returns:
        "mean" over marks and frames; "largest" of the marks, mean over frames, which is the lip vertex error.

    Source: Richard et al., "MeshTalk", ICCV 2021, for the lip vertex error.
    """
    import numpy as np

    away = np.linalg.norm(np.tensordot(np.asarray(made, float) - true, lips, 1), axis=-1)  # (T, N)
    return {"mean": 10 * float(away.mean()), "largest": 10 * float(away.max(1).mean())}


def pose_change(one: np.ndarray, other: np.ndarray) -> float:
    """How far two head movements differ, as a share of how far the first moves: (T, 6), (T, 6) -> 0..."""
    import numpy as np

    size = np.maximum(one.std(0), 1e-6)
    moving = one.std(0) > 1e-5
    if not moving.any():
        return float(np.abs(other - one).max() > 1e-5)
    return float(np.sqrt((((other - one) / size)[:, moving] ** 2).mean()))


def jitter(rows: np.ndarray, frame_rate: float) -> float:
    """How restless a course is: mean size of the change of speed from frame to frame, at 30 Hz: (T, D).

    Raises:
        ValueError: fewer than three frames, or another rate than 30 Hz, which would not compare.
    """
    import numpy as np

    if len(rows) < 3 or abs(frame_rate - 30) > 0.5:
        raise ValueError(f"expected three frames or more at 30 Hz, got {len(rows)} at {frame_rate:g} Hz")
    return float(np.abs(np.diff(np.asarray(rows, float), 2, axis=0)).mean())


def eyelids_shut(opening_at: np.ndarray, blink: np.ndarray) -> float:
    """How far eyes open at rest still are at the height of blinks; 0 is shut, 1 as at rest.

    Args:
        opening_at: (T,) height of the eyes over their width, in frames. blink: (T,) coefficient in 0..1.

    Returns:
        The mean over frames with a coefficient of .9 or more; NaN where there are none.
    """
    import numpy as np

    open_at, shut_at = opening_at[blink < 0.1], opening_at[blink >= 0.9]
    if not len(open_at) or not len(shut_at):
        return float("nan")
    return float(shut_at.mean() / np.median(open_at))


def blinks(expression: np.ndarray) -> np.ndarray:
    """(T, 52) -> (T,) the mean of both eyes."""
    return expression[:, [INDEX[name] for name in BLINKS]].mean(1)


def shape_change(one: np.ndarray, other: np.ndarray) -> float:
    """How far two shapes of a face differ, as a share of its width, after size and place are taken out.

    Args:
        one, other: (N, 3) points of the face at rest.
    """
    import numpy as np

    a, b = (points - points.mean(0) for points in (one, other))
    b = b * np.sqrt((a**2).sum() / (b**2).sum())
    width = float(np.ptp(a[:, 0]))
    return float(np.linalg.norm(a - b, axis=1).mean() / width)
