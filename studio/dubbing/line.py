"""A line of a script: what is said when, by whom and how, and who the speakers are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SPEAK, CONVERT = "speak", "convert"
MODES = (SPEAK, CONVERT)


@dataclass(frozen=True)
class Line:
    """One line of a script.

    Attributes:
        number: from 1, in the order of the file; names the line in every table and message.
        start_s, end_s: the cue, in seconds from the start of the picture.
        text: what is said, without markup.
        speaker: as the script has it; empty where nobody is named.
        emotion: anything that `EmotionCurve.parse` takes, keyframes in seconds from the line's start; None
            where the script says nothing.
        intensity: 0..1.5; None where the script says nothing.
        voice: a bundled voice or the path of a recording, for this line alone; empty for the speaker's own.
        mode: "speak" (from the text) or "convert" (the original performance with another feeling).
        notes: for people; nothing reads them.
        take: another number is another draw of the same line.
        suggested: whether the emotion was read off the text, for somebody to look at.
        error: why this line cannot be dubbed, one line; empty when it can.
    """

    number: int
    start_s: float
    end_s: float
    text: str
    speaker: str = ""
    emotion: Any = None
    intensity: float | None = None
    voice: str = ""
    mode: str = SPEAK
    notes: str = ""
    take: int = 0
    suggested: bool = False
    error: str = ""

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Speaker:
    """Who speaks.

    Attributes:
        name: as in the script.
        voice: a bundled voice, or the path of a recording whose voice is lent.
        gain_db: of all of this speaker's lines.
        language: as of a speech prompt.
        f0_shift: semitones. speed: against the voice's own.
        image: the photo of this speaker; empty for none.
    """

    name: str
    voice: str
    gain_db: float = 0.0
    language: str = "auto"
    f0_shift: float = 0.0
    speed: float = 1.0
    image: str = ""


Cast = Mapping[str, Speaker]


@dataclass(frozen=True)
class Script:
    """A script as it was read.

    Attributes:
        lines: in the order of the file; bad ones say why.
        cast: speakers that the script itself names in its header.
        warnings: what somebody should know, a line each.
    """

    lines: tuple[Line, ...]
    cast: Cast = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
