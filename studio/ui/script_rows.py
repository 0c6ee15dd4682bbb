"""Rows of the page's script: from the lines of a file, through a browser, and back to lines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from checkpoints import CheckpointError
from conditioning import Emotion, EmotionCurve

from ..dubbing.line import MODES, SPEAK, Line
from .api import emotion_from_text
from .colour import css_colour
from .feeling import in_words, is_empty, read_number
from .making import one_line

if TYPE_CHECKING:
    from ..dubbing.line import Script

# A browser edits so many; longer scripts are dubbed as they are, from the command line.
MOST_LINES = 2000
MOST_CHARACTERS = 5000
LAST_S = 24 * 3600.0
# In the notes of a line that said nothing, so that it says nothing again when it comes back.
FROM_PANEL = "feels as the panel says"
Row = dict[str, Any]
# What a browser sends back of each row, beside the numbers.
WORDS = ("id", "speaker", "text", "emotion", "voice", "notes")


def rows_of(script: Script) -> list[Row]:
    """Gives the rows that a browser shows of a script.

    Raises:
        ValueError: more lines than a browser can edit, or none.
    """
    if not 1 <= len(script.lines) <= MOST_LINES:
        raise ValueError(
            f"expected 1 to {MOST_LINES} lines to edit on the page, got {len(script.lines)}: "
            "`affect dub` takes any number"
        )
    colours: dict[Any, str] = {}
    return [row_of(line, colours) for line in script.lines]


def row_of(line: Line, colours: dict[Any, str]) -> Row:
    """Gives one row; `colours` remembers those of feelings that came before."""
    unsaid = line.notes == FROM_PANEL
    emotion, strength = feeling_text(None if unsaid else line.emotion)
    intensity = strength if line.intensity is None else min(1.5, strength * line.intensity)
    key = emotion, intensity
    if key not in colours:
        colours[key] = read_feeling(emotion, intensity)["colour"]
    return {
        "id": f"line-{line.number}",
        "rev": 0,
        "start": seconds(line.start_s),
        "end": seconds(line.end_s),
        "speaker": line.speaker,
        "text": line.text,
        "emotion": emotion,
        "intensity": round(intensity, 3),
        "voice": line.voice,
        "mode": line.mode,
        "notes": "" if unsaid else line.notes,
        "take": line.take,
        "suggested": line.suggested,
        "colour": colours[key],
        "problem": line.error,
    }


def seconds(value: float) -> float | None:
    """Gives a time as JSON can say it."""
    return round(value, 3) if math.isfinite(value) else None


def feeling_text(value: Any) -> tuple[str, float]:
    """Gives (words that a person can edit, intensity) of a line's emotion; what cannot be read stays as text."""
    if value is None or value == "":
        return "", 1.0
    try:
        curve = EmotionCurve.parse(value, files=False)
    except (ValueError, OSError):
        return str(value), 1.0
    if curve.is_constant:
        emotion = curve.keyframes[0][1]
        as_typed = isinstance(value, str) and emotion.intensity == 1.0
        return (value if as_typed else in_words(emotion)), emotion.intensity
    frames = (f"{time:g}:{with_strength(emotion)}" for time, emotion in curve.keyframes)
    return "; ".join(frames), 1.0


def with_strength(emotion: Emotion) -> str:
    """Gives an emotion in words, with its intensity behind them where it is not full."""
    return in_words(emotion) + ("" if emotion.intensity == 1.0 else f" {emotion.intensity:g}")


