"""A medium's tab: settings, one button, the result on a stage, and below it what is set less often."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import gradio as gr

from generators.base import local_fields
from generators.registry import backend_class

from ..jobs import DONE, Job
from ..library import Entry
from . import live, making
from .compare import add_compare
from .controls import Part, classes_of, file_fields
from .emotion_panel import EmotionPanel
from .feeling import WORDS, settings_for
from .looks import look_of, names_of, slow_of
from .making import Workshop, one_line
from .presets import add_preset_controls
from .seeds import Seeds, recent_seeds
from .stage import Stage, add_stage
from .weights_picker import add_weights_picker

logger = logging.getLogger(__name__)


class Watching(Protocol):
    """What shows one job while it runs; each method gives new values by component."""

    def take(self, job: Job) -> dict[Any, Any]: ...

    def finish(self, entry: Entry) -> dict[Any, Any]: ...

    def stop(self) -> dict[Any, Any]: ...


class Follow(Protocol):
    """How a medium shows the parts of what is being made; `begin` gets the values of `inputs`."""

    @property
    def inputs(self) -> list[Any]: ...

    @property
    def outputs(self) -> list[Any]: ...

    def begin(self, workshop: Workshop, values: Sequence[Any]) -> Watching: ...


@dataclass(frozen=True)
class Main:
    """What a medium puts into the card above its button.

    Attributes:
        parts, seeds: what is set there.
        follow: shows the parts while they are made; those of a sound are played one after another when None.
        wire: called with the whole tab, for what needs all of its settings.
        below: components, not rendered yet, that stand below the result.
    """

    parts: list[Part]
    seeds: Seeds
    follow: Follow | None = None
    wire: Callable[[MediumTab], None] | None = None
    below: Sequence[Any] = ()


def keep(arguments: dict[str, Any], intensity: float) -> dict[str, Any]:
    return arguments


def as_it_is(workshop: Workshop, arguments: dict[str, Any]) -> dict[str, Any]:
    return arguments


@dataclass(frozen=True)
class Medium:
    """What tells one medium's tab from another's.

    Attributes:
        modality: name of the medium.
        title: the word on the tab.
        heading: what is made, the heading of the settings.
        add_main: adds the components above the button.
        add_more: adds those below the stage.
        settle: gives the arguments of `generate` from those that were set, given the panel's intensity: what
            belongs to another task is left out, "emotion" replaces the panel's.
        complete: gives them once more, when all else is there, the feeling too: what becomes files is written.
        own_feelings: fields that say a feeling themselves; they give way to that of one side of a comparison.
        compared: whether two feelings can be set side by side.
    """

    modality: str
    title: str
    heading: str
    add_main: Callable[[Workshop], Main]
    add_more: Callable[[Workshop], list[Part]]
    settle: Callable[[dict[str, Any], float], dict[str, Any]] = keep
    complete: Callable[[Workshop, dict[str, Any]], dict[str, Any]] = as_it_is
    own_feelings: tuple[str, ...] = ()
    compared: bool = True


@dataclass(frozen=True)
class MediumTab:
    """The tab's components, for the page that joins it to the others."""

    medium: Medium
    workshop: Workshop
    panel: EmotionPanel
    parts: list[Part]
    seeds: Seeds
    stage: Stage

    @property
    def modality(self) -> str:
        return self.medium.modality

    @property
    def own_inputs(self) -> list[Any]:
        return [component for part in self.parts for component in part.inputs]

    @property
    def inputs(self) -> list[Any]:
        return [*self.panel.inputs, *self.own_inputs]

    @property
    def settable(self) -> list[Any]:
        """What `restore` fills."""
        return [*self.panel.settable, *self.own_inputs]

    def request(self, values: Sequence[Any], **changes: Any) -> dict[str, Any]:
        """Gives the request that the values of `inputs` stand for.

        Args:
            changes: `intensity` in place of the panel's, `seed` in place of the one shown, `feeling` in words
                in place of every other.

        Raises:
            ValueError: a setting that is incomplete or out of range.
        """
        split = len(self.panel.inputs)
        settings = self.panel.settings(values[:split], changes.get("intensity"))
        feeling = changes.get("feeling")
        if feeling:
            settings = replace(settings, mode=WORDS, words=feeling)
        arguments: dict[str, Any] = {}
        at = split
        for part in self.parts:
            count = len(part.inputs)
            arguments.update(part.read(values[at : at + count]))
            at += count
        arguments.update({name: value for name, value in changes.items() if name == "seed"})
        for name in self.medium.own_feelings if feeling else ():
            arguments.pop(name, None)
        arguments = self.medium.settle(arguments, float(settings.intensity))
        if "emotion" not in arguments:
            arguments["emotion"] = settings.curve().to_json()
        return {"modality": self.modality, **self.medium.complete(self.workshop, arguments)}

    def restore(self, recipe: Mapping[str, Any]) -> list[Any]:
        """Gives new values for `settable` from a recipe or a preset.

        Raises:
            ValueError: a recipe of another medium, or an emotion that cannot be read.
        """
        got = recipe.get("modality") if isinstance(recipe, Mapping) else None
        if got != self.modality:
            raise ValueError(f"expected a {self.modality} recipe, got {got or 'something else'}")
        arguments = {**(recipe.get("prompt") or {}), **(recipe.get("options") or {})}
        panel = self.panel.write(settings_for(recipe.get("emotion") or "neutral"))
        own = [value for part in self.parts for value in part.write(arguments, self.workshop.served.uploaded)]
        return [*panel, *own]

    def as_preset(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives the settings as a preset; a file of this machine and the seed stay out of it."""
        request = self.request(values)
        own = (name for cls in classes_of(self.modality) for name in local_fields(cls))
        left_out = {"modality", "emotion", "seed", *file_fields(self.modality), *own}
        options = {name: value for name, value in request.items() if name not in left_out}
        return {"modality": request["modality"], "emotion": request["emotion"], "options": options}


def add_medium_tab(workshop: Workshop, panel: EmotionPanel, medium: Medium) -> MediumTab:
    """Adds the tab's components to the page that is being built, and wires them."""
    name = medium.modality
    look = look_of(backend_class(name).media)
    with gr.Column(elem_classes="side"):
        with gr.Column(elem_classes="card"):
            gr.Markdown(f"## {medium.heading}", elem_classes="section")
            main = medium.add_main(workshop)
            with gr.Row(elem_classes="go"):
                make = gr.Button(
                    "Generate", variant="primary", size="lg", elem_id=f"{name}-generate", scale=3
                )
                stop = gr.Button(
                    "Cancel", variant="secondary", size="lg", elem_id=f"{name}-cancel", interactive=False
                )
            progress = gr.HTML("", elem_id=f"{name}-progress", elem_classes="told", apply_default_css=False)
            follow = main.follow or live.PartsHeard(live.add_player(name))
        with gr.Column(elem_classes="card stage"):
            stage = add_stage(
                name,
                look.DOWNLOADS,
                look.NOTHING_YET,
                slow=slow_of(look),
                workshop=workshop,
                names=names_of(look),
            )
            for component in main.below:
                component.render()
        with gr.Column(elem_classes="card more"):
            gr.Markdown("## Shape it", elem_classes="section")
            more = medium.add_more(workshop)
            with gr.Accordion("Weights", open=False):
                more.append(add_weights_picker(name))
            below = gr.Column(elem_classes="more")
    tab = MediumTab(medium, workshop, panel, [*main.parts, *more, main.seeds.control], main.seeds, stage)
    wire_making(tab, make, stop, progress, follow)
    if main.wire is not None:
        main.wire(tab)
    with below:
        if medium.compared:
            add_compare(tab, look.NOTHING_YET)
        add_preset_controls(tab)
    return tab


def wire_making(tab: MediumTab, make: Any, stop: Any, progress: Any, follow: Follow) -> None:
    """Joins the button to the queue: progress and finished parts while it runs, then the result."""
    seed, job_id = tab.seeds.control.component, gr.State(None)
    idle = {make: gr.update(interactive=True), stop: gr.update(interactive=False), job_id: None}
    count = len(tab.inputs)
    # Gradio sends what differs from the message before, and the browser edits its copy of that in place: a component
    # is given the object that it already holds, and draws nothing. After a message of nothing it is given a new one.
    no_news = {progress: gr.skip()}

    def run(*given: Any) -> Iterator[dict[Any, Any]]:
        values, (locked, *followed) = given[:count], given[count:]
        changes = {} if locked else {"seed": tab.seeds.draw()}
        try:
            request = tab.request(values, **changes)
            watching = follow.begin(tab.workshop, followed)
            for job in tab.workshop.follow(request):
                told = watching.take(job)
                if any(value != gr.skip() for value in told.values()):
                    yield no_news
                yield {**busy(job), **told, seed: changes.get("seed", gr.skip())}
            if job.state != DONE:
                yield {**idle, **watching.stop(), progress: making.progress_html(job)}
                return
            seeds = gr.update(choices=recent_seeds(tab.workshop, tab.modality), value=None)
            yield no_news
            yield from finish(job, {tab.seeds.recall: seeds, **watching.finish(tab.workshop.entry_of(job))})
        except (ValueError, OSError) as error:
            yield {**idle, progress: making.message_html(one_line(error))}
        except Exception as error:  # whatever went wrong, the page must not stay busy
            logger.exception("the page could not show a result")
            yield {**idle, progress: making.message_html(f"{type(error).__name__}: {one_line(error)}")}

    def finish(job: Job, also: dict[Any, Any]) -> Iterator[dict[Any, Any]]:
        told = {**idle, progress: "", **also}
        for shown in tab.stage.show(tab.workshop, tab.workshop.entry_of(job)):
            yield {**told, **shown}
            told = {}  # once: by the next part someone may have chosen a seed or pressed again

    def busy(job: Job) -> dict[Any, Any]:
        return {
            make: gr.update(interactive=False),
            stop: gr.update(interactive=not job.finished),
            job_id: job.id,
            progress: making.progress_html(job),
        }

    make.click(
        run,
        [*tab.inputs, tab.seeds.lock, *follow.inputs],
        [make, stop, job_id, progress, *follow.outputs, seed, tab.seeds.recall, *tab.stage.outputs],
        show_progress="hidden",
        api_visibility="private",
        concurrency_limit=None,
        trigger_mode="multiple",
    )
    stop.click(
        tab.workshop.cancel, job_id, None, queue=False, api_visibility="private", show_progress="hidden"
    )
