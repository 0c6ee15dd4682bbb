"""The speech tab: the text, who says it and how long it takes, and a feeling for each sentence."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .controls import add_field, add_groups, has_field
from .length import Way, add_length
from .making import Workshop
from .medium_tab import Main, Medium
from .seeds import add_seeds
from .speech_strip import add_strip, add_way, settle

MODALITY = "speech"
# Fields with a place of their own; the others come group by group.
PLACED = ("text", "voice", "language", "duration_s", "speed", "emotions", "checkpoint", "seed")
LENGTHS = (Way("speed", "speed", 1.0), Way("seconds", "duration_s", 4.0))
FIRST_TEXT = "I was so scared. And then you came back, and I could not believe it!"
MARKS = "[pause 0.4s] makes a pause, asterisks around a word stress it, {K AE1 T} says how to pronounce it"
LANGUAGES = [("From the text", "auto"), ("English (US)", "en-US"), ("German", "de-DE")]


def add_main(workshop: Workshop) -> Main:
    """Adds what is nearly always set."""
    text = add_field(MODALITY, "text", value=FIRST_TEXT, info=MARKS, label="Text", container=True)
    with gr.Row(elem_classes="grid4"):
        voice = add_field(MODALITY, "voice", info=None, elem_classes="wide")
        language = add_field(MODALITY, "language", info=None, choices=LANGUAGES, elem_classes="wide")
        length = add_length(MODALITY, *(way for way in LENGTHS if has_field(MODALITY, way.field)))
        seeds = add_seeds(workshop, MODALITY)
        way = add_way(MODALITY)
    strip = add_strip(MODALITY, way, text.component, language.component)
    return Main([text, voice, language, length, strip], seeds)


def add_more(workshop: Workshop) -> list[Any]:
    """Adds every field that has no place of its own."""
    return list(add_groups(MODALITY, PLACED))


MEDIUM = Medium(MODALITY, "Speech", "Line", add_main, add_more, settle, own_feelings=("emotions",))
