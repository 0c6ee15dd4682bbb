"""The stage: a result's title, picture, player, files and recipe; the same for every medium."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from conditioning import EmotionCurve
from generators.media import Video

from ..audio_file import CODECS
from ..formats.format import FILMS, MODELS
from ..library import Entry
from . import body_player
from .controls import sentence
from .feeling import heading_of
from .file_boxes import seen_html
from .looks import NAMES, empty_html, look_of, played_of, slow_of
from .making import Workshop
from .slow_forms import SlowForms, add_slow_forms
from .theme import asset
from .weights_picker import credits_html, mark_html

Shown = dict[Any, Any]
# In which a body's sound is played: every browser knows it, and it is quickly written.
HEARD = ".flac"
MOST_WARNINGS = 20
# A small film is not blown up to the width of the page; a short silent one goes round, as animations do.
ENLARGED, ROUND_S = 3, 6.0


@dataclass(frozen=True)
class Stage:
    """The components that show a result.

    Attributes:
        title: the feeling and a line of facts.
        picture: what the medium's look draws, with the player of a film or a body above it.
        sound: the player of a sound; hidden when the medium has none, or a film.
        downloads: suffix -> button.
        slow: the forms that are made when somebody asks; None without any.
        recipe: what it was made from; None on a small stage.
        box: holds all that is hidden until there is a result.
    """

    title: Any
    picture: Any
    sound: Any
    downloads: Mapping[str, Any]
    slow: SlowForms | None
    recipe: Any
    box: Any

    @property
    def outputs(self) -> list[Any]:
        slow = self.slow.outputs if self.slow else []
        parts = [self.title, self.picture, self.sound, *self.downloads.values(), *slow, self.recipe, self.box]
        return [part for part in parts if part is not None]

    def show(self, workshop: Workshop, entry: Entry) -> Iterator[Shown]:
        """Gives what to show: first what is heard and seen, then again with the files, which take longer."""
        media = workshop.served.media(entry)
        look = look_of(type(media))
        picture = look.picture_html(media, f"{entry.modality}, {entry.emotion}")
        played = played_of(look, media)
        seen: Shown = {
            self.title: title_html(entry, look, media) + warnings_html(entry),
            self.picture: player_html(workshop, entry, media, played)
            + picture
            + source_html(workshop, entry),
            self.sound: sound_of(workshop, entry, played),
            self.box: gr.update(visible=True),
        }
        if self.recipe is not None:
            seen[self.recipe] = entry.recipe
        if self.slow is not None:
            seen.update(self.slow.show(workshop, entry, slow_of(look, media)))
        offered = [suffix for suffix in look.DOWNLOADS if suffix in self.downloads]
        for suffix, button in self.downloads.items():
            seen[button] = gr.update(interactive=False, visible=suffix in offered)
        yield seen
        # All at once: of updates that follow one another at once a browser may lose one.
        yield {self.downloads[suffix]: download(workshop, entry, suffix) for suffix in offered}


def download(workshop: Workshop, entry: Entry, suffix: str) -> Any:
    """Gives what a button shows once its file is there; nothing for a form that this result does not have."""
    try:
        path = workshop.served.file(entry, suffix)
    except ValueError:
        return gr.update(visible=False)
    return gr.update(value=str(path), interactive=True, visible=True)


def add_stage(
    prefix: str,
    downloads: Sequence[str],
    nothing_yet: str,
    *,
    slow: Sequence[str] = (),
    workshop: Workshop | None = None,
    names: Mapping[str, str] = NAMES,
    title: str = "",
    small: bool = False,
) -> Stage:
    """Adds the components; `prefix` keeps the ids of two stages apart.

    Args:
        downloads: the suffixes that get a button.
        slow: those that are only made when somebody asks, by `workshop`.
        names: what the buttons say.
        nothing_yet: words in place of the picture before there is a result.
        title: heading before there is a result.
        small: leaves files and recipe out.
    """
    heading = gr.HTML(plain_title(title), apply_default_css=False, elem_id=f"{prefix}-title")
    picture = gr.HTML(
        empty_html(nothing_yet),
        apply_default_css=False,
        elem_id=f"{prefix}-picture",
        label="Picture",
        js_on_load=(asset("picture.js") + asset("before_after.js") + body_player.START).replace(
            "SOUND_ID", f"{prefix}-sound"
        ),
    )
    recipe, buttons, forms = None, {}, None
    with gr.Column(visible=False, elem_classes="stage-parts") as box:
        sound = gr.Audio(
            label="Sound",
            interactive=False,
            elem_id=f"{prefix}-sound",
            buttons=[],
            type="filepath",
            show_label=False,
            waveform_options=gr.WaveformOptions(show_recording_waveform=False),
        )
        if not small:
            with gr.Row(elem_classes="downloads"):
                buttons = {
                    suffix: gr.DownloadButton(
                        names[suffix], size="sm", min_width=80, elem_id=f"{prefix}-download-{suffix[1:]}"
                    )
                    for suffix in downloads
                }
            if slow and workshop is not None:
                forms = add_slow_forms(prefix, slow, workshop, downloads, names)
            with gr.Accordion("Recipe", open=False):
                recipe = gr.JSON(
                    None, label="Everything this was made from", elem_id=f"{prefix}-recipe", open=True
                )
    return Stage(heading, picture, sound, buttons, forms, recipe, box)


def sound_of(workshop: Workshop, entry: Entry, played: str) -> Any:
    """Gives what the sound's player shows; nothing of a medium that is a film, or plays not at all."""
    if played not in CODECS:
        return gr.update(value=None, visible=False)
    return gr.update(value=str(workshop.served.file(entry, played)), visible=True)


