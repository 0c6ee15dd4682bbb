"""The trial of grading: dials of looks per emotion, a film left as it is at 0, and no flicker added."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .figures import LEVELS, rounded, share
from .video_clips import Clips, Made, RealClips, encoded, read_film
from .video_metrics import flicker, looks, monotone, restlessness

if TYPE_CHECKING:
    import numpy as np

GRADED = ("joy", "sadness", "fear", "anger", "calm", "love", "disgust", "nostalgia")
PORTRAITS = "face/portraits"
SIZE, PAN_FRAMES, RATE = 256, 24, 12.0
# Less than this of an attribute is no movement.
LEAST_MOVED = 0.008
ATTRIBUTES = ("brightness", "colourfulness", "contrast", "red", "yellow")


def write_films(data_dir: str | Path, real: RealClips, folder: Path, count: int) -> list[Path]:
    """Writes films to grade: a slow pan over each portrait there is, and animations on coloured grounds.

    Args:
        count: of films at most.
    """
    from generators.video.animations import BACKGROUNDS, View

    films = [pan(path) for path in sorted((Path(data_dir) / PORTRAITS).glob("*.jpg"))[: (count + 1) // 2]]
    grounds = [BACKGROUNDS[name] for name in ("blue", "green", "grey", "orange")]
    faces = [each for each in real.animations if each.kind == "face"]
    for number in range(count - len(films)):
        view = View(background=grounds[number % len(grounds)], scale=0.8)
        animation = faces[number * 7 % len(faces)]
        films.append(real.drawer.draw(animation, [at / RATE for at in range(PAN_FRAMES)], view))
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"film-{number}.mp4" for number in range(len(films))]
    for path, frames in zip(paths, films, strict=True):
        path.write_bytes(encoded(frames, RATE).film)
    return paths


def pan(path: Path) -> np.ndarray:
    """Moves slowly over a picture. (24, 256, 256, 3)"""
    import numpy as np
    from PIL import Image

    with Image.open(path) as picture:
        scale = 1.15 * SIZE / min(picture.size)
        wide, high = (max(SIZE, round(scale * side)) for side in picture.size)
        pixels = np.asarray(picture.convert("RGB").resize((wide, high)))
    height, width = pixels.shape[:2]
    shares = np.linspace(0.2, 0.8, PAN_FRAMES)
    places = [(round(each * (height - SIZE)), round(each * (width - SIZE))) for each in shares]
    return np.stack([pixels[y : y + SIZE, x : x + SIZE] for y, x in places])


def look_of(made: Made) -> dict[str, float]:
    """The look of a film as plain numbers, hue as how far it leans to red and to yellow-green."""
    import math

    found = looks(made.frames, made.frame_rate)
    angle = math.radians(found["hue"])
    lean = {"red": math.cos(angle), "yellow": math.sin(angle)}
    return {
        **{name: found[name] for name in ("brightness", "colourfulness", "contrast")},
        **{name: found["hue_strength"] * value for name, value in lean.items()},
    }


def run_grading(clips: Clips, films: list[Path]) -> dict[str, Any]:
    """Grades every film by every emotion and level.

    Returns:
        For each emotion: for each attribute its mean change at 1 and, where it moves, "rho" of the dial; "rho":
        the mean of those; "identity": share of films that are the same at 0 to the bit of their frames; "flicker
        over source" and "restlessness over source" at 1.
    """
    import numpy as np

    before = [read_film(path) for path in films]
    same, flickers, rests = [], [], []
    answer: dict[str, Any] = {}
    rhos: list[float] = []
    for emotion in GRADED:
        rows: list[list[dict[str, float]]] = []
        for path, source in zip(films, before, strict=True):
            made = [graded(clips, path, emotion, level) for level in LEVELS]
            same.append(np.array_equal(made[0].frames, source.frames))
            flickers.append(flicker(made[-1].frames) / max(1e-6, flicker(source.frames)))
            rests.append(restlessness(made[-1].frames) / max(1e-6, restlessness(source.frames)))
            rows.append([look_of(each) for each in made])
        answer[emotion] = dials(rows)
        rhos += [row["rho"] for row in answer[emotion].values() if "rho" in row]
    return {
        **answer,
        "rho": rounded(np.mean(rhos)) if rhos else 0.0,
        "identity": share(np.array(same)),
        "flicker over source": rounded(np.mean(flickers)),
        "restlessness over source": rounded(np.mean(rests)),
    }


def graded(clips: Clips, path: Path, emotion: str, level: float) -> Made:
    return clips.make(task="grade", video=str(path), emotion=emotion, intensity=level)


def dials(rows: list[list[dict[str, float]]]) -> Mapping[str, dict[str, float]]:
    """How each attribute moves with the dial.

    Args:
        rows: of each film, of each level, the look.
    """
    import numpy as np

    answer: dict[str, dict[str, float]] = {}
    for name in ATTRIBUTES:
        means = np.mean([[look[name] for look in levels] for levels in rows], axis=0)
        change = float(means[-1] - means[0])
        answer[name] = {"change": rounded(change)}
        if abs(change) >= LEAST_MOVED:
            answer[name]["rho"] = monotone(LEVELS, means)
    return answer
