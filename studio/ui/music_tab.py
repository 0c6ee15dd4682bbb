"""The music tab: the feeling, the settings, one button, and the piece with its sound, roll and files."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from conditioning import EmotionCurve
from generators.media import Score

from ..jobs import DONE, Job
from ..library import Entry
from ..recipe import random_seed
from . import making, music_controls
from .emotion_panel import EmotionPanel, add_emotion_panel
from .feeling import heading_of, one_line, settings_for
from .making import Workshop
from .music_controls import MainControls, MusicControls
from .roll import empty_roll, roll_html
from .served import read_score
from .theme import asset

logger = logging.getLogger(__name__)

MOST_SEEDS = 12
DOWNLOAD_NAMES = {".mid": "MIDI", ".musicxml": "MusicXML", ".wav": "WAV", ".png": "Picture"}


@dataclass(frozen=True)
class Stage:
    """The components that show a piece, in the order in which `show` fills them."""

    title: Any
    roll: Any
    sound: Any
    downloads: list[Any]
    recipe: Any
    box: Any

    @property
    def outputs(self) -> list[Any]:
        return [self.title, self.roll, self.sound, *self.downloads, self.recipe, self.box]


@dataclass(frozen=True)
class MusicTab:
    """The tab's components, for the page that joins it to the others."""

    workshop: Workshop
    panel: EmotionPanel
    controls: MusicControls
    stage: Stage
    progress: Any
    lock: Any

    @property
    def inputs(self) -> list[Any]:
        return [*self.panel.inputs, *self.controls.inputs]

    @property
    def settable(self) -> list[Any]:
        """What `restore` fills."""
        return [*self.panel.inputs, self.panel.label_set, *self.controls.inputs]

    def request(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives the request that the values of `inputs` stand for.

        Raises:
            ValueError: a setting that is incomplete or out of range.
        """
        split = len(self.panel.inputs)
        curve = self.panel.read(values[:split])
        return {"modality": "music", "emotion": curve.to_json(), **self.controls.read(values[split:])}

    def restore(self, recipe: Mapping[str, Any]) -> list[Any]:
        """Gives new values for `settable` from a recipe or a preset.

        Raises:
            ValueError: no music recipe, or an emotion that cannot be read.
        """
        if not isinstance(recipe, Mapping) or recipe.get("modality") != "music":
            raise ValueError("expected a music recipe, got another kind")
        arguments = {**(recipe.get("prompt") or {}), **(recipe.get("options") or {})}
        panel = self.panel.write(settings_for(recipe.get("emotion") or "neutral"))
        return [*panel, *self.controls.write(arguments, self.uploaded(arguments.get("source")))]

    def uploaded(self, source: Any) -> str | None:
        """Gives the path of a source file when it was uploaded to this page and is still there."""
        path = Path(str(source)).resolve() if source else None
        inside = path is not None and self.workshop.served.uploads.resolve() in path.parents
        return str(path) if inside and path is not None and path.is_file() else None


def add_music_tab(workshop: Workshop) -> MusicTab:
    """Adds the tab's components to the page that is being built, and wires them."""
    with gr.Row(elem_classes="columns"):
        with gr.Column(scale=5, min_width=320, elem_classes="card feeling-card"):
            gr.Markdown("## Feeling", elem_classes="section")
            panel = add_emotion_panel()
        with gr.Column(scale=8, min_width=320, elem_classes="side"):
            with gr.Column(elem_classes="card"):
                gr.Markdown("## Piece", elem_classes="section")
                main = music_controls.add_main_controls(recent_seeds(workshop))
                with gr.Row(elem_classes="go"):
                    make = gr.Button("Generate", variant="primary", size="lg", elem_id="generate", scale=3)
                    stop = gr.Button(
                        "Cancel", variant="secondary", size="lg", elem_id="cancel", interactive=False
                    )
                progress = gr.HTML("", elem_id="progress", apply_default_css=False)
            with gr.Column(elem_classes="card stage"):
                stage = add_stage()
            with gr.Column(elem_classes="card more"):
                gr.Markdown("## Shape it", elem_classes="section")
                with gr.Accordion("Start from a piece", open=False):
                    source, task_controls = music_controls.add_task_controls()
                controls = [*main.controls, *task_controls, *music_controls.add_group_controls()]
                with gr.Accordion("Weights", open=False):
                    controls.append(music_controls.add_checkpoint_control())
                presets = gr.Column()
    controls.append(main.seed)
    tab = MusicTab(
        workshop,
        panel,
        MusicControls(main.length_in, main.length, source, controls),
        stage,
        progress,
        main.lock,
    )
    wire_making(tab, make, stop, main)
    wire_recall(main)
    add_presets(tab, presets)
    return tab


def add_stage(prefix: str = "") -> Stage:
    """Adds title, roll, sound, downloads and recipe; `prefix` keeps the ids of two stages apart."""
    title = gr.HTML(
        '<h2 class="piece-title">No piece yet</h2>', apply_default_css=False, elem_id=f"{prefix}piece-title"
    )
    roll = gr.HTML(
        empty_roll(),
        apply_default_css=False,
        elem_id=f"{prefix}roll",
        label="Piano roll",
        js_on_load=asset("roll.js").replace("SOUND_ID", f"{prefix}sound"),
    )
    with gr.Column(visible=False, elem_classes="stage-parts") as box:
        sound = gr.Audio(
            label="Sound",
            interactive=False,
            elem_id=f"{prefix}sound",
            buttons=[],
            type="filepath",
            show_label=False,
            waveform_options=gr.WaveformOptions(show_recording_waveform=False),
        )
        with gr.Row(elem_classes="downloads"):
            downloads = [
                gr.DownloadButton(name, size="sm", min_width=80, elem_id=f"{prefix}download-{suffix[1:]}")
                for suffix, name in DOWNLOAD_NAMES.items()
            ]
        with gr.Accordion("Recipe", open=False):
            recipe = gr.JSON(
                None, label="Everything this piece was made from", elem_id=f"{prefix}recipe", open=True
            )
    return Stage(title, roll, sound, downloads, recipe, box)


def show_entry(workshop: Workshop, entry: Entry, score: Score | None = None) -> Iterator[list[Any]]:
    """Gives values for `Stage.outputs`: first what is heard and seen, then again with the files to download.

    Args:
        score: the piece; read from the library when None.
    """
    score = score or read_score(entry)
    roll = roll_html(score, f"Piano roll, {entry.emotion}")
    sound = str(workshop.served.file(entry, ".wav"))
    waiting = [gr.update(interactive=False) for _ in DOWNLOAD_NAMES]
    yield [title_html(entry, score), roll, sound, *waiting, entry.recipe, gr.update(visible=True)]
    files = [
        gr.update(value=str(workshop.served.file(entry, form)), interactive=True) for form in DOWNLOAD_NAMES
    ]
    yield [gr.skip(), gr.skip(), gr.skip(), *files, gr.skip(), gr.skip()]


def made(job: Job) -> Score | None:
    """Gives a finished job's piece while the queue still has it."""
    return job.result.media if job.result is not None and isinstance(job.result.media, Score) else None


def title_html(entry: Entry, score: Score) -> str:
    from ..piano_roll import bar_starts, headline

    facts = headline(score, len(bar_starts(score.midi)))
    facts = f"{escape(facts)} · {score.num_notes} notes"
    name = heading_of(EmotionCurve.parse(entry.recipe.get("emotion") or "neutral", files=False))
    return f'<h2 class="piece-title">{escape(name)}</h2><p class="facts">{facts}</p>'


def recent_seeds(workshop: Workshop) -> list[tuple[str, str]]:
    """Gives (shown, seed as text) of the newest pieces."""
    found: dict[str, str] = {}
    for entry in workshop.library.search(modality="music", limit=MOST_SEEDS):
        seed = (entry.recipe.get("options") or {}).get("seed")
        if seed is not None:
            clock = time.strftime("%H:%M", time.localtime(entry.created))
            found.setdefault(str(seed), f"{seed} · {entry.emotion[:28]} · {clock}")
    return [(shown, seed) for seed, shown in found.items()]


def wire_making(tab: MusicTab, make: Any, stop: Any, main: MainControls) -> None:
    """Joins the button to the queue: progress while it runs, then the piece."""
    seed, job_id = main.seed, gr.State(None)
    idle = {make: gr.update(interactive=True), stop: gr.update(interactive=False), job_id: None}

    def run(*given: Any) -> Iterator[dict[Any, Any]]:
        *values, locked = given
        if not locked:
            values[-1] = random_seed(seed.owner)
        try:
            jobs = tab.workshop.follow(tab.request(values))
            for job in jobs:
                yield {**busy(job), seed.component: values[-1]}
            if job.state != DONE:
                yield {**idle, tab.progress: making.progress_html(job)}
                return
            seeds = gr.update(choices=recent_seeds(tab.workshop), value=None)
            for shown in show_entry(tab.workshop, tab.workshop.entry_of(job), made(job)):
                yield {
                    **idle,
                    tab.progress: "",
                    main.recall: seeds,
                    **dict(zip(tab.stage.outputs, shown, strict=True)),
                }
        except (ValueError, OSError) as error:
            yield {**idle, tab.progress: making.message_html(one_line(error))}
        except Exception as error:  # whatever went wrong, the page must not stay busy
            logger.exception("the page could not show a piece")
            yield {**idle, tab.progress: making.message_html(f"{type(error).__name__}: {one_line(error)}")}

    def busy(job: Job) -> dict[Any, Any]:
        return {
            make: gr.update(interactive=False),
            stop: gr.update(interactive=not job.finished),
            job_id: job.id,
            tab.progress: making.progress_html(job),
        }

    outputs = [make, stop, job_id, tab.progress, seed.component, main.recall, *tab.stage.outputs]
    make.click(
        run,
        [*tab.inputs, main.lock],
        outputs,
        show_progress="hidden",
        api_visibility="private",
        concurrency_limit=None,
        trigger_mode="multiple",
    )
    stop.click(
        tab.workshop.cancel, job_id, None, queue=False, api_visibility="private", show_progress="hidden"
    )


def wire_recall(main: MainControls) -> None:
    """Puts a chosen seed back and keeps it."""

    def take(chosen: str | None) -> Any:
        return (int(chosen), True) if chosen else (gr.skip(), gr.skip())

    main.recall.input(
        take,
        main.recall,
        [main.seed.component, main.lock],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )


def add_presets(tab: MusicTab, place: Any) -> None:
    from .presets import add_preset_controls

    with place:
        add_preset_controls(tab)
