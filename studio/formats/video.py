"""Films and talking portraits to files: film, pictures, sound, subtitles, a face's movement as numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Portrait, Video

from ..audio_file import CODECS
from .audio import described, read_beside, timed, track_of, write_srt, write_vtt
from .film_file import text_of_film, write_mp4, write_webm
from .format import Blocks, Format, picture_text, sound_writer, text_of_picture, text_of_sound, text_of_text
from .frames import text_of_frames, write_frames
from .gif import text_of_gif, write_gif
from .glb import text_of_glb, write_glb
from .webp import text_of_webp, write_webp

if TYPE_CHECKING:
    from conditioning.face.motion import FaceMotion


def sound(video: Video) -> tuple[Blocks, int]:
    """Gives the sound in blocks.

    Raises:
        ValueError: a silent film.
    """
    if not video.has_sound:
        raise ValueError("expected a film with sound for a sound file, got a silent one")
    return video.sound(), video.sample_rate


def write_picture(video: Video, path: Path, document: str) -> None:
    from ..film_picture import draw

    draw(video, path, text=picture_text(document))


def write_json(video: Video, path: Path, document: str) -> None:
    """Writes the document, the timings and the emotion over time."""
    path.write_text(
        json.dumps(described(video, document), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def write_motion_json(portrait: Portrait, path: Path, document: str) -> None:
    """Writes what `write_json` does, the movement (`conditioning.face.motion_file`) and the head's shape."""
    from conditioning.face.motion_file import motion_to_json

    found = described(portrait, document)
    if portrait.identity is not None:
        found["identity"] = [round(float(value), 5) for value in portrait.identity]
    head = json.dumps(found, indent=2, ensure_ascii=False).removesuffix("\n}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'{head},\n  "motion": {{')
        for number, (name, value) in enumerate(motion_to_json(portrait.motion).items()):
            file.write(f"{',' if number else ''}\n    {json.dumps(name)}: ")
            rows = bool(value) and isinstance(value, list) and isinstance(value[0], list)
            # A frame to a line, which people can find.
            lines = ",\n      ".join(json.dumps(row) for row in value) if rows else ""
            file.write(f"[\n      {lines}\n    ]" if rows else json.dumps(value))
        file.write("\n  }\n}\n")


def write_csv(portrait: Portrait, path: Path, document: str) -> None:
    """Writes the movement as Live Link Face does, which has no place for a document."""
    from conditioning.face.motion_file import csv_lines

    with open(path, "w", encoding="ascii", newline="") as file:
        file.writelines(csv_lines(portrait.motion))


def read(path: Path, recipe: dict[str, Any]) -> Video:
    """Reads a film back; its marks and the emotion over time when they lie beside it.

    Raises:
        ValueError: no film, or timings that cannot be read.
    """
    marks, track = read_beside(path.with_suffix(".json"))
    return Video(**opened(path, recipe, track), marks=marks)


def opened(
    path: Path, recipe: dict[str, Any], track: tuple[tuple[float, float, float], ...]
) -> dict[str, Any]:
    """Gives the fields of a film that stays in its file; without an emotion over time, that of its recipe."""
    from conditioning.encoders.video_file import open_video

    known = open_video(path)
    return {
        "file": path,
        "width": known.width,
        "height": known.height,
        "frame_rate": known.frame_rate,
        "num_frames": known.num_frames,
        "sample_rate": known.sample_rate,
        "emotion_track": track or track_of(recipe, known.duration_s),
        "provenance": recipe,
    }


def read_portrait(path: Path, recipe: dict[str, Any]) -> Portrait:
    """Reads a portrait back: the film, and from the JSON beside it all else.

    Raises:
        ValueError: no film, or no movement beside it.
    """
    beside = path.with_suffix(".json")
    if not beside.is_file():
        raise ValueError(f"expected the face's movement beside {path.name!r}, got no {beside.name!r}")
    marks, track, motion, identity = moved(beside)
    return Portrait(**opened(path, recipe, track), marks=marks, motion=motion, identity=identity)


def moved(path: Path) -> tuple[Any, Any, FaceMotion, Any]:
    """Gives marks, emotion over time, movement and shape from what `write_motion_json` wrote."""
    import numpy as np

    from conditioning.face.motion_file import motion_from_json

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        motion = motion_from_json(found["motion"], path.name)
        shape = found.get("identity")
        identity = None if shape is None else np.array(shape, np.float32)
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        raise ValueError(f"expected a face's movement in {path.name!r}, got something else") from None
    return *timed(found, path.name), motion, identity


FORMAT = Format(
    writers={
        ".mp4": write_mp4,
        ".webm": write_webm,
        ".gif": write_gif,
        ".webp": write_webp,
        ".zip": write_frames,
        ".png": write_picture,
        **dict.fromkeys(CODECS, sound_writer(sound)),
        ".srt": write_srt,
        ".vtt": write_vtt,
        ".json": write_json,
    },
    texts={
        **dict.fromkeys((".mp4", ".webm"), text_of_film),
        ".gif": text_of_gif,
        ".webp": text_of_webp,
        ".zip": text_of_frames,
        ".png": text_of_picture,
        **dict.fromkeys(CODECS, text_of_sound),
        **dict.fromkeys((".vtt", ".json"), text_of_text),
    },
    kept=".mp4",
    beside=lambda video: (".json",) if video.marks or video.emotion_track else (),
    read=read,
    shown=".mp4",
    played=".mp4",
)
PORTRAIT = replace(
    FORMAT,
    writers={
        **FORMAT.writers,
        ".json": write_motion_json,
        ".csv": write_csv,
        ".glb": write_glb,
    },
    texts={**FORMAT.texts, ".glb": text_of_glb},
    beside=lambda portrait: (".json",),
    read=read_portrait,
)
