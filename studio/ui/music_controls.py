"""The controls of the music tab, built from the fields of MusicPrompt and MusicOptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from generators.base import check_value
from generators.registry import backend_class

from .controls import Control, add_control, field_of, grouped_fields, sentence, title_of

BARS, SECONDS = "bars", "seconds"
MAIN = ("style", "key", "mode", "time_signature", "tempo_min", "tempo_max")
# Fields with controls of their own below; the others come from the loop, group by group.
PLACED = ("bars", "duration_s", "source", "task", "infill_bars", "keep", "checkpoint", "seed", *MAIN)
TASKS = {"generate": "New piece", "continue": "Continue", "infill": "Fill bars", "edit": "New feeling"}
TASK_HELP = {
    "generate": "A piece from nothing but the feeling and the settings.",
    "continue": "Goes on where your MIDI file ends.",
    "infill": "Writes the named bars of your MIDI file anew and leaves the rest.",
    "edit": "Keeps the ticked elements of your MIDI file and makes the others for the new feeling.",
}
KEEP_FALLBACK = ("tempo", "chord", "position", "pitch", "duration", "velocity", "part")
DEFAULT_BARS = 8


@dataclass(frozen=True)
class MusicControls:
    """The components, in one fixed order.

    Attributes:
        length_in: bars or seconds.
        length: how many.
        source: the MIDI file to start from.
        controls: one for each other field.
    """

    length_in: Any
    length: Any
    source: Any
    controls: list[Control]

    @property
    def inputs(self) -> list[Any]:
        return [self.length_in, self.length, self.source, *(control.component for control in self.controls)]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives keyword arguments of `generate` for the values of `inputs`, without what is at its default.

        Raises:
            ValueError: a value that its field refuses, or a task without its MIDI file.
        """
        length_in, length, source = values[:3]
        arguments: dict[str, Any] = {}
        for control, value in zip(self.controls, values[3:], strict=True):
            read = control.read(value)
            if read != control.field.default or control.name == "seed":
                arguments[control.name] = read
        task = arguments.get("task", "generate")
        if task != "generate":
            if not source:
                raise ValueError("expected a MIDI file to start from, got none")
            arguments["source"] = str(source)
        # What belongs to another task stays on the page but is not sent; infill and edit have a length.
        if task in ("generate", "continue"):
            arguments.update(self.read_length(length_in, length))
        for name, owner in (("keep", "edit"), ("infill_bars", "infill")):
            if task != owner:
                arguments.pop(name, None)
        return arguments

    def read_length(self, length_in: str, length: Any) -> dict[str, Any]:
        """Gives {"bars": ...} or {"duration_s": ...}."""
        if length is None:
            raise ValueError(f"expected a length in {length_in}, got nothing")
        owner = classes_of()[0]
        name = "duration_s" if length_in == SECONDS else "bars"
        return {name: check_value(field_of([owner], name)[1], owner, length)}

    def write(self, arguments: Mapping[str, Any], source: str | None = None) -> list[Any]:
        """Gives new values for `inputs` from a recipe's prompt and options; unknown names are left aside."""
        seconds = arguments.get("duration_s")
        length = seconds if seconds is not None else arguments.get("bars") or DEFAULT_BARS
        shown = [
            control.write(arguments.get(control.name, control.field.default)) for control in self.controls
        ]
        return [BARS if seconds is None else SECONDS, length, source, *shown]


@dataclass(frozen=True)
class MainControls:
    """What is nearly always set: length, style, key, mode, metre, tempo; the seed, its lock and recall."""

    length: Any
    length_in: Any
    controls: list[Control]
    seed: Control
    lock: Any
    recall: Any


def add_main_controls(seeds: list[tuple[str, str]]) -> MainControls:
    """Adds the main controls; `seeds` are the (shown, value) of the newest pieces."""
    classes = classes_of()
    with gr.Row(elem_classes="grid4"):
        length = gr.Number(DEFAULT_BARS, label="Length", elem_id="length")
        length_in = gr.Radio(
            [BARS, SECONDS], value=BARS, label="Counted in", elem_classes="segments unit", elem_id="length-in"
        )
        labels = {"tempo_min": "Slowest (bpm)", "tempo_max": "Fastest (bpm)"}
        controls = [
            add_control(*field_of(classes, name), info=None, label=labels.get(name, title_of(name)))
            for name in MAIN
        ]
        seed = add_control(*field_of(classes, "seed"), info=None)
        lock = gr.Checkbox(
            False, label="Keep this seed", elem_id="lock", container=False, elem_classes="lock"
        )
        recall = gr.Dropdown(
            seeds, value=None, label="Last seeds", elem_id="recall", filterable=False, elem_classes="wide"
        )
    return MainControls(length, length_in, controls, seed, lock, recall)


