"""Mouth, head and expression, each on a dial of its own and with its own source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from .controls import Control, add_field, field_of

# Dial -> its heading; the fields are `<dial>_scale` and `<dial>_from`.
DIALS = {"mouth": "Mouth", "pose": "Head", "expression": "Expression"}
# Shorter than the fields' own words: a source stands below its dial.
SOURCES = {
    "audio": "The voice",
    "emotion": "The emotion",
    "driving": "A driving file",
    "nothing": "Nothing",
}
DRIVEN = "driving"


def add_dials(modality: str) -> list[Control]:
    """Adds the dials side by side, and a box for the driving file, seen when something takes from it."""
    scales, sources = [], []
    with gr.Row(elem_classes="dials"):
        for dial, heading in DIALS.items():
            with gr.Column(elem_classes="dial", min_width=90):
                scales.append(add_field(modality, f"{dial}_scale", label=heading, info=None))
                _, field = field_of(modality, f"{dial}_from")
                choices = [(SOURCES.get(name, name), name) for name in field.metadata["choices"]]
                label = f"{heading} from"
                sources.append(
                    add_field(
                        modality, f"{dial}_from", label=label, info=None, choices=choices, elem_classes="from"
                    )
                )
    with gr.Column(visible=False, elem_classes="way") as box:
        driving = add_field(modality, "driving", label="Driving file")
    pickers = [source.component for source in sources]
    for picker in pickers:
        picker.change(
            lambda *chosen: gr.update(visible=DRIVEN in chosen),
            pickers,
            box,
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
    return [*scales, *sources, driving]


def is_driven(arguments: Mapping[str, Any]) -> bool:
    """Says whether anything is taken from the driving file."""
    return any(arguments.get(f"{dial}_from") == DRIVEN for dial in DIALS)
