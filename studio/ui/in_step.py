"""One button that plays the films, or bodies, of both sides of a comparison, at the same place in time."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ..formats import format_of
from ..formats.format import FILMS, MODELS
from .theme import asset


def add_in_step(modality: str, first: str, second: str) -> Any:
    """Adds the button; it shows itself when both are there. Nothing for a medium that is neither.

    Args:
        first, second: element ids of what holds the films.
    """
    if format_of(modality).played not in (*FILMS, *MODELS):
        return None
    return gr.HTML(
        "",
        html_template=asset("in_step.html"),
        js_on_load=asset("in_step.js").replace("A_ID", first).replace("B_ID", second),
        elem_id=f"{modality}-in-step",
        elem_classes="in-step-box",
        apply_default_css=False,
        label="Both films",
    )
