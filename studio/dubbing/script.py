"""Reading a script: whatever its format, lines in order, each with what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from generators.base import shorten

from .line import Cast, Line, Script, Speaker
from .options import SCRIPTS
from .row import Reader, Row
from .script_subtitles import read_ass, read_srt, read_vtt, with_styles
from .script_table import Found, read_json, read_jsonl, read_table
from .script_text import read_text
from .tags import folded, names_in_capitals
from .voices import cast_of, read_cast, read_voices

MOST_LINES = 200_000
MOST_WARNINGS = 20
LOOKED_AT = 200  # characters of a line in which a speaker may be named
OF_FILE = " of the file)"
READERS: Mapping[str, Callable[[str, str], Found]] = {
    ".srt": read_srt,
    ".vtt": read_vtt,
    ".ass": read_ass,
    ".ssa": read_ass,
    ".csv": read_table,
    ".tsv": read_table,
    ".json": read_json,
    ".jsonl": read_jsonl,
}
SIDECARS = (".voices.yaml", ".voices.yml", ".voices.json")


def read_script(path: str | os.PathLike[str], *, sidecar: bool = True, cast: Cast | None = None) -> Script:
    """Reads a script.

    Args:
        path: subtitles, a table or JSON; see docs/scripts.md.
        sidecar: whether voices are also read from `NAME.voices.yaml` beside it; they win over the script's own.
        cast: speakers that are known from elsewhere: their names may stand before a colon, too.

    Returns:
        All lines, numbered in the order of the file; a bad one says what is wrong with it.

    Raises:
        FileNotFoundError: no such file, or one that its voices name.
        ValueError: a file that cannot be read as a whole, or voices that cannot.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise ValueError(f"expected a script ending in {', '.join(SCRIPTS)}, got {path.name!r}")
    found = READERS[suffix](read_text(path), path.name)
    if len(found.rows) > MOST_LINES:
        raise ValueError(f"expected at most {MOST_LINES:,} lines, got {len(found.rows):,} in {path.name!r}")
    own = own_cast(found.header, path)
    if sidecar:
        other = beside(path)
        own = {name: one for name, one in own.items() if folded(name) not in map(folded, other)} | other
    names = {folded(name): name for name in (*own, *(cast or {}))}
    # Only where nobody is named otherwise are capitals before a colon taken for a name.
    names = names or names_in_capitals(texts_of(found.rows))
    lines, notes = read_rows(found.rows, path.parent, names)
    warnings = [*found.warnings, *few(notes), *few(overlaps(lines))]
    return Script(tuple(lines), own, tuple(warnings))


def own_cast(header: Any, path: Path) -> dict[str, Speaker]:
    """Gives the speakers that a script's header names."""
    if header is None:
        return {}
    where = f"the header of {path.name!r}"
    return (
        read_cast(header, path.parent, where)
        if isinstance(header, str)
        else cast_of(header, path.parent, where)
    )


def beside(path: Path) -> dict[str, Speaker]:
    """Gives the speakers of the file beside a script; none without one."""
    files = (path.with_suffix(suffix) for suffix in SIDECARS)
    return next((read_voices(file) for file in files if file.is_file()), {})


def texts_of(rows: Iterable[Row]) -> Iterable[str]:
    return (row.values["text"][:LOOKED_AT] for row in rows if isinstance(row.values.get("text"), str))


def read_rows(rows: Iterable[Row], folder: Path, names: Mapping[str, str]) -> tuple[list[Line], list[str]]:
    """Gives the lines, with speakers spelled as the cast has them, and what to know of how they were read."""
    reader = Reader(folder, names)
    lines, notes = [], []
    for number, row in enumerate(rows, 1):
        line, said = reader.line(number, with_styles(row, names) if "style" in row.values else row)
        # Lines have numbers of their own, people look into files.
        if line.error and row.place != f"line {number}" and not line.error.endswith(OF_FILE):
            line = replace(line, error=f"{line.error} ({row.place}{OF_FILE}")
        lines.append(replace(line, speaker=names.get(folded(line.speaker), line.speaker)))
        notes += [f"line {number}: {note}" for note in said]
    return lines, notes


def few(warnings: Iterable[str]) -> list[str]:
    """Gives the first warnings and how many more there are."""
    found = list(warnings)
    more = len(found) - MOST_WARNINGS
    return [*found[:MOST_WARNINGS], f"... and {more:,} more like these"] if more > 1 else found


def overlaps(lines: Iterable[Line]) -> list[str]:
    """Names the lines that begin while another line of the same speaker is still said."""
    found = []
    latest: dict[str, Line] = {}
    for line in sorted(
        (line for line in lines if not line.error), key=lambda line: (line.start_s, line.number)
    ):
        name = folded(line.speaker)
        before = latest.get(name)
        if before is not None and before.end_s > line.start_s:
            who = shorten(line.speaker) if line.speaker else "nobody named"
            found.append(
                f"line {line.number}: begins {before.end_s - line.start_s:.3g} s before line {before.number} of"
                f" the same speaker ({who}) ends"
            )
        if before is None or line.end_s > before.end_s:
            latest[name] = line
    return found
