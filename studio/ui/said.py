"""What a face or a body says: a recording, or a text that our own voice speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from .controls import Control, Uploaded, add_field

RECORDING, TEXT = "A recording", "A text"


@dataclass(frozen=True)
class Said:
    """The choice and what belongs to each, a `Part`.

    Attributes:
        way: `RECORDING` or `TEXT`.
        audio, text, voice: the fields.
    """

    way: Any
    audio: Control
    text: Control
    voice: Control

    @property
    def inputs(self) -> list[Any]:
        return [self.way, *(each.component for each in (self.audio, self.text, self.voice))]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives the fields of the way that is chosen; raises ValueError."""
        way, audio, text, voice = values
        if way != TEXT:
            return self.audio.read([audio])
        return {**self.text.read([text]), **self.voice.read([voice])}

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        audio, text, voice = (
            each.write(arguments, uploaded)[0] for each in (self.audio, self.text, self.voice)
        )
        # A recipe of a text names the sound too that our voice made of it, which nobody uploaded.
        spoken = bool(str(text or "").strip()) and not audio
        return [TEXT if spoken else RECORDING, audio, text, voice]


def add_said(modality: str) -> Said:
    """Adds the choice with what belongs to it, and wires them."""
    way = gr.Radio(
        [RECORDING, TEXT],
        value=RECORDING,
        label="What is said",
        elem_classes="segments",
        elem_id=f"{modality}-said",
    )
    with gr.Column(elem_classes="way") as heard:
        audio = add_field(modality, "audio", label="Recording")
    with gr.Column(visible=False, elem_classes="way") as written:
        text = add_field(
            modality, "text", info=None, lines=3, placeholder="I did not think that you would come."
        )
        voice = add_field(modality, "voice", info=None)
    way.change(
        lambda chosen: [gr.update(visible=chosen != TEXT), gr.update(visible=chosen == TEXT)],
        way,
        [heard, written],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    return Said(way, audio, text, voice)
