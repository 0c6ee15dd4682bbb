"""The voices that ship, with what a caller wants to know of them; needs no weights."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

# What a recording may come as.
SOUND_FILES = (".wav", ".flac", ".ogg", ".mp3", ".opus", ".aiff", ".aif")


@dataclass(frozen=True)
class Voice:
    """One voice: the language it was recorded in, who it is, and the licence of its recordings."""

    name: str
    language: str
    description: str
    licence: str


VOICES = {
    voice.name: voice
    for voice in (
        Voice("kathleen", "en-US", "woman, 50 to 70, calm reader", "CC0"),
        Voice("kerstin", "de-DE", "woman, clear reader", "CC0"),
        Voice("emodb_03", "de-DE", "man, 31, actor", "reported CC0"),
        Voice("emodb_08", "de-DE", "woman, 34, actor", "reported CC0"),
        Voice("emodb_09", "de-DE", "woman, 21, actor", "reported CC0"),
        Voice("emodb_10", "de-DE", "man, 32, actor", "reported CC0"),
        Voice("emodb_11", "de-DE", "man, 26, actor", "reported CC0"),
        Voice("emodb_12", "de-DE", "man, 30, actor", "reported CC0"),
        Voice("emodb_14", "de-DE", "woman, 35, actor", "reported CC0"),
        Voice("emodb_16", "de-DE", "woman, 31, actor", "reported CC0"),
    )
}


LABELS = {name: f"{name} ({voice.language}, {voice.description})" for name, voice in VOICES.items()}


def check_clip(path: str) -> None:
    """Refuses what is no readable sound file; nothing is no clip.

    Raises:
        FileNotFoundError, ValueError: as `opened_sound`.
    """
    if path:
        from conditioning.encoders.sound_file import opened_sound

        with opened_sound(path):
            pass


def list_voices() -> list[Voice]:
    """Gives every voice, the default first."""
    return list(VOICES.values())


def check_voice(name: str) -> Voice:
    """Gives a voice by name.

    Raises:
        ValueError: no such voice; the nearest names are given.
    """
    if name in VOICES:
        return VOICES[name]
    near = difflib.get_close_matches(name.lower(), VOICES, n=3, cutoff=0.4) or list(VOICES)[:3]
    raise ValueError(f"expected a voice such as {', '.join(near)} (`affect voices` lists all), got {name!r}")
