"""Media to files, each with the recipe that made it inside, and the recipe back out of a file.

A file appears under its name only when it is whole: it is written under another name in the same folder,
flushed to the disk and then renamed.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.base import shorten
from generators.media import Audio, Media, Score

from .audio_file import CODECS
from .outputs import check_writable

if TYPE_CHECKING:
    import numpy as np

FORMATS: dict[type, tuple[str, ...]] = {
    Score: (".mid", ".musicxml", *CODECS, ".png", ".json"),
    Audio: (*CODECS, ".json"),
}
# What the text inside a file begins with, so that any reader can find it.
PREFIX = "affect-studio:"
MAX_MIDI_BYTES = 64 * 2**20
MAX_JSON_BYTES = 64 * 2**20


def save(media: Media, path: str | os.PathLike[str], *, recipe: Mapping[str, Any] | None = None) -> Path:
    """Writes a result; the suffix chooses the format.

    Args:
        media: a `Score` (.mid, .musicxml, .wav, .flac, .mp3, .ogg, .png, .json) or `Audio` (.wav, .flac,
            .mp3, .ogg, .json).
        path: in an existing folder; an existing file is replaced.
        recipe: what made it, as plain JSON; kept inside the file. The provenance of the media alone when
            None.

    Returns:
        The path.

    Raises:
        ValueError: a suffix that the medium does not have, or a recipe that is not JSON.
        OSError: the folder does not exist, or the place cannot be written. Nothing is left behind.
    """
    known = FORMATS.get(type(media))
    if known is None:
        raise ValueError(f"expected a Score or Audio, got {shorten(media)}")
    path = check_writable(path, list(known))
    text = document(media, recipe)
    # The suffix stays last, because writers choose their format by it.
    partial = path.with_name(f".{path.stem[:80]}.{secrets.token_hex(4)}.partial{path.suffix.lower()}")
    try:
        write(media, partial, text)
        flush(partial)
        os.replace(partial, path)
    except OSError as error:
        raise OSError(f"expected a place that can be written for {path.name!r}, got: {error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return path


def write(media: Media, path: Path, text: str) -> None:
    """Writes a result and its document, in place."""
    suffix = path.suffix
    if suffix == ".json":
        path.write_text(json.dumps(json.loads(text), indent=2) + "\n", encoding="utf-8")
    elif suffix in CODECS:
        from . import audio_file

        blocks, sample_rate = sound_of(media)
        audio_file.write(blocks, sample_rate, path, comment=f"{PREFIX} {text}")
    elif isinstance(media, Score) and suffix == ".mid":
        path.write_bytes(with_text(media.midi.dumps_midi(), f"{PREFIX} {text}"))
    elif isinstance(media, Score) and suffix == ".musicxml":
        from . import musicxml

        musicxml.write(media, path, recipe=text)
    elif isinstance(media, Score) and suffix == ".png":
        from . import piano_roll

        piano_roll.draw(media, path, text={PREFIX.rstrip(":"): text, "Software": "Affect Studio"})


def sound_of(media: Media) -> tuple[Iterator[np.ndarray], int]:
    """Gives the sound of a medium in blocks (C, S), and its rate in Hz."""
    if isinstance(media, Score):
        from . import render

        return render.render_blocks(media.midi), render.SAMPLE_RATE
    if not isinstance(media, Audio):
        raise ValueError(f"expected a Score or Audio, got {shorten(media)}")
    samples, step = media.samples, 10 * media.sample_rate
    return (samples[:, at : at + step] for at in range(0, samples.shape[1], step)), media.sample_rate


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


def with_text(midi: bytes, text: str) -> bytes:
    """Puts a text event at the start of a MIDI file's first track.

    Source: Standard MIDI Files 1.0, "Meta-Events", FF 01.
    """
    at = midi.index(b"MTrk")
    size = int.from_bytes(midi[at + 4 : at + 8], "big")
    data = text.encode("ascii")
    event = b"\x00\xff\x01" + variable_length(len(data)) + data
    return midi[: at + 4] + (size + len(event)).to_bytes(4, "big") + event + midi[at + 8 :]


def variable_length(value: int) -> bytes:
    """Gives a number as MIDI's variable-length quantity: seven bits a byte, high bit on all but the last."""
    encoded = [value & 127]
    while value := value >> 7:
        encoded.append(value & 127 | 128)
    return bytes(reversed(encoded))


def flush(path: Path) -> None:
    """Waits until a file is on the disk."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


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
    suffix = path.suffix.lower()
    if suffix == ".json":
        return read_bytes(path, MAX_JSON_BYTES).decode("utf-8", errors="replace")
    if suffix in (".mid", ".midi"):
        data = read_bytes(path, MAX_MIDI_BYTES)
        at = data.find(PREFIX.encode())
        return data[at:].decode("latin-1") if at >= 0 else ""
    if suffix in CODECS:
        from .audio_file import read_comment

        comment = read_comment(path)
        return comment if comment.startswith(PREFIX) else ""
    if suffix in (".musicxml", ".xml"):
        from .musicxml import read_recipe

        return read_recipe(path)
    if suffix == ".png":
        return text_of_png(path)
    known = dict.fromkeys(suffix for suffixes in FORMATS.values() for suffix in suffixes)
    raise ValueError(f"expected a file ending in {', '.join(known)}, got {path.name!r}")


def read_bytes(path: Path, limit: int) -> bytes:
    """Gives a file's bytes when there are few enough of them."""
    size = path.stat().st_size
    if size > limit:
        raise ValueError(f"expected at most {limit} bytes, got {size} in {path.name!r}")
    return path.read_bytes()


def text_of_png(path: Path) -> str:
    """Gives our text chunk of a PNG file; empty when there is none."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=["PNG"]) as picture:
            return str(picture.info.get(PREFIX.rstrip(":"), ""))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"expected a PNG file, got {path.name!r}: {str(error).splitlines()[0]}") from None
