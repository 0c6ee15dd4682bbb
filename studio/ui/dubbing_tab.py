"""The dubbing tab: a script with a feeling on each line, who speaks it, its timing, and the film that it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from conditioning import EmotionCurve
from conditioning.curve_parts import stretch
from generators.voice.voices import SOUND_FILES, VOICES

from ..dubbing.line import Line, Script
from ..dubbing.options import CASTS, PICTURES, SCRIPTS
from .cast import add_cast, read_seats, seats_for, taken
from .controls import Uploaded, add_field, add_groups
from .dubbing_follow import LineFollow, Manifests
from .dubbing_plan import add_plan, wire_plan
from .making import Workshop, message_html, note_html, one_line
from .medium_tab import Main, Medium
from .script_desk import add_desk, desk_value
from .script_draft import write_draft
from .script_files import (
    EXAMPLE,
    WAYS,
    WORDS,
    Taken,
    read_files,
    read_pair,
    suggest_rows,
    without_suggestions,
)
from .script_rows import FROM_PANEL, Row, describe, lines_from, rows_from, rows_of, speakers_of
from .script_save import add_save, wire_save
from .seeds import add_seeds
from .served import ServedFolder
from .stage import warnings_list

MODALITY = "dubbing"
# Fields with a place of their own; the others come group by group.
PLACED = ("script", "voices", "video", "voice", "image", "checkpoint", "seed")
HELP = "SRT, VTT, ASS, CSV, TSV, JSON or JSONL; a YAML file of voices and the recordings that it names may come along."


@dataclass(frozen=True)
class ScriptPart:
    """The script and who speaks it, a `Part`: it becomes files in a folder of the page."""

    desk: Any
    cast: Any
    served: ServedFolder

    @property
    def inputs(self) -> list[Any]:
        return [self.desk, self.cast]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives {"script": (rows, speakers)}, which `complete` writes; nothing while there is no script.

        Raises:
            ValueError: no rows, or a speaker whose recording is missing.
        """
        if values[0] is None:
            return {}
        rows = rows_from(values[0])
        return {
            "script": (rows, read_seats(seats_for(speakers_of(rows), {}, values[1]), self.served.uploaded))
        }

    def save(self, values: Sequence[Any], suffix: str) -> str:
        """Writes the script as it stands, with its speakers in it; gives the file.

        Raises:
            ValueError: no line that can be dubbed, or times that the form cannot hold.
        """
        rows, seats = self.read([values[0] or {}, values[1]])["script"]
        files = dict(seats.files)
        lines = tuple(with_voice(line, files, self.served.uploaded) for line in lines_of(rows))
        return write_draft(self.served, Script(lines, seats.cast), {}, files, suffix)["script"]

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        """Gives the rows and the speakers of a recipe's files; without these, what is there stays."""
        script, voices = (uploaded(arguments.get(name)) for name in ("script", "voices"))
        if script is None:
            return [gr.skip(), gr.skip()]
        try:
            found = read_pair(Path(script), Path(voices) if voices else None)
        except (ValueError, OSError):
            return [gr.skip(), gr.skip()]
        seats = seats_for(speakers_of(found.rows), found.cast)
        for seat in seats["speakers"]:
            if not seat["name"] and arguments.get("voice"):
                seat["voice"] = arguments["voice"]
        return [desk_value(found.rows), seats]


def complete(workshop: Workshop, arguments: dict[str, Any]) -> dict[str, Any]:
    """Writes the script and its voices as files; lines that say nothing get the panel's feeling at their time.

    Raises:
        ValueError: no line that can be dubbed, or a voice that is neither bundled nor uploaded here.
    """
    if "script" not in arguments:
        return arguments
    rows, seats = arguments["script"]
    panel = EmotionCurve.parse(arguments["emotion"], files=False)
    files = dict(seats.files)
    felt = tuple(
        with_voice(with_panel(line, panel), files, workshop.served.uploaded) for line in lines_of(rows)
    )
    found = write_draft(workshop.served, Script(felt), seats.cast, files)
    return {**arguments, **found, **({"voice": seats.unnamed} if seats.unnamed else {})}


def lines_of(rows: Sequence[Row]) -> list[Line]:
    """Gives the lines that can be dubbed.

    Raises:
        ValueError: none; the message says what is wrong with the first.
    """
    lines, _, problems = lines_from(rows)
    if not lines:
        raise ValueError(f"expected a line that can be dubbed, got none: {next(iter(problems.values()))}")
    return lines


