"""The script of a scene: plain text with a name before each line, or whatever can be dubbed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from generators.base import shorten

from ..dubbing.line import CONVERT, Line, Speaker
from .options import TEXTS, ScenePrompt, object_of

MOST_LINES, MOST_BYTES = 2_000, 2**21
LONGEST_PAUSE_S = 60.0
# "ANNA: Hello", "Anna (sad 0.7): Hello"; a name has three words at most, "This is what I want: go" is said.
NAME = r"[^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,2}"
NAMED = re.compile(rf"^(?P<name>{NAME})\s*(?:\((?P<how>[^()]{{1,120}})\))?\s*:\s+(?P<text>\S.*)$")
PAUSE = re.compile(r"^[\[(]\s*pause\s+(?P<s>\d{1,3}(?:\.\d{1,3})?)\s*s?\s*[\])]$", re.IGNORECASE)
COMMENT = "#"
# The third speaker has the first one's voice, a little lower, and so on.
SHIFTS = (0.0, -2.0, 2.0, -3.5)


@dataclass(frozen=True)
class Screenplay:
    """Who says what in which order.

    Attributes:
        lines: without those that cannot be said.
        cast: name as in the lines -> speaker.
        pauses: line number -> silence in s before it, beside the usual.
        timed: whether the lines have times of their own.
        felt: name -> feeling over the scene's seconds, as given.
        warnings: what somebody should know, a line each.
    """

    lines: tuple[Line, ...]
    cast: Mapping[str, Speaker]
    pauses: Mapping[int, float] = field(default_factory=dict)
    timed: bool = False
    felt: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Who speaks, in the order of their first lines."""
        return list(dict.fromkeys(line.speaker for line in self.lines))


def read_screenplay(prompt: ScenePrompt) -> Screenplay:
    """Reads the script of a prompt and finds a voice and a face for everybody.

    Raises:
        ValueError: nothing that can be said, a feeling that nobody can read, or a name that does not speak.
        FileNotFoundError: no such file.
    """
    play = checked(of_file(prompt) if prompt.script else parse(prompt.text))
    if not play.lines:
        raise ValueError("expected a script with at least one line that is said, got none")
    if len(play.lines) > MOST_LINES:
        raise ValueError(f"expected at most {MOST_LINES} lines in a scene, got {len(play.lines)}")
    cast = cast_of(prompt, play)
    felt = object_of(prompt.speaker_emotions, "speaker_emotions", '{"ANNA": [[0, "calm"], [10, "angry"]]}')
    return replace(play, cast=cast, felt=known_feelings(felt, play.names))


def of_file(prompt: ScenePrompt) -> Screenplay:
    """Reads a script from its file."""
    path = Path(prompt.script)
    if not path.is_file():
        raise FileNotFoundError(f"expected a script, got no file at {prompt.script[:200]!r}")
    if path.suffix.lower() in TEXTS:
        return parse(text_of(path))
    from ..dubbing.script import read_script

    script = read_script(path)
    bad = [f"line {line.number}: {line.error}" for line in script.lines if line.error]
    bad += [
        f"line {line.number}: said from its words, a scene has no recording to convert"
        for line in script.lines
        if line.mode == CONVERT and not line.error
    ]
    good = tuple(sorted((line for line in script.lines if not line.error), key=lambda line: line.start_s))
    return Screenplay(good, script.cast, timed=True, warnings=(*script.warnings, *bad))


