"""`evaluate_gesture`: everything that is claimed of the gesture backend, measured and written again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .gesture_moves import Line, Moves, say_lines, shipped_moves
from .gesture_speed import measure_speed
from .gesture_trials import (
    LABELS,
    LEVELS,
    MOVING,
    SEAMED,
    SEEDS,
    VARIED,
    edit_sources,
    run_beats,
    run_diversity,
    run_editing,
    run_emotions,
    run_physics,
    run_seams,
)
from .maker import counter
from .report import (
    Targets,
    check_sections,
    named_weights,
    record_figures,
    shipped_generate,
    weights_of,
    write_report,
)

if TYPE_CHECKING:
    from .train_gesture_evaluator import Seen

SECTIONS = ("emotions", "editing", "beats", "diversity", "physics", "seams", "speed")
RHO, COST, RATIO, ALIGNED, VARIETY = 0.9, 0.05, 1.3, 0.8, 0.8
SLIDE_CM_S, JERK, POP, TOLD = 2.0, 1.2, 1.0, 1.2


@dataclass(frozen=True)
class Setting:
    """What every trial gets.

    Attributes:
        takes: real motion. sources: of it, what is edited. folder: for what is made.
        lines: what our own voice says. seed: of the first person. quick: a handful, to see that it runs.
    """

    takes: list[Seen]
    sources: dict[str, Seen]
    folder: Path
    lines: list[Line]
    seed: int
    quick: bool


def evaluate_gesture(
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
    """Measures the gesture backend with a frozen evaluator and beside real motion that nobody learned from.

    Args:
        data_dir: holds motion/: bandai1_styles.npz and bandai2_styles.npz.
        out_dir: gets report.md, report.json, the plots, and what was made; a second call goes on from there.
        clips: lines that our own voice says, and real motions that are edited.
        checkpoint: weights to measure.
        seed: of the movement.
        quick: one of each, to see that it runs.
        sections: the trials to run, out of `SECTIONS`.
        record: write the figures into the manifest and the model card of the checkpoint.
        on_step: (clips made, clips in all).
        generate: a stand-in for `studio.generate`. move: one for what moves bodies.

    Returns:
        {"real", "evaluator", one entry a section, "targets": {name: value, target, passed}}.

    Raises:
        ValueError: a section that does not exist, or fewer than one clip.
        FileNotFoundError: data are missing.
    """
    from .train_gesture_evaluator import real_takes

    check_sections(tuple(sections), SECTIONS)
    if clips < 1:
        raise ValueError(f"expected at least 1 clip, got {clips}")
    clips = 1 if quick else clips
    checkpoint = named_weights("gesture", checkpoint)
    needs_data = bool(set(sections) - {"speed", "beats"})
    with ExitStack() as stack:
        folder = Path(out_dir or stack.enter_context(tempfile.TemporaryDirectory()))
        takes = real_takes(data_dir) if needs_data else []
        sources = edit_sources(takes, clips + 2)
        lines = say_lines(folder / "lines", clips, generate or shipped_generate())
        setting = Setting(takes, sources, folder, lines, seed, quick)
        moves = Moves(
            move or shipped_moves(lines, {name: seen.motion for name, seen in sources.items()}),
            folder=folder / "clips",
            weights=weights_of("gesture", checkpoint),
            fixed={"checkpoint": checkpoint},
            on_clip=counter(on_step, clips_of(sections, setting)),
        )
        results: dict[str, Any] = {"settings": {"clips": clips, "checkpoint": checkpoint, "seed": seed}}
        for section, found in trials(setting, moves, sections):
            results[section] = found
            results["targets"] = targets_of(results)
            if out_dir is not None:
                write_report(results, folder, report_text(results, folder))
    if record:
        record_figures(checkpoint, {"lines": clips, **results["targets"], **extra_figures(results)})
    return results


def clips_of(sections: Sequence[str], setting: Setting) -> int:
    """How many clips are asked for in all."""
    lines, labels = len(setting.lines), len(LABELS)
    counts = {
        "emotions": lines * (1 + len(MOVING) * (len(LEVELS) - 1)),
        "editing": labels * (len(setting.sources) + lines),
        "beats": lines * labels,
        "diversity": min(2, lines) * len(VARIED) * SEEDS,
        "physics": lines * labels,
        "seams": len(SEAMED),
    }
    return sum(counts.get(section, 0) for section in sections)


def trials(setting: Setting, moves: Moves, sections: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields (section, what was found)."""
    from . import train_gesture_evaluator
    from .gesture_evaluator import load_gesture_evaluator
    from .gesture_real import real_figures

    lines, seed, real = setting.lines, setting.seed, {}
    judge = load_gesture_evaluator()
    if setting.takes:
        real = real_figures(setting.takes)
        yield "real", real
        yield "evaluator", {**folded(), **train_gesture_evaluator.real_figures(judge, setting.takes)}
    if "emotions" in sections:
        yield "emotions", run_emotions(moves, judge, lines, seed)
    if "editing" in sections:
        yield "editing", run_editing(moves, judge, setting.takes, lines, setting.sources, seed)
    if "beats" in sections:
        yield "beats", run_beats(moves, lines, seed)
    if "diversity" in sections:
        yield "diversity", run_diversity(moves, lines, real["diversity"], seed)
    if "physics" in sections:
        yield "physics", run_physics(moves, lines, real, seed)
    if "seams" in sections:
        yield "seams", run_seams(moves, lines, real["jump"], setting.folder, seed)
    if "speed" in sections:
        yield "speed", speed_of(setting, moves.fixed["checkpoint"])


