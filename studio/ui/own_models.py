"""Video models of this machine, to choose from: Wan2.1 and emotion adapters that its owner put there.

A page may have visitors. So it takes no path from anybody and fetches nothing: what lies in the folder `models`
of the library, and what of Wan2.1 is in the hub's cache already, is offered by its name.
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from .controls import Control, field_of, id_of
from .making import note_html

MODALITY = "video"
FOLDER = "models"
SMALL, NO_ADAPTER = "The small model", "None"
# What lies in a folder of each kind.
BASE_FILES, ADAPTER_FILES = ("model_index.json",), ("config.json", "adapter/config.json")


def add_own_models(library: Path) -> list[Control]:
    """Adds the choice of a base and of an adapter for it."""
    folder = library / FOLDER
    bases, adapters = [*folders_with(folder, BASE_FILES), *cached()], folders_with(folder, ADAPTER_FILES)
    with gr.Row(elem_classes="pairs"):
        chosen = [
            picker("base", "Model", [(SMALL, ""), *bases]),
            picker("adapter", "Emotion adapter for it", [(NO_ADAPTER, ""), *adapters]),
        ]
    if not bases:
        words = f"Wan2.1 in diffusers' form is offered here when it lies in {folder} at the start."
        gr.HTML(note_html(words), apply_default_css=False)
    return chosen


def picker(name: str, label: str, choices: list[tuple[str, str]]) -> Control:
    """Adds one choice; Gradio refuses whatever is none of them."""
    owner, field = field_of(MODALITY, name)
    return Control(
        owner,
        field,
        gr.Dropdown(choices, value="", label=label, elem_id=id_of(MODALITY, name), filterable=False),
    )


def folders_with(folder: Path, files: tuple[str, ...]) -> list[tuple[str, str]]:
    """Gives (name, path) of the folders in a folder that hold one of the files."""
    if not folder.is_dir():
        return []
    found = [each for each in sorted(folder.iterdir()) if any((each / name).is_file() for name in files)]
    return [(each.name, str(each)) for each in found]


def cached() -> list[tuple[str, str]]:
    """Gives (name, name) of the published models that are in the hub's cache."""
    from huggingface_hub import try_to_load_from_cache

    from generators.video.wan_weights import PUBLISHED

    there = [name for name in PUBLISHED if isinstance(try_to_load_from_cache(name, BASE_FILES[0]), str)]
    return [(name, name) for name in there]
