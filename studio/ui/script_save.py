"""The script as it stands on the page, as a file to take away: with its feelings, its speakers and its takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from ..dubbing.options import SCRIPTS
from .making import message_html, one_line
from .slow_forms import TAKE

ORDER = (".json", ".csv", ".srt", ".vtt", ".ass", ".tsv", ".jsonl")


def add_save() -> list[Any]:
    """Adds the choice of a form, the button, and what stands in for the file; gives them."""
    with gr.Row(elem_classes="small-row save-row"):
        form = gr.Dropdown(
            [(suffix[1:].upper(), suffix) for suffix in ORDER if suffix in SCRIPTS],
            value=ORDER[0],
            label="Form of the script",
            show_label=False,
            container=False,
            filterable=False,
            min_width=100,
            scale=0,
            elem_id="dubbing-save-form",
        )
        button = gr.Button("Save the script", size="md", elem_id="dubbing-save", elem_classes="quiet")
        ready = gr.DownloadButton(
            "Script", size="md", visible=False, elem_id="dubbing-saved", elem_classes="quiet"
        )
        told = gr.HTML("", apply_default_css=False, elem_id="dubbing-save-told")
    return [form, button, ready, told]


def wire_save(parts: list[Any], inputs: list[Any], write: Callable[[list[Any], str], str]) -> None:
    """Joins the button to the rows.

    Args:
        inputs: what `write` takes, beside the suffix; it gives the path of the file.
    """
    form, button, ready, told = parts

    def save(suffix: str, *values: Any) -> list[Any]:
        try:
            path = write(list(values), suffix if suffix in SCRIPTS else ORDER[0])
        except (ValueError, OSError) as error:
            return [gr.skip(), message_html(one_line(error))]
        return [gr.update(value=path, label=f"script{suffix}", visible=True), ""]

    quiet: dict[str, Any] = dict(show_progress="hidden", api_visibility="private")
    written = button.click(save, [form, *inputs], [ready, told], concurrency_limit=2, **quiet)
    written.success(None, js=TAKE.format(id=ready.elem_id), **quiet)
