"""The emotion panel that every tab shares: words, names, a mix, a point to drag, keyframes, or a file."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from conditioning.encoders import ENCODERS
from conditioning.names import EIGHT_VECTOR, LABEL_SETS

from ..licences import non_commercial
from . import feeling as feelings
from .feeling import AXES, MODES, POINT, REFERENCE, Settings
from .making import message_html, one_line
from .theme import asset
from .weights_picker import notes_html
from .words_and_voice import add_words_and_voice

AXIS_ENDS = ("unpleasant to pleasant", "still to intense", "overwhelmed to in control")
# Those placed first stay; a later one that would touch them is left out.
ON_THE_PLANE = (
    "joy",
    "anger",
    "sadness",
    "calm",
    "fear",
    "rage",
    "excitement",
    "melancholy",
    "tenderness",
    "disgust",
    "love",
    "ecstasy",
    "boredom",
    "tension",
    "awe",
    "nostalgia",
    "hope",
    "despair",
    "serenity",
    "longing",
    "surprise",
    "weariness",
    "loneliness",
    "relief",
    "pride",
    "contempt",
    "determination",
    "mystery",
    "terror",
    "dreaminess",
    "sleepiness",
    "solemnity",
    "curiosity",
    "contentment",
    "trust",
    "guilt",
    "depression",
)
AT_REST: dict[str, Any] = dict(valence=0.0, arousal=0.0, lies=None, route=[], stops=[], names=[])


@dataclass(frozen=True)
class EmotionPanel:
    """The panel's components.

    Attributes:
        inputs: the components whose values `settings` and `read` take, in this order.
        label_set: the picker of a set of names; it only decides which names are offered.
        readout: where the current feeling stands in words.
        pad: the valence-arousal plane.
    """

    inputs: list[Any]
    label_set: Any
    readout: Any
    pad: Any

    @property
    def settable(self) -> list[Any]:
        """What `write` fills."""
        return [*self.inputs, self.label_set]

    def settings(self, values: Sequence[Any], strength: float | None = None) -> Settings:
        """Sorts the values of `inputs` into settings; `strength` takes the place of the intensity."""
        mode, intensity, words, name = values[:4]
        return Settings(
            mode,
            intensity if strength is None else strength,
            words,
            name,
            tuple(values[4:12]),
            tuple(values[12:15]),
            *values[15:18],
        )

    def write(self, settings: Settings) -> list[Any]:
        """Gives new values for `inputs` and, last, for `label_set`."""
        label_set = feelings.label_set_of(settings.name) or "GoEmotions"
        choices = feelings.label_choices(label_set)
        if settings.name not in LABEL_SETS[label_set]:
            choices = [*choices, (settings.name, settings.name)]
        rows = [list(row) for row in settings.keyframes]
        name = gr.update(choices=choices, value=settings.name)
        return [
            settings.mode,
            settings.intensity,
            settings.words,
            name,
            *settings.mix,
            *settings.point,
            rows,
            settings.reference,
            settings.held,
            label_set,
        ]

    def show_after(self, event: Any) -> Any:
        """Redraws the readout and the pad when an event that set the panel's values is over."""
        return event.then(
            lambda *values: self.show(values),
            self.inputs,
            [self.readout, self.pad],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )

    def show(self, values: Sequence[Any]) -> tuple[str, dict[str, Any]]:
        """Gives what the readout and the pad show; a problem is shown where the feeling stands."""
        settings = self.settings(values)
        if settings.mode == REFERENCE and not settings.reference and settings.held is None:
            hint = f"Drop a file below to take its feeling: {feelings.readable()}."
            return feelings.hint_html(hint), rest()
        try:
            view = feelings.view_of(settings.curve())
        except (ValueError, OSError) as error:
            return f'<div class="feeling">{message_html(one_line(error))}</div>', rest()
        return feelings.view_html(view), pad_value(
            view, settings.point if settings.mode == POINT else view.lies
        )


def rest() -> dict[str, Any]:
    """Gives a pad at neutral, with its names."""
    return {**AT_REST, "names": plane_names()}


def pad_value(view: feelings.View, handle: Sequence[float]) -> dict[str, Any]:
    """Gives what pad.js draws; `handle` is the (valence, arousal) where the handle stands."""
    return {
        "valence": handle[0],
        "arousal": handle[1],
        "lies": list(view.lies),
        "route": [list(place) for place in view.route],
        "stops": [list(place) for place in view.stops],
        "names": plane_names(),
    }


@functools.cache
def plane_names() -> list[tuple[str, float, float]]:
    """Gives (name, valence, arousal) of the names on the plane; empty before the space is trained."""
    from checkpoints import CheckpointError
    from conditioning import Emotion, load_space

    try:
        space = load_space()
    except CheckpointError:
        return []
    found = []
    for name in ON_THE_PLANE:
        valence, arousal, *_ = space.vad(space.embed(Emotion.parse(name))).tolist()
        found.append((name, round(valence, 3), round(arousal, 3)))
    return found


