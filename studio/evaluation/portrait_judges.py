"""What stands beside the figures of portraits: what the evaluators are worth, and what real faces do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .figures import rounded, share
from .portrait_units import LABELS

if TYPE_CHECKING:
    import numpy as np

# States of the emotion layer, under which presets are read -> MEAD's words.
STATES = {
    "neutral": "neutral", "anger": "angry", "contempt": "contempt", "disgust": "disgusted", "fear": "fear",
    "joy": "happy", "sadness": "sad", "surprise": "surprised",
}  # fmt: skip
# Captures of people who talk, and not of ranges of motion.
WINDOW = 90


def evaluator_figures(data_dir: str | Path) -> dict[str, Any]:
    """What the evaluators are worth: as recorded when they were fitted, and on faces that somebody else made.

    Returns:
        "coefficients", "frames": figures recorded with the evaluators; "presets": {source: {"named"
        share, "faces", "heard_as"}}; "real captures": shares of what unlabelled takes of people talking are
        called.
    """
    import checkpoints

    from .portrait_evaluator import CHECKPOINT, FRAMES_CHECKPOINT, load_portrait_evaluator

    judge = load_portrait_evaluator(CHECKPOINT)
    names = {"coefficients": CHECKPOINT, "frames": FRAMES_CHECKPOINT}
    found = {judged: dict(checkpoints.describe(name).figures) for judged, name in names.items()}
    return {
        **found,
        "presets": preset_figures(judge, data_dir),
        "real captures": capture_figures(judge, data_dir),
    }


def preset_figures(judge: Any, data_dir: str | Path) -> dict[str, dict[str, Any]]:
    """Faces of artists and tables, from which the portrait backend learns and the evaluator does not."""
    import numpy as np

    from conditioning.face.arkit import NAMES
    from training.data.face_presets import emotion_anchors

    from .portrait_evaluator import coefficient_features

    rows: dict[str, list[tuple[str, str]]] = {}
    for state, faces in emotion_anchors(Path(data_dir) / "face" / "emotion_presets", NAMES).items():
        for face in faces:
            if state in STATES:
                features = coefficient_features(face.coefficients[None], np.zeros(len(NAMES)))
                named = LABELS[int(judge.scores(features[None]).argmax())]
                rows.setdefault(face.source, []).append((STATES[state], named))
    return {
        source: {
            "named": share(np.array([asked == named for asked, named in pairs])),
            "faces": len(pairs),
            "wrong": [f"{asked} as {named}" for asked, named in pairs if asked != named],
        }
        for source, pairs in rows.items()
    }


def capture_figures(judge: Any, data_dir: str | Path) -> dict[str, dict[str, float]]:
    """What three seconds of people who talk are called, beside their own take; they have no labels."""
    import numpy as np

    from .portrait_evaluator import coefficient_features

    answer = {}
    for name, takes in talking_takes(data_dir).items():
        counts = np.zeros(len(LABELS))
        for take in takes:
            rest = np.median(take, axis=0)
            for start in range(0, len(take) - WINDOW + 1, WINDOW):
                features = coefficient_features(take[start : start + WINDOW], rest)
                counts[int(judge.scores(features[None]).argmax())] += 1
        total = max(1.0, counts.sum())
        answer[name] = {
            label: rounded(count / total) for label, count in zip(LABELS, counts, strict=True) if count
        }
    return answer


def talking_takes(data_dir: str | Path) -> dict[str, list[np.ndarray]]:
    """Gives real takes of people who talk: {"speech": mouths of test takes, "captures": whole faces}."""
    from conditioning.face.arkit import NAMES
    from training.data.face import facegood, livelink

    from .portrait_trials import TEST

    folder = Path(data_dir) / "face"
    speech = [take.coefficients for take in facegood(folder / "facegood", NAMES) if take.id in TEST]
    faces = [
        take.coefficients
        for take in livelink(folder / "livelink_arkit_takes.npz", NAMES)
        if not take.exercise
    ]
    return {"speech": speech, "captures": faces}


def lip_marks(data_dir: str | Path) -> np.ndarray:
    """Gives how far coefficients move the 20 marks of the lips on ICT-FaceKit's average head: (52, 20, 3) cm.

    Raises:
        FileNotFoundError: the data do not have it.
    """
    from conditioning.face.ict import read_head

    head = read_head(data_dir)
    return head.expressions[:, head.landmarks68[48:68]].astype(float)
