"""Moving bodies to files: model, film, movement as numbers and in the formats of animation programs, picture, sound."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Audio, Motion, Video

from ..audio_file import CODECS
from . import audio as sounds
from . import their_body
from .audio import described, read_beside, track_of, write_srt, write_vtt
from .body_glb import write_glb
from .film_file import text_of_film, write_mp4, write_webm
from .format import (
    PREFIX,
    Blocks,
    Format,
    picture_text,
    sound_writer,
    text_of_picture,
    text_of_sound,
    text_of_text,
)
from .gif import text_of_gif, write_gif
from .glb import text_of_glb
from .gltf import finite
from .webp import text_of_webp, write_webp

if TYPE_CHECKING:
    import numpy as np

    from conditioning.body.motion import BodyMotion

DIGITS = 5
# The sound is kept as it is beside the movement, which has no place for it.
SOUND = ".flac"
# Of the array that holds the document.
DOCUMENT = "affect_studio"


def sound(motion: Motion) -> tuple[Blocks, int]:
    """Gives the sound in blocks.

    Raises:
        ValueError: a silent motion.
    """
    if motion.audio is None or not motion.has_sound:
        raise ValueError("expected a motion with sound for a sound file, got a silent one")
    return sounds.sound(motion.audio)


def whole(motion: Motion) -> BodyMotion:
    """Gives the movement.

    Raises:
        ValueError: one without frames or with numbers that are not finite.
    """
    if not len(motion.motion):
        raise ValueError("expected a motion of at least one frame, got none")
    finite(("rotations", "root"), motion.motion.rotations, motion.motion.root)
    return motion.motion


def filmed(write: Callable[[Video, Path, str], None]) -> Callable[[Motion, Path, str], None]:
    """Gives the writer of a kind of film: the body is drawn first."""

    def write_film(motion: Motion, path: Path, document: str) -> None:
        from ..body_film.film import film_of

        write(film_of(motion), path, document)

    return write_film


def write_picture(motion: Motion, path: Path, document: str) -> None:
    from ..body_picture import draw

    draw(motion, path, text=picture_text(document))


def write_json(motion: Motion, path: Path, document: str) -> None:
    """Writes the document, the timings, the emotion over time and the movement, a frame to a line."""
    from conditioning.body.skeleton import TREE

    body = whole(motion)
    skeleton = [{"name": name, "parent": parent, "offset_cm": offset} for name, parent, offset in TREE]
    head = json.dumps(described(motion, document), indent=2, ensure_ascii=False).removesuffix("\n}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'{head},\n  "motion": {{\n    "frame_rate": {float(body.frame_rate)!r},')
        file.write(
            '\n    "rotations": "w, x, y, z of every joint, from its parent; y up, +z ahead, +x left",'
        )
        joints = ",\n      ".join(json.dumps(joint) for joint in skeleton)
        file.write(f'\n    "skeleton": [\n      {joints}\n    ],\n    "frames": [')
        for number in range(len(body)):
            row = {
                "root_cm": rounded(body.root[number], 3),
                "rotations": rounded(body.rotations[number], DIGITS),
            }
            file.write(f"{',' if number else ''}\n      {json.dumps(row, separators=(',', ':'))}")
        file.write("\n    ]\n  }\n}\n")


def rounded(values: np.ndarray, digits: int) -> Any:
    """Gives numbers as lists, rounded."""
    import numpy as np

    return np.round(np.asarray(values, np.float64), digits).tolist()


def write_model(motion: Motion, path: Path, document: str) -> None:
    """Writes the mannequin with its movement, or the body that the result is for when it is a model too."""
    theirs = their_body.skeleton_file(motion)
    if theirs is not None and theirs.suffix.lower() == ".glb":
        their_body.write_glb(motion, theirs, path, document)
    else:
        write_glb(motion, path, document)


def write_bvh(motion: Motion, path: Path, document: str) -> None:
    """Writes BVH, which has no place for a document, on our skeleton or that which the result is for."""
    from conditioning.body.bvh import write

    theirs = their_body.skeleton_file(motion)
    if theirs is not None:
        their_body.write_bvh(motion, theirs, path)
    else:
        write(path, whole(motion))


def write_npz(motion: Motion, path: Path, document: str) -> None:
    """Writes poses and places as SMPL-X has them, and the document as one more array."""
    import numpy as np

    from conditioning.body.npz import write

    write(path, whole(motion))
    with zipfile.ZipFile(path, "a") as arrays, arrays.open(zipfile.ZipInfo(f"{DOCUMENT}.npy"), "w") as file:
        np.lib.format.write_array(file, np.array(f"{PREFIX} {document}"), allow_pickle=False)


def text_of_npz(path: Path) -> str:
    """Gives the text in which the document of an NPZ file stands; empty when there is none.

    Raises:
        ValueError: no NPZ file.
    """
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as found:
            return str(found[DOCUMENT]) if DOCUMENT in found else ""
    except (ValueError, OSError, AttributeError, zipfile.BadZipFile):
        raise ValueError(f"expected an NPZ file, got {path.name!r}") from None


def write_csv(motion: Motion, path: Path, document: str) -> None:
    """Writes a table, which has no place for a document."""
    from conditioning.body.table import write

    write(path, whole(motion))


def beside(motion: Motion) -> tuple[str, ...]:
    """Gives what the library keeps beside the movement: the timings and the sound."""
    return (".json", SOUND) if motion.has_sound else (".json",)


def read(path: Path, recipe: dict[str, Any]) -> Motion:
    """Reads a result back: the movement, and what lies beside it.

    Raises:
        ValueError: no movement, or a sound or timings that cannot be read.
    """
    from conditioning.body.npz import read as read_npz

    body = read_npz(path)
    marks, track = read_beside(path.with_suffix(".json"))
    heard: Audio | None = None
    if path.with_suffix(SOUND).is_file():
        heard = sounds.read(path.with_suffix(SOUND), recipe)
    return Motion(
        body, heard, marks, emotion_track=track or track_of(recipe, body.duration_s), provenance=recipe
    )


FORMAT = Format(
    writers={
        ".glb": write_model,
        ".bvh": write_bvh,
        ".npz": write_npz,
        ".csv": write_csv,
        ".mp4": filmed(write_mp4),
        ".webm": filmed(write_webm),
        ".gif": filmed(write_gif),
        ".webp": filmed(write_webp),
        ".png": write_picture,
        **dict.fromkeys(CODECS, sound_writer(sound)),
        ".srt": write_srt,
        ".vtt": write_vtt,
        ".json": write_json,
    },
    texts={
        ".glb": text_of_glb,
        ".npz": text_of_npz,
        **dict.fromkeys((".mp4", ".webm"), text_of_film),
        ".gif": text_of_gif,
        ".webp": text_of_webp,
        ".png": text_of_picture,
        **dict.fromkeys(CODECS, text_of_sound),
        **dict.fromkeys((".vtt", ".json"), text_of_text),
    },
    kept=".npz",
    beside=beside,
    read=read,
    shown=".mp4",
    played=".glb",
)
