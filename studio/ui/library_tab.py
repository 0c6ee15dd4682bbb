"""The library as a gallery: search, favourites, tags, play, take a recipe back, download, delete."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from ..library import Entry
from .feeling import one_line
from .making import Workshop, message_html, note_html
from .roll import roll_svg
from .served import read_score
from .theme import asset

if TYPE_CHECKING:
    from .music_tab import MusicTab

PAGE_SIZE = 24
THUMBNAIL_NOTES = 400


def tile_html(entry: Entry, chosen: bool) -> str:
    """Gives one card of the gallery: a button with the roll, the feeling and the date."""
    when = time.strftime("%d %b %Y, %H:%M", time.localtime(entry.created))
    star = '<span class="star" aria-label="favourite">★</span>' if entry.favourite else ""
    tags = "".join(f"<i>{escape(tag)}</i>" for tag in entry.tags)
    return (
        f'<li><button type="button" class="tile" data-entry="{escape(entry.id)}" '
        f'aria-pressed="{str(chosen).lower()}">'
        f'{thumbnail(entry.id, entry)}<b>{escape(entry.emotion)}{star}</b><span class="when">{when}</span>'
        f'<span class="tags">{tags}</span></button></li>'
    )


_thumbnails: dict[str, str] = {}


def thumbnail(entry_id: str, entry: Entry) -> str:
    """Gives a small roll, drawn once; a broken file gives an empty one."""
    if entry_id not in _thumbnails:
        if len(_thumbnails) > 500:
            _thumbnails.clear()
        try:
            _thumbnails[entry_id] = roll_svg(read_score(entry), label="", most_notes=THUMBNAIL_NOTES)
        except (ValueError, OSError, RuntimeError):
            _thumbnails[entry_id] = '<svg viewBox="0 0 1000 256" aria-hidden="true"></svg>'
    return _thumbnails[entry_id]


def gallery_html(entries: Sequence[Entry], chosen: str | None, searched: bool) -> str:
    if not entries:
        words = "Nothing matches." if searched else "Nothing here yet. What you generate is kept here."
        return f'<p class="note nothing">{words}</p>'
    return f'<ul class="tiles">{"".join(tile_html(entry, entry.id == chosen) for entry in entries)}</ul>'


def tag_choices(workshop: Workshop) -> list[str]:
    tags = {tag for entry in workshop.library.list(limit=500) for tag in entry.tags}
    return sorted(tags)


def add_library_tab(workshop: Workshop, music: MusicTab, tabs: Any, tab: Any) -> None:
    """Adds the tab's components to the page that is being built, and wires them."""
    from .music_tab import add_stage, show_entry

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
        stage = add_stage(prefix="library-")
        with gr.Row(elem_classes="fields"):
            star = gr.Button("Favourite", size="md", elem_id="favourite", min_width=110)
            load = gr.Button(
                "Use in Music", size="md", variant="primary", elem_id="use-recipe", min_width=130
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
    shown = [*stage.outputs, star, tags, details, confirm, chosen]

    def listed(words: str, only: str | None, favourites: bool, count: int, current: str | None) -> list[Any]:
        found = workshop.library.search(
            words or "", tag=only or None, favourite=True if favourites else None, limit=count + 1
        )
        filtered = bool(words or only or favourites)
        return [gallery_html(found[:count], current, filtered), gr.update(visible=len(found) > count)]

    def refreshed(*values: Any) -> list[Any]:
        return [*listed(*values), gr.update(choices=tag_choices(workshop))]

    def opened(entry: Entry) -> list[Any]:
        name = "★ Favourite" if entry.favourite else "☆ Favourite"
        first, files = show_entry(workshop, entry)
        both = [*first[:3], *files[3:-2], *first[-2:]]
        return [
            *both,
            name,
            ", ".join(entry.tags),
            gr.update(visible=True),
            gr.update(visible=False),
            entry.id,
        ]

    unchanged = [gr.skip() for _ in shown]

    def guarded(act: Any, *values: Any) -> list[Any]:
        """Gives what `act` gives for `shown` and an empty note, or leaves `shown` and says what was wrong."""
        try:
            return [*act(*values), ""]
        except (ValueError, OSError) as error:
            return [*unchanged, message_html(one_line(error))]

    def pick(event: gr.EventData) -> list[Any]:
        return guarded(lambda: opened(workshop.library.get(str(event.entry))))

    def toggle(current: str | None) -> list[Any]:
        def act() -> list[Any]:
            entry = workshop.library.get(current or "")
            return opened(workshop.library.favourite(entry.id, not entry.favourite))

        return guarded(act)

    def retag(current: str | None, typed: str) -> list[Any]:
        def act() -> list[Any]:
            entry = workshop.library.get(current or "")
            wanted = [part.strip() for part in (typed or "").split(",") if part.strip()]
            workshop.library.tag(entry.id, *wanted)
            workshop.library.untag(entry.id, *(old for old in entry.tags if old not in wanted))
            return opened(workshop.library.get(entry.id))

        return guarded(act)

    def remove(current: str | None) -> list[Any]:
        try:
            entry = workshop.library.get(current or "")
            workshop.library.delete(entry.id)
            workshop.served.forget(entry.id)
        except (ValueError, OSError) as error:
            return [gr.skip(), gr.skip(), message_html(one_line(error))]
        return [gr.update(visible=False), None, note_html("Deleted.")]

    def use(current: str | None) -> list[Any]:
        try:
            entry = workshop.library.get(current or "")
            return [gr.Tabs(selected="music"), "", True, *music.restore(entry.recipe)]
        except (ValueError, OSError) as error:
            return [gr.skip(), message_html(one_line(error)), gr.skip(), *(gr.skip() for _ in music.settable)]

    quiet: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")
    rendering: dict[str, Any] = dict(show_progress="minimal", api_visibility="private", concurrency_limit=2)
    tab.select(refreshed, filters, [*listing, tag], **quiet)
    for listen in (text.change, tag.change, loved.change):
        listen(listed, filters, listing, trigger_mode="always_last", **quiet)
    more.click(lambda count: count + PAGE_SIZE, limit, limit, **quiet).then(listed, filters, listing, **quiet)
    for event in (
        gallery.select(pick, None, [*shown, note], **rendering),
        star.click(toggle, chosen, [*shown, note], **rendering),
        save_tags.click(retag, [chosen, tags], [*shown, note], **rendering),
        sure.click(remove, chosen, [details, chosen, note], **quiet),
    ):
        event.then(refreshed, filters, [*listing, tag], **quiet)
    delete.click(lambda: gr.update(visible=True), None, confirm, **quiet)
    keep.click(lambda: gr.update(visible=False), None, confirm, **quiet)
    # The seed comes back too, and is kept: the same button then makes the same piece again.
    used = load.click(use, chosen, [tabs, note, music.lock, *music.settable], **quiet)
    music.panel.show_after(used).then(
        None, js="() => window.scrollTo({ top: 0, behavior: 'smooth' })", **quiet
    )
