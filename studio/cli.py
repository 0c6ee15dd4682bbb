"""The command line, `affect` = `python -m studio`: one subcommand for each verb."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from . import (
    __version__,
    cli_batch,
    cli_dub,
    cli_emotion,
    cli_generate,
    cli_library,
    cli_measure,
    cli_models,
    cli_serve,
    cli_training,
    cli_voices,
)
from .cli_terminal import run_guarded, say

NAME = "affect"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: what stands after the program's name; the process's own when None.

    Returns:
        0 done, 2 bad input (one line on stderr says what was expected and what came), 130 cancelled.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    app = build_app(arguments)
    return run_guarded(lambda: app(args=arguments or ["--help"], prog_name=NAME, standalone_mode=False))


def build_app(arguments: list[str]) -> typer.Typer:
    """Gives the whole command; the arguments say which medium's flags are needed."""
    app = typer.Typer(
        add_completion=False, help="Affect Studio: say a feeling, make a medium.", rich_markup_mode="rich"
    )
    app.callback()(root)
    wanted = arguments[1] if arguments[:1] == ["generate"] and len(arguments) > 1 else None
    app.add_typer(cli_generate.generate_app(wanted), name="generate")
    app.command("batch")(cli_batch.batch)
    if arguments[:1] == ["dub"]:
        app.command("dub")(cli_dub.dub_command())
    else:  # the other commands do without its flags
        app.command("dub", help=cli_dub.HELP)(lambda: None)
    app.command("emotion")(cli_emotion.emotion)
    app.add_typer(cli_models.app(), name="models")
    app.add_typer(cli_library.app(), name="library")
    app.add_typer(cli_measure.evaluate_app(), name="evaluate")
    app.add_typer(cli_measure.bench_app(), name="bench")
    app.command("voices")(cli_voices.voices)
    app.command("train")(cli_training.train)
    app.command("serve")(cli_serve.serve)
    return app


def show_version(wanted: bool) -> None:
    if wanted:
        say(f"affect {__version__}")
        raise typer.Exit


def root(
    version: bool = typer.Option(
        False, "--version", callback=show_version, is_eager=True, help="Say the version."
    ),
) -> None:
    """Affect Studio: say a feeling, make a medium."""
