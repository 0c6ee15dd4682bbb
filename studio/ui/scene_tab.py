"""The scene tab: a short script, who speaks it with which voice and face, and one feeling over the whole."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .cast import add_cast, seats_for
from .controls import add_field, add_groups
from .feeling import TIME
from .making import Workshop
from .medium_tab import Main, Medium, MediumTab
from .scene_parts import SceneParts, add_parts
from .scene_script import EXAMPLE, SceneScript, add_script, screenplay
from .seeds import add_seeds

MODALITY = "scene"
# Fields with a place of their own; the others come group by group.
PLACED = (
    "script", "text", "voices", "voice", "second_voice", "image", "second_image", "speaker_emotions", "takes",
    "from_text", "checkpoint", "seed",
)  # fmt: skip


def add_main(workshop: Workshop) -> Main:
    """Adds what is nearly always set."""
    way, text, file, told = add_script()
    cast = add_cast(MODALITY, seats_for(screenplay({"text": EXAMPLE}).names, {}), seen=True)
    curve = gr.Button(
        "Let the feeling change over the scene", size="sm", elem_id="scene-curve", elem_classes="quiet"
    )
    script = SceneScript(way, text, file, cast, told, workshop.served)
    script.wire()
    words = add_field(
        MODALITY, "from_text", label="Feel as the words read", info="Lines that say nothing themselves"
    )
    parts = add_parts(workshop)
    with gr.Row(elem_classes="grid4"):
        # Another seed would make every part anew.
        seeds = add_seeds(workshop, MODALITY, keep=True)
    return Main(
        [script, words, parts],
        seeds,
        parts,
        lambda tab: wire_tab(tab, curve, parts),
        (parts.list, parts.shown),
    )


def wire_tab(tab: MediumTab, button: Any, parts: SceneParts) -> None:
    """Turns the panel to a feeling over time, which runs through the whole scene; joins the parts."""
    parts.wire()
    mode = tab.panel.inputs[0]
    quiet: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")
    tab.panel.show_after(button.click(lambda: TIME, None, mode, **quiet)).then(
        None,
        js="() => document.getElementById('keyframes')?.scrollIntoView({behavior: 'smooth', block: 'center'})",
        **quiet,
    )


def add_more(workshop: Workshop) -> list[Any]:
    """Adds every field that has no place of its own."""
    return list(add_groups(MODALITY, PLACED))


MEDIUM = Medium(MODALITY, "Scene", "Script", add_main, add_more, compared=False)
