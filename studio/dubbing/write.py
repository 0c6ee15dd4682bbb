"""Scripts written back, and the subtitles of a finished dub."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkpoints import replace_file
from generators.voice.voices import VOICES

from ..outputs import check_writable
from .feelings import feeling_text, plain_feeling
from .inside import relative_name
from .line import SPEAK, Cast, Line, Script, Speaker
from .markup import brackets, escaped, spoken_words
from .options import SCRIPTS
from .script_table import COLUMNS
from .tags import NAMED, kind_of, read_tags

if TYPE_CHECKING:
    from pysubs2 import SSAFile

SUBTITLES = (".srt", ".vtt", ".ass")
WIDTH = 42  # characters of a line of subtitles, as broadcasters have it
LATEST_ASS_S = 35_999.99  # its hours have one digit
NOTICE = "Written by Affect Studio"
IN_TAGS = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "[]<>&{}"})
Cue = tuple[float, float, str, str]


def write_script(script: Script, path: str | os.PathLike[str]) -> Path:
    """Writes a script, so that `read_script` gives it again.

    Args:
        script: its recordings and photos lie in the folder of `path`, or below it.
        path: its suffix chooses the format; an existing file is replaced as a whole or stays. Times are exact in
            tables and JSON, to the millisecond in SRT and VTT, to the hundredth of a second in ASS.

    Raises:
        ValueError: a file that lies elsewhere, an unknown suffix, or times that the format cannot hold.
        OSError: it cannot be written there.
    """
    path = check_writable(path, SCRIPTS)
    suffix, folder = path.suffix.lower(), path.parent
    if suffix in (".json", ".jsonl"):
        text = json_text(script, folder, one_a_line=suffix == ".jsonl")
    elif suffix in (".csv", ".tsv"):
        text = table_text(script, folder, "\t" if suffix == ".tsv" else ",")
    else:
        rows = [(line.start_s, line.end_s, line.speaker, tagged(line, folder)) for line in script.lines]
        text = with_header(subtitle_text(rows, suffix, spoken=True), cast_rows(script.cast, folder), suffix)
    return write_text(path, text)


def write_subtitles(rows: Sequence[Cue], path: str | os.PathLike[str]) -> Path:
    """Writes subtitles for people: the words alone, in lines of at most 42 characters.

    Args:
        rows: (start_s, end_s, speaker, text); VTT and ASS name the speaker, too.
        path: ending in .srt, .vtt or .ass.

    Raises:
        ValueError: another suffix, or times that are none.
        OSError: it cannot be written there.
    """
    path = check_writable(path, SUBTITLES)
    suffix = path.suffix.lower()
    shown = [(start_s, end_s, who, shown_text(text)) for start_s, end_s, who, text in sorted(rows)]
    if suffix == ".vtt":  # the only one in which these have a meaning that all players know
        shown = [(start_s, end_s, who, as_vtt(text)) for start_s, end_s, who, text in shown]
    return write_text(path, subtitle_text(shown, suffix, spoken=False))


def write_text(path: Path, text: str) -> Path:
    with replace_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")
    return path


def said_of(line: Line, folder: Path, feeling: Callable[[Any, Path], Any]) -> dict[str, Any]:
    """Gives what a line says, under the names of a table's columns; what it does not say is left out.

    Args:
        feeling: writes an emotion.
    """
    said = {
        "start": line.start_s,
        "end": line.end_s,
        "speaker": line.speaker,
        "text": escaped(line.text),
        "emotion": None if line.emotion is None else feeling(line.emotion, folder),
        "intensity": line.intensity,
        "voice": voice_name(line.voice, folder),
        "notes": line.notes,
        "mode": line.mode if line.mode != SPEAK else "",
        "take": line.take or None,
        "suggested": line.suggested or None,
        "error": line.error,
    }
    return {name: value for name, value in said.items() if value not in (None, "")}


def voice_name(voice: str, folder: Path) -> str:
    return voice if voice in VOICES or not voice else relative_name(folder, voice, "a voice")


def cast_rows(cast: Cast, folder: Path) -> dict[str, Any]:
    """Gives a cast as plain values: a name, or what differs from the usual."""
    return {speaker.name: speaker_row(speaker, folder) for speaker in cast.values()}


def speaker_row(speaker: Speaker, folder: Path) -> Any:
    row: dict[str, Any] = {"voice": voice_name(speaker.voice, folder)}
    for field in fields(Speaker):
        value = getattr(speaker, field.name)
        if field.name not in ("name", "voice") and value != field.default:
            row[field.name] = relative_name(folder, value, "a photo") if field.name == "image" else value
    return row if len(row) > 1 else row["voice"]


def json_text(script: Script, folder: Path, *, one_a_line: bool) -> str:
    """Gives a script as JSON; JSONL has the voices in its first line."""
    voices = cast_rows(script.cast, folder)
    lines = [said_of(line, folder, plain_feeling) for line in script.lines]
    if one_a_line:
        objects = [*([{"voices": voices}] if voices else []), *lines]
        return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)
    rows = ",\n".join(f"  {json.dumps(line, ensure_ascii=False)}" for line in lines)
    head = f'"voices": {json.dumps(voices, ensure_ascii=False, indent=1)},\n' if voices else ""
    return f'{{{head}"lines": [\n{rows}\n]}}\n'


def table_text(script: Script, folder: Path, separator: str) -> str:
    """Gives a script as a table, with its voices in comment lines above the header."""
    rows = [said_of(line, folder, feeling_text) for line in script.lines]
    for row in rows:
        row |= {"start": decimal(row["start"]), "end": decimal(row["end"])}
    names = [name for name in COLUMNS if name in ("start", "end", "speaker", "text", "emotion", "intensity")
             or any(name in row for row in rows)]  # fmt: skip
    file = io.StringIO()
    writer = csv.DictWriter(file, names, delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return commented_cast(cast_rows(script.cast, folder)) + file.getvalue()


def decimal(seconds: float) -> str:
    """Gives a time as digits alone; the shortest that are read as the same number."""
    return f"{Decimal(repr(seconds)):f}"


def yaml_lines(voices: Mapping[str, Any]) -> list[str]:
    """Gives YAML of a cast, a line a speaker; every value is JSON, which YAML holds."""
    return [
        f"{json.dumps(name)}: {json.dumps(value)}".replace(">", r"\u003e") for name, value in voices.items()
    ]


def commented_cast(voices: Mapping[str, Any]) -> str:
    return "".join(f"# {line}\n" for line in yaml_lines(voices))


def with_header(text: str, voices: Mapping[str, Any], suffix: str) -> str:
    """Puts a cast into subtitles, where `read_script` looks for it."""
    if not voices:
        return text
    if suffix == ".srt":
        return commented_cast(voices) + "\n" + text
    block = "\n".join(yaml_lines(voices))
    if suffix == ".vtt":
        return text.replace("WEBVTT\n\n", f"WEBVTT\n\nNOTE voices\n{block}\n\n", 1)
    return text.replace("\n[Events]\n", f"\n[Voices]\n{block}\n\n[Events]\n", 1)


def tagged(line: Line, folder: Path) -> str:
    """Gives a line's words with tags for all else that it says."""
    said = said_of(line, folder, feeling_text)
    tags, words = [], str(said.pop("text", ""))
    short = short_feeling(said)
    if short:
        tags.append(f"[{short}]")
        said = {name: value for name, value in said.items() if name not in ("emotion", "intensity")}
    if line.error and not is_readable(words):
        said.pop("error")  # the words say it themselves
    tags += [
        f"[{name}: {tag_value(name, said[name])}]" for name in said if name in NAMED and name != "speaker"
    ]
    return " ".join([*tags, words] if words else tags)


