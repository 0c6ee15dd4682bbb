"""What the evaluator of emotional speech is worth on real clips of speakers that it never heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .figures import recall_of, share
from .speech_audio import Recording
from .speech_evaluator import LABELS, strength_of

if TYPE_CHECKING:
    import numpy as np

ACTED = "ravdess-speech-en-NC"


def figures_of(
    rows: Sequence[Recording], logits: np.ndarray, grades: np.ndarray, pairs: np.ndarray
) -> dict[str, Any]:
    """How often real clips are named right, and a strong take scored above a normal one.

    Args:
        rows: N clips; those of other emotions than the five are left out.
        logits: (N, 5) from evaluators that never heard the speaker.
        grades: (N, 5) from the same.
        pairs: (P, 2) a strong take and a normal one of the same line.

    Returns:
        {"accuracy", "recall" by emotion, "strong_above_normal" (+ "by emotion"), ...} over all, and under
        "parts" for each data set, RAVDESS by intensity too.
    """
    import numpy as np

    corpus = np.array([row.corpus for row in rows])
    emotion = np.array([row.emotion for row in rows])
    loud = np.array([row.intensity for row in rows])
    known = np.isin(emotion, LABELS)
    named = np.array(LABELS)[logits.argmax(1)]
    parts = {name: known & (corpus == name) for name in dict.fromkeys(corpus.tolist())}
    if ACTED in parts:
        parts["ravdess normal"] = parts[ACTED] & (loud == "normal")
        parts["ravdess strong"] = parts[ACTED] & (loud == "strong")
    figures = recall_of(emotion[known], named[known], LABELS)
    figures["parts"] = {name: recall_of(emotion[mask], named[mask], LABELS) for name, mask in parts.items()}
    counts = [[int(((emotion == a) & (named == b)).sum()) for b in LABELS] for a in LABELS]
    figures["confusion"] = counts
    if len(pairs):
        far = strength_of(grades.copy())
        own = np.array([LABELS.index(emotion[at]) for at in pairs[:, 0]])
        above = far[pairs[:, 0], own] > far[pairs[:, 1], own]
        figures["strong_above_normal"] = share(above)
        figures["strong_above_normal_by_emotion"] = {
            name: share(above[own == k]) for k, name in enumerate(LABELS) if (own == k).any()
        }
    return figures
