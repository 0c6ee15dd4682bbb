"""The page: a short head, the feeling, one tab for each medium beside it, and the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from . import body_player
from .api import add_api
from .emotion_panel import add_emotion_panel
from .library_tab import add_library_tab
from .making import Workshop
from .media_tabs import media
from .medium_tab import add_medium_tab
from .theme import asset

if TYPE_CHECKING:
    from ..jobs import JobQueue
    from ..library import Library

TITLE = "Affect Studio"


def build_page(queue: JobQueue, library: Library) -> Any:
    """Builds the page; `studio.ui.launch.serve` starts it.

    Args:
        queue: runs the requests, one at a time for each device; it must add its results to `library`.
        library: what the page shows, and in whose folder its own files lie.

    Returns:
        `gradio.Blocks`.
    """
    from .served import ServedFolder

    workshop = Workshop(queue, library, ServedFolder(library))
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        gr.HTML(
            asset("masthead.html"),
            js_on_load=asset("masthead.js") + asset("a11y.js") + body_player.script(),
            apply_default_css=False,
            elem_id="masthead",
        )
        # One panel outside the tabs: the feeling stays when another medium is chosen.
        with gr.Row(elem_classes="studio"):
            with gr.Column(elem_classes="card feeling-card"):
                gr.Markdown("## Feeling", elem_classes="section")
                panel = add_emotion_panel()
            with gr.Tabs(elem_id="tabs") as tabs:
                made = {}
                for medium in media():
                    with gr.Tab(medium.title, id=medium.modality):
                        made[medium.modality] = add_medium_tab(workshop, panel, medium)
                with gr.Tab("Library", id="library", elem_id="library-tab") as library_tab:
                    add_library_tab(workshop, panel, made, tabs, library_tab)
        add_api(workshop)
        page.load(
            lambda *values: panel.show(values),
            panel.inputs,
            [panel.readout, panel.pad],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
    return page
