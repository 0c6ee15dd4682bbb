"""`evaluate_scene`: whether voice, face, body and music of a scene show the feeling that was asked of them together."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .maker import counter
from .report import Targets, check_sections, write_report
from .scene_readers import ASKED
from .scene_sets import COURSES, SCRIPTS, Sets, shipped_sets
from .scene_trials import References, run_courses, run_labels

if TYPE_CHECKING:
    import numpy as np

SECTIONS = ("labels", "courses")
NAMED, DISTANCE = 0.8, 0.2
# Evaluator -> which of its recorded figures say what it is worth on what nobody made here.
WORTH: dict[str, tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "speech": (
        "speech-evaluator",
        (("real acted speech, unseen speakers, 5 emotions", ("cross_validation", "accuracy")),),
    ),
    "face": (
        "portrait-evaluator",
        (
            ("published action units, speaking, 8 emotions", ("speaking", "relative", "accuracy")),
            ("the same at half strength", ("at half strength", "relative", "accuracy")),
        ),
    ),
    "frames": (
        "portrait-evaluator-frames",
        (
            ("published action units, speaking, 8 emotions", ("speaking", "relative", "accuracy")),
            ("heads drawn and found", ("heads drawn and found, of any strength", "relative", "accuracy")),
        ),
    ),
    "body": (
        "gesture-evaluator-nc",
        (
            ("real takes of unseen contents, 7 emotions", ("unseen contents, by folds", "accuracy")),
            ("of these, real gesturing", ("unseen contents, by folds", "gesturing")),
        ),
    ),
    "music": (
        "music-evaluator",
        (
            ("real clips of unseen songs (EMOPIA val), 4 quadrants", ("val", "4q")),
            ("the same, five folds", ("cross_validation", "4q")),
        ),
    ),
}


def evaluate_scene(
    *,
    data_dir: str | Path,
    out_dir: str | Path | None = None,
    clips: int = len(SCRIPTS),
    seed: int = 0,
    quick: bool = False,
    sections: Sequence[str] = SECTIONS,
    on_step: Callable[[int, int], None] | None = None,
    sets: Sets | None = None,
    reference: References | None = None,
) -> dict[str, Any]:
    """Measures scenes with the frozen evaluators of every medium.

    There is no checkpoint to record figures with: a scene's weights are those of its parts.

    Args:
        data_dir: holds the voices' data sets, whose neutral recordings the evaluator of speech compares with.
        out_dir: gets report.md, report.json, the plots and the parts; a second call goes on from there.
        clips: scripts, each played with every feeling; 4 at most.
        seed: of all parts.
        quick: one script and one course, to see that it runs.
        sections: the trials to run, out of `SECTIONS`.
        on_step: (scenes made, scenes in all).
        sets: a stand-in for the shipped scenes. reference: one for the real recordings.

    Returns:
        {"evaluators": what each is worth, "labels", "courses", "targets": {name: value, target, passed}}.

    Raises:
        ValueError: a section that does not exist, or no clip.
        FileNotFoundError: a data set is missing.
    """
    check_sections(tuple(sections), SECTIONS)
    if not 1 <= clips <= len(SCRIPTS):
        raise ValueError(f"expected 1 to {len(SCRIPTS)} clips, got {clips}")
    scripts = list(SCRIPTS)[: 1 if quick else clips]
    courses = list(COURSES)[: 1 if quick else None]
    total = ("labels" in sections) * len(scripts) * len(ASKED) + ("courses" in sections) * (1 + len(courses))
    with ExitStack() as stack:
        folder = Path(out_dir or stack.enter_context(tempfile.TemporaryDirectory()))
        made = sets or shipped_sets(folder, seed, counter(on_step, total))
        heard = reference or real_recordings(data_dir)
        results: dict[str, Any] = {
            "evaluators": worths(),
            "settings": {"scripts": scripts, "courses": courses, "seed": seed},
        }
        for section in sections:
            if section == "labels":
                results["labels"] = run_labels(made, scripts, heard)
            else:
                results["courses"] = run_courses(made, courses, heard)
            results["targets"] = targets_of(results)
            if out_dir is not None:
                write_report(results, folder, report_text(results, folder))
    return results


def real_recordings(data_dir: str | Path) -> References:
    """Gives what describes the real neutral recordings of a voice, read when first asked for."""

    @lru_cache(maxsize=8)
    def reference(voice: str) -> np.ndarray:
        from .speech_audio import read_sound
        from .speech_evaluator import load_speech_evaluator
        from .speech_trials import voice_of_data

        clips = [read_sound(row.path) for row in voice_of_data(data_dir, voice).references]
        return load_speech_evaluator().reference(clips)

    return reference


def worths() -> dict[str, dict[str, float]]:
    """What each evaluator is worth, as recorded when it was fitted; a figure that is not there is left out."""
    import checkpoints

    found: dict[str, dict[str, float]] = {}
    for medium, (name, rows) in WORTH.items():
        figures: Any = checkpoints.describe(name).figures
        found[medium] = {}
        for title, path in rows:
            value = figures
            for key in path:
                value = value.get(key, {}) if isinstance(value, Mapping) else {}
            if isinstance(value, (int, float)):
                found[medium][title] = float(value)
    return found


def targets_of(results: Mapping[str, Any]) -> Targets:
    """Sets every measured figure beside what it has to reach."""
    targets = Targets()
    if "labels" in results:
        found = results["labels"]
        targets.at_least("the asked label read back, share of media", found["named"]["all"], NAMED)
        targets.at_most(
            "valence-arousal distance to what was asked, mean", found["distance"]["all"], DISTANCE
        )
    return targets


def report_text(results: Mapping[str, Any], folder: Path) -> str:
    """Draws into the folder; gives the report as text."""
    from .scene_text import draw, markdown

    folder.mkdir(parents=True, exist_ok=True)
    return markdown(results, draw(results, folder))
