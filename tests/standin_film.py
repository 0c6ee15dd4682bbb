"""A stand-in for a medium whose result is a film: a photo and a recording in, a large file out."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from generators.base import PartCallback, StepCallback, option
from generators.media import Media
from generators.on_disk import ScratchFile
from studio.formats.format import Format, text_of_text

PREFIX = b"not really a film "


@dataclass(frozen=True)
class Film(Media):
    """What is large stays in a file: of the backend's until it is kept, then of the library's."""

    file: os.PathLike[str]
    num_frames: int
    frame_rate: float

    @property
    def duration_s(self) -> float:
        return self.num_frames / self.frame_rate


@dataclass(frozen=True)
class FilmPrompt:
    image: str = option("", "The photo.", required=True, file=(".png", ".jpg", ".jpeg"))
    audio: str = option("", "The recording.", required=True, file=(".wav", ".flac"))


@dataclass(frozen=True)
class FilmOptions:
    seed: int = option(0, "Seed.", minimum=0, maximum=9)


def write_film(film: Film, path: Path, document: str) -> None:
    shutil.copyfile(film.file, path)
    with open(path, "ab") as file:
        file.write(document.encode())


def write_table(film: Film, path: Path, document: str) -> None:
    path.write_text(f"frame\n{document}", encoding="ascii")


def read(path: Path, recipe: dict[str, Any]) -> Film:
    return Film(path, 50, 25.0, provenance=recipe)


FORMAT = Format(
    writers={".mp4": write_film, ".csv": write_table},
    texts=dict.fromkeys((".mp4", ".csv"), text_of_text),
    kept=".mp4",
    read=read,
    shown=".mp4",
    played=".mp4",
)


class StandinFilm:
    name: ClassVar[str] = "film"
    media: ClassVar[type] = Film
    Prompt: ClassVar[type] = FilmPrompt
    Options: ClassVar[type] = FilmOptions
    checkpoints: ClassVar[tuple[str, ...]] = ()

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    @staticmethod
    def check(prompt: FilmPrompt, options: FilmOptions) -> None:
        """Refuses nothing."""

    def generate(
        self,
        prompt: FilmPrompt,
        emotion: Any,
        options: FilmOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Film:
        """Makes a film, and gives it as a part too, although nobody can hear it."""
        file = ScratchFile(".mp4")
        Path(file).write_bytes(PREFIX)
        provenance = {"modality": self.name, "prompt": asdict(prompt), "options": asdict(options)}
        film = Film(file, 50, 25.0, provenance=provenance, warnings=("the face is small",))
        if on_step is not None:
            on_step(1, 1)
        if on_part is not None:
            on_part(film)
        return film


# How it looks on the page; see `studio.ui.looks`.
NOTHING_YET = "Your film appears here."
DOWNLOADS = (".mp4", ".csv")


def picture_html(film: Film, label: str) -> str:
    return f'<div class="picture" data-duration="{film.duration_s:g}"></div>'


def thumbnail_svg(film: Film) -> str:
    return "<svg></svg>"


def facts(film: Film) -> str:
    return f"{film.num_frames} frames"
