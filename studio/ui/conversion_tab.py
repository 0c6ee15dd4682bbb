"""The conversion tab: the recording, what it expresses itself, and whether its timing stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from conditioning.names import RUSSELL, STATES, find_state

from .controls import Control, Uploaded, add_field, add_groups, field_of, id_of, sentence
from .making import Workshop
from .medium_tab import Main, Medium
from .seeds import add_seeds

MODALITY = "conversion"
# Fields with a place of their own; the others come group by group.
PLACED = ("audio", "source_emotion", "keep_timing", "checkpoint", "seed")
FIRST = {"neutral": "Neutral", "auto": "Heard in the recording"}


class SourceEmotion(Control):
    """The picker of what the recording expresses; a recipe may have any word for it."""

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        word = str(arguments.get(self.name, ""))
        return super().write({**arguments, self.name: find_state(word) or word}, uploaded)


def add_source_emotion() -> SourceEmotion:
    """Adds the picker, with what is nearly always meant on top."""
    owner, field = field_of(MODALITY, "source_emotion")
    names = sorted(name for name in STATES if name not in (*FIRST, *RUSSELL))
    picker = gr.Dropdown(
        [*((shown, name) for name, shown in FIRST.items()), *((sentence(name), name) for name in names)],
        value=str(field.default),
        label="The recording expresses",
        elem_id=id_of(MODALITY, "source_emotion"),
        elem_classes="wide",
    )
    return SourceEmotion(owner, field, picker)


def add_main(workshop: Workshop) -> Main:
    """Adds what is nearly always set."""
    recording = add_field(MODALITY, "audio", label="Recording")
    with gr.Row(elem_classes="grid4"):
        expressed = add_source_emotion()
        timing = add_field(MODALITY, "keep_timing", elem_classes="wide")
        seeds = add_seeds(workshop, MODALITY)
    return Main([recording, expressed, timing], seeds)


def add_more(workshop: Workshop) -> list[Any]:
    """Adds every field that has no place of its own."""
    return list(add_groups(MODALITY, PLACED))


MEDIUM = Medium(MODALITY, "Conversion", "Recording", add_main, add_more)
