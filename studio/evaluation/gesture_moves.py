"""What the trials of gestures ask for: lines of our own voice, and bodies that move by them, undrawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .maker import Maker
from .portrait_moves import read_arrays, write_arrays

if TYPE_CHECKING:
    import numpy as np

    from conditioning.body.motion import BodyMotion
    from generators.media import Mark

# What our own voice says, neutrally: a few seconds each, with several phrases.
LINES = (
    ("kathleen", "When we came down to the river, the bridge was gone, and nobody could tell us where the road went."),
    ("kerstin", "Als wir am Morgen aufstanden, war der Garten voller Schnee, und alle Wege waren verschwunden."),
    ("kathleen", "First you take the large box, then you put the small one on top, and then we carry both upstairs."),
    ("kerstin", "Zuerst geht man über den Platz, dann an der Kirche vorbei, und dahinter sieht man schon das Haus."),
    ("kathleen", "I thought about it for a whole week, but in the end there were only two things that mattered."),
    ("kerstin", "Niemand wusste, wie weit es noch war, aber keiner von uns wollte jetzt noch umkehren."),
)  # fmt: skip
# Lines are shared among so many seeds; a body of one seed is one person.
PEOPLE = 2


@dataclass(frozen=True)
class Line:
    """A spoken line.

    Attributes:
        path: of the sound. onsets: (N,) when syllables begin, in s. marks: words and phones.
        person: which of `PEOPLE` says it.
    """

    path: Path
    onsets: np.ndarray
    marks: tuple[Mark, ...] = ()
    person: int = 0


def say_lines(folder: Path, count: int, say: Callable[..., Any]) -> list[Line]:
    """Lets our own voice say lines and keeps the sounds in a folder.

    Args:
        say: `studio.generate` or a stand-in: ("speech", text, voice, ...) -> something with `.media`.
    """
    from .gesture_onsets import onsets
    from .speech_trials import write_sound

    found = []
    for at in range(count):
        voice, text = LINES[at % len(LINES)]
        media = say("speech", text=text, voice=voice, emotion="neutral", intensity=0.0, seed=at).media
        path = folder / f"gesture-{at}-{voice}.flac"
        samples = media.samples.mean(axis=0)
        write_sound(path, samples, int(media.sample_rate))
        heard = onsets(samples, int(media.sample_rate))
        found.append(Line(path, heard, tuple(media.marks), at % PEOPLE))
    return found


def repeated_line(lines: Sequence[Line], seconds: float, path: Path) -> Line:
    """Writes lines one after another, over and over, until a recording is so long."""
    import numpy as np
    import soundfile

    rows: list[np.ndarray] = []
    rate, total = 0, 0
    while not rows or total < seconds * rate:
        samples, rate = soundfile.read(lines[len(rows) % len(lines)].path, dtype="float32")
        rows.append(samples)
        total += len(samples)
    soundfile.write(path, np.concatenate(rows)[: round(seconds * rate)], rate)
    return Line(path, np.zeros(0))


@dataclass(frozen=True)
class Moved:
    """A motion as it came.

    Attributes:
        motion: joined. seams: (S,) frames at which pieces, and the windows that they were drawn in, meet.
    """

    motion: BodyMotion
    seams: np.ndarray


class Moves(Maker):
    """Moves bodies, in `.media.motion` and `.media.seams`; they are kept as arrays."""

    modality = "gesture"
    suffix = ".npz"

    def measured(self, media: Any) -> Moved:
        return Moved(media.motion, media.seams)

    def read(self, path: Path) -> Moved | None:
        found = read_arrays(path)
        return None if found is None else Moved(motion_of(found), found["seams"])

    def write(self, path: Path, found: Moved) -> None:
        write_arrays(path, {**arrays_of(found.motion), "seams": found.seams})


def motion_of(arrays: Mapping[str, np.ndarray]) -> BodyMotion:
    """Gives the motion of what `arrays_of` gave."""
    from conditioning.body.motion import BodyMotion

    return BodyMotion(arrays["rotations"], arrays["root"], float(arrays["frame_rate"]))


def arrays_of(motion: BodyMotion) -> dict[str, Any]:
    """Gives a motion as arrays by name."""
    return {"rotations": motion.rotations, "root": motion.root, "frame_rate": motion.frame_rate}


def shipped_moves(
    lines: Sequence[Line] = (), sources: Mapping[str, BodyMotion] | None = None
) -> Callable[..., Any]:
    """Gives what moves bodies with shipped weights on the CPU, without drawing them.

    It takes what `studio.generate` takes of a gesture: audio, emotion, intensity, seed, checkpoint, and of
    the options those that are in `generators.gesture.speak.GestureSettings` too; `source` is a name.

    Args:
        lines: whose words are known. sources: motions to edit, by name.
    """
    from generators.weights import Weights

    weights = Weights("cpu")
    marks = {str(line.path): line.marks for line in lines}
    known = sources or {}

    def move(modality: str, **request: Any) -> SimpleNamespace:
        source = known.get(request.pop("source", ""))
        words = marks.get(request.get("audio", ""), ())
        return SimpleNamespace(media=moved(weights, words, source, **request))

    return move


def moved(
    weights: Any,
    marks: Sequence[Mark],
    source: BodyMotion | None,
    *,
    audio: str = "",
    emotion: str,
    intensity: float,
    seed: int,
    checkpoint: str,
    **rest: Any,
) -> Moved:
    """Moves a body by a recording, or edits a motion, the dial made even as the backend does."""
    import numpy as np
    import soundfile

    from conditioning import EmotionCurve
    from conditioning.body.motion import joined
    from conditioning.calibration import calibrated
    from generators.gesture.edit import edited
    from generators.gesture.speak import GestureSettings, motions
    from generators.gesture.windows import STEP, WINDOW

    entry = weights.get(checkpoint).checkpoint
    curve = calibrated(EmotionCurve.parse(emotion, intensity), entry.extra.get("calibration"))
    settings = GestureSettings(seed=seed, checkpoint=checkpoint, **rest)
    if source is not None:
        return Moved(edited(weights, source, curve, settings), np.zeros(0, int))
    samples, rate = soundfile.read(audio, dtype="float32", always_2d=True)
    mono = np.ascontiguousarray(samples.mean(1))
    pieces = list(motions(weights, mono, rate, curve, settings, marks=marks))
    motion = joined(pieces)
    ends = np.cumsum([len(piece) for piece in pieces])[:-1]
    return Moved(
        motion, np.union1d(ends, [*range(STEP, len(motion), STEP), *range(WINDOW, len(motion), STEP)])
    )
