"""Jobs: a queue with states, progress, time left, and a cancel that takes effect within one sampling step."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from generators.base import Cancelled, shorten

if TYPE_CHECKING:
    from generators.media import Media

    from .library import Library
    from .result import Result
    from .session import Studio

logger = logging.getLogger(__name__)

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
FINISHED = (DONE, FAILED, CANCELLED)
# Finished parts are kept for this many jobs that have ended, so that a slow reader gets the last ones.
JOBS_WITH_PARTS = 4
MOST_PARTS = 1000


@dataclass(frozen=True)
class Job:
    """What is known of a job at one moment.

    Attributes:
        id: short name, unique within the queue.
        request: {"modality": ..., and the keyword arguments of `generate`}.
        state: queued, running, done, failed or cancelled.
        step, total: sampling steps done, and in all (0 until the first one).
        num_parts: pieces of the media that are finished; `JobQueue.parts` gives them.
        submitted_at, started_at, finished_at: seconds of `time.time()`; None when not yet.
        stepped_at: when the first step ended; what came before it (loading) says nothing about the rest.
        eta_s: seconds left; None when it cannot be said yet.
        place: how many jobs run before this one while it waits; 0 otherwise.
        result: when done; None when the queue's library keeps it.
        entry_id: id in the library, when there is one.
        error: one line, when failed.
    """

    id: str
    request: dict[str, Any]
    state: str = QUEUED
    step: int = 0
    total: int = 0
    num_parts: int = 0
    submitted_at: float = field(default_factory=time.time)
    started_at: float | None = None
    finished_at: float | None = None
    stepped_at: float | None = None
    eta_s: float | None = None
    place: int = 0
    result: Result | None = None
    entry_id: str | None = None
    error: str | None = None

    @property
    def finished(self) -> bool:
        return self.state in FINISHED

    @property
    def progress(self) -> float:
        """Part done, 0 to 1."""
        if self.state == DONE:
            return 1.0
        return min(1.0, self.step / self.total) if self.total else 0.0


class JobQueue:
    """Runs requests in order, one worker thread for each Studio (that is, for each device).

    Args:
        studios: one Studio, or one for each device.
        library: every result is added to it; None keeps results only with their jobs. A Studio that has
            one adds to it too, so give it to one of the two.
        history: how many finished jobs are remembered; older ones are forgotten, results and all.
        limit: how many may wait at once; one more is refused.
    """

    def __init__(
        self,
        studios: Studio | Sequence[Studio],
        library: Library | None = None,
        *,
        history: int = 100,
        limit: int = 1000,
    ) -> None:
        self.studios = list(studios) if isinstance(studios, Sequence) else [studios]
        self.library = library
        self.history = history
        self.limit = limit
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[str] = deque()
        self._cancelling: set[str] = set()
        self._parts: dict[str, deque[Media]] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._ids = itertools.count(1)
        self._workers = [
            threading.Thread(target=self._work, args=(studio,), name=f"affect-{studio.device}", daemon=True)
            for studio in self.studios
        ]
        for worker in self._workers:
            worker.start()

    def __enter__(self) -> JobQueue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()

    def submit(self, request: Mapping[str, Any]) -> str:
        """Puts a request at the end of the queue; gives the job's id.

        Args:
            request: "modality" and the keyword arguments of `generate`.

        Raises:
            ValueError: what `generate` would refuse before it starts, a full queue, or one shut down.
        """
        if not isinstance(request, Mapping) or not isinstance(request.get("modality"), str):
            raise ValueError(f"expected a request with a modality, got {shorten(request)}")
        request = dict(request)
        arguments = {name: value for name, value in request.items() if name != "modality"}
        self.studios[0].check(request["modality"], **arguments)
        with self._changed:
            if self._closed:
                raise ValueError("expected an open queue, got one that was shut down")
            if len(self._waiting) >= self.limit:
                raise ValueError(f"expected at most {self.limit} waiting jobs, got one more")
            job = Job(id=f"{next(self._ids):06d}", request=request)
            self._jobs[job.id] = job
            self._waiting.append(job.id)
            self._changed.notify_all()
            return job.id

    def get(self, job_id: str) -> Job:
        """Gives what is known of a job now.

        Raises:
            ValueError: no such job, or one that was forgotten.
        """
        with self._changed:
            if job_id not in self._jobs:
                raise ValueError(f"expected a job of this queue, got {shorten(job_id)}")
            job = self._jobs[job_id]
            if job.state == QUEUED:
                running = sum(other.state == RUNNING for other in self._jobs.values())
                return replace(job, place=self._waiting.index(job_id) + running)
            if job.state == RUNNING:
                return replace(job, eta_s=time_left(job, time.time()))
            return job

    def jobs(self) -> list[Job]:
        """Gives every remembered job, the newest first."""
        with self._changed:
            return [self.get(job_id) for job_id in reversed(self._jobs)]

    def watch(self, job_id: str, interval_s: float = 0.5) -> Iterator[Job]:
        """Gives the job now and at every change until it is finished.

        Args:
            interval_s: it is also given after this long without a change, so that the time left moves.
        """
        job = self.get(job_id)
        yield job
        while not job.finished:
            with self._changed:
                now = self.get(job_id)
                if (now.state, now.step, now.num_parts) == (job.state, job.step, job.num_parts):
                    self._changed.wait(interval_s)
                    now = self.get(job_id)
            job = now
            yield job

    def parts(self, job_id: str, after: int = 0) -> list[Media]:
        """Gives the finished pieces of a job, in order, without the first `after`.

        The oldest of very many, and those of a job that ended a while ago, are gone.
        """
        with self._changed:
            held = self._parts.get(job_id, deque())
            first = self.get(job_id).num_parts - len(held)
            return list(held)[max(0, after - first) :]

    def wait(self, job_id: str, timeout_s: float | None = None) -> Job:
        """Waits until a job is finished (or the time is up) and gives it."""
        with self._changed:
            self.get(job_id)
            self._changed.wait_for(lambda: job_id not in self._jobs or self._jobs[job_id].finished, timeout_s)
            return self.get(job_id)

    def cancel(self, job_id: str) -> Job:
        """Cancels a waiting job at once, a running one at its next sampling step; a finished one stays."""
        with self._changed:
            job = self.get(job_id)
            if job.state == QUEUED:
                self._waiting.remove(job_id)
                self._finish(job_id, state=CANCELLED)
            elif job.state == RUNNING:
                self._cancelling.add(job_id)
            return self.get(job_id)

    def shutdown(self, timeout_s: float | None = 30.0) -> None:
        """Cancels everything and waits for the workers; a second call does nothing."""
        with self._changed:
            self._closed = True
            for job_id, job in list(self._jobs.items()):
                if not job.finished:
                    self.cancel(job_id)
            self._changed.notify_all()
        for worker in self._workers:
            if worker is not threading.current_thread():
                worker.join(timeout_s)

    def _work(self, studio: Studio) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                job_id = self._waiting.popleft()
                self._set(job_id, state=RUNNING, started_at=time.time())
            self._run(studio, job_id)

    def _run(self, studio: Studio, job_id: str) -> None:
        def on_step(step: int, total: int) -> None:
            with self._changed:
                if job_id in self._cancelling:
                    raise Cancelled
                first = self._jobs[job_id].stepped_at
                self._set(job_id, step=step, total=total, stepped_at=time.time() if first is None else first)

        def on_part(part: Media) -> None:
            with self._changed:
                self._parts.setdefault(job_id, deque(maxlen=MOST_PARTS)).append(part)
                self._set(job_id, num_parts=self._jobs[job_id].num_parts + 1)

        request = self._jobs[job_id].request
        arguments = {name: value for name, value in request.items() if name != "modality"}
        try:
            result = studio.generate(request["modality"], on_step=on_step, on_part=on_part, **arguments)
            entry_id = self.library.add(result).id if self.library is not None else None
        except Cancelled:
            self._finish(job_id, state=CANCELLED)
        except (ValueError, OSError) as error:
            self._finish(job_id, state=FAILED, error=one_line(error))
        except Exception as error:
            # Whatever a backend does, the worker must go on with the next job.
            logger.exception("job %s failed", job_id)
            self._finish(job_id, state=FAILED, error=f"{type(error).__name__}: {one_line(error)}")
        else:
            kept = None if entry_id is not None else result
            self._finish(job_id, state=DONE, result=kept, entry_id=entry_id)

    def _set(self, job_id: str, **changes: Any) -> None:
        with self._changed:
            self._jobs[job_id] = replace(self._jobs[job_id], **changes)
            self._changed.notify_all()

    def _finish(self, job_id: str, **changes: Any) -> None:
        with self._changed:
            self._cancelling.discard(job_id)
            self._set(job_id, finished_at=time.time(), **changes)
            finished = [name for name, job in self._jobs.items() if job.finished]
            for name in finished[:-JOBS_WITH_PARTS]:
                self._parts.pop(name, None)
            for name in finished[: max(0, len(finished) - self.history)]:
                del self._jobs[name]
                self._parts.pop(name, None)


def time_left(job: Job, now: float) -> float | None:
    """Gives the seconds left of a running job, from the mean time of its steps after the first."""
    if job.step < 2 or job.stepped_at is None:
        return None
    return max(0.0, (now - job.stepped_at) / (job.step - 1) * (job.total - job.step))


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