def read_feeling(emotion: Any, intensity: Any) -> dict[str, str]:
    """Gives the colour of a feeling, or what is wrong with it; the panel's, which is no row's, has no colour."""
    if is_empty(emotion):
        return {"colour": "", "problem": ""}
    from conditioning import load_space

    try:
        curve = emotion_from_text(str(emotion)[:MOST_CHARACTERS], read_intensity(intensity))
        space = load_space()
        middle = curve.keyframes[len(curve.keyframes) // 2][1]
        valence, arousal, *_ = space.vad(space.embed(middle)).tolist()
    except (ValueError, OSError, CheckpointError) as error:
        return {"colour": "", "problem": one_line(error)}
    return {"colour": css_colour(round(valence, 2), round(arousal, 2)), "problem": ""}


def read_intensity(value: Any) -> float:
    return 1.0 if is_empty(value) else read_number(value, "the intensity", 0.0, 1.5)


def rows_from(value: Any) -> list[Row]:
    """Reads the rows that a browser sent.

    Raises:
        ValueError: not rows, or too many.
    """
    found = value.get("rows") if isinstance(value, Mapping) else None
    if not isinstance(found, Sequence) or not all(isinstance(row, Mapping) for row in found):
        raise ValueError("expected a script: drop a file of subtitles or a table, or add a line; got none")
    if not 1 <= len(found) <= MOST_LINES:
        raise ValueError(f"expected 1 to {MOST_LINES} lines, got {len(found)}")
    return [clean(row) for row in found]


def clean(row: Mapping[str, Any]) -> Row:
    """Gives a row with text where text belongs; its numbers are read with the line."""
    words = {name: str(row.get(name) or "")[:MOST_CHARACTERS].strip() for name in WORDS}
    rev, take = (row.get(name) if isinstance(row.get(name), int) else 0 for name in ("rev", "take"))
    mode = row.get("mode") if row.get("mode") in MODES else SPEAK
    numbers = {name: row.get(name) for name in ("start", "end", "intensity")}
    return {
        **words,
        **numbers,
        "rev": rev,
        "take": take,
        "mode": mode,
        "suggested": bool(row.get("suggested")),
    }


def lines_from(rows: Iterable[Row]) -> tuple[list[Line], list[Row], dict[str, str]]:
    """Gives the lines that can be dubbed, the row of each, and what is wrong with the others by their id."""
    lines: list[Line] = []
    taken: list[Row] = []
    problems: dict[str, str] = {}
    for row in rows:
        try:
            lines.append(line_from(row, len(lines) + 1))
            taken.append(row)
        except (ValueError, OSError) as error:
            problems[row["id"]] = one_line(error)
    return lines, taken, problems


def line_from(row: Row, number: int) -> Line:
    """Gives the line of a row.

    Raises:
        ValueError: a cue that is none, no text, or a feeling that cannot be read.
    """
    start, end = (read_number(row[name], f"the {name} in seconds", 0.0, LAST_S) for name in ("start", "end"))
    if end <= start:
        raise ValueError(f"expected an end after the start at {start:g} s, got {end:g} s")
    if not row["text"]:
        raise ValueError("expected something to say, got an empty line")
    own = not is_empty(row["emotion"])
    return Line(
        number=number,
        start_s=start,
        end_s=end,
        text=row["text"],
        speaker=row["speaker"],
        emotion=as_written(row["emotion"]) if own else None,
        intensity=round(read_intensity(row["intensity"]), 3) if own else None,
        voice=row["voice"],
        mode=row["mode"],
        notes=row["notes"],
        take=max(0, row["take"]),
        suggested=row["suggested"] and own,
    )


def as_written(text: str) -> Any:
    """Gives a feeling as a script keeps it: names as they are, all else as plain JSON that names no file.

    Raises:
        ValueError: not an emotion.
    """
    curve = emotion_from_text(text)
    if len(curve.keyframes) == 1 and curve.keyframes[0][1].weights and curve.keyframes[0][1].intensity == 1.0:
        return text
    return curve.to_json()


def speakers_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Gives the speakers in the order in which they first speak; "" where a line names nobody."""
    return list(dict.fromkeys(str(row.get("speaker") or "").strip()[:200] for row in rows))


def describe(rows: Sequence[Row]) -> str:
    """Gives one line about a script: "48 lines, 2 speakers, 3:12"."""
    last = max((row["end"] or 0.0 for row in rows), default=0.0)
    speakers = len([name for name in speakers_of(rows) if name])
    words = [counted(len(rows), "line")]
    if speakers:
        words.append(counted(speakers, "speaker"))
    return ", ".join([*words, f"{int(last) // 60}:{last % 60:04.1f}"])


def counted(number: int, what: str) -> str:
    """Gives "1 line", "2 lines"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
