"""What the studio has to know of one medium to write it to files, keep it and show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..audio_file import CODECS, read_comment

if TYPE_CHECKING:
    import numpy as np

# What the text inside a file begins with, so that any reader can find it.
PREFIX = "affect-studio:"
PICTURES = (".png",)
FILMS = (".mp4", ".webm")
MODELS = (".glb",)
Blocks = Iterator["np.ndarray"]


@dataclass(frozen=True)
class Format:
    """One row of the table of media.

    Attributes:
        writers: suffix -> function(media, path, document) that writes in place; the document is JSON text
            to be carried inside.
        texts: suffix -> function(path) that gives the text in which the document stands again; empty when
            there is none.
        kept: suffix under which the library keeps a result: the exact form, which the others are made from.
        beside: function(media) -> suffixes that the library keeps beside it, with what that form cannot hold.
        read: function(path, recipe) -> the media again, from the kept file and what lies beside it. What is
            large stays in that file.
        shown: suffix of the file that `Result.show` opens.
        played: suffix of the file that the page plays: a sound, or one of `FILMS` or `MODELS`; empty when
            nothing plays.
        lacks: function(media) -> suffixes that this one result cannot be written in, such as a film of sound alone.
    """

    writers: Mapping[str, Callable[[Any, Path, str], None]]
    texts: Mapping[str, Callable[[Path], str]]
    kept: str
    read: Callable[[Path, dict[str, Any]], Any]
    shown: str
    played: str = ""
    beside: Callable[[Any], tuple[str, ...]] = lambda media: ()
    lacks: Callable[[Any], tuple[str, ...]] = lambda media: ()

    @property
    def suffixes(self) -> tuple[str, ...]:
        return tuple(self.writers)

    @property
    def sounds(self) -> tuple[str, ...]:
        return tuple(suffix for suffix in self.writers if suffix in CODECS)

    @property
    def pictures(self) -> tuple[str, ...]:
        return tuple(suffix for suffix in self.writers if suffix in PICTURES)

    @property
    def films(self) -> tuple[str, ...]:
        return tuple(suffix for suffix in self.writers if suffix in FILMS)

    @property
    def rendered(self) -> tuple[str, ...]:
        """What is heard or watched, beside a form that is worked on."""
        return (*self.sounds, *self.films)


def sound_writer(sound: Callable[[Any], tuple[Blocks, int]]) -> Callable[[Any, Path, str], None]:
    """Gives the writer of every sound file from a medium's sound."""

    def write(media: Any, path: Path, document: str) -> None:
        from .. import audio_file

        blocks, sample_rate = sound(media)
        audio_file.write(blocks, sample_rate, path, comment=f"{PREFIX} {document}")

    return write


def picture_text(document: str) -> dict[str, str]:
    """Gives the text chunks of a PNG file."""
    return {PREFIX.rstrip(":"): document, "Software": "Affect Studio"}


def text_of_sound(path: Path) -> str:
    comment = read_comment(path)
    return comment if comment.startswith(PREFIX) else ""


def text_of_picture(path: Path) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=["PNG"]) as picture:
            return str(picture.info.get(PREFIX.rstrip(":"), ""))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"expected a PNG file, got {path.name!r}: {str(error).splitlines()[0]}") from None


def text_of_text(path: Path) -> str:
    return read_bytes(path).decode("utf-8", errors="replace")


def read_bytes(path: Path, limit: int = 64 * 2**20) -> bytes:
    """Gives a file's bytes when there are few enough of them."""
    size = path.stat().st_size
    if size > limit:
        raise ValueError(f"expected at most {limit} bytes, got {size} in {path.name!r}")
    return path.read_bytes()


def emotion_track(recipe: Mapping[str, Any], times_s: list[float]) -> tuple[tuple[float, float, float], ...]:
    """Gives (time, valence, arousal) of a recipe's emotion at each time."""
    from conditioning import EmotionCurve, load_space

    if not times_s:
        return ()
    return load_space().track(EmotionCurve.parse(recipe.get("emotion") or "neutral", files=False), times_s)
