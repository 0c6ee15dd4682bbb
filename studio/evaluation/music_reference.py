"""What generated music is compared with: measures of real clips, and the windows of the training sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .music_metrics import copied, grid_of, measure, window_hashes

if TYPE_CHECKING:
    import numpy as np

    from training.data.music import Clip, Piece


def training_windows(data_dir: str | Path) -> np.ndarray:
    """Sorted hashes of all two-bar windows of EMOPIA's train split, POP909, Nottingham and MuseTrainer. (K,) int64

    Files that cannot be put on a grid (broken, or in a metre that the backend does not know) are left out.
    """
    import numpy as np

    from conditioning.encoders.midi import read_midi
    from training.data.music import emopia, musetrainer, nottingham, pop909

    pieces: list[Clip | Piece] = [*emopia(data_dir, "train"), *pop909(data_dir), *nottingham(data_dir)]
    pieces += musetrainer(data_dir)
    found = []
    for piece in pieces:
        try:
            found.append(window_hashes(grid_of(read_midi(piece.path))))
        except ValueError:
            continue
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def reference_of(clips: Sequence[Clip], training: np.ndarray) -> dict[str, Any]:
    """Means and spreads of every measure over real clips, in all and by quadrant, and how much of them is copied.

    Args:
        clips: held-out clips.
        training: sorted hashes of the training sets.
    """
    import numpy as np

    from conditioning.encoders.midi import read_midi

    grids = [grid_of(read_midi(clip.path)) for clip in clips]
    rows = [measure(grid) for grid in grids]
    windows = np.concatenate([window_hashes(grid) for grid in grids])
    answer: dict[str, Any] = {"clips": len(clips), "copy_rate": round(float(copied(windows, training).mean()), 5)}
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        answer[name] = {
            "mean": round(float(values.mean()), 4),
            "std": round(float(values.std()), 4),
            "by_quadrant": [
                round(float(values[[clip.quadrant == quadrant for clip in clips]].mean()), 4)
                for quadrant in ("Q1", "Q2", "Q3", "Q4")
            ],
        }
    return answer
