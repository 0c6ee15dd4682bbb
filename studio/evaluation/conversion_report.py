"""`evaluate_conversion`: everything that is claimed of the conversion backend, measured and written again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .conversion_people import HELD_OUT, judge_without, people_of, real_figures, real_similarity
from .conversion_trials import (
    MOVING,
    Takes,
    reader_sources,
    run_dial,
    run_timing,
    run_words,
    sources_of,
)
from .conversion_voices import run_voices
from .figures import LEVELS, rounded
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
from .speech_trials import voice_of_data

SECTIONS = ("people", "readers", "timing", "voices")
READERS = ("kathleen", "kerstin")
STEPS = 1 + len(MOVING) * (len(LEVELS) - 1)
NAMED_OF_REAL, RANGE_OF_REAL, LIKENESS_LOST, WORDS_LOST = 0.85, 0.6, 0.03, 1.25


def evaluate_conversion(
    *,
    data_dir: str | Path,
    out_dir: str | Path | None = None,
    clips: int = 20,
    checkpoint: str = "auto",
    seed: int = 0,
    quick: bool = False,
    sections: Sequence[str] = SECTIONS,
    record: bool = False,
    on_step: Callable[[int, int], None] | None = None,
    generate: Callable[..., Any] | None = None,
) -> dict[str, Any]:
    """Measures the conversion backend with frozen evaluators on people that neither ever heard.

    Args:
        data_dir: holds RAVDESS, EmoDB and EmotionTTS, and the readers' data sets.
        out_dir: gets report.md, report.json, the plot and the converted takes; a second call goes on from
            the takes there.
        clips: recordings of each reader; of the held-out people at most four each are converted.
        checkpoint: weights to measure.
        seed: of the first conversion.
        quick: a handful of recordings, to see that it runs.
        sections: the trials to run, out of `SECTIONS`.
        record: write the figures into the manifest and the model card of the checkpoint.
        on_step: (conversions done, conversions in all).
        generate: a stand-in for `studio.generate`.

    Returns:
        {"people": {"real", "real_similarity", "dial"}, "readers": {name: {"dial", "words"}}, "timing",
        "voices", "targets": {name: value, target, passed}}.

    Raises:
        ValueError: a section that does not exist, or fewer than one clip.
        FileNotFoundError: a data set is missing.
        ImportError: a package that only measuring needs is missing.
    """
    check_sections(tuple(sections), SECTIONS)
    if clips < 1:
        raise ValueError(f"expected at least 1 clip, got {clips}")
    clips, people_count = (1, 1) if quick else (clips, len(HELD_OUT))
    folder = Path(out_dir) if out_dir is not None else None
    checkpoint = named_weights("conversion", checkpoint)
    takes = Takes(
        generate or shipped_generate(),
        folder=folder / "takes" if folder else None,
        weights=weights_of("conversion", checkpoint),
        fixed={"checkpoint": checkpoint},
        on_clip=counter(on_step, 4 * people_count * STEPS + 2 * clips * STEPS + clips),
    )
    results: dict[str, Any] = {"settings": {"clips": clips, "checkpoint": checkpoint, "seed": seed}}
    for section, found in trials(data_dir, takes, clips, people_count, seed, sections):
        results.setdefault(section, {}).update(found)
        results["targets"] = targets_of(results)
        if folder:
            write_report(results, folder, report_text(results, folder))
    if record:
        record_figures(
            checkpoint, {"clips of a reader": clips, **results["targets"], **extra_figures(results)}
        )
    return results


def trials(
    data_dir: str | Path, takes: Takes, clips: int, people_count: int, seed: int, sections: Sequence[str]
) -> Any:
    """Yields (section, what was found)."""
    from .speech_evaluator import load_speech_evaluator
    from .speech_similarity import load_speaker_encoder

    encoder = load_speaker_encoder()
    if {"people", "voices"} & set(sections):
        judge, rows, features = judge_without(data_dir, HELD_OUT)
        people = people_of(rows, features, HELD_OUT)[:people_count]
    if "people" in sections:
        heard = {row.path: feature for row, feature in zip(rows, features, strict=True)}
        yield "people", {"real": real_figures(judge, people, heard)}
        yield "people", {"real_similarity": real_similarity(people, encoder)}
        yield "people", {"dial": run_dial(takes, judge, encoder, sources_of(people), seed)}
    if "readers" in sections:
        for name in READERS:
            voice = voice_of_data(data_dir, name)
            shipped = load_speech_evaluator()
            dial = run_dial(takes, shipped, encoder, reader_sources(voice, shipped, clips), seed)
            found = {"dial": dial}
            if voice.held_out[0].language == "en-US":
                found["words"] = run_words(takes, voice, clips, seed)
            yield "readers", {name: found}
    if "timing" in sections:
        yield "timing", run_timing(takes, voice_of_data(data_dir, READERS[0]), clips, seed)
    if "voices" in sections:
        yield "voices", run_voices(takes.generate, people, encoder, seed)


def targets_of(results: Mapping[str, Any]) -> Targets:
    """Sets every measured figure beside what it has to reach."""
    targets = Targets()
    people = results.get("people", {})
    real, alike, dial = (people.get(name, {}) for name in ("real", "real_similarity", "dial"))
    for emotion in (name for name in MOVING if name in dial):
        row, acted = dial[emotion], real[emotion]
        title = f"unheard people, {emotion}"
        targets.at_least(f"{title}: named at intensity 1", row["named"][-1], NAMED_OF_REAL * acted["named"])
        targets.at_least(f"{title}: Spearman rho of the dial", row["rho"], 0.9)
        targets.at_least(
            f"{title}: range of the score, share of real",
            range_share(row, acted, dial, emotion),
            RANGE_OF_REAL,
        )
        targets.at_least(
            f"{title}: similarity to the source at 1", row["similarity"][-1], alike[emotion] - LIKENESS_LOST
        )
    for name, found in results.get("readers", {}).items():
        for emotion in MOVING:
            targets.at_least(
                f"{name}, {emotion}: Spearman rho of the dial", found["dial"][emotion]["rho"], 0.9
            )
            if "words" in found:
                most = WORDS_LOST * found["words"]["source"]
                title = f"{name}, {emotion}: word error, worst level"
                targets.at_most(title, max(found["words"][emotion]), round(most, 4))
    if "timing" in results:
        timing = results["timing"]
        targets.at_least("timing kept: phone boundaries within 30 ms", timing["within_30_ms"], 1.0)
        targets.at_most("timing kept: largest error of the length, ms", timing["length_error_ms"], 1.0)
    return targets


def range_share(
    row: Mapping[str, Any], acted: Mapping[str, float], dial: Mapping[str, Any], emotion: str
) -> float:
    """How much of the way from real neutral to real acted takes the dial covers."""
    way = acted["score"] - dial["source"]["score"][emotion]
    return rounded((row["score"][-1] - row["score"][0]) / max(1e-6, way))


def extra_figures(results: Mapping[str, Any]) -> dict[str, float]:
    """What has nothing to reach but is worth keeping: naming of readers, similarity by level, voices."""
    found: dict[str, float] = {}
    for emotion in MOVING:
        dial = results.get("people", {}).get("dial", {})
        if emotion in dial:
            for level, value in zip(dial[emotion]["levels"], dial[emotion]["similarity"], strict=True):
                found[f"unheard people, {emotion}: similarity at {level:g}"] = value
        for name, reader in results.get("readers", {}).items():
            found[f"{name}, {emotion}: named at intensity 1"] = reader["dial"][emotion]["named"][-1]
    return found | dict(results.get("voices", {}))


def report_text(results: Mapping[str, Any], folder: Path) -> str:
    """Draws into the folder; gives the report as text."""
    from .conversion_text import draw, markdown

    folder.mkdir(parents=True, exist_ok=True)
    return markdown(results, draw(results, folder))
