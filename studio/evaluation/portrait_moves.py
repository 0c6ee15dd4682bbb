"""What the trials of portraits ask for: moving faces as numbers, and films as what is found in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .maker import Maker

if TYPE_CHECKING:
    import numpy as np

    from conditioning.face.motion import FaceMotion
    from generators.media import Mark

# What our own voice says, neutrally; many sounds of closed lips.
LINES = (
    ("kathleen", "Maybe Peter brought the paper boat back to my mother."),
    ("kathleen", "Some people remember every number, but Pam keeps a map."),
    ("kerstin", "Bitte bring mir am Abend ein paar Blumen mit."),
    ("kerstin", "Am Bahnhof braucht man manchmal ein bisschen Mut."),
    ("kathleen", "The small brown bear climbed up the pebble path."),
    ("kerstin", "Papa probiert immer den Pudding, bevor Mama kommt."),
)
CLOSED = ("p", "b", "m")


@dataclass(frozen=True)
class Line:
    """A spoken line.

    Attributes:
        path: of the sound. closed: start and end in s of every p, b and m.
    """

    path: Path
    closed: tuple[tuple[float, float], ...]


def say_lines(folder: Path, count: int, say: Callable[..., Any]) -> list[Line]:
    """Lets our own voice say lines and keeps the sounds in a folder.

    Args:
        say: `studio.generate` or a stand-in: ("speech", text, voice, ...) -> something with `.media`.
    """
    from .speech_trials import write_sound

    found = []
    for at in range(count):
        voice, text = LINES[at % len(LINES)]
        media = say("speech", text=text, voice=voice, emotion="neutral", intensity=0.0, seed=at).media
        path = folder / f"line-{at}-{voice}.flac"
        write_sound(path, media.samples.mean(axis=0), int(media.sample_rate))
        found.append(Line(path, closed_in(media.marks_of("phone"))))
    return found


def closed_in(marks: Sequence[Mark]) -> tuple[tuple[float, float], ...]:
    """Gives when lips have to be closed."""
    return tuple((mark.start_s, mark.end_s) for mark in marks if mark.text in CLOSED)


class Moves(Maker):
    """Moves faces, in `.media.motion`; they are kept as arrays."""

    modality = "portrait"
    suffix = ".npz"

    def measured(self, media: Any) -> FaceMotion:
        return media.motion

    def read(self, path: Path) -> FaceMotion | None:
        from conditioning.face.motion import FaceMotion

        found = read_arrays(path)
        if found is None:
            return None
        return FaceMotion(found["expression"], found["head_pose"], found["gaze"], float(found["frame_rate"]))

    def write(self, path: Path, found: FaceMotion) -> None:
        write_arrays(path, vars(found))


@dataclass(frozen=True)
class Film:
    """What is found in a film, frame by frame; frames without a face are left out.

    Attributes:
        landmarks: (T, 478, 3) in pixels. expression: (T, 52) what was asked of these frames.
        seen: share of frames in which a face was found.
        backdrop: how far the upper corners move away from the first frame, on average, of 255.
    """

    landmarks: np.ndarray
    expression: np.ndarray
    seen: float
    backdrop: float


class Films(Maker):
    """Makes films, in `.media` with `frames` and `motion`; what is found in them is kept as arrays."""

    modality = "portrait"
    suffix = ".film.npz"

    def measured(self, media: Any) -> Film:
        return film_of(media.frames(), media.motion.expression)

    def read(self, path: Path) -> Film | None:
        found = read_arrays(path)
        if found is None:
            return None
        return Film(found["landmarks"], found["expression"], float(found["seen"]), float(found["backdrop"]))

    def write(self, path: Path, found: Film) -> None:
        write_arrays(path, vars(found))


def film_of(blocks: Any, expression: np.ndarray) -> Film:
    """Looks for the face in every frame of a film, each on its own.

    Args:
        blocks: of frames, (T, H, W, 3) uint8. expression: (T, 52) of them all.

    Raises:
        ValueError: a film without frames.
    """
    import numpy as np

    from conditioning.face.landmarks import mesh, squared

    first, rows, which, away, number = None, [], [], [], 0
    for block in blocks:
        for frame in block:
            square, scale = squared(frame)
            found = mesh(square, 1)
            if found:
                rows.append(found[0] / scale)
                which.append(min(number, len(expression) - 1))
            corner = corners(frame)
            first = corner if first is None else first
            away.append(float(np.abs(corner - first).mean()))
            number += 1
    if not number:
        raise ValueError("expected a film with frames, got none")
    landmarks = np.array(rows, np.float32).reshape(-1, 478, 3)
    shown = np.asarray(expression, np.float32)[which]
    return Film(landmarks, shown, len(rows) / number, float(np.mean(away)))


def corners(frame: np.ndarray) -> np.ndarray:
    """The upper corners of a frame, an eighth of its width each, where there is nothing but background."""
    import numpy as np

    size = max(1, frame.shape[1] // 8)
    return np.stack([frame[:size, :size], frame[:size, -size:]]).astype(float)


def write_arrays(path: Path, found: dict[str, Any]) -> None:
    """Writes arrays, under the name only when whole."""
    import numpy as np

    from checkpoints import replace_file

    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_file(path) as partial, open(partial, "wb") as file:
        np.savez_compressed(file, **found)


def read_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """Reads what `write_arrays` wrote; None of a file that cannot be read."""
    import zipfile

    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def shipped_moves() -> Callable[..., Any]:
    """Gives what moves faces with shipped weights on the CPU, without drawing them.

    It takes what `studio.generate` takes of a portrait: audio, emotion, intensity, seed, checkpoint, and of
    the options those that are in `generators.portrait.speak.MotionSettings` too.
    """
    from generators.weights import Weights

    weights = Weights("cpu")

    def move(modality: str, **request: Any) -> SimpleNamespace:
        return SimpleNamespace(media=SimpleNamespace(motion=moved(weights, **request)))

    return move


def moved(
    weights: Any, *, audio: str, emotion: str, intensity: float, seed: int, checkpoint: str, **rest: Any
) -> FaceMotion:
    """Moves a face by a recording, the dial made even as the backend does."""
    import numpy as np
    import soundfile

    from conditioning import EmotionCurve
    from conditioning.calibration import calibrated
    from conditioning.face.motion import joined
    from generators.portrait.speak import MotionSettings, motions

    samples, rate = soundfile.read(audio, dtype="float32", always_2d=True)
    entry = weights.get(checkpoint).checkpoint
    curve = calibrated(EmotionCurve.parse(emotion, intensity), entry.extra.get("calibration"))
    settings = MotionSettings(seed=seed, checkpoint=checkpoint, **rest)
    pieces = list(motions(weights, np.ascontiguousarray(samples.mean(1)), rate, curve, settings))
    return joined(pieces).with_gaze_shapes()
