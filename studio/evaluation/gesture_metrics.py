"""What is measured on moving bodies: pure functions of positions, rotations and times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from conditioning.body.skeleton import INDEX

if TYPE_CHECKING:
    import numpy as np

RATE = 30.0
# Faster than this nobody gestures; what files of motion round off, and markers tremble, is above it.
CUTOFF_HZ = 8.0
HANDS = (INDEX["left_wrist"], INDEX["right_wrist"])
FEET = (INDEX["left_foot"], INDEX["right_foot"])
UPPER = tuple(
    INDEX[name]
    for name in (
        "neck", "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    )
)  # fmt: skip
# A foot touches the floor when its ball is no higher than this above where it stands.
CONTACT_CM = 2.5
# A seam reaches this many frames to both sides.
SEAM_FRAMES = 2
# A minimum of the hands' speed is a beat, as in the literature, unless it is shallower than this share of the
# speed's own spread: numbers that tremble are no gestures.
BEAT_DEPTH = 0.05
BEAT_SPREAD_S = 5 / 60  # of the Gaussian that smooths the speed
# The width with which BEAT's authors measure.
SIGMA_S = 0.3


def check_rate(frame_rate: float) -> None:
    """Refuses another rate than 30 Hz, at which changes from frame to frame would not compare.

    Raises:
        ValueError: says which came.
    """
    if abs(frame_rate - RATE) > 0.5:
        raise ValueError(f"expected motion at {RATE:g} frames a second, got {frame_rate:g}")


def smoothed(rows: np.ndarray, frame_rate: float = RATE, cutoff_hz: float = CUTOFF_HZ) -> np.ndarray:
    """The same course without what is faster than the cutoff, not delayed: (T, ...) -> (T, ...) float64.

    Raises:
        ValueError: fewer than 4 frames.
    """
    import numpy as np
    from scipy.signal import butter, sosfiltfilt

    if len(rows) < 4:
        raise ValueError(f"expected 4 frames or more, got {len(rows)}")
    filters = butter(2, cutoff_hz, fs=frame_rate, output="sos")
    return sosfiltfilt(filters, np.asarray(rows, np.float64), axis=0, padlen=min(len(rows) - 1, 15))


def rate_of_change(rows: np.ndarray, order: int, frame_rate: float = RATE) -> np.ndarray:
    """Differences between frames, a second: (T, ...) -> (T - order, ...)."""
    import numpy as np

    return np.diff(np.asarray(rows, np.float64), order, axis=0) * frame_rate**order


def sizes(vectors: np.ndarray) -> np.ndarray:
    """(..., 3) -> (...)"""
    import numpy as np

    return np.linalg.norm(vectors, axis=-1)


def jerk(positions: np.ndarray, frame_rate: float = RATE) -> float:
    """Mean size of the third derivative of smoothed places: (T, J, 3) cm -> cm/s^3."""
    return float(sizes(rate_of_change(smoothed(positions, frame_rate), 3, frame_rate)).mean())


def jumps(positions: np.ndarray, frame_rate: float = RATE) -> np.ndarray:
    """Largest change of acceleration of any joint from one frame to the next: (T, J, 3) -> (T - 3,) cm/s^2.

    Nothing is smoothed, since a pop is one frame long. Row i is of the step from frame i + 1 to i + 2.
    """
    return sizes(rate_of_change(positions, 3, frame_rate)).max(1) / frame_rate


def seam_jumps(positions: np.ndarray, seams: Sequence[int], frame_rate: float = RATE) -> np.ndarray:
    """The largest of `jumps` near each seam: (S,).

    Args:
        seams: first frame after each.
    """
    import numpy as np

    found = jumps(positions, frame_rate)
    rows = []
    for seam in seams:
        first, last = max(0, seam - 1 - SEAM_FRAMES), min(len(found), seam + SEAM_FRAMES)
        if first < last:
            rows.append(float(found[first:last].max()))
    return np.array(rows)


def skate(positions: np.ndarray, frame_rate: float = RATE) -> dict[str, float]:
    """How fast feet slide while they stand.

    Whether they stand is judged by height alone, so that a foot that slides is not called lifted.

    Args:
        positions: (T, 22, 3) cm, two frames or more.

    Returns:
        {"cm_s": mean speed over the floor of the balls of the feet in contact, 0 without contact, "contact":
        share of feet and frames in contact}.
    """
    import numpy as np

    feet = np.asarray(positions, np.float64)[:, list(FEET)]
    height = feet[..., 1] - np.quantile(feet[..., 1], 0.05)
    down = (height[1:] < CONTACT_CM) & (height[:-1] < CONTACT_CM)
    speed = sizes(rate_of_change(feet * np.array([1.0, 0.0, 1.0]), 1, frame_rate))
    return {"cm_s": float(speed[down].mean()) if down.any() else 0.0, "contact": float(down.mean())}


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference of places, over as many frames as both have: (T, J, 3) cm each -> cm.

    Raises:
        ValueError: no frame in common.
    """
    import numpy as np

    count = min(len(one), len(other))
    if not count:
        raise ValueError("expected frames in both motions, got none")
    return float(np.abs(np.asarray(one[:count], np.float64) - other[:count]).mean())


