"""Real gestures as the trials compare with them: how fast, wide, open, varied and steady they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from conditioning.body.skeleton import INDEX

from .figures import rounded
from .gesture_evaluator import LABELS
from .gesture_manner import ENDS, seen_from_pelvis
from .gesture_metrics import (
    HANDS,
    UPPER,
    diversity,
    jerk,
    jumps,
    rate_of_change,
    sizes,
    skate,
    smoothed,
)

if TYPE_CHECKING:
    import numpy as np

    from conditioning.body.motion import BodyMotion

    from .train_gesture_evaluator import Seen

# Which measure of the body an emotion implies, and which way: arousal is in speed, dominance in openness.
# Source: Wallbott, "Bodily expression of emotion", 1998; Mehrabian, 1996, for pleasure, arousal and dominance of
# the emotions.
IMPLIED = {
    "angry": ("speed", 1), "happy": ("speed", 1), "sad": ("speed", -1), "tired": ("speed", -1),
    "insecure": ("openness", -1), "proud": ("openness", 1), "excited": ("speed", 1),
}  # fmt: skip


def measures(motion: BodyMotion) -> dict[str, float]:
    """How a body moves, in plain units.

    Returns:
        "speed": mean of the hands, cm/s. "range": mean distance of the hands from where they are on average,
        cm. "openness": mean distance of hands, elbows and head from the middle of the spine, cm; all seen
        from the pelvis.
    """
    import numpy as np

    places, _ = seen_from_pelvis(motion)
    places = smoothed(places, motion.frame_rate)
    hands = places[:, list(HANDS)]
    spread = [sizes(places[:, INDEX[name]] - places[:, INDEX["spine2"]]).mean() for name in ENDS]
    return {
        "speed": float(sizes(rate_of_change(hands, 1, motion.frame_rate)).mean()),
        "range": float(sizes(hands - hands.mean(0)).mean()),
        "openness": float(np.mean(spread)),
    }


def upper(motion: BodyMotion) -> np.ndarray:
    """Where head and arms are, seen from the pelvis: (T, 8, 3)."""
    return seen_from_pelvis(motion)[0][:, list(UPPER)]


def in_room(motion: BodyMotion) -> np.ndarray:
    """(T, 22, 3) cm"""
    from conditioning.body.rotations import placed

    return placed(motion.rotations, motion.root)[0]


def gesturing(takes: Sequence[Seen]) -> list[Seen]:
    """Those of both sets that are done with the arms, standing."""
    from .train_gesture_evaluator import GESTURING

    return [seen for seen in takes if seen.content in GESTURING or seen.content.startswith(("wave", "raise"))]


def by_emotion(rows: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Mean of each emotion, and "mean" of those means: so that none counts more for being recorded more."""
    import numpy as np

    found = {
        name: float(np.mean([value for emotion, value in rows if emotion == name]))
        for name in LABELS
        if any(emotion == name for emotion, _ in rows)
    }
    return {name: rounded(value) for name, value in {**found, "mean": np.mean(list(found.values()))}.items()}


def real_figures(takes: Sequence[Seen]) -> dict[str, Any]:
    """What made gestures are held against.

    Returns:
        "jerk" in cm/s^3 and "jump", the largest of a take, in cm/s^2, by emotion, mean over takes;
        "skate" in cm/s; "beyond": degrees of the worst joint beyond its human range; "diversity" in cm of
        takes of the same content and emotion; "ratios" of `measures` to the neutral takes of the same content,
        by emotion, medians.
    """
    import numpy as np

    from conditioning.body.limits import worst

    rows = gesturing(takes)
    alike: dict[tuple[Any, str], list[np.ndarray]] = {}
    for seen in rows:
        alike.setdefault((seen.key, seen.emotion), []).append(upper(seen.motion))
    pairs = [diversity(group) for group in alike.values() if len(group) > 1]
    return {
        "jerk": by_emotion([(seen.emotion, jerk(upper(seen.motion))) for seen in rows]),
        "jump": by_emotion([(seen.emotion, float(jumps(upper(seen.motion)).max())) for seen in rows]),
        "skate": rounded(np.mean([skate(in_room(seen.motion))["cm_s"] for seen in rows])),
        "beyond": rounded(max(worst(seen.motion)[1] for seen in rows)),
        "diversity": rounded(np.mean(pairs)) if pairs else 0.0,
        "ratios": ratios(rows),
    }


def ratios(takes: Sequence[Seen]) -> dict[str, dict[str, float]]:
    """How emotions change `measures`, against neutral takes of the same content; medians."""
    import numpy as np

    found = [(seen, measures(seen.motion)) for seen in takes]
    calm: dict[Any, list[Mapping[str, float]]] = {}
    for seen, row in found:
        if seen.emotion == "neutral":
            calm.setdefault(seen.key, []).append(row)
    answer: dict[str, dict[str, float]] = {}
    for emotion in IMPLIED:
        rows = [(row, calm[seen.key]) for seen, row in found if seen.emotion == emotion]
        if rows:
            answer[emotion] = {
                name: rounded(
                    np.median([row[name] / np.mean([each[name] for each in rest]) for row, rest in rows])
                )
                for name in ("speed", "range", "openness")
            }
    return answer
