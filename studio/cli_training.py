"""`affect train`: the weights, made again by the recipe that made them."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from .cli_terminal import progress, warn

# Recipe -> module with `run(config, data_dir, out_dir, resume)`. A new recipe is one line here.
RECIPES = {
    "emotion-space": "conditioning.train_space",
    "text-encoder": "conditioning.train_text",
    "music-encoder": "conditioning.train_music_encoder",
    "music-base": "generators.music.train",
    "music-emopia-nc": "generators.music.train",
    "music-evaluator": "studio.evaluation.train_music_evaluator",
    "speech-encoder": "conditioning.train_speech_encoder",
    "face-model": "conditioning.train_face_model",
    "face-encoder": "conditioning.train_face_encoder",
    "speech-aligner": "generators.speech.train_aligner",
    "speech-vocoder": "generators.voice.train_vocoder",
    "voice-prints": "generators.voice.train_prints",
    "speaker-encoder": "generators.voice.train_speaker_encoder",
    "conversion-base": "generators.conversion.train",
    "conversion-nc": "generators.conversion.train",
    "portrait-motion": "generators.portrait.train",
    "gesture-evaluator-nc": "studio.evaluation.train_gesture_evaluator",
    "head": "generators.portrait.train_head",
    "gesture-nc": "generators.gesture.train",
    "gesture-base": "generators.gesture.train",
    "motion-encoder-nc": "conditioning.train_motion_encoder",
    "speech-base": "generators.speech.train",
    "speech-nc": "generators.speech.train",
    "speech-evaluator": "studio.evaluation.train_speech_evaluator",
    "video-autoencoder": "generators.video.train_autoencoder",
    "video-small": "generators.video.train",
    "portrait-evaluator": "studio.evaluation.train_portrait_evaluator",
    "portrait-evaluator-frames": "studio.evaluation.train_portrait_evaluator",
    "picture-encoder": "conditioning.train_picture_encoder",
    "video-evaluator": "studio.evaluation.train_video_evaluator",
    "video": "generators.video.tune",
}


def train(
    name: str = typer.Argument(..., help=f"A recipe: {', '.join(RECIPES)}."),
    config: Path = typer.Option(
        None, "--config", help="YAML of the recipe; its own when not given.", metavar="FILE"
    ),
    data: Path = typer.Option(..., "--data", help="Folder that holds the data sets.", metavar="DIR"),
    out: Path = typer.Option(
        None, "--out", help="Folder of the run; runs/NAME when not given.", metavar="DIR"
    ),
    resume: bool = typer.Option(False, "--resume", help="Go on from the state in the run's folder."),
    max_minutes: float = typer.Option(
        None, "--max-minutes", help="Stop then, ready to resume.", metavar="NUMBER"
    ),
    base: str = typer.Option(
        None,
        "--base",
        help="Of video: the Wan2.1 to fine-tune, a folder in diffusers' form or a repository of the hub.",
        metavar="DIR|ID",
    ),
    download: bool = typer.Option(
        False, "--download", help="Fetch a base that is not in the hub's cache (tens of gigabytes)."
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress."),
) -> int:
    """Train the weights of one recipe."""
    if name not in RECIPES:
        raise ValueError(f"expected a recipe out of {', '.join(RECIPES)}, got {name!r}")
    if not data.is_dir():
        raise FileNotFoundError(f"expected an existing folder of data, got {str(data)!r}")
    if max_minutes is not None and not max_minutes > 0:
        raise ValueError(f"expected a number of minutes above 0, got {max_minutes:g}")
    values = read_config(name, config)
    if max_minutes is not None:
        set_time_budget(values, max_minutes)
    out_dir = out if out is not None else Path("runs") / name
    run = importlib.import_module(RECIPES[name]).run
    takes = inspect.signature(run).parameters
    if (base is not None or download) and "base" not in takes:
        flag, given = ("--base", repr(base)) if base is not None else ("--download", "one")
        raise ValueError(f"expected no {flag} for {name}, which is trained from the start, got {given}")
    out_dir.mkdir(parents=True, exist_ok=True)
    with progress(f"train {name}", quiet) as show:
        # Recipes whose steps are not of one kind take no callback and show nothing.
        offered = {
            "on_step": lambda step, total, *rest: show(step, total),
            "base": base or "",
            "download": download,
        }
        extra = {key: value for key, value in offered.items() if key in takes}
        with told_line_by_line():
            run(values, data, out_dir, resume=resume, **extra)
    return 0


@contextmanager
def told_line_by_line() -> Iterator[None]:
    """Says what is wrong with the rows of a table, a line each, before the one line of the error."""
    try:
        yield
    except ValueError as error:
        first, *rows = str(error).splitlines() or [""]
        if not rows:
            raise
        for row in rows:
            warn(row)
        raise ValueError(first) from None


def set_time_budget(values: dict[str, Any], max_minutes: float) -> None:
    """Limits how long a recipe trains; trainings that follow one another share the time evenly."""
    sections = train_sections(values)
    for section in sections:
        section["max_minutes"] = max_minutes / len(sections)


def train_sections(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Gives every section of a recipe that is named `train`, however deep."""
    found: list[dict[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            found += [value] if name == "train" else train_sections(value)
    return found


def read_config(name: str, path: Path | None) -> dict[str, Any]:
    """Gives a recipe's values from a YAML file, the shipped one when none is named."""
    import training

    if path is None:
        path = Path(training.__path__[0]) / "configs" / f"{name}.yaml"
    if not path.is_file():
        raise FileNotFoundError(f"expected an existing configuration, got {str(path)!r}")
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        values = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    except (OmegaConfBaseException, YAMLError, UnicodeDecodeError, OSError) as error:
        raise ValueError(f"expected YAML in {path.name}, got: {error}") from None
    if not isinstance(values, dict):
        raise ValueError(f"expected names and values in {path.name}, got {type(values).__name__}")
    return {str(key): value for key, value in values.items()}
