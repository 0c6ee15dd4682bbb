"""The strip: a feeling for each sentence, read off the text and open to changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from checkpoints import CheckpointError

from .controls import Uploaded
from .making import message_html, note_html, one_line
from .speech_reading import overall, read_rows, rows_from, rows_of_json, to_json, view_of
from .theme import asset

PANEL, SENTENCES = "The panel", "Each sentence"
EMPTY: dict[str, Any] = {"rows": [], "names": []}
PROBLEMS = (ValueError, OSError, CheckpointError)
HELP = "Read off the text when it is English; change what you like. The panel's intensity scales them all."


@dataclass(frozen=True)
class Strip:
    """The two components, a `Part`. What `read` gives is made whole by `settle`, which knows the text."""

    way: Any
    rows: Any

    @property
    def inputs(self) -> list[Any]:
        return [self.way, self.rows]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        return {"emotions": rows_from(values[1])} if values[0] == SENTENCES else {}

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        emotions = arguments.get("emotions")
        if not emotions:
            return [PANEL, EMPTY]
        rows = rows_of_json(
            str(arguments.get("text", "")), str(arguments.get("language") or "auto"), str(emotions)
        )
        return [SENTENCES, view_of(rows)]


def settle(arguments: dict[str, Any], intensity: float) -> dict[str, Any]:
    """Puts the rows into the prompt, one for each sentence of the text as it stands now.

    Args:
        arguments: what was set; "emotions" are rows, or missing when the panel's feeling is for all.
        intensity: the panel's, or that of one side of a comparison; scales every row.

    Raises:
        ValueError: a text without words, or an emotion that cannot be read.
    """
    known = arguments.get("emotions")
    if known is None:
        return arguments
    rows = read_rows(arguments.get("text", ""), arguments.get("language", "auto"), known)
    return {
        **arguments,
        "emotions": to_json(rows, intensity),
        # For titles and lists; what is spoken follows the rows.
        "emotion": overall(rows).to_json(),
    }


def add_way(prefix: str) -> Any:
    """Adds the choice between one feeling for all and one for each sentence."""
    return gr.Radio(
        [PANEL, SENTENCES],
        value=PANEL,
        label="The feeling comes from",
        elem_classes="segments unit wide",
        elem_id=f"{prefix}-feeling-from",
    )


def add_strip(prefix: str, way: Any, text: Any, language: Any) -> Strip:
    """Adds the rows and wires them to the choice, the text and its language."""
    with gr.Column(visible=False, elem_classes="strip-box") as box:
        note = gr.HTML(note_html(HELP), apply_default_css=False, elem_id=f"{prefix}-strip-note")
        rows = gr.HTML(
            EMPTY,
            html_template=asset("strip.html"),
            js_on_load=asset("strip.js"),
            elem_id=f"{prefix}-strip",
            apply_default_css=False,
            label="A feeling for each sentence",
        )
        again = gr.Button("Read the text anew", size="sm", elem_id=f"{prefix}-read-again")
    strip = Strip(way, rows)
    quiet: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")

    def fill(chosen: str, words: str, spoken: str | None, value: Any) -> list[Any]:
        if chosen != SENTENCES:
            return [gr.skip(), gr.skip()]
        return read_anew(words, spoken, value)

    def read_anew(words: str, spoken: str | None, value: Any = None) -> list[Any]:
        try:
            found = read_rows(words or "", spoken or "auto", rows_from(value))
        except PROBLEMS as error:
            return [EMPTY, message_html(one_line(error))]
        return [view_of(found), note_html(HELP)]

    def check(value: Any) -> Any:
        try:
            return view_of(rows_from(value))
        except PROBLEMS:
            return gr.skip()

    way.change(lambda chosen: gr.update(visible=chosen == SENTENCES), way, box, **quiet)
    for listen in (way.input, text.blur, language.input):
        listen(fill, [way, text, language, rows], [rows, note], **quiet)
    again.click(read_anew, [text, language], [rows, note], **quiet)
    rows.input(check, rows, rows, trigger_mode="always_last", **quiet)
    return strip
