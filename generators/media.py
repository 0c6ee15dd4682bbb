"""The media that backends give: plain data with a rate and a provenance; `studio.export` writes files."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import symusic

    from conditioning.body.motion import BodyMotion
    from conditioning.encoders.video_file import VideoFile
    from conditioning.face.motion import FaceMotion


@dataclass(frozen=True)
class Media:
    """What every medium carries.

    Attributes:
        provenance: medium, weights and their hash, licence, prompt, options, emotion, version; written into
            files.
        warnings: what somebody should know before trusting the result, a line each.
        emotion_track: (start in s, valence, arousal) of each stretch of one feeling, valence and arousal in
            -1..1, for pictures.
    """

    provenance: dict[str, Any] = field(default_factory=dict, kw_only=True)
    emotion_track: tuple[tuple[float, float, float], ...] = field(default=(), kw_only=True)
    warnings: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def duration_s(self) -> float:
        """Length in seconds; 0 of what has none."""
        return 0.0


@dataclass(frozen=True)
class Mark:
    """A stretch of a sound that has a name.

    Attributes:
        start_s, end_s: from the start of the sound.
        text: the phone, viseme, word or sentence.
        kind: "phone", "viseme", "word" or "sentence".
    """

    start_s: float
    end_s: float
    text: str
    kind: str


@dataclass(frozen=True)
class Audio(Media):
    """Sound.

    Attributes:
        samples: (C, S) float32 in -1..1.
        sample_rate: Hz.
        marks: what sounds when, of every kind in the order of time.
    """

    samples: np.ndarray
    sample_rate: int
    marks: tuple[Mark, ...] = ()

    @property
    def duration_s(self) -> float:
        return self.samples.shape[-1] / self.sample_rate

    def marks_of(self, kind: str) -> list[Mark]:
        """Gives the marks of one kind."""
        return [mark for mark in self.marks if mark.kind == kind]

    def mono(self) -> np.ndarray:
        """(S,), the mean of the channels; a single one is not copied."""
        return self.samples[0] if len(self.samples) == 1 else self.samples.mean(0)


@dataclass(frozen=True)
class Converted(Audio):
    """Sound made from a recording, which its provenance names under prompt.audio."""

    @property
    def source_path(self) -> str:
        """Of the recording; empty when it is not known."""
        return str((self.provenance.get("prompt") or {}).get("audio") or "")


TRACK_STEP_S = 0.5  # between rows of an `emotion_track` of what changes over time


def track_times(duration_s: float) -> list[float]:
    """Gives the times in s of the rows of an `emotion_track`, at least one."""
    return [TRACK_STEP_S * number for number in range(max(1, math.ceil(duration_s / TRACK_STEP_S)))]


SomeAudio = TypeVar("SomeAudio", bound=Audio)


def join(parts: Iterable[SomeAudio]) -> SomeAudio:
    """Gives one sound from its parts in order: marks and emotion shifted, all else of the first.

    Args:
        parts: at least one, all of one sample rate and number of channels; their times start at 0.
    """
    from .on_disk import concatenated

    marks: list[Mark] = []
    track: list[tuple[float, float, float]] = []
    first: list[SomeAudio] = []

    def samples() -> Iterator[np.ndarray]:
        at = 0.0
        for part in parts:
            if not first:
                first.append(part)
            marks.extend(
                replace(mark, start_s=mark.start_s + at, end_s=mark.end_s + at) for mark in part.marks
            )
            track.extend((at + time, *place) for time, *place in part.emotion_track)  # type: ignore[misc]
            at += part.duration_s
            yield part.samples

    whole = concatenated(samples())
    return replace(first[0], samples=whole, marks=tuple(marks), emotion_track=tuple(track))


@dataclass(frozen=True)
class Score(Media):
    """Symbolic music.

    Attributes:
        midi: symusic score in ticks, with tempos, key and time signatures, and one marker for each change of
            emotion.
    """

    midi: symusic.Score

    @property
    def duration_s(self) -> float:
        """Seconds from the start to the end of the last note."""
        return float(self.midi.to("second").end())

    @property
    def num_notes(self) -> int:
        return self.midi.note_num()


@dataclass(frozen=True)
class Video(Media):
    """Moving pictures, with sound or without, in an MP4 file: memory holds a few frames of it.

    Attributes:
        file: a `generators.on_disk.ScratchFile`, which goes with the last who holds it, or the path of a kept
            file; H.264 and AAC.
        width, height: pixels.
        frame_rate: Hz.
        num_frames: at least 1.
        sample_rate: of the sound in Hz; 0 of a silent film.
        marks: what sounds when, of every kind in the order of time.
    """

    file: os.PathLike[str]
    width: int
    height: int
    frame_rate: float
    num_frames: int
    sample_rate: int = 0
    marks: tuple[Mark, ...] = ()

    @property
    def duration_s(self) -> float:
        return self.num_frames / self.frame_rate

    @property
    def has_sound(self) -> bool:
        return self.sample_rate > 0

    def marks_of(self, kind: str) -> list[Mark]:
        """Gives the marks of one kind."""
        return [mark for mark in self.marks if mark.kind == kind]

    def frames(
        self,
        start: int = 0,
        stop: int | None = None,
        *,
        frame_rate: float | None = None,
        largest: int | None = None,
        block: int = 16,
    ) -> Iterator[np.ndarray]:
        """Gives frames in order, (T, H, W, 3) uint8 RGB with T up to `block`.

        Args:
            start, stop: from this frame to before that one, counted at the rate asked for.
            frame_rate: Hz; the film's own when None.
            largest: of the longer side in pixels; larger frames are scaled down.
            block: most frames at a time.
        """
        # From here, so that the scratch file is held as long as somebody reads.
        yield from self._opened().frames(start, stop, frame_rate=frame_rate, largest=largest, block=block)

    def stills(self, numbers: Iterable[int], *, largest: int | None = None) -> list[np.ndarray]:
        """Gives single frames, (H, W, 3) uint8 RGB, of which the longer side is at most `largest` pixels."""
        opened = self._opened()
        return [opened.frame(number, largest=largest) for number in numbers]

    def sound(self) -> Iterator[np.ndarray]:
        """Gives the sound in blocks, (C, S) float32; nothing of a silent film."""
        yield from self._opened().sound()

    def _opened(self) -> VideoFile:
        from conditioning.encoders.video_file import VideoFile

        size = self.width, self.height
        return VideoFile(Path(self.file), *size, self.frame_rate, self.num_frames, self.sample_rate)


@dataclass(frozen=True)
class Portrait(Video):
    """A talking portrait.

    Attributes:
        motion: what the face does, at the film's rate or another.
        identity: (K,) coefficients of the 3D head's shape; None of a photo's.
    """

    motion: FaceMotion = field(kw_only=True)
    identity: np.ndarray | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Motion(Media):
    """A moving body, with the sound that it moves to or without.

    Attributes:
        motion: of the whole body, in cm, at a rate of its own.
        audio: what is heard from the first frame on; None of a silent one. What goes beyond the last frame
            is left out of films.
        marks: what sounds when, of every kind in the order of time.
    """

    motion: BodyMotion
    audio: Audio | None = None
    marks: tuple[Mark, ...] = ()

    @property
    def duration_s(self) -> float:
        return self.motion.duration_s

    @property
    def has_sound(self) -> bool:
        return self.audio is not None and self.audio.samples.shape[-1] > 0

    def marks_of(self, kind: str) -> list[Mark]:
        """Gives the marks of one kind."""
        return [mark for mark in self.marks if mark.kind == kind]
