"""Page controls from dataclass fields: one loop over the metadata that `generators.base.option` declares."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import gradio as gr

from generators.base import check_value, field_type, files_of
from generators.registry import backend_class

from .file_boxes import add_file_box

# A slider over more than this many steps cannot be aimed at: a number box takes its place.
MOST_SLIDER_STEPS = 300
TECHNICAL = ("model", "sampling")
UNITS = ("_s", "_db", "_lufs", "_dbtp")
# Gives the path of an uploaded file that is still there, and None for any other file of this machine.
Uploaded = Callable[[Any], str | None]


class Part(Protocol):
    """A few components of a tab that set one or more fields."""

    @property
    def inputs(self) -> list[Any]:
        """The components, in one fixed order."""

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives keyword arguments of `generate` for the values of `inputs`; raises ValueError."""

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        """Gives new values for `inputs` from a recipe's prompt and options."""


@dataclass(frozen=True)
class Control:
    """One field of a Prompt or Options and the component that sets it: the smallest `Part`.

    Attributes:
        owner: the dataclass.
        field: its field.
        component: the Gradio component.
    """

    owner: type
    field: dataclasses.Field
    component: Any

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def inputs(self) -> list[Any]:
        return [self.component]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives {name: value}, or nothing when it is at its default.

        Raises:
            ValueError: a wrong type, or a value outside its range or choices.
        """
        read = self.value(values[0])
        return {} if read == self.field.default else {self.name: read}

    def value(self, value: Any) -> Any:
        """Gives what the component sent as the field's value; raises as `read`."""
        kind, optional = field_type(self.field, self.owner)
        if isinstance(value, (list, tuple)) and kind is str:
            value = ",".join(str(item) for item in value)
        if value is None or (value == "" and (optional or kind is not str)):
            return None if optional else default_of(self.field)
        return check_value(self.field, self.owner, number_in(value) if kind in (int, float) else value)

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        """Gives what the component shows; a value that the field refuses becomes the default."""
        value = arguments.get(self.name, default_of(self.field))
        if is_file(self.field):
            return [uploaded(value)]
        try:
            checked = check_value(self.field, self.owner, value)
        except ValueError:
            checked = default_of(self.field)
        if type(self.component) is gr.Dropdown and checked not in [
            each for _, each in self.component.choices
        ]:
            checked = default_of(self.field)
        if type(self.component) is gr.CheckboxGroup:
            return [[item.strip() for item in str(checked or "").split(",") if item.strip()]]
        if type(self.component) is gr.Textbox and not isinstance(checked, str):
            return ["" if checked is None else f"{checked:g}"]
        return [checked]


def default_of(field: dataclasses.Field) -> Any:
    """Gives a field's default; None for a field that must be given."""
    return None if field.default is dataclasses.MISSING else field.default


def is_file(field: dataclasses.Field) -> bool:
    """Says whether a field takes the path of a file."""
    return bool(field.metadata.get("file"))


def file_fields(modality: str) -> list[str]:
    """Gives the fields of a medium's prompt and options that take the path of a file."""
    return [name for cls in classes_of(modality) for name in files_of(cls)]


def number_in(value: Any) -> Any:
    """Gives the number in a text box; other text stays, so that the field refuses it in its own words."""
    if not isinstance(value, str):
        return value
    try:
        return int(value) if value.strip().lstrip("-").isdigit() else float(value)
    except ValueError:
        return value


def classes_of(modality: str) -> tuple[type, type]:
    """Gives a medium's Prompt and Options."""
    backend = backend_class(modality)
    return backend.Prompt, backend.Options


def grouped_fields(
    classes: Iterable[type], skip: Sequence[str]
) -> dict[str, list[tuple[type, dataclasses.Field]]]:
    """Gives group name -> [(class, field), ...] as they are declared, technical groups last."""
    groups: dict[str, list[tuple[type, dataclasses.Field]]] = {}
    for cls in classes:
        for field in dataclasses.fields(cls):
            if field.name not in skip and "help" in field.metadata:
                groups.setdefault(field.metadata.get("group") or "more", []).append((cls, field))
    return dict(sorted(groups.items(), key=lambda item: item[0].lower() in TECHNICAL))


def field_of(modality: str, name: str) -> tuple[type, dataclasses.Field]:
    """Gives (class, field) for a field name."""
    return next(
        (cls, field)
        for cls in classes_of(modality)
        for field in dataclasses.fields(cls)
        if field.name == name
    )


def has_field(modality: str, name: str) -> bool:
    """Says whether a medium's prompt or options have a field of this name."""
    return any(field.name == name for cls in classes_of(modality) for field in dataclasses.fields(cls))