def add_group_controls() -> list[Control]:
    """Adds every field that has no place of its own, one folded section for each group."""
    controls = []
    for number, (group, fields) in enumerate(grouped_fields(classes_of(), PLACED).items()):
        with (
            gr.Accordion(sentence(group), open=number == 0 and len(fields) <= 6),
            gr.Row(elem_classes="pairs"),
        ):
            controls += [add_control(cls, field) for cls, field in fields]
    return controls


def add_task_controls() -> tuple[Any, list[Control]]:
    """Adds what starts from a given piece: continue, fill bars, change the feeling."""
    classes = classes_of()
    owner, field = field_of(classes, "task")
    task = gr.Radio(
        [(TASKS.get(name, sentence(name)), name) for name in field.metadata["choices"]],
        value=str(field.default),
        label="Task",
        elem_classes="segments",
        elem_id="task",
    )
    note = gr.Markdown(TASK_HELP["generate"], elem_classes="note")
    with gr.Column(visible=False) as box:
        source = gr.File(
            label="MIDI file to start from",
            file_types=[".mid", ".midi"],
            type="filepath",
            height=130,
            elem_id="source",
            elem_classes="drop",
        )
        infill = add_control(*field_of(classes, "infill_bars"), visible=False, label="Bars to write anew")
        keep_owner, keep_field = field_of(classes, "keep")
        kept = [item.strip() for item in str(keep_field.default or "").split(",") if item.strip()]
        elements = list(keep_field.metadata.get("choices") or KEEP_FALLBACK)
        keep = gr.CheckboxGroup(
            elements,
            value=kept,
            label="Keep from the given piece",
            visible=False,
            elem_id="keep",
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
    return source, [Control(owner, field, task), infill, Control(keep_owner, keep_field, keep)]


def add_checkpoint_control() -> Control:
    """Adds the picker of weights with their licence; weights for non-commercial use only are marked."""
    owner, field = field_of(classes_of(), "checkpoint")
    names = ["auto", *music_checkpoints()]
    names += [name for name in field.metadata.get("choices") or () if name not in names]
    shown = [
        (f"{name} (non-commercial use only)" if is_non_commercial(name) else name, name) for name in names
    ]
    picker = gr.Dropdown(
        shown, value=str(field.default), label="Weights", elem_id="checkpoint", filterable=False
    )
    note = gr.HTML(checkpoint_html(str(field.default)), apply_default_css=False, elem_id="checkpoint-note")
    picker.change(
        checkpoint_html, picker, note, queue=False, show_progress="hidden", api_visibility="private"
    )
    return Control(owner, field, picker)


def classes_of() -> tuple[type, type]:
    backend = backend_class("music")
    return backend.Prompt, backend.Options


def music_checkpoints() -> dict[str, Any]:
    """Gives the manifest's music models by name."""
    import checkpoints

    return {
        name: entry
        for name, entry in checkpoints.manifest().items()
        if entry.cls.startswith("generators.music.")
    }


def is_non_commercial(name: str) -> bool:
    entry = music_checkpoints().get(name)
    return bool(entry and entry.non_commercial)


def checkpoint_html(name: str) -> str:
    """Says licence and training data of one checkpoint, or of all that "auto" chooses from."""
    entries = music_checkpoints()
    chosen = [entries[name]] if name in entries else list(entries.values())
    if not chosen:
        return '<p class="note">No music weights are installed.</p>'
    rows = []
    for entry in chosen:
        mark = '<span class="mark-nc">Non-commercial only</span>' if entry.non_commercial else ""
        rows.append(
            f'<p class="note"><b>{escape(entry.name)}</b> {mark}<br>Licence {escape(entry.licence)}. '
            f"Trained on {escape(entry.data)}.</p>"
        )
    return "".join(rows)
