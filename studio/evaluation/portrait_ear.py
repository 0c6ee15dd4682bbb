"""What the calibration of portraits sees: the strength of the emotion asked for, against the calm face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .conversion_ear import recorded_line
from .portrait_units import LABELS

if TYPE_CHECKING:
    import numpy as np

    from generators.media import Media

# The movement counts and not the picture, which is as small and as seldom drawn as can be.
SMALLEST = {"width": 64, "height": 64, "frame_rate": 5.0}


class PortraitEar:
    """See `calibration.Ear`. The recordings are speech made here, so that no data set is needed."""

    emotions = tuple(name for name in LABELS if name != "neutral")
    clips = 6

    def __init__(self) -> None:
        from .portrait_evaluator import load_portrait_evaluator

        self.evaluator = load_portrait_evaluator()
        self.paths: dict[int, str] = {}
        self.rest: np.ndarray | None = None

    def request(self, at: int) -> dict[str, Any]:
        if at not in self.paths:
            self.paths[at] = self.recorded(at)
        return {"audio": self.paths[at], **SMALLEST}

    def recorded(self, at: int) -> str:
        """Says a line and gives the path of the recording."""
        return recorded_line(at)

    def hear(self, media: Media) -> Any:
        return media.motion.expression  # type: ignore[attr-defined]

    def ready(self, neutral: Sequence[Any]) -> None:
        import numpy as np

        self.rest = np.mean([row.mean(0) for row in neutral], axis=0)

    def strength(self, heard: Sequence[Any], emotion: str) -> np.ndarray:
        import numpy as np

        from .portrait_evaluator import coefficient_features

        features = np.stack([coefficient_features(row, self.rest) for row in heard])
        return self.evaluator.strength(features)[:, LABELS.index(emotion)]
