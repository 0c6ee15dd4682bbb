"""The gesture tab: what is said, whose style, three dials, a movement to change, and the body it is for."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .controls import add_dials, add_field, add_groups, add_segments, choices_of, field_of, sentence
from .making import Workshop
from .medium_tab import Main, Medium
from .said import add_said
from .seeds import add_seeds

MODALITY = "gesture"
# Dial -> its heading.
DIALS = {"hand_scale": "Arms", "head_scale": "Head", "body_scale": "Body"}
# What each task is called; the fields' own words are for the command line.
TASKS = {"generate": "New", "edit": "Change a movement", "infill": "Fill a gap"}
# Fields with a place of their own; the others come group by group.
PLACED = (
    "audio", "text", "voice", "task", "source", "style", "style_clip", "skeleton", "parts", "checkpoint", "seed",
    *DIALS,
)  # fmt: skip


def settle(arguments: dict[str, Any], intensity: float) -> dict[str, Any]:
    """Leaves out what means nothing: a movement that nothing is taken from, a style beside a clip of one."""
    left_out = {"style"} if arguments.get("style_clip") else set()
    if not takes_source(arguments.get("task"), arguments.get("parts")):
        left_out.add("source")
    return {name: value for name, value in arguments.items() if name not in left_out}


def takes_source(task: Any, parts: Any) -> bool:
    """Says whether anything is taken from a movement: what is changed, or what does not move anew."""
    defaults = [field_of(MODALITY, name)[1].default for name in ("task", "parts")]
    return any(value not in (None, default) for value, default in zip((task, parts), defaults, strict=True))


def choices(name: str) -> list[tuple[str, Any]]:
    """Gives (shown, value) of a field, shown as sentences."""
    _, field = field_of(MODALITY, name)
    return [(sentence(shown), value) for shown, value in choices_of(field.metadata)]


def add_main(workshop: Workshop) -> Main:
    """Adds what is nearly always set."""
    _, field = field_of(MODALITY, "task")
    tasks = [(TASKS.get(value, sentence(value)), value) for value in field.metadata["choices"]]
    task = add_segments(MODALITY, "task", label="What is made", choices=tasks)
    said = add_said(MODALITY)
    with gr.Row(elem_classes="pairs"):
        style = add_field(MODALITY, "style", choices=choices("style"), info=None)
        parts = add_field(MODALITY, "parts", label="What moves", choices=choices("parts"), info=None)
    with gr.Column(visible=False, elem_classes="way") as box:
        source = add_field(MODALITY, "source", label="Movement")
    asked = [task.component, parts.component]
    for component in asked:
        component.change(
            lambda *chosen: gr.update(visible=takes_source(*chosen)),
            asked,
            box,
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
    dials = add_dials(MODALITY, DIALS)
    with gr.Row(elem_classes="grid4"):
        seeds = add_seeds(workshop, MODALITY)
    return Main([task, said, style, parts, source, *dials], seeds)


def add_more(workshop: Workshop) -> list[Any]:
    """Adds the files that a manner and a body are taken from, and every field without a place of its own."""
    with gr.Accordion("Manner and body from files", open=False), gr.Row(elem_classes="pairs"):
        files = [
            add_field(MODALITY, "style_clip", label="A movement in the manner"),
            add_field(MODALITY, "skeleton", label="The body that it is for"),
        ]
    return [*files, *add_groups(MODALITY, PLACED)]


MEDIUM = Medium(MODALITY, "Gesture", "Gesture", add_main, add_more, settle)