def add_emotion_panel() -> EmotionPanel:
    """Adds the panel's components to the page that is being built, and wires them to one another."""
    first = Settings()
    readout = gr.HTML('<div class="feeling"></div>', elem_id="feeling-now", apply_default_css=False)
    pad = gr.HTML(
        AT_REST,
        html_template=asset("pad.html"),
        js_on_load=asset("pad.js"),
        elem_id="pad",
        apply_default_css=False,
        label="Valence and arousal",
    )
    intensity = gr.Slider(
        0,
        1.5,
        value=first.intensity,
        step=0.05,
        label="Intensity",
        elem_id="intensity",
        buttons=[],
        info="0 is neutral, 1 as strong as people express it; beyond that it exaggerates",
    )
    mode = gr.Radio(
        list(MODES), value=first.mode, label="Say it with", elem_classes="segments", elem_id="mode"
    )
    boxes = []
    with gr.Column(elem_classes="way") as box:
        boxes.append(box)
        words = gr.Textbox(
            first.words,
            label="Describe the feeling",
            elem_id="words",
            max_length=5000,
            lines=1,
            info="A name, a mixture such as “60% sad, 40% angry”, or any phrase",
        )
    with gr.Column(visible=False, elem_classes="way") as box:
        boxes.append(box)
        label_set = gr.Dropdown(
            list(LABEL_SETS), value="GoEmotions", label="Set of names", elem_id="label-set", filterable=False
        )
        name = gr.Radio(
            feelings.label_choices("GoEmotions"),
            value=first.name,
            label="Name",
            elem_classes="chips",
            elem_id="name",
        )
    with gr.Column(visible=False, elem_classes="way") as box, gr.Row(elem_classes="pairs mix"):
        boxes.append(box)
        mix = [
            gr.Slider(
                0,
                1,
                value=weight,
                step=0.05,
                label=label.capitalize(),
                elem_id=f"mix-{label}",
                min_width=100,
                buttons=[],
            )
            for label, weight in zip(EIGHT_VECTOR, first.mix, strict=True)
        ]
    with gr.Column(visible=False, elem_classes="way") as box:
        boxes.append(box)
        point = [
            gr.Slider(
                -1, 1, value=0.0, step=0.01, label=axis.capitalize(), info=ends, elem_id=axis, buttons=[]
            )
            for axis, ends in zip(AXES, AXIS_ENDS, strict=True)
        ]
    with gr.Column(visible=False, elem_classes="way") as box:
        boxes.append(box)
        keyframes = gr.Dataframe(
            [list(row) for row in first.keyframes],
            headers=["Seconds", "Emotion", "Intensity"],
            type="array",
            datatype=["number", "str", "number"],
            column_count=3,
            label="Keyframes; the feeling moves from one to the next",
            interactive=True,
            buttons=[],
            elem_id="keyframes",
        )
        with gr.Row(elem_classes="small-row"):
            more = gr.Button("Add a keyframe", size="sm")
            fewer = gr.Button("Remove the last", size="sm")
    with gr.Column(visible=False, elem_classes="way") as box:
        boxes.append(box)
        reference = gr.File(
            label=f"Its feeling is taken: {feelings.readable()}",
            file_types=list(ENCODERS),
            type="filepath",
            elem_id="reference",
            elem_classes="drop",
            height=130,
        )
        gr.HTML(encoder_note(), apply_default_css=False)
    held = gr.State(None)
    inputs = [mode, intensity, words, name, *mix, *point, keyframes, reference, held]
    panel = EmotionPanel(inputs, label_set, readout, pad)
    wire_inputs(panel, boxes, more, fewer)
    add_words_and_voice(panel)
    return panel


def encoder_note() -> str:
    """Says under which terms those encoders may be used that are not free of them."""
    return notes_html(non_commercial(dict.fromkeys(reader.checkpoint for reader in ENCODERS.values())))


def wire_inputs(panel: EmotionPanel, boxes: list[Any], more: Any, fewer: Any) -> None:
    """Joins the components: any change redraws readout and pad, and a drag on the pad becomes a point."""
    mode, intensity, words, name = panel.inputs[:4]
    sliders, (keyframes, reference, held) = panel.inputs[4:15], panel.inputs[15:18]
    quiet: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")

    def choose(chosen: str) -> list[Any]:
        return [gr.update(visible=chosen == way) for way in MODES]

    def start_point(chosen: str, place: Any) -> list[Any]:
        """A point starts where the feeling lay before."""
        return [feelings.unit(place.get(axis)) if chosen == POINT else gr.skip() for axis in AXES[:2]]

    def drag(place: Any, *values: Any) -> tuple[Any, ...]:
        spot = place if isinstance(place, dict) else {}
        moved = list(values)
        moved[0], moved[12], moved[13] = POINT, *(feelings.unit(spot.get(axis)) for axis in AXES[:2])
        return POINT, moved[12], moved[13], panel.show(moved)[0]

    def offer(label_set: str) -> Any:
        choices = feelings.label_choices(label_set)
        return gr.update(choices=choices, value=choices[0][1] if choices else None)

    mode.change(choose, mode, boxes, **quiet)
    panel.show_after(mode.input(start_point, [mode, panel.pad], panel.inputs[12:14], **quiet))
    panel.label_set.input(offer, panel.label_set, name, **quiet)
    # What is dragged is not sent back to the pad: a late answer would move the handle from under the hand.
    panel.pad.input(
        drag,
        [panel.pad, *panel.inputs],
        [mode, *panel.inputs[12:14], panel.readout],
        trigger_mode="always_last",
        **quiet,
    )
    more.click(add_row, keyframes, keyframes, **quiet)
    fewer.click(lambda rows: rows[:-1] or rows, keyframes, keyframes, **quiet)
    changed = [component.change for component in (intensity, words, name, keyframes, reference, held)]
    for listen in [*changed, *(slider.input for slider in sliders)]:
        listen(
            lambda *values: panel.show(values),
            panel.inputs,
            [panel.readout, panel.pad],
            trigger_mode="always_last",
            **quiet,
        )


def add_row(rows: list[list[Any]]) -> list[list[Any]]:
    """Gives the table with one more keyframe, ten seconds after the last."""
    last: list[Any] = rows[-1] if rows else ["", "", ""]
    try:
        seconds = float(last[0]) + 10
    except (TypeError, ValueError):
        seconds = 0.0
    return [*rows, [seconds, last[1] or "calm", last[2] if not feelings.is_empty(last[2]) else 1.0]]
