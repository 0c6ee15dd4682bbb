"""Files that make a script: one of lines, maybe one of voices, and the recordings and photos that they name."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..dubbing.line import Cast, Line, Script
from ..dubbing.options import SCRIPTS
from .script_draft import HELD, settled
from .script_rows import Row, line_from, row_of, rows_of
from .served import ServedFolder, link_or_copy

WORDS, PANEL = "As their words read", "As the panel says"
WAYS = (WORDS, PANEL)
VOICES = (".yaml", ".yml")
MOST_FILES = 60
EXAMPLE = Script(
    (
        Line(1, 0.5, 2.6, "You came back. I did not think you would.", "Anna", "relief", 0.8),
        Line(2, 3.1, 5.2, "I said I would, and here I am!", "Ben"),
        Line(3, 5.6, 7.9, "You said so many things, and none of them was true.", "Anna", "anger", 0.7),
        Line(4, 8.6, 11.0, "I know. I am so sorry for all of it.", "Ben"),
    )
)


@dataclass(frozen=True)
class Taken:
    """What files gave.

    Attributes:
        rows: of the script. cast: who speaks, as the files say, with whole paths. warnings: a line each.
    """

    rows: list[Row]
    cast: Cast
    warnings: tuple[str, ...]


def read_files(served: ServedFolder, paths: Sequence[str]) -> Taken:
    """Reads what was dropped together.

    Raises:
        ValueError: no script or several, a file of voices that cannot be read, or too many files.
    """
    found = sorted(gathered(served, paths).iterdir())
    scripts, voices = (
        [path for path in found if path.suffix.lower() in kinds] for kinds in (SCRIPTS, VOICES)
    )
    if len(scripts) != 1:
        raise ValueError(f"expected one script ({', '.join(SCRIPTS)}), got {len(scripts) or 'none'}")
    if len(voices) > 1:
        raise ValueError(f"expected one file of voices, got {len(voices)}")
    return read_pair(scripts[0], voices[0] if voices else None)


def read_pair(script: Path, voices: Path | None) -> Taken:
    """Reads a script and its voices; raises as `read_files`."""
    from ..dubbing.script import read_script
    from ..dubbing.voices import read_voices

    cast = read_voices(voices) if voices else {}
    found = read_script(script, cast=cast)
    return Taken(rows_of(found), {**found.cast, **cast}, found.warnings)


def gathered(served: ServedFolder, paths: Sequence[str]) -> Path:
    """Puts uploads side by side, so that they find one another by name; gives the folder.

    Raises:
        ValueError: too many, or a file that was not uploaded here.
    """
    if len(paths) > MOST_FILES:
        raise ValueError(f"expected at most {MOST_FILES} files, got {len(paths)}")
    root = served.uploads / HELD
    root.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=root, prefix=".taking-"))
    try:
        for path in paths:
            source = served.uploaded(path)
            if source is None:
                raise ValueError(
                    f"expected a file that was uploaded to this page, got {Path(str(path)).name!r}"
                )
            link_or_copy(Path(source), folder / Path(source).name)
        return settled(folder, root)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def suggest_rows(rows: Sequence[Row]) -> list[Row]:
    """Gives the rows with a feeling, read off the words, for each that has none; it is marked as a suggestion.

    Raises:
        ValueError: the words cannot be read.
    """
    from ..dubbing.suggest import suggested

    out = list(rows)
    silent: list[tuple[int, Line]] = []
    for at, row in enumerate(rows):
        if not row["emotion"]:
            with suppress(ValueError):  # a row that is not finished yet waits
                silent.append((at, line_from(row, len(silent) + 1)))
    if not silent:
        return out
    colours: dict[Any, str] = {}
    for (at, _), line in zip(
        silent, suggested(Script(tuple(line for _, line in silent)), None).lines, strict=True
    ):
        if line.suggested:
            new = row_of(line, colours)
            out[at] = {
                **rows[at],
                **{name: new[name] for name in ("emotion", "intensity", "suggested", "colour")},
            }
    return out


def without_suggestions(rows: Sequence[Row]) -> list[Row]:
    """Gives the rows without what was only suggested: they feel as the panel says."""
    plain = {"emotion": "", "intensity": 1.0, "suggested": False, "colour": ""}
    return [{**row, **plain} if row["suggested"] else row for row in rows]
