"""A finished dub: its sound, what became of every line, and the film that it belongs to."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Audio, Mark

from .line import CONVERT, SPEAK, Line
from .options import DubbingOptions
from .voices_track import Piece

if TYPE_CHECKING:
    from .plan import Plan, Planned
    from .render import Row

DONE, KEPT, FAILED, PLANNED = "done", "kept", "failed", "planned"
PLAN_RATE = 100  # Hz, of the silence that stands for a dub that is only planned
# What the fields of a line hold when they are read from a file.
KINDS: dict[str, Any] = {
    "str": str,
    "bool": bool,
    "int": int,
    "float": (int, float),
    "tuple[str, ...]": tuple,
}


@dataclass(frozen=True)
class DubLine:
    """What became of one line.

    Attributes:
        number, speaker, text, voice, mode, take, suggested: as in the script; the speaker's name is never empty.
        cue_start_s, cue_end_s: as in the script.
        start_s, end_s: from the first sound that is heard to the end of the last; both 0 of a failed line.
        rate: against the voice's natural one. borrowed_s: silence taken from beyond the cue.
        emotion: plain JSON that `EmotionCurve.parse` takes, with its strength, times from the line's start; None for
            none. feeling: its short text.
        valence, arousal: where it lies, -1..1, for pictures.
        conflicts: what does not fit, a line each.
        state: "done", "kept" (made before), "failed", or "planned" where nothing is made yet.
        error: why it failed; empty when it did not.
        file: its sound. sha256: of it. onset_s: of the first sound in the file. length_s: of the file.
        gain_db: of its speaker.
        warnings: what somebody should know, a line each.
    """

    number: int
    text: str
    cue_start_s: float
    cue_end_s: float
    speaker: str = ""
    voice: str = ""
    mode: str = SPEAK
    take: int = 0
    suggested: bool = False
    start_s: float = 0.0
    end_s: float = 0.0
    rate: float = 1.0
    borrowed_s: float = 0.0
    emotion: Any = None
    feeling: str = ""
    valence: float = 0.0
    arousal: float = 0.0
    conflicts: tuple[str, ...] = ()
    state: str = DONE
    error: str = ""
    file: str = ""
    sha256: str = ""
    onset_s: float = 0.0
    length_s: float = 0.0
    gain_db: float = 0.0
    warnings: tuple[str, ...] = ()

    @property
    def is_heard(self) -> bool:
        return self.state == PLANNED or (self.state != FAILED and bool(self.file))

    @property
    def piece(self) -> Piece:
        """Gives what the mix takes of it."""
        return Piece(
            start_s=self.start_s,
            path=self.file,
            onset_s=self.onset_s,
            end_s=self.cue_end_s,
            gain_db=self.gain_db,
            speaker=self.speaker,
            replaces=self.mode == CONVERT,
            number=self.number,
        )

    def to_json(self) -> dict[str, Any]:
        """Gives it as plain JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Dub(Audio):
    """The sound of a dub at 48 kHz, and what is known of it.

    Attributes:
        lines: in the order of the script.
        video: the film whose pictures it belongs to; empty for none.
        original: the film or recording whose sound lies below; empty for none.
        options: with which it was mixed, so that its stems can be made again.
    """

    lines: tuple[DubLine, ...] = ()
    video: str = ""
    original: str = ""
    options: DubbingOptions = field(default_factory=DubbingOptions)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Gives everybody who speaks, in the order of their first lines."""
        return tuple(dict.fromkeys(line.speaker for line in self.lines))

    @property
    def pieces(self) -> list[Piece]:
        """Gives what the mix takes."""
        return [line.piece for line in self.lines if line.is_heard]

    @property
    def spoken(self) -> list[tuple[float, float, str, str]]:
        """Gives (start_s, end_s, speaker, text) of every line that is heard, in the order of time."""
        heard = [line for line in self.lines if line.is_heard]
        return sorted((line.start_s, line.end_s, line.speaker, line.text) for line in heard)


def dub_of(
    mixed: Audio,
    lines: Iterable[DubLine],
    options: DubbingOptions,
    *,
    video: str | Path = "",
    original: str | Path = "",
    provenance: Mapping[str, Any] | None = None,
    warnings: Iterable[str] = (),
) -> Dub:
    """Gives a dub from its mix.

    Args:
        mixed: as `mix` gives it. lines: in the order of the script. options: of the dub.
        video: the film; empty for none. original: whose sound lies below; empty for none.
        provenance: of the dub; the mix's own is added. warnings: beside the mix's.
    """
    lines = tuple(lines)
    return Dub(
        mixed.samples,
        mixed.sample_rate,
        marks_of_lines(lines),
        provenance={**(provenance or {}), **mixed.provenance},
        emotion_track=track_of_lines(lines),
        warnings=(*warnings, *mixed.warnings),
        lines=lines,
        video=str(video),
        original=str(original),
        options=options,
    )


def dub_of_plan(plan: Plan, options: DubbingOptions) -> Dub:
    """Gives what a plan will become, with silence for sound: to be drawn, not to be heard."""
    import numpy as np

    from .render import Row

    good = [one for one in plan.lines if not one.error]
    rows = {
        one.line.number: Row(one.line.number, PLANNED, start_s=one.start_s, end_s=one.end_s) for one in good
    }
    lines = tuple(lines_of(plan.lines, rows))
    ends = [plan.length_s or 0.0, plan.end_s, *(one.line.end_s for one in good)]
    count = max(1, round(max(ends) * PLAN_RATE))
    return Dub(
        np.zeros((1, count), np.float32),
        PLAN_RATE,
        marks_of_lines(lines),
        emotion_track=track_of_lines(lines),
        lines=lines,
        options=options,
    )


def marks_of_lines(lines: Iterable[DubLine]) -> tuple[Mark, ...]:
    """Gives a mark of kind "sentence" for every line that is heard."""
    heard = sorted((line for line in lines if line.is_heard), key=lambda line: line.start_s)
    return tuple(Mark(line.start_s, line.end_s, line.text, "sentence") for line in heard)


def track_of_lines(lines: Iterable[DubLine]) -> tuple[tuple[float, float, float], ...]:
    """Gives the feeling over time: each line's from its start on, until another begins."""
    heard = sorted((line for line in lines if line.is_heard), key=lambda line: line.start_s)
    return tuple((line.start_s, line.valence, line.arousal) for line in heard)


