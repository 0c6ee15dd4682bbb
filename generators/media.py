"""The media that backends give: plain data with a rate and a provenance; `studio.export` writes files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import symusic


@dataclass(frozen=True)
class Media:
    """What every medium carries.

    Attributes:
        provenance: backend, weights and their hash, licence, prompt, options, emotion, version; written into
            files.
    """

    provenance: dict[str, Any] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True)
class Audio(Media):
    """Sound.

    Attributes:
        samples: (C, S) float32 in -1..1.
        sample_rate: Hz.
    """

    samples: np.ndarray
    sample_rate: int

    @property
    def duration_s(self) -> float:
        return self.samples.shape[-1] / self.sample_rate


@dataclass(frozen=True)
class Score(Media):
    """Symbolic music.

    Attributes:
        midi: symusic score in ticks, with tempos, key and time signatures, and one marker for each change of
            emotion.
        emotion_track: (bar start in s, valence, arousal) for each bar, each value in -1..1, for pictures.
    """

    midi: symusic.Score
    emotion_track: tuple[tuple[float, float, float], ...] = ()

    @property
    def duration_s(self) -> float:
        """Seconds from the start to the end of the last note."""
        return float(self.midi.to("second").end())

    @property
    def num_notes(self) -> int:
        return self.midi.note_num()
