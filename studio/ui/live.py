"""Hearing the finished parts of a long result while the rest is made."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..audio_file import CODECS
from ..formats import format_of
from ..jobs import DONE, Job
from ..library import Entry
from .making import Workshop
from .theme import asset

SILENT: dict[str, Any] = {"parts": [], "seconds": 0.0, "state": "none"}


@dataclass(frozen=True)
class PartsHeard:
    """Plays the parts of what is being made one after another, a `Follow`.

    Attributes:
        player: the component.
    """

    player: Any

    @property
    def inputs(self) -> list[Any]:
        return []

    @property
    def outputs(self) -> list[Any]:
        return [self.player]

    def begin(self, workshop: Workshop, values: Sequence[Any]) -> Heard:
        return Heard(workshop, self.player)


class Heard:
    """Gives a browser the parts of one job as they are finished; what has no sound is not heard in parts.

    Args:
        workshop: whose queue has the job. player: the component.
    """

    def __init__(self, workshop: Workshop, player: Any) -> None:
        self.workshop, self.player = workshop, player
        self.name = secrets.token_hex(8)
        self.taken = 0
        self.paths: list[str] = []
        self.seconds = 0.0

    def take(self, job: Job) -> dict[Any, Any]:
        """Gives the player's value with the parts made until now, or no change when there is no new one."""
        return {self.player: self.value(job)}

    def finish(self, entry: Entry) -> dict[Any, Any]:
        return {}

    def stop(self) -> dict[Any, Any]:
        return {self.player: SILENT}

    def value(self, job: Job) -> Any:
        known = len(self.paths)
        if job.num_parts > self.taken:
            for part in self.workshop.queue.parts(job.id, self.taken):
                self.taken += 1
                if format_of(part).played not in CODECS:
                    continue
                path = self.workshop.served.part(self.name, len(self.paths), part)
                self.paths.append(str(path))
                self.seconds += part.duration_s
        if len(self.paths) == known and not (job.finished and known):
            return gr.skip() if known else SILENT
        # A single part is the whole: the stage's own player has it in a moment.
        state = "done" if job.state == DONE else "making"
        return {"parts": list(self.paths), "seconds": round(self.seconds, 2), "state": state}


def add_player(prefix: str) -> Any:
    """Adds the player; it shows itself when there is a part."""
    return gr.HTML(
        SILENT,
        html_template=asset("live.html"),
        js_on_load=asset("live.js"),
        elem_id=f"{prefix}-live",
        apply_default_css=False,
        label="Finished parts",
    )
