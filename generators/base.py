"""The protocol that every backend keeps, and typed options from which flags and page controls are built."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from conditioning.emotion import shorten

from .media import Media

if TYPE_CHECKING:
    from conditioning import EmotionCurve

StepCallback = Callable[[int, int], None]
PartCallback = Callable[[Media], None]
T = TypeVar("T")
FIELD_TYPES = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
MAX_SEED = 2**31 - 1


class Cancelled(Exception):
    """Raised by `on_step` to stop a generation at the next sampling step."""


class Backend(Protocol):
    """What every medium offers.

    Promises, checked for all backends by one contract test: same seed, options and weights give the same
    bytes on the same machine; noise is drawn on the CPU from a local `torch.Generator`; guidance 1.0 skips
    the null pass; `on_step` is called at every step and may raise `Cancelled`; the parts that `on_part` gets,
    joined, are the result, which is the same without it; nothing global is touched or printed; the result
    carries its provenance; input of any length is processed in bounded memory.

    Attributes:
        name: of the medium.
        media: class of what it makes.
        Prompt, Options: frozen dataclasses whose fields are declared by `option`.
        checkpoints: names of the weights to choose from, the best first; an option `checkpoint` of "auto"
            takes that one.
    """

    name: ClassVar[str]
    media: ClassVar[type[Media]]
    Prompt: ClassVar[type]
    Options: ClassVar[type]
    checkpoints: ClassVar[tuple[str, ...]]

    def __init__(self, device: str = "cpu") -> None: ...

    @staticmethod
    def check(prompt: Any, options: Any) -> None:
        """Refuses, without loading anything, what contradicts itself.

        Raises:
            ValueError: what was expected and what came.
        """

    def to(self, device: str) -> None:
        """Moves the loaded weights."""

    def generate(
        self,
        prompt: Any,
        emotion: EmotionCurve,
        options: Any,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Media:
        """Makes one result.

        Args:
            prompt: what to make. emotion: how it feels, over its seconds. options: how to make it.
            on_step: called after every sampling step; may raise `Cancelled`.
            on_part: called with each piece as soon as it is finished; a medium that is only finished as a
                whole does not call it.
        """


def option(
    default: Any,
    help: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] | None = None,
    labels: Mapping[Any, str] | None = None,
    group: str = "",
    required: bool = False,
    file: tuple[str, ...] = (),
    multiline: bool = False,
    or_file: str = "",
    local: bool = False,
) -> Any:
    """Declares one field of a Prompt or Options dataclass.

    Args:
        default: the value when nothing is said.
        help: one sentence for the command line and the page.
        unit: what the number counts ("bars", "s", "bpm"); empty when it has none.
        minimum, maximum: inclusive range of a number.
        choices: the only values allowed.
        labels: what the page says for values, where the values themselves say little.
        group: heading under which the page shows it.
        required: must be given, and not be empty.
        file: the text is the path of a file with one of these suffixes, with dots and in lower case. Only
            such fields may read a file: a recipe holds its hash, a stranger's request must upload it.
        multiline: text that may have several lines.
        or_file: the field that takes the path of a file which is given here instead of a name; see
            `files_in_place`.
        local: opens a folder of this machine, or fetches something from another: whoever sits at the machine
            may say so, a stranger's request may not.
    """
    metadata = dict(
        help=help, unit=unit, minimum=minimum, maximum=maximum, choices=choices, labels=labels, group=group,
        required=required, file=file, multiline=multiline, or_file=or_file, local=local,
    )  # fmt: skip
    return dataclasses.field(default=default, metadata=metadata)


def guidance(help: str) -> Any:
    """Declares a guidance scale: 1 adds nothing, above 1 says it louder."""
    return option(1.0, help, minimum=0, maximum=10, group="sampling")


def fader(help: str) -> Any:
    """Declares a fader: steps around what the emotion implies, 0 in the middle."""
    return option(0.0, help, minimum=-3, maximum=3, group="faders")


@dataclass(frozen=True)
class SamplingOptions:
    """What every medium's Options begin with."""

    checkpoint: str = option("auto", "Weights: auto takes the best.")
    num_inference_steps: int = option(
        16, "Sampling steps.", unit="steps", minimum=1, maximum=256, group="sampling"
    )
    content_guidance_scale: float = guidance("How strictly the content is followed.")
    identity_guidance_scale: float = guidance("How strictly the identity is followed.")
    emotion_guidance_scale: float = guidance("How strictly the emotion is followed.")
    seed: int = option(
        0,
        "The same seed, options and weights give the same result.",
        minimum=0,
        maximum=MAX_SEED,
        group="sampling",
    )


