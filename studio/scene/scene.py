"""What a scene is: a film with the shots that it is made of, each of parts that can be made again alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from generators.media import Video


@dataclass(frozen=True)
class Shot:
    """What is seen while one line is said.

    Attributes:
        number: the line's. speaker: as in the script. text: what is said.
        start_s, end_s: of the picture. speech_s, silent_s: from when until when the voice is heard.
        feeling: for people. valence, arousal: mean over the line, -1..1.
        emotion: what the line was said with, as JSON, its times from the line's start.
        own: whether that is the line's own or the speaker's, and not the scene's.
        voice: who speaks. image: the photo's name; empty for a 3D head.
        parts: "speech", "portrait", "gesture" -> path of what was made for it.
    """

    number: int
    speaker: str
    text: str
    start_s: float
    end_s: float
    speech_s: float
    silent_s: float
    feeling: str
    valence: float
    arousal: float
    emotion: Mapping[str, Any]
    own: bool = False
    voice: str = ""
    image: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Gives plain JSON that `Shot(**found)` takes."""
        return asdict(self)


@dataclass(frozen=True)
class Scene(Video):
    """A film of people who speak and feel, with music.

    Attributes:
        shots: in order, without gaps from the first frame to the last.
        score: path of the music; empty without.
        script: what the shots were made from, as JSON that the dubbing of a script reads too.
    """

    shots: tuple[Shot, ...] = ()
    score: str = ""
    script: str = ""

    def shot_at(self, time_s: float) -> Shot:
        """Gives what is seen at a time."""
        return next((shot for shot in self.shots if time_s < shot.end_s), self.shots[-1])

    @property
    def parts(self) -> dict[str, str]:
        """Name of each part, as `SceneOptions.takes` has it -> its path."""
        found = {f"{shot.number} {name}": path for shot in self.shots for name, path in shot.parts.items()}
        return {**found, **({"score": self.score} if self.score else {})}
