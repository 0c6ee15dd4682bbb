"""What is said beside how it is said, as a row of JSON and as a table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .emotion_report import AXES, rounded
from .licences import NON_COMMERCIAL, non_commercial

if TYPE_CHECKING:
    from rich.text import Text

    from conditioning import Combined
    from conditioning.combined import Reading

MOST_CATEGORIES = 3


def row_of(combined: Combined, chosen: bool) -> dict[str, Any]:
    """Gives both readings and the combination as plain JSON.

    Args:
        combined: what was read.
        chosen: whether somebody set the weight.

    Returns:
        "text", "audio" (file name), "words", "voice" and "together" (each "nearest" and "vad"; the voice also
        "categories", state -> chance), "text_weight", "text_weight_set", "conflict", "why", "non_commercial"
        (weights whose terms hold for what is made of it) and "emotion", which `--emotion` takes.
    """
    return {
        "text": combined.words,
        "audio": combined.take,
        "words": place_of(combined.text),
        "voice": {**place_of(combined.audio), "categories": {s: round(c, 4) for s, c in combined.heard}},
        "text_weight": combined.text_weight,
        "text_weight_set": chosen,
        "together": place_of(combined.together),
        "conflict": combined.conflict,
        "why": combined.why,
        "non_commercial": non_commercial(combined.read_by),
        "emotion": combined.emotion().to_json(),
    }


def place_of(reading: Reading) -> dict[str, Any]:
    return {"nearest": reading.name, "vad": rounded(reading.vad)}


def table(combined: Combined, chosen: bool) -> Text:
    """Lays both readings out for a terminal; arguments as for `row_of`, `str()` of it is the plain text."""
    from rich.text import Text

    text = Text(f"{combined.words}  ({combined.take})\n", style="bold")
    text.append("  " + " " * 26 + "".join(f"{axis:>11}" for axis in AXES) + "\n", style="dim")
    readings = {"words": combined.text, "voice": combined.audio, "together": combined.together}
    for name, reading in readings.items():
        numbers = "".join(f"{value:>+11.3f}" for value in reading.vad)
        text.append(f"  {name:<10}{reading.name:<16}{numbers}\n")
    heard = ", ".join(f"{state} {chance:.2f}" for state, chance in combined.heard[:MOST_CATEGORIES])
    text.append(f"  {'heard':<10}{heard}\n")
    text.append(f"  {'weight':<10}{combined.text_weight:.2f} for the words, {weight_from(chosen)}\n")
    why = combined.why if combined.conflict else combined.why.replace("no conflict", "none", 1)
    text.append(f"  {'CONFLICT' if combined.conflict else 'conflict':<10}{why}")
    for name in non_commercial(combined.read_by):
        text.append(f"\n  weights {name}: {NON_COMMERCIAL} use only")
    return text


def weight_from(chosen: bool) -> str:
    return "as asked" if chosen else "chosen from how far each lies from neutral"