def diversity(takes: Sequence[np.ndarray]) -> float:
    """Mean `distance` of all pairs: N x (T, J, 3) -> cm.

    Source: Li et al., "Audio2Gestures", ICCV 2021, and Liu et al., "EMAGE", CVPR 2024: L1 diversity; here of
    places seen from the pelvis, so that walking about is no diversity.

    Raises:
        ValueError: fewer than two takes.
    """
    import numpy as np

    if len(takes) < 2:
        raise ValueError(f"expected two takes or more, got {len(takes)}")
    return float(np.mean([distance(one, other) for at, one in enumerate(takes) for other in takes[at + 1 :]]))


def frechet(one: np.ndarray, other: np.ndarray, shrinkage: float = 0.05) -> float:
    """Frechet distance of two sets of feature vectors, each taken for a Gaussian: (N, F), (M, F) -> 0 or more.

    Args:
        shrinkage: share of each covariance that is replaced by its mean variance, since rows may be fewer
            than features.

    Source: Heusel et al., "GANs trained by a two time-scale update rule", NeurIPS 2017, equation 6.

    Raises:
        ValueError: fewer than two rows.
    """
    import numpy as np

    if min(len(one), len(other)) < 2:
        raise ValueError(f"expected two rows or more on each side, got {len(one)} and {len(other)}")

    def spread(rows: np.ndarray) -> np.ndarray:
        found = np.cov(np.asarray(rows, np.float64), rowvar=False)
        return (1 - shrinkage) * found + shrinkage * np.trace(found) / len(found) * np.eye(len(found))

    a, b = spread(one), spread(other)
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ b @ root).clip(0)).sum()
    away = ((np.mean(one, axis=0) - np.mean(other, axis=0)) ** 2).sum()
    return float(max(0.0, away + np.trace(a) + np.trace(b) - 2 * shared))


def hand_beats(positions: np.ndarray, frame_rate: float = RATE) -> np.ndarray:
    """When the hands, together, are slowest between strokes: (T, 22, 3) seen from the pelvis -> (N,) in s.

    Source: Li et al., "AI Choreographer", ICCV 2021, section 5.2, and their code, for kinematic beats.
    """
    import numpy as np
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    hands = np.asarray(positions)[:, list(HANDS)]
    speed = sizes(rate_of_change(hands, 1, frame_rate)).sum(1)
    speed = gaussian_filter1d(speed, BEAT_SPREAD_S * frame_rate)
    low, high = np.quantile(speed, (0.1, 0.9))
    if high - low < 1e-9:
        return np.zeros(0)
    found, _ = find_peaks(-speed, prominence=BEAT_DEPTH * (high - low))
    return (found + 0.5) / frame_rate


def alignment(onsets: np.ndarray, beats: np.ndarray, sigma_s: float = SIGMA_S) -> float:
    """How near beats of the hands are to onsets of speech: mean over onsets of exp(-d^2 / 2 sigma^2).

    Args:
        onsets, beats: (N,), (M,) in s.

    Returns:
        0 to 1; 0 without beats, NaN without onsets.

    Source: Li et al., "AI Choreographer", ICCV 2021, equation 5; over onsets and with sigma = .3 s as Liu et
    al., "BEAT", ECCV 2022, section 4.2.
    """
    import numpy as np

    if not len(onsets):
        return float("nan")
    if not len(beats):
        return 0.0
    away = np.abs(np.asarray(onsets)[:, None] - np.asarray(beats)[None]).min(1)
    return float(np.exp(-(away**2) / (2 * sigma_s**2)).mean())


def slope_sign(values: Sequence[float]) -> dict[str, Any]:
    """Which way a measure goes over a dial, and how surely: Spearman's rho, and the last over the first."""
    import numpy as np
    from scipy.stats import spearmanr

    rows = np.asarray(values, float)
    rho = float(spearmanr(np.arange(len(rows)), rows).statistic) if np.ptp(rows) > 1e-12 else 0.0
    return {"rho": round(rho, 4), "ratio": round(float(rows[-1] / rows[0]), 4) if rows[0] else 0.0}
