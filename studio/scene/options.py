"""What can be asked of a scene."""

from __future__ import annotations

import json
from dataclasses import dataclass

from generators.base import option
from generators.portrait.options import IMAGE_FILES
from generators.voice.voices import LABELS

from ..dubbing.options import CASTS, SCRIPTS

TEXTS = (".txt",)
CHECKPOINTS = ("speech-nc", "speech-base")
# Width and height of a film by the lines of its picture.
SIZES = {720: (1280, 720), 1080: (1920, 1080), 360: (640, 360)}
BOTH, PORTRAIT, BODY = "both", "portrait", "body"
PARTS = ("speech", "portrait", "gesture", "score")
MOST_TAKES = 10_000


@dataclass(frozen=True)
class ScenePrompt:
    """Who says what."""

    script: str = option(
        "", "The script as a file: a text with lines such as ANNA: Hello, subtitles or a table.",
        file=(*TEXTS, *SCRIPTS),
    )  # fmt: skip
    text: str = option(
        "", "The script as text, where there is no file: lines such as ANNA: Hello.", multiline=True
    )
    voices: str = option("", "Who has which voice and photo, as YAML.", file=CASTS, group="speakers")
    voice: str = option(
        "kathleen", "Who speaks where the voices say nothing.", labels=LABELS, group="speakers"
    )
    second_voice: str = option(
        "kerstin", "The second speaker's voice, likewise.", labels=LABELS, group="speakers"
    )
    image: str = option(
        "", "A photo of the first speaker; empty takes a 3D head.", file=IMAGE_FILES, group="speakers"
    )
    second_image: str = option(
        "", "A photo of the second speaker, likewise.", file=IMAGE_FILES, group="speakers"
    )
    speaker_emotions: str = option(
        "",
        'Feelings of single speakers over the scene, as JSON: {"ANNA": [[0, "calm"], [10, "angry"]]}.',
        group="speakers",
    )


@dataclass(frozen=True)
class SceneOptions:
    """How to make it."""

    checkpoint: str = option(
        "auto",
        "Weights: auto takes the best; speech-base leaves out all that learned from non-commercial data.",
        choices=("auto", *CHECKPOINTS),
    )
    seed: int = option(0, "Another seed draws other takes of every part.", minimum=0, maximum=2**31 - 1)
    takes: str = option("", 'Other draws of single parts, as JSON: {"2 speech": 1, "score": 3}.')
    from_text: bool = option(False, "Lines without a feeling of their own get one from their words.")
    score: bool = option(True, "Music under the whole scene.", group="music")
    score_takes: int = option(
        4,
        "Takes of the music, of which the one is used that our own reader places nearest to the feeling (speech-base "
        "takes the first).",
        minimum=1, maximum=16, group="music",
    )  # fmt: skip
    score_db: float = option(
        -9.0, "How loud the music is where nobody speaks, against the voices.", unit="dB", minimum=-40, maximum=6,
        group="music",
    )  # fmt: skip
    duck_db: float = option(
        -11.0, "How far the music goes down under a voice.", unit="dB", minimum=-40, maximum=0, group="music"
    )
    pause_s: float = option(
        0.6, "Silence between two lines; excitement shortens it, calm lengthens it.", unit="s", minimum=0,
        maximum=10, group="timing",
    )  # fmt: skip
    lead_s: float = option(1.0, "Before the first line.", unit="s", minimum=0, maximum=60, group="timing")
    tail_s: float = option(2.5, "After the last line.", unit="s", minimum=0, maximum=60, group="timing")
    shows: str = option(
        BOTH, "What is seen of who speaks.", choices=(BOTH, PORTRAIT, BODY),
        labels={BOTH: "face and body", PORTRAIT: "the face", BODY: "the body"}, group="picture",
    )  # fmt: skip
    subtitles: bool = option(True, "Name and words in the picture.", group="picture")
    height: int = option(
        720, "Lines of the picture, 16 to 9.", unit="pixels", choices=tuple(SIZES), group="picture"
    )
    frame_rate: float = option(25.0, "Frames a second.", unit="Hz", minimum=5, maximum=30, group="picture")
    loudness_lufs: float = option(
        -23.0, "Loudness of the whole (EBU R128).", unit="LUFS", minimum=-40, maximum=-10, group="sound"
    )
    peak_dbtp: float = option(-1.0, "Highest true peak.", unit="dBTP", minimum=-9, maximum=0, group="sound")


def check_prompt(prompt: ScenePrompt, options: SceneOptions) -> None:
    """Refuses, before anything is made, what contradicts itself or cannot be read.

    Raises:
        ValueError: no script or two of them, an unknown voice, no JSON, a script that cannot be read.
        FileNotFoundError: a file that is not there.
    """
    from generators.voice.voices import check_voice

    from .screenplay import read_screenplay

    check_voice(prompt.voice)
    check_voice(prompt.second_voice)
    takes_of(options.takes)
    if bool(prompt.script) == bool(prompt.text.strip()):
        raise ValueError(f"expected a script or text, got {'both' if prompt.script else 'neither'}")
    read_screenplay(prompt)


def takes_of(text: str) -> dict[str, int]:
    """Reads which parts are drawn anew: {"2 speech": 1}; the number is the line's.

    Raises:
        ValueError: no JSON object of parts and whole numbers.
    """
    found = object_of(text, "takes", '{"2 speech": 1, "score": 3}')
    for name, take in found.items():
        if not is_part(name):
            raise ValueError(f'expected parts such as "2 speech" or "score" in takes, got {name[:40]!r}')
        if not isinstance(take, int) or isinstance(take, bool) or not 0 <= take <= MOST_TAKES:
            raise ValueError(
                f"expected a whole number from 0 to {MOST_TAKES} for {name} in takes, got {take!r:.40}"
            )
    return found


def is_part(name: str) -> bool:
    number, _, part = name.rpartition(" ")
    return name == "score" or (number.isascii() and number.isdigit() and part in PARTS[:3])


def object_of(text: str, name: str, example: str) -> dict:
    """Reads a JSON object; empty text is an empty one."""
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"expected {name} like {example}, got {text[:60]!r}")
    return found