def lines_of(planned: Iterable[Planned], rows: Mapping[int, Row]) -> list[DubLine]:
    """Gives every line of a plan with what became of it.

    Args:
        planned: of a plan, in the order of the script.
        rows: number of a line -> its `Row` of rendering. A line without one has failed.
    """
    feelings: dict[str, tuple[str, float, float]] = {}
    return [dub_line(one, rows.get(one.line.number), feelings) for one in planned]


def dub_line(planned: Planned, row: Row | None, feelings: dict[str, tuple[str, float, float]]) -> DubLine:
    """Gives one line of a plan with what became of it; `feelings` remembers what was read already."""
    line: Line = planned.line
    emotion = planned.request.get("emotion")
    label, valence, arousal = felt(emotion, feelings)
    heard: dict[str, Any] = {"state": FAILED, "error": planned.error or "it was not made"}
    if row is not None and row.state == FAILED:
        heard["error"] = row.error
    elif row is not None:
        heard = {
            "state": row.state,
            "file": str(row.file),
            "sha256": row.sha256,
            "onset_s": row.onset_s,
            "length_s": row.length_s,
            "warnings": tuple(row.warnings),
            "start_s": row.start_s,
            "end_s": row.end_s,
        }
    return DubLine(
        number=line.number,
        text=line.text,
        cue_start_s=line.start_s,
        cue_end_s=line.end_s,
        speaker=planned.speaker.name or line.speaker,
        voice=planned.speaker.voice,
        mode=line.mode,
        take=line.take,
        suggested=line.suggested,
        rate=planned.rate,
        borrowed_s=planned.borrowed_s,
        emotion=emotion,
        feeling=label,
        valence=valence,
        arousal=arousal,
        conflicts=tuple(planned.conflicts),
        gain_db=planned.speaker.gain_db,
        **heard,
    )


def felt(emotion: Any, known: dict[str, tuple[str, float, float]]) -> tuple[str, float, float]:
    """Gives a feeling in words, and where it lies: valence and arousal, the mean of its keyframes."""
    from conditioning import EmotionCurve, load_space

    if emotion is None:
        return "", 0.0, 0.0
    key = json.dumps(emotion, sort_keys=True)
    if key not in known:
        curve, space = EmotionCurve.parse(emotion, files=False), load_space()
        times = [time_s for time_s, _ in curve.keyframes]
        valence, arousal, _ = space.vad(space.embed_curve(curve, times)).mean(0).tolist()
        known[key] = str(curve.label), valence, arousal
    return known[key]


def line_from_json(found: Mapping[str, Any]) -> DubLine:
    """Reads what `DubLine.to_json` gave.

    Raises:
        ValueError: something else.
    """
    try:
        known: dict[str, Any] = {one.name: found[one.name] for one in fields(DubLine) if one.name in found}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in known.items()
        }
        line = DubLine(**values)
        for one in fields(DubLine):
            value, kind = getattr(line, one.name), KINDS.get(str(one.type), object)
            if not isinstance(value, kind) or (isinstance(value, float) and not math.isfinite(value)):
                raise TypeError
    except (TypeError, AttributeError):
        raise ValueError("expected the lines of a dub, got something else") from None
    return line
