"""The protocol that every backend keeps, and typed options from which flags and page controls are built."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

if TYPE_CHECKING:
    from conditioning import EmotionCurve

    from .media import Media

StepCallback = Callable[[int, int], None]
T = TypeVar("T")


class Cancelled(Exception):
    """Raised by `on_step` to stop a generation at the next sampling step."""


class Backend(Protocol):
    """What every medium offers.

    Promises, checked for all backends by one contract test: same seed, options and weights give the same
    bytes on the same machine; noise is drawn on the CPU from a local `torch.Generator`; guidance 1.0 skips
    the null pass; `on_step` is called at every step and may raise `Cancelled`; nothing global is touched or
    printed; the result carries its provenance; input of any length is processed in bounded memory.
    """

    name: ClassVar[str]
    Prompt: ClassVar[type]
    Options: ClassVar[type]

    def __init__(self, device: str = "cpu") -> None: ...

    def to(self, device: str) -> None:
        """Moves the loaded weights."""

    def generate(
        self, prompt: Any, emotion: EmotionCurve, options: Any, *, on_step: StepCallback | None = None
    ) -> Media:
        """Makes one result."""


def option(
    default: Any,
    help: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] | None = None,
    group: str = "",
) -> Any:
    """Declares one field of a Prompt or Options dataclass.

    Args:
        default: the value when nothing is said.
        help: one sentence for the command line and the page.
        unit: what the number counts ("bars", "s", "bpm"); empty when it has none.
        minimum, maximum: inclusive range of a number.
        choices: the only values allowed.
        group: heading under which the page shows it.
    """
    metadata = dict(help=help, unit=unit, minimum=minimum, maximum=maximum, choices=choices, group=group)
    return dataclasses.field(default=default, metadata=metadata)


def field_type(field: dataclasses.Field, owner: type) -> tuple[type, bool]:
    """Gives a field's plain type and whether None is allowed ("int | None" gives (int, True))."""
    hint = typing.get_type_hints(owner)[field.name]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        args = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        return args[0], len(args) < len(typing.get_args(hint))
    return hint, False


def build(cls: type[T], values: Mapping[str, Any]) -> T:
    """Makes a Prompt or Options from plain values, checking names, types, ranges and choices.

    Raises:
        ValueError: an unknown key, a wrong type, or a value outside its range or choices.
    """
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = [key for key in values if key not in fields]
    if unknown:
        raise ValueError(f"expected options out of {', '.join(fields)}, got {unknown[0]!r}")
    return cls(**{key: check_value(fields[key], cls, value) for key, value in values.items()})


def check_value(field: dataclasses.Field, owner: type, value: Any) -> Any:
    """Gives the value in the field's type, or raises a ValueError of what was expected and what came."""
    kind, optional = field_type(field, owner)
    if value is None and optional:
        return None
    expected = expectation(field, kind)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if kind in (int, float, str, bool):
        wrong = not isinstance(value, kind) or (kind is not bool and isinstance(value, bool))
        if wrong or (isinstance(value, float) and not math.isfinite(value)):
            raise ValueError(f"expected {expected} for {field.name}, got {shorten(value)}")
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    choices = field.metadata.get("choices")
    if kind in (int, float) and ((low is not None and value < low) or (high is not None and value > high)):
        raise ValueError(f"expected {expected} for {field.name}, got {shorten(value)}")
    if choices and value not in choices:
        raise ValueError(f"expected {expected} for {field.name}, got {shorten(value)}")
    return value


def expectation(field: dataclasses.Field, kind: type) -> str:
    """Says in words what a field takes: "a number from 0 to 1 s", "one of major, minor"."""
    if field.metadata.get("choices"):
        return "one of " + ", ".join(str(choice) for choice in field.metadata["choices"])
    words = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}.get(
        kind, kind.__name__
    )
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    if low is not None and high is not None:
        words += f" from {low:g} to {high:g}"
    elif low is not None:
        words += f" of at least {low:g}"
    unit = field.metadata.get("unit")
    return f"{words} {unit}" if unit else words


def shorten(value: Any, limit: int = 60) -> str:
    """Gives a value's repr, cut so that an error stays one line."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
