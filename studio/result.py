"""What `generate` gives: the medium and the recipe that made it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generators.media import Media

from .formats import format_of

SMALL = ".mp3"  # a notebook holds its sounds for ever


@dataclass(frozen=True)
class Result:
    """One result.

    Attributes:
        media: what was made; see `generators.media`.
        recipe: plain JSON that makes the same result again: `generate.from_recipe(result.recipe)`.
    """

    media: Media
    recipe: dict[str, Any]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.media.duration_s

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the result with its recipe inside, in the format of the suffix; see `studio.export.save`."""
        from .export import save

        return save(self.media, path, recipe=self.recipe)

    def show(self) -> Path | None:
        """Shows the result: in a notebook below the cell, elsewhere as a file in the system's viewer.

        Returns:
            The temporary file (the form that `Format.shown` names), or None in a notebook.
            Where there is no screen the file is written all the same.
        """
        if in_notebook():
            self.show_in_notebook()
            return None
        folder = Path(tempfile.mkdtemp(prefix="affect-studio-"))
        path = self.save(folder / f"result{format_of(self.media).shown}")
        open_file(path)
        return path

    def show_in_notebook(self) -> None:
        """Puts a film, or the picture and a player of the sound, under the cell: whatever the medium has."""
        from IPython import display

        known = format_of(self.media)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "result"
            films = [suffix for suffix in known.films if suffix not in known.lacks(self.media)]
            if films:
                film = self.save(file.with_suffix(films[0]))
                display.display(display.Video(filename=str(film), embed=True, width=480))
                return
            if known.pictures:
                picture = self.save(file.with_suffix(known.pictures[0]))
                display.display(display.Image(filename=str(picture), width=900))
            if known.sounds:
                sound = self.save(file.with_suffix(SMALL if SMALL in known.sounds else known.sounds[0]))
                display.display(display.Audio(data=sound.read_bytes()))


def in_notebook() -> bool:
    """Says whether a Jupyter kernel runs this."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def open_file(path: Path) -> bool:
    """Opens a file with the system's own viewer and does not wait; False where there is none."""
    if sys.platform == "win32":
        os.startfile(path)
        return True
    if sys.platform == "darwin":
        command = shutil.which("open")
    else:
        screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        command = shutil.which("xdg-open") if screen else None
    if command is None:
        return False
    subprocess.Popen([command, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return True