def short_feeling(said: Mapping[str, Any]) -> str:
    """Gives a feeling and its strength as somebody would type them: "sad 0.7"; empty where that reads otherwise."""
    wanted = {name: said[name] for name in ("emotion", "intensity") if name in said}
    text = str(said.get("emotion", ""))
    if not text or re.search(r"[\[\]<>&{}\\]", text):
        return ""
    strength = said.get("intensity")
    if strength is not None:
        text += f" {strength:g}" if text.isalpha() else f", intensity {strength:g}"
    try:
        return text if kind_of(text) == ("tag", wanted) else ""
    except ValueError:
        return ""


def is_readable(words: str) -> bool:
    try:
        read_tags(words, {})
    except ValueError:
        return False
    return True


def tag_value(name: str, value: Any) -> str:
    """Gives a value that can stand in square brackets amid markup."""
    text = str(value)
    if name == "emotion":
        return in_json(text) if re.search(r"[\[\]<>&{}\\]", text) else text
    # An odd bracket would end the tag.
    odd = brackets(f"[{text}]") != [(0, len(text) + 2)]
    return escaped(text.replace("[", "(").replace("]", ")") if odd else text)


def in_json(text: str) -> str:
    """Gives an emotion's text as JSON in whose strings nothing is taken for a bracket or markup."""

    def changed(match: re.Match[str]) -> str:
        return match.group().replace("\\\\", r"\u005c").replace(r"\n", " ").translate(IN_TAGS)

    found = json.dumps(json.loads(text) if text[:1] in ("[", "{") else text)
    return re.sub(r'"(?:[^"\\]|\\.)*"', changed, found)


def subtitle_text(rows: Iterable[Cue], suffix: str, *, spoken: bool) -> str:
    """Gives subtitles through pysubs2.

    Args:
        rows: (start_s, end_s, speaker, text). spoken: whether the text holds tags for `read_script`, rather than
            words for people.

    Raises:
        ValueError: times that are none, or that the format cannot hold.
    """
    from pysubs2 import SSAEvent, SSAFile, SSAStyle

    file = SSAFile()
    file.styles = {"Default": SSAStyle()}
    is_ass = suffix in (".ass", ".ssa")
    latest = LATEST_ASS_S if is_ass else 86_400.0
    for number, (start_s, end_s, speaker, text) in enumerate(rows, 1):
        # A line that cannot be said may have no times; a script keeps it with its error.
        if not (
            math.isfinite(start_s) and math.isfinite(end_s) and 0 <= start_s <= latest and end_s <= latest
        ):
            raise ValueError(
                f"expected times from 0 to {latest:g} s in {suffix}, got {start_s:g} to {end_s:g} s in line {number}"
            )
        if not spoken and end_s <= start_s:
            raise ValueError(
                f"expected an end after the start, got {start_s:g} to {end_s:g} s in line {number}"
            )
        fits = is_ass and "," not in speaker
        tag = f"<v {as_vtt(speaker)}>" if speaker and not fits and (spoken or suffix == ".vtt") else ""
        words = tag + (text.replace("{", r"\{").replace("}", r"\}").replace("\n", r"\N") if is_ass else text)
        file.append(SSAEvent(round(start_s * 1000), round(end_s * 1000), words, name=speaker if fits else ""))
    return formatted(file, suffix)


def formatted(file: SSAFile, suffix: str) -> str:
    if suffix in (".ass", ".ssa"):
        return file.to_string(suffix[1:], header_notice=NOTICE)
    return file.to_string(suffix[1:], keep_ssa_tags=True)


def as_vtt(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shown_text(text: str) -> str:
    """Gives words as people read them, in short lines."""
    return "\n".join(textwrap.wrap(spoken_words(text), WIDTH)) or text
