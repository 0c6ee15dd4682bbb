"""`evaluate_portrait`: everything that is claimed of the portrait backend, measured and written again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .maker import counter
from .portrait_films import DIALS, portraits_of, run_rendered
from .portrait_judges import evaluator_figures, lip_marks, talking_takes
from .portrait_moves import Films, Line, Moves, say_lines, shipped_moves
from .portrait_speed import measure_speed
from .portrait_trials import (
    LEVELS,
    MOVING,
    TEST,
    TRAIN,
    fitted_baselines,
    run_emotions,
    run_lips,
    run_separation,
    spoken_takes,
)
from .report import (
    Targets,
    check_sections,
    named_weights,
    record_figures,
    shipped_generate,
    weights_of,
    write_report,
)

SECTIONS = ("lips", "emotions", "separation", "rendered", "speed")
OPENING_R, CLOSED, BELOW_LOUDNESS = 0.75, 0.9, 0.75
NAMED, RHO, CHANGED, SHAPE, JITTER = 0.85, 0.95, 0.05, 0.03, 1.2


@dataclass(frozen=True)
class Setting:
    """What every trial gets.

    Attributes:
        data_dir: of the data sets. folder: for what is made. portraits: how many.
        lines: what our own voice says. seed: of the movement. quick: a handful, to see that it runs.
    """

    data_dir: Path
    folder: Path
    lines: list[Line]
    portraits: int
    seed: int
    quick: bool


def evaluate_portrait(
    *,
    data_dir: str | Path,
    out_dir: str | Path | None = None,
    clips: int = 6,
    checkpoint: str = "auto",
    seed: int = 0,
    quick: bool = False,
    sections: Sequence[str] = SECTIONS,
    record: bool = False,
    on_step: Callable[[int, int], None] | None = None,
    generate: Callable[..., Any] | None = None,
    move: Callable[..., Any] | None = None,
) -> dict[str, Any]:
    """Measures the portrait backend with frozen evaluators and on real takes that nobody learned from.

    Args:
        data_dir: holds face/: facegood, emotion_presets, portraits, the Live Link takes and ICT-FaceKit.
        out_dir: gets report.md, report.json, the plots, and what was made; a second call goes on from there.
        clips: lines that our own voice says.
        checkpoint: weights to measure.
        seed: of the movement.
        quick: a handful of lines and one portrait, to see that it runs.
        sections: the trials to run, out of `SECTIONS`.
        record: write the figures into the manifest and the model card of the checkpoint.
        on_step: (clips made, clips in all).
        generate: a stand-in for `studio.generate`. move: one that moves faces without drawing them.

    Returns:
        {"evaluator", "lips", "emotions", "separation", "rendered", "speed", "targets": {name: value, target,
        passed}}.

    Raises:
        ValueError: a section that does not exist, or fewer than one clip.
        FileNotFoundError: data are missing.
    """
    check_sections(tuple(sections), SECTIONS)
    if clips < 1:
        raise ValueError(f"expected at least 1 clip, got {clips}")
    clips, portraits = (1, 1) if quick else (clips, 99)
    checkpoint = named_weights("portrait", checkpoint)
    make = generate or shipped_generate()
    with ExitStack() as stack:
        folder = Path(out_dir or stack.enter_context(tempfile.TemporaryDirectory()))
        lines = say_lines(folder / "lines", clips, make) if set(sections) - {"speed"} else []
        setting = Setting(Path(data_dir), folder, lines, portraits, seed, quick)
        made: dict[str, Any] = {
            "folder": folder / "clips",
            "weights": weights_of("portrait", checkpoint),
            "fixed": {"checkpoint": checkpoint},
            "on_clip": counter(on_step, clips_of(sections, setting)),
        }
        moves = Moves(move or shipped_moves(), **made)
        films = Films(make, **made)
        results: dict[str, Any] = {"settings": {"clips": clips, "checkpoint": checkpoint, "seed": seed}}
        for section, found in trials(setting, moves, films, sections):
            results[section] = found
            results["targets"] = targets_of(results)
            if out_dir is not None:
                write_report(results, folder, report_text(results, folder))
    if record:
        record_figures(checkpoint, {"lines": clips, **results["targets"], **extra_figures(results)})
    return results


def clips_of(sections: Sequence[str], setting: Setting) -> int:
    """How many clips are asked for in all."""
    lines, count = len(setting.lines), 0
    if "lips" in sections:
        count += len(TEST) + lines
    if "emotions" in sections:
        count += lines * (1 + len(MOVING) * (len(LEVELS) - 1))
    if "separation" in sections:
        count += lines * (1 + len(MOVING)) + 2 * len(TEST) + 6
    if "rendered" in sections:
        faces = min(setting.portraits, len(portraits_of(setting.data_dir)))
        count += faces * (2 + len(MOVING)) + 3 * min(DIALS, faces) * len(MOVING)
    return count


def trials(
    setting: Setting, moves: Moves, films: Films, sections: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields (section, what was found)."""
    import numpy as np

    from .portrait_evaluator import CHECKPOINT, FRAMES_CHECKPOINT, load_portrait_evaluator

    if {"emotions", "rendered"} & set(sections):
        yield "evaluator", evaluator_figures(setting.data_dir)
    if {"lips", "separation"} & set(sections):
        tests = spoken_takes(setting.data_dir, TEST)
    if "lips" in sections:
        baselines = fitted_baselines(setting.data_dir, list(spoken_takes(setting.data_dir, TRAIN).values()))
        lips = lip_marks(setting.data_dir)
        yield "lips", run_lips(moves, tests, baselines, lips, setting.lines, setting.seed)
    if "emotions" in sections:
        judge = load_portrait_evaluator(CHECKPOINT)
        yield "emotions", run_emotions(moves, judge, setting.lines, setting.seed)
    if "separation" in sections:
        captured = np.concatenate(talking_takes(setting.data_dir)["captures"])
        yield "separation", run_separation(moves, setting.lines, tests, captured, setting.seed)
    if "rendered" in sections:
        judge = load_portrait_evaluator(FRAMES_CHECKPOINT)
        faces = portraits_of(setting.data_dir)[: setting.portraits]
        average = judge.average.double().numpy()
        yield "rendered", run_rendered(films, judge, average, faces, setting.lines[0], setting.seed)
    if "speed" in sections:
        yield "speed", speed_of(setting, moves.fixed["checkpoint"])


