"""Media to files, each with the recipe that made it inside, and the recipe back out of a file.

A file appears under its name only when it is whole: it is written under another name in the same folder,
flushed to the disk and then renamed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checkpoints import replace_file
from generators.media import Media

from .formats import FORMATS, format_of
from .outputs import check_writable


def save(media: Media, path: str | os.PathLike[str], *, recipe: Mapping[str, Any] | None = None) -> Path:
    """Writes a result; the suffix chooses the format.

    Args:
        media: a result of any medium; `studio.formats.FORMATS` has the suffixes of each.
        path: in an existing folder; an existing file is replaced.
        recipe: what made it, as plain JSON; kept inside the file. The provenance of the media alone when
            None.

    Returns:
        The path.

    Raises:
        ValueError: a suffix that the medium does not have, or a recipe that is not JSON.
        OSError: the folder does not exist, or the place cannot be written. Nothing is left behind.
    """
    known = format_of(media)
    path = check_writable(path, list(known.suffixes))
    text = document(media, recipe)
    try:
        with replace_file(path) as partial:
            known.writers[path.suffix.lower()](media, partial, text)
    except OSError as error:
        raise OSError(f"expected a place that can be written for {path.name!r}, got: {error}") from None
    return path


def document(media: Media, recipe: Mapping[str, Any] | None) -> str:
    """Gives the text that goes into a file: {"recipe": ..., "provenance": ...} as ASCII JSON.

    Of the provenance only what the recipe does not say already.
    """
    made = dict(recipe) if recipe is not None else {}
    rest = {key: value for key, value in media.provenance.items() if key not in made or made[key] != value}
    try:
        return json.dumps({"recipe": made, "provenance": rest}, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected a recipe of plain JSON values, got: {error}") from None


def recipe_of(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Gives the recipe from a file that `save` wrote, in any of its formats.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: not such a file, or one without a recipe.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"expected a file with a recipe, got no file at {str(path)!r}")
    text = text_of(path)
    at = text.find("{")
    try:
        if at < 0:
            raise ValueError
        # What follows the document (the rest of a MIDI file, a tag's padding) is not ours.
        found, _ = json.JSONDecoder().raw_decode(text, at)
    except (ValueError, RecursionError):
        raise ValueError(f"expected a recipe of Affect Studio in {path.name!r}, got none") from None
    recipe = found.get("recipe", found)
    if not isinstance(recipe, dict) or not recipe:
        raise ValueError(f"expected a recipe of Affect Studio in {path.name!r}, got none")
    return recipe


def text_of(path: Path) -> str:
    """Gives the text in which a file's recipe stands; empty when there is none."""
    readers = {suffix: read for row in FORMATS.values() for suffix, read in row.texts.items()}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise ValueError(f"expected a file ending in {', '.join(readers)}, got {path.name!r}")
    return read(path)
