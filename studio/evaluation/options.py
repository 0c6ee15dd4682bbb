"""Which media can be measured, by what, and with which flags. A new medium is one row."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from generators.base import MAX_SEED, option


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


@dataclass(frozen=True)
class Measurement:
    """How one medium is measured. Its speed is measured by `benchmarks/<medium>.py`, with a function `run`.

    Attributes:
        report: "module:function" that `affect evaluate MEDIUM` calls. It gets what was given of the flags,
            those of every medium (`data_dir`, `out_dir`, `checkpoint`, `quick`, `record`) and those of
            `choices`, by name, and `on_step`; what it has no parameter for is refused. It gives figures, of
            which "targets" is a `report.Targets`.
        ear: "module:class" that `affect evaluate calibration` listens with; see `calibration.Ear`. Empty of what
            is composed of other media: their dials are theirs.
        choices: the medium's own flags.
    """

    report: str
    ear: str = ""
    choices: type[Choices] = Choices


HERE = "studio.evaluation"
# Medium -> how it is measured.
MEASURED = {
    "conversion": Measurement(
        f"{HERE}.conversion_report:evaluate_conversion", f"{HERE}.conversion_ear:ConversionEar"
    ),
    "gesture": Measurement(f"{HERE}.gesture_report:evaluate_gesture", f"{HERE}.gesture_ear:GestureEar"),
    "music": Measurement(f"{HERE}.music_report:evaluate_music", f"{HERE}.music_ear:MusicEar", MusicChoices),
    "portrait": Measurement(f"{HERE}.portrait_report:evaluate_portrait", f"{HERE}.portrait_ear:PortraitEar"),
    "scene": Measurement(f"{HERE}.scene_report:evaluate_scene"),
    "speech": Measurement(
        f"{HERE}.speech_report:evaluate_speech", f"{HERE}.speech_ear:SpeechEar", SpeechChoices
    ),
    "video": Measurement(f"{HERE}.video_report:evaluate_video", f"{HERE}.video_ear:VideoEar"),
}
# These hold several names.
LISTS = ("sections", "voices")


def imported(target: str) -> Any:
    """Gives what "module:name" stands for."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)
