"""What the frozen evaluators read in the parts of a scene, each in its own words and as a place in the plane.

An evaluator gives calibrated chances for its own labels. Where they lie together in the plane of valence and arousal
is their mean: chance by chance, the place that the emotion space has for the label. That was settled before anything
was measured, and nothing in it is fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import gesture_evaluator, portrait_units, speech_evaluator
from .music_evaluator import QUADRANTS

if TYPE_CHECKING:
    import numpy as np

    from ..scene.direct import Acted

# What is asked -> what each medium's evaluator calls it; None where it has no word for it.
ASKED: dict[str, dict[str, str | None]] = {
    "angry": {"speech": "angry", "face": "angry", "frames": "angry", "body": "angry", "music": "Q2"},
    "happy": {"speech": "happy", "face": "happy", "frames": "happy", "body": "happy", "music": "Q1"},
    "sad": {"speech": "sad", "face": "sad", "frames": "sad", "body": "sad", "music": "Q3"},
    "fear": {"speech": "fearful", "face": "fear", "frames": "fear", "body": None, "music": "Q2"},
    "neutral": {
        "speech": "neutral",
        "face": "neutral",
        "frames": "neutral",
        "body": "neutral",
        "music": None,
    },
}
LABELS: dict[str, tuple[str, ...]] = {
    "speech": speech_evaluator.LABELS,
    "face": portrait_units.LABELS,
    "frames": portrait_units.LABELS,
    "body": gesture_evaluator.LABELS,
    "music": QUADRANTS,
}
MEDIA = tuple(LABELS)
# What each counts: the face is one medium, read twice.
SHARES = {"speech": 1.0, "face": 0.5, "frames": 0.5, "body": 1.0, "music": 1.0}
TITLES = {
    "speech": "speech",
    "face": "portrait, coefficients",
    "frames": "portrait, frames",
    "body": "gesture",
    "music": "music",
}
# Faces are looked for in so many frames a second.
LOOK_RATE = 10.0
# Music around a line is heard for at least so long; a quadrant is not told from a moment.
LEAST_MUSIC_S = 10.0


@dataclass(frozen=True)
class Seen:
    """What describes the parts of a scene, line by line, before anything is judged.

    Attributes:
        speech: L x (F,). face: L x (T, 52). frames: L x (T, 478, 3) landmarks. body: L x (F,).
        notes: (N, 4) of the music. lines: L x (start, end) in s. end_s: of the scene.
    """

    speech: list[np.ndarray]
    face: list[np.ndarray]
    frames: list[np.ndarray]
    body: list[np.ndarray]
    notes: np.ndarray
    lines: list[tuple[float, float]]
    end_s: float


@dataclass(frozen=True)
class Rest:
    """The same people without a feeling: what the evaluators compare with.

    Attributes:
        speech: (F,) of real recordings of the voice, or of made ones.
        face: (52,). frames: (478, 3). body: L x (F,), for each line how the same person moves in others.
    """

    speech: np.ndarray
    face: np.ndarray
    frames: np.ndarray
    body: list[np.ndarray]


def seen_in(made: Acted) -> Seen:
    """Looks at the parts of a scene."""
    from conditioning.encoders.midi import note_array

    from ..scene.parts import opened

    judge = speech_evaluator.load_speech_evaluator()
    speech, face, frames, body = [], [], [], []
    for shot in made.shots:
        sound = opened("speech", shot.parts["speech"])
        speech.append(judge.features(sound.samples.mean(0), sound.sample_rate))
        film = opened("portrait", shot.parts["portrait"])
        face.append(film.motion.expression)
        frames.append(found_faces(Path(shot.parts["portrait"]), film))
        body.append(body_features(opened("gesture", shot.parts["gesture"]).motion))
    notes = note_array(opened("music", made.score).midi) if made.score else empty_notes()
    return Seen(speech, face, frames, body, notes, [(s.speech_s, s.silent_s) for s in made.shots], made.end_s)


def empty_notes() -> np.ndarray:
    import numpy as np

    return np.zeros((0, 4))


def body_features(motion: Any) -> np.ndarray:
    """(F,) of a motion at 30 frames a second."""
    return gesture_evaluator.motion_features(motion).mean(0)


def found_faces(path: Path, film: Any) -> np.ndarray:
    """(T, 478, 3) of the faces found in a film; kept beside it, for finding them takes longest."""
    from .portrait_moves import film_of, read_arrays, write_arrays

    kept = path.with_suffix(".faces.npz")
    found = read_arrays(kept) if kept.is_file() else None
    if found is None:
        landmarks = film_of(film.frames(frame_rate=LOOK_RATE), film.motion.expression).landmarks
        write_arrays(kept, {"landmarks": landmarks})
        return landmarks
    return found["landmarks"]


def rest_of(calm: Seen, speech: np.ndarray | None = None) -> Rest:
    """Gives what a scene is compared with from the same scene without a feeling.

    Args:
        speech: (F,) of real recordings of the voice; the mean of the calm lines when None.
    """
    import numpy as np

    from .portrait_geometry import upright

    count = len(calm.body)
    others = [[at for at in range(count) if at != line] or [line] for line in range(count)]
    return Rest(
        speech=speech_evaluator.reference_of(calm.speech) if speech is None else speech,
        face=np.mean([row.mean(0) for row in calm.face], axis=0),
        frames=np.mean([upright(row).mean(0) for row in calm.frames if len(row)], axis=0),
        body=[np.mean([calm.body[at] for at in rows], axis=0) for rows in others],
    )


def chances(seen: Seen, rest: Rest) -> dict[str, np.ndarray]:
    """Gives each medium's chances of its labels, line by line: medium -> (L, labels)."""
    import numpy as np

    from .portrait_evaluator import (
        CHECKPOINT,
        FRAMES_CHECKPOINT,
        coefficient_features,
        load_portrait_evaluator,
    )
    from .portrait_geometry import shape_features, upright

    face = np.stack([coefficient_features(row, rest.face) for row in seen.face])
    frames = np.stack([shape_features(upright(row), rest.frames) for row in seen.frames])
    return {
        "speech": likelihoods(
            speech_evaluator.load_speech_evaluator().scores(np.stack(seen.speech), rest.speech)
        ),
        "face": likelihoods(load_portrait_evaluator(CHECKPOINT).scores(face)),
        "frames": likelihoods(load_portrait_evaluator(FRAMES_CHECKPOINT).scores(frames)),
        "body": likelihoods(
            gesture_evaluator.load_gesture_evaluator().scores(np.stack(seen.body), np.stack(rest.body))
        ),
        "music": heard_around(seen),
    }


