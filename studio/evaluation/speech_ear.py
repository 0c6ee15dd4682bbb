"""What the calibration of speech listens with: the strength of the emotion asked for, against neutral."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .speech_evaluator import LABELS

if TYPE_CHECKING:
    import numpy as np

    from generators.media import Media

# None of these is a line of any data set.
LINES = {
    "kathleen": (
        "They moved the table closer to the window.",
        "The letter came on Tuesday, after lunch.",
        "Nobody told me that the shop was closed.",
        "We walked along the river until it was dark.",
        "My brother still keeps the old radio.",
        "There are two cups left on the shelf.",
    ),
    "kerstin": (
        "Der Zug nach Hamburg fährt heute später.",
        "Sie hat den Schlüssel auf den Tisch gelegt.",
        "Am Abend gehen wir noch einmal zum See.",
        "Niemand wusste, wo der Brief geblieben war.",
        "Das Fenster im Flur steht schon lange offen.",
        "Mein Bruder sucht noch immer seine Brille.",
    ),
}
VOICES = tuple(LINES)


class SpeechEar:
    """See `calibration.Ear`.

    A voice's reference is its own made neutral speech: only the shape of the rise counts here, and so no data
    set is needed.
    """

    emotions = tuple(name for name in LABELS if name != "neutral")
    clips = 12

    def __init__(self) -> None:
        from .speech_evaluator import load_speech_evaluator

        self.evaluator = load_speech_evaluator()
        self.references: list[np.ndarray] = []

    def request(self, at: int) -> dict[str, Any]:
        voice = VOICES[at % len(VOICES)]
        return {"voice": voice, "text": LINES[voice][at // len(VOICES) % len(LINES[voice])]}

    def hear(self, media: Media) -> Any:
        return self.evaluator.features(media.samples, media.sample_rate)  # type: ignore[attr-defined]

    def ready(self, neutral: Sequence[Any]) -> None:
        from .speech_evaluator import reference_of

        self.references = [
            reference_of(own) for at in range(len(VOICES)) if (own := list(neutral[at :: len(VOICES)]))
        ]

    def strength(self, heard: Sequence[Any], emotion: str) -> np.ndarray:
        import numpy as np

        reference = np.stack([self.references[at % len(VOICES)] for at in range(len(heard))])
        return self.evaluator.strength(np.stack(heard), reference)[:, LABELS.index(emotion)]
