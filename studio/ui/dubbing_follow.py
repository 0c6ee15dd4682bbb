"""What became of each line while a dub is made, and its sound."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from .script_rows import Row, lines_from, rows_from
from .served import link_or_copy
from .stage import address_of

if TYPE_CHECKING:
    from ..dubbing.dub import DubLine
    from ..jobs import Job
    from ..library import Entry
    from .making import Workshop

WAITING, FAILED = "waiting", "failed"


class Manifests:
    """Where dubs say of every line what happened while it happens: a file for each device.

    Args:
        workshop: whose backends make them.
    """

    def __init__(self, workshop: Workshop) -> None:
        folder = workshop.served.root / "dubbing"
        folder.mkdir(exist_ok=True)
        self.paths = [folder / f"{number}.json" for number, _ in enumerate(workshop.queue.studios)]
        for path, studio in zip(self.paths, workshop.queue.studios, strict=True):
            studio.backend("dubbing").manifest = str(path)

    def newest(self, since: float) -> tuple[float, list[dict[str, Any]]]:
        """Gives when the newest manifest after a moment was written, and its lines; 0 and none before there is one."""
        for path in self.paths:
            try:
                written = path.stat().st_mtime
                if written > since:
                    return written, list(json.loads(path.read_text(encoding="utf-8"))["lines"])
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return 0.0, []


@dataclass(frozen=True)
class LineFollow:
    """Tells the rows of a script what became of them, a `Follow`.

    Attributes:
        desk: the rows. manifests: where dubs say what happens.
    """

    desk: Any
    manifests: Manifests

    @property
    def inputs(self) -> list[Any]:
        return [self.desk]

    @property
    def outputs(self) -> list[Any]:
        return [self.desk]

    def begin(self, workshop: Workshop, values: Sequence[Any]) -> LinesMade:
        rows = rows_from(values[0]) if values[0] else []
        return LinesMade(workshop, self.desk, self.manifests, rows)


class LinesMade:
    """The lines of one job.

    Args:
        workshop: where sounds are served. desk: the rows' component. manifests: of the job's backend.
        rows: as they were when it began.
    """

    def __init__(self, workshop: Workshop, desk: Any, manifests: Manifests, rows: Sequence[Row]) -> None:
        self.workshop, self.desk, self.manifests = workshop, desk, manifests
        _, taken, problems = lines_from(rows)
        self.rows = dict(enumerate(taken, start=1))
        self.states: dict[str, dict[str, Any]] = {}
        for row in rows:
            bad = problems.get(row["id"])
            told = {"state": FAILED, "error": bad} if bad else {"state": WAITING}
            self.states[row["id"]] = {"rev": row["rev"], **told}
        self.read_at: float | None = None

    def take(self, job: Job) -> dict[Any, Any]:
        """Gives what the rows show now; nothing when nothing changed."""
        if self.read_at is None:
            self.read_at = 0.0
            return self.shown()
        if job.started_at is None:
            return {}
        written, lines = self.manifests.newest(max(self.read_at, job.started_at))
        if not lines or not self.are_ours(lines):
            return {}
        self.read_at = written
        for line in lines:
            if line.get("state") != WAITING:
                self.tell(line["number"], state=str(line.get("state")), error=str(line.get("error") or ""))
        return self.shown()

    def are_ours(self, lines: Sequence[dict[str, Any]]) -> bool:
        """Says whether a manifest is of these rows, and not of another dub that somebody else asked for."""
        return {line.get("number"): line.get("text") for line in lines} == {
            number: row["text"] for number, row in self.rows.items()
        }

    def shown(self) -> dict[Any, Any]:
        # Copies: Gradio compares them with what it is told next.
        return {self.desk: gr.update(states={row: dict(state) for row, state in self.states.items()})}

    def finish(self, entry: Entry) -> dict[Any, Any]:
        """Gives what the rows show of a finished dub."""
        dub: Any = self.workshop.served.media(entry)
        for line in dub.lines:
            if line.number in self.rows:
                self.settle(entry, line)
        return self.shown()

    def settle(self, entry: Entry, line: DubLine) -> None:
        """Tells the row of a line what became of it; its sound lies beside the dub from now on."""
        told: dict[str, Any] = {"state": line.state, "error": line.error}
        source = Path(line.file)
        if line.is_heard and source.is_file():
            name = f"line-{line.number:05d}{source.suffix}"
            served = self.workshop.served.beside(entry, name, lambda partial: link_or_copy(source, partial))
            told["url"] = address_of(served)
        self.tell(line.number, **told)

    def stop(self) -> dict[Any, Any]:
        """Gives what the rows show when the job ended before they were made."""
        for state in self.states.values():
            if state["state"] == WAITING:
                state["state"] = ""
        return self.shown()

    def tell(self, number: int, **values: Any) -> None:
        self.states[self.rows[number]["id"]].update(values)
