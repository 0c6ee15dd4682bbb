"""The encoders that read a feeling from a reference file, by the file's suffix."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any, NamedTuple


class Reader(NamedTuple):
    """An encoder.

    Attributes:
        loader: import path "module:function" that gives it, with `encode(path) -> (64,)`.
        checkpoint: its weights.
        what: what such a file is, for people.
        only_if: import path "module:function" that says of a path whether this encoder reads it; empty: always.
        instead: reads it otherwise.
    """

    loader: str
    checkpoint: str
    what: str
    only_if: str = ""
    instead: Reader | None = None


MUSIC = Reader("conditioning.encoders.music:load_music_encoder", "music-encoder", "a MIDI or MusicXML file")
SPEECH = Reader(
    "conditioning.encoders.speech:load_speech_encoder", "speech-encoder", "a recording of a voice"
)
PICTURE = Reader(
    "conditioning.encoders.picture:load_picture_encoder", "picture-encoder", "a picture or a film"
)
# Where a face can be found it says more than colours do.
FACE = Reader(
    "conditioning.encoders.face:load_face_encoder",
    "face-encoder",
    "a picture or a film, best of a face",
    "conditioning.encoders.face:shows_face",
    PICTURE,
)
MOTION = Reader(
    "conditioning.encoders.motion:load_motion_encoder", "motion-encoder-nc", "a movement of a body"
)
# What reads words; it has no files of its own.
TEXT_WEIGHTS = "text-encoder"
# A new reader is one line here.
ENCODERS: dict[str, Reader] = {
    **dict.fromkeys((".mid", ".midi", ".mxl", ".musicxml"), MUSIC),
    **dict.fromkeys((".wav", ".flac", ".ogg", ".mp3", ".opus"), SPEECH),
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".webp", ".heic", ".mp4", ".mov", ".webm", ".gif"), FACE),
    **dict.fromkeys((".bvh", ".npz"), MOTION),
}


def all_weights() -> tuple[str, ...]:
    """Gives the names of all weights that read feelings."""
    readers = [one for reader in ENCODERS.values() for one in (reader, reader.instead) if one is not None]
    return tuple(dict.fromkeys((TEXT_WEIGHTS, *(reader.checkpoint for reader in readers))))


def encoder_of(file_name: str) -> Reader | None:
    """Gives the encoder that reads a file of this name, or tries to before another; None when there is none."""
    return ENCODERS.get(Path(file_name).suffix.lower())


def encode(path: Path) -> Any:
    """Places a reference file in the emotion space: (64,); see `read`."""
    return read(path)[0]


def read(path: Path) -> tuple[Any, str]:
    """Places a reference file in the emotion space: (64,), and gives the name of the weights that read it.

    Raises:
        ValueError: no encoder reads such a file.
        FileNotFoundError: nothing is there.
    """
    from ..emotion import shorten

    reader = encoder_of(path.name)
    if reader is None:
        raise ValueError(f"expected a reference file of {', '.join(ENCODERS)}, got {shorten(path.name)}")
    if not os.path.isfile(path):  # unlike Path.is_file, no error for a name that is too long
        raise FileNotFoundError(f"expected a reference file, got no file at {shorten(str(path))}")
    if reader.instead is not None and not imported(reader.only_if)(path):
        reader = reader.instead
    return imported(reader.loader)().encode(path), reader.checkpoint


def imported(target: str) -> Any:
    """Gives what "module:name" stands for."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)
