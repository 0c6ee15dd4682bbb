"""The picker of a medium's weights, with their licence and training data beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import gradio as gr

import checkpoints
from generators.registry import backend_class

from ..licences import NON_COMMERCIAL_MARK, credits, entries_of, non_commercial, terms
from .controls import Control, field_of, id_of

AUTO = "auto"


def add_weights_picker(modality: str) -> Control:
    """Adds the picker; weights for non-commercial use only are marked."""
    owner, field = field_of(modality, "checkpoint")
    names = [AUTO, *installed(modality)]
    shown = [
        (f"{name} (non-commercial use only)" if non_commercial([name]) else name, name) for name in names
    ]
    picker = gr.Dropdown(
        shown, value=AUTO, label="Weights", elem_id=id_of(modality, "checkpoint"), filterable=False
    )
    note = gr.HTML(
        weights_html(modality, AUTO), apply_default_css=False, elem_id=id_of(modality, "checkpoint-note")
    )
    picker.change(
        lambda name: weights_html(modality, name),
        picker,
        note,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    return Control(owner, field, picker)


def installed(modality: str) -> Sequence[str]:
    """Gives the names of a medium's installed weights, best first: "auto" takes the first."""
    known = checkpoints.manifest()
    return [name for name in backend_class(modality).checkpoints if name in known]


def mark_html(names: Iterable[str]) -> str:
    """Gives the mark of weights that may not be used commercially; nothing when all may."""
    return f'<span class="mark-nc">{NON_COMMERCIAL_MARK}</span>' if non_commercial(names) else ""


def credits_html(modality: str, names: Iterable[str]) -> str:
    """Gives whom a result must name for its medium's own weights; nothing when nobody asks for it."""
    own = getattr(backend_class(modality), "checkpoints", ())
    found = credits([name for name in names if name in own])
    return "".join(f'<p class="note">Learned from {escape(words)}.</p>' for words in found)


def weights_html(modality: str, name: str) -> str:
    """Says licence and training data of the weights that are taken."""
    names = installed(modality)
    taken = name if name in names else next(iter(names), None)
    if taken is None:
        return '<p class="note">No weights are installed.</p>'
    return notes_html([taken])


def notes_html(names: Iterable[str]) -> str:
    """Gives a paragraph for each of the weights: name, mark, terms."""
    return "".join(
        f'<p class="note"><b>{escape(entry.name)}</b> {mark_html([entry.name])}<br>{escape(terms(entry))}</p>'
        for entry in entries_of(names)
    )
