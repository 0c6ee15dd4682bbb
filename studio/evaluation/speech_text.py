"""The report on speech as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .report import target_lines
from .speech_evaluator import LABELS


def markdown(results: Mapping[str, Any], pictures: Sequence[str]) -> str:
    """Gives the report."""
    settings = results["settings"]
    lines = [
        "# The speech backend, measured",
        "",
        f"{settings['clips']} held-out lines at each step of the dial, "
        f"checkpoint `{settings['checkpoint']}`, first seed {settings['seed']}.",
        "",
        *evaluator_lines(results["evaluator"]),
    ]
    if "actors" in results:
        lines += ["", "Speaker similarity of real actors, neutral to strong emotion (20 speakers):", ""]
        lines += [f"- {name}: {value:.3f}" for name, value in results["actors"].items()]
    lines += ["", *target_lines(results.get("targets", {}))]
    for name, found in results["voices"].items():
        lines += voice_lines(name, found)
    if "baseline" in results:
        lines += [
            "",
            "## Plain signal processing (WORLD), to be beaten",
            "",
            *dial_lines(results["baseline"]),
        ]
    for name, row in results.get("leak", {}).items():
        lines += ["", f"Linear probe, {name}: {row['accuracy']:.3f} (chance {row['chance']:.3f})"]
    lines += ["", *(f"![{Path(name).stem}]({name})" for name in pictures)]
    return "\n".join(lines)


def evaluator_lines(own: Mapping[str, Any]) -> list[str]:
    """What the evaluator of emotion is worth on real speakers that it never heard."""
    lines = ["The evaluator itself, on real clips of speakers that it never heard:", ""]
    lines += ["| clips | accuracy | " + " | ".join(LABELS) + " |", "|---" * (2 + len(LABELS)) + "|"]
    for key, title in (
        ("cross_validation", "with reference"),
        ("without_reference", "without reference"),
        ("whole_data_set_unseen", "its whole data set never heard"),
    ):
        found = own.get(key)
        if not found:
            continue
        parts = {"all": found} if key == "without_reference" else {"all": found, **found["parts"]}
        for name, row in parts.items():
            recall = " | ".join(f"{row['recall'][k]:.2f}" if k in row["recall"] else "" for k in LABELS)
            lines.append(f"| {name}, {title} | {row['accuracy']:.3f} | {recall} |")
    if "strong_above_normal" in own.get("cross_validation", {}):
        found = own["cross_validation"]
        each = ", ".join(f"{k} {v:.2f}" for k, v in found["strong_above_normal_by_emotion"].items())
        lines += [
            "",
            f"Actors' strong takes above their normal ones: {found['strong_above_normal']:.3f} ({each})",
        ]
    return lines


def voice_lines(name: str, found: Mapping[str, Any]) -> list[str]:
    """Everything measured of one voice."""
    lines = ["", f"## {name}"]
    if "real" in found:
        real = found["real"]
        words = f", word error {real['word_error']:.3f}" if "word_error" in real else ""
        lines += ["", f"Real recordings: named neutral {real['named_neutral']:.2f}, "
                  f"similarity to the voice {real['similarity_to_voice']:.3f}{words}"]  # fmt: skip
    if "dial" in found:
        lines += ["", *dial_lines(found["dial"])]
    if "duration" in found:
        row = found["duration"]
        lines += ["", f"Asked lengths {row['ratios']} of natural: mean error {row['mean_error_ms']} ms, "
                  f"largest {row['most_ms']:.1f} ms"]  # fmt: skip
    for maker, row in found.get("copy", {}).items():
        lines += ["", f"Copies by {maker}: PESQ-WB {row['pesq_wb']:.2f}, STOI {row['stoi']:.3f}"]
    return lines


def dial_lines(dial: Mapping[str, Any]) -> list[str]:
    """The dial as a table, a row for each emotion and level."""
    lines = [
        "| emotion | level | named | score | similarity to 0 | to the voice | word error |",
        "|---" * 7 + "|",
    ]
    for emotion in (name for name in LABELS if name in dial):
        row = dial[emotion]
        for at, level in enumerate(row["levels"]):
            words = f"{row['word_error'][at]:.3f}" if "word_error" in row else ""
            lines.append(
                f"| {emotion} | {level:g} | {row['named'][at]:.2f} | {row['score'][at]:.2f} | "
                f"{row['similarity'][at]:.3f} | {row['similarity_to_voice'][at]:.3f} | {words} |"
            )
        if emotion != "neutral":
            lines.append(f"| {emotion} | rho {row['rho']:.2f} | in order {row['in_order']:.2f} | | | | |")
    return lines
