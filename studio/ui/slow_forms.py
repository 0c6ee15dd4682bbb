"""Files that take long to write, such as another film format: made when somebody asks, then downloaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..library import Entry
from .looks import NAMES
from .making import Workshop, message_html, one_line

Shown = dict[Any, Any]
# A press on the button that has just appeared: what somebody asked for is downloaded without a second press.
TAKE = "() => document.getElementById('{id}')?.click()"


@dataclass(frozen=True)
class SlowForms:
    """The components.

    Attributes:
        entry_id: of the result that is shown; a state.
        make: suffix -> the button that makes the file.
        ready: suffix -> the button that downloads it, in its place.
        names: what the buttons say.
        told: what went wrong.
        row: holds them all.
    """

    entry_id: Any
    make: Mapping[str, Any]
    ready: Mapping[str, Any]
    names: Mapping[str, str]
    told: Any
    row: Any

    @property
    def outputs(self) -> list[Any]:
        return [self.entry_id, *self.make.values(), *self.ready.values(), self.told, self.row]

    def show(self, workshop: Workshop, entry: Entry, wanted: Sequence[str]) -> Shown:
        """Gives the buttons of a result: what is made already is downloaded, all else is made first."""
        offered = [suffix for suffix in wanted if suffix in workshop.served.suffixes(entry)]
        shown: Shown = {self.entry_id: entry.id, self.told: "", self.row: gr.update(visible=bool(offered))}
        for suffix, button in self.make.items():
            path = workshop.served.made(entry, suffix) if suffix in offered else None
            there = suffix in offered and path is None
            shown[button] = gr.update(value=self.names[suffix], interactive=True, visible=there)
            shown[self.ready[suffix]] = gr.update(value=str(path) if path else None, visible=path is not None)
        return shown


def add_slow_forms(
    prefix: str,
    suffixes: Sequence[str],
    workshop: Workshop,
    quick: Sequence[str] = (),
    names: Mapping[str, str] = NAMES,
) -> SlowForms:
    """Adds the buttons and wires them; `prefix` keeps the ids of two stages apart.

    Args:
        quick: suffixes that have a button for downloading already: of other media, for which they are quick.
        names: what the buttons say.
    """
    entry_id = gr.State(None)
    with gr.Row(elem_classes="downloads slow", visible=False) as row:
        gr.HTML('<span class="note">Made when you ask:</span>', apply_default_css=False, min_width=120)
        make = {
            suffix: gr.Button(names[suffix], size="sm", min_width=80, elem_id=f"{prefix}-make-{suffix[1:]}")
            for suffix in suffixes
        }
        ready = {
            suffix: gr.DownloadButton(
                names[suffix],
                size="sm",
                min_width=80,
                visible=False,
                elem_id=f"{prefix}-{'made' if suffix in quick else 'download'}-{suffix[1:]}",
                elem_classes="ready",
            )
            for suffix in suffixes
        }
        told = gr.HTML("", apply_default_css=False, elem_id=f"{prefix}-make-told")
    forms = SlowForms(entry_id, make, ready, names, told, row)
    for suffix in suffixes:
        wire(forms, workshop, suffix)
    return forms


def wire(forms: SlowForms, workshop: Workshop, suffix: str) -> None:
    """Joins one button: it says that it works, and is a download when the file is there."""
    make, ready = forms.make[suffix], forms.ready[suffix]
    problem = gr.State(None)

    def write(wanted: str | None) -> str | None:
        try:
            workshop.served.file(workshop.library.get(wanted or ""), suffix)
        except (ValueError, OSError) as error:
            return one_line(error)
        return None

    def offer(wanted: str | None, failed: str | None) -> Shown:
        """Looks at the result that is shown now: somebody may have opened another one meanwhile."""
        again = gr.update(value=forms.names[suffix], interactive=True)
        if failed:
            return {make: again, forms.told: message_html(failed)}
        try:
            path = workshop.served.made(workshop.library.get(wanted or ""), suffix)
        except ValueError:
            path = None
        if path is None:
            return {make: again}
        return {make: gr.update(visible=False), ready: gr.update(value=str(path), visible=True)}

    quiet: dict[str, Any] = dict(show_progress="hidden", api_visibility="private")
    working = gr.update(value=f"Making {forms.names[suffix]}…", interactive=False)
    asked = make.click(lambda: [working, ""], None, [make, forms.told], queue=False, **quiet)
    written = asked.then(write, forms.entry_id, problem, concurrency_limit=2, **quiet)
    offered = written.then(offer, [forms.entry_id, problem], [make, ready, forms.told], queue=False, **quiet)
    offered.then(None, js=TAKE.format(id=ready.elem_id), **quiet)