def speed_of(setting: Setting, checkpoint: str) -> dict[str, Any]:
    """What films of the first portrait cost; a minute instead of ten where it has to be quick."""
    with tempfile.TemporaryDirectory() as name:
        image = portraits_of(setting.data_dir)[0]
        long: dict[str, Any] = {"repeats": 1, "long_s": 60.0} if setting.quick else {}
        return measure_speed(Path(name), image, checkpoint, **long)


def targets_of(results: Mapping[str, Any]) -> Targets:
    """Sets every measured figure beside what it has to reach."""
    targets = Targets()
    if "lips" in results:
        lip_targets(targets, results["lips"])
    if "emotions" in results:
        emotion_targets(targets, results["emotions"], "coefficients", results["emotions"])
    if "separation" in results:
        separation_targets(targets, results["separation"])
    if "rendered" in results:
        rendered = results["rendered"]
        emotion_targets(targets, rendered, "frames", rendered["dial"])
        rows = rendered["portraits"].values()
        worst = max(row["shape"] for row in rows)
        targets.at_most("frames: change of the face's shape with emotion, share of its width", worst, SHAPE)
    targets.update(results.get("speed", {}).get("targets", {}))
    return targets


def lip_targets(targets: Targets, found: Mapping[str, Any]) -> None:
    """Lips on unseen takes, mean of both; and on words whose phones are known."""
    ours, mean = found["mean"]["ours"], found["mean"]
    targets.at_least("lips: correlation of the mouth's opening", ours["correlation"], OPENING_R)
    targets.at_least("lips: closed where the real lips close", ours["closed"], CLOSED)
    targets.at_least("lips: closed at p, b and m of known words", found["words"]["closed"], CLOSED)
    targets.at_most("lips: error over that of loudness", over(ours, mean["loudness"]), BELOW_LOUDNESS)
    targets.at_most("lips: error over that of the phone table", over(ours, mean["phone table"]), 1.0)


def over(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return round(one["error"] / max(1e-6, other["error"]), 4)


def emotion_targets(targets: Targets, found: Mapping[str, Any], judge: str, dial: Mapping[str, Any]) -> None:
    """Named at full strength, of eight; and a dial that rises in every emotion."""
    targets.at_least(f"{judge}: emotion named of eight at intensity 1", found["accuracy"], NAMED)
    for emotion in MOVING:
        targets.at_least(f"{judge}, {emotion}: Spearman rho of the dial", dial[emotion]["rho"], RHO)


def separation_targets(targets: Targets, found: Mapping[str, Any]) -> None:
    """What must not change with what."""
    rows = found["emotions"].values()
    targets.at_most("closures changed by an emotion, worst", max(row["closures"] for row in rows), CHANGED)
    targets.at_most("pose changed by an emotion, worst", max(row["pose"] for row in rows), CHANGED)
    targets.at_most("coefficients changed by the pose's dial", found["pose scale"], 0.0)
    for part, row in found["jitter"].items():
        targets.at_most(f"jitter of {part} over real captures", max(row.values()), JITTER)


def extra_figures(results: Mapping[str, Any]) -> dict[str, float]:
    """What has nothing to reach but is worth keeping."""
    found: dict[str, float] = {}
    for name, row in results.get("lips", {}).get("mean", {}).items():
        found |= {f"lips, {name}: {figure}": value for figure, value in row.items()}
    for emotion in MOVING:
        if "emotions" in results:
            row = results["emotions"][emotion]
            found[f"coefficients, {emotion}: named at intensity 1"] = row["named"][-1]
            found[f"coefficients, {emotion}: range"] = row["range"]
        if "rendered" in results:
            found[f"frames, {emotion}: named at intensity 1"] = results["rendered"]["emotions"][emotion]
    for name in ("frames_a_second", "plain_frames_a_second", "speed_over_plain"):
        if name in results.get("speed", {}):
            found[name.replace("_", " ")] = results["speed"][name]
    return found


def report_text(results: Mapping[str, Any], folder: Path) -> str:
    """Draws into the folder; gives the report as text."""
    from .portrait_text import draw, markdown

    folder.mkdir(parents=True, exist_ok=True)
    return markdown(results, draw(results, folder))
