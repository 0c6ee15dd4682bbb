"""Hearing the finished parts of a long result while the rest is made."""

from __future__ import annotations

import secrets
from typing import Any

import gradio as gr

from ..audio_file import CODECS
from ..formats import format_of
from ..jobs import DONE, Job
from .making import Workshop
from .theme import asset

SILENT: dict[str, Any] = {"parts": [], "seconds": 0.0, "state": "none"}


class Heard:
    """Gives a browser the parts of one job as they are finished; what has no sound is not heard in parts.

    Args:
        workshop: whose queue has the job.
    """

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.name = secrets.token_hex(8)
        self.taken = 0
        self.paths: list[str] = []
        self.seconds = 0.0

    def take(self, job: Job) -> Any:
        """Gives the player's value with the parts made until now, or no change when there is no new one."""
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
        return {"parts": self.paths, "seconds": round(self.seconds, 2), "state": state}


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
