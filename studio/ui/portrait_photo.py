"""The photo of a portrait: a box to drop it into, the face that is meant, and what of it is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from generators.base import check_value, shorten

from . import portrait_preview as preview
from .controls import Control, Uploaded, add_field, add_segments, default_of, field_of, id_of
from .making import note_html
from .theme import asset

SIZE = re.compile(r"\s*(\d{1,5})\s*[x×*]\s*(\d{1,5})\s*(\(.*\))?\s*")
PHOTO = "A photo or painting of a face"
SIZES = ("512 × 512", "768 × 768", "1024 × 1024", "576 × 1024 (upright)", "1024 × 576 (wide)")


@dataclass(frozen=True)
class PhotoOfSomeone:
    """The photo and which face of it, a `Part`.

    Attributes:
        photo: the field of the file.
        face: a state: the number of the face that is taken, from the left; None unless there are several.
    """

    photo: Control
    face: Any

    @property
    def inputs(self) -> list[Any]:
        return [self.photo.component, self.face]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives the file, and the face when there is a choice; raises ValueError."""
        given = self.photo.read(values[:1])
        if not given or not values[1]:
            return given
        owner, field = field_of("portrait", "face")
        return {**given, "face": check_value(field, owner, values[1])}

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        path = self.photo.write(arguments, uploaded)
        face = arguments.get("face")
        return [*path, face if isinstance(face, int) and face > 0 and path[0] else None]


@dataclass(frozen=True)
class Size:
    """Width and height in one box, a `Part`."""

    component: Any

    @property
    def inputs(self) -> list[Any]:
        return [self.component]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives {width, height}; raises ValueError."""
        return dict(zip(("width", "height"), size_of(values[0]), strict=True))

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        sides = [
            arguments.get(name, default_of(field_of("portrait", name)[1])) for name in ("width", "height")
        ]
        words = " × ".join(str(side) for side in sides)
        return [next((size for size in SIZES if size.startswith(words)), words)]


def size_of(text: Any) -> tuple[int, int]:
    """Reads "512 × 512".

    Raises:
        ValueError: something else, or sides that no result has.
    """
    found = SIZE.fullmatch(str(text or ""))
    if not found:
        raise ValueError(f"expected a size such as 512 x 512, got {shorten(text or '')}")
    return side_of("width", found[1]), side_of("height", found[2])


def side_of(name: str, digits: str) -> int:
    owner, field = field_of("portrait", name)
    side: int = check_value(field, owner, int(digits))
    return side


def add_photo(modality: str) -> tuple[list[Any], Any]:
    """Adds the box with the preview over it, and beside it what is set of the picture; wires them.

    Returns:
        The parts, and the component of the file.
    """
    with gr.Row(elem_classes="photo-row"):
        with gr.Column(elem_classes="photo-cell", min_width=220):
            photo = add_field(modality, "image", info=PHOTO)
            picture = gr.HTML(
                "",
                js_on_load=asset("photo.js"),
                elem_id=f"{modality}-photo",
                elem_classes="over",
                apply_default_css=False,
                label="The photo and its faces",
            )
        with gr.Column(elem_classes="beside", min_width=220):
            told = gr.HTML(
                note_html(preview.NO_PHOTO), elem_id=f"{modality}-photo-told", apply_default_css=False
            )
            # Not the picker's own value: that is not there while the picker is hidden.
            face = gr.State(None)
            picker = gr.Radio(
                [],
                value=None,
                label="Face",
                elem_id=id_of(modality, "face"),
                elem_classes="segments numbers",
                visible=False,
            )
            crop = add_segments(modality, "crop", label="Show", visible=False)
            size = gr.Dropdown(
                list(SIZES),
                value=SIZES[0],
                allow_custom_value=True,
                label="Size (pixels)",
                info="Type any other, such as 640 x 480",
                elem_id=f"{modality}-size",
            )
    parts = [PhotoOfSomeone(photo, face), crop, Size(size)]
    wire(photo.component, face, crop.component, size, picture, told, picker)
    return parts, photo.component


def wire(photo: Any, face: Any, crop: Any, size: Any, picture: Any, told: Any, picker: Any) -> None:
    """Shows the photo anew when it, the face or the frame changes; a press on a face takes it."""
    quiet: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")

    def look(path: str | None, which: int | None, shown: str, wanted: str) -> list[Any]:
        try:
            sides = size_of(wanted)
        except ValueError:
            sides = (512, 512)
        seen = preview.shown(path, which, shown, sides)
        choices = [(str(number), number) for number in seen["numbers"]]
        numbers = gr.update(choices=choices, value=seen["face"], visible=bool(choices))
        return [seen["picture"], seen["told"], numbers, gr.update(visible=bool(path)), seen["face"]]

    def take(event: gr.EventData) -> Any:
        number = getattr(event, "face", None)
        return number if isinstance(number, int) else gr.skip()

    for listen in (photo.change, face.change, crop.change, size.change):
        listen(
            look,
            [photo, face, crop, size],
            [picture, told, picker, crop, face],
            trigger_mode="always_last",
            **quiet,
        )
    # A state only tells of its change after an event of the queue.
    queued = {**quiet, "queue": True, "concurrency_limit": None}
    picker.input(lambda number: number, picker, face, **queued)
    picture.select(take, None, face, **queued)
