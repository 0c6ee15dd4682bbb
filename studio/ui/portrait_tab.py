"""The portrait tab: the photo, what is said, three dials, and how the face and the picture are made."""

from __future__ import annotations

import dataclasses
from typing import Any

import gradio as gr

from . import portrait_head as head
from .controls import (
    add_field,
    add_group,
    add_groups,
    add_segments,
    choices_of,
    classes_of,
    field_of,
    sentence,
)
from .making import Workshop
from .medium_tab import Main, Medium
from .portrait_controls import add_background, add_gaze
from .portrait_dials import DIALS, add_dials, is_driven
from .portrait_photo import add_photo
from .said import add_said
from .seeds import add_seeds

MODALITY = "portrait"
MOVEMENT, PICTURE = "movement", "picture"
# Fields with a place of their own; the others come group by group.
PLACED = (
    "image", "face", "crop", "width", "height", "audio", "text", "voice", "driving",
    *(f"{dial}_{what}" for dial in DIALS for what in ("scale", "from")),
    "gaze_yaw", "gaze_pitch", "head_motion", "blink_rate", "region", "background", "background_image",
    "mark", "checkpoint", "seed",
)  # fmt: skip


def head_fields() -> tuple[str, ...]:
    """Gives what only the 3D head has."""
    fields = (field for cls in classes_of(MODALITY) for field in dataclasses.fields(cls))
    return tuple(field.name for field in fields if field.metadata.get("group") == head.GROUP)


def settle(arguments: dict[str, Any], intensity: float) -> dict[str, Any]:
    """Leaves out what means nothing: the 3D head beside a photo, a driving file that nothing takes from."""
    left_out = set(head_fields()) if arguments.get("image") else set()
    if not is_driven(arguments):
        left_out.add("driving")
    return {name: value for name, value in arguments.items() if name not in left_out}


def add_main(workshop: Workshop) -> Main:
    """Adds what is nearly always set."""
    parts, photo = add_photo(MODALITY)
    sliders, box = head.add_head(MODALITY)
    photo.change(
        lambda path: gr.update(visible=not path),
        photo,
        box,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    said, dials = add_said(MODALITY), add_dials(MODALITY)
    with gr.Row(elem_classes="grid4"):
        seeds = add_seeds(workshop, MODALITY)
    return Main([*parts, *sliders, said, *dials], seeds)


def choices(name: str) -> list[tuple[str, Any]]:
    """Gives (shown, value) of a field, shown as sentences."""
    _, field = field_of(MODALITY, name)
    return [(sentence(shown), value) for shown, value in choices_of(field.metadata)]


def add_more(workshop: Workshop) -> list[Any]:
    """Adds how the face moves and how the picture is made, and every field that has no place of its own."""
    with gr.Accordion("Movement", open=False), gr.Row(elem_classes="pairs"):
        gaze = add_gaze(MODALITY)
        with gr.Column():
            movement = [
                add_segments(MODALITY, "head_motion", label="Head"),
                add_field(MODALITY, "blink_rate", label="Blinks a minute", info=None, step=1),
                add_field(MODALITY, "region", label="What may move", info=None, choices=choices("region")),
            ]
        movement += add_group(MODALITY, MOVEMENT, PLACED)
    with gr.Accordion("Picture", open=False):
        background = add_background(MODALITY)
        picture = add_group(MODALITY, PICTURE, PLACED)
        picture.append(add_field(MODALITY, "mark", label="Write “generated” into the corner", info=None))
    shown = [control.name for control in (*movement, *picture)]
    groups = add_groups(MODALITY, (*PLACED, *shown, *head_fields()))
    return [gaze, *movement, background, *picture, *groups]


MEDIUM = Medium(MODALITY, "Portrait", "Portrait", add_main, add_more, settle)
