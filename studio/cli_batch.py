"""`affect batch`: many results from a file of requests, a table or a folder."""

from __future__ import annotations

import contextlib
from pathlib import Path

import typer

from .cli_generate import complaining
from .cli_terminal import DEVICE, QUIET, interruptible, progress, say_json, stepper
from .field_text import read_intensity


def batch(
    requests: Path = typer.Argument(
        ...,
        help="A file of requests, one JSON object a line; a table, one request a row; or a folder of files "
        "that are all treated alike.",
        metavar="REQUESTS.jsonl|TABLE.csv|FOLDER",
    ),
    out_dir: Path = typer.Option(..., "--out-dir", help="Folder that every out lies in; made when missing."),
    in_dir: Path = typer.Option(
        None,
        "--in-dir",
        help="Folder of the files that a table names; its own when not given.",
        metavar="DIR",
    ),
    modality: str = typer.Option(
        None, "--modality", help="Medium of a folder, or of rows that name none.", metavar="MEDIUM"
    ),
    emotion: str = typer.Option(
        None, "--emotion", help="Of a folder, or of rows that have none; as in generate.", metavar="EMOTION"
    ),
    intensity: float = typer.Option(
        None,
        "--intensity",
        help="Of a folder, or of rows that have none.",
        metavar="NUMBER",
        parser=complaining(read_intensity),
    ),
    library: bool = typer.Option(
        True, "--library/--no-library", help="Keep every result in the library as well."
    ),
    device: str = DEVICE,
    quiet: bool = QUIET,
) -> int:
    """Make many results, one JSON row each on stdout; a second run skips what is done."""
    from .batch import Defaults, read_requests, run_batch
    from .library import Library
    from .session import Studio

    defaults = Defaults(modality, emotion, intensity)
    drafts = read_requests(requests, out_dir, in_dir=in_dir, defaults=defaults)
    failed = 0
    with contextlib.ExitStack() as stack:
        interrupt = stack.enter_context(interruptible())
        kept = stack.enter_context(Library()) if library else None
        studio = stack.enter_context(Studio(device, kept))
        show = stack.enter_context(progress("batch", quiet, total=len(drafts)))
        on_step = stepper(interrupt, lambda step, total: None)
        rows = run_batch(studio, drafts, out_dir, on_step=on_step, should_stop=lambda: interrupt.asked)
        for index, row in enumerate(rows, 1):
            say_json(row)
            show(index, len(drafts))
            failed += row["state"] == "failed"
        interrupt.check()
    return 2 if failed else 0
