"""The table of a folder of films: which film, what it shows, how it feels. Bad rows are told all at once."""

from __future__ import annotations

import csv
import difflib
import io
import json
import math
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conditioning import EmotionCurve
from conditioning.encoders.video_file import VideoFile, open_video
from generators.base import shorten

COLUMNS = ("file", "prompt", "emotion", "intensity", "valence", "arousal", "dominance")
OTHER_NAMES = {
    "video": "file",
    "path": "file",
    "file_name": "file",
    "caption": "prompt",
    "text": "prompt",
    "label": "emotion",
}
NAMES = {**{name: name for name in COLUMNS}, **OTHER_NAMES}
SEPARATORS = (",", ";", "\t")
OPENED_AT_ONCE = 8
MOST_TOLD = 200


@dataclass(frozen=True)
class Row:
    """One film of the table.

    Attributes:
        line: of the table, for errors. film: the opened film. prompt: what it shows.
        emotion: how it feels, over the film's seconds.
    """

    line: int
    film: VideoFile
    prompt: str
    emotion: EmotionCurve


@dataclass(frozen=True)
class Problem:
    """What is wrong with one cell: "expected X, got Y"."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.text}"


def read_table(data_dir: Path, name: str = "", *, shortest_s: float = 0.0) -> list[Row]:
    """Reads the table of a folder and opens every film that it names.

    Args:
        data_dir: where relative files start from.
        name: of the table in the folder; the only .csv there when empty.
        shortest_s: films that last less are refused.

    Returns:
        The rows in their order. A row says `file` and `prompt`, and how the film feels: `emotion` (a name, a
        mixture, words, or keyframes as JSON, [[0, "calm"], [2.5, "joy"]]) with an `intensity` of 0..1.5 if
        wanted, or `valence` and `arousal` (and `dominance`) in -1..1.

    Raises:
        FileNotFoundError: no table.
        ValueError: no columns or rows, or bad rows, all of them, a line each.
    """
    path = find_table(data_dir, name)
    columns, lines = read_cells(path)
    if not lines:
        raise ValueError(f"expected rows under the header, got none in {path.name!r}")
    with ThreadPoolExecutor(OPENED_AT_ONCE) as pool:
        found = pool.map(lambda line: read_row(data_dir, columns, *line, shortest_s=shortest_s), lines)
        rows = list(found)
    raise_all([problem for _, wrong in rows for problem in wrong], f"{len(lines)} good rows in {path.name!r}")
    return [row for row, _ in rows if row is not None]


def raise_all(problems: list[Problem], expected: str) -> None:
    """Raises one ValueError of all problems, when there are any."""
    if not problems:
        return
    told = "".join(f"\n  {problem}" for problem in problems[:MOST_TOLD])
    more = f"\n  and {len(problems) - MOST_TOLD} more" if len(problems) > MOST_TOLD else ""
    raise ValueError(f"expected {expected}, got {len(problems)} problems{told}{more}")


def find_table(data_dir: Path, name: str) -> Path:
    """Gives the path of the table."""
    if name:
        if not (data_dir / name).is_file():
            raise FileNotFoundError(f"expected a table {name!r} in {data_dir.name!r}, got none")
        return data_dir / name
    tables = sorted(data_dir.glob("*.csv"))
    if len(tables) != 1:
        got = ", ".join(table.name for table in tables[:5]) or "none"
        raise FileNotFoundError(f"expected one table (.csv) in {data_dir.name!r}, got {got}")
    return tables[0]


def read_cells(path: Path) -> tuple[list[str | None], list[tuple[int, list[str]]]]:
    """Gives the column of each cell (None: one that is not read) and (line, cells) of every row."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"expected a table as UTF-8 text, got other bytes in {path.name!r}") from None
    first = text.lstrip().partition("\n")[0]
    separator = max(SEPARATORS, key=lambda one: sum(plain(cell) in NAMES for cell in first.split(one)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise ValueError(
            f"expected a table of cells in {path.name!r}, got: {error} (line {reader.line_num})"
        ) from None
    return read_header(rows[0][1] if rows else [], path.name), rows[1:]


def plain(cell: str) -> str:
    return re.sub(r"[\s-]+", "_", cell.strip().strip('"').lower())


def read_header(cells: list[str], name: str) -> list[str | None]:
    """Gives the column of each cell; other names than ours are not read unless they are misspelled ones."""
    columns = [NAMES.get(plain(cell)) for cell in cells]
    for cell, column in zip(cells, columns, strict=True):
        near = difflib.get_close_matches(plain(cell), COLUMNS, n=1, cutoff=0.8)
        if column is None and near:
            raise ValueError(f"expected a column {near[0]!r}, got {cell.strip()!r} in {name!r}")
    known = [column for column in columns if column]
    twice = next((column for column in known if known.count(column) > 1), None)
    if twice:
        raise ValueError(f"expected every column once, got {twice!r} {known.count(twice)} times in {name!r}")
    feels = "emotion" in known or {"valence", "arousal"} <= set(known)
    if not {"file", "prompt"} <= set(known) or not feels:
        got = ", ".join(cell.strip() for cell in cells if cell.strip()) or "none"
        raise ValueError(
            "expected columns file, prompt and emotion (or valence and arousal), "
            f"got {shorten(got)} in {name!r}"
        )
    return columns


def read_row(
    data_dir: Path, columns: list[str | None], line: int, cells: list[str], *, shortest_s: float
) -> tuple[Row | None, list[Problem]]:
    """Gives the row, or None and what is wrong with it."""
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        return None, [Problem(line, "row", f"expected {len(columns)} cells, got {len(cells)}")]
    values = {
        column: cell.strip() for column, cell in zip(columns, cells, strict=False) if column is not None
    }
    problems: list[Problem] = []

    def read(column: str, reader: Any, *arguments: Any) -> Any:
        try:
            return reader(*arguments)
        except (ValueError, OSError) as error:
            problems.append(Problem(line, column, str(error).splitlines()[0]))
            return None

    film = read("file", read_film, data_dir, values.get("file", ""), shortest_s)
    prompt = read("prompt", read_prompt, values.get("prompt", ""))
    numbers = {
        column: read(column, read_number, values[column], low, high)
        for column, low, high in RANGES
        if values.get(column)
    }
    if problems:
        return None, problems
    emotion = read("emotion", read_emotion, values.get("emotion", ""), numbers)
    return None if problems else Row(line, film, prompt, emotion), problems


RANGES = (
    ("intensity", 0.0, 1.5),
    ("valence", -1.0, 1.0),
    ("arousal", -1.0, 1.0),
    ("dominance", -1.0, 1.0),
)


def read_film(data_dir: Path, name: str, shortest_s: float) -> VideoFile:
    """Opens the film of a row."""
    if not name:
        raise ValueError("expected the name of a film, got none")
    path = data_dir / name
    if not path.is_file():
        raise FileNotFoundError(f"expected a film in {data_dir.name!r}, got no file at {name[:200]!r}")
    film = open_video(path)
    # Half a frame may be lost where rates differ.
    if film.duration_s < shortest_s - 0.5 / film.frame_rate:
        raise ValueError(f"expected a film of at least {shortest_s:.2f} s, got {film.duration_s:.2f}")
    return film


def read_prompt(text: str) -> str:
    if not text:
        raise ValueError("expected words for what the film shows, got none")
    return text


def read_number(text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise ValueError(f"expected a number from {low:g} to {high:g}, got {shorten(text)}")
    return value


def read_emotion(text: str, numbers: dict[str, float]) -> EmotionCurve:
    """Gives how a film feels, by a name or words, or by a point of valence, arousal and dominance."""
    point = {axis: numbers[axis] for axis in ("valence", "arousal", "dominance") if axis in numbers}
    if bool(text) == bool(point):
        raise ValueError(f"expected an emotion or valence and arousal, got {'both' if text else 'neither'}")
    if point and not {"valence", "arousal"} <= set(point):
        raise ValueError(f"expected valence and arousal, got {' and '.join(point)} alone")
    value: Any = point or text
    if text.startswith(("[", "{")):
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"expected keyframes as JSON, got {shorten(text)} ({error.msg})") from None
    return EmotionCurve.parse(value, numbers.get("intensity", 1.0), files=False)


def prompts_of(rows: Iterable[Row]) -> list[str]:
    """Gives every prompt once, in order."""
    return list(dict.fromkeys(row.prompt for row in rows))
