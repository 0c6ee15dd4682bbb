"""One line of text -> a value that `EmotionCurve.parse` takes: how emotions are typed on a command line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NoReturn

from .recipe import is_file

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
# "0:calm, 20:joyful 0.9": a time at the start, and after each separator that a time follows.
KEYFRAME = re.compile(rf"(?:^|[,;])\s*({NUMBER})\s*s?\s*:")
STRENGTH = re.compile(r"^(?P<value>.*\S)\s+(?P<intensity>(?:0|1)(?:\.\d+)?|\.\d+)$", re.DOTALL)
LARGEST_FILE = 2**20


def read_emotion(text: str) -> Any:
    """Reads what stands after `--emotion`.

    Args:
        text: a name, "60% sad, 40% angry" or a phrase; "joyful 0.9" (with an intensity);
            "valence,arousal,dominance" or eight numbers; JSON; "0:calm, 20:joyful 0.9" (seconds:emotion); the
            path of an existing file (`.json` is read, any other is a reference for the emotion encoders);
            "60% a.wav, 40% sad" (shares of references).

    Returns:
        A value for `EmotionCurve.parse`, which checks it.

    Raises:
        ValueError: broken JSON, or keyframes without a value.
    """
    stripped = text.strip()
    if is_file(stripped):
        return read_json(read_small(Path(stripped))) if stripped.lower().endswith(".json") else stripped
    if stripped[:1] in ("{", "["):
        return read_json(stripped)
    if KEYFRAME.match(stripped):
        return read_keyframes(stripped)
    return read_value(stripped) if stripped else text


def read_small(path: Path) -> str:
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(
            f"expected an emotion file of at most {LARGEST_FILE} bytes, got {path.stat().st_size}"
        )
    return path.read_text(encoding="utf-8")


def read_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected JSON for the emotion, got: {str(error)[:120]}") from None


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def read_keyframes(text: str) -> list[tuple[float, Any]]:
    matches = list(KEYFRAME.finditer(text))
    ends = [match.start() for match in matches[1:]] + [len(text)]
    frames = []
    for match, end in zip(matches, ends, strict=True):
        value = text[match.end() : end].strip()
        if not value:
            raise ValueError(f"expected an emotion after {match.group(1)}:, got nothing")
        frames.append((float(match.group(1)), read_value(value)))
    return frames


def read_value(text: str) -> Any:
    """Reads one emotion: numbers, a value with a strength after it, or the text itself."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) in (3, 8) and all(re.fullmatch(NUMBER, part) for part in parts):
        return tuple(float(part) for part in parts)
    match = STRENGTH.match(text)
    if match and not is_number(match["value"]) and "," not in text and "%" not in text:
        # "take.wav: 0.6" and "sad: 0.6" are shares of one.
        return (match["value"].rstrip(" :="), float(match["intensity"]))
    return text


def is_number(text: str) -> bool:
    return re.fullmatch(NUMBER, text) is not None
