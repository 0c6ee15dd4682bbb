"""The intensity dial of the music backend: a monotone map, fitted on the frozen evaluator, that makes its
steps even."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

INTENSITIES = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
DIAL_POINTS = 9
MOST = 1.5
CALIBRATION_SEED = 900_000


def calibrate_music(
    checkpoint: str,
    *,
    clips: int = 24,
    bars: int = 12,
    clips_dir: str | Path | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> dict[str, list[float]]:
    """Measures how the evaluator's score rises with intensity and writes the map into the checkpoint's
    manifest entry.

    Uses seeds that `evaluate_music` does not use.

    Args:
        checkpoint: name of a music checkpoint.
        clips: of each quadrant at each of nine intensities.
        bars: length of every clip.
        clips_dir: keeps the clips, so that a second call goes on from them.
        on_step: (clips done, clips in all).

    Returns:
        {"dial": [0 .. 1.5], "intensity": what the backend makes of it}.
    """
    import numpy as np

    import checkpoints
    from studio.session import Studio

    from .music_evaluator import load_music_evaluator
    from .music_trials import QUADRANTS, Clips, weights_of

    entry = checkpoints.describe(checkpoint)
    plain = {name: value for name, value in entry.extra.items() if name != "calibration"}
    checkpoints.update_manifest(checkpoint, {"extra": plain})
    evaluator = load_music_evaluator()
    total, done = 4 * len(INTENSITIES) * clips, 0
    scores = np.zeros((4, len(INTENSITIES)))
    with Studio(device="cpu") as studio:  # a Studio of its own: a warm one would still hold the old map
        maker = Clips(
            studio.generate,
            folder=Path(clips_dir) if clips_dir else None,
            weights=weights_of(checkpoint),
            fixed={"bars": bars, "checkpoint": checkpoint},
        )
        for number, name in enumerate(QUADRANTS):
            for level, intensity in enumerate(INTENSITIES):
                made = []
                for at in range(clips):
                    made.append(
                        maker.make(emotion=name, intensity=intensity, seed=CALIBRATION_SEED + at).notes
                    )
                    done += 1
                    if on_step:
                        on_step(done, total)
                scores[number, level] = evaluator.judge(made).quadrant[:, number].mean()
    calibration = fit_calibration(INTENSITIES, scores)
    checkpoints.update_manifest(checkpoint, {"extra": {**plain, "calibration": calibration}})
    return calibration


def fit_calibration(intensities: Sequence[float], scores: np.ndarray) -> dict[str, list[float]]:
    """Gives the map for which equal steps of the dial are equal steps of the mean score.

    Each quadrant's rise is taken from 0 to 1 before the mean, so that one that is hard to hear does not
    count less.

    Args:
        intensities: (K,) rising from 0 to 1.
        scores: (quadrants, K) mean score at each.

    Returns:
        {"dial", "intensity"}: points of a piecewise linear, rising map; 0 stays 0, 1 stays 1, 1.5 stays 1.5.
    """
    import numpy as np

    rising = np.maximum.accumulate(np.asarray(scores, dtype=float), axis=1)
    span = rising[:, -1:] - rising[:, :1]
    heard = (rising - rising[:, :1]) / np.maximum(span, 1e-9)
    weights = (span[:, 0] > 0.02).astype(float)
    straight = np.asarray(intensities, dtype=float)
    mean = np.average(heard, axis=0, weights=weights) if weights.any() else straight
    # A tenth of a straight line keeps flat stretches invertible and the map tame.
    mean = 0.9 * mean + 0.1 * straight
    dial = np.linspace(0.0, 1.0, DIAL_POINTS)
    intensity = np.interp(dial, mean, straight)
    points = [round(float(value), 4) for value in intensity]
    return {"dial": [*dial.tolist(), MOST], "intensity": [0.0, *points[1:-1], 1.0, MOST]}
