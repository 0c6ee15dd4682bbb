"""The parts of a scene that is shown: each is heard or seen, and made again alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ..export import save
from ..formats import format_of
from . import body_player
from .colour import css_colour
from .controls import Uploaded
from .making import message_html, one_line
from .served import link_or_copy
from .stage import address_of
from .theme import asset

if TYPE_CHECKING:
    from ..jobs import Job
    from ..library import Entry
    from ..scene.scene import Scene
    from .making import Workshop

SCORE = "score"


@dataclass(frozen=True)
class SceneParts:
    """The components, a `Part` and a `Follow`.

    Attributes:
        list: the parts, and which of them are drawn anew. shown: the part that is open.
        entry: id of the result whose parts these are; a state.
        workshop: where results lie.
    """

    list: Any
    shown: Any
    entry: Any
    workshop: Workshop

    @property
    def inputs(self) -> list[Any]:
        return [self.list]

    @property
    def outputs(self) -> list[Any]:
        return [self.list, self.shown, self.entry]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Gives which parts are drawn anew."""
        found = values[0].get("takes") if isinstance(values[0], Mapping) else None
        return {"takes": json.dumps(found)} if isinstance(found, Mapping) and found else {}

    def write(self, arguments: Mapping[str, Any], uploaded: Uploaded) -> list[Any]:
        try:
            takes = json.loads(arguments.get("takes") or "{}")
        except ValueError:
            takes = {}
        return [{"takes": takes if isinstance(takes, dict) else {}}]

    def begin(self, workshop: Workshop, values: Sequence[Any]) -> SceneParts:
        return self

    def take(self, job: Job) -> dict[Any, Any]:
        return {}

    def stop(self) -> dict[Any, Any]:
        return {}

    def finish(self, entry: Entry) -> dict[Any, Any]:
        """Gives the parts of a finished scene; none is open."""
        scene: Any = self.workshop.served.media(entry)
        return {self.list: gr.update(shots=shots_of(scene)), self.shown: "", self.entry: entry.id}

    def wire(self) -> None:
        """Joins the list to the player, once both are on the page."""
        quiet: dict[str, Any] = dict(show_progress="hidden", api_visibility="private", concurrency_limit=2)
        self.list.select(self.open, self.entry, self.shown, **quiet)

    def open(self, entry_id: str | None, event: gr.EventData) -> str:
        """Gives the player of the part that was chosen; nothing for none."""
        name = str(getattr(event, "part", "") or "")
        if not name or not entry_id:
            return ""
        try:
            entry = self.workshop.library.get(entry_id)
            return player_html(self.workshop, entry, name)
        except (ValueError, OSError) as error:
            return message_html(one_line(error))


def add_parts(workshop: Workshop) -> SceneParts:
    """Makes the components, which are shown below the film."""
    parts = gr.HTML(
        {"takes": {}},
        html_template=asset("scene_parts.html"),
        js_on_load=asset("scene_parts.js"),
        elem_id="scene-parts",
        apply_default_css=False,
        label="Parts of the scene",
        render=False,
        shots=[],
    )
    shown = gr.HTML(
        "",
        js_on_load=body_player.START,
        elem_id="scene-part",
        apply_default_css=False,
        label="The part that is open",
        render=False,
    )
    return SceneParts(parts, shown, gr.State(None), workshop)


def shots_of(scene: Scene) -> list[dict[str, Any]]:
    """Gives what the browser shows of each line, and of the music."""
    shots: list[dict[str, Any]] = [
        {
            "number": shot.number,
            "speaker": shot.speaker,
            "text": shot.text,
            "time": f"{int(shot.start_s) // 60}:{int(shot.start_s) % 60:02d}",
            "colour": css_colour(round(shot.valence, 2), round(shot.arousal, 2)),
            "parts": [name for name in ("speech", "portrait", "gesture") if name in shot.parts],
        }
        for shot in scene.shots
    ]
    if scene.score:
        shots.append(
            {
                "number": 0,
                "speaker": "",
                "text": "Under the whole scene",
                "time": "",
                "colour": "",
                "parts": [SCORE],
            }
        )
    return shots


def player_html(workshop: Workshop, entry: Entry, name: str) -> str:
    """Gives the player of one part: a sound, a film or a body.

    Raises:
        ValueError: no such part, or one that is gone.
    """
    scene: Any = workshop.served.media(entry)
    path = scene.parts.get(name)
    if path is None or not Path(path).is_file():
        raise ValueError(f"expected a part of this scene that is still there, got {name[:40]!r}")
    address, motion = address_of(part_file(workshop, entry, name, Path(path))), None
    label = f"Part {name}"
    if name.endswith("gesture"):
        motion = read_part(name, Path(path))
        heard = scene.parts.get(name.replace("gesture", "speech"), "")
        sound = address_of(part_file(workshop, entry, "speech", Path(heard))) if Path(heard).is_file() else ""
        return body_player.player_html(address, sound, label, motion.duration_s)
    kind, look = ("video", ' class="film"') if name.endswith("portrait") else ("audio", "")
    return f'<{kind}{look} controls autoplay playsinline aria-label="{escape(label)}" src="{escape(address)}"></{kind}>'


def part_file(workshop: Workshop, entry: Entry, name: str, path: Path) -> Path:
    """Gives a part in a form that browsers play."""
    stem = f"part-{path.stem[:24]}"
    if name == SCORE or name.endswith("gesture"):
        suffix = ".glb" if name != SCORE else format_of("music").played
        return workshop.served.beside(
            entry, stem + suffix, lambda partial: save(read_part(name, path), partial)
        )
    return workshop.served.beside(entry, stem + path.suffix, lambda partial: link_or_copy(path, partial))


def read_part(name: str, path: Path) -> Any:
    return format_of("music" if name == SCORE else name.rpartition(" ")[2]).read(path, {})
