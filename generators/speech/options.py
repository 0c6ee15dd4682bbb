"""What can be asked of the speech backend."""

from __future__ import annotations

import json
from dataclasses import dataclass

from generators.base import SamplingOptions, option
from generators.voice.phones import LANGUAGES
from generators.voice.voices import LABELS, SOUND_FILES, check_clip, check_voice

CHECKPOINTS = ("speech-nc", "speech-base")
VOCODER = "speech-vocoder"
SLOWEST, FASTEST = 0.5, 2.0


@dataclass(frozen=True)
class SpeechPrompt:
    """What to say."""

    text: str = option(
        "",
        "What to say, in English or German; may carry {K AE1 T}, [pause 0.4s] and *emphasis*.",
        required=True,
        multiline=True,
    )
    voice: str = option(
        "kathleen",
        "Who says it.",
        labels=LABELS,
        or_file="voice_clip",
    )
    voice_clip: str = option(
        "",
        "A recording of 3 to 15 s whose voice says it instead.",
        file=SOUND_FILES,
        group="voice of a recording",
    )
    voice_mix: float = option(
        1.0,
        "How much of the recording's voice: 0 is the named voice, 1 the recording's.",
        minimum=0,
        maximum=1,
        group="voice of a recording",
    )
    language: str = option(
        "auto", "Language of the text; auto reads it off the text.", choices=("auto", *LANGUAGES)
    )
    duration_s: float | None = option(
        None, "Length of the whole in seconds, met exactly.", unit="s", minimum=0.1, maximum=3600
    )
    emotions: str = option(
        "",
        'A feeling for each sentence instead, as JSON: [["sad", 0.7], ["calm", 0.4]].',
        group="sentences",
    )


@dataclass(frozen=True)
class SpeechOptions(SamplingOptions):
    """How to say it."""

    checkpoint: str = option("auto", "Weights to use; auto takes the best.", choices=("auto", *CHECKPOINTS))
    num_inference_steps: int = option(
        6, "Steps of the acoustic model; more is slower.", minimum=1, maximum=64, group="sampling"
    )
    content_guidance_scale: float = option(
        1.4, "How clearly the words are said; 1 is faster.", minimum=0, maximum=10, group="sampling"
    )
    # How actors shape contour and rhythm, in few sentences, is drawn too faintly for others. Levels and range
    # are set exactly after the draw, so this does not make the emotion itself stronger.
    emotion_guidance_scale: float = option(
        3.0, "How clearly melody and rhythm follow the emotion.", minimum=0, maximum=10, group="sampling"
    )
    speed: float = option(
        1.0, "Rate of speech against the voice's own.", minimum=SLOWEST, maximum=FASTEST, group="delivery"
    )
    f0_shift: float = option(
        0.0, "Height of the voice.", unit="semitones", minimum=-12, maximum=12, group="delivery"
    )
    f0_range: float = option(
        1.0, "Liveliness of the melody against the usual.", minimum=0, maximum=3, group="delivery"
    )
    energy: float = option(
        0.0, "Vocal effort and loudness.", unit="dB", minimum=-12, maximum=12, group="delivery"
    )
    breathiness: float = option(
        0.0, "From pressed (-1) to breathy (1).", minimum=-1, maximum=1, group="delivery"
    )
    pause_scale: float = option(
        1.0, "Length of pauses against the usual.", minimum=0, maximum=4, group="delivery"
    )
    temperature: float = option(
        0.4, "How much the delivery varies from seed to seed.", minimum=0, maximum=1.5, group="delivery"
    )


def check_prompt(prompt: SpeechPrompt, options: SpeechOptions) -> None:
    """Refuses, without loading any weights, what cannot be said.

    Raises:
        ValueError: an unknown voice, unreadable text, a length and a speed at once, emotions that are not
            JSON pairs.
    """
    from .text import iter_sentences

    check_voice(prompt.voice)
    check_clip(prompt.voice_clip)
    iter_sentences(prompt.text, prompt.language)
    if prompt.duration_s is not None and options.speed != 1.0:
        raise ValueError(
            f"expected duration_s or speed, got both ({prompt.duration_s:g} s and {options.speed:g})"
        )
    sentence_emotions(prompt)


def sentence_emotions(prompt: SpeechPrompt) -> list[tuple[object, float]]:
    """Gives the (emotion, intensity) asked for each sentence; empty where the call's emotion rules.

    Raises:
        ValueError: not a JSON list of [emotion, intensity].
    """
    if not prompt.emotions.strip():
        return []
    try:
        rows = json.loads(prompt.emotions)
        return [(value, float(intensity)) for value, intensity in rows]
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise ValueError(
            f'expected emotions like [["sad", 0.7], ["calm", 0.4]], got {prompt.emotions[:60]!r}'
        ) from None
