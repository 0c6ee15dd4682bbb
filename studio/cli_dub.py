"""`affect dub`: a script becomes a finished dub, or a plan of one."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from generators import registry

from .cli_generate import COMMON, declare, make, report
from .cli_terminal import interruptible, progress, say, say_json, show_table, stepper, warn
from .field_text import fields_of
from .formats import format_of
from .formats.dub import FILMS
from .outputs import check_writable

if TYPE_CHECKING:
    from .dubbing.options import DubbingOptions
    from .dubbing.plan import Plan, Planned

DUBBING = "dubbing"
HELP = "Dub a film, or a script alone, with a feeling on each line."
MANIFEST = ".dub.json"
COLUMNS = (
    "line",
    "cue, s",
    "speaker",
    "feeling",
    "natural, s",
    "said, s",
    "rate",
    "borrowed, s",
    "what does not fit",
)
SUBTITLES = (".srt", ".vtt", ".ass")
SHARED = ("emotion", "intensity", "out", "plot", "library", "device", "quiet", "as_json")
OWN: dict[str, tuple[Any, Any]] = {
    "script": (
        Path,
        typer.Argument(..., help="Subtitles or a table of lines.", metavar="SCRIPT.srt|vtt|ass|csv|json|jsonl"),
    ),
    "dry_run": (bool, typer.Option(False, "--dry-run", help="Show the plan with every conflict; make nothing.")),
    "resume": (
        bool,
        typer.Option(False, "--resume", help="Go on where a run stopped; so does every run, since lines are kept."),
    ),
    "subtitles": (Path, typer.Option(None, "--subtitles", help="Also subtitles with the dub's times, in this file.")),
    "stems": (Path, typer.Option(None, "--stems", help="Also every speaker, every line and the rest alone, as ZIP.")),
    "work": (Path, typer.Option(None, "--work", help="Folder of finished lines; among your data when not given.")),
    "cluster": (
        str,
        typer.Option(None, "--cluster", help="Make lines on Ray: auto, or a cluster's address.", metavar="ADDRESS"),
    ),
    "results": (
        str,
        typer.Option(None, "--results", help="URL for lines of a cluster that shares no folder.", metavar="URL"),
    ),
}  # fmt: skip


def dub_command() -> Callable[..., Any]:
    """Gives the command: the backend's own fields are its flags, but for the script, which comes first."""
    fields = fields_of(registry.backend_class(DUBBING))
    shared = {name: COMMON[name] for name in SHARED}

    def command(**values: Any) -> int:
        own = {name: values.pop(name) for name in (*OWN, *shared)}
        return run_dub({name: value for name, value in values.items() if value is not None}, **own)

    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=declaration, annotation=kind)
        for name, (kind, declaration) in {**OWN, **shared}.items()
    ]
    parameters += [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=declare(field, owner, field.metadata.get("group") or "The dub"),
            annotation=str,
        )
        for name, (field, owner) in fields.items()
        if name != "script"
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = HELP
    return command


def run_dub(
    given: dict[str, Any],
    *,
    script: Path,
    dry_run: bool,
    resume: bool,
    subtitles: Path | None,
    stems: Path | None,
    work: Path | None,
    cluster: str | None,
    results: str | None,
    emotion: str,
    intensity: float,
    out: Path | None,
    plot: Path | None,
    library: bool,
    device: str,
    quiet: bool,
    as_json: bool,
) -> int:
    """Checks what can be checked, plans, makes, writes, and tells; gives 2 where a line is missing.

    `resume` changes nothing: lines are kept by what they were made from, so every run goes on where another stopped.
    """
    from .emotion_text import read_emotion
    from .library import Library
    from .session import Studio

    files = checked_files(out, subtitles, stems, plot)
    if out is not None and out.suffix.lower() in FILMS and not (given.get("video") or given.get("image")):
        raise ValueError(
            f"expected --video FILM or --image PHOTO for a {out.suffix}, got neither: choose .wav"
        )
    if out is None and not (library or dry_run):
        raise ValueError("expected --out FILE, --dry-run or the library to keep the dub, got none")
    if results is not None and cluster is None:
        raise ValueError("expected --cluster beside --results, got --results alone")
    arguments = {**given, "script": str(script), "emotion": read_emotion(emotion), "intensity": intensity}
    with contextlib.ExitStack() as stack:
        interrupt = stack.enter_context(interruptible())
        studio = stack.enter_context(Studio(device))
        prompt, options, curve = studio.check(DUBBING, **arguments)
        backend = studio.backend(DUBBING)
        backend.parts = work
        if cluster is not None:
            from .dubbing.cluster import cluster_hands

            backend.hands = stack.enter_context(cluster_hands(cluster, backend.store, url=results or ""))
        if dry_run:
            with progress("plan", quiet) as show:
                production = backend.production(prompt, curve, options)
                plan = production.plan(stepper(interrupt, show))
            return tell_plan(plan, options, production.read.script.warnings, plot, as_json)
        backend.manifest = out and out.with_suffix(MANIFEST)
        kept = stack.enter_context(Library()) if library else None
        result, entry = make(studio, DUBBING, arguments, files, kept, interrupt, quiet)
    report(result, files, entry, quiet, as_json)
    return 0 if all(line.is_heard for line in result.media.lines) else 2


def checked_files(
    out: Path | None, subtitles: Path | None, stems: Path | None, plot: Path | None
) -> list[Path]:
    """Gives the files that are wanted, once it is known that they can be written."""
    wanted = (
        (out, format_of(DUBBING).suffixes),
        (subtitles, SUBTITLES),
        (stems, (".zip",)),
        (plot, (".png",)),
    )
    files = [(path, suffixes) for path, suffixes in wanted if path is not None]
    for path, suffixes in files:
        check_writable(path, suffixes)
    if len({path.resolve() for path, _ in files}) < len(files):
        raise ValueError(
            "expected a different file for each of --out, --subtitles, --stems and --plot, got one twice"
        )
    return [path for path, _ in files]


def tell_plan(
    plan: Plan, options: DubbingOptions, warnings: Sequence[str], plot: Path | None, as_json: bool
) -> int:
    """Shows a plan; gives 2 where a line cannot be dubbed."""
    from .dubbing.manifest import manifest

    for warning in warnings:
        warn(warning)
    if plot is not None:
        from .dubbing.dub import dub_of_plan
        from .dubbing.timeline_picture import draw

        draw(dub_of_plan(plan, options), plot)
    if as_json:
        say_json(manifest(plan, ()))
    else:
        show_table(list(COLUMNS), [plan_row(planned) for planned in plan.lines])
        say(f"{len(plan.lines)} lines, {len(plan.conflicts)} conflicts, {len(plan.errors)} cannot be dubbed")
    return 2 if plan.errors else 0


def plan_row(planned: Planned) -> list[str]:
    """Gives a line's row under `COLUMNS`."""
    from .dubbing.dub import felt

    line = planned.line
    feeling, _, _ = felt(planned.request.get("emotion"), {})
    return [
        str(line.number),
        f"{line.start_s:.2f} to {line.end_s:.2f}",
        planned.speaker.name or planned.speaker.voice,
        feeling + (" ?" if line.suggested else ""),
        f"{planned.natural_s:.2f}",
        f"{planned.duration_s:.2f}",
        f"{planned.rate:.2f}",
        f"{planned.borrowed_s:.2f}",
        planned.error or "; ".join(planned.conflicts),
    ]
