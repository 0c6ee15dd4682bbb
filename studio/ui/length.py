"""How long: one number, and what it counts; each way of counting is a field of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from generators.base import check_value

from .controls import Uploaded, field_of


@dataclass(frozen=True)
class Way:
    """One way to say a length: the word on the page, the field that it sets, and where it starts."""

    word: str
    field: str
    start: float


@dataclass(frozen=True)
class Length:
    """The two components, a `Part`. The first way counts when a recipe names none."""

    modality: str
    ways: tuple[Way, ...]
    number: Any
    counted: Any

    @property
    def inputs(self) -> list[Any]:
        return [self.counted, self.number]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives {field: number}."""
        way = next((way for way in self.ways if way.word == values[0]), self.ways[0])
        if values[1] is None:
            raise ValueError(f"expected a length in {way.word}, got nothing")
        owner, field = field_of(self.modality, way.field)
        return {way.field: check_value(field, owner, values[1])}

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        # Backwards: the first way may have a default of its own beside another that was asked for.
        for way in reversed(self.ways):
            if arguments.get(way.field) is not None:
                return [way.word, arguments[way.field]]
        return [self.ways[0].word, self.ways[0].start]


def add_length(modality: str, *ways: Way, label: str = "Length") -> Length:
    """Adds the number and the choice of what it counts."""
    number = gr.Number(ways[0].start, label=label, elem_id=f"{modality}-length", min_width=80)
    counted = gr.Radio(
        [way.word for way in ways],
        value=ways[0].word,
        label="Counted in",
        elem_classes="segments unit",
        elem_id=f"{modality}-length-in",
        min_width=120,
    )
    starts = {way.word: way.start for way in ways}
    # A number that was set for one way means nothing in another.
    counted.input(
        lambda word: starts.get(word, ways[0].start),
        counted,
        number,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    return Length(modality, ways, number, counted)
