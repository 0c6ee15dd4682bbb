"""The script of a scene on the page, written there or from a file, and who speaks it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from ..dubbing.options import SCRIPTS
from ..dubbing.voices import read_voices
from ..scene.options import TEXTS, ScenePrompt
from .api import emotion_from_text
from .cast import read_seats, seats_for
from .controls import Uploaded
from .making import message_html, note_html, one_line
from .script_draft import write_draft
from .script_rows import counted, feeling_text
from .stage import warnings_list

if TYPE_CHECKING:
    from ..scene.screenplay import Screenplay
    from .served import ServedFolder

WRITTEN, FILE = "Written here", "From a file"
HELP = "A name before each line; in brackets how it is said where it differs: ANNA (sad 0.7): … · [pause 2s] waits."
EXAMPLE = """ANNA: You came back. I did not think you would.
BEN: I said I would, and here I am!
ANNA (angry 0.7): You said so many things, and none of them was true.
[pause 1s]
BEN: I know. I am so sorry for all of it."""


@dataclass(frozen=True)
class SceneScript:
    """The components, a `Part`.

    Attributes:
        way: `WRITTEN` or `FILE`. text, file: of each. cast: who speaks.
        told: what is said of the script.
        served: where the page's own files lie.
    """

    way: Any
    text: Any
    file: Any
    cast: Any
    told: Any
    served: ServedFolder

    @property
    def inputs(self) -> list[Any]:
        return [self.way, self.text, self.file, self.cast]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives the script and who speaks it.

        Raises:
            ValueError: no script, or a speaker whose recording or photo is missing.
        """
        way, text, file, cast = values
        given = {"script": file} if way == FILE else {"text": text or ""}
        play = screenplay(given)
        asked = seats_for(play.names, play.cast, cast)
        seats = read_seats(asked, self.served.uploaded)
        found = write_draft(self.served, None, seats.cast, seats.files)
        if "" in play.names:
            found |= self.unnamed(asked, seats.unnamed)
        felt = felt_in(asked)
        return {
            **given,
            **found,
            **({"speaker_emotions": json.dumps(felt, ensure_ascii=False)} if felt else {}),
        }

    def unnamed(self, seats: Mapping[str, Any], voice: str) -> dict[str, str]:
        """Gives the voice and the photo of lines that name nobody."""
        seat = next(seat for seat in seats["speakers"] if not seat["name"])
        image = self.served.uploaded(seat.get("image"))
        return {"voice": voice, **({"image": image} if image else {})}

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        """Gives what a recipe had; files come back as long as they are there."""
        script, voices = (uploaded(arguments.get(name)) for name in ("script", "voices"))
        text = str(arguments.get("text") or "")
        try:
            play = screenplay({"script": script} if script else {"text": text})
            known = {**play.cast, **(read_voices(voices) if voices else {})}
            cast = with_feelings(seats_for(play.names, known), arguments.get("speaker_emotions"))
        except (ValueError, OSError):
            cast = None
        return [FILE if script else WRITTEN, text, script, cast]

    def wire(self) -> None:
        """Joins the script to the speakers: whoever speaks gets a seat."""
        quiet: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")

        def look(way: str, text: str, file: str | None, seats: Any) -> list[Any]:
            given = {"script": file} if way == FILE else {"text": text or ""}
            if not any(str(value or "").strip() for value in given.values()):
                return [None, note_html(HELP)]
            try:
                play = screenplay(given)
            except (ValueError, OSError) as error:
                return [gr.skip(), message_html(one_line(error))]
            return [seats_for(play.names, play.cast, seats), said_of(play)]

        self.way.change(
            lambda chosen: [gr.update(visible=chosen != FILE), gr.update(visible=chosen == FILE)],
            self.way,
            [self.text, self.file],
            **quiet,
        )
        for listen in (self.way.change, self.text.blur, self.text.submit, self.file.upload, self.file.clear):
            listen(look, [self.way, self.text, self.file, self.cast], [self.cast, self.told], **quiet)


def add_script() -> tuple[Any, Any, Any, Any]:
    """Adds the choice, both ways and what is said of the script; gives them."""
    way = gr.Radio(
        [WRITTEN, FILE],
        value=WRITTEN,
        label="The script",
        show_label=False,
        container=False,
        elem_classes="segments",
        elem_id="scene-script-from",
    )
    text = gr.Textbox(
        EXAMPLE,
        label="Lines",
        lines=6,
        max_lines=20,
        max_length=200_000,
        elem_id="scene-text",
        elem_classes="script-text",
    )
    file = gr.File(
        label="A text with names before the lines, subtitles or a table",
        file_types=[*TEXTS, *SCRIPTS],
        type="filepath",
        height=130,
        visible=False,
        elem_id="scene-script",
        elem_classes="drop",
    )
    told = gr.HTML(note_html(HELP), apply_default_css=False, elem_id="scene-script-told")
    return way, text, file, told


def screenplay(given: Mapping[str, Any]) -> Screenplay:
    """Reads a script as the scene does, before anybody has a voice.

    Raises:
        ValueError: nothing that can be said.
    """
    from ..scene.screenplay import of_file, parse

    if "text" in given:
        play = parse(str(given["text"]))
    elif given.get("script"):
        play = of_file(ScenePrompt(script=str(given["script"])))
    else:
        raise ValueError(f"expected a script ({', '.join((*TEXTS, *SCRIPTS))}), got none")
    if not play.lines:
        raise ValueError("expected a script with at least one line that is said, got none")
    return play


def said_of(play: Screenplay) -> str:
    """Gives one line about a script, and what somebody should know of it."""
    words = sum(len(line.text.split()) for line in play.lines)
    names = [name for name in play.names if name]
    spoken = f"{counted(len(play.lines), 'line')}, {counted(len(names) or 1, 'speaker')}, {counted(words, 'word')}."
    return note_html(f"{spoken} {HELP}") + warnings_list(play.warnings)


def felt_in(seats: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the feelings of single speakers as plain JSON by name.

    Raises:
        ValueError: not an emotion; the message says whose.
    """
    found = {}
    for seat in seats["speakers"]:
        words = str(seat.get("feels") or "").strip()[:2000]
        if words:
            try:
                found[seat["name"]] = emotion_from_text(words).to_json()
            except (ValueError, OSError) as error:
                raise ValueError(f"the feeling of {seat['name'] or 'nobody named'}: {error}") from None
    return found


def with_feelings(seats: dict[str, Any], felt: Any) -> dict[str, Any]:
    """Gives the seats with the feelings that a recipe has for single speakers."""
    try:
        found = json.loads(felt) if felt else {}
    except ValueError:
        found = {}
    for seat in seats["speakers"]:
        if seat["name"] in found:
            words, strength = feeling_text(found[seat["name"]])
            seat["feels"] = words if strength == 1.0 else f"{words} {strength:g}"
    return seats
