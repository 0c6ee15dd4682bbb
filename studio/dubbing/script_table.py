"""Scripts as tables (CSV, TSV) and as JSON (one object, or one a line) -> rows."""

from __future__ import annotations

import csv
import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from generators.base import shorten

from ..batch_cells import plain_name, records
from ..batch_table import with_point
from .row import Row

COLUMNS = (
    "start",
    "end",
    "speaker",
    "text",
    "emotion",
    "intensity",
    "curve",
    "voice",
    "notes",
    "mode",
    "take",
    "suggested",
    "error",
)
OTHER_NAMES = {
    "start_s": "start",
    "start_time": "start",
    "begin": "start",
    "in": "start",
    "end_s": "end",
    "end_time": "end",
    "out": "end",
    "character": "speaker",
    "actor": "speaker",
    "name": "speaker",
    "line": "text",
    "words": "text",
    "feeling": "emotion",
    "note": "notes",
    "comment": "notes",
    "comments": "notes",
}
NAMES = {**{name: name for name in COLUMNS}, **OTHER_NAMES}
SEPARATORS = (",", ";", "\t")
LINES_KEYS = ("lines", "segments")  # the second is how speech recognisers write theirs


@dataclass
class Found:
    """What a file holds before its lines are looked at.

    Attributes:
        rows: in the order of the file.
        header: YAML that maps speakers to voices, as text or as plain values; None without one.
        warnings: what was not read.
    """

    rows: list[Row] = field(default_factory=list)
    header: Any = None
    warnings: list[str] = field(default_factory=list)


def column_of(name: str) -> str | None:
    """Gives the column that a name stands for; None for one that is not ours.

    Raises:
        ValueError: a name that looks like one of ours misspelled.
    """
    plain = plain_name(name)
    if plain in NAMES:
        return NAMES[plain]
    near = difflib.get_close_matches(plain, NAMES, n=1, cutoff=0.8)
    if near:
        raise ValueError(f"expected a column out of {', '.join(COLUMNS)}, got {name!r} (nearest: {near[0]})")
    return None


def read_table(text: str, name: str) -> Found:
    """Reads a table: a header row of columns, and rows under it.

    Args:
        text: cells separated by commas, semicolons or tabs; lines before the header that begin with "#" are
            YAML of the voices.
        name: of the file, for errors.

    Raises:
        ValueError: no header row, a column misspelled or there twice, or quotes that never end.
    """
    lines = text.split("\n")
    first = next(
        (number for number, line in enumerate(lines) if not line.lstrip().startswith("#")), len(lines)
    )
    found = Found(header=commented(lines[:first]))
    body = "\n" * first + "\n".join(lines[first:])  # lines keep their numbers
    separator = separator_of(body)
    rows = cells_of(body, separator)
    _, cells = next(rows, (0, []))
    if not cells:
        raise ValueError(f"expected a header row and rows under it, got none in {name!r}")
    columns = header_of(cells, found, name)
    found.rows += [table_row(number, cells, columns, separator) for number, cells in rows]
    return found


def commented(lines: Iterable[str]) -> str | None:
    """Gives what stands behind the "#" of comment lines; None when that is nothing."""
    text = "\n".join(line.lstrip()[1:].removeprefix(" ") for line in lines)
    return text if text.strip() else None


def cells_of(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Gives (line number, cells) of the rows that are not blank.

    Raises:
        ValueError: a quote that is broken; which rows it swallows cannot be said.
    """
    try:
        yield from records(text, separator)
    except csv.Error as error:
        raise ValueError(f"expected a table of cells, got: {error}") from None


def separator_of(text: str) -> str:
    """Gives the separator with which the first row has the most names of ours."""
    first = text.lstrip("\n").partition("\n")[0]
    return max(
        SEPARATORS, key=lambda one: sum(plain_name(cell.strip('"')) in NAMES for cell in first.split(one))
    )


def header_of(cells: list[str], found: Found, name: str) -> list[str | None]:
    """Gives the column of each cell of the header row; None for what is not read."""
    if not any(plain_name(cell) in NAMES for cell in cells):
        raise ValueError(
            f"expected a header row of columns such as start, end, text in {name!r}, got {shorten(cells)}"
        )
    columns = [column_of(cell) for cell in cells]
    known = [column for column in columns if column]
    for column in ("start", "end", "text"):
        if column not in known:
            raise ValueError(f"expected columns start, end and text in {name!r}, got no {column}")
    twice = next((column for column in known if known.count(column) > 1), None)
    if twice:
        raise ValueError(f"expected every column once in {name!r}, got {twice!r} {known.count(twice)} times")
    unread = [
        cell.strip() for cell, column in zip(cells, columns, strict=True) if cell.strip() and not column
    ]
    if unread:
        found.warnings.append(f"columns that are not read: {shorten(', '.join(unread), 120)}")
    return columns


def table_row(number: int, cells: list[str], columns: list[str | None], separator: str) -> Row:
    values = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name and cell.strip()}
    if separator != "," and "intensity" in values:
        values["intensity"] = with_point(values["intensity"])
    error = ""
    if any(cell.strip() for cell in cells[len(columns) :]):
        error = (
            f"expected at most {len(columns)} cells, as in the header, got {len(cells)}"
            f" (text with {separator!r} in it needs quotes)"
        )
    return Row(f"line {number}", values, error)


def read_json(text: str, name: str) -> Found:
    """Reads {"voices": {...}, "lines": [...]}, or the lines alone.

    Raises:
        ValueError: no JSON, or other JSON.
    """
    value = parsed(text, name)
    found = Found()
    if isinstance(value, Mapping):
        found.header = value.get("voices")
        value = next((value[key] for key in LINES_KEYS if key in value), None)
    if not isinstance(value, list):
        raise ValueError(f'expected {{"lines": [...]}} in {name!r}, got {shorten(value)}')
    return with_objects(found, ((f"line {number}", one) for number, one in enumerate(value, 1)))


def read_jsonl(text: str, name: str) -> Found:
    """Reads a JSON object a line; the first may be {"voices": {...}}."""
    found = Found()
    values: list[tuple[str, Any]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                value = parsed(line, "it")
            except ValueError as error:
                value = error
            if not values and found.header is None and isinstance(value, dict) and set(value) == {"voices"}:
                found.header = value["voices"]
            else:
                values.append((f"line {number}", value))
    return with_objects(found, values)


def parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected JSON in {name}, got: {' '.join(str(error).split())[:120]}") from None


def with_objects(found: Found, values: Iterable[tuple[str, Any]]) -> Found:
    """Adds a row for each object; what is none is a row that says so."""
    unread: dict[str, None] = {}
    for place, value in values:
        if isinstance(value, dict):
            found.rows.append(object_row(place, value, unread))
        else:
            error = (
                str(value) if isinstance(value, ValueError) else f"expected an object, got {shorten(value)}"
            )
            found.rows.append(Row(place, {}, error))
    if unread:
        found.warnings.append(f"keys that are not read: {shorten(', '.join(unread), 120)}")
    return found


def object_row(place: str, value: dict[str, Any], unread: dict[str, None]) -> Row:
    values: dict[str, Any] = {}
    error = ""
    for key, one in value.items():
        try:
            column = column_of(key[:100])
        except ValueError as wrong:
            error = error or str(wrong)
            continue
        if column is None:
            if len(unread) < 20:
                unread[key[:100]] = None
        elif column in values:
            error = error or f"expected {column} once, got it twice"
        elif one is not None and one != "":
            values[column] = one
    return Row(place, values, error)
