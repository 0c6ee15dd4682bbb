"""The trials of the portrait backend on films: photos that speak, and what is found in their frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .figures import LEVELS, dial_figures, rounded, share
from .portrait_metrics import blinks, correlation, eyelids_shut, mesh_opening, opening, shape_change
from .portrait_moves import Film, Films, Line
from .portrait_trials import MOVING
from .portrait_units import LABELS

if TYPE_CHECKING:
    import numpy as np

# What the evaluator sees of a film; what a fit of the face is made to.
LOOK_RATE = 10.0
FITS = 10
# Portraits whose dial is turned step by step.
DIALS = 2
# Of MediaPipe's landmarks.
UPPER_LIP, LOWER_LIP = (81, 13, 311), (178, 14, 402)
LIDS = (((159, 145), (33, 133)), ((386, 374), (263, 362)))


def portraits_of(data_dir: str | Path) -> list[Path]:
    """Gives the photos and paintings of the data.

    Raises:
        FileNotFoundError: there are none.
    """
    found = sorted((Path(data_dir) / "face" / "portraits").glob("*.jpg"))
    if not found:
        raise FileNotFoundError("expected portraits in face/portraits, got none")
    return found


def run_rendered(
    films: Films, judge: Any, average: np.ndarray, portraits: Sequence[Path], line: Line, seed: int
) -> dict[str, Any]:
    """Lets portraits say a line with every emotion.

    Args:
        judge: the evaluator of frames. average: (478, 3) the face that it knows as nobody's.

    Returns:
        "portraits": for each what is named as asked, how its shape changes, how far its lids shut;
        "emotions": for each the share named and, over all, "confusion" and "accuracy"; "dial": for each
        emotion its figures; and "photos": what the evaluator says of the photos themselves.
    """
    import numpy as np

    counts = np.zeros((len(LABELS), len(LABELS)), int)
    rows: dict[str, dict[str, Any]] = {}
    odds: dict[str, list[list[float]]] = {name: [] for name in MOVING}
    for number, path in enumerate(portraits):
        asked = {"image": str(path), "audio": str(line.path), "seed": seed, "frame_rate": LOOK_RATE}
        levels = LEVELS if number < DIALS else (LEVELS[0], LEVELS[-1])
        calm = films.make(**asked, emotion="neutral", intensity=0.0)
        steps = {
            emotion: [calm, *(films.make(**asked, emotion=emotion, intensity=at) for at in levels[1:])]
            for emotion in MOVING
        }
        full = {"neutral": calm, **{emotion: made[-1] for emotion, made in steps.items()}}
        named = {emotion: int(scores_of(judge, film, calm).argmax()) for emotion, film in full.items()}
        for emotion, found in named.items():
            counts[LABELS.index(emotion), found] += 1
        if number < DIALS:
            for emotion, made in steps.items():
                at = LABELS.index(emotion)
                odds[emotion].append([float(strength_of_film(judge, film, calm)[at]) for film in made])
        rows[path.stem] = {
            "named": {emotion: LABELS[found] for emotion, found in named.items()},
            **shapes_of(full),
            "seen": rounded(np.mean([film.seen for film in full.values()])),
            "backdrop": rounded(np.mean([film.backdrop for film in full.values()])),
            **closely(films, path, line, seed),
        }
    recall = counts.diagonal() / counts.sum(1).clip(1)
    return {
        "portraits": rows,
        "emotions": {name: rounded(value) for name, value in zip(LABELS, recall, strict=True)},
        "confusion": counts.tolist(),
        "accuracy": rounded(counts.diagonal().sum() / counts.sum()),
        "dial": {
            emotion: {"levels": list(LEVELS), **dial_figures(LEVELS, np.array(found).T)}
            for emotion, found in odds.items()
        },
        "photos": {path.stem: photo_reading(judge, average, path) for path in portraits},
    }


def scores_of(judge: Any, film: Film, calm: Film) -> np.ndarray:
    """(8,) logits of a film beside the same person's calm one."""
    return judge.scores(features_of(film, calm)[None])[0]


