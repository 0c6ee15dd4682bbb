"""Timings that lie beside a sound file: when which phone and word is said, as `affect` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generators.media import Mark

MOST_BYTES = 64 * 2**20


def marks_in(timings: Any) -> tuple[Mark, ...]:
    """Reads marks, kind by kind.

    Args:
        timings: kind -> rows of start_s, end_s, text.

    Raises:
        ValueError: something else.
    """
    try:
        found = tuple(Mark(**row, kind=kind) for kind, rows in timings.items() for row in rows)
        return tuple(Mark(float(m.start_s), float(m.end_s), str(m.text), m.kind) for m in found)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError("expected timings, got something else") from None


def marks_beside(path: str | Path) -> tuple[Mark, ...]:
    """Gives the marks of the timings file beside a sound; none where there is no such file or another's."""
    beside = Path(path).with_suffix(".json")
    if not beside.is_file() or beside.stat().st_size > MOST_BYTES:
        return ()
    try:
        return marks_in(json.loads(beside.read_text(encoding="utf-8"))["timings"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()
