"""`affect serve`: the page."""

from __future__ import annotations

from pathlib import Path

import typer


def serve(
    host: str = typer.Option(
        "127.0.0.1", "--host", help="Address to bind; another machine can reach 0.0.0.0."
    ),
    port: int = typer.Option(7860, "--port", help="Port, 1 to 65535.", metavar="INT"),
    auth: str = typer.Option(None, "--auth", help="Ask for this name and password.", metavar="USER:PASS"),
    library: Path = typer.Option(None, "--library", help="Folder of the library.", metavar="DIR"),
    most_waiting: int = typer.Option(
        20, "--most-waiting", help="How many results may wait to be made; one more is refused.", metavar="INT"
    ),
    open_browser: bool = typer.Option(False, "--open", help="Open the page in the browser."),
) -> int:
    """Start the page and keep it up until Ctrl-C."""
    if not 1 <= port <= 65535:
        raise ValueError(f"expected a port from 1 to 65535, got {port}")
    if not 1 <= most_waiting <= 1000:
        raise ValueError(f"expected 1 to 1000 waiting results, got {most_waiting}")
    user, _, password = (auth or "").partition(":")
    if auth is not None and not (user and password):
        raise ValueError("expected USER:PASS for --auth, got something else")
    from .ui.launch import serve as start

    start(host, port, auth, library, open_browser, most_waiting)
    return 0
