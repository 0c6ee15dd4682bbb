"""Scores to files: MIDI, MusicXML, rendered sound, the piano roll."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generators.media import Score

from ..audio_file import CODECS
from .format import (
    PREFIX,
    Blocks,
    Format,
    emotion_track,
    picture_text,
    read_bytes,
    sound_writer,
    text_of_picture,
    text_of_sound,
    text_of_text,
)


def write_midi(score: Score, path: Path, document: str) -> None:
    path.write_bytes(with_text(score.midi.dumps_midi(), f"{PREFIX} {document}"))


def write_musicxml(score: Score, path: Path, document: str) -> None:
    from ..score import musicxml

    musicxml.write(score, path, recipe=document)


def write_picture(score: Score, path: Path, document: str) -> None:
    from ..score import piano_roll

    piano_roll.draw(score, path, text=picture_text(document))


def write_json(score: Score, path: Path, document: str) -> None:
    path.write_text(json.dumps(json.loads(document), indent=2) + "\n", encoding="utf-8")


def sound(score: Score) -> tuple[Blocks, int]:
    from ..score import render

    return render.render_blocks(score.midi), render.SAMPLE_RATE


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


def text_of_midi(path: Path) -> str:
    data = read_bytes(path)
    at = data.find(PREFIX.encode())
    return data[at:].decode("latin-1") if at >= 0 else ""


def text_of_musicxml(path: Path) -> str:
    from ..score.musicxml import read_recipe

    return read_recipe(path)


def read(path: Path, recipe: dict[str, Any]) -> Score:
    """Reads a score back with the emotion of each bar."""
    import symusic

    from ..score.piano_roll import bar_starts

    midi = symusic.Score(str(path))
    return Score(midi, emotion_track=emotion_track(recipe, bar_starts(midi)), provenance=recipe)


FORMAT = Format(
    writers={
        ".mid": write_midi,
        ".musicxml": write_musicxml,
        **dict.fromkeys(CODECS, sound_writer(sound)),
        ".png": write_picture,
        ".json": write_json,
    },
    texts={
        **dict.fromkeys((".mid", ".midi"), text_of_midi),
        **dict.fromkeys((".musicxml", ".xml"), text_of_musicxml),
        **dict.fromkeys(CODECS, text_of_sound),
        ".png": text_of_picture,
        ".json": text_of_text,
    },
    kept=".mid",
    read=read,
    shown=".png",
    played=".wav",
)
