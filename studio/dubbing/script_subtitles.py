"""Subtitles (SRT, VTT, ASS, SSA) -> rows.

Cues are cut here, not by pysubs2, which takes a cue with a broken time for words of the one before and stops at
the first event that it cannot read; each of these has to be a line that says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from generators.base import shorten

from .row import MOST_CHARACTERS, Row
from .script_table import Found, commented
from .tags import folded

ARROW = "-->"
COUNTER = re.compile(r"\s*\d+\s*")
HEADING = re.compile(r"\[([^\[\]]+)\]")
EVENT_FIELDS = tuple(
    ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
)
COMMENT = re.compile(r"(?<!\\)\{[^{}]*\}")
PLAIN_STYLE = "default"
VTT_BLOCKS = ("NOTE", "STYLE", "REGION")


def read_srt(text: str, name: str) -> Found:
    """Reads SubRip. Lines before the first cue that begin with "#" are YAML of the voices.

    Raises:
        ValueError: no cue at all.
    """
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines) if is_timing(lines, number)]
    if not starts:
        raise ValueError(
            f"expected cues with times such as 00:00:01,000 --> 00:00:02,500 in {name!r}, got none"
        )
    before = without_counter(lines[: starts[0]])
    found = Found(header=commented(line for line in before if line.lstrip().startswith("#")))
    other = [line for line in before if line.strip() and not line.lstrip().startswith("#")]
    if other:
        found.warnings.append(f"before the first cue, not read: {shorten(other[0].strip())}")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        words = lines[start + 1 : end]
        found.rows.append(cue(lines[start], without_counter(words) if end < len(lines) else words, start + 1))
    return found


def is_timing(lines: list[str], number: int) -> bool:
    """Says whether a line holds a cue's times; an arrow amid words is words."""
    left, arrow, _ = lines[number].partition(ARROW)
    if not arrow or len(left.split()) > 1:
        return False
    before = lines[number - 1] if number else ""
    return (
        any(character.isdigit() for character in left)
        or not before.strip()
        or bool(COUNTER.fullmatch(before))
    )


def without_counter(lines: list[str]) -> list[str]:
    """Leaves out the number of the next cue."""
    return lines[:-1] if lines and COUNTER.fullmatch(lines[-1]) else lines


def cue(timing: str, words: list[str], number: int) -> Row:
    """Gives the row of one cue; what stands behind its end is where the words are shown."""
    left, _, right = timing.partition(ARROW)
    end = right.split()
    values = {"start": left.strip(), "end": end[0] if end else "", "text": "\n".join(words).strip()}
    return Row(f"line {number}", values)


def read_vtt(text: str, name: str) -> Found:
    """Reads WebVTT. A comment "NOTE voices" holds YAML of the voices.

    Raises:
        ValueError: not WebVTT, or no cue in it.

    Source: W3C, "WebVTT: The Web Video Text Tracks Format", section 4.
    """
    blocks = list(blocks_of(text))
    if not blocks or not re.match(r"WEBVTT(?:\s|$)", blocks[0][1][0]):
        raise ValueError(f"expected WEBVTT at the start of {name!r}, got {shorten(text[:40])}")
    found = Found()
    if any("X-TIMESTAMP-MAP" in line for line in blocks[0][1]):
        found.warnings.append("X-TIMESTAMP-MAP is not read: times are from the start of the picture")
    for number, lines in blocks[1:]:
        at = next((index for index, line in enumerate(lines[:2]) if ARROW in line), None)
        if at is not None:
            found.rows.append(cue(lines[at], lines[at + 1 :], number + at))
        elif lines[0].split()[0] not in VTT_BLOCKS:
            found.rows.append(
                Row(f"line {number}", {}, f"expected a cue with its times, got {shorten(lines[0])}")
            )
        elif re.fullmatch(r"NOTE\s+voices\s*", lines[0]):
            found.header = "\n".join(lines[1:])
    if not found.rows:
        raise ValueError(f"expected cues with times such as 00:01.000 --> 00:02.500 in {name!r}, got none")
    return found


def blocks_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """Gives (number of the first line, lines) of everything between blank lines."""
    block: list[str] = []
    lines = text.split("\n")
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def read_ass(text: str, name: str) -> Found:
    """Reads SubStation Alpha. A section [Voices] holds YAML of the voices.

    Comments and drawings are no lines. A row's `style` is looked at when the cast is known, see `with_styles`.

    Raises:
        ValueError: no events.
    """
    found, section, fields = Found(), "", EVENT_FIELDS
    voices: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        heading = HEADING.fullmatch(line.strip())
        if heading:
            section = heading[1].strip().lower()
        elif section == "voices":
            voices.append(line)
        elif section == "events":
            kind, _, rest = line.partition(":")
            if kind.strip() == "Format":
                fields = fields_of(rest, number, name)
            elif kind.strip() == "Dialogue":
                row = event(rest, fields, number)
                found.rows += [row] if row else []
    if not found.rows:
        raise ValueError(f"expected [Events] with Dialogue in {name!r}, got none")
    found.header = "\n".join(voices) if any(line.strip() for line in voices) else None
    return found


def fields_of(text: str, number: int, name: str) -> tuple[str, ...]:
    """Gives the fields of events, in order.

    Raises:
        ValueError: some that lines need are missing, or text is not the last.
    """
    fields = tuple(one.strip().lower() for one in text.split(","))
    if not {"start", "end", "text"} <= set(fields) or fields[-1] != "text":
        raise ValueError(
            f"expected a Format of Start, End, ..., Text in line {number} of {name!r}, got {shorten(text)}"
        )
    return fields


def event(text: str, fields: tuple[str, ...], number: int) -> Row | None:
    """Gives the row of one event; None for a drawing."""
    cells = text.strip().split(",", len(fields) - 1)
    place = f"line {number}"
    if len(cells) < len(fields):
        return Row(place, {}, f"expected {len(fields)} fields, got {len(cells)}")
    named = dict(zip(fields, cells, strict=True))
    words = named["text"]
    if is_drawing(words):
        return None
    # A brace behind a backslash is a brace; any other pair holds what is not said.
    words = COMMENT.sub("", words).replace(r"\{", "{").replace(r"\}", "}")
    values = {"start": named["start"], "end": named["end"], "text": words}
    values |= {"speaker": named.get("name", "").strip(), "style": named.get("style", "").strip().lstrip("*")}
    return Row(place, {key: value for key, value in values.items() if value})


def is_drawing(words: str) -> bool:
    """Says whether an event draws a shape, by pysubs2's reading of its overrides."""
    if r"\p" not in words or len(words) > MOST_CHARACTERS:
        return False
    from pysubs2 import SSAEvent

    return SSAEvent(text=words).is_drawing


def with_styles(row: Row, names: Mapping[str, str]) -> Row:
    """Reads a row's style: a feeling ("Sad"), a speaker of the cast ("Anna"), or both ("Anna-Sad").

    Other styles say how the words look, and the row stays as it is but for them.

    Args:
        names: speakers of the cast by their folded names.
    """
    values = dict(row.values)
    style = values.pop("style", "")
    parts = [style] if is_said(style, names) else re.split(r"[-_/ ]+", style)
    if style and folded(style) != PLAIN_STYLE and all(is_said(part, names) for part in parts):
        for part in parts:
            name = names.get(folded(part))
            values.setdefault("speaker" if name else "emotion", name or part)
    return Row(row.place, values, row.error)


def is_said(part: str, names: Mapping[str, str]) -> bool:
    from conditioning.names import find_state

    return folded(part) in names or find_state(part) is not None
