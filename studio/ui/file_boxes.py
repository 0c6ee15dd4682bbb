"""Boxes to drop a file into: a sound can be heard there, a picture and a film seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

# Films that browsers play, and those that they show like a picture.
PLAYED, MOVING = (".mp4", ".mov", ".webm", ".m4v"), (".gif", ".webp")
Box = Callable[[Sequence[str], Mapping[str, Any]], Any]


def add_file_box(suffixes: Sequence[str], words: Mapping[str, Any]) -> Any:
    """Adds the box for a field that takes files; of more than one kind it only says their names.

    Args:
        suffixes: of the files, with dots and in lower case.
        words: "label", "info", "elem_id" and maybe "visible" of the component.
    """
    kinds = list(dict.fromkeys(box for suffix, box in BOXES.items() if suffix in suffixes))
    return (kinds[0] if len(kinds) == 1 else any_box)(suffixes, words)


def shared(words: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Gives what every box is made with; its label says what the file is for."""
    return {
        "label": words["label"] if not words["info"] else words["info"].rstrip("."),
        "type": "filepath",
        "elem_id": words["elem_id"],
        "elem_classes": f"drop {kind}".rstrip(),
        "visible": words.get("visible", True),
    }


def any_box(suffixes: Sequence[str], words: Mapping[str, Any]) -> Any:
    """Adds a box that says the file's name."""
    return gr.File(file_types=list(suffixes), height=130, **shared(words, ""))


def sound_box(suffixes: Sequence[str], words: Mapping[str, Any]) -> Any:
    """Adds a box to drop a sound into, or to record one."""
    return gr.Audio(
        sources=["upload", "microphone"],
        editable=False,
        buttons=[],
        waveform_options=gr.WaveformOptions(show_recording_waveform=False),
        **shared(words, "sound"),
    )


def picture_box(suffixes: Sequence[str], words: Mapping[str, Any]) -> Any:
    """Adds a box to drop a picture into, or to take one with the camera."""
    box = gr.Image(
        sources=["upload", "webcam", "clipboard"],
        image_mode=None,
        format="png" if ".png" in suffixes else "jpeg",  # of what the camera gives
        height=240,
        buttons=[],
        **shared(words, "image"),
    )
    decoded = box.preprocess

    def preprocess(payload: Any) -> Any:
        """Gives the file as it is: Gradio would open it, and complain in its own words when it is broken."""
        from_camera = payload is not None and str(payload.url or "").startswith("data:")
        return decoded(payload) if payload is None or from_camera else payload.path

    box.preprocess = preprocess  # type: ignore[method-assign]
    return box


def film_box(suffixes: Sequence[str], words: Mapping[str, Any]) -> Any:
    """Adds a box to drop a film into, and below it a player of what browsers can play.

    Not Gradio's own: that one fetches 30 MB of an editor, which the page's content policy then refuses.
    """
    box = any_box(suffixes, words)
    seen = gr.HTML("", elem_id=f"{words['elem_id']}-seen", apply_default_css=False)
    box.change(seen_html, box, seen, queue=False, show_progress="hidden", api_visibility="private")
    return box


def seen_html(path: str | None) -> str:
    """Gives a player of a film that was uploaded; "" of one that no browser plays."""
    suffix = Path(path or "").suffix.lower()
    if path is None or suffix not in (*PLAYED, *MOVING):
        return ""
    source = f'src="gradio_api/file={escape(quote(path))}"'
    if suffix in MOVING:
        return f'<img class="film given" alt="The film" {source}>'
    return f'<video class="film given" controls playsinline preload="metadata" aria-label="The film" {source}></video>'


# A suffix that only one kind of file has -> its box.
BOXES: dict[str, Box] = {
    ".wav": sound_box,
    **dict.fromkeys((".png", ".jpg"), picture_box),
    ".mp4": film_box,
    # Beside films a box may take numbers, which no player plays.
    ".csv": any_box,
}
