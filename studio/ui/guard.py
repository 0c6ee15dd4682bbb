"""Who may ask the page for anything, and how much of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..jobs import QUEUED

if TYPE_CHECKING:
    from ..jobs import JobQueue

# What the login itself shows and needs, and what Gradio asks of itself when it starts. It guards most of the
# rest, but not all of it.
OPEN = re.compile(
    r"/|/gradio_api/startup-events|/login/?|/logout/?|/theme\.css|/favicon\.ico|/manifest\.json|/pwa_icon(?:/.*)?|/(?:assets|static|svelte)/.*"
)
MAKES = re.compile(r"/gradio_api/(?:call|run|api)/(?:v2/)?generate_\w+/?")
LIST = re.compile(rb"window\.gradio_api_info = .*?;</script>", re.DOTALL)
RETRY_S = 15


class Guard:
    """Refuses whoever has not logged in, where the page has a password.

    Args:
        app: what answers the others.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or is_known(scope):
            await self.app(scope, receive, send)
            return
        if OPEN.fullmatch(scope["path"]):
            await self.app(scope, receive, Unlisted(send) if scope["path"] == "/" else send)
            return
        error = "expected somebody who has logged in (POST /login with username and password), got nobody"
        await refuse(scope, receive, send, 401, error)


def is_known(scope: Any) -> bool:
    """Says whether the page has no password, or a request carries the cookie of a login."""
    from starlette.requests import HTTPConnection

    page = scope["app"]
    if page.auth is None:
        return True
    cookies = HTTPConnection(scope).cookies
    names = (f"access-token-{page.cookie_id}", f"access-token-unsecure-{page.cookie_id}")
    return any(page.tokens.get(cookies.get(name)) is not None for name in names)


class Unlisted:
    """Sends a page without the list of endpoints that Gradio writes into its login, too.

    Args:
        send: what takes the messages of the answer.
    """

    def __init__(self, send: Any) -> None:
        self.send = send
        self.start: dict[str, Any] = {}
        self.body = b""

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        self.body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = LIST.sub(b"window.gradio_api_info = null;</script>", self.body)
        headers = [(name, value) for name, value in self.start["headers"] if name != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await self.send({**self.start, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


class QueueLimit:
    """Answers 429 to a request that makes something while the queue is full.

    A client of Gradio's protocol comes another way and has the queue's own error, in the same words.

    Args:
        app: what answers the others. queue: whose limit it is.
    """

    def __init__(self, app: Any, queue: JobQueue) -> None:
        self.app, self.queue = app, queue

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        makes = scope["type"] == "http" and scope["method"] == "POST" and MAKES.fullmatch(scope["path"])
        if makes and sum(job.state == QUEUED for job in self.queue.jobs()) >= self.queue.limit:
            error = f"expected at most {self.queue.limit} waiting jobs, got one more"
            await refuse(scope, receive, send, 429, error, {"Retry-After": str(RETRY_S)})
            return
        await self.app(scope, receive, send)


async def refuse(
    scope: Any, receive: Any, send: Any, status: int, error: str, headers: dict[str, str] | None = None
) -> None:
    """Answers with a status and one line, as JSON under "detail", as Gradio's own errors have it."""
    from starlette.responses import JSONResponse

    await JSONResponse({"detail": error}, status, headers=headers)(scope, receive, send)