def with_panel(line: Line, panel: EmotionCurve) -> Line:
    """Gives a line with a feeling: its own, or what the panel says for its seconds."""
    if line.emotion is not None:
        return line
    return replace(
        line, emotion=stretch(panel, line.start_s, line.end_s).to_json(), notes=line.notes or FROM_PANEL
    )


def with_voice(line: Line, files: dict[str, Path], uploaded: Uploaded) -> Line:
    """Gives a line with a recording by its name beside the script, and puts it among the files."""
    if not line.voice or line.voice in VOICES:
        return line
    name = taken(line.voice, f"line-{line.number}", f"a voice for line {line.number}", files, uploaded)
    return replace(line, voice=name)


def add_main(workshop: Workshop) -> Main:
    """Adds what is nearly always set."""
    with gr.Row(elem_classes="pairs dubbing-files"):
        files = gr.File(
            label="Script: when, who, what, and how it feels",
            file_count="multiple",
            file_types=[*SCRIPTS, *CASTS, *SOUND_FILES, *PICTURES],
            type="filepath",
            height=130,
            elem_id="dubbing-script",
            elem_classes="drop",
        )
        film = add_field(MODALITY, "video", label="Film", info="The film, or its sound; none is needed")
    told = gr.HTML(note_html(HELP), apply_default_css=False, elem_id="dubbing-script-told")
    example = gr.Button("Start with an example", size="sm", elem_id="dubbing-example", elem_classes="quiet")
    cast = add_cast(MODALITY)
    way = gr.Radio(
        list(WAYS),
        value=WORDS,
        label="Lines that say nothing feel",
        elem_classes="segments unit",
        elem_id="dubbing-unsaid",
        visible=False,
    )
    desk = add_desk(MODALITY)
    part = ScriptPart(desk, cast, workshop.served)
    wire_script(workshop, files, example, way, part, told)
    plan, planned = add_plan()
    saving = add_save()
    wire_save(saving, part.inputs, part.save)
    with gr.Row(elem_classes="grid4"):
        # Another seed would say every line anew.
        seeds = add_seeds(workshop, MODALITY, keep=True)
    return Main(
        [part, film],
        seeds,
        LineFollow(desk, Manifests(workshop)),
        lambda tab: wire_plan(tab, plan, planned, desk),
    )


def wire_script(workshop: Workshop, files: Any, example: Any, way: Any, part: ScriptPart, told: Any) -> None:
    """Joins the files to the rows: a new script replaces the old one, and new names get a seat."""
    quiet: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")
    shown = [part.desk, part.cast, way, told]

    def show(found: Taken, chosen: str) -> list[Any]:
        rows, warnings = found.rows, list(found.warnings)
        if chosen == WORDS:
            try:
                rows = suggest_rows(rows)
            except (ValueError, OSError, RuntimeError) as error:
                warnings.append(one_line(error))
        words = note_html(describe(rows)) + warnings_list(warnings)
        cleared = gr.update(value=desk_value(rows), plan={}, states={}, told="")
        return [cleared, seats_for(speakers_of(rows), found.cast), gr.update(visible=True), words]

    def take(paths: Any, chosen: str) -> list[Any]:
        if not paths:
            return [gr.skip()] * len(shown)
        try:
            return show(read_files(workshop.served, paths), chosen)
        except (ValueError, OSError) as error:
            return [gr.skip(), gr.skip(), gr.skip(), message_html(one_line(error))]

    def change_way(chosen: str, value: Any) -> Any:
        try:
            rows = rows_from(value)
            return desk_value(suggest_rows(rows) if chosen == WORDS else without_suggestions(rows))
        except (ValueError, OSError, RuntimeError):
            return gr.skip()

    reading: dict[str, Any] = dict(show_progress="minimal", api_visibility="private", concurrency_limit=2)
    files.upload(take, [files, way], shown, **reading)
    example.click(lambda chosen: show(Taken(rows_of(EXAMPLE), {}, ()), chosen), way, shown, **reading)
    way.input(change_way, [way, part.desk], part.desk, **reading)
    part.desk.edit(
        lambda value, seats: seats_for(speakers_of((value or {}).get("rows") or ()), {}, seats),
        [part.desk, part.cast],
        part.cast,
        trigger_mode="always_last",
        **quiet,
    )


def add_more(workshop: Workshop) -> list[Any]:
    """Adds every field that has no place of its own."""
    with gr.Accordion("A photo that speaks it", open=False):
        photo = add_field(MODALITY, "image", label="Photo")
    return [photo, *add_groups(MODALITY, PLACED)]


MEDIUM = Medium(MODALITY, "Dubbing", "Script", add_main, add_more, complete=complete, compared=False)
