"""`affect generate MEDIUM`: flags from each backend's Prompt and Options, by one loop."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from generators import base, registry

from .cli_terminal import (
    DEVICE,
    JSON,
    QUIET,
    Interrupt,
    interruptible,
    progress,
    say,
    say_json,
    stepper,
    warn,
)
from .field_text import fields_of, read_field, read_intensity
from .formats import format_of
from .licences import NON_COMMERCIAL, non_commercial


def complaining(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Gives a reader of text whose complaint reaches the terminal as it is."""

    def checked(text: Any) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return checked


# Flags of every medium: name -> (type, declaration).
COMMON: dict[str, tuple[Any, Any]] = {
    "emotion": (
        str,
        typer.Option(
            "neutral",
            help='A name, "60% sad, 40% angry", a phrase, valence,arousal,dominance, "0:calm, 20:joyful 0.9"'
            ", JSON, or a file.",
            metavar="EMOTION",
        ),
    ),
    "intensity": (
        float,
        typer.Option(
            1.0,
            help="0 neutral, 1 as strong as people express it, up to 1.5.",
            metavar="NUMBER",
            parser=complaining(read_intensity),
        ),
    ),
    "out": (
        Path,
        typer.Option(None, "--out", "-o", help="Where the result goes; the suffix says the format."),
    ),
    "render": (
        Path,
        typer.Option(None, "--render", help="Also as sound, or as a film where there is one, in this file."),
    ),
    "plot": (Path, typer.Option(None, "--plot", help="Also as a picture, in this file.")),
    "recipe": (
        str,
        typer.Option(
            None, "--recipe", help="Make again what this saved file or .json says; takes no other choice."
        ),
    ),
    "library": (bool, typer.Option(True, "--library/--no-library", help="Keep the result in the library.")),
    "device": (str, DEVICE),
    "quiet": (bool, QUIET),
    "as_json": (bool, JSON),
}


def generate_app(modality: str | None) -> typer.Typer:
    """Gives the `generate` group; only of the medium that was asked for is the backend's module imported."""
    app = typer.Typer(help="Make one result of a medium.", rich_markup_mode="rich")
    for name in registry.BACKENDS:
        command = make_command(name) if name == modality else make_stub(name)
        app.command(name, help=f"Make {name} with a feeling.")(command)
    return app


def make_stub(name: str) -> Callable[..., None]:
    def command() -> None:
        raise ValueError(f"expected {name} as the first argument of generate, got it later")

    return command


def make_command(modality: str) -> Callable[..., Any]:
    """Gives a command whose signature has a parameter for each field of the backend's Prompt and Options."""
    backend = registry.backend_class(modality)
    known = format_of(backend.media)
    without = {name for name, some in (("render", known.rendered), ("plot", known.pictures)) if not some}
    shared = {name: flag for name, flag in COMMON.items() if name not in without}
    panels = {backend.Prompt: "What to make", backend.Options: "How to make it"}

    def command(**values: Any) -> int:
        common = {**dict.fromkeys(without), **{name: values.pop(name) for name in shared}}
        given = {name: value for name, value in values.items() if value is not None}
        return run_generate(modality, given, **common)

    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=declaration, annotation=kind)
        for name, (kind, declaration) in shared.items()
    ]
    parameters += [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=declare(field, owner, field.metadata.get("group") or panels[owner]),
            annotation=str,
        )
        for name, (field, owner) in fields_of(backend).items()
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def declare(field: dataclasses.Field, owner: type, panel: str) -> Any:
    """Gives one flag. Its default None says "not given", so that the backend's own default holds."""
    kind, _ = base.field_type(field, owner)
    metavar = {int: "INT", float: "NUMBER", bool: "YES|NO"}.get(kind, "TEXT")
    return typer.Option(
        None,
        *flags(field.name),
        help=describe(field),
        metavar="CHOICE" if field.metadata.get("choices") else metavar,
        parser=parser(field, owner),
        show_default=False,
        rich_help_panel=panel.capitalize(),
    )


def flags(name: str) -> list[str]:
    """A field's flag; seconds can also be asked for without naming their unit (--duration-s, --duration)."""
    long = "--" + name.replace("_", "-")
    return [long, long.removesuffix("-s")] if name.endswith("_s") else [long]