def text_of(path: Path) -> str:
    """Reads a text.

    Raises:
        ValueError: too much of it, or no UTF-8.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"expected a script of at most {MOST_BYTES} bytes, got {path.stat().st_size}")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        got = f"byte {error.object[error.start]:#04x} at {error.start}"
        raise ValueError(f"expected UTF-8 in {path.name!r}, got {got}") from None


def parse(text: str) -> Screenplay:
    """Reads a text: a line of it is a line that is said, by who is named before it or spoke last.

    "ANNA (sad 0.7): Hello" and "ANNA: [sad 0.7] Hello" say how, the first in any words; "[pause 2s]" alone waits;
    what begins with "#" is for people.
    """
    lines: list[Line] = []
    pauses: dict[int, float] = {}
    warnings: list[str] = []
    speaker = ""
    for row, raw in enumerate(text.splitlines(), 1):
        words = " ".join(raw.split())
        if not words or words.startswith(COMMENT):
            continue
        pause = PAUSE.match(words)
        if pause:
            number = len(lines) + 1
            pauses[number] = min(LONGEST_PAUSE_S, pauses.get(number, 0.0) + float(pause["s"]))
            continue
        try:
            line, notes = line_of(words, len(lines) + 1, speaker)
        except ValueError as error:
            raise ValueError(f"row {row}: {error}") from None
        lines.append(line)
        speaker = line.speaker
        warnings += [f"row {row}: {note}" for note in notes]
    return Screenplay(tuple(lines), {}, pauses, warnings=tuple(warnings))


def line_of(words: str, number: int, speaker: str) -> tuple[Line, tuple[str, ...]]:
    """Reads one row of a text; gives the line and what somebody should know of it.

    Args:
        speaker: who goes on where nobody is named.

    Raises:
        ValueError: nothing that can be said, two feelings, or what was meant for a feeling and is none.
    """
    from ..dubbing.feelings import feeling_of_tag
    from ..dubbing.tags import read_tags

    named = NAMED.match(words)
    if named:
        speaker, words = named["name"].strip(), named["text"]
    said = read_tags(words, {}, speaker)
    found = dict(said.columns)
    if named and named["how"]:
        if "emotion" in found or "intensity" in found:
            raise ValueError(f"expected one feeling, got {shorten(named['how'])} and {shorten(str(found))}")
        # What stands behind a name is how it is said, in whatever words.
        found |= feeling_of_tag(named["how"]) or {"emotion": named["how"]}
    extra = [name for name in found if name not in ("emotion", "intensity", "voice", "speaker")]
    if extra:
        raise ValueError(f"expected emotion, intensity, voice or speaker in a tag, got {extra[0]!r}")
    if not any(character.isalnum() for character in said.text):
        raise ValueError(f"expected words, got {shorten(said.text)}")
    intensity = found.get("intensity")
    line = Line(
        number, 0.0, 0.0, said.text, str(found.get("speaker", speaker)), found.get("emotion"),
        None if intensity is None else number_of(intensity), bundled(found.get("voice", "")),
    )  # fmt: skip
    return line, said.notes


def number_of(intensity: Any) -> float:
    """Gives an intensity as a number; its range is checked where the feeling is read."""
    try:
        return float(intensity)
    except (TypeError, ValueError):
        raise ValueError(f"expected an intensity from 0 to 1.5, got {shorten(intensity)}") from None


def bundled(voice: str) -> str:
    """Gives the name of a voice that ships; a text names no files."""
    if voice:
        from generators.voice.voices import check_voice

        check_voice(voice)
    return voice


def checked(play: Screenplay) -> Screenplay:
    """Looks, before anything is made, whether every line can be said as asked.

    Of a script in a file what cannot be said is left out with a warning, as a dub does; a text is refused.

    Raises:
        ValueError: with the line's number.
    """
    from generators.speech.text import iter_sentences

    good, warnings = [], list(play.warnings)
    for line in play.lines:
        try:
            iter_sentences(line.text)
            if not play.timed and (line.emotion is not None or line.intensity is not None):
                parsed(
                    "neutral" if line.emotion is None else line.emotion, line.intensity, f"line {line.number}"
                )
            good.append(line)
        except ValueError as error:
            found = str(error) if str(error).startswith("line ") else f"line {line.number}: {error}"
            if not play.timed:
                raise ValueError(found) from None
            warnings.append(found)
    return replace(play, lines=tuple(good), warnings=tuple(warnings))


def parsed(emotion: Any, intensity: float | None, where: str, *, files: bool = False) -> Any:
    """Gives the curve of a feeling.

    Args:
        where: names it in an error. files: whether it may name a reference; those of a script in a file lie in its
            folder, which `read_script` has seen to.
    """
    from conditioning import EmotionCurve

    try:
        return EmotionCurve.parse(emotion, 1.0 if intensity is None else intensity, files=files)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def known_feelings(felt: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Gives the feelings of speakers by the names that the script has for them."""
    by_name = {name.casefold(): name for name in names}
    found = {}
    for name, value in felt.items():
        if name.casefold() not in by_name:
            shown = ", ".join(name for name in names if name) or "nobody named"
            raise ValueError(f"expected speakers out of {shown} in speaker_emotions, got {name[:40]!r}")
        found[by_name[name.casefold()]] = parsed(value, None, name)
    return found


def cast_of(prompt: ScenePrompt, play: Screenplay) -> dict[str, Speaker]:
    """Gives everybody a voice and a face: from the voices file, the script, or the prompt."""
    cast = dict(play.cast)
    if prompt.voices:
        from ..dubbing.voices import read_voices

        cast |= read_voices(prompt.voices)
    known = {name.casefold(): speaker for name, speaker in cast.items()}
    usual = [(prompt.voice, prompt.image), (prompt.second_voice, prompt.second_image)]
    found = {}
    for at, name in enumerate(play.names):
        voice, image = usual[at % 2] if at < 2 else (usual[at % 2][0], "")
        speaker = known.get(name.casefold(), Speaker(name, voice, f0_shift=SHIFTS[at // 2 % len(SHIFTS)]))
        found[name] = replace(speaker, name=name, image=speaker.image or image)
    return found
