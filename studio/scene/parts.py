"""The parts of a scene, each made once and kept by its content: speech, face, body and music."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Audio, Mark

from ..formats import format_of
from ..inputs import file_of
from .options import SceneOptions, takes_of

if TYPE_CHECKING:
    from conditioning import EmotionCurve
    from generators.base import StepCallback

    from ..dubbing.line import Line, Speaker
    from ..dubbing.store import Part, Store
    from ..session import Studio

SUFFIX = {"speech": ".wav", "portrait": ".mp4", "gesture": ".npz", "music": ".mid"}
# With the voice that learned from nothing non-commercial, so do the body and the music.
FREE = {"speech": "speech-base", "gesture": "gesture-base", "music": "music-base"}
# Draws of one part are this far apart, so that a take of one is no seed of another.
TAKE_STEP = 7919
MOST_SEED = 2**31 - 1
AUDITION_STEP = 104_729
# Moments of a curve that stand for all of it.
READINGS = 8


@dataclass(frozen=True)
class Kitchen:
    """Where parts are made.

    Attributes:
        studio: whose backends make them. store: where they stay. options: of the scene.
        size: of the portrait's picture. body_rate: of movement in Hz, where it is not the film's.
    """

    studio: Studio
    store: Store
    options: SceneOptions
    size: tuple[int, int]
    body_rate: float | None = None

    def seed(self, part: str, whose: int = 0, take: int = 0) -> int:
        """Gives the seed of a part, of its own draw if one was asked for.

        Args:
            part: as in `SceneOptions.takes`. whose: tells lines, or people, apart.
        """
        asked = takes_of(self.options.takes).get(part, 0)
        return (self.options.seed + TAKE_STEP * (asked + take) + whose) % (MOST_SEED + 1)

    @property
    def is_free(self) -> bool:
        """Whether nothing may take part that learned from non-commercial data."""
        return self.options.checkpoint == FREE["speech"]

    @property
    def score_takes(self) -> int:
        """How many takes of the music are made; who reads them has learned from non-commercial data."""
        return 1 if self.is_free else self.options.score_takes

    @property
    def readers(self) -> list[str]:
        """Names of the weights that choose among takes; none where the first take is used."""
        from conditioning.encoders import ENCODERS

        chooses = self.options.score and self.score_takes > 1
        return [ENCODERS[SUFFIX["music"]].checkpoint] if chooses else []

    def made(self, medium: str, on_step: StepCallback | None, **arguments: Any) -> Part:
        """Gives a part, made if it is not there."""
        free = {"checkpoint": FREE[medium]} if self.is_free and medium in FREE else {}
        return self.store.part(self.studio, medium, {**arguments, **free}, SUFFIX[medium], on_step=on_step)

    def speech(
        self, line: Line, speaker: Speaker, emotion: EmotionCurve, on_step: StepCallback | None,
        duration_s: float | None = None,
    ) -> Part:  # fmt: skip
        """Gives a line as it is said."""
        length = {"speed": speaker.speed} if duration_s is None else {"duration_s": duration_s}
        seed = self.seed(f"{line.number} speech", take=line.take)
        return self.made(
            "speech", on_step, text=line.text, voice=line.voice or speaker.voice, language=speaker.language,
            f0_shift=speaker.f0_shift, emotion=emotion.to_json(), seed=seed, **length,
        )  # fmt: skip

    def portrait(
        self, sound: str, line: Line, speaker: Speaker, emotion: EmotionCurve, on_step: StepCallback | None
    ) -> Part:
        """Gives the film of a face that says a sound: the speaker's photo, or a head of their own."""
        who = {"image": speaker.image} if speaker.image else {"head_seed": 1 + person_of(speaker.name)}
        return self.made(
            "portrait", on_step, audio=sound, emotion=emotion.to_json(), width=self.size[0], height=self.size[1],
            frame_rate=self.options.frame_rate,
            seed=self.seed(f"{line.number} portrait", person_of(speaker.name)), **who,
        )  # fmt: skip

    def gesture(
        self, sound: str, line: Line, speaker: Speaker, emotion: EmotionCurve, on_step: StepCallback | None
    ) -> Part:
        """Gives the movement of a body that says a sound."""
        return self.made(
            "gesture", on_step, audio=sound, emotion=emotion.to_json(),
            frame_rate=self.body_rate or self.options.frame_rate,
            seed=self.seed(f"{line.number} gesture", person_of(speaker.name)),
        )  # fmt: skip

    def score(self, length_s: float, emotion: EmotionCurve, on_step: StepCallback | None) -> Part:
        """Gives music of a length: of some takes the one that the emotion layer's own reader of music places nearest
        to what is asked. Takes of music differ more than those of any other medium."""
        length_s, seed, takes = max(1.0, round(length_s, 3)), self.seed("score"), []
        for number in range(self.score_takes):
            drawn = (seed + AUDITION_STEP * number) % (MOST_SEED + 1)
            step = on_step if number == 0 else heard_only(on_step)
            takes.append(self.made("music", step, duration_s=length_s, emotion=emotion.to_json(), seed=drawn))
        return min(takes, key=lambda take: misread_by(take, emotion)) if len(takes) > 1 else takes[0]


def heard_only(on_step: StepCallback | None) -> StepCallback | None:
    """Gives what lets a cancel through while the progress stands still: further takes are not counted."""
    if on_step is None:
        return None
    return lambda step, total: on_step(1, 1)


def misread_by(part: Part, emotion: EmotionCurve) -> float:
    """How far the place that an encoder of the emotion layer reads off a part lies from what was asked of it.

    Mean valence, arousal and dominance of the curve while the part lasts; the encoder reads a whole file.
    """
    from conditioning import load_space

    space = load_space()
    times = [part.duration_s * (number + 0.5) / READINGS for number in range(READINGS)]
    asked = space.vad(space.embed_curve(emotion, times)).mean(0)
    return float((read_part(os.fspath(part)) - asked).norm())


@lru_cache(maxsize=4096)
def read_part(path: str) -> Any:
    """Valence, arousal and dominance of a file whose name is its content. (3,)"""
    from conditioning import load_space
    from conditioning.encoders import encode

    return load_space().vad(encode(Path(path)))


def person_of(name: str) -> int:
    """Gives a number for somebody, the same for the same name: who has it looks and moves in one way."""
    return zlib.crc32(name.casefold().encode()) % MOST_SEED


def opened(medium: str, path: str | os.PathLike[str]) -> Any:
    """Reads a part back."""
    return format_of(medium).read(Path(path), {})


def padded(speech: Audio, before_s: float, length_s: float) -> Audio:
    """Gives a sound with silence around it, of an exact length.

    What goes over the end is cut only where it is shorter than a frame of the film.
    """
    import numpy as np

    rate = speech.sample_rate
    samples = np.zeros((1, max(1, round(length_s * rate))), np.float32)
    first = max(0, round(before_s * rate))
    part = speech.samples.mean(0, keepdims=True)[:, : max(0, samples.shape[1] - first)]
    samples[:, first : first + part.shape[1]] = part
    at = first / rate
    marks = tuple(
        Mark(mark.start_s + at, min(mark.end_s + at, length_s), mark.text, mark.kind)
        for mark in speech.marks
        if mark.start_s + at < length_s
    )
    return Audio(samples, rate, marks)


def sound_file(sound: Audio) -> str:
    """Gives the path of a sound that is kept by its content, with its timings beside it."""
    return str(file_of(sound, (".wav",)))
