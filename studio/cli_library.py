"""`affect library`: what was made, and the recipes that made it."""

from __future__ import annotations

import time
from pathlib import Path

import typer

from .cli_terminal import JSON, say, say_json, show_table
from .library import Entry, Library

ID = typer.Argument(..., help="An entry's id, or any unique beginning of it.", metavar="ID")


def app() -> typer.Typer:
    group = typer.Typer(
        help="The library of results: list, show, export, tag, favourite, delete.", rich_markup_mode="rich"
    )
    group.command("list")(list_entries)
    group.command("show")(show)
    group.command("export")(export)
    group.command("tag")(tag)
    group.command("favourite")(favourite)
    group.command("delete")(delete)
    return group


def list_entries(
    text: list[str] = typer.Argument(
        None, help="Words that must all occur.", metavar="[WORDS]", show_default=False
    ),
    modality: str = typer.Option(None, "--modality", help="Only this medium."),
    tag: str = typer.Option(None, "--tag", help="Only with this tag."),
    favourites: bool = typer.Option(False, "--favourites", help="Only favourites."),
    limit: int = typer.Option(50, "--limit", help="At most so many.", metavar="INT"),
    as_json: bool = JSON,
) -> int:
    """List results, the newest first."""
    with Library() as library:
        entries = library.search(
            " ".join(text or []),
            modality=modality,
            tag=tag,
            favourite=True if favourites else None,
            limit=limit,
        )
    if as_json:
        say_json([entry.to_json() for entry in entries])
    elif entries:
        show_table(["id", "made", "medium", "emotion", "seed", "tags", ""], [row(entry) for entry in entries])
    return 0


def row(entry: Entry) -> list[str]:
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created))
    seed = (entry.recipe.get("options") or {}).get("seed", "")
    mark = "favourite" if entry.favourite else ""
    return [entry.id, made, entry.modality, entry.emotion, str(seed), ", ".join(entry.tags), mark]


def show(entry_id: str = ID, as_json: bool = JSON) -> int:
    """Show one result with its recipe."""
    with Library() as library:
        entry = library.show(entry_id)
    if as_json:
        say_json(entry.to_json())
        return 0
    for name, value in zip(("id", "made", "medium", "emotion"), row(entry), strict=False):
        say(f"{name}: {value}")
    say(f"tags: {', '.join(entry.tags)}")
    say(f"favourite: {'yes' if entry.favourite else 'no'}")
    say(f"file: {entry.path}")
    for part in ("prompt", "options", "weights"):
        say(f"{part}:")
        for key, value in (entry.recipe.get(part) or {}).items():
            say(f"  {key}: {value}")
    return 0


def export(
    entry_id: str = ID,
    target: Path = typer.Argument(..., help="A file (its suffix says the format), or an existing folder."),
) -> int:
    """Copy a result out of the library; another format is made from its recipe."""
    from .library_entry import formats_of
    from .outputs import check_writable

    with Library() as library:
        entry = library.show(entry_id)
        if not target.is_dir():
            check_writable(target, formats_of(entry))
        say(str(library.export(entry.id, target)))
    return 0


def tag(
    entry_id: str = ID,
    tags: list[str] = typer.Argument(..., help="Tags."),
    remove: bool = typer.Option(False, "--remove", help="Take them away instead."),
) -> int:
    """Add tags to a result."""
    with Library() as library:
        entry = library.untag(entry_id, *tags) if remove else library.tag(entry_id, *tags)
    say(", ".join(entry.tags))
    return 0


def favourite(entry_id: str = ID, remove: bool = typer.Option(False, "--remove", help="No longer.")) -> int:
    """Mark a result as a favourite."""
    with Library() as library:
        library.favourite(entry_id, not remove)
    return 0


def delete(entry_id: str = ID) -> int:
    """Remove a result and its file."""
    with Library() as library:
        library.delete(entry_id)
    return 0
