"""Dubs to files: sound, film, subtitles, stems, the manifest, and the timeline as a picture."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from generators.base import build
from generators.media import Audio

from ..dubbing.dub import Dub, line_from_json
from ..dubbing.options import DubbingOptions
from . import audio
from .film_file import text_of_film
from .format import PREFIX, picture_text, read_bytes, text_of_text
from .frames import text_of_frames

WEBM = ".webm"  # which takes few kinds of pictures
FILMS = (".mp4", ".mkv", ".mov", WEBM)


def described(dub: Dub, document: str) -> dict[str, Any]:
    """Gives the document, what became of every line, the film, and the feeling over time."""
    found = audio.described(dub, document)
    del found["timings"]  # the lines say it
    return {
        **found,
        "video": dub.video,
        "original": dub.original,
        "options": asdict(dub.options),
        "mix": dub.provenance.get("mix", {}),
        "warnings": list(dub.warnings),
        "lines": [line.to_json() for line in dub.lines],
    }


def manifest(dub: Dub, document: str) -> str:
    return json.dumps(described(dub, document), indent=1, ensure_ascii=False) + "\n"


def write_json(dub: Dub, path: Path, document: str) -> None:
    path.write_text(manifest(dub, document), encoding="utf-8")


def write_subtitles(dub: Dub, path: Path, document: str) -> None:
    """Writes the lines at the times at which they are heard; subtitles have no place for a document."""
    from ..dubbing.write import write_subtitles as write

    if not dub.spoken:
        raise ValueError("expected a dub with lines for subtitles, got none that is heard")
    write(dub.spoken, path)


def write_picture(dub: Dub, path: Path, document: str) -> None:
    from ..dubbing.timeline_picture import draw

    draw(dub, path, text=picture_text(document))


def write_film(dub: Dub, path: Path, document: str) -> None:
    """Writes the film with the dub; what its container cannot hold is a warning.

    Raises:
        ValueError: a dub without a film, or whose film is gone.
    """
    from ..dubbing.mux import mux

    if not dub.video:
        raise ValueError(f"expected a dub of a film for {path.suffix}, got one of sound alone: choose .wav")
    if not Path(dub.video).is_file():
        raise ValueError(f"expected the film of the dub, got no file at {dub.video[:200]!r}")
    blocks, rate = audio.sound(dub)
    left_out = mux(
        dub.video,
        blocks,
        rate,
        path,
        subtitles=dub.spoken,
        document=f"{PREFIX} {document}",
        keep_sound=bool(dub.original),
    )
    for line in left_out:
        warnings.warn(f"left out of the film: {line}", stacklevel=2)


def write_stems(dub: Dub, path: Path, document: str) -> None:
    from ..dubbing.stems import write_stems as write

    write(dub, path, document, manifest(dub, document))


def sound_in(path: Path) -> Audio:
    """Gives the sound of a file, on the disk where it is long.

    Raises:
        ValueError: not a sound.
    """
    from conditioning.encoders.sound_file import opened_sound
    from generators.on_disk import concatenated

    from ..dubbing.flow import file_blocks

    with opened_sound(path) as file:
        rate = file.samplerate
    return Audio(concatenated(file_blocks(path)), rate)


def read(path: Path, recipe: dict[str, Any]) -> Dub:
    """Reads a dub back; of its lines and its film what lies beside it says.

    Raises:
        ValueError: not a sound, or something else beside it.
    """
    from ..dubbing.dub import dub_of

    sound = sound_in(path)
    beside = path.with_suffix(".json")
    if not beside.is_file():
        return Dub(sound.samples, sound.sample_rate, provenance=recipe)
    try:
        found = json.loads(read_bytes(beside))
        lines = [line_from_json(row) for row in found["lines"]]
        options = build(DubbingOptions, found["options"])
        made = dub_of(
            sound,
            lines,
            options,
            video=str(found["video"]),
            original=str(found["original"]),
            provenance={**recipe, "mix": dict(found["mix"])},
            warnings=[str(line) for line in found["warnings"]],
        )
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        raise ValueError(f"expected the lines of a dub in {beside.name!r}, got something else") from None
    return made


def without(video: str) -> tuple[str, ...]:
    """Gives the films that a dub cannot be written as: all without a film, and WebM unless the film is one."""
    if not video:
        return FILMS
    return () if Path(video).suffix.lower() == WEBM else (WEBM,)


FORMAT = replace(
    audio.FORMAT,
    writers={
        **{suffix: writer for suffix, writer in audio.FORMAT.writers.items() if suffix in audio.CODECS},
        **dict.fromkeys(FILMS, write_film),
        **dict.fromkeys((".srt", ".vtt", ".ass"), write_subtitles),
        ".zip": write_stems,
        ".png": write_picture,
        ".json": write_json,
    },
    texts={
        **{suffix: reader for suffix, reader in audio.FORMAT.texts.items() if suffix != ".vtt"},
        **dict.fromkeys(FILMS, text_of_film),
        ".zip": text_of_frames,
        ".json": text_of_text,
    },
    beside=lambda dub: (".json",),
    read=read,
    lacks=lambda dub: without(dub.video),
)
