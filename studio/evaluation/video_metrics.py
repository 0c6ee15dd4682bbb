"""What is measured of clips without an evaluator: flicker, motion, a first frame kept, dials of looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from generators.video.attributes import LUMA

from .figures import rounded

if TYPE_CHECKING:
    import numpy as np

LARGEST_DB = 99.0  # of pictures that are the same


def luma(frames: np.ndarray) -> np.ndarray:
    """(T, H, W, 3) uint8 -> (T, H, W) in 0..1"""
    import numpy as np

    return frames.astype(np.float32) @ np.array(LUMA, np.float32) / 255


def flicker(frames: np.ndarray) -> float:
    """Mean size of the second difference of luma in time, in levels of 255: what comes and goes at once.

    Movement at an even pace hardly counts, a picture that jumps to and fro counts most. 0 of fewer than 3 frames.
    """
    import numpy as np

    if len(frames) < 3:
        return 0.0
    return float(255 * np.abs(np.diff(luma(frames), 2, axis=0)).mean())


def motion(frames: np.ndarray, frame_rate: float) -> float:
    """Mean change of luma, in levels of 255 a second. 0 of fewer than 2 frames."""
    import numpy as np

    if len(frames) < 2:
        return 0.0
    return float(255 * frame_rate * np.abs(np.diff(luma(frames), axis=0)).mean())


def restlessness(frames: np.ndarray) -> float:
    """Flicker over the change from frame to frame: 2 of what jumps to and fro, little of what moves evenly."""
    return flicker(frames) / max(1e-6, motion(frames, 1.0))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two pictures of one shape, uint8, in dB; at most 99.

    Source: ITU-T J.340, section 4.
    """
    import numpy as np

    error = float(np.square(one.astype(np.float64) - other.astype(np.float64)).mean())
    return LARGEST_DB if error < 1e-5 else min(LARGEST_DB, 10 * float(np.log10(255**2 / error)))


def pearson_r(asked: Sequence[float], found: Sequence[float]) -> float:
    """Pearson's r; 0 where either does not change."""
    import numpy as np

    if np.ptp(asked) < 1e-9 or np.ptp(found) < 1e-9:
        return 0.0
    return rounded(np.corrcoef(asked, found)[0, 1])


def hue_agreement(asked: Sequence[float], found: Sequence[float]) -> float:
    """Mean cosine of the angle between hues in degrees: 1 as asked, 0 by chance."""
    import numpy as np

    return rounded(np.cos(np.radians(np.subtract(asked, found))).mean())


def monotone(levels: Sequence[float], values: Sequence[float]) -> float:
    """Spearman's rho of how far a value has moved from its first, whichever way; 0 where it stands still."""
    import numpy as np
    from scipy.stats import spearmanr

    moved = np.asarray(values, dtype=float) - values[0]
    if np.abs(moved).max() < 1e-9:
        return 0.0
    return rounded(spearmanr(levels, moved * np.sign(moved[-1] or 1)).statistic)


def looks(frames: np.ndarray, frame_rate: float) -> dict[str, float]:
    """Brightness, colourfulness, hue, contrast and motion of a clip, as the video backend's controls mean them."""
    from generators.video.attributes import measured

    return measured(frames, frame_rate)._asdict()


def over(
    made: Sequence[np.ndarray], real: Sequence[np.ndarray], measure: Callable[..., float], *more: Any
) -> float:
    """Mean of a measure over clips that were made, over the mean of real ones."""
    import numpy as np

    below = float(np.mean([measure(each, *more) for each in real]))
    return rounded(float(np.mean([measure(each, *more) for each in made])) / max(1e-9, below))