def player_html(workshop: Workshop, entry: Entry, media: Any, played: str) -> str:
    """Gives the player of a film, which the browser reads from its file piece by piece, or of a body; "" without."""
    if played not in (*FILMS, *MODELS):
        return ""
    label = f"{entry.modality}, {entry.emotion}"
    if played in MODELS:
        found = address_of(workshop.served.body(entry))
        heard = address_of(workshop.served.file(entry, HEARD)) if media.has_sound else ""
        return body_player.player_html(found, heard, label, media.duration_s)
    label, address = escape(label), escape(address_of(workshop.served.file(entry, played)))
    how = f'controls playsinline preload="metadata" aria-label="{label}"'
    film = f'<video class="film" {how}{of_a_clip(media)} src="{address}"></video>'
    return film + given_html(workshop, entry, media)


def given_html(workshop: Workshop, entry: Entry, media: Any) -> str:
    """Gives the film that a film was made from, folded, when it was uploaded here; "" without one."""
    given = (entry.recipe.get("prompt") or {}).get("video") if isinstance(media, Video) else None
    player = seen_html(workshop.served.uploaded(given))
    summary = "<summary>The film before</summary>"
    return f'<details class="before-film">{summary}{player}</details>' if player else ""


def of_a_clip(media: Any) -> str:
    """Gives what a player is told of films that are small or short."""
    if not isinstance(media, Video):
        return ""
    around = " loop" if media.duration_s <= ROUND_S and not media.has_sound else ""
    return f'{around} style="max-width:{ENLARGED * media.width}px"'


def address_of(path: Path) -> str:
    """Gives where a browser finds a served file."""
    return f"gradio_api/file={quote(str(path))}"


def source_html(workshop: Workshop, entry: Entry) -> str:
    """Gives a player, heard and not seen, of the recording that an entry was made from; "" without one."""
    try:
        path = workshop.served.source(entry)
    except (ValueError, OSError):
        return ""
    if path is None:
        return ""
    return f'<audio class="before" preload="metadata" src="{escape(address_of(path))}"></audio>'


def warnings_html(entry: Entry) -> str:
    """Gives what somebody should know before trusting the result, a line each."""
    found = entry.recipe.get("warnings")
    return warnings_list(
        [line for line in found if isinstance(line, str)] if isinstance(found, (list, tuple)) else []
    )


def warnings_list(lines: Sequence[str]) -> str:
    """Gives warnings as a list; of very many the first."""
    shown = [sentence(line) for line in lines[:MOST_WARNINGS]]
    if len(lines) > MOST_WARNINGS:
        shown.append(f"And {len(lines) - MOST_WARNINGS} more")
    rows = "".join(f"<li>{escape(line)}</li>" for line in shown)
    return f'<ul class="warnings" aria-label="Warnings">{rows}</ul>' if rows else ""


def plain_title(words: str) -> str:
    return f'<h2 class="piece-title">{escape(words)}</h2>' if words else ""


def title_html(entry: Entry, look: Any, media: Any) -> str:
    """Gives the feeling, or what the look says, as a heading, its facts and, of some weights, a mark and credits."""
    if hasattr(look, "title_of"):
        name = look.title_of(media)
    else:
        name = heading_of(EmotionCurve.parse(entry.recipe.get("emotion") or "neutral", files=False))
    weights = entry.recipe.get("weights") or {}
    facts = f'<p class="facts">{escape(look.facts(media))} {mark_html(weights)}</p>'
    return plain_title(name) + facts + credits_html(entry.modality, weights)
