"""What the commands share: progress on stderr, a Ctrl-C that cancels, rows on stdout, one-line errors."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer

from generators.base import Cancelled, StepCallback

# The class of every complaint about a command line; its public name differs between typer's versions.
COMMAND_ERRORS: type[Exception] = typer.BadParameter.__mro__[2]  # type: ignore[assignment]
QUIET = typer.Option(False, "--quiet", "-q", help="No progress, no summary.")
JSON = typer.Option(False, "--json", help="Machine-readable output on stdout.")
DEVICE = typer.Option("auto", help="auto, cpu, cuda or cuda:N.", metavar="DEVICE")


def say(text: str = "") -> None:
    """Writes a line to stdout."""
    typer.echo(text)


def say_json(value: Any) -> None:
    """Writes a value as one line of JSON to stdout."""
    typer.echo(json.dumps(plain(value), ensure_ascii=False, allow_nan=False))


def plain(value: Any) -> Any:
    """Gives a value in the types of JSON; a number that JSON does not have becomes None."""
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return plain(value.tolist()) if hasattr(value, "tolist") else value


def complain(message: str) -> None:
    """Writes the one line of an error to stderr."""
    typer.echo(f"affect: {' '.join(message.split())}", err=True)


def warn(message: str) -> None:
    """Writes what somebody should know of a result to stderr, in one line."""
    typer.echo(f"warning: {' '.join(message.split())}", err=True)


def show_table(columns: list[str], rows: list[list[str]]) -> None:
    """Writes a table to stdout, as wide as the terminal or, in a pipe, as wide as needed."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = 240
    console.print(table)


@contextmanager
def progress(title: str, quiet: bool, total: int | None = None) -> Iterator[StepCallback]:
    """Shows a bar on stderr; gives `on_step(step, total)`, which moves it."""
    if quiet:
        yield lambda step, total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    # In a pipe or a log a bar would only leave blank lines.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda step, total: bar.update(task, completed=step, total=total)


class Interrupt:
    """Whether Ctrl-C came; the second one stops at once."""

    def __init__(self) -> None:
        self.asked = False

    def check(self) -> None:
        if self.asked:
            raise Cancelled


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Turns the first Ctrl-C into a cancel at the next sampling step, so that nothing is half-written."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = signal.getsignal(signal.SIGINT)

    def ask(number: int, frame: Any) -> None:
        if interrupt.asked:
            raise KeyboardInterrupt
        interrupt.asked = True

    signal.signal(signal.SIGINT, ask)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)


def stepper(interrupt: Interrupt, show: StepCallback) -> StepCallback:
    """Joins the bar and the Ctrl-C check into one `on_step`."""

    def on_step(step: int, total: int) -> None:
        interrupt.check()
        show(step, total)

    return on_step


def run_guarded(run: Callable[[], Any]) -> int:
    """Runs a command; gives its exit code: 0 done, 2 bad input, 130 cancelled."""
    try:
        code = run()
        sys.stdout.flush()
        if code == 130:  # newer versions of typer turn Ctrl-C into this
            raise KeyboardInterrupt
    except (Cancelled, KeyboardInterrupt, typer.Abort):
        complain("cancelled")
        return 130
    except COMMAND_ERRORS as error:
        complain(command_message(error))
        return 2
    except BrokenPipeError:
        # The reader of our output (`head`) went away; what is still buffered must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        complain(os_message(error))
        return 2
    except ValueError as error:
        complain(str(error) or "expected a valid value")
        return 2
    return code if isinstance(code, int) else 0


def os_message(error: OSError) -> str:
    if error.errno is None:
        return str(error)
    return f"expected a usable file, got {error.filename!r}: {error.strerror}"


def command_message(error: Exception) -> str:
    """Gives the house form of typer's own complaints."""
    message = str(getattr(error, "message", "") or error)
    if message.startswith("expected"):
        return message
    name = getattr(error, "option_name", None)
    if name and "such option" in str(error.format_message()).lower():  # type: ignore[attr-defined]
        near = ", ".join(getattr(error, "possibilities", None) or ())
        return f"expected a known option{f' (nearest: {near})' if near else ''}, got {name}"
    plain = str(error.format_message()).rstrip(".")  # type: ignore[attr-defined]
    return f"expected a valid command line, got: {plain} (see --help)"