def folded() -> dict[str, Any]:
    """The evaluator's accuracy on contents that it never saw, by folds, as its recipe measured it."""
    import checkpoints

    from .gesture_evaluator import CHECKPOINT

    name = "unseen contents, by folds"
    found = checkpoints.describe(CHECKPOINT).figures
    return {name: found[name]} if name in found else {}


def speed_of(setting: Setting, checkpoint: str) -> dict[str, Any]:
    """What a minute of motion costs; two minutes for the long one where it has to be quick."""
    with tempfile.TemporaryDirectory() as name:
        long: dict[str, Any] = {"repeats": 1, "long_s": 120.0} if setting.quick else {}
        return measure_speed(Path(name), checkpoint, **long)


def targets_of(results: Mapping[str, Any]) -> Targets:
    """Sets every measured figure beside what it has to reach."""
    targets = Targets()
    if "emotions" in results:
        emotion_targets(targets, results["emotions"], results.get("evaluator", {}).get("real"))
    if "editing" in results:
        editing_targets(targets, results["editing"], results.get("emotions"))
    if "beats" in results:
        targets.at_least("beats of the hands at onsets of speech", results["beats"]["mean"], ALIGNED)
    if "diversity" in results:
        targets.at_least("variety of seeds over real takes", results["diversity"]["over real"], VARIETY)
    if "physics" in results:
        found = results["physics"]
        targets.at_most("feet sliding in contact, cm/s", found["skate"]["mean"], SLIDE_CM_S)
        targets.at_most("worst joint beyond human range, degrees", found["beyond"]["degrees"], 0.0)
        targets.at_most("jerk over real", found["over real"], JERK)
    if "seams" in results:
        worst = max(row["over real"] for row in results["seams"].values())
        targets.at_most("jump at seams over the largest in real takes of the emotion", worst, POP)
        most = max(row["over elsewhere"] for row in results["seams"].values())
        targets.at_most("jump at seams over elsewhere, mean", most, TOLD)
    targets.update(results.get("speed", {}).get("targets", {}))
    return targets


def emotion_targets(targets: Targets, found: Mapping[str, Any], real: Mapping[str, Any] | None) -> None:
    """Named as often as real motion, and dials that rise on the evaluator and on the body."""
    if real:
        targets.at_least(
            "emotion named of eight at intensity 1, real beside", found["named"]["balanced"], real["balanced"]
        )
    for emotion in MOVING:
        row = found[emotion]
        targets.at_least(f"{emotion}: Spearman rho of the dial", row["rho"], RHO)
        measure = row["implied"]["measure"]
        targets.at_least(f"{emotion}: rho of {measure}, the way it should go", row["implied"]["rho"], RHO)


def editing_targets(targets: Targets, found: Mapping[str, Any], made: Mapping[str, Any] | None) -> None:
    """What editing costs beside making from speech."""
    if made:
        cost = round(made["named"]["balanced"] - found["named"]["balanced"], 4)
        targets.at_most("editing: named less often than from speech by", cost, COST)
    targets.at_most("editing: Frechet distance over that from speech", found["ratio"], RATIO)


def extra_figures(results: Mapping[str, Any]) -> dict[str, float]:
    """What has nothing to reach but is worth keeping."""
    found: dict[str, float] = {}
    if "editing" in results:
        found["editing: named"] = results["editing"]["named"]["balanced"]
        found["editing: hands kept, correlation"] = results["editing"]["kept"]
        found["editing: largest jump over the source's, median"] = results["editing"]["jumps"]["median"]
    if "beats" in results:
        found["beats by chance"] = results["beats"]["by chance"]
        found["beats, sigma .1 s"] = results["beats"]["strict"]
        found["beats, sigma .1 s, by chance"] = results["beats"]["strict, by chance"]
        found["each beat at an onset, sigma .05 s"] = results["beats"]["hits"]
        found["each beat at an onset, sigma .05 s, by chance"] = results["beats"]["hits, by chance"]
    if "emotions" in results:
        for emotion in MOVING:
            found[f"{emotion}: named at intensity 1"] = results["emotions"][emotion]["named"][-1]
    if "references_a_minute" in results.get("speed", {}):
        found["references a minute"] = results["speed"]["references_a_minute"]
    return found


def report_text(results: Mapping[str, Any], folder: Path) -> str:
    """Draws into the folder; gives the report as text."""
    from .gesture_text import draw, markdown

    folder.mkdir(parents=True, exist_ok=True)
    return markdown(results, draw(results, folder))
