"""The page's named endpoints for other programs: `generate_music`, `read_emotion`, `list_library`."""

from __future__ import annotations

from typing import Any

import gradio as gr

from conditioning import EmotionCurve

from ..emotion_text import KEYFRAME, read_json, read_keyframes, read_value
from .feeling import one_line
from .making import Workshop

NOT_FROM_OUTSIDE = ("source", "modality", "emotion", "intensity", "device", "on_step")


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

    def generate_music(
        emotion: str, intensity: float, bars: int, seed: int | None, options: dict | None, source: str | None
    ) -> tuple[str, str, dict]:
        """Makes a piece; gives the sound (WAV), the score (MIDI) and the recipe."""
        try:
            arguments = {
                name: value for name, value in (options or {}).items() if name not in NOT_FROM_OUTSIDE
            }
            if "duration_s" not in arguments:
                arguments["bars"] = bars
            if source:
                arguments["source"] = source
            curve = emotion_from_text(emotion, intensity)
            request = {"modality": "music", "emotion": curve.to_json(), "seed": seed, **arguments}
            job = list(workshop.follow(request))[-1]
            entry = workshop.entry_of(job)
            wav, midi = (workshop.served.file(entry, suffix) for suffix in (".wav", ".mid"))
        except (ValueError, OSError) as error:
            raise gr.Error(one_line(error), print_exception=False) from None
        return str(wav), str(midi), entry.recipe

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
        hidden = ("path",)
        return [
            {key: value for key, value in entry.to_json().items() if key not in hidden} for entry in found
        ]

    open_to_all: dict[str, Any] = dict(api_visibility="public", show_progress="hidden")
    with gr.Row(visible=False):
        emotion = gr.Textbox(
            "neutral", label="Emotion: a name, a mixture, a phrase, numbers, keyframes or JSON"
        )
        intensity = gr.Number(1.0, label="Intensity, 0 to 1.5")
        bars = gr.Number(8, label="Bars", precision=0)
        seed = gr.Number(None, label="Seed; none draws one", precision=0)
        options = gr.JSON({}, label="Other options of the music backend by name")
        source = gr.File(
            label="MIDI file to continue, infill or edit", file_types=[".mid", ".midi"], type="filepath"
        )
        sound, score, recipe = gr.File(label="WAV"), gr.File(label="MIDI"), gr.JSON(label="Recipe")
        text, limit = gr.Textbox("", label="Text"), gr.Number(20, label="At most this many", precision=0)
        reading, entries = gr.JSON(label="Reading"), gr.JSON(label="Entries")
        gr.Button().click(
            generate_music,
            [emotion, intensity, bars, seed, options, source],
            [sound, score, recipe],
            api_name="generate_music",
            concurrency_limit=None,
            **open_to_all,
        )
        gr.Button().click(read_emotion, [text, intensity], reading, api_name="read_emotion", **open_to_all)
        gr.Button().click(list_library, [text, limit], entries, api_name="list_library", **open_to_all)
