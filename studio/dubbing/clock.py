"""Times of a script: seconds, or hours, minutes and seconds; no frames, whose length a script does not say."""

from __future__ import annotations

import math
import re
from typing import Any

from conditioning.emotion import is_number
from generators.base import shorten

LATEST_S = 86_400.0
TIME = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,6})(?:[.,](\d{1,20}))?(?:\s*s)?")
FRAMES = re.compile(r"\d+:\d+:\d+[:;]\d+")


def read_time(value: Any, name: str) -> float:
    """Gives a time in seconds from the start of the picture.

    Args:
        value: a number of seconds, or text: "62.5", "62,5 s", "1:02.5", "00:01:02,500".
        name: of the field, for the error.

    Raises:
        ValueError: anything else, below 0 or beyond 24 hours.
    """
    seconds = from_text(value.strip(), name) if isinstance(value, str) else value
    if not is_number(seconds) or not math.isfinite(seconds) or not 0 <= seconds <= LATEST_S:
        raise ValueError(f"expected {name} from 0 to 24 hours, got {shorten(value)}")
    return float(seconds)


def from_text(text: str, name: str) -> float:
    match = TIME.fullmatch(text)
    if match is None:
        hint = " (frames have no length here: write seconds)" if FRAMES.fullmatch(text) else ""
        raise ValueError(f"expected {name} as seconds or HH:MM:SS.mmm, got {shorten(text)}{hint}")
    hours, minutes, seconds, part = match.groups()
    if (minutes and int(seconds) > 59) or (hours and int(minutes) > 59):
        raise ValueError(f"expected minutes and seconds below 60 in {name}, got {shorten(text)}")
    # Through decimal text, so that 62,345 is the nearest number to it, and is written back as it came.
    return float(f"{3600 * int(hours or 0) + 60 * int(minutes or 0) + int(seconds)}.{part or 0}")
