"""The controls of the music tab that are not one field, one component: the task and what belongs to it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .controls import Control, add_field, field_of, id_of, sentence

MODALITY = "music"
TASKS = {"generate": "New piece", "continue": "Continue", "infill": "Fill bars", "edit": "New feeling"}
TASK_HELP = {
    "generate": "A piece from nothing but the feeling and the settings.",
    "continue": "Goes on where your MIDI file ends.",
    "infill": "Writes the named bars of your MIDI file anew and leaves the rest.",
    "edit": "Keeps the ticked elements of your MIDI file and makes the others for the new feeling.",
}
KEEP_FALLBACK = ("tempo", "chord", "position", "pitch", "duration", "velocity", "part")
# A field that only one task has.
OWNERS = {"keep": "edit", "infill_bars": "infill"}


def settle(arguments: dict[str, Any], intensity: float) -> dict[str, Any]:
    """Leaves out what belongs to another task; it stays on the page but is not sent.

    Raises:
        ValueError: a task without its MIDI file.
    """
    task = arguments.get("task", "generate")
    left_out = {name for name, owner in OWNERS.items() if owner != task}
    if task == "generate":
        left_out.add("source")
    elif not arguments.get("source"):
        raise ValueError("expected a MIDI file to start from, got none")
    if task in ("infill", "edit"):
        left_out |= {"bars", "duration_s"}
    return {name: value for name, value in arguments.items() if name not in left_out}


def add_tasks() -> list[Control]:
    """Adds what starts from a given piece: continue, fill bars, change the feeling."""
    owner, field = field_of(MODALITY, "task")
    task = gr.Radio(
        [(TASKS.get(name, sentence(name)), name) for name in field.metadata["choices"]],
        value=str(field.default),
        label="Task",
        elem_classes="segments",
        elem_id=id_of(MODALITY, "task"),
    )
    note = gr.Markdown(TASK_HELP["generate"], elem_classes="note")
    with gr.Column(visible=False) as box:
        source = add_field(MODALITY, "source")
        infill = add_field(MODALITY, "infill_bars", visible=False, label="Bars to write anew")
        keep_owner, keep_field = field_of(MODALITY, "keep")
        keep = gr.CheckboxGroup(
            list(keep_field.metadata.get("choices") or KEEP_FALLBACK),
            value=[item.strip() for item in str(keep_field.default or "").split(",") if item.strip()],
            label="Keep from the given piece",
            visible=False,
            elem_id=id_of(MODALITY, "keep"),
            elem_classes="chips",
        )

    def choose(name: str) -> list[Any]:
        return [
            TASK_HELP.get(name, ""),
            gr.update(visible=name != "generate"),
            gr.update(visible=name == "infill"),
            gr.update(visible=name == "edit"),
        ]

    task.change(
        choose,
        task,
        [note, box, infill.component, keep],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    return [Control(owner, field, task), source, infill, Control(keep_owner, keep_field, keep)]
