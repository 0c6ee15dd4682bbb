"""Requests from a file with one JSON object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from generators.base import shorten

from .batch_request import Draft

LONGEST_LINE = 2**20


def read_lines(path: Path) -> list[Draft]:
    """Reads every line that is not blank.

    Raises:
        FileNotFoundError, ValueError: no such file, or not text.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected an existing file of requests, got {str(path)!r}")
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise ValueError(f"expected requests as UTF-8 text, got other bytes in {path.name}") from None
    return [read_line(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def read_line(number: int, line: str) -> Draft:
    if len(line) > LONGEST_LINE:
        error = f"expected a request of at most {LONGEST_LINE} characters, got {len(line)}"
        return Draft(line_id(line, number), {}, error)
    try:
        found = json.loads(line, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        return Draft(line_id(line, number), {}, f"expected a JSON object, got: {str(error)[:120]}")
    if not isinstance(found, dict):
        return Draft(str(number), {}, f"expected a JSON object, got {shorten(found)}")
    return Draft(request_id(found, number), found)


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def request_id(found: Any, number: int) -> str:
    value = found.get("id") if isinstance(found, dict) else None
    return str(value) if isinstance(value, (str, int)) and str(value) else str(number)


def line_id(line: str, number: int) -> str:
    """Gives a request's id even when the rest of the line is no good."""
    try:
        return request_id(json.loads(line), number)
    except (ValueError, RecursionError):
        return str(number)
