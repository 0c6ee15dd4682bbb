"""`evaluate_video`: everything that is claimed of the video backend, measured and written again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .figures import LEVELS
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
from .video_clips import Clips, Made, RealClips
from .video_grading import GRADED, run_grading, write_films
from .video_trials import CONTROLS, NEUTRAL, run_emotions, run_flicker, run_images, run_looks

SECTIONS = ("emotions", "images", "looks", "grading")
NAMED, RHO, FLICKER, GRADING_RHO = 0.76, 0.9, 1.2, 0.9
MOST_IMAGES = 8


@dataclass(frozen=True)
class Plan:
    """How many clips each trial takes.

    Attributes:
        named: of each emotion at 1. level: of each emotion at each other step. images: pictures that get every
            feeling. setting: clips at each setting of a control. films: that are graded.
    """

    named: int
    level: int
    images: int
    setting: int
    films: int

    @classmethod
    def of(cls, clips: int) -> Plan:
        """Scales all trials with the clips of an emotion."""
        half = max(1, clips // 2)
        return cls(clips, half, min(MOST_IMAGES, half), max(2, half), max(2, clips))

    def total(self, sections: Sequence[str], labels: Sequence[str]) -> int:
        """How many clips are asked for in all."""
        moving = len(labels) - (NEUTRAL in labels)
        sizes = {
            "emotions": len(labels) * self.named + moving * (len(LEVELS) - 1) * self.level,
            "images": (moving - 1) * self.images,
            "looks": sum(len(settings) for settings in CONTROLS.values()) * self.setting,
            "grading": len(GRADED) * len(LEVELS) * self.films,
        }
        return sum(sizes[section] for section in sections)


@dataclass
class Shown:
    """Clips that the pictures of the report are made of, by emotion.

    Attributes:
        films: at 1, neutral's at 0. images: begun with a picture.
    """

    films: dict[str, list[Made]]
    images: list[tuple[str, Made]]


def evaluate_video(
    *,
    data_dir: str | Path,
    out_dir: str | Path | None = None,
    clips: int = 8,
    checkpoint: str = "auto",
    seed: int = 0,
    quick: bool = False,
    sections: Sequence[str] = SECTIONS,
    record: bool = False,
    on_step: Callable[[int, int], None] | None = None,
    generate: Callable[..., Any] | None = None,
) -> dict[str, Any]:
    """Measures the video backend with a frozen evaluator and beside real clips.

    Args:
        data_dir: holds video/noto_emotion_lottie, and face/portraits for grading.
        out_dir: gets report.md, report.json, the plots and the clips; a second call goes on from there.
        clips: of each emotion at 1; the other trials scale with it.
        checkpoint: weights to measure.
        seed: of the first clip.
        quick: one or two of each, to see that it runs.
        sections: the trials to run, out of `SECTIONS`.
        record: write the figures into the manifest and the model card of the checkpoint.
        on_step: (clips made, clips in all).
        generate: a stand-in for `studio.generate`.

    Returns:
        {"evaluator": its own figures on real clips that it never saw, one entry a section, "targets": {name: value,
        target, passed}}.

    Raises:
        ValueError: a section that does not exist, or fewer than one clip.
        FileNotFoundError: data are missing.
        CheckpointError: no evaluator.
    """
    import checkpoints
    from generators.video.small import AUTOENCODER

    from .video_evaluator import load_video_evaluator

    check_sections(tuple(sections), SECTIONS)
    if clips < 1:
        raise ValueError(f"expected at least 1 clip, got {clips}")
    plan = Plan.of(1 if quick else clips)
    judge, real = load_video_evaluator(), RealClips.of(data_dir)
    checkpoint = named_weights("video", checkpoint)
    with ExitStack() as stack:
        folder = Path(out_dir or stack.enter_context(tempfile.TemporaryDirectory()))
        maker = Clips(
            generate or shipped_generate(),
            folder=folder / "clips",
            weights=f"{weights_of('video', checkpoint)},{checkpoints.describe(AUTOENCODER).sha256[:16]}",
            fixed={"checkpoint": checkpoint},
            on_clip=counter(on_step, plan.total(sections, judge.labels)),
        )
        results: dict[str, Any] = {
            "evaluator": judge.checkpoint.figures,
            "settings": {"clips": plan.named, "checkpoint": checkpoint, "seed": seed},
        }
        shown = Shown({}, [])
        for section, found in trials(maker, judge, real, plan, sections, folder, data_dir, seed, shown):
            results[section] = found
            results["targets"] = targets_of(results)
            if out_dir is not None:
                write_report(results, folder, report_text(results, shown, folder))
    if record:
        figures = {"clips an emotion": plan.named, **results["targets"], **extra_figures(results)}
        record_figures(checkpoint, figures)
    return results


def trials(
    maker: Clips,
    judge: Any,
    real: RealClips,
    plan: Plan,
    sections: Sequence[str],
    folder: Path,
    data_dir: str | Path,
    seed: int,
    shown: Shown,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields (section, what was found)."""
    if "emotions" in sections:
        found, shown.films = run_emotions(maker, judge, plan.named, plan.level, seed)
        yield "emotions", found
        yield "flicker", run_flicker(shown.films, real)
    if "images" in sections:
        pictures = folder / "pictures"
        found, shown.images = run_images(maker, judge, real, pictures, plan.images, seed)
        yield "images", found
    if "looks" in sections:
        yield "looks", run_looks(maker, plan.setting, seed)
    if "grading" in sections:
        yield "grading", run_grading(maker, write_films(data_dir, real, folder / "films", plan.films))


