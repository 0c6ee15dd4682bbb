"""Requests from a table, one a row, and from a folder whose files are all treated alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from conditioning.emotion import FILE_SUFFIXES
from generators import base, registry

from .batch_cells import COMMON_COLUMNS, Table, read_cells
from .batch_names import Names
from .batch_request import Defaults, Draft, file_fields, names_file, required_files, with_references
from .emotion_text import read_emotion
from .field_text import fields_of, read_field, read_intensity
from .jobs import one_line
from .recipe import is_file, unknown_name

DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")


def read_table(path: Path, in_dir: Path, defaults: Defaults) -> list[Draft]:
    """Reads a table of requests.

    Args:
        path: see `batch_cells.read_cells`. A cell holds what would stand after the flag of its column's name;
            an empty one says nothing.
        in_dir: what relative paths in the cells start from.
        defaults: for what a row does not say.

    Raises:
        FileNotFoundError, ValueError: what is wrong with the table as a whole. A bad row is a draft that says
            what is wrong with it.
    """
    if defaults.modality:
        registry.backend_class(defaults.modality)
    table = read_cells(path, defaults.modality)
    if not defaults.modality and "modality" not in table.columns:
        raise ValueError("expected a medium for the rows (--modality or a column modality), got none")
    said = [cells_said(table, cells) for _, cells in table.rows]
    names = Names(row["out"] for row in said if "out" in row)
    return [
        read_row(table, number, cells, row, in_dir.absolute(), defaults, names)
        for (number, cells), row in zip(table.rows, said, strict=True)
    ]


def cells_said(table: Table, cells: list[str]) -> dict[str, str]:
    """Gives column -> text of every cell that is not empty."""
    return {name: cell.strip() for name, cell in zip(table.columns, cells, strict=False) if cell.strip()}


def read_row(
    table: Table,
    number: int,
    cells: list[str],
    said: Mapping[str, str],
    in_dir: Path,
    defaults: Defaults,
    names: Names,
) -> Draft:
    draft_id = said.get("id", str(number))
    try:
        if any(cell.strip() for cell in cells[len(table.columns) :]):
            raise ValueError(
                f"expected at most {len(table.columns)} cells, as in the header, got {len(cells)}"
                f" (text with {table.separator!r} in it needs quotes)"
            )
        values = row_values(said, in_dir, defaults, comma=table.separator != ",")
    except (ValueError, OSError) as error:
        return Draft(draft_id, {}, one_line(error))
    if "out" not in values:
        emotion = said.get("emotion", defaults.emotion)
        values["out"] = names.name(draft_id, values, emotion)
    return Draft(draft_id, values)


def row_values(said: Mapping[str, str], in_dir: Path, defaults: Defaults, *, comma: bool) -> dict[str, Any]:
    """Gives what a row asks for.

    Args:
        said: column -> text. in_dir: an absolute folder. defaults: as in `read_table`.
        comma: whether a number may have a decimal comma, as spreadsheets of many countries write it.

    Raises:
        ValueError: a medium, column or value that cannot be.
    """
    modality = said.get("modality", defaults.modality)
    if not modality:
        raise ValueError("expected a modality, got none")
    fields, files = fields_of(registry.backend_class(modality)), file_fields(modality)
    values: dict[str, Any] = {name: said[name] for name in ("id", "out") if name in said}
    values |= {"modality": modality, **feeling(said, in_dir, defaults, comma)}
    for name, text in said.items():
        if name in COMMON_COLUMNS:
            continue
        if name not in fields:
            raise ValueError(unknown_name(modality, name, list(fields)))
        field, owner = fields[name]
        is_number = base.field_type(field, owner)[0] in (int, float)
        values[name] = read_field(field, owner, with_point(text) if comma and is_number else text)
    values = base.files_in_place(registry.backend_class(modality).Prompt, values)
    for name, known in files.items():
        if names_file(values.get(name), known):
            values[name] = str(in_dir / values[name])
    return values


def feeling(said: Mapping[str, str], in_dir: Path, defaults: Defaults, comma: bool) -> dict[str, Any]:
    """Gives the emotion and the intensity of a row, where there are any."""
    found: dict[str, Any] = {}
    if "emotion" in said:
        found["emotion"] = emotion_at(said["emotion"], in_dir)
    elif defaults.emotion is not None:
        found["emotion"] = read_emotion(defaults.emotion)
    if "intensity" in said:
        found["intensity"] = read_intensity(with_point(said["intensity"]) if comma else said["intensity"])
    elif defaults.intensity is not None:
        found["intensity"] = defaults.intensity
    return found


def with_point(text: str) -> str:
    return text.replace(",", ".") if DECIMAL_COMMA.fullmatch(text) else text


def emotion_at(text: str, in_dir: Path) -> Any:
    """Reads an emotion in which relative paths start from a folder."""
    path = str(in_dir / text)
    a_file = PurePath(text).suffix.lower() in {*FILE_SUFFIXES, ".json"} and is_file(path)
    return with_references(read_emotion(path if a_file else text), lambda name: str(in_dir / name))


def read_folder(folder: Path, out_dir: Path, defaults: Defaults) -> list[Draft]:
    """Gives a request for every file of a folder, by name; not of the folders in it, and no hidden ones.

    Raises:
        ValueError: no medium, one that needs no file, no such files, or the output folder itself.
    """
    if not defaults.modality:
        raise ValueError("expected a medium for the files of a folder (--modality), got none")
    field = input_field(defaults.modality)
    suffixes = file_fields(defaults.modality)[field]
    if out_dir.resolve() == folder.resolve():
        # The next run would take what this one made for more recordings.
        raise ValueError(f"expected an output folder other than the input folder, got {str(folder)!r} twice")
    paths = sorted(path for path in folder.absolute().iterdir() if names_file(path.name, suffixes))
    paths = [path for path in paths if path.is_file() and not path.name.startswith(".")]
    if not paths:
        raise ValueError(f"expected files ending in {', '.join(suffixes)}, got none in {str(folder)!r}")
    names = Names()
    common = {"modality": defaults.modality, **feeling({}, folder, defaults, comma=False)}
    return [file_draft({**common, field: str(path)}, path.name, names, defaults) for path in paths]


def file_draft(values: dict[str, Any], file_name: str, names: Names, defaults: Defaults) -> Draft:
    return Draft(file_name, {**values, "out": names.name(file_name, values, defaults.emotion)})


def input_field(modality: str) -> str:
    """Gives the field with the one file that a medium makes its result from.

    Raises:
        ValueError: a medium that needs none, or several.
    """
    found = required_files(modality)
    if len(found) > 1:
        raise ValueError(f"expected a table with {' and '.join(found)} for {modality}, got a folder")
    if not found:
        raise ValueError(f"expected a medium that makes each result from a file, got {modality!r}")
    return found[0]
