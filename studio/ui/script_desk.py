"""The script on the page: a timeline, and a row for each line in which everything can be changed."""

from __future__ import annotations

from typing import Any

import gradio as gr

from conditioning.names import GOEMOTIONS
from generators.voice.voices import VOICES

from ..dubbing.line import CONVERT, SPEAK
from .script_rows import Row, read_feeling
from .theme import asset

# The second keeps the performance of the film and gives it the feeling.
MODES = [["Speak", SPEAK], ["Convert", CONVERT]]


def add_desk(modality: str) -> Any:
    """Adds the component; it shows itself when it has rows.

    Its value is {"rows": [...]}, changed by the browser alone or by a new file. Its other properties are for Python to
    set: `plan` and `states`, each a row's id -> what is known of it, and `told`, one line about all.
    """
    return gr.HTML(
        None,
        html_template=asset("script_desk.html"),
        js_on_load=asset("script_times.js") + asset("script_desk.js"),
        server_functions=[look_up],
        elem_id=f"{modality}-desk",
        apply_default_css=False,
        label="Lines of the script",
        plan={},
        states={},
        told="",
        names=list(GOEMOTIONS),
        voices=[[name, name] for name in VOICES],
        modes=MODES,
        button=f"{modality}-generate",
    )


def look_up(row: Any) -> dict[str, str]:
    """Gives the colour of a row's feeling, or what is wrong with it, to the browser."""
    found = row if isinstance(row, dict) else {}
    return read_feeling(found.get("emotion"), found.get("intensity"))


def desk_value(rows: list[Row]) -> dict[str, Any]:
    return {"rows": rows}
