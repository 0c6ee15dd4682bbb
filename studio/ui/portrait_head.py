"""The 3D head that speaks without a photo: its sliders, and a picture of it as they stand."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import gradio as gr

from generators.base import build

from .controls import Control, add_group, classes_of
from .making import message_html, one_line

GROUP = "3D head"
# Pixels; on the page it is half as large.
SIZE = (320, 384)
LOCK = threading.Lock()


def add_head(modality: str) -> tuple[list[Control], Any]:
    """Adds the folded section and wires it.

    Returns:
        The fields' controls, and the section.
    """
    with (
        gr.Accordion("The 3D head", open=False, elem_id=f"{modality}-head", elem_classes="head-box") as box,
        gr.Row(elem_classes="head-row"),
    ):
        with gr.Column(elem_classes="head-picture", min_width=140):
            picture = gr.HTML(
                "", elem_id=f"{modality}-head-picture", apply_default_css=False, label="The head"
            )
        with gr.Column(elem_classes="head-sliders", min_width=220):
            controls = add_group(modality, GROUP, info=None)
    wire(modality, box, picture, controls)
    return controls, box


def wire(modality: str, box: Any, picture: Any, controls: list[Control]) -> None:
    """Draws the head when the section opens, and anew at each change while it is open."""
    opened = gr.State(False)
    inputs = [control.component for control in controls]
    quiet: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")

    def draw(shown: bool, *values: Any) -> Any:
        if not shown:
            return gr.skip()
        try:
            given = [control.read([value]) for control, value in zip(controls, values, strict=True)]
            return picture_html({name: value for each in given for name, value in each.items()}, modality)
        except (ValueError, OSError) as error:
            return message_html(one_line(error))

    unfolded = box.expand(lambda: True, None, opened, **quiet)
    unfolded.then(draw, [opened, *inputs], picture, **quiet)
    box.collapse(lambda: False, None, opened, **quiet)
    for component in inputs:
        component.change(draw, [opened, *inputs], picture, trigger_mode="always_last", **quiet)


def picture_html(arguments: Mapping[str, Any], modality: str) -> str:
    """Gives the head as an image.

    Args:
        arguments: fields of the group that are not at their defaults.

    Raises:
        ValueError: a value out of range, or no weights of the head.
    """
    from .film import jpeg

    options: Any = build(classes_of(modality)[1], arguments)
    return f'<img class="head-drawn" src="{jpeg(drawn(options))}" alt="The 3D head as it is set">'


def drawn(options: Any) -> Any:
    """Gives (H, W, 3) uint8 of the head at rest."""
    import torch

    from generators.portrait.options import SLIDERS

    sliders = {name: value for name in SLIDERS if (value := getattr(options, name))}
    with LOCK:  # one renderer draws whoever is asked for
        renderer = renderer_of(options.material, options.head_seed or None)
        renderer.identity = renderer.head.identity(sliders, options.head_seed or None)
        return renderer.render(torch.zeros(1, 52), torch.zeros(1, 6), torch.zeros(1, 2))[0].numpy()


@lru_cache(maxsize=3)
def renderer_of(material: str, seed: int | None) -> Any:
    """Gives what draws heads of one material and one person's colours, which take long to paint."""
    from generators.portrait.head_renderer import HeadRenderer

    return HeadRenderer(seed=seed, material=material, size=SIZE)