def field_type(field: dataclasses.Field, owner: type) -> tuple[type, bool]:
    """Gives a field's plain type and whether None is allowed ("int | None" gives (int, True)).

    Raises:
        TypeError: the field is declared as something that no flag and no page control could say.
    """
    hint = typing.get_type_hints(owner)[field.name]
    kinds = [hint]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        kinds = [arg for arg in typing.get_args(hint) if arg is not type(None)]
    if len(kinds) != 1 or kinds[0] not in FIELD_TYPES:
        raise TypeError(f"expected int, float, str or bool for {owner.__name__}.{field.name}, got {hint}")
    return kinds[0], kinds != [hint]


def files_of(cls: type) -> dict[str, tuple[str, ...]]:
    """Gives the fields that name a file, each with its suffixes."""
    fields = dataclasses.fields(cls)
    return {field.name: field.metadata["file"] for field in fields if field.metadata.get("file")}


def local_fields(cls: type) -> list[str]:
    """Gives the fields that only somebody at this machine may set."""
    return [field.name for field in dataclasses.fields(cls) if field.metadata.get("local")]


def files_in_place(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Moves what is no name, but a file, to the field that takes files: voice="clip.wav" is voice_clip's.

    Args:
        values: of the fields of a Prompt or Options, and of others.
    """
    out, suffixes = dict(values), files_of(cls)
    for field in dataclasses.fields(cls):
        other = field.metadata.get("or_file")
        given = out.get(field.name)
        if not other or given is None:
            continue
        a_name = isinstance(given, str) and PurePath(given).suffix.lower() not in suffixes[other]
        if not a_name:
            if out.get(other):
                raise ValueError(f"expected a file for {field.name} or for {other}, got both")
            out[other] = out.pop(field.name)
    return out


def build(cls: type[T], values: Mapping[str, Any]) -> T:
    """Makes a Prompt or Options from plain values, checking names, types, ranges and choices.

    Raises:
        ValueError: an unknown key, a required field left out or empty, a wrong type, or a value outside its
            range or choices.
    """
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = [key for key in values if key not in fields]
    if unknown:
        raise ValueError(f"expected options out of {', '.join(fields)}, got {unknown[0]!r}")
    for name, field in fields.items():
        given = values.get(name)
        empty = given is None or (isinstance(given, str) and not given.strip())
        if empty and field.metadata.get("required"):
            raise ValueError(f"expected {expectation(field, field_type(field, cls)[0])} for {name}, got none")
    return cls(**{key: check_value(fields[key], cls, value) for key, value in values.items()})


def check_value(field: dataclasses.Field, owner: type, value: Any) -> Any:
    """Gives the value in the field's type, or raises a ValueError of what was expected and what came."""
    kind, optional = field_type(field, owner)
    if value is None and optional:
        return None
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not allows(field, kind, value):
        raise ValueError(f"expected {expectation(field, kind)} for {field.name}, got {shorten(value)}")
    return value


def allows(field: dataclasses.Field, kind: type, value: Any) -> bool:
    """Says whether a value is of a field's type and within its range, choices or suffixes."""
    data = field.metadata
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        return False
    if isinstance(value, (int, float)):
        low, high = data.get("minimum"), data.get("maximum")
        if (
            not math.isfinite(value)
            or (low is not None and value < low)
            or (high is not None and value > high)
        ):
            return False
    if data.get("file") and value and PurePath(str(value)).suffix.lower() not in data["file"]:
        return False
    return not data.get("choices") or value in data["choices"]


def expectation(field: dataclasses.Field, kind: type) -> str:
    """Says in words what a field takes: "a number from 0 to 1 s", "one of major, minor"."""
    if field.metadata.get("choices"):
        return "one of " + ", ".join(str(choice) for choice in field.metadata["choices"])
    if field.metadata.get("file"):
        return "a file ending in " + ", ".join(field.metadata["file"])
    words = FIELD_TYPES[kind]
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    if low is not None and high is not None:
        words += f" from {low:g} to {high:g}"
    elif low is not None:
        words += f" of at least {low:g}"
    unit = field.metadata.get("unit")
    return f"{words} {unit}" if unit else words
