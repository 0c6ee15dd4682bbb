"""`affect models`: which weights are here, under which licence, how good, and whether they are whole."""

from __future__ import annotations

from typing import Any

import typer

import checkpoints
from generators.base import shorten

from .cli_measure import flatten
from .cli_terminal import JSON, QUIET, complain, progress, say, say_json, show_table
from .licences import NON_COMMERCIAL


def app() -> typer.Typer:
    group = typer.Typer(help="The weights: list, verify, info.", rich_markup_mode="rich")
    group.command("list")(list_models)
    group.command("verify")(verify)
    group.command("info")(info)
    return group


def summary(entry: checkpoints.Checkpoint) -> dict[str, Any]:
    """Gives what the list says of one checkpoint; the size is None when the file is missing."""
    return {
        "name": entry.name,
        "purpose": entry.purpose,
        "bytes": entry.path.stat().st_size if entry.path.is_file() else None,
        "licence": entry.licence,
        "non_commercial": entry.non_commercial,
        "data": entry.data,
        "space_version": entry.space_version,
        "figures": entry.figures,
    }


def megabytes(size: int | None) -> str:
    if size is None:
        return "missing"
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.0f} KiB"


def figures_text(figures: dict[str, Any], limit: int = 4) -> str:
    """Gives the first figures in one line."""
    plain = [
        (name.rpartition(".")[2], value)
        for name, value in flatten(figures)
        if isinstance(value, (int, float))
    ]
    return ", ".join(f"{name} {value:.3g}" for name, value in plain[:limit])


def list_models(as_json: bool = JSON) -> int:
    """List the weights with size, licence, use, data and figures."""
    rows = [summary(entry) for entry in checkpoints.manifest().values()]
    if as_json:
        say_json(rows)
        return 0
    show_table(
        ["name", "size", "licence", "use", "data", "figures"],
        [
            [
                row["name"],
                megabytes(row["bytes"]),
                row["licence"],
                NON_COMMERCIAL if row["non_commercial"] else "any",
                row["data"],
                figures_text(row["figures"]),
            ]
            for row in rows
        ],
    )
    return 0


def verify(
    names: list[str] = typer.Argument(
        None, help="Which; all of them when none is named.", show_default=False
    ),
    as_json: bool = JSON,
    quiet: bool = QUIET,
) -> int:
    """Compare every file with the manifest's hash; exit code 2 when one is missing or differs."""
    wanted = names or list(checkpoints.manifest())
    rows = []
    with progress("verify", quiet, total=len(wanted)) as show:
        for index, name in enumerate(wanted, 1):
            try:
                checkpoints.verify(name)
                rows.append({"name": name, "ok": True})
            except checkpoints.CheckpointError as error:
                rows.append({"name": name, "ok": False, "error": str(error)})
            show(index, len(wanted))
    if as_json:
        say_json(rows)
    else:
        for row in rows:
            say(f"{'ok ' if row['ok'] else 'BAD'}  {row['name']}")
    bad = [row for row in rows if not row["ok"]]
    if bad:
        complain(str(bad[0]["error"]))
    return 2 if bad else 0


def info(name: str = typer.Argument(..., help="A checkpoint."), as_json: bool = JSON) -> int:
    """Say everything that the manifest knows of one checkpoint."""
    entry = checkpoints.describe(name)
    row = {
        **summary(entry),
        "file": entry.file,
        "sha256": entry.sha256,
        "class": entry.cls,
        "date": entry.date,
        "command": entry.command,
        "config": entry.config,
    }
    if as_json:
        say_json(row)
        return 0
    if entry.non_commercial:
        say(f"{NON_COMMERCIAL}: these weights were trained on data that forbids commercial use")
    for key, value in row.items():
        if isinstance(value, dict):
            say(f"{key}:")
            for inner, detail in value.items():
                say(f"  {inner}: {shorten(detail, 90) if isinstance(detail, (dict, list)) else detail}")
        else:
            say(f"{key}: {megabytes(value) if key == 'bytes' else value}")
    return 0
