"""What can be asked of a dub."""

from __future__ import annotations

from dataclasses import dataclass

from generators.base import option
from generators.voice.voices import SOUND_FILES

SCRIPTS = (".srt", ".vtt", ".ass", ".ssa", ".csv", ".tsv", ".json", ".jsonl")
CASTS = (".yaml", ".yml", ".json")
FILMS = (".mp4", ".mkv", ".mov", ".webm", ".avi", ".m4v", ".ts", ".mpg")
PICTURES = (".jpg", ".jpeg", ".png", ".webp")
CHECKPOINTS = ("speech-nc", "speech-base")
DUCK, REPLACE, SILENCE = "duck", "replace", "silence"


@dataclass(frozen=True)
class DubbingPrompt:
    """What to dub."""

    script: str = option(
        "",
        "Subtitles or a table: when, who, what, and how it feels.",
        required=True,
        file=SCRIPTS,
    )
    voices: str = option("", "Who has which voice, as YAML; without it one voice speaks all.", file=CASTS)
    video: str = option("", "The film, or its sound, that is dubbed.", file=(*FILMS, *SOUND_FILES))
    voice: str = option("kathleen", "Who speaks where nobody is named.")
    image: str = option("", "A photo that speaks the dub, where there is no film.", file=PICTURES)


@dataclass(frozen=True)
class DubbingOptions:
    """How to dub it."""

    checkpoint: str = option(
        "auto", "Weights of the voice; auto takes the best.", choices=("auto", *CHECKPOINTS)
    )
    seed: int = option(0, "Another seed draws other takes of every line.", minimum=0, maximum=2**31 - 1)
    fastest: float = option(
        1.25, "Most that a line may be said faster than its voice would.", minimum=1, maximum=2, group="fit"
    )
    borrow_s: float = option(
        1.0,
        "Most silence that a line may take from beyond its cue.",
        unit="s",
        minimum=0,
        maximum=10,
        group="fit",
    )
    gap_s: float = option(
        0.08,
        "Silence that stays between two lines of one speaker.",
        unit="s",
        minimum=0,
        maximum=1,
        group="fit",
    )
    original: str = option(
        DUCK,
        "What becomes of the film's own sound: lowered under lines, cut out under them (room tone stays), left out.",
        choices=(DUCK, REPLACE, SILENCE),
        group="mix",
    )
    duck_db: float = option(
        -15.0,
        "How far the film's own sound goes down under a line.",
        unit="dB",
        minimum=-60,
        maximum=0,
        group="mix",
    )
    loudness_lufs: float = option(
        -23.0, "Loudness of the whole (EBU R128).", unit="LUFS", minimum=-40, maximum=-10, group="mix"
    )
    peak_dbtp: float = option(-1.0, "Highest true peak.", unit="dBTP", minimum=-9, maximum=0, group="mix")
    workers: int = option(
        0,
        "Processes that speak at once; 0 takes what this machine bears. The sound is the same.",
        minimum=0,
        maximum=64,
    )
    keep_length: bool = option(
        True, "Last at least as long as the film; else end with the last line.", group="mix"
    )


def check_prompt(prompt: DubbingPrompt, options: DubbingOptions) -> None:
    """Refuses, before anything is read, what contradicts itself.

    Raises:
        ValueError: a photo beside a film, or a voice that is neither bundled nor a recording.
    """
    from generators.voice.voices import check_voice

    check_voice(prompt.voice)
    if prompt.image and prompt.video:
        raise ValueError("expected a film or a photo that speaks, got both")
