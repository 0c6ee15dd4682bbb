"""The manifest of a dub: what happened to every line, as JSON."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkpoints import write_json

from .. import __version__

if TYPE_CHECKING:
    from .plan import Plan, Planned
    from .render import Row

VERSION = 1
WAITING = "waiting"
DIGITS = 4
# Writing a long manifest again and again must not take more than this share of the time.
SHARE = 0.02
OFTEN_S = 2.0


def manifest(plan: Plan, rows: Iterable[Row], **more: Any) -> dict[str, Any]:
    """Gives the manifest of a plan and of what has become of it so far.

    Args:
        rows: from `render`. more: anything else that should stand in it, as plain JSON.
    """
    found = {row.number: row for row in rows}
    lines = [described(planned, found.get(planned.line.number)) for planned in plan.lines]
    return {
        "affect_studio": __version__,
        "version": VERSION,
        **more,
        "length_s": plan.length_s,
        "states": dict(Counter(line["state"] for line in lines)),
        "conflicts": sum(len(line["conflicts"]) for line in lines),
        "lines": lines,
    }


def described(planned: Planned, row: Row | None) -> dict[str, Any]:
    """Gives the entry of one line."""
    line = planned.line
    entry = {
        "number": line.number,
        "speaker": line.speaker,
        "text": line.text,
        "emotion": planned.request.get("emotion"),
        "suggested": line.suggested,
        "mode": line.mode,
        "voice": planned.speaker.voice,
        "take": line.take,
        "cue_s": [line.start_s, line.end_s],
        **{
            name: getattr(planned, name)
            for name in ("natural_s", "shortest_s", "longest_s", "duration_s", "rate", "borrowed_s")
        },
        "conflicts": list(planned.conflicts),
        "state": WAITING,
        "error": planned.error,
        **({} if row is None else {**asdict(row), "warnings": list(row.warnings)}),
    }
    return {
        name: round(value, DIGITS) if isinstance(value, float) else value for name, value in entry.items()
    }


def write_manifest(path: str | os.PathLike[str], plan: Plan, rows: Iterable[Row], **more: Any) -> Path:
    """Writes the manifest whole or not at all; arguments as `manifest`.

    Raises:
        OSError: the place cannot be written.
    """
    path = Path(path)
    write_json(path, manifest(plan, rows, **more), indent=1)
    return path


def recorded(rows: Iterable[Row], path: str | os.PathLike[str], plan: Plan, **more: Any) -> Iterator[Row]:
    """Hands rows on and keeps the manifest's file near what has happened, and exact when they end.

    While lines are made a disk that is full is no reason to stop.

    Raises:
        OSError: the last manifest cannot be written.
    """
    seen: list[Row] = []
    cost_s, wrote_at = 0.0, -float("inf")
    try:
        for row in rows:
            seen.append(row)
            began = time.monotonic()
            if began - wrote_at > max(OFTEN_S, cost_s / SHARE):
                with contextlib.suppress(OSError):
                    write_manifest(path, plan, seen, **more)
                wrote_at = time.monotonic()
                cost_s = wrote_at - began
            yield row
    except BaseException:
        with contextlib.suppress(OSError):  # what went wrong first is what matters
            write_manifest(path, plan, seen, **more)
        raise
    write_manifest(path, plan, seen, **more)
