"""`evaluate_music`: everything that is claimed of the music backend, measured and written down again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .maker import counter
from .music_metrics import ATTRIBUTES, COMPARED
from .music_trials import (
    LEVELS,
    QUADRANTS,
    SETTINGS,
    Clips,
    judge_samples,
    run_faders,
    run_intensity,
    run_quadrants,
    run_transfer,
)
from .report import (
    Targets,
    check_sections,
    named_weights,
    record_figures,
    shipped_generate,
    target_lines,
    weights_of,
    write_report,
)

SECTIONS = ("quadrants", "samples", "intensity", "faders", "transfer")
FADER_SEED = 500_000


@dataclass(frozen=True)
class Plan:
    """How many clips each trial takes.

    Attributes:
        quadrant: clips of each quadrant.
        level: clips of each quadrant at each level of the dial.
        setting: clips at each setting of each fader.
        edits: pieces that are edited, of each kind of source (generated, real).
    """

    quadrant: int
    level: int
    setting: int
    edits: int

    @classmethod
    def of(cls, clips: int) -> Plan:
        """Scales all trials with the clips of a quadrant; the published figures take 200."""
        return cls(clips, max(2, clips // 8), max(4, clips // 20), max(4, clips // 5))

    def total(self, sections: tuple[str, ...], has_data: bool) -> int:
        sizes = {
            "quadrants": 4 * self.quadrant,
            "intensity": 4 * len(LEVELS) * self.level,
            "faders": len(ATTRIBUTES) * len(SETTINGS) * self.setting,
            "transfer": self.edits * (2 if has_data else 1),
        }
        return sum(sizes.get(section, 0) for section in sections)


def evaluate_music(
    *,
    clips: int = 200,
    bars: int = 12,
    checkpoint: str = "auto",
    seed: int = 0,
    data_dir: str | Path | None = None,
    out_dir: str | Path | None = None,
    quick: bool = False,
    sections: tuple[str, ...] = SECTIONS,
    record: bool = False,
    on_step: Callable[[int, int], None] | None = None,
    generate: Callable[..., Any] | None = None,
) -> dict[str, Any]:
    """Measures the music backend with the frozen evaluator.

    Args:
        clips: of each quadrant; the other trials scale with it.
        bars: length of every clip.
        checkpoint: weights to measure.
        seed: of the first clip.
        data_dir: holds emopia_1.0; real held-out clips are edited too when it is given.
        out_dir: gets report.md, report.json, the plots and the clips; a second call goes on from the clips
            there.
        quick: a handful of clips, to see that it runs.
        sections: the trials to run, out of `SECTIONS`; "samples" needs "quadrants".
        record: write the figures into the manifest and the model card of the checkpoint.
        on_step: (clips done, clips in all).
        generate: a stand-in for `studio.generate`.

    Returns:
        {"evaluator": its own figures on real clips, one entry a section, "targets": {name: value, target,
        passed}}.

    Raises:
        ValueError: a section that does not exist, or fewer than one clip.
        CheckpointError: no evaluator.
    """
    from .music_evaluator import load_music_evaluator

    check_sections(sections, SECTIONS)
    if clips < 1 or bars < 1:
        raise ValueError(f"expected at least 1 clip of at least 1 bar, got {clips} of {bars}")
    evaluator = load_music_evaluator()
    plan = Plan(1, 1, 2, 1) if quick else Plan.of(clips)
    folder = Path(out_dir) if out_dir is not None else None
    checkpoint = named_weights("music", checkpoint)
    maker = Clips(
        generate or shipped_generate(),
        folder=folder / "clips" if folder else None,
        weights=weights_of("music", checkpoint),
        fixed={"bars": bars, "checkpoint": checkpoint},
        on_clip=counter(on_step, plan.total(sections, data_dir is not None)),
    )
    results: dict[str, Any] = {
        "evaluator": evaluator.checkpoint.figures,
        "settings": {"clips": plan.quadrant, "bars": bars, "checkpoint": checkpoint, "seed": seed},
    }
    for name in sections:
        results |= run_section(name, maker, evaluator, plan, seed, data_dir)
        results["targets"] = targets_of(results)
        if folder:
            write_report(results, folder, markdown(results, pictures_of(results, folder)))
    if record:
        record_figures(checkpoint, {"clips a quadrant": plan.quadrant, **results["targets"]})
    return results


def run_section(
    name: str, maker: Clips, evaluator: Any, plan: Plan, seed: int, data_dir: str | Path | None
) -> dict[str, Any]:
    """Runs one trial; gives its results under their name."""
    if name == "quadrants":
        return {"quadrants": run_quadrants(maker, evaluator, plan.quadrant, seed)[0]}
    if name == "samples":
        quiet = Clips(maker.generate, maker.folder, maker.weights, maker.fixed)
        samples = run_quadrants(quiet, evaluator, plan.quadrant, seed)[1]
        reference = evaluator.checkpoint.extra["reference"]
        return {"samples": judge_samples(samples, reference, evaluator.window_hashes.numpy())}
    if name == "intensity":
        return {"intensity": run_intensity(maker, evaluator, plan.level, seed)}
    if name == "faders":
        return {"faders": run_faders(maker, plan.setting, seed + FADER_SEED)}
    return {"transfer": transfer(maker, evaluator, plan, seed, data_dir)}


def transfer(
    maker: Clips, evaluator: Any, plan: Plan, seed: int, data_dir: str | Path | None
) -> dict[str, Any]:
    """Edits generated pieces, and real held-out ones where there is data."""
    editor = Clips(
        maker.generate,
        maker.folder,
        maker.weights,
        {
            name: value for name, value in maker.fixed.items() if name != "bars"
        },  # the source has its own length
        maker.on_clip,
    )
    with tempfile.TemporaryDirectory() as temporary:
        sources = []
        for at in range(plan.edits):
            quadrant = QUADRANTS[at % 4]
            path = maker.make_file(Path(temporary), emotion=quadrant, intensity=1.0, seed=seed + at)
            sources.append((path, quadrant))
        answer = {"generated": run_transfer(editor, evaluator, sources, seed)}
    if data_dir is not None:
        from training.data.music import emopia

        held_out = emopia(data_dir, "val")
        chosen = [held_out[at * len(held_out) // plan.edits] for at in range(min(plan.edits, len(held_out)))]
        answer["real"] = run_transfer(
            editor, evaluator, [(clip.path, clip.quadrant) for clip in chosen], seed
        )
    return answer


def targets_of(results: Mapping[str, Any]) -> Targets:
    """Sets every measured figure beside what it has to reach."""
    targets = Targets()
    if "quadrants" in results:
        found, evaluator = results["quadrants"], results["evaluator"]
        # The stricter of its two figures on songs that it never heard: the val split has few songs.
        own = max(evaluator.get(split, {}).get("4q", 0.0) for split in ("val", "cross_validation"))
        targets.at_least("quadrant accuracy (target: the evaluator's own on real clips)", found["4q"], own)
        targets.at_least("arousal accuracy", found["arousal"], 0.88)
        targets.at_least("valence accuracy", found["valence"], 0.80)
    if "intensity" in results:
        for name in QUADRANTS:
            targets.at_least(f"intensity, Spearman rho, {name}", results["intensity"][name]["rho"], 0.9)
    if "faders" in results:
        for name in ATTRIBUTES:
            targets.at_least(f"fader {name}, R²", results["faders"][name]["r2"], 0.9)
            kept = results["faders"][name]["restrictiveness"]
            targets.at_least(f"fader {name}, restrictiveness", round(sum(kept.values()) / len(kept), 4), 0.7)
    if "transfer" in results:
        for name, found in results["transfer"].items():
            targets.at_least(f"edits of {name} pieces: kept elements identical", found["identical"], 1.0)
            targets.at_least(f"edits of {name} pieces: arousal moved as asked", found["moved"], 0.85)
    if "samples" in results:
        found = results["samples"]
        for name in COMPARED:
            difference = abs(found["measures"].get(name, {"difference": 1.0})["difference"])
            targets.at_most(f"{name.replace('_', ' ')}, difference to real", difference, 0.1)
        targets.at_most("two-bar windows copied", found["copy_rate"], 0.02)
        targets.at_most("degenerate clips", found["degenerate"]["clips"], 0)
    return targets


def pictures_of(results: Mapping[str, Any], folder: Path) -> list[str]:
    """Draws into the folder; gives the names of the files."""
    from .music_plots import draw

    folder.mkdir(parents=True, exist_ok=True)
    return draw(results, folder)


def markdown(results: Mapping[str, Any], pictures: list[str]) -> str:
    """Gives the report as text."""
    settings, own = results["settings"], results["evaluator"]
    lines = [
        "# The music backend, measured",
        "",
        f"{settings['clips']} clips of {settings['bars']} bars a quadrant, "
        f"checkpoint `{settings['checkpoint']}`, first seed {settings['seed']}.",
        "",
        "The evaluator itself, on real clips of songs that it never heard (quadrant / arousal / valence):",
    ]
    for key, title in (
        ("val", "EMOPIA val split"),
        ("cross_validation", "EMOPIA train split, five folds by song"),
    ):
        if key in own:
            lines.append(
                f"- {title}: {own[key]['4q']:.3f} / {own[key]['arousal']:.3f} / {own[key]['valence']:.3f}"
            )
    lines += ["", *target_lines(results.get("targets", {}))]
    lines += ["", *(f"![{Path(name).stem}]({name})" for name in pictures)]
    return "\n".join(lines)
