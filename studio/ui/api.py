"""The page's named endpoints for other programs: one `generate_...` a medium, and those that only read."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from conditioning import EmotionCurve
from generators.base import field_type, files_in_place, local_fields
from generators.registry import BACKENDS, backend_class

from ..emotion_text import KEYFRAME, read_json, read_keyframes, read_value
from ..formats import format_of
from ..session import AUTO
from .controls import classes_of, default_of, file_fields, is_file
from .making import Workshop, one_line

NOT_OPTIONS = ("modality", "emotion", "intensity", "device", "on_step", "on_part")
OPEN: dict[str, Any] = dict(api_visibility="public", show_progress="hidden")


def emotion_from_text(text: str, intensity: float = 1.0) -> EmotionCurve:
    """Reads an emotion that another program sent as text; it never names a file of this machine.

    Args:
        text: a name, a mixture, a phrase, numbers, "0:calm, 20:joyful 0.9", or JSON.
        intensity: 0..1.5.

    Raises:
        ValueError: not an emotion.
    """
    stripped = str(text).strip()
    if stripped[:1] in ("{", "["):
        value = read_json(stripped)
    elif KEYFRAME.match(stripped):
        value = read_keyframes(stripped)
    else:
        value = read_value(stripped) if stripped else ""
    return EmotionCurve.parse(value, intensity, files=False)


def add_api(workshop: Workshop) -> None:
    """Adds the endpoints to the page that is being built."""
    with gr.Row(visible=False):
        for modality in BACKENDS:
            add_generate(workshop, modality)
        add_readers(workshop)


def add_generate(workshop: Workshop, modality: str) -> None:
    """Adds `generate_<modality>(emotion, intensity, <fields of the prompt>, seed, options)`."""
    fields = dataclasses.fields(backend_class(modality).Prompt)
    given = {
        "emotion": gr.Textbox(
            "neutral",
            label="Emotion: a name, a mixture, a phrase, numbers, keyframes, JSON; auto reads a text",
        ),
        "intensity": gr.Number(1.0, label="Intensity, 0 to 1.5"),
        **{field.name: outside_control(backend_class(modality).Prompt, field) for field in fields},
        "seed": gr.Number(None, label="Seed; none draws one", precision=0),
        "options": gr.JSON({}, label="Other options by name"),
    }
    made = [gr.File(label="What plays"), gr.File(label="The exact form"), gr.JSON(label="Recipe")]
    gr.Button().click(
        with_names(lambda values: generate(workshop, modality, values), given),
        list(given.values()),
        made,
        api_name=f"generate_{modality}",
        concurrency_limit=None,
        **OPEN,
    )


def outside_control(owner: type, field: dataclasses.Field) -> Any:
    """Gives the component whose type says what a field takes."""
    kind, _ = field_type(field, owner)
    words, value = field.metadata.get("help") or field.name, default_of(field)
    if is_file(field):
        return gr.File(label=words, file_types=list(field.metadata["file"]), type="filepath")
    if kind is bool:
        return gr.Checkbox(bool(value), label=words)
    if kind in (int, float):
        return gr.Number(value, label=words, precision=0 if kind is int else None)
    return gr.Textbox(value, label=words)


def with_names(call: Callable[[dict[str, Any]], Any], given: Mapping[str, Any]) -> Callable[..., Any]:
    """Gives `call` a parameter for each component, so that a client can name them and leave some out."""

    def endpoint(*values: Any) -> Any:
        return call(dict(zip(given, values, strict=True)))

    endpoint.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=getattr(component, "value", None)
            )
            for name, component in given.items()
        ]
    )
    return endpoint


def generate(workshop: Workshop, modality: str, values: dict[str, Any]) -> tuple[str | None, str, dict]:
    """Makes a result; gives what plays (WAV or a film; None when nothing does), the exact form that the
    library keeps, and the recipe."""
    try:
        job = list(workshop.follow(request_of(modality, values)))[-1]
        entry = workshop.entry_of(job)
        exact, played = workshop.served.file(entry, entry.path.suffix), format_of(modality).played
        heard = str(workshop.served.file(entry, played)) if played else None
    except (ValueError, OSError) as error:
        raise gr.Error(one_line(error), print_exception=False) from None
    return heard, str(exact), entry.recipe


def request_of(modality: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the request that another program's values stand for.

    Raises:
        ValueError: not an emotion, or options with a name that only an upload, or nobody outside, may set.
    """
    named = {name: value for name, value in values.items() if name not in ("emotion", "intensity", "options")}
    options = values.get("options") or {}
    if not isinstance(options, Mapping):
        raise ValueError("expected options as a JSON object, got something else")
    refused = [name for name in options if name in (*NOT_OPTIONS, *file_fields(modality))]
    if refused:
        raise ValueError(f"expected no {refused[0]!r} among the options: it has a parameter of its own")
    local = [name for cls in classes_of(modality) for name in local_fields(cls)]
    if asked := next((name for name in local if {**values, **options}.get(name)), None):
        raise ValueError(f"expected no {asked!r} from another program: only who is at the machine sets it")
    given = {name: value for name, value in named.items() if value not in (None, "")}
    prompt = backend_class(modality).Prompt
    for name, value in options.items():
        refuse_file(prompt, name, value)
    for name, value in given.items():
        refuse_file(prompt, name, value)
    return {"modality": modality, **feeling_of(values["emotion"], values["intensity"]), **given, **options}


