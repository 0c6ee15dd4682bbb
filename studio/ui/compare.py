"""A and B: the same words, settings and seed with two feelings, or two intensities of one, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from conditioning.names import MEAD

from ..jobs import DONE
from . import making
from .in_step import add_in_step
from .making import one_line
from .stage import Stage, add_stage

if TYPE_CHECKING:
    from .medium_tab import MediumTab

STARTS = (("A", 0.3), ("B", 1.0))
PANEL = "As on the panel"


def add_compare(tab: MediumTab, nothing_yet: str) -> None:
    """Adds the section with two stages and wires it."""
    name = tab.modality
    with gr.Accordion("Compare two intensities or feelings", open=False):
        gr.Markdown("Made twice with the same seed; only what is set here differs.", elem_classes="note")
        feelings, sliders, stages = [], [], []
        with gr.Row(elem_classes="halves"):
            for letter, start in STARTS:
                with gr.Column(min_width=240, elem_classes="half"):
                    prefix = f"{name}-{letter.lower()}"
                    feelings.append(
                        gr.Dropdown(
                            [PANEL, *MEAD],
                            value=PANEL,
                            allow_custom_value=True,
                            label=f"Feeling of {letter}",
                            info="Pick one, or type any words",
                            elem_id=f"{prefix}-feeling",
                        )
                    )
                    sliders.append(
                        gr.Slider(
                            0,
                            1.5,
                            value=start,
                            step=0.05,
                            label=f"Intensity of {letter}",
                            elem_id=f"{prefix}-intensity",
                            buttons=[],
                        )
                    )
                    stages.append(add_stage(prefix, (), nothing_yet, small=True))
        add_in_step(name, *(stage.picture.elem_id for stage in stages))
        with gr.Row(elem_classes="go"):
            make = gr.Button("Make both", size="md", elem_id=f"{name}-compare", scale=3)
            stop = gr.Button("Cancel", size="md", elem_id=f"{name}-compare-cancel", interactive=False)
        progress = gr.HTML(
            "", elem_id=f"{name}-compare-progress", elem_classes="told", apply_default_css=False
        )
    for feeling, slider in zip(feelings, sliders, strict=True):
        # Two feelings are compared as strong as they are; two strengths are for one feeling.
        feeling.input(
            lambda words: gr.skip() if words == PANEL else 1.0,
            feeling,
            slider,
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
    wire_compare(tab, [*feelings, *sliders], stages, make, stop, progress)


def requests_of(tab: MediumTab, values: list[Any], sides: list[Any], **changes: Any) -> list[dict[str, Any]]:
    """Gives the request of each side.

    Args:
        values: of `tab.inputs`. sides: both feelings, then both intensities.

    Raises:
        ValueError: as `tab.request`.
    """
    feelings = [None if not words or words == PANEL else str(words) for words in sides[:2]]
    return [
        tab.request(values, feeling=feeling, intensity=strength, **changes)
        for feeling, strength in zip(feelings, sides[2:], strict=True)
    ]


def wire_compare(
    tab: MediumTab, sides: list[Any], stages: list[Stage], make: Any, stop: Any, progress: Any
) -> None:
    job_id = gr.State(None)
    seed = tab.seeds.control.component
    idle = {make: gr.update(interactive=True), stop: gr.update(interactive=False), job_id: None}

    def run(*given: Any) -> Iterator[dict[Any, Any]]:
        *values, locked = given[: -len(sides)]
        changes = {} if locked else {"seed": tab.seeds.draw()}
        try:
            requests = requests_of(tab, values, list(given[-len(sides) :]), **changes)
            for (letter, _), stage, request in zip(STARTS, stages, requests, strict=True):
                for job in tab.workshop.follow(request):
                    yield {
                        make: gr.update(interactive=False),
                        stop: gr.update(interactive=not job.finished),
                        job_id: job.id,
                        progress: making.progress_html(job, before=f"{letter}: "),
                        seed: changes.get("seed", gr.skip()),
                    }
                if job.state != DONE:
                    yield {**idle, progress: making.progress_html(job)}
                    return
                yield next(stage.show(tab.workshop, tab.workshop.entry_of(job)))
            yield {**idle, progress: ""}
        except (ValueError, OSError) as error:
            yield {**idle, progress: making.message_html(one_line(error))}

    make.click(
        run,
        [*tab.inputs, tab.seeds.lock, *sides],
        [make, stop, job_id, progress, seed, *(part for stage in stages for part in stage.outputs)],
        show_progress="hidden",
        api_visibility="private",
        concurrency_limit=None,
    )
    stop.click(
        tab.workshop.cancel, job_id, None, queue=False, api_visibility="private", show_progress="hidden"
    )
