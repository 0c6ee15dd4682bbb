"""Where the eyes look, on a small field to drag in, and what is behind the face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from generators.base import check_value

from .controls import Control, Uploaded, add_field, default_of, field_of, id_of
from .theme import asset

AXES = {"yaw": "gaze_yaw", "pitch": "gaze_pitch"}
KEEP, COLOUR, PICTURE = "Keep", "Colour", "Picture"
FIRST_COLOUR = "#d9dee4"


@dataclass(frozen=True)
class Gaze:
    """The field to drag in, a `Part`; its value holds yaw and pitch in degrees."""

    modality: str
    component: Any

    @property
    def inputs(self) -> list[Any]:
        return [self.component]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives what is not straight ahead; raises ValueError."""
        place = values[0] if isinstance(values[0], dict) else {}
        found = {}
        for axis, name in AXES.items():
            owner, field = field_of(self.modality, name)
            value = check_value(field, owner, place.get(axis, default_of(field)))
            if value != field.default:
                found[name] = value
        return found

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        place = {}
        for axis, name in AXES.items():
            owner, field = field_of(self.modality, name)
            try:
                place[axis] = check_value(field, owner, arguments.get(name, field.default))
            except ValueError:
                place[axis] = field.default
        return [{**limits(self.modality), **place}]


def limits(modality: str) -> dict[str, float]:
    """Gives how far each axis goes, in degrees."""
    return {f"most_{axis}": field_of(modality, name)[1].metadata["maximum"] for axis, name in AXES.items()}


def add_gaze(modality: str) -> Gaze:
    """Adds the field; arrow keys move it, Home looks straight ahead."""
    component = gr.HTML(
        {"yaw": 0.0, "pitch": 0.0, **limits(modality)},
        html_template=asset("gaze.html"),
        js_on_load=asset("gaze.js"),
        elem_id=f"{modality}-gaze",
        apply_default_css=False,
        label="Gaze",
    )
    return Gaze(modality, component)


@dataclass(frozen=True)
class Background:
    """What is kept, a colour or a picture, a `Part`."""

    modality: str
    way: Any
    colour: Any
    picture: Control

    @property
    def inputs(self) -> list[Any]:
        return [self.way, self.colour, self.picture.component]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives nothing, {background} or {background_image}; raises ValueError."""
        way, colour, picture = values
        if way == COLOUR:
            return {"background": hex_of(colour)}
        if way != PICTURE:
            return {}
        found = self.picture.read([picture])
        if not found:
            raise ValueError("expected a picture to put behind the face, got none")
        return found

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        path = self.picture.write(arguments, uploaded)[0]
        if path:
            return [PICTURE, FIRST_COLOUR, path]
        try:
            return [COLOUR, hex_of(arguments.get("background")), None]
        except ValueError:  # "keep", or what no version of ours wrote
            return [KEEP, FIRST_COLOUR, None]


def hex_of(colour: Any) -> str:
    """Gives "#d9dee4" for any way to write a colour, such as a browser's "rgba(217, 222, 228, 1)".

    Raises:
        ValueError: no colour.
    """
    from PIL import ImageColor

    text = str(colour or "").strip()
    if text.startswith("rgba(") and text.endswith(")"):
        # Opacity counts for nothing here, and browsers give fractions.
        parts = text[5:-1].split(",")[:3]
        try:
            text = "rgb({})".format(",".join(str(round(float(part))) for part in parts))
        except ValueError:
            text = ""
    try:
        return "#{:02x}{:02x}{:02x}".format(*ImageColor.getrgb(text)[:3])
    except ValueError:
        raise ValueError(f"expected a colour such as #203040 or white, got {str(colour)[:40]!r}") from None


def add_background(modality: str) -> Background:
    """Adds the choice with what belongs to it, and wires them."""
    with gr.Column(elem_classes="background"):
        way = gr.Radio(
            [KEEP, COLOUR, PICTURE],
            value=KEEP,
            label="Background",
            elem_classes="segments",
            elem_id=id_of(modality, "background"),
        )
        colour = gr.ColorPicker(
            FIRST_COLOUR, label="Colour", visible=False, elem_id=f"{modality}-background-colour"
        )
        picture = add_field(modality, "background_image", label="Picture", visible=False)
    way.change(
        lambda chosen: [gr.update(visible=chosen == each) for each in (COLOUR, PICTURE)],
        way,
        [colour, picture.component],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    return Background(modality, way, colour, picture)
