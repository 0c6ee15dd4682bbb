"""Starts the page on this machine: what it may serve, how much it takes, and what a browser may load."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

# A telephone's film of some minutes or an hour of sound; media themselves refuse what is too large for them.
MAX_UPLOAD = "512mb"
MOST_WAITING = 20
STYLES = ("page", "parts", "portrait", "gesture", "dubbing", "scene", "video")
# Nothing from another machine: the page works without a network, and a visitor's browser tells nobody of it.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio's own page needs both
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'self'",
    )
)


def serve(
    host: str = "127.0.0.1",
    port: int = 7860,
    auth: str | tuple[str, str] | None = None,
    library_dir: str | os.PathLike[str] | None = None,
    open_browser: bool = False,
    most_waiting: int = MOST_WAITING,
) -> None:
    """Starts the page and keeps it up until Ctrl-C.

    Args:
        host: address to bind; only this machine reaches 127.0.0.1.
        port: 1 to 65535.
        auth: "user:password", or the two; asked for before anything is shown.
        library_dir: folder of the library; the user's own when None.
        open_browser: opens the page in the browser.
        most_waiting: how many results may wait to be made; one more is refused.

    Raises:
        OSError: the port is taken, or the folder cannot be written.
    """
    from ..jobs import JobQueue
    from ..library import Library
    from ..session import Studio

    with (
        Library(library_dir) as library,
        Studio() as studio,
        JobQueue(studio, library, limit=most_waiting) as queue,
    ):
        page, _ = start(queue, library, host=host, port=port, auth=auth, open_browser=open_browser)
        try:
            page.block_thread()
        finally:
            page.close(verbose=False)


def start(
    queue: Any,
    library: Any,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    auth: str | tuple[str, str] | None = None,
    open_browser: bool = False,
) -> tuple[Any, str]:
    """Builds the page and starts its server in the background; gives the page and its address.

    Args:
        queue: a `JobQueue` that adds its results to `library`.
        library: a `Library`.
        port: a free one when None.
    """
    uploads = Path(library.folder) / "page" / "uploads"
    # Gradio reads these when it is first imported: uploads stay in the library's folder, nothing is reported.
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    # Its record of runs asks another machine for them; ours is the library.
    os.environ["GRADIO_RUN_HISTORY"] = "False"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from starlette.middleware import Middleware

    from .guard import Guard, QueueLimit
    from .health import Health
    from .page import build_page
    from .theme import HERE, page_theme

    page = build_page(queue, library)
    page.queue(max_size=MOST_WAITING, default_concurrency_limit=4)
    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        auth=split_auth(auth),
        inbrowser=open_browser,
        share=False,
        quiet=True,
        show_error=True,
        # Else Gradio asks for its own page for a few seconds and gives up on a machine that is busy.
        _frontend=False,
        prevent_thread_lock=True,
        ssr_mode=False,
        footer_links=[],
        allowed_paths=[str(Path(library.folder) / "page" / "results"), str(Path(library.folder) / "presets")],
        max_file_size=MAX_UPLOAD,
        # Every program that waits for its result holds a thread.
        max_threads=40 + queue.limit,
        app_kwargs={
            "middleware": [
                Middleware(PageHeaders),
                Middleware(Health, queue=queue),
                Middleware(Guard),
                Middleware(QueueLimit, queue=queue),
            ]
        },
        theme=page_theme(),
        css_paths=[HERE / f"{name}.css" for name in STYLES],
    )
    return page, address


def split_auth(auth: str | tuple[str, str] | None) -> tuple[str, str] | None:
    """Gives (user, password).

    Raises:
        ValueError: not both.
    """
    if auth is None:
        return None
    user, password = auth.partition(":")[::2] if isinstance(auth, str) else auth
    if not user or not password:
        raise ValueError("expected USER:PASSWORD, got one of the two empty")
    return user, password


class PageHeaders:
    """Adds security headers to every answer."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"content-security-policy", CONTENT_POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"same-origin"),
                ]
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)
