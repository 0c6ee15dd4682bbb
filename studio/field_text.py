"""Text -> the value of a Prompt's or Options' field: how flags and the cells of a table are read."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from typing import Any

from generators import base

TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def fields_of(backend: type[base.Backend]) -> dict[str, tuple[dataclasses.Field, type]]:
    """Gives every field of a backend's Prompt and Options by its name, with the class that it is of."""
    owners = (backend.Prompt, backend.Options)
    return {field.name: (field, owner) for owner in owners for field in dataclasses.fields(owner)}


def read_field(field: dataclasses.Field, owner: type, text: Any) -> Any:
    """Gives a field's value from text; what is no text stays as it is.

    Raises:
        ValueError: a wrong type, or a value outside of the field's range or choices.
    """
    kind, _ = base.field_type(field, owner)
    value: Any = text
    if isinstance(text, str):
        with contextlib.suppress(ValueError):
            value = convert(text.strip(), kind)
    return base.check_value(field, owner, value)


def convert(text: str, kind: type) -> Any:
    if kind is bool:
        return True if text.lower() in TRUE else False if text.lower() in FALSE else text
    if kind is int and re.fullmatch(r"[-+]?\d{1,18}", text):
        return int(text)
    return float(text) if kind in (int, float) else text


def read_intensity(text: Any) -> float:
    """Gives an intensity; `EmotionCurve.parse` checks its range."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"expected a number from 0 to 1.5 for intensity, got {text!r}") from None
