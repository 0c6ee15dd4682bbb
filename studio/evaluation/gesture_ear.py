"""What the calibration of gestures sees: the strength of the emotion asked for, against the calm body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .conversion_ear import recorded_line
from .gesture_evaluator import LABELS, load_gesture_evaluator, motion_features

if TYPE_CHECKING:
    import numpy as np

    from generators.media import Media


class GestureEar:
    """See `calibration.Ear`. The recordings are speech made here, so that no data set is needed."""

    emotions = tuple(name for name in LABELS if name != "neutral")
    clips = 6

    def __init__(self) -> None:
        self.evaluator = load_gesture_evaluator()
        self.paths: dict[int, str] = {}
        self.rest: np.ndarray | None = None

    def request(self, at: int) -> dict[str, Any]:
        if at not in self.paths:
            self.paths[at] = self.recorded(at)
        return {"audio": self.paths[at]}

    def recorded(self, at: int) -> str:
        """Says a line and gives the path of the recording."""
        return recorded_line(at)

    def hear(self, media: Media) -> Any:
        return motion_features(media.motion).mean(0)  # type: ignore[attr-defined]

    def ready(self, neutral: Sequence[Any]) -> None:
        import numpy as np

        # Clip by clip: each has a seed of its own, which is a person of its own.
        self.rest = np.stack(neutral)

    def strength(self, heard: Sequence[Any], emotion: str) -> np.ndarray:
        import numpy as np

        assert self.rest is not None
        return self.evaluator.strength(np.stack(heard), self.rest[: len(heard)])[:, LABELS.index(emotion)]
