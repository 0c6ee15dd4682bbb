"""What can be asked of the conversion backend."""

from __future__ import annotations

from dataclasses import dataclass

from conditioning.names import find_state
from generators.base import SamplingOptions, option
from generators.voice.voices import LABELS, SOUND_FILES, check_clip, check_voice

CHECKPOINTS = ("conversion-nc", "conversion-base")
ALIGNER, VOCODER = "speech-aligner", "speech-vocoder"
AUTO = "auto"


@dataclass(frozen=True)
class ConversionPrompt:
    """What to convert."""

    audio: str = option("", "The recording whose feeling is changed.", required=True, file=SOUND_FILES)
    voice: str = option(
        "",
        "Who says it; empty keeps the person.",
        labels={"": "the same person", **LABELS},
        or_file="voice_clip",
        group="another voice",
    )
    voice_clip: str = option(
        "",
        "A recording of 3 to 15 s whose voice says it instead.",
        file=SOUND_FILES,
        group="another voice",
    )
    voice_mix: float = option(
        1.0,
        "How much of the other voice: 0 is the person (or the named voice, with a recording), 1 the other.",
        minimum=0,
        maximum=1,
        group="another voice",
    )
    keep_timing: bool = option(False, "Leave every sound where it is, for a picture that is locked.")
    source_emotion: str = option(
        "neutral", "What the recording itself expresses: a name; auto hears it and is sure of little."
    )


@dataclass(frozen=True)
class ConversionOptions(SamplingOptions):
    """How to convert it."""

    checkpoint: str = option("auto", "Weights to use; auto takes the best.", choices=("auto", *CHECKPOINTS))
    num_inference_steps: int = option(10, "Sampling steps.", minimum=1, maximum=64, group="sampling")
    emotion_guidance_scale: float = option(
        1.75,
        "How clearly the sound follows the emotion.",
        minimum=0,
        maximum=10,
        group="sampling",
    )
    f0_shift: float = option(
        0.0, "Height of the voice.", unit="semitones", minimum=-12, maximum=12, group="delivery"
    )
    f0_range: float = option(
        1.0, "Liveliness of the melody against the usual.", minimum=0, maximum=3, group="delivery"
    )
    temperature: float = option(
        0.5, "How much the delivery varies from seed to seed.", minimum=0, maximum=1.5, group="delivery"
    )


def check_prompt(prompt: ConversionPrompt, options: ConversionOptions) -> None:
    """Refuses, without loading any weights, what cannot be converted.

    Raises:
        ValueError: a source emotion that is no name. FileNotFoundError: no recording there.
    """
    if prompt.source_emotion != AUTO and find_state(prompt.source_emotion) is None:
        raise ValueError(
            f"expected auto or the name of an emotion for source_emotion, got {prompt.source_emotion!r}"
        )
    if prompt.voice:
        check_voice(prompt.voice)
    check_clip(prompt.audio)
    check_clip(prompt.voice_clip)
