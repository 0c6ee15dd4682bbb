"""Feelings as scripts write them: a cell or a tag -> what a `Line` holds, and back."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from conditioning import Emotion, EmotionCurve
from conditioning.curve import is_keyframes
from conditioning.names import NEUTRAL, find_state, nearest_names
from generators.base import shorten

from ..batch_request import REFERENCES, names_file, with_references
from ..emotion_text import KEYFRAME, NUMBER, read_json, read_keyframes, read_value
from .inside import inside, relative_name
from .script_text import BROKEN, explain_broken, read_text

LARGEST_FILE = 2**20
INTENSITY = re.compile(rf"\bintensity\s*[:=]?\s*(?P<number>{NUMBER})$", re.IGNORECASE)
# "sda 0.7" and "60% sda" are meant for feelings; "chapter 1" is not.
MEANT = re.compile(r"(?:^|\s)[01]?\.\d+$|\d\s*%")
STRENGTH = re.compile(r"^(?P<name>.*\S)\s+(?P<number>[01](?:\.\d+)?|\.\d+)$", re.DOTALL)


def read_feeling(value: Any, folder: Path) -> Any:
    """Reads what a script says under emotion or curve.

    Args:
        value: text as it is typed after `--emotion`, or what a JSON script holds. Files that it names are
            references, or one `.json`, and lie in the script's folder.
        folder: of the script.

    Returns:
        A value that `EmotionCurve.parse` takes; references are whole paths.

    Raises:
        ValueError: no emotion, or a file outside of the folder. FileNotFoundError: a file that is not there.
    """
    if isinstance(value, str):
        value = from_text(value.strip(), folder)
    try:
        plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if BROKEN.search(plain):
            raise ValueError(explain_broken(plain))
        # A reference is only read when its line is made; whatever else may name a file is refused here.
        checked(with_references(without_voices(value), lambda name: NEUTRAL))
        return with_references(value, lambda name: str(inside(folder, name, "a reference")))
    except RecursionError:
        raise ValueError("expected an emotion, got lists within very many lists") from None


def without_voices(value: Any) -> Any:
    """Gives an emotion with neutral for words that go with how they were said."""
    if isinstance(value, Mapping):
        if names_file(value.get("audio"), REFERENCES):
            return NEUTRAL
        return {name: without_voices(one) for name, one in value.items()}
    return [without_voices(one) for one in value] if isinstance(value, (list, tuple)) else value


def checked(value: Any) -> None:
    """Refuses what is no emotion; the same text is looked at once."""
    if isinstance(value, str):
        checked_text(value)
    else:
        EmotionCurve.parse(value, files=False)


@functools.lru_cache(maxsize=1024)
def checked_text(text: str) -> None:
    EmotionCurve.parse(text, files=False)


def from_text(text: str, folder: Path) -> Any:
    """Gives the value that a text stands for; only the script's own folder is ever looked into."""
    if PurePath(text).suffix.lower() == ".json" and text[:1] not in ("{", "["):
        return read_json(read_text(inside(folder, text, "an emotion"), LARGEST_FILE))
    if text[:1] in ("{", "["):
        return read_json(text)
    if text[:1] == '"':  # text within quotes, for what could not stand in a tag as it is
        text = str(read_json(text))
    return read_keyframes(text) if KEYFRAME.match(text) else read_value(text)


def feeling_of_tag(text: str) -> dict[str, Any] | None:
    """Reads what stands in square brackets, such as "sad 0.7".

    Returns:
        {"emotion": ..., "intensity": ...}, either only where it is said; None for words that are no feeling.

    Raises:
        ValueError: what was meant for a feeling and is none.
    """
    found: dict[str, Any] = {}
    match = INTENSITY.search(text)
    if match:
        text, found["intensity"] = text[: match.start()].rstrip(" ,;|"), float(match["number"])
        if not text:
            return found
    strength = None if "," in text or "%" in text or KEYFRAME.match(text) else STRENGTH.match(text)
    if strength and find_state(strength["name"]):
        if "intensity" in found:
            raise ValueError(f"expected one intensity, got two in [{text}]")
        return {"emotion": strength["name"], "intensity": float(strength["number"])}
    if is_named(text):
        return {**found, "emotion": text}
    if match or MEANT.search(text):
        name = strength["name"] if strength else re.sub(r"[\d.%,:]+", " ", text).strip()
        hint = hint_at(name[:40])
        raise ValueError(f"expected a feeling in brackets, got {shorten(text)}{hint}")
    return None


@functools.lru_cache(maxsize=1024)
def hint_at(name: str) -> str:
    """Gives the feelings that are spelled like a name, to stand behind an error; empty where none is."""
    near = nearest_names(name) if name else []
    return f" (nearest: {', '.join(near)})" if near else ""


def is_named(text: str) -> bool:
    """Says whether a text names feelings, or where they lie, rather than being just words."""
    try:
        value = read_keyframes(text) if KEYFRAME.match(text) else read_value(text)
        curve = EmotionCurve.parse(with_references(value, lambda name: NEUTRAL), files=False)
    except ValueError:
        return False
    return all(emotion.phrase is None for _, emotion in curve.keyframes)


def feeling_text(value: Any, folder: Path) -> str:
    """Gives the text that `read_feeling` reads as this emotion.

    Args:
        value: what a `Line` holds. folder: of the script that is written.

    Raises:
        ValueError: a reference that lies elsewhere.
    """
    plain = plain_feeling(value, folder)
    short = short_text(plain)
    if short is not None:
        try:
            if from_text(short, folder) == plain_of_text(plain):
                return short
        except (ValueError, OSError):
            pass
    return json.dumps(plain, ensure_ascii=False)


def plain_feeling(value: Any, folder: Path) -> Any:
    """Gives an emotion as JSON values, with references named from a folder."""
    if isinstance(value, (Emotion, EmotionCurve)):
        return value.to_json()
    return with_references(value, lambda name: relative_name(folder, name, "a reference"))


def short_text(value: Any) -> str | None:
    """Gives an emotion as somebody would type it; None where that has no short form."""
    if isinstance(value, str):
        return value
    if is_keyframes(value):
        parts = [short_text(item) for _, item in value]
        if all(part is not None for part in parts):
            return ", ".join(f"{time_s:g}:{part}" for (time_s, _), part in zip(value, parts, strict=True))
    if isinstance(value, (tuple, list)) and len(value) == 2 and isinstance(value[0], str):
        return f"{value[0]} {value[1]}"
    return None


def plain_of_text(value: Any) -> Any:
    """Gives a value with pairs as the text forms have them, so that the two can be compared."""
    if is_keyframes(value):
        return [(time_s, plain_of_text(item)) for time_s, item in value]
    return tuple(value) if isinstance(value, list) else value
