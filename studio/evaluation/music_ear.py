"""What the calibration of music listens with: the probability of the quadrant asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .music_trials import QUADRANTS

if TYPE_CHECKING:
    import numpy as np

    from generators.media import Media


class MusicEar:
    """See `calibration.Ear`."""

    emotions = QUADRANTS
    clips = 24
    bars = 12

    def __init__(self) -> None:
        from .music_evaluator import load_music_evaluator

        self.evaluator = load_music_evaluator()

    def request(self, at: int) -> dict[str, Any]:
        return {"bars": self.bars}

    def hear(self, media: Media) -> Any:
        from conditioning.encoders.midi import note_array

        return note_array(media.midi)  # type: ignore[attr-defined]

    def ready(self, neutral: Sequence[Any]) -> None:
        """Nothing: quadrants are told without a reference."""

    def strength(self, heard: Sequence[Any], emotion: str) -> np.ndarray:
        return self.evaluator.judge(heard).quadrant[:, QUADRANTS.index(emotion)]
