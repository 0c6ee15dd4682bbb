"""Which media can be measured, by what, and with which flags. A new medium is one line in each table."""

from __future__ import annotations

from dataclasses import dataclass

from generators.base import MAX_SEED, option

# Medium -> its measurement "module:function".
EVALUATIONS = {
    "conversion": "studio.evaluation.conversion_report:evaluate_conversion",
    "music": "studio.evaluation.music_report:evaluate_music",
    "speech": "studio.evaluation.speech_report:evaluate_speech",
}
# Medium -> what its calibration listens with "module:class"; see `calibration.Ear`.
EARS = {
    "conversion": "studio.evaluation.conversion_ear:ConversionEar",
    "music": "studio.evaluation.music_ear:MusicEar",
    "speech": "studio.evaluation.speech_ear:SpeechEar",
}


@dataclass(frozen=True)
class Choices:
    """What every measurement takes, beside data, checkpoint and where the report goes."""

    clips: int = option(None, "Clips at each step; the trials scale with it.", minimum=1)
    seed: int = option(None, "Seed of the first clip.", minimum=0, maximum=MAX_SEED)
    sections: str = option(None, "Only these trials, with commas.")


@dataclass(frozen=True)
class MusicChoices(Choices):
    """Of music."""

    bars: int = option(None, "Length of every clip.", unit="bars", minimum=1)


@dataclass(frozen=True)
class SpeechChoices(Choices):
    """Of speech."""

    voices: str = option(None, "Voices to measure, with commas.")


# Medium -> its flags.
CHOICES: dict[str, type[Choices]] = {"conversion": Choices, "music": MusicChoices, "speech": SpeechChoices}
# These hold several names.
LISTS = ("sections", "voices")
