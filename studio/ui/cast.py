"""Who speaks, on the page: a voice, a level and a photo for each speaker of a script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from generators.voice.voices import LABELS, SOUND_FILES, VOICES

from ..dubbing.line import Cast, Speaker
from ..dubbing.options import PICTURES
from .controls import Uploaded
from .feeling import read_number
from .stage import address_of
from .theme import asset

RECORDING = "recording"  # in place of a bundled voice's name
MOST_SPEAKERS = 200
LOUDEST_DB = 24.0
Seat = dict[str, Any]


@dataclass(frozen=True)
class Seats:
    """The speakers that a browser sent, and the files that they need.

    Attributes:
        cast: name -> speaker, whose recording and photo are names of `files`.
        files: name -> the upload.
        unnamed: the voice of lines that name nobody; empty without such.
    """

    cast: Cast
    files: Mapping[str, Path]
    unnamed: str


def add_cast(modality: str, value: Any = None, *, seen: bool = False) -> Any:
    """Adds the component; it shows itself when somebody speaks.

    Args:
        value: who speaks at the start.
        seen: whether speakers also have a photo, and feel something of their own.
    """
    return gr.HTML(
        value,
        html_template=asset("cast.html"),
        js_on_load=asset("cast.js"),
        elem_id=f"{modality}-cast",
        apply_default_css=False,
        label="Speakers",
        voices=[[shown, name] for name, shown in LABELS.items()],
        sounds=list(SOUND_FILES),
        pictures=list(PICTURES),
        photos=seen,
        feelings=seen,
    )


def seats_for(names: Iterable[str], cast: Cast, before: Any = None) -> dict[str, Any]:
    """Gives the value of the component: a seat for each name.

    It is as it was set before, else as the script has it, else with the next voice that nobody has yet.

    Args:
        names: of who speaks; "" where a line names nobody.
        cast: what the script says of them; recordings and photos as paths that the page may show.
        before: the component's value until now.
    """
    known = {str(seat.get("name") or ""): dict(seat) for seat in seats_in(before)}
    seats: list[Seat] = []
    for name in names:
        if name not in known:
            known[name] = seat_of(cast[name]) if name in cast else {"name": name, "voice": "", "gain_db": 0.0}
        seats.append(known[name])
    taken = {seat["voice"] for seat in seats}
    free = [name for name in VOICES if name not in taken]
    for seat in seats:
        if not seat["voice"]:
            seat["voice"] = free.pop(0) if free else next(iter(VOICES))
    return {"speakers": seats[:MOST_SPEAKERS]}


def seats_in(value: Any) -> list[Mapping[str, Any]]:
    found = value.get("speakers") if isinstance(value, Mapping) else None
    return [seat for seat in found if isinstance(seat, Mapping)] if isinstance(found, Sequence) else []


def seat_of(speaker: Speaker) -> Seat:
    """Gives the seat of a speaker that a script or a file of voices names."""
    bundled = speaker.voice in VOICES
    seat = {
        "name": speaker.name,
        "voice": speaker.voice if bundled else RECORDING,
        "gain_db": speaker.gain_db,
    }
    if not bundled:
        seat |= {"clip": speaker.voice, "clip_name": Path(speaker.voice).name}
    if speaker.image:
        photo = Path(speaker.image)
        seat |= {"image": speaker.image, "image_name": photo.name, "image_url": address_of(photo)}
    rest = {name: getattr(speaker, name) for name in ("language", "f0_shift", "speed")}
    return {**seat, **rest}


def read_seats(value: Any, uploaded: Uploaded) -> Seats:
    """Reads what a browser sent.

    Args:
        uploaded: gives the path of a file of this page, and None for every other file of this machine.

    Raises:
        ValueError: a speaker without a voice, a recording that was not uploaded here, a level out of range.
    """
    cast: dict[str, Speaker] = {}
    files: dict[str, Path] = {}
    unnamed = ""
    for number, seat in enumerate(seats_in(value)[:MOST_SPEAKERS], start=1):
        speaker = speaker_of(seat, f"{number}", files, uploaded)
        if speaker.name:
            cast[speaker.name] = speaker
        else:
            unnamed = speaker.voice
    return Seats(cast, files, unnamed)


def speaker_of(seat: Mapping[str, Any], number: str, files: dict[str, Path], uploaded: Uploaded) -> Speaker:
    name = str(seat.get("name") or "").strip()[:200]
    gain = read_number(
        seat.get("gain_db") or 0.0, f"the level of {name or 'nobody named'}", -LOUDEST_DB, LOUDEST_DB
    )
    voice = str(seat.get("voice") or "")
    if voice == RECORDING:
        voice = taken(seat.get("clip"), f"voice-{number}", f"a recording for {name}", files, uploaded)
    elif voice not in VOICES:
        raise ValueError(f"expected a voice for {name or 'lines that name nobody'}, got {voice[:60]!r}")
    image = seat.get("image")
    speaker = Speaker(name, voice, gain)
    if image:
        speaker = replace(
            speaker, image=taken(image, f"photo-{number}", f"a photo of {name}", files, uploaded)
        )
    return replace(speaker, **more_of(seat))


def more_of(seat: Mapping[str, Any]) -> dict[str, Any]:
    """Gives what a file of voices said beside, within its range."""
    found: dict[str, Any] = {}
    if isinstance(seat.get("language"), str):
        found["language"] = seat["language"][:20]
    for name, low, high in (("f0_shift", -12.0, 12.0), ("speed", 0.5, 2.0)):
        if seat.get(name) is not None:
            found[name] = read_number(seat[name], name, low, high)
    return found


def taken(path: Any, stem: str, what: str, files: dict[str, Path], uploaded: Uploaded) -> str:
    """Gives the name under which an upload lies beside the script."""
    found = uploaded(path)
    if found is None:
        raise ValueError(f"expected {what}, uploaded to this page, got none")
    name = stem + Path(found).suffix.lower()
    files[name] = Path(found)
    return name
