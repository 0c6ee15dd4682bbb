"""What generated music is compared with: measures of real clips, and the windows of the training sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .music_metrics import copied, grid_of, grid_of_piece, measure, window_hashes

if TYPE_CHECKING:
    import numpy as np

    from training.data.music import Clip


def training_windows(data_dir: str | Path, corpus_file: str | Path | None = None) -> np.ndarray:
    """Sorted hashes of all two-bar windows that the music backend is trained on. (K,) int64

    Args:
        data_dir: holds the data sets.
        corpus_file: the training recipe's own file of pieces, taken instead of the data sets where it exists.
    """
    import numpy as np

    from generators.music.corpus import CORPORA, load_corpus, read_corpus

    ready = corpus_file is not None and Path(corpus_file).exists()
    corpus = load_corpus(str(corpus_file)) if ready else read_corpus(data_dir, list(CORPORA))
    return np.unique(np.concatenate([window_hashes(grid_of_piece(piece)) for piece in corpus.pieces]))


def reference_of(clips: Sequence[Clip], training: np.ndarray) -> dict[str, Any]:
    """Means and spreads of every measure over real clips, in all and by quadrant, and how much of them is
    copied.

    Args:
        clips: held-out clips.
        training: sorted hashes of the training sets.
    """
    import numpy as np

    from conditioning.encoders.midi import read_midi

    grids = [grid_of(read_midi(clip.path)) for clip in clips]
    rows = [measure(grid) for grid in grids]
    windows = np.concatenate([window_hashes(grid) for grid in grids])
    answer: dict[str, Any] = {
        "clips": len(clips),
        "copy_rate": round(float(copied(windows, training).mean()), 5),
    }
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
