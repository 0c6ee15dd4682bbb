"""The library as a gallery: search, favourites, tags, play, take a recipe back, download, delete."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from ..library import Entry
from .looks import all_downloads, all_slow, look_of
from .making import Workshop, message_html, note_html, one_line
from .stage import add_stage
from .theme import asset

if TYPE_CHECKING:
    from .emotion_panel import EmotionPanel
    from .medium_tab import MediumTab

PAGE_SIZE = 24
MOST_THUMBNAILS = 500


def tile_html(entry: Entry, chosen: bool, picture: str) -> str:
    """Gives one card of the gallery: a button with the picture, the feeling and the date."""
    when = time.strftime("%d %b %Y, %H:%M", time.localtime(entry.created))
    star = '<span class="star" aria-label="favourite">★</span>' if entry.favourite else ""
    tags = "".join(f"<i>{escape(tag)}</i>" for tag in entry.tags)
    words = f"{escape(entry.modality)} · {when}"
    return (
        f'<li><button type="button" class="tile" data-entry="{escape(entry.id)}" '
        f'aria-pressed="{str(chosen).lower()}">'
        f'{picture}<b>{escape(entry.emotion)}{star}</b><span class="when">{words}</span>'
        f'<span class="tags">{tags}</span></button></li>'
    )


class Thumbnails:
    """Draws the small picture of an entry once.

    Args:
        workshop: whose library the entries are of.
    """

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.drawn: dict[str, str] = {}

    def of(self, entry: Entry) -> str:
        """Gives the picture as SVG; a broken file gives an empty one."""
        if entry.id not in self.drawn:
            if len(self.drawn) >= MOST_THUMBNAILS:
                self.drawn.clear()
            try:
                media = self.workshop.served.media(entry)
                self.drawn[entry.id] = look_of(type(media)).thumbnail_svg(media)
            except (ValueError, OSError, RuntimeError):
                self.drawn[entry.id] = '<svg viewBox="0 0 1000 256" aria-hidden="true"></svg>'
        return self.drawn[entry.id]


def gallery_html(
    entries: Sequence[Entry], chosen: str | None, searched: bool, picture: Callable[[Entry], str]
) -> str:
    if not entries:
        words = "Nothing matches." if searched else "Nothing here yet. What you generate is kept here."
        return f'<p class="note nothing">{words}</p>'
    tiles = (tile_html(entry, entry.id == chosen, picture(entry)) for entry in entries)
    return f'<ul class="tiles">{"".join(tiles)}</ul>'


def tag_choices(workshop: Workshop) -> list[str]:
    tags = {tag for entry in workshop.library.list(limit=500) for tag in entry.tags}
    return sorted(tags)


def add_library_tab(
    workshop: Workshop, panel: EmotionPanel, made: Mapping[str, MediumTab], tabs: Any, tab: Any
) -> None:
    """Adds the tab's components to the page that is being built, and wires them.

    Args:
        made: the tabs of the media, to which settings go back.
        tabs, tab: all tabs, and this one.
    """
    thumbnails = Thumbnails(workshop)
    with gr.Row(elem_classes="fields search-row"):
        text = gr.Textbox(
            label="Search",
            placeholder="feeling, tag, key=…",
            elem_id="search",
            min_width=200,
            scale=3,
            max_length=200,
        )
        tag = gr.Dropdown(
            [], value=None, label="Tag", elem_id="tag-filter", min_width=120, allow_custom_value=True
        )
        loved = gr.Checkbox(
            False, label="Favourites only", elem_id="favourites-only", container=False, min_width=150
        )
    limit = gr.State(PAGE_SIZE)
    chosen = gr.State(None)
    gallery = gr.HTML(
        "", elem_id="gallery", apply_default_css=False, js_on_load=asset("gallery.js"), label="Library"
    )
    more = gr.Button("Show more", size="sm", visible=False, elem_id="show-more")
    with gr.Column(visible=False, elem_classes="card stage", elem_id="chosen") as details:
        stage = add_stage("library", all_downloads(), "", slow=all_slow(), workshop=workshop)
        with gr.Row(elem_classes="fields"):
            star = gr.Button("Favourite", size="md", elem_id="favourite", min_width=110)
            load = gr.Button(
                "Use these settings", size="md", variant="primary", elem_id="use-recipe", min_width=130
            )
            delete = gr.Button("Delete", size="md", elem_id="delete", min_width=90)
        with gr.Row(visible=False, elem_classes="fields confirm") as confirm:
            sure = gr.Button(
                "Delete for good", size="md", variant="stop", elem_id="delete-sure", min_width=140
            )
            keep = gr.Button("Keep it", size="md", elem_id="delete-keep", min_width=90)
        with gr.Row(elem_classes="fields"):
            tags = gr.Textbox(
                label="Tags, with commas between", elem_id="tags", max_length=400, scale=3, min_width=180
            )
            save_tags = gr.Button("Save tags", size="md", elem_id="save-tags", min_width=100)
    note = gr.HTML("", apply_default_css=False, elem_id="library-note")
    filters = [text, tag, loved, limit, chosen]
    listing = [gallery, more]
    shown = [*stage.outputs, star, tags, details, confirm, chosen, note]

    def listed(words: str, only: str | None, favourites: bool, count: int, current: str | None) -> list[Any]:
        found = workshop.library.search(
            words or "", tag=only or None, favourite=True if favourites else None, limit=count + 1
        )
        filtered = bool(words or only or favourites)
        return [
            gallery_html(found[:count], current, filtered, thumbnails.of),
            gr.update(visible=len(found) > count),
        ]

    def refreshed(*values: Any) -> list[Any]:
        return [*listed(*values), gr.update(choices=tag_choices(workshop))]

    def said_of(entry: Entry) -> dict[Any, Any]:
        """Gives what stands around the stage."""
        return {
            star: "★ Favourite" if entry.favourite else "☆ Favourite",
            tags: ", ".join(entry.tags),
            details: gr.update(visible=True),
            confirm: gr.update(visible=False),
            chosen: entry.id,
            note: "",
        }

    def guarded(act: Callable[[], dict[Any, Any]]) -> dict[Any, Any]:
        """Gives what `act` gives, or says what was wrong and leaves all else as it is."""
        try:
            return act()
        except (ValueError, OSError) as error:
            return {note: message_html(one_line(error))}

    def pick(event: gr.EventData) -> Iterator[dict[Any, Any]]:
        try:
            entry = workshop.library.get(str(event.entry))
            around = said_of(entry)
            # A film's files take long: what is there already is shown without waiting for them.
            for part in stage.show(workshop, entry):
                yield {**around, **part}
                around = {}
        except (ValueError, OSError) as error:
            yield {note: message_html(one_line(error))}

    def toggle(current: str | None) -> dict[Any, Any]:
        def act() -> dict[Any, Any]:
            entry = workshop.library.get(current or "")
            return said_of(workshop.library.favourite(entry.id, not entry.favourite))

        return guarded(act)

    def retag(current: str | None, typed: str) -> dict[Any, Any]:
        def act() -> dict[Any, Any]:
            entry = workshop.library.get(current or "")
            wanted = [part.strip() for part in (typed or "").split(",") if part.strip()]
            workshop.library.tag(entry.id, *wanted)
            workshop.library.untag(entry.id, *(old for old in entry.tags if old not in wanted))
            return said_of(workshop.library.get(entry.id))

        return guarded(act)

    def remove(current: str | None) -> list[Any]:
        try:
            entry = workshop.library.get(current or "")
            workshop.library.delete(entry.id)
            workshop.served.forget(entry.id)
        except (ValueError, OSError) as error:
            return [gr.skip(), gr.skip(), message_html(one_line(error))]
        return [gr.update(visible=False), None, note_html("Deleted.")]

    def use(current: str | None) -> dict[Any, Any]:
        def act() -> dict[Any, Any]:
            entry = workshop.library.get(current or "")
            target = made.get(entry.modality)
            if target is None:
                raise ValueError(f"expected a medium out of {', '.join(made)}, got {entry.modality!r}")
            values = dict(zip(target.settable, target.restore(entry.recipe), strict=True))
            # The seed comes back too, and is kept: the same button then makes the same thing again.
            return {tabs: gr.Tabs(selected=entry.modality), note: "", target.seeds.lock: True, **values}

        return guarded(act)

    quiet: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")
    rendering: dict[str, Any] = dict(show_progress="minimal", api_visibility="private", concurrency_limit=2)
    tab.select(refreshed, filters, [*listing, tag], **quiet)
    for listen in (text.change, tag.change, loved.change):
        listen(listed, filters, listing, trigger_mode="always_last", **quiet)
    more.click(lambda count: count + PAGE_SIZE, limit, limit, **quiet).then(listed, filters, listing, **quiet)
    for event in (
        gallery.select(pick, None, shown, **rendering),
        star.click(toggle, chosen, shown, **rendering),
        save_tags.click(retag, [chosen, tags], shown, **rendering),
        sure.click(remove, chosen, [details, chosen, note], **quiet),
    ):
        event.then(refreshed, filters, [*listing, tag], **quiet)
    delete.click(lambda: gr.update(visible=True), None, confirm, **quiet)
    keep.click(lambda: gr.update(visible=False), None, confirm, **quiet)
    own = [part for target in made.values() for part in (target.seeds.lock, *target.own_inputs)]
    # Through the queue: only then is a tab told that a state of its own has changed.
    used = load.click(use, chosen, [tabs, note, *panel.settable, *own], **{**quiet, "queue": True})
    panel.show_after(used).then(None, js="() => window.scrollTo({ top: 0, behavior: 'smooth' })", **quiet)