def title_of(name: str) -> str:
    """Gives "Note density" for "note_density", and "Loudness" for "loudness_lufs": the unit stands behind it."""
    words = name.removeprefix("num_")
    for unit in UNITS:
        words = words.removesuffix(unit)
    words = words.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def id_of(modality: str, name: str) -> str:
    """Gives the element id of a field's component: "music-tempo-min"."""
    return f"{modality}-{name.replace('_', '-')}"


def add_field(modality: str, name: str, **changes: Any) -> Control:
    """Adds the component for a field by its name; see `add_control`."""
    return add_control(modality, *field_of(modality, name), **changes)


def add_segments(modality: str, name: str, **changes: Any) -> Control:
    """Adds a field of few choices as a row of them; `changes` go to the component."""
    owner, field = field_of(modality, name)
    words: dict[str, Any] = dict(label=title_of(name), elem_classes="segments", elem_id=id_of(modality, name))
    shown = changes.pop("choices", None) or choices_of(field.metadata)
    choices = [(sentence(words_of), value) for words_of, value in shown]
    radio = gr.Radio(choices, value=default_of(field), **{**words, **changes})
    return Control(owner, field, radio)


def add_group(modality: str, group: str, skip: Sequence[str] = (), **changes: Any) -> list[Control]:
    """Adds the fields of one group that are not in `skip`; `changes` go to every component."""
    fields = grouped_fields(classes_of(modality), skip).get(group, [])
    with gr.Row(elem_classes="pairs", visible=bool(fields)):
        return [add_control(modality, cls, field, **changes) for cls, field in fields]


def add_dials(modality: str, headings: Mapping[str, str], elem_classes: str = "dials plain") -> list[Control]:
    """Adds fields, field -> heading, as dials side by side."""
    dials = []
    with gr.Row(elem_classes=elem_classes):
        for name, heading in headings.items():
            with gr.Column(elem_classes="dial", min_width=90):
                dials.append(add_field(modality, name, label=heading, info=None))
    return dials


def add_groups(modality: str, skip: Sequence[str]) -> list[Control]:
    """Adds every field that is not in `skip`, one folded section for each group."""
    controls = []
    for number, (group, fields) in enumerate(grouped_fields(classes_of(modality), skip).items()):
        with (
            gr.Accordion(sentence(group), open=opens(group, number, len(fields))),
            gr.Row(elem_classes="pairs"),
        ):
            controls += [add_control(modality, cls, field) for cls, field in fields]
    return controls


def opens(group: str, number: int, count: int) -> bool:
    """Says whether a section is open at the start: the first one, when it is small and not technical."""
    return number == 0 and count <= 6 and group.lower() not in TECHNICAL


def add_control(modality: str, cls: type, field: dataclasses.Field, **changes: Any) -> Control:
    """Adds the component for one field to the page that is being built; `changes` go to the component.

    A `step` is that of a slider, for what nobody sets more finely.
    """
    kind, optional = field_type(field, cls)
    meta = field.metadata
    title, unit = title_of(field.name), meta.get("unit") or ""
    words: dict[str, Any] = dict(
        label=title if not unit or unit in title.lower() else f"{title} ({unit})",
        info=sentence(meta.get("help") or "") or None,
        value=default_of(field),
        elem_id=id_of(modality, field.name),
        min_width=120,
    )
    words.update(changes)
    low, high, choices = meta.get("minimum"), meta.get("maximum"), meta.get("choices")
    if is_file(field):
        return Control(cls, field, add_file_box(meta["file"], words))
    if choices or meta.get("labels"):
        shown = words.pop("choices", None) or choices_of(meta)
        return Control(cls, field, gr.Dropdown(shown, filterable=len(shown) > 9, **words))
    if kind is bool:
        return Control(cls, field, gr.Checkbox(**words))
    if kind is str:
        size = {"lines": 4, "max_lines": 14} if meta.get("multiline") else {"max_length": 200}
        return Control(cls, field, gr.Textbox(**{**size, **words, "value": words["value"] or ""}))
    step = words.pop("step", None) or (1.0 if kind is int else slider_step(low, high))
    if not optional and low is not None and high is not None and (high - low) / step <= MOST_SLIDER_STEPS:
        return Control(cls, field, gr.Slider(low, high, step=step, buttons=[], **words))
    # Only a text box can be empty. `read` checks ranges: a number box's own check would be a bare toast.
    if optional:
        return Control(
            cls, field, gr.Textbox(**{"placeholder": "auto", **words, "value": "", "max_length": 20})
        )
    return Control(cls, field, gr.Number(precision=0 if kind is int else None, **words))


def choices_of(meta: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Gives (shown, value) of a field's choices; what has no label says itself."""
    labels = meta.get("labels") or {}
    return [(labels.get(value, sentence(str(value))), value) for value in meta.get("choices") or labels]


def slider_step(low: float | None, high: float | None) -> float:
    span = (high or 0) - (low or 0)
    return 0.01 if span <= 2 else 0.05 if span <= 8 else 0.1
