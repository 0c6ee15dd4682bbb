"""`evaluate_speech`: everything that is claimed of the speech backend, measured and written down again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

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
from .speech_audio import Recording, read_corpus, read_sound
from .speech_evaluator import LABELS
from .speech_trials import (
    LEVELS,
    RATIOS,
    Judges,
    Lines,
    Voice,
    probe,
    rounded,
    run_dial,
    run_duration,
    run_real,
    voice_of_data,
)

if TYPE_CHECKING:
    import numpy as np

    from .speech_copy import Copy

SECTIONS = ("actors", "dial", "duration", "copy", "leak", "baseline")
VOICES = ("kathleen", "kerstin")
MOVING = tuple(name for name in LABELS if name != "neutral")
STEPS = 2 + len(MOVING) * (len(LEVELS) - 1)
ACTED = "ravdess-speech-en-NC"
BELOW_ACTORS = 0.05


@dataclass(frozen=True)
class Plan:
    """How many lines each trial takes of each voice.

    Attributes:
        dial: lines at each step of each emotion.
        words: of these, how many are written down by the recogniser.
        duration: lines at each of five lengths.
        copy: recordings that the vocoder copies.
    """

    dial: int
    words: int
    duration: int
    copy: int

    @classmethod
    def of(cls, clips: int) -> Plan:
        """Scales all trials; the published figures take 24."""
        return cls(clips, max(2, clips // 2), max(2, clips // 3), clips)

    def total(self, sections: Sequence[str], voices: int) -> int:
        sizes = {
            "dial": voices * STEPS * self.dial,
            "duration": voices * (1 + len(RATIOS)) * self.duration,
            "copy": voices * self.copy,
            "baseline": STEPS * self.dial,
        }
        return max(1, sum(sizes.get(section, 0) for section in sections))


def evaluate_speech(
    *,
    data_dir: str | Path,
    out_dir: str | Path | None = None,
    clips: int = 24,
    checkpoint: str = "auto",
    voices: Sequence[str] = VOICES,
    seed: int = 0,
    quick: bool = False,
    sections: Sequence[str] = SECTIONS,
    record: bool = False,
    on_step: Callable[[int, int], None] | None = None,
    generate: Callable[..., Any] | None = None,
    copies: Mapping[str, Copy] | None = None,
    codes: Callable[[], Mapping[str, tuple[np.ndarray, Sequence[str]]]] | None = None,
) -> dict[str, Any]:
    """Measures the speech backend with frozen evaluators.

    Args:
        data_dir: holds the voices' data sets, whose held-out lines are said and whose recordings are the
            reference; RAVDESS too for "actors" and "baseline".
        out_dir: gets report.md, report.json, the plots and the lines; a second call goes on from the lines
            there.
        clips: lines at each step of the dial; the other trials scale with it.
        checkpoint: weights to measure.
        voices: names.
        seed: of the first line.
        quick: a handful of lines, to see that it runs.
        sections: the trials to run, out of `SECTIONS`.
        record: write the figures into the manifest and the model card of the checkpoint.
        on_step: (lines done, lines in all).
        generate: a stand-in for `studio.generate`.
        copies: analyses with synthesis to measure beside WORLD, by name; the shipped vocoder's when None.
        codes: gives {"speaker from emotion condition": (codes (N, D), N speakers), ...} for the probes; those
            of the shipped weights when None, see `speech_leak`.

    Returns:
        {"evaluator": its own figures on real clips, "voices": {name: {section: ...}}, "actors", "baseline",
        "leak", "targets": {name: value, target, passed}}.

    Raises:
        ValueError: a section or a voice that does not exist, or fewer than one clip.
        FileNotFoundError: a data set is missing.
        ImportError: a package that only measuring needs is missing.
        CheckpointError: no evaluator.
    """
    from .speech_evaluator import load_speech_evaluator

    check_sections(tuple(sections), SECTIONS)
    if clips < 1 or not voices:
        raise ValueError(f"expected at least 1 clip and 1 voice, got {clips} and {len(voices)}")
    plan = Plan(1, 1, 1, 1) if quick else Plan.of(clips)
    on_clip = counter(on_step, plan.total(sections, len(voices)))
    folder = Path(out_dir) if out_dir is not None else None
    checkpoint = named_weights("speech", checkpoint)
    lines = Lines(
        generate or shipped_generate(),
        folder=folder / "lines" if folder else None,
        weights=weights_of("speech", checkpoint),
        fixed={"checkpoint": checkpoint},
        on_clip=on_clip,
    )
    results: dict[str, Any] = {
        "evaluator": load_speech_evaluator().checkpoint.figures,
        "settings": {"clips": plan.dial, "checkpoint": checkpoint, "seed": seed, "voices": list(voices)},
        "voices": {name: {} for name in voices},
    }

    def keep() -> None:
        results["targets"] = targets_of(results)
        if folder:
            write_report(results, folder, report_text(results, folder))

    if "actors" in sections:
        results["actors"] = run_actors(read_corpus(data_dir, ACTED))
        keep()
    for name in voices:
        voice = voice_of_data(data_dir, name)
        for section, found in voice_sections(voice, lines, plan, seed, sections, copies):
            results["voices"][name][section] = found
            keep()
    if "leak" in sections:
        from .speech_leak import shipped_codes

        found = codes() if codes is not None else shipped_codes(checkpoint, data_dir)
        results["leak"] = {title: probe(*given) for title, given in found.items()}
        keep()
    if "baseline" in sections:
        voice = voice_of_data(data_dir, voices[0])
        results["baseline"] = run_baseline(voice, read_corpus(data_dir, ACTED), plan, folder, on_clip)
    keep()
    if record:
        keep_figures(results, checkpoint)
    return results


def voice_sections(
    voice: Voice,
    lines: Lines,
    plan: Plan,
    seed: int,
    sections: Sequence[str],
    copies: Mapping[str, Copy] | None,
) -> Any:
    """Yields (section, its results) for one voice."""
    texts = [row.text for row in voice.held_out]
    if "dial" in sections:
        judges = Judges.of(voice)
        yield "real", run_real(judges, voice.held_out[: plan.words])
        yield "dial", run_dial(lines, judges, voice.name, texts[: plan.dial], seed, plan.words)
    if "duration" in sections:
        yield "duration", run_duration(lines, voice.name, texts[: plan.duration], seed)
    if "copy" in sections:
        from .speech_copy import copy_figures, shipped_copies

        held_out = [read_sound(row.path) for row in voice.held_out[: plan.copy]]
        makers = shipped_copies() if copies is None else copies
        yield "copy", copy_figures(held_out, makers, lines.on_clip)


def run_actors(rows: Sequence[Recording]) -> dict[str, float]:
    """How like himself a real speaker stays from neutral to an emotion, line by line, and to others."""
    import numpy as np

    from .speech_similarity import load_speaker_encoder, similarity

    encoder = load_speaker_encoder()
    wanted = [
        row
        for row in rows
        if row.take == "1"
        and (row.emotion == "neutral" or (row.emotion in MOVING and row.intensity == "strong"))
    ]
    found = {(row.speaker, row.prompt, row.emotion): encoder.embed(*read_sound(row.path)) for row in wanted}
    neutral = {key[:2]: code for key, code in found.items() if key[2] == "neutral"}
    answer = {}
    for emotion in MOVING:
        same = [
            similarity(code, neutral[key[:2]])
            for key, code in found.items()
            if key[2] == emotion and key[:2] in neutral
        ]
        answer[emotion] = rounded(np.mean(same)) if same else 0.0
    answer["mean"] = rounded(np.mean([answer[emotion] for emotion in MOVING]))
    others = [similarity(a, b) for one, a in neutral.items() for two, b in neutral.items() if one[0] < two[0]]
    answer["different speakers, both neutral"] = rounded(np.mean(others)) if others else 0.0
    return answer


def run_baseline(
    voice: Voice, acted: Sequence[Recording], plan: Plan, folder: Path | None, on_clip: Callable[[], None]
) -> dict[str, Any]:
    """The dial of plain signal processing: real recordings of a voice moved through WORLD."""
    from generators.media import Audio

    from .speech_world import residuals_of, world_voice

    residuals = residuals_of(acted, MOVING)
    chosen = voice.held_out[: plan.dial]
    say = world_voice({row.text: read_sound(row.path) for row in chosen}, residuals)

    def generate(modality: str, *, text: str, emotion: str, intensity: float, **rest: Any) -> Any:
        samples, rate = say(text, emotion, intensity)
        return SimpleNamespace(media=Audio(samples[None], rate))

    lines = Lines(generate, folder / "lines" if folder else None, "world-baseline", {}, on_clip)
    found = run_dial(lines, Judges.of(voice), voice.name, [row.text for row in chosen], 0, plan.words)
    found["residuals"] = {
        name: {
            "f0_semitones": rounded(residual.f0_semitones, 2),
            "f0_range": rounded(residual.f0_range, 2),
            "rate": rounded(residual.rate, 2),
            "loudness_db": rounded(residual.envelope_db.mean(), 1),
        }
        for name, residual in residuals.items()
    }
    return found


def targets_of(results: Mapping[str, Any]) -> Targets:
    """Sets every measured figure beside what it has to reach."""
    targets = Targets()
    recall = results["evaluator"].get("cross_validation", {}).get("recall", {})
    for voice, found in results["voices"].items():
        dial, real = found.get("dial", {}), found.get("real", {})
        for emotion in (name for name in LABELS if name in dial):
            add_dial(targets, f"{voice}, {emotion}", dial[emotion], recall.get(emotion, 1) - BELOW_ACTORS)
            if "word_error" in dial[emotion] and "word_error" in real:
                most = round(1.25 * real["word_error"], 4)
                worst = max(dial[emotion]["word_error"])
                targets.at_most(f"{voice}, {emotion}: word error, worst level", worst, most)
            if emotion != "neutral" and "actors" in results:
                name = f"{voice}, {emotion}: similarity, intensity 0 to 1"
                targets.at_least(name, dial[emotion]["similarity"][-1], results["actors"][emotion])
        if "duration" in found:
            most_ms = found["duration"]["most_ms"]
            targets.at_most(f"{voice}: largest error of an asked length, ms", most_ms, 20)
        if "vocoder" in found.get("copy", {}):
            made, world = found["copy"]["vocoder"], found["copy"]["world"]
            targets.at_least(f"{voice}: PESQ-WB of copies", made["pesq_wb"], max(3.0, world["pesq_wb"]))
            targets.at_least(f"{voice}: STOI of copies", made["stoi"], max(0.95, world["stoi"]))
    return targets


def add_dial(targets: Targets, title: str, row: Mapping[str, Any], named: float) -> None:
    """Adds what one emotion's dial has to reach.

    Args:
        title: of the voice and the emotion. row: from `run_dial`. named: share to be named as asked.
    """
    targets.at_least(f"{title}: named as asked at intensity 1", row["named"][-1], named)
    if not title.endswith("neutral"):
        targets.at_least(f"{title}: Spearman rho of the dial", row["rho"], 0.9)
        targets.at_least(f"{title}: adjacent steps in order", row["in_order"], 0.85)
        drop = rounded(row["similarity_to_voice"][0] - row["similarity_to_voice"][-1])
        targets.at_most(f"{title}: similarity to the voice, drop from 0 to 1", drop, 0.03)


def report_text(results: Mapping[str, Any], folder: Path) -> str:
    """Draws into the folder; gives the report as text."""
    from .speech_plots import draw
    from .speech_text import markdown

    folder.mkdir(parents=True, exist_ok=True)
    return markdown(results, draw(results, folder))


def keep_figures(results: Mapping[str, Any], checkpoint: str) -> None:
    """Records what was measured, that of copies with the vocoder, all else with the weights."""
    copies = {name: row for name, row in results["targets"].items() if name.endswith("of copies")}
    rest = {name: row for name, row in results["targets"].items() if name not in copies}
    leaks = {f"linear probe, {name}": row["accuracy"] for name, row in results.get("leak", {}).items()}
    if copies:
        record_figures("speech-vocoder", copies)
    if rest or leaks:
        record_figures(checkpoint, {"clips a step": results["settings"]["clips"], **rest, **leaks})
