"""The video tab: words and a picture to begin with, or a film to grade; how it looks, and one's own weights."""

from __future__ import annotations

import dataclasses
from typing import Any

import gradio as gr

from generators.video.options import OF_A_BASE

from .controls import Control, add_dials, add_field, add_group, add_groups, add_segments, classes_of, field_of
from .making import Workshop
from .medium_tab import Main, Medium
from .own_models import add_own_models
from .seeds import add_seeds

MODALITY = "video"
NEW, GRADE = "generate", "grade"
# What each task is called; the fields' own words are for the command line.
TASKS = {NEW: "A new film", GRADE: "Grade a film"}
LOOK, GRADING, PICTURE = "look", "grading", "picture"
EXAMPLE = "a round yellow face"
# Dial of grading -> its heading.
DIALS = {
    "grade_brightness": "Brightness",
    "grade_contrast": "Contrast",
    "grade_colour": "Colour",
    "grade_hue": "Warmth",
    "grade_tempo": "Tempo",
}
# Fields with a place of their own; the others come group by group.
PLACED = (
    "prompt", "image", "video", "task", "base", "adapter", *OF_A_BASE, *DIALS, "checkpoint", "seed",
)  # fmt: skip


def names_in(group: str) -> set[str]:
    """Gives the fields of one group."""
    fields = (field for cls in classes_of(MODALITY) for field in dataclasses.fields(cls))
    return {field.name for field in fields if field.metadata.get("group") == group}


def settle(arguments: dict[str, Any], intensity: float) -> dict[str, Any]:
    """Leaves out what belongs to the other task, and to models of one's own where the small one is taken."""
    grading = {"video", *names_in(GRADING)}
    if arguments.get("task") == GRADE:
        kept = {"task", "seed", "checkpoint", *grading}
        return {name: value for name, value in arguments.items() if name in kept}
    left_out = grading if arguments.get("base") else {*grading, "adapter", *OF_A_BASE}
    return {name: value for name, value in arguments.items() if name not in left_out}


def add_main(workshop: Workshop) -> Main:
    """Adds what is nearly always set."""
    _, field = field_of(MODALITY, "task")
    tasks = [(TASKS.get(value, value), value) for value in field.metadata["choices"]]
    task = add_segments(MODALITY, "task", label="What is made", choices=tasks)
    with gr.Column(elem_classes="way") as new:
        words = add_field(MODALITY, "prompt", label="What is seen", info=None, lines=2, placeholder=EXAMPLE)
        image = add_field(MODALITY, "image", label="Picture", info="A picture to begin with, if you like")
    with gr.Column(visible=False, elem_classes="way") as graded:
        film = add_field(MODALITY, "video", label="Film", info="A film to grade")
        dials = add_dials(MODALITY, DIALS, "dials plain five")
    task.component.change(
        lambda chosen: [gr.update(visible=chosen != GRADE), gr.update(visible=chosen == GRADE)],
        task.component,
        [new, graded],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    with gr.Row(elem_classes="grid4"):
        seeds = add_seeds(workshop, MODALITY)
    return Main([task, words, image, film, *dials], seeds)


def add_more(workshop: Workshop) -> list[Any]:
    """Adds the look, the size, one's own models, and every field without a place of its own."""
    with gr.Accordion("Look of a new film", open=False):
        look = add_group(MODALITY, LOOK, PLACED)
    with gr.Accordion("Size and length of a new film", open=False):
        picture = add_group(MODALITY, PICTURE, PLACED)
    with gr.Accordion("Models of your own", open=False):
        own: list[Control] = add_own_models(workshop.library.folder)
        own.append(add_field(MODALITY, "negative_prompt", label="What is not seen", info=None, lines=2))
        with gr.Row(elem_classes="pairs"):
            own += [
                add_field(MODALITY, "flow_shift"),
                add_field(MODALITY, "low_vram", label="Use little GPU memory", info="Slower"),
                add_field(MODALITY, "emotion_in_words", label="Name the emotion in the words too", info=None),
            ]
    shown = names_in(LOOK) | names_in(PICTURE)
    return [*look, *picture, *own, *add_groups(MODALITY, (*PLACED, *shown))]


MEDIUM = Medium(MODALITY, "Video", "Video", add_main, add_more, settle)