def refuse_file(prompt: type, name: str, value: Any) -> None:
    """Refuses a file where a name stands: strangers upload theirs, in the field that takes files."""
    if files_in_place(prompt, {name: value}).get(name) != value:
        raise ValueError(f"expected a name for {name}, got a file: it has a parameter of its own")


def feeling_of(text: str, intensity: float) -> dict[str, Any]:
    """Gives the request's feeling; "auto" is read off the text that is to be said."""
    if str(text).strip() == AUTO:
        return {"emotion": AUTO, "intensity": intensity}
    return {"emotion": emotion_from_text(text, intensity).to_json()}


def add_readers(workshop: Workshop) -> None:
    """Adds what makes nothing: reading a feeling, listing the library, another form of what is in it."""

    def read_emotion(text: str, intensity: float) -> dict:
        """Reads words, a name or numbers; gives the feeling's JSON and where it lies over its keyframes."""
        from .feeling import AXES, view_of

        try:
            curve = emotion_from_text(text, intensity)
            view = view_of(curve)
        except (ValueError, OSError) as error:
            raise gr.Error(one_line(error), print_exception=False) from None
        return {
            "label": curve.label,
            "emotion": curve.to_json(),
            "labels": list(view.near),
            **dict(zip(AXES, view.lies, strict=False)),
            "route": [list(place) for place in view.route],
        }

    def list_library(text: str, limit: int) -> list:
        """Finds entries of the library, the newest first."""
        try:
            found = workshop.library.search(text or "", limit=int(limit))
        except (ValueError, OSError) as error:
            raise gr.Error(one_line(error), print_exception=False) from None
        return [{key: value for key, value in entry.to_json().items() if key != "path"} for entry in found]

    def export(entry_id: str, form: str) -> str:
        """Gives an entry of the library in another form: "mp4", "srt", "mid", ..."""
        try:
            entry = workshop.library.get(str(entry_id))
            return str(workshop.served.file(entry, "." + str(form).strip().lower().removeprefix(".")))
        except (ValueError, OSError) as error:
            raise gr.Error(one_line(error), print_exception=False) from None

    text, limit = gr.Textbox("", label="Text"), gr.Number(20, label="At most this many", precision=0)
    intensity = gr.Number(1.0, label="Intensity, 0 to 1.5")
    reading, entries = gr.JSON(label="Reading"), gr.JSON(label="Entries")
    gr.Button().click(read_emotion, [text, intensity], reading, api_name="read_emotion", **OPEN)
    gr.Button().click(list_library, [text, limit], entries, api_name="list_library", **OPEN)
    entry_id, form = (
        gr.Textbox("", label="Id of an entry, as list_library gives it"),
        gr.Textbox("", label="Form"),
    )
    file = gr.File(label="The file")
    gr.Button().click(export, [entry_id, form], file, api_name="export", concurrency_limit=2, **OPEN)
