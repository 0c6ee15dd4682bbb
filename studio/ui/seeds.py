"""The seed, its lock, and the seeds of the newest results of a medium."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..recipe import random_seed
from .controls import Control, add_field
from .making import Workshop

MOST_SEEDS = 12


@dataclass(frozen=True)
class Seeds:
    """The components.

    Attributes:
        control: the seed's field.
        lock: keeps the seed; without it each press draws another.
        recall: the newest seeds.
    """

    control: Control
    lock: Any
    recall: Any

    def draw(self) -> int:
        return random_seed(self.control.owner)


def add_seeds(workshop: Workshop, modality: str, *, keep: bool = False) -> Seeds:
    """Adds the three components and wires them.

    Args:
        keep: whether the seed stays from the start, where another would make all anew.
    """
    control = add_field(modality, "seed", info=None)
    lock = gr.Checkbox(
        keep, label="Keep this seed", elem_id=f"{modality}-lock", container=False, elem_classes="lock"
    )
    recall = gr.Dropdown(
        recent_seeds(workshop, modality),
        value=None,
        label="Last seeds",
        elem_id=f"{modality}-recall",
        filterable=False,
        elem_classes="wide",
    )

    def take(chosen: str | None) -> Any:
        return (int(chosen), True) if chosen else (gr.skip(), gr.skip())

    recall.input(
        take,
        recall,
        [control.component, lock],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    return Seeds(control, lock, recall)


def recent_seeds(workshop: Workshop, modality: str) -> list[tuple[str, str]]:
    """Gives (shown, seed as text) of the newest results of a medium."""
    found: dict[str, str] = {}
    for entry in workshop.library.search(modality=modality, limit=MOST_SEEDS):
        seed = (entry.recipe.get("options") or {}).get("seed")
        if seed is not None:
            clock = time.strftime("%H:%M", time.localtime(entry.created))
            found.setdefault(str(seed), f"{seed} · {entry.emotion[:28]} · {clock}")
    return [(shown, seed) for seed, shown in found.items()]
