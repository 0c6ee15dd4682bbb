"""What can be asked of the music backend."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generators.base import SamplingOptions, fader, guidance, option

from .features import TIME_SIGNATURES
from .harmony import MODES, TONICS
from .instruments import PROGRAMS
from .tokens import ELEMENTS

STYLES = ("pop", "folk", "classical", "performance")
TASKS = ("generate", "continue", "infill", "edit")
CHECKPOINTS = ("music-emopia-nc", "music-base")  # the best first
SOURCE_SUFFIXES = (".mid", ".midi", ".musicxml", ".mxl", ".xml")
KEYS = ("auto", *TONICS)
DEFAULT_BARS = 16


@dataclass(frozen=True)
class MusicPrompt:
    """What to make."""

    bars: int | None = option(
        None,
        "Length of the piece, or of the part to add when continuing.",
        unit="bars",
        minimum=1,
        maximum=4096,
    )
    duration_s: float | None = option(
        None, "Length in seconds instead of bars.", unit="s", minimum=1, maximum=10800
    )
    task: str = option(
        "generate", "Make a new piece, or continue, infill or edit a given one.", choices=TASKS
    )
    source: str | None = option(
        None, "MIDI or MusicXML file to continue, infill or edit.", file=SOURCE_SUFFIXES
    )
    infill_bars: str = option("", 'Bars to make anew when infilling, for example "5-8" (the first bar is 1).')
    keep: str = option(
        "position,pitch,duration,part",
        "Elements that an edit keeps, out of "
        + ", ".join(ELEMENTS)
        + "; the others are made anew for the emotion.",
    )


@dataclass(frozen=True)
class MusicOptions(SamplingOptions):
    """How to make it."""

    checkpoint: str = option(
        "auto",
        "Weights: auto takes the best; music-base has no non-commercial data.",
        choices=("auto", *CHECKPOINTS),
    )
    content_guidance_scale: float = guidance("How strictly the faders are followed.")
    identity_guidance_scale: float = guidance("How strictly the style is followed.")
    style: str = option("auto", "Kind of music; auto is what the weights do best.", choices=("auto", *STYLES))
    key: str = option("auto", "Tonic.", choices=KEYS, group="harmony")
    mode: str = option(
        "auto", "Major or minor; auto leaves it to the emotion.", choices=("auto", *MODES), group="harmony"
    )
    time_signature: str = option(
        "auto", "Metre; auto is 4/4.", choices=("auto", *TIME_SIGNATURES), group="rhythm"
    )
    tempo_min: float | None = option(
        None, "Slowest tempo.", unit="bpm", minimum=40, maximum=220, group="rhythm"
    )
    tempo_max: float | None = option(
        None, "Fastest tempo.", unit="bpm", minimum=40, maximum=220, group="rhythm"
    )
    rhythm_density: float = fader("Onsets a beat, around what the emotion implies.")
    note_density: float = fader("Notes a beat, around what the emotion implies.")
    polyphony: float = fader("Notes sounding at once, around what the emotion implies.")
    register: float = fader("How high, around what the emotion implies.")
    loudness: float = fader("How loud, around what the emotion implies.")
    melody_instrument: int = option(
        0, "General MIDI program of the melody.", minimum=0, maximum=127, labels=PROGRAMS, group="sound"
    )
    accompaniment_instrument: int = option(
        0,
        "General MIDI program of the accompaniment.",
        minimum=0,
        maximum=127,
        labels=PROGRAMS,
        group="sound",
    )
    temperature: float = option(
        1.0,
        "How adventurous the choices are; 0 always takes the likeliest.",
        minimum=0,
        maximum=2,
        group="sampling",
    )
    top_p: float = option(
        0.9, "Share of the likeliest choices to draw from.", minimum=0.05, maximum=1, group="sampling"
    )


def check_prompt(prompt: MusicPrompt, options: MusicOptions) -> None:
    """Refuses combinations that make no sense.

    Raises:
        ValueError: contradicting lengths, a task without its source, an inverted tempo range, a key or metre
            that contradicts what is kept of the source, elements or bars that cannot be read.
    """
    if prompt.bars is not None and prompt.duration_s is not None:
        raise ValueError("expected bars or duration_s, got both")
    if prompt.task == "generate" and prompt.source:
        raise ValueError("expected task continue, infill or edit with a source, got task generate")
    if prompt.task != "generate" and not prompt.source:
        raise ValueError(f"expected a source file for task {prompt.task}, got none")
    if prompt.task in ("infill", "edit") and (prompt.bars is not None or prompt.duration_s is not None):
        raise ValueError(f"expected no length for task {prompt.task} (the source has one), got one")
    if options.tempo_min and options.tempo_max and options.tempo_min > options.tempo_max:
        raise ValueError(
            f"expected tempo_min <= tempo_max, got {options.tempo_min:g} and {options.tempo_max:g}"
        )
    if prompt.task in ("continue", "infill") and options.key != "auto":
        raise ValueError(f"expected key auto for task {prompt.task} (the source has one), got {options.key}")
    if prompt.task in ("infill", "edit") and options.time_signature != "auto":
        raise ValueError(
            f"expected time_signature auto for task {prompt.task} (the source has one), "
            f"got {options.time_signature}"
        )
    if prompt.task == "edit":
        kept = elements_of(prompt.keep)
        if "pitch" in kept and options.key != "auto":
            raise ValueError(f"expected key auto when pitch is kept, got {options.key}")
        if len(kept) == len(ELEMENTS):
            raise ValueError("expected at least one element to make anew, got keep with all of them")
    if prompt.task == "infill":
        bar_range(prompt.infill_bars, 99_999)  # the source's own length is known when it is read


def elements_of(keep: str) -> frozenset[str]:
    """Reads "pitch, duration" into element names."""
    names = [name.strip() for name in keep.split(",") if name.strip()]
    for name in names:
        if name not in ELEMENTS:
            raise ValueError(f"expected elements out of {', '.join(ELEMENTS)} in keep, got {name!r}")
    return frozenset(names)


def bar_range(text: str, num_bars: int) -> tuple[int, int]:
    """Reads "5-8" (first bar 1, both ends included) into a half-open range from 0."""
    match = re.fullmatch(r"\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?", text)
    if not match:
        raise ValueError(f'expected infill_bars like "5-8", got {text[:40]!r}')
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= last <= num_bars:
        raise ValueError(f"expected infill_bars within 1-{num_bars}, got {text.strip()}")
    return first - 1, last
