"""Presets: the settings of a tab as small JSON files, a folder for each medium, with import and export."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from checkpoints import replace_file
from generators.base import shorten

from .making import message_html, note_html, one_line

if TYPE_CHECKING:
    from .medium_tab import MediumTab

LARGEST_PRESET = 2**18
NAME = re.compile(r"[^\W_](?:[\w &+,'-]{0,46}[^\W_])?")


def preset_names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.json"))


def preset_path(folder: Path, name: str | None) -> Path:
    """Gives where a preset of this name lies.

    Raises:
        ValueError: a name that could leave the folder, or none.
    """
    text = " ".join((name or "").split())
    if not NAME.fullmatch(text):
        raise ValueError(
            f"expected a preset name of 1 to 48 letters, digits and spaces, got {shorten(name or '')}"
        )
    return folder / f"{text}.json"


def save_preset(folder: Path, name: str | None, recipe: Mapping[str, Any]) -> Path:
    """Writes a preset, whole or not at all; one of the same name is replaced."""
    path = preset_path(folder, name)
    with replace_file(path) as partial:
        partial.write_text(json.dumps(recipe, indent=2, ensure_ascii=False), encoding="utf-8")
    return path


def read_preset(path: Path) -> dict[str, Any]:
    """Reads a preset or a recipe.

    Raises:
        ValueError: too large, or no JSON object with a modality.
        OSError: no such file.
    """
    if path.stat().st_size > LARGEST_PRESET:
        raise ValueError(f"expected a preset of at most {LARGEST_PRESET} bytes, got {path.stat().st_size}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise ValueError(f"expected a JSON preset, got something else in {path.name}") from None
    if not isinstance(found, dict) or not isinstance(found.get("modality"), str):
        raise ValueError(f"expected a preset with a modality, got {shorten(found)}")
    return found


def add_preset_controls(tab: MediumTab) -> None:
    """Adds the section with presets and wires it."""
    prefix = tab.modality
    folder = tab.workshop.served.presets / prefix
    folder.mkdir(exist_ok=True)
    with gr.Accordion("Presets", open=False):
        with gr.Row(elem_classes="fields"):
            name = gr.Textbox(
                label="Name",
                placeholder="rainy evening",
                max_length=48,
                elem_id=f"{prefix}-preset-name",
                min_width=140,
            )
            save = gr.Button("Save settings", size="md", elem_id=f"{prefix}-preset-save", min_width=120)
        with gr.Row(elem_classes="fields"):
            chosen = gr.Dropdown(
                preset_names(folder), value=None, label="Saved", elem_id=f"{prefix}-preset", min_width=140
            )
            load = gr.Button("Load", size="md", elem_id=f"{prefix}-preset-load", min_width=80)
            export = gr.DownloadButton(
                "Export", size="md", elem_id=f"{prefix}-preset-export", min_width=80, interactive=False
            )
        bring = gr.File(
            label="Import a preset or a recipe (JSON)",
            file_types=[".json"],
            type="filepath",
            height=130,
            elem_id=f"{prefix}-preset-import",
            elem_classes="drop",
        )
        note = gr.HTML("", apply_default_css=False, elem_id=f"{prefix}-preset-note")
    unchanged = [gr.skip() for _ in tab.settable]

    def keep(wanted: str, *values: Any) -> list[Any]:
        try:
            path = save_preset(folder, wanted, tab.as_preset(values))
        except (ValueError, OSError) as error:
            return [message_html(one_line(error)), gr.skip(), gr.skip()]
        chooser = gr.update(choices=preset_names(folder), value=path.stem)
        return [note_html(f"Saved “{path.stem}”."), chooser, gr.update(value=str(path), interactive=True)]

    def put_back(path: Path, words: str) -> list[Any]:
        try:
            return [note_html(words), *tab.restore(read_preset(path))]
        except (ValueError, OSError) as error:
            return [message_html(one_line(error)), *unchanged]

    def take(wanted: str | None) -> list[Any]:
        try:
            path = preset_path(folder, wanted)
        except ValueError as error:
            return [message_html(one_line(error)), *unchanged]
        return put_back(path, f"Loaded “{path.stem}”.")

    def take_file(path: str | None) -> list[Any]:
        return put_back(Path(path), "Imported.") if path else ["", *unchanged]

    def offer(wanted: str | None) -> Any:
        return gr.update(value=str(preset_path(folder, wanted)) if wanted else None, interactive=bool(wanted))

    quiet: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")
    save.click(keep, [name, *tab.inputs], [note, chosen, export], **quiet)
    tab.panel.show_after(load.click(take, chosen, [note, *tab.settable], **quiet))
    chosen.input(offer, chosen, export, **quiet)
    # Through the queue: only then is the tab told that a state of its own has changed.
    queued = {**quiet, "queue": True}
    tab.panel.show_after(bring.upload(take_file, bring, [note, *tab.settable], **queued))