def describe(field: dataclasses.Field) -> str:
    """Gives the help of a flag: what it is, its unit, its range and its default."""
    data = field.metadata
    notes = ["required"] if data.get("required") else []
    if data.get("choices"):
        notes.append(", ".join(str(choice) for choice in data["choices"]))
    low, high, unit = data.get("minimum"), data.get("maximum"), data.get("unit") or ""
    if low is not None or high is not None:
        notes.append(f"{number(low)}..{number(high)} {unit}".rstrip())
    elif unit:
        notes.append(unit)
    if data.get("file"):
        notes.append(", ".join(data["file"]))
    if field.default not in (None, "", dataclasses.MISSING):
        notes.append(f"default {field.default}")
    text = str(data.get("help", "")).rstrip(".") + (f" ({'; '.join(notes)})" if notes else "")
    # Brackets would be taken for markup.
    return text.replace("[", "\\[") + "."


def number(value: float | None) -> str:
    return "" if value is None else str(int(value)) if float(value).is_integer() else f"{value:g}"


def parser(field: dataclasses.Field, owner: type) -> Callable[[Any], Any]:
    """Gives a function from a flag's text to the field's value; it complains in the house form."""
    return complaining(lambda text: read_field(field, owner, text))


def run_generate(
    modality: str,
    given: dict[str, Any],
    *,
    emotion: str,
    intensity: float,
    out: Path | None,
    render: Path | None,
    plot: Path | None,
    recipe: str | None,
    library: bool,
    device: str,
    quiet: bool,
    as_json: bool,
) -> int:
    """Checks everything that can be checked, generates, writes, and tells."""
    from .emotion_text import read_emotion
    from .library import Library
    from .outputs import check_writable
    from .session import Studio

    files = [path for path in (out, render, plot) if path is not None]
    known = format_of(modality)
    for path, suffixes in ((out, known.suffixes), (render, known.rendered), (plot, known.pictures)):
        if path is not None:
            check_writable(path, suffixes)
    if len({path.resolve() for path in files}) < len(files):
        raise ValueError("expected a different file for each of --out, --render and --plot, got one twice")
    if out is None and not library:
        raise ValueError("expected --out FILE or the library to keep the result, got neither")
    arguments = {**given, "emotion": read_emotion(emotion), "intensity": intensity}
    if recipe is not None:
        arguments = read_arguments(modality, recipe, given, emotion, intensity)
    with contextlib.ExitStack() as stack:
        interrupt = stack.enter_context(interruptible())
        studio = stack.enter_context(Studio(device))
        studio.check(modality, **arguments)
        # Opened before the work, so that an unusable folder is known in time.
        kept = stack.enter_context(Library()) if library else None
        result, entry = make(studio, modality, arguments, files, kept, interrupt, quiet)
    report(result, files, entry, quiet, as_json)
    return 0


def make(
    studio: Any,
    modality: str,
    arguments: dict[str, Any],
    files: list[Path],
    kept: Any,
    interrupt: Interrupt,
    quiet: bool,
) -> tuple[Any, Any]:
    """Generates, writes the files and keeps the result; gives it and its entry, None without a library."""
    with progress(modality, quiet) as show:
        result = studio.generate(modality, on_step=stepper(interrupt, show), **arguments)
    with progress("saving", quiet, total=len(files)) as show:
        for index, path in enumerate(files, 1):
            interrupt.check()
            result.save(path)
            show(index, len(files))
    return result, kept.add(result) if kept is not None else None


def read_arguments(
    modality: str, source: str, given: dict[str, Any], emotion: str, intensity: float
) -> dict[str, Any]:
    from .recipe import check_reproducible, read_recipe, recipe_arguments

    if given or emotion != "neutral" or intensity != 1.0:
        raise ValueError("expected --recipe without other choices, got both")
    recipe = read_recipe(source)
    if recipe["modality"] != modality:
        raise ValueError(f"expected a recipe of {modality}, got one of {recipe['modality']}")
    check_reproducible(recipe)
    return recipe_arguments(recipe)


def report(result: Any, files: list[Path], entry: Any, quiet: bool, as_json: bool) -> None:
    """Tells what was made. Warnings are no progress and no summary: --quiet leaves them."""
    for warning in result.media.warnings:
        warn(warning)
    if as_json:
        say_json(
            {
                "files": [str(path) for path in files],
                "library_id": entry.id if entry else None,
                "non_commercial": non_commercial(result.recipe["weights"]),
                "warnings": list(result.media.warnings),
                "recipe": result.recipe,
            }
        )
    elif not quiet:
        for path in files:
            say(str(path))
        if entry is not None:
            say(f"library {entry.id}" if files else str(entry.path))
        for name in non_commercial(result.recipe["weights"]):
            say(f"weights {name}: {NON_COMMERCIAL} use only")