def heard_around(seen: Seen) -> np.ndarray:
    """(L, 4) chances of the quadrants in the music around each line."""
    from .music_evaluator import load_music_evaluator

    return load_music_evaluator().judge([window(seen, *line) for line in seen.lines]).quadrant


def heard_whole(seen: Seen) -> np.ndarray:
    """(4,) chances of the quadrants in all of the music."""
    from .music_evaluator import load_music_evaluator

    return load_music_evaluator().judge([seen.notes]).quadrant[0]


def window(seen: Seen, start_s: float, end_s: float) -> np.ndarray:
    """The notes that begin while a line is said, and around it if it is short."""
    half = max(end_s - start_s, min(LEAST_MUSIC_S, seen.end_s)) / 2
    middle = min(max((start_s + end_s) / 2, half), max(half, seen.end_s - half))
    onset = seen.notes[:, 0]
    return seen.notes[(onset >= middle - half) & (onset < middle + half)]


def likelihoods(logits: np.ndarray) -> np.ndarray:
    """(..., K) -> (..., K), sums to 1."""
    import numpy as np

    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def together(rows: np.ndarray) -> np.ndarray:
    """The chances of a whole scene from those of its lines: the geometric mean. (L, K) -> (K,)"""
    import numpy as np

    return likelihoods(np.log(rows.clip(1e-9)).mean(0))


@lru_cache(maxsize=8)
def places_of(medium: str) -> np.ndarray:
    """Valence and arousal of a medium's labels in the emotion space. (K, 2)"""
    import numpy as np

    return np.array([place_of(label) for label in LABELS[medium]])


def place_of(label: str, intensity: float = 1.0) -> tuple[float, float]:
    """Valence and arousal of a name in the emotion space."""
    from conditioning import Emotion, load_space

    space = load_space()
    valence, arousal, _ = space.vad(space.embed(Emotion.parse(label, intensity))).tolist()
    return valence, arousal


def read_place(medium: str, found: np.ndarray) -> np.ndarray:
    """Where chances lie in the plane: (..., K) -> (..., 2)."""
    return found @ places_of(medium)


def named(medium: str, found: np.ndarray) -> str:
    """The likeliest label of (K,)."""
    return LABELS[medium][int(found.argmax())]


def distances(places: Any, asked: Any) -> np.ndarray:
    """(N, 2), (N, 2) -> (N,)."""
    import numpy as np

    return np.linalg.norm(np.asarray(places, float) - np.asarray(asked, float), axis=-1)
