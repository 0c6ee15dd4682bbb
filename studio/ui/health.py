"""What other programs ask of a running page without a password: whether it is up, and how busy it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import checkpoints
from generators.registry import BACKENDS, backend_class

from .. import __version__
from ..jobs import QUEUED, RUNNING

if TYPE_CHECKING:
    from ..jobs import JobQueue

PATHS = ("/health", "/health/")


def report(queue: JobQueue) -> dict[str, Any]:
    """Gives the state of the machine's work; nothing of who asked for what, and no paths.

    Returns:
        {"status": "ok", or "incomplete" where a medium has no weights, "version", "devices", "queue": {"waiting",
        "running", "limit"}, "media": name -> whether its weights are there}.
    """
    states = [job.state for job in queue.jobs()]
    there = weights_there()
    media = {name: not weights or bool(weights & there) for name, weights in weights_of_media().items()}
    return {
        "status": "ok" if all(media.values()) else "incomplete",
        "version": __version__,
        "devices": [studio.device for studio in queue.studios],
        "queue": {
            "waiting": states.count(QUEUED),
            "running": states.count(RUNNING),
            "limit": queue.limit,
        },
        "media": media,
    }


def weights_of_media() -> dict[str, set[str]]:
    """Gives the names of the weights that each medium can choose from."""
    return {name: set(getattr(backend_class(name), "checkpoints", ())) for name in BACKENDS}


def weights_there() -> set[str]:
    """Gives the weights whose files are there; hashes are compared when they are loaded."""
    return {name for name, entry in checkpoints.manifest().items() if entry.path.is_file()}


class Health:
    """Answers `GET /health`, whoever asks.

    Args:
        app: what answers all else.
        queue: whose state is told.
    """

    def __init__(self, app: Any, queue: JobQueue) -> None:
        self.app, self.queue = app, queue

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        from starlette.concurrency import run_in_threadpool
        from starlette.responses import JSONResponse

        # The queue has a lock, and files are looked for: neither may hold up the page.
        found = await run_in_threadpool(report, self.queue)
        await JSONResponse(found, headers={"Cache-Control": "no-store"})(scope, receive, send)
