"""A request from the page through the queue: progress while it runs, a cancel within one step, the entry."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from .. import jobs
from ..jobs import CANCELLED, DONE, FAILED, QUEUED, Job, JobQueue
from ..library import Entry
from .served import ServedFolder

if TYPE_CHECKING:
    from ..library import Library

POLL_S = 0.25


@dataclass(frozen=True)
class Workshop:
    """What every tab works with.

    Attributes:
        queue: runs the requests, one worker for each device.
        library: where results go.
        served: where the page's own files lie.
    """

    queue: JobQueue
    library: Library
    served: ServedFolder

    def follow(self, request: dict[str, Any]) -> Iterator[Job]:
        """Submits a request and gives the job as it goes on; a page that goes away cancels it.

        Raises:
            ValueError: what `generate` would refuse before it starts.
        """
        job_id = self.queue.submit(request)
        job, told, known = None, 0.0, None
        try:
            for job in self.queue.watch(job_id, POLL_S):
                # Fast steps are not told one by one: a browser would fall behind. Parts are never held back.
                if (job.state, job.num_parts) != known or time.monotonic() - told >= POLL_S:
                    told, known = time.monotonic(), (job.state, job.num_parts)
                    yield job
        finally:
            if job is None or not job.finished:
                self.queue.cancel(job_id)

    def cancel(self, job_id: str | None) -> None:
        """Cancels a job; one that is long forgotten is no error."""
        try:
            if job_id:
                self.queue.cancel(job_id)
        except ValueError:
            return

    def entry_of(self, job: Job) -> Entry:
        """Gives the library entry of a finished job.

        Raises:
            ValueError: the job failed or was cancelled; the message says why.
        """
        if job.state != DONE or job.entry_id is None:
            raise ValueError(
                job.error or ("cancelled" if job.state == CANCELLED else "expected a result, got none")
            )
        return self.library.get(job.entry_id)


def progress_html(job: Job, before: str = "") -> str:
    """Gives the progress bar with step and time left, or what became of the job, after `before`."""
    if job.state == FAILED:
        return message_html(job.error or "the job failed")
    if job.state == CANCELLED:
        return note_html("Cancelled. Nothing was kept.")
    if job.state == QUEUED:
        return bar_html(0.0, before + (f"Waiting, {job.place} before this one" if job.place else "Starting"))
    if job.state == DONE:
        return bar_html(1.0, f"{before}Preparing what is shown")
    if not job.total:
        return bar_html(0.0, f"{before}Loading the weights")
    left = f", {time_words(job.eta_s)} left" if job.eta_s is not None else ""
    return bar_html(job.progress, f"{before}Step {job.step} of {job.total}{left}")


def bar_html(part: float, words: str) -> str:
    percent = round(100 * part)
    return (
        f'<div class="progress"><div class="track" role="progressbar" aria-label="Progress" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}" aria-valuetext="{escape(words)}">'
        f'<i style="width:{percent}%"></i></div><span>{escape(words)}</span></div>'
    )


def message_html(text: str) -> str:
    return f'<p class="message" role="alert">{escape(text)}</p>'


def note_html(text: str) -> str:
    return f'<p class="note" role="status">{escape(text)}</p>'


def one_line(error: BaseException) -> str:
    """Gives an error's message in one line of at most 300 characters."""
    return jobs.one_line(error)[:300]


def time_words(seconds: float) -> str:
    """Gives "4 s" or "2 min 5 s"."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
