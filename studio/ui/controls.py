"""Page controls from dataclass fields: one loop over the metadata that `generators.base.option` declares."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from generators.base import check_value, field_type

from .instruments import GM_NAMES

# A slider over more than this many steps cannot be aimed at: a number box takes its place.
MOST_SLIDER_STEPS = 300


@dataclass(frozen=True)
class Control:
    """One field of a Prompt or Options and the component that sets it.

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
    def default(self) -> Any:
        return self.field.default

    def read(self, value: Any) -> Any:
        """Gives what the component sent as the field's value.

        Raises:
            ValueError: a wrong type, or a value outside its range or choices.
        """
        kind, optional = field_type(self.field, self.owner)
        if isinstance(value, (list, tuple)) and kind is str:
            value = ",".join(str(item) for item in value)
        if value is None or (value == "" and (optional or kind is not str)):
            return None if optional else self.field.default
        return check_value(self.field, self.owner, number_in(value) if kind in (int, float) else value)

    def write(self, value: Any) -> Any:
        """Gives what the component shows for a value; one that the field refuses becomes the default."""
        try:
            checked = check_value(self.field, self.owner, value)
        except ValueError:
            checked = self.field.default
        if is_group(self.component):
            return [item.strip() for item in str(checked or "").split(",") if item.strip()]
        if type(self.component) is gr.Textbox and not isinstance(checked, str):
            return "" if checked is None else f"{checked:g}"
        return checked


def is_group(component: Any) -> bool:
    return isinstance(component, gr.CheckboxGroup)


def number_in(value: Any) -> Any:
    """Gives the number in a text box; other text stays, so that the field refuses it in its own words."""
    if not isinstance(value, str):
        return value
    try:
        return int(value) if value.strip().lstrip("-").isdigit() else float(value)
    except ValueError:
        return value


def grouped_fields(
    classes: Iterable[type], skip: Sequence[str]
) -> dict[str, list[tuple[type, dataclasses.Field]]]:
    """Gives group name -> [(class, field), ...] in the order in which they are declared."""
    groups: dict[str, list[tuple[type, dataclasses.Field]]] = {}
    for cls in classes:
        for field in dataclasses.fields(cls):
            if field.name not in skip and "help" in field.metadata:
                groups.setdefault(field.metadata.get("group") or "more", []).append((cls, field))
    return groups


def field_of(classes: Iterable[type], name: str) -> tuple[type, dataclasses.Field]:
    """Gives (class, field) for a field name."""
    return next((cls, field) for cls in classes for field in dataclasses.fields(cls) if field.name == name)


def title_of(name: str) -> str:
    """Gives "Note density" for "note_density"."""
    words = name.removeprefix("num_").removesuffix("_s").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def add_control(cls: type, field: dataclasses.Field, **changes: Any) -> Control:
    """Adds the component for one field to the page that is being built; `changes` go to the component."""
    kind, optional = field_type(field, cls)
    meta = field.metadata
    title, unit = title_of(field.name), meta.get("unit") or ""
    words: dict[str, Any] = dict(
        label=title if not unit or unit in title.lower() else f"{title} ({unit})",
        info=sentence(meta.get("help") or "") or None,
        value=field.default,
        elem_id=field.name.replace("_", "-"),
        min_width=120,
    )
    words.update(changes)
    low, high, choices = meta.get("minimum"), meta.get("maximum"), meta.get("choices")
    if field.name.endswith("_instrument"):
        programs = [(f"{program + 1} · {name}", program) for program, name in enumerate(GM_NAMES)]
        return Control(cls, field, gr.Dropdown(programs, **words))
    if choices:
        shown = [(sentence(str(choice)), choice) for choice in choices]
        return Control(cls, field, gr.Dropdown(shown, filterable=len(choices) > 9, **words))
    if kind is bool:
        return Control(cls, field, gr.Checkbox(**words))
    if kind is str:
        return Control(cls, field, gr.Textbox(**{**words, "value": field.default or "", "max_length": 200}))
    step = 1.0 if kind is int else slider_step(low, high)
    if not optional and low is not None and high is not None and (high - low) / step <= MOST_SLIDER_STEPS:
        return Control(cls, field, gr.Slider(low, high, step=step, buttons=[], **words))
    # Only a text box can be empty. `read` checks ranges: a number box's own check would be a bare toast.
    if optional:
        return Control(
            cls, field, gr.Textbox(**{"placeholder": "auto", **words, "value": "", "max_length": 20})
        )
    return Control(cls, field, gr.Number(precision=0 if kind is int else None, **words))


def slider_step(low: float | None, high: float | None) -> float:
    span = (high or 0) - (low or 0)
    return 0.01 if span <= 2 else 0.05 if span <= 8 else 0.1
