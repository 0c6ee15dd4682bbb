"""The page: a short head, one tab for each medium, and the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from .api import add_api
from .library_tab import add_library_tab
from .making import Workshop
from .music_tab import add_music_tab
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
            js_on_load=asset("masthead.js") + asset("a11y.js"),
            apply_default_css=False,
            elem_id="masthead",
        )
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Music", id="music"):
                music = add_music_tab(workshop)
            with gr.Tab("Library", id="library") as library_tab:
                add_library_tab(workshop, music, tabs, library_tab)
        add_api(workshop)
        page.load(
            lambda *values: music.panel.show(values),
            music.panel.inputs,
            [music.panel.readout, music.panel.pad],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
    return page
