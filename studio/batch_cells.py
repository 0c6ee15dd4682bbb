"""A CSV file -> a header of known columns and rows of cells, whatever a spreadsheet separates them with."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from generators import registry
from generators.base import shorten

from .batch_request import OWN_KEYS
from .recipe import nearest

SEPARATORS = (",", ";", "\t")
COMMON_COLUMNS = (*OWN_KEYS, "emotion", "intensity")
Row = tuple[int, list[str]]  # the number of its first line, and its cells


@dataclass(frozen=True)
class Table:
    """What stands in the file.

    Attributes:
        columns: field names, in order.
        rows: (line number, cells) of every row that is not blank; a row may have more or fewer cells.
        separator: of the cells.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    separator: str


def read_cells(path: Path, modality: str | None) -> Table:
    """Reads a table.

    Args:
        path: UTF-8, with or without byte order mark; cells separated by commas, semicolons or tabs.
        modality: the medium of all rows; None when the rows say it themselves.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not text, no header or rows, a column that is unknown or there twice, a broken quote.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected an existing table of requests, got {str(path)!r}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"expected a table as UTF-8 text, got other bytes in {path.name!r}") from None
    separator = separator_of(text)
    try:
        rows = list(records(text, separator))
    except csv.Error as error:
        raise ValueError(f"expected a table of cells in {path.name!r}, got: {error}") from None
    if not rows:
        raise ValueError(f"expected a header row and rows under it, got the empty table {path.name!r}")
    columns = read_header(rows[0][1], modality)
    if len(rows) == 1:
        raise ValueError(f"expected rows under the header, got none in {path.name!r}")
    return Table(columns, tuple(rows[1:]), separator)


def records(text: str, separator: str) -> Iterator[Row]:
    """Gives the rows that are not blank; a cell in quotes may have several lines."""
    # An open quote would swallow all rows below it, so quotes must be right.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise csv.Error(f"{error} (from line {number} on)") from None
        if any(cell.strip() for cell in cells):
            yield number, cells


def separator_of(text: str) -> str:
    """Gives the separator with which the first row has the most names of columns."""
    known = known_columns(registry.BACKENDS)

    def names(separator: str) -> int:
        try:
            _, cells = next(records(text, separator), (0, []))
        except csv.Error:
            return 0
        return sum(plain_name(cell) in known for cell in cells)

    return max(SEPARATORS, key=names)


def known_columns(media: Iterable[str]) -> Mapping[str, str]:
    """Gives spelling -> name of every column that some of these media know."""
    names = dict.fromkeys(COMMON_COLUMNS)
    for modality in media:
        backend = registry.backend_class(modality)
        for owner in (backend.Prompt, backend.Options):
            names |= dict.fromkeys(field.name for field in dataclasses.fields(owner))
    # As on the command line, seconds need not name their unit.
    return {name.removesuffix("_s"): name for name in names} | {name: name for name in names}


def plain_name(cell: str) -> str:
    """Gives a column's name as a field is spelled: "Keep timing" and "keep-timing" are keep_timing."""
    return re.sub(r"[\s-]+", "_", cell.strip().lower())


def read_header(cells: list[str], modality: str | None) -> tuple[str, ...]:
    """Gives the names of the columns, without blank ones at the end."""
    while not cells[-1].strip():
        cells = cells[:-1]
    spelled = [plain_name(cell) for cell in cells]
    everything = known_columns(registry.BACKENDS)
    if not any(name in everything for name in spelled):
        raise ValueError(
            f"expected a header row of column names such as {', '.join(COMMON_COLUMNS)}, got {shorten(cells)}"
        )
    known = known_columns([modality]) if modality and "modality" not in spelled else everything
    for number, name in enumerate(spelled, 1):
        if name not in known:
            raise ValueError(unknown_column(number, cells[number - 1].strip(), known))
    columns = [known[name] for name in spelled]
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice:
        raise ValueError(f"expected every column once, got {twice!r} {columns.count(twice)} times")
    return tuple(columns)


def unknown_column(number: int, name: str, known: Mapping[str, str]) -> str:
    if not name:
        return f"expected a name for column {number}, got none"
    names = list(dict.fromkeys(known.values()))
    return f"expected a column out of {', '.join(names)}, got {name!r}{nearest(plain_name(name), names)}"
