"""Text for a medium that takes sound: our own voice speaks it first, with the same feeling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from generators import registry
from generators.base import StepCallback, files_of

if TYPE_CHECKING:
    from .session import Studio

SPEECH = "speech"


def wants_voice(modality: str, arguments: Mapping[str, Any]) -> bool:
    """Says whether a call has text where its medium needs sound."""
    names = {field.name for field in fields(registry.backend_class(modality).Prompt)}
    text = arguments.get("text")
    return (
        {"text", "voice", "audio"} <= names
        and isinstance(text, str)
        and bool(text.strip())
        and not arguments.get("audio")
    )


def with_voice(
    studio: Studio,
    modality: str,
    arguments: Mapping[str, Any],
    emotion: Any,
    intensity: float,
    on_step: StepCallback | None,
) -> dict[str, Any]:
    """Gives the arguments of a call with its text spoken as `audio`; unchanged where nothing is to speak.

    The sound is kept among the user's data under the hash of its content, as every result that a call is
    given, so that the recipe of what is made from it can name it.

    Raises:
        ValueError: text that cannot be spoken. Cancelled: `on_step` asked for it.
    """
    if not wants_voice(modality, arguments):
        return dict(arguments)
    from .inputs import file_of

    asked = {name: arguments[name] for name in ("voice", "seed") if arguments.get(name) is not None}
    prompt, options, curve = studio.check(
        SPEECH, text=arguments["text"], emotion=emotion, intensity=intensity, **asked
    )

    def step(at: int, total: int) -> None:
        if on_step:  # what follows counts on its own; this only lets a cancel through
            on_step(0, total)

    made = studio.backend(SPEECH).generate(prompt, curve, options, on_step=step)
    suffixes = files_of(registry.backend_class(modality).Prompt)["audio"]
    return {**arguments, "audio": file_of(made, suffixes)}
