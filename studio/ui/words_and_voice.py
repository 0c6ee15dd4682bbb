"""What is said beside how it is said: both readings, their weight, and a button that takes both."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from checkpoints import CheckpointError
from conditioning.encoders import SPEECH

from ..licences import non_commercial
from .controls import sentence
from .feeling import REFERENCE, read_number, signed
from .file_boxes import add_file_box
from .making import message_html, note_html, one_line
from .weights_picker import notes_html

if TYPE_CHECKING:
    from conditioning import Combined
    from conditioning.combined import Reading

    from .emotion_panel import EmotionPanel

HELP = "Give a recording and the words that are said in it to see how each of the two reads."
WEIGHT = "Chosen from how far each lies from neutral until you move it; 1 is the words alone"
PROBLEMS = (ValueError, OSError, CheckpointError)


def add_words_and_voice(panel: EmotionPanel) -> None:
    """Adds the folded section to the page that is being built, and wires it to the panel."""
    with gr.Accordion("Words and voice together", open=False, elem_id="both"):
        said = gr.Textbox("", label="What is said", elem_id="both-said", max_length=1000, lines=2)
        words = {"label": f"How it is said: {SPEECH.what}", "info": None, "elem_id": "both-take"}
        take = add_file_box((".wav",), words)
        weight = gr.Slider(
            0,
            1,
            value=0.5,
            step=0.01,
            label="Weight of the words",
            info=WEIGHT,
            elem_id="both-weight",
            buttons=[],
        )
        shown = gr.HTML(note_html(HELP), elem_id="both-shown", apply_default_css=False)
        use = gr.Button("Take both as the feeling", elem_id="both-use", size="md", interactive=False)
        gr.HTML(notes_html(non_commercial([SPEECH.checkpoint])), apply_default_css=False)
    # A `Combined`, or None while one of the two is missing.
    found = gr.State(None)
    wire(panel, said, take, weight, shown, use, found)


def wire(panel: EmotionPanel, said: Any, take: Any, weight: Any, shown: Any, use: Any, found: Any) -> None:
    """Joins the parts: new words or a new take are read anew, the weight only weighs what was read."""
    quiet: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")
    for listen in (said.blur, said.submit, take.change):
        listen(read, [said, take], [found, weight, shown, use], **quiet)
    weight.input(weigh, [found, weight], [found, shown], trigger_mode="always_last", **quiet)
    mode, reference, held = panel.inputs[0], *panel.inputs[16:18]
    panel.show_after(use.click(taken, found, [mode, reference, held], **quiet))


def read(words: str | None, path: str | None) -> list[Any]:
    """Gives what was read, its weight, what is shown of it, and the button."""
    unusable = gr.update(interactive=False)
    if not (words or "").strip() or not path:
        return [None, gr.skip(), note_html(HELP), unusable]
    from conditioning import read_together

    try:
        combined = read_together(str(words), str(path))
    except PROBLEMS as error:
        return [None, gr.skip(), message_html(one_line(error)), unusable]
    return [combined, combined.text_weight, both_html(combined), gr.update(interactive=True)]


def weigh(combined: Combined | None, weight: Any) -> list[Any]:
    """Gives the same readings at the weight that somebody set."""
    if combined is None:
        return [None, gr.skip()]
    try:
        combined = combined.weighed(read_number(weight, "the weight of the words", 0.0, 1.0))
    except ValueError as error:
        return [gr.skip(), message_html(one_line(error))]
    return [combined, both_html(combined)]


def taken(combined: Combined | None) -> list[Any]:
    """Gives the panel's mode, its file and the feeling that it holds instead of one."""
    if combined is None:
        return [gr.skip()] * 3
    return [REFERENCE, None, combined.emotion().to_json()]


def both_html(combined: Combined) -> str:
    """Draws both readings side by side, the combination below them, and whether they contradict."""
    state, chance = combined.heard[0]
    parts = (
        reading_html("The words", combined.text)
        + reading_html("The voice", combined.audio, f"heard as {state}, {chance:.0%} sure")
        + reading_html("Together", combined.together, wide=True)
    )
    # In the signs of the page: a real minus, no plus.
    why = combined.why.replace("valence -", "valence −").replace("valence +", "valence ")
    told = (
        f'<p class="message">Conflict: {escape(why)}.</p>'
        if combined.conflict
        else note_html(sentence(f"{why}."))
    )
    return f'<div class="both" role="status">{parts}</div>{told}'


def reading_html(title: str, reading: Reading, more: str = "", wide: bool = False) -> str:
    valence, arousal, _ = reading.vad
    place = f"valence {signed(valence)} · arousal {signed(arousal)}"
    extra = f'<p class="place">{escape(more)}</p>' if more else ""
    kind = "reading wide" if wide else "reading"
    return (
        f'<div class="{kind}"><h3>{title}</h3><p class="name">{escape(reading.name)}</p>'
        f'<p class="place">{place}</p>{extra}</div>'
    )