def strength_of_film(judge: Any, film: Film, calm: Film) -> np.ndarray:
    """(8,) how strongly a film shows each emotion."""
    return judge.strength(features_of(film, calm)[None])[0]


def features_of(film: Film, calm: Film) -> np.ndarray:
    """What the evaluator sees of a film: (F,).

    Raises:
        ValueError: no frame in which a face was found.
    """
    from .portrait_geometry import shape_features, upright

    for one in (film, calm):
        if not len(one.landmarks):
            raise ValueError("expected a film with a face in it, got one in which none is found")
    return shape_features(upright(film.landmarks), upright(calm.landmarks).mean(0))


def photo_reading(judge: Any, average: np.ndarray, path: Path) -> dict[str, float]:
    """What the evaluator says of a photo, without knowing the person: emotions above 5 %, by chance.

    Empty where no face is found.
    """
    from conditioning.face.landmarks import find_faces
    from conditioning.face.photo import open_photo

    from .portrait_geometry import shape_features, upright

    faces = find_faces(open_photo(path))
    if not faces:
        return {}
    features = shape_features(upright(faces[0].landmarks[None]), average)
    chances = softmax(judge.scores(features[None], "absolute")[0])
    return {name: rounded(value, 2) for name, value in zip(LABELS, chances, strict=True) if value > 0.05}


def softmax(logits: np.ndarray) -> np.ndarray:
    import numpy as np

    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def shapes_of(full: dict[str, Film]) -> dict[str, float]:
    """How the shape of a person's face differs from the calm one, pose and expression taken out.

    Returns:
        "shape": the largest over emotions, "shape mean": the mean, as shares of the face's width.
    """
    import numpy as np

    calm = fitted_shape(full["neutral"])
    changes = [shape_change(calm, fitted_shape(film)) for name, film in full.items() if name != "neutral"]
    return {"shape": rounded(max(changes)), "shape mean": rounded(np.mean(changes))}


def fitted_shape(film: Film) -> np.ndarray:
    """(478, 3) the person at rest, the mean over frames of what a fit of the face leaves of landmarks."""
    import numpy as np

    from conditioning.face.fit import fit_face
    from conditioning.face.landmarks import face_of
    from conditioning.face.model import load_face_model

    model = load_face_model()
    chosen = np.linspace(0, len(film.landmarks) - 1, min(FITS, len(film.landmarks))).astype(int)
    rests = [fit_face(face_of(film.landmarks[at]), model).rest(model) for at in chosen]
    return np.mean(rests, axis=0)


def closely(films: Films, path: Path, line: Line, seed: int) -> dict[str, float]:
    """What only a film of all frames shows: lids that shut, and lips that follow.

    Returns:
        "lids": how far eyes are open at the height of blinks, of their opening at rest; "lips": correlation
        of the mouth in the picture with the one that was asked for.
    """
    film = films.make(
        image=str(path),
        audio=str(line.path),
        seed=seed,
        emotion="neutral",
        intensity=0.0,
        frame_rate=30.0,
        blink_rate=45.0,
    )
    gap = mesh_opening(film.landmarks[:, list(UPPER_LIP)], film.landmarks[:, list(LOWER_LIP)])
    return {
        "lids": rounded(eyelids_shut(eye_opening(film.landmarks), blinks(film.expression))),
        "lips": rounded(correlation(gap, opening(film.expression))),
    }


def eye_opening(landmarks: np.ndarray) -> np.ndarray:
    """Height of the eyes over their width: (T, 478, 3) -> (T,)."""
    import numpy as np

    found = []
    for (upper, lower), (outer, inner) in LIDS:
        tall = np.linalg.norm(landmarks[:, upper, :2] - landmarks[:, lower, :2], axis=1)
        found.append(tall / np.linalg.norm(landmarks[:, outer, :2] - landmarks[:, inner, :2], axis=1))
    return np.mean(found, axis=0)


def named_share(results: dict[str, Any], emotion: str) -> float:
    """Share of portraits whose emotion is named as asked."""
    import numpy as np

    found = [row["named"][emotion] == emotion for row in results["portraits"].values()]
    return share(np.array(found))
