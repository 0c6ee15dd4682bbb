"""Who has which voice: a cast as YAML or JSON, in a file of its own or in a script's header."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from conditioning.emotion import check_number
from generators.base import shorten
from generators.voice.phones import LANGUAGES
from generators.voice.voices import SOUND_FILES, check_voice

from ..recipe import nearest
from .inside import inside
from .line import Cast, Line, Speaker
from .options import CASTS, PICTURES
from .script_text import explain_broken, read_text
from .tags import folded

LARGEST_CAST = 2**17
MOST_SPEAKERS = 1000
LONGEST_NAME = 100
NUMBERS = {"gain_db": (-60.0, 24.0), "f0_shift": (-12.0, 12.0), "speed": (0.5, 2.0)}
KEYS = ("voice", *NUMBERS, "language", "image")


def read_voices(path: str | os.PathLike[str]) -> dict[str, Speaker]:
    """Reads a cast.

    Args:
        path: YAML or JSON: name -> voice, or name -> {voice, gain_db, language, f0_shift, speed, image}; it may
            stand under one key, `voices`. Recordings and photos lie in the file's folder.

    Returns:
        Speakers by name, in order; recordings and photos as whole paths.

    Raises:
        FileNotFoundError: the file, or one that it names, is not there.
        ValueError: no cast, unknown keys or voices, a file outside of the folder.
    """
    path = Path(path)
    if path.suffix.lower() not in CASTS:
        raise ValueError(f"expected voices in a file ending in {', '.join(CASTS)}, got {path.name!r}")
    text = read_text(path, LARGEST_CAST)
    if explain_broken(text):
        raise ValueError(f"{explain_broken(text)} ({path.name})")
    return read_cast(text, path.parent, path.name, is_json=path.suffix.lower() == ".json")


def read_cast(text: str, folder: Path, where: str, *, is_json: bool = False) -> dict[str, Speaker]:
    """Reads a cast from text; arguments and errors as `read_voices`."""
    if len(text) > LARGEST_CAST:
        raise ValueError(
            f"expected at most {LARGEST_CAST:,} characters of voices in {where}, got {len(text):,}"
        )
    try:
        found = json.loads(text) if is_json else load_yaml(text)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ValueError(f"expected voices by name in {where}, got: {reason}") from None
    return cast_of(found, folder, where)


def cast_of(found: Any, folder: Path, where: str) -> dict[str, Speaker]:
    """Gives the speakers that plain values stand for; errors as `read_voices`."""
    if isinstance(found, Mapping) and set(found) == {"voices"} and isinstance(found["voices"], Mapping):
        found = found["voices"]
    if not isinstance(found, Mapping) or not found:
        raise ValueError(f"expected voices by name in {where}, got {shorten(found)}")
    if len(found) > MOST_SPEAKERS:
        raise ValueError(f"expected at most {MOST_SPEAKERS} speakers in {where}, got {len(found)}")
    cast: dict[str, Speaker] = {}
    for name, value in found.items():
        speaker = speaker_from(name, value, folder)
        if folded(speaker.name) in cast:
            raise ValueError(f"expected every speaker once in {where}, got {shorten(speaker.name)} twice")
        cast[folded(speaker.name)] = speaker
    return {speaker.name: speaker for speaker in cast.values()}


def speaker_from(name: Any, value: Any, folder: Path) -> Speaker:
    """Reads one speaker of a cast."""
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise ValueError(f"expected a speaker's name of 1 to {LONGEST_NAME} characters, got {shorten(name)}")
    name = " ".join(name.split())
    said = value if isinstance(value, Mapping) else {"voice": value}
    for key in said:
        if key not in KEYS:
            raise ValueError(
                f"expected {', '.join(KEYS)} for {name}, got {shorten(key)}{nearest(str(key), list(KEYS))}"
            )
    if "voice" not in said:
        raise ValueError(f"expected a voice for {name}, got none")
    numbers = {
        key: check_number(said[key], f"{key} of {name}", *limits)
        for key, limits in NUMBERS.items()
        if key in said
    }
    return Speaker(
        name,
        read_voice(said["voice"], folder, f"the voice of {name}"),
        language=language_of(said.get("language", "auto"), name),
        image=image_of(said.get("image") or "", folder, name),
        **numbers,
    )


def read_voice(value: Any, folder: Path, what: str) -> str:
    """Gives a bundled voice's name, or the whole path of a recording in a folder.

    Raises:
        ValueError: neither. FileNotFoundError: no such recording.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"expected a bundled voice or a recording for {what}, got {shorten(value)}")
    value = value.strip()
    if PurePath(value).suffix.lower() in SOUND_FILES:
        return str(inside(folder, value, what))
    return known_voice(value)


@functools.lru_cache(maxsize=1024)
def known_voice(name: str) -> str:
    return check_voice(name).name


def language_of(value: Any, name: str) -> str:
    known = ("auto", *LANGUAGES)
    if value not in known:
        raise ValueError(f"expected a language of {name} out of {', '.join(known)}, got {shorten(value)}")
    return str(value)


def image_of(value: Any, folder: Path, name: str) -> str:
    if not value:
        return ""
    if not isinstance(value, str) or PurePath(value).suffix.lower() not in PICTURES:
        raise ValueError(f"expected a photo of {name} ending in {', '.join(PICTURES)}, got {shorten(value)}")
    return str(inside(folder, value, f"the photo of {name}"))


def speaker_of(line: Line, cast: Cast, default: Speaker) -> Speaker:
    """Gives who says a line.

    Args:
        line: its own voice wins over its speaker's.
        cast: who is who; without one, everybody has the default's voice.
        default: speaks where nobody is named.

    Raises:
        ValueError: a speaker whom the cast does not have.
    """
    if not line.speaker:
        speaker = default
    elif not cast:
        speaker = replace(default, name=line.speaker)
    else:
        speaker = member(line.speaker, cast)
    return replace(speaker, voice=line.voice) if line.voice else speaker


def member(name: str, cast: Cast) -> Speaker:
    """Gives a speaker of a cast; capitals do not matter.

    Raises:
        ValueError: nobody of that name.
    """
    if name in cast:
        return cast[name]
    found = next((one for key, one in cast.items() if folded(key) == folded(name)), None)
    if found is None:
        raise ValueError(
            f"expected a speaker out of {shorten(', '.join(cast), 120)}, got {name!r}{nearest(name, list(cast))}"
        )
    return found


def load_yaml(text: str) -> Any:
    """Reads YAML of plain values.

    Raises:
        ValueError: no YAML, a key twice, or an alias, of which a few lines can stand for gigabytes.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("an alias, which voices do without")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if len(set(keys)) < len(keys):
                twice = next(key for at, key in enumerate(keys) if key in keys[:at])
                raise yaml.YAMLError(f"{twice!r} twice")
            return super().construct_mapping(node, deep=deep)

    try:
        return yaml.load(text, Loader)
    except (yaml.YAMLError, TypeError, AttributeError, KeyError) as error:
        # Unhashable keys and broken dates come as other errors than YAML's own.
        raise ValueError(str(error)) from None
