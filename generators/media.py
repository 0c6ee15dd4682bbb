"""The media that backends give: plain data with a rate and a provenance; `studio.export` writes files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import symusic


@dataclass(frozen=True)
class Media:
    """What every medium carries.

    Attributes:
        provenance: medium, weights and their hash, licence, prompt, options, emotion, version; written into
            files.
        emotion_track: (start in s, valence, arousal) of each stretch of one feeling, valence and arousal in
            -1..1, for pictures.
    """

    provenance: dict[str, Any] = field(default_factory=dict, kw_only=True)
    emotion_track: tuple[tuple[float, float, float], ...] = field(default=(), kw_only=True)

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


def join(parts: Sequence[Audio]) -> Audio:
    """Gives one sound from its parts in order: marks and emotion shifted, the provenance of the first.

    Args:
        parts: at least one, all of one sample rate and number of channels; their times start at 0.
    """
    import numpy as np

    rate = parts[0].sample_rate
    lengths = [part.samples.shape[-1] for part in parts]
    starts = [sum(lengths[:number]) / rate for number in range(len(parts))]
    placed = list(zip(starts, parts, strict=True))
    return Audio(
        np.concatenate([part.samples for part in parts], axis=-1),
        rate,
        tuple(
            replace(mark, start_s=mark.start_s + at, end_s=mark.end_s + at)
            for at, part in placed
            for mark in part.marks
        ),
        emotion_track=tuple(
            (at + time, *place) for at, part in placed for time, *place in part.emotion_track
        ),
        provenance=parts[0].provenance,
    )


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