def targets_of(results: Mapping[str, Any]) -> Targets:
    """Sets every measured figure beside what it has to reach."""
    targets = Targets()
    if "emotions" in results:
        found = results["emotions"]
        number = len(found["labels"])
        targets.at_least(f"emotion named of {number} at intensity 1", found["named"]["balanced"], NAMED)
        for emotion in found["labels"]:
            if emotion != NEUTRAL:
                targets.at_least(f"{emotion}: Spearman rho of the dial", found[emotion]["rho"], RHO)
        targets.at_least("all emotions: rho of the mean dial", found["mean"]["rho"], RHO)
    if "flicker" in results:
        targets.at_most("flicker over real clips", results["flicker"]["over real"], FLICKER)
    if "grading" in results:
        found = results["grading"]
        targets.at_least("grading: rho of the dial of what moves, mean", found["rho"], GRADING_RHO)
        targets.at_least("grading at 0: films the same to the bit", found["identity"], 1.0)
        targets.at_most("grading: restlessness over the source's", found["restlessness over source"], FLICKER)
    return targets


def extra_figures(results: Mapping[str, Any]) -> dict[str, float]:
    """What has nothing to reach but is worth keeping."""
    found: dict[str, float] = {}
    own = results["evaluator"].get("held out")
    if own:
        found["evaluator: real clips named that it never saw"] = own["balanced"]
    if "emotions" in results:
        found["copies: share"] = results["emotions"]["copies"]["share"]
        found["faces alone: named"] = results["emotions"]["faces"]
        found["emotion named by all judges together"] = results["emotions"]["named by all"]["balanced"]
        for label, row in results["emotions"].items():
            if isinstance(row, dict) and "by all" in row:
                found[f"{label}: rho of the dial by all judges together"] = row["by all"]["rho"]
    if "flicker" in results:
        found["motion over real clips"] = results["flicker"]["motion over real"]
        found["restlessness over real clips"] = results["flicker"]["restlessness over real"]
    if "images" in results:
        found["image-to-video: named"] = results["images"]["named"]["balanced"]
        found["image-to-video: first frame, PSNR in dB"] = results["images"]["psnr"]
    for name, row in results.get("looks", {}).items():
        found[f"{name} asked for and found: agreement"] = row["agreement"]
    return found


def report_text(results: Mapping[str, Any], shown: Shown, folder: Path) -> str:
    """Draws into the folder; gives the report as text."""
    from .video_text import draw, markdown

    folder.mkdir(parents=True, exist_ok=True)
    return markdown(results, draw(results, shown.films, shown.images, folder))
