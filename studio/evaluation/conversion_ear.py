"""What the calibration of conversion listens with: made neutral speech, converted."""

from __future__ import annotations

from typing import Any

from .speech_ear import LINES, VOICES, SpeechEar


class ConversionEar(SpeechEar):
    """See `calibration.Ear`. The recordings are speech made here, so that no data set is needed."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: dict[int, str] = {}

    def request(self, at: int) -> dict[str, Any]:
        if at not in self.paths:
            self.paths[at] = self.recorded(at)
        return {"audio": self.paths[at]}

    def recorded(self, at: int) -> str:
        """Says a line and gives the path of the recording."""
        return recorded_line(at)


def recorded_line(at: int) -> str:
    """Lets our own voice say line number `at` neutrally and gives the path of the recording."""
    from generators.voice.voices import SOUND_FILES

    from ..inputs import file_of
    from ..session import generate

    voice = VOICES[at % len(VOICES)]
    text = LINES[voice][at // len(VOICES) % len(LINES[voice])]
    said = generate("speech", text=text, voice=voice, emotion="neutral", intensity=0.0, seed=at)
    return str(file_of(said, SOUND_FILES))
