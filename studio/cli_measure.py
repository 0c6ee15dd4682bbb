"""`affect evaluate` and `affect bench`: figures of quality, speed and memory that anyone can print again."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from .cli_generate import declare
from .cli_terminal import JSON, QUIET, progress, say_json, show_table
from .evaluation.options import LISTS, MEASURED, imported

DATA = typer.Option(None, "--data", help="Folder that holds the data sets.", metavar="DIR")
OUT = typer.Option(
    None, "--out", help="Folder for the report and its plots; made when missing.", metavar="DIR"
)
CLIPS = typer.Option(None, "--clips", help="Clips to generate at each step.", metavar="INT")
CHECKPOINT = typer.Option(
    None, "--checkpoint", help="Weights to measure; the default ones when not given.", metavar="NAME"
)
# What has no evaluator, but a benchmark.
BENCHED = ("dubbing", "dubbing_mix", "scripts", "video_grade", "video_tune")
# Flags of every medium beside those of its own: name -> (type, declaration).
COMMON: dict[str, tuple[Any, Any]] = {
    "data_dir": (Path, DATA),
    "out_dir": (Path, OUT),
    "checkpoint": (str, CHECKPOINT),
    "quick": (bool, typer.Option(False, "--quick", help="A handful of clips, to see that it runs.")),
    "record": (
        bool,
        typer.Option(False, "--record", help="Write the figures into the manifest and the card."),
    ),
    "quiet": (bool, QUIET),
    "as_json": (bool, JSON),
}


def evaluate_app() -> typer.Typer:
    group = typer.Typer(help="Measure a medium with its frozen evaluator.", rich_markup_mode="rich")
    for modality in MEASURED:
        text = f"Generate {modality} and say what the frozen evaluators find in it."
        group.command(modality, help=text)(evaluate_command(modality))
    group.command("emotion")(evaluate_emotion)
    group.command("calibration")(evaluate_calibration)
    return group


def bench_app() -> typer.Typer:
    group = typer.Typer(help="Measure speed and memory on this machine.", rich_markup_mode="rich")
    for modality in sorted({*MEASURED, *BENCHED}):
        text = f"Measure the speed of {modality}, the time until there is something, and the peak memory."
        group.command(modality, help=text)(bench_command(modality))
    return group


def evaluate_command(modality: str) -> Callable[..., int]:
    """Gives a command whose signature has the common flags and one for each choice of the medium."""
    measurement = MEASURED[modality]
    choices = measurement.choices

    def command(quiet: bool, as_json: bool, **given: Any) -> int:
        for name in LISTS:
            if given.get(name) is not None:
                given[name] = tuple(part.strip() for part in given[name].split(","))
        for name in ("quick", "record"):
            given[name] = given[name] or None
        return measure(measurement.report, f"evaluate {modality}", given, quiet, as_json)

    flags = {
        **COMMON,
        **{
            field.name: (str, declare(field, choices, "What to measure"))
            for field in dataclasses.fields(choices)
        },
    }
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=flag, annotation=kind)
            for name, (kind, flag) in flags.items()
        ]
    )
    command.__annotations__ = {name: kind for name, (kind, _) in flags.items()}
    return command


def bench_command(modality: str) -> Callable[..., int]:
    def command(
        out: Path = OUT, checkpoint: str = CHECKPOINT, quiet: bool = QUIET, as_json: bool = JSON
    ) -> int:
        given = {"out_dir": out, "checkpoint": checkpoint}
        return run_measure(bench_module(modality).run, f"bench {modality}", given, quiet, as_json)

    return command


def evaluate_emotion(data: Path = DATA, quiet: bool = QUIET, as_json: bool = JSON) -> int:
    """Read the dev splits of GoEmotions and EmoBank and compare with their labels."""
    return measure(
        "conditioning.train_text:evaluate_text", "evaluate emotion", {"data_dir": data}, quiet, as_json
    )


def evaluate_calibration(
    checkpoint: str = typer.Argument(..., help="Weights whose dial is to be made even.", metavar="NAME"),
    clips: int = CLIPS,
    quiet: bool = QUIET,
    as_json: bool = JSON,
) -> int:
    """Fit the map that makes equal steps of the intensity dial equal steps of the evaluator's score."""
    given = {"checkpoint": checkpoint, "clips": clips}
    return measure("studio.evaluation.calibration:calibrate", "evaluate calibration", given, quiet, as_json)


def measure(target: str, title: str, given: dict[str, Any], quiet: bool, as_json: bool) -> int:
    return run_measure(imported(target), title, given, quiet, as_json)


def run_measure(
    function: Callable[..., Any], title: str, given: dict[str, Any], quiet: bool, as_json: bool
) -> int:
    """Calls a measurement with what was given and shows its figures.

    Raises:
        ValueError: something was given that this measurement does not take.
        FileNotFoundError: no such folder of data.
    """
    values = {name: value for name, value in given.items() if value is not None}
    known = inspect.signature(function).parameters
    for name in values:
        if name not in known:
            raise ValueError(f"expected options that {title} takes, got --{name.removesuffix('_dir')}")
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in values:
            raise ValueError(f"expected --{name.removesuffix('_dir')} for {title}, got none")
    if "data_dir" in values and not values["data_dir"].is_dir():
        raise FileNotFoundError(f"expected an existing folder of data, got {str(values['data_dir'])!r}")
    if values.get("clips", 1) < 1:
        raise ValueError(f"expected at least 1 for clips, got {values['clips']}")
    if "out_dir" in values:
        values["out_dir"].mkdir(parents=True, exist_ok=True)
    with progress(title, quiet) as show:
        if "on_step" in known:
            values["on_step"] = show
        figures = function(**values)
    if as_json:
        say_json(figures)
    else:
        show_figures(figures)
    return 0


def show_figures(figures: Mapping[str, Any]) -> None:
    """Writes every figure; those that have something to reach come last, beside it."""
    rest = {name: value for name, value in figures.items() if name != "targets"}
    rows = [row for row in flatten(rest) if is_shown(*row)]
    show_table(["figure", "value"], [[name, format_value(value)] for name, value in rows])
    targets = figures.get("targets")
    if isinstance(targets, Mapping) and targets:
        show_table(
            ["figure", "measured", "to reach", ""],
            [
                [
                    name,
                    format_value(row.get("value")),
                    str(row.get("target", "")),
                    "yes" if row.get("passed") else "NO",
                ]
                for name, row in targets.items()
            ],
        )


def is_shown(name: str, value: Any) -> bool:
    """Of what the evaluator itself is worth, only the totals are shown; the report has the rest."""
    return not name.startswith("evaluator.") or (name.count(".") < 3 and not isinstance(value, list))


def bench_module(name: str) -> Any:
    """Loads a benchmark from beside the packages; benchmarks are not installed, they belong to a checkout.

    Raises:
        FileNotFoundError: this is an installation without a checkout.
    """
    path = Path(__file__).resolve().parent.parent / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"benchmarks.{name}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise FileNotFoundError(
            f"expected a checkout with benchmarks/{name}.py, got an installation without it"
        )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def flatten(figures: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Gives nested figures as (dotted name, value) rows; of a figure with its target, the value."""
    if isinstance(figures, Mapping) and figures.keys() == {"value", "target"}:
        return [(prefix, figures["value"])]
    if not isinstance(figures, Mapping):
        return [(prefix, figures)]
    return [row for name, value in figures.items() for row in flatten(value, f"{prefix}.{name}".lstrip("."))]


def format_value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
