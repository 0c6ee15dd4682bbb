"""The music tab: length, key and tempo of a piece, and the given piece that a task starts from."""

from __future__ import annotations

from typing import Any

import gradio as gr

from generators.music.options import DEFAULT_BARS

from .controls import add_field, add_groups, title_of
from .length import Way, add_length
from .making import Workshop
from .medium_tab import Main, Medium
from .music_controls import MODALITY, add_tasks, settle
from .seeds import add_seeds

MAIN = ("style", "key", "mode", "time_signature", "tempo_min", "tempo_max")
LABELS = {"tempo_min": "Slowest (bpm)", "tempo_max": "Fastest (bpm)"}
# Fields with a place of their own; the others come group by group.
PLACED = ("bars", "duration_s", "source", "task", "infill_bars", "keep", "checkpoint", "seed", *MAIN)
LENGTHS = (Way("bars", "bars", DEFAULT_BARS), Way("seconds", "duration_s", 20))


def add_main(workshop: Workshop) -> Main:
    """Adds what is nearly always set."""
    with gr.Row(elem_classes="grid4"):
        length = add_length(MODALITY, *LENGTHS)
        controls = [
            add_field(MODALITY, name, info=None, label=LABELS.get(name, title_of(name))) for name in MAIN
        ]
        seeds = add_seeds(workshop, MODALITY)
    return Main([length, *controls], seeds)


def add_more(workshop: Workshop) -> list[Any]:
    """Adds the tasks, and every field that has no place of its own."""
    with gr.Accordion("Start from a piece", open=False):
        tasks = add_tasks()
    return [*tasks, *add_groups(MODALITY, PLACED)]


MEDIUM = Medium(MODALITY, "Music", "Piece", add_main, add_more, settle)
