"""What the calibration of videos sees: the chance of the emotion asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from generators.media import Media

# A face is asked for, so what only hands show has no dial here.
SUBJECTS = ("a face", "an emoji face")
UNSHOWN = ("neutral", "approval")


class VideoEar:
    """See `calibration.Ear`."""

    clips = 4

    def __init__(self) -> None:
        from .video_evaluator import load_video_evaluator

        self.evaluator = load_video_evaluator()
        self.emotions = tuple(label for label in self.evaluator.labels if label not in UNSHOWN)

    def request(self, at: int) -> dict[str, Any]:
        return {"prompt": SUBJECTS[at % len(SUBJECTS)]}

    def hear(self, media: Media) -> Any:
        """All judges together: steps of a dial can be compared only by the same ones."""
        from .video_clips import joined

        return self.evaluator.judge(joined(media.frames())).by_all  # type: ignore[attr-defined]

    def ready(self, neutral: Sequence[Any]) -> None:
        """Nothing: chances need no rest to be compared with."""

    def strength(self, heard: Sequence[Any], emotion: str) -> np.ndarray:
        import numpy as np

        return np.stack(heard)[:, self.evaluator.labels.index(emotion)]
