"""What is found in a photo, and a picture of it: its faces, which of them is taken, what of it is shown."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .controls import sentence
from .making import message_html, note_html, one_line

if TYPE_CHECKING:
    from conditioning.face.landmarks import Face
    from conditioning.face.photo import Photo

# Of the picture on the page, in pixels of the longer side.
LARGEST = 720
QUALITY = 84
REMEMBERED = 8
NO_PHOTO = "Without a photo our own 3D head speaks."
# Over the browser's sign for a picture that it cannot show.
UNSEEN = '<div class="photo"><p class="note">Nothing that can be shown</p></div>'


@dataclass(frozen=True, eq=False)
class Found:
    """A photo and its faces.

    Attributes:
        picture: address of a small JPEG of it, upright.
        size: width and height of the photo itself.
        faces: from the left.
        warnings: what somebody should know of the photo.
    """

    picture: str
    size: tuple[int, int]
    faces: tuple[Face, ...]
    warnings: tuple[str, ...]

    @property
    def largest(self) -> int:
        """The number of the largest face from the left; 0 of a photo with fewer than two."""
        if len(self.faces) < 2:
            return 0
        return 1 + max(range(len(self.faces)), key=lambda place: area(self.faces[place]))

    def chosen(self, which: int) -> int:
        """Gives the number that is taken: the one asked for, the largest when there is no such face."""
        return which if len(self.faces) > 1 and 0 < which <= len(self.faces) else self.largest


def area(face: Face) -> float:
    return face.width * face.height


def found_in(path: str) -> Found:
    """Opens a photo and finds its faces; the last few are remembered.

    Raises:
        FileNotFoundError, ValueError: as `open_photo`.
    """
    state = os.stat(path) if os.path.isfile(path) else None
    return read(path, state.st_mtime_ns if state else 0)


@lru_cache(maxsize=REMEMBERED)
def read(path: str, changed_ns: int) -> Found:
    from conditioning.face.landmarks import find_faces
    from conditioning.face.photo import open_photo

    photo = open_photo(Path(path))
    faces = sorted(find_faces(photo), key=lambda face: face.box[0] + face.box[2])
    return Found(small_picture(photo), photo.size, tuple(faces), photo.warnings)


def small_picture(photo: Photo) -> str:
    """Gives the address of a small JPEG."""
    from PIL import Image

    picture = Image.fromarray(photo.pixels)
    picture.thumbnail((LARGEST, LARGEST))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


@lru_cache(maxsize=4 * REMEMBERED)
def doubts_of(found: Found, which: int) -> tuple[str, ...]:
    """Gives what somebody should know of one face.

    Args:
        which: its number from the left; 0 of a single one.

    Raises:
        ValueError: no face, too small, turned too far away or cut off.
    """
    from conditioning.face import landmarks
    from conditioning.face.fit import fit_face

    face = landmarks.choose_face(found.faces, which)
    return (*landmarks.doubts_of(face), *fit_face(face, size=found.size).warnings)


def frame_of(found: Found, which: int, crop: str, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Gives left, top, width and height of what is shown, in pixels of the photo.

    Raises:
        ValueError: no face, or a size that is not possible.
    """
    import torch

    from conditioning.face.landmarks import choose_face
    from generators.portrait import framing

    points = torch.from_numpy(choose_face(found.faces, which).landmarks)
    frame = framing.frame_of(found.size, points, size, crop)
    return frame.left, frame.top, frame.width / frame.scale, frame.height / frame.scale


def picture_html(found: Found, which: int, crop: str, size: tuple[int, int]) -> str:
    """Gives the photo, dark where it is not shown, with a button on every face when there are several."""
    width, height = found.size
    try:
        frame = frame_of(found, which, crop, size)
    except ValueError:
        frame = (0.0, 0.0, float(width), float(height))
    left, top, wide, high = frame
    inside = f"M{left:.1f} {top:.1f}h{wide:.1f}v{high:.1f}h{-wide:.1f}z"
    several = len(found.faces) > 1
    taken = which if several else 1
    faces = [face_html(found, number, number == taken, several) for number in range(1, len(found.faces) + 1)]
    return (
        f'<div class="photo"><div class="fits" style="--aspect:{width / height:.4f}">'
        f'<img src="{found.picture}" alt="The photo">'
        f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="outside" fill-rule="evenodd" d="M0 0h{width}v{height}H0z{inside}"/>'
        f'<path class="frame" d="{inside}"/></svg>{"".join(faces)}</div></div>'
    )


def face_html(found: Found, number: int, taken: bool, several: bool) -> str:
    """Gives the box around a face; of several it is a button with its number."""
    (left, top, right, bottom), (width, height) = found.faces[number - 1].box, found.size
    edges = {
        "left": 100 * left / width,
        "top": 100 * top / height,
        "width": 100 * (right - left) / width,
        "height": 100 * (bottom - top) / height,
    }
    style = ";".join(f"{name}:{value:.2f}%" for name, value in edges.items())
    if not several:
        return f'<span class="face taken" style="{style}"></span>'
    return (
        f'<button type="button" class="face{" taken" if taken else ""}" data-face="{number}" style="{style}" '
        f'aria-pressed="{str(taken).lower()}" aria-label="Take face {number}"><b>{number}</b></button>'
    )


def told_html(found: Found, which: int) -> str:
    """Gives in words what was found, and what somebody should know of it."""
    count = len(found.faces)
    try:
        warnings = (*found.warnings, *doubts_of(found, which))
    except ValueError as error:
        return message_html(one_line(error))
    words = "One face found."
    if count > 1:
        largest = ", the largest," if which == found.largest else ""
        words = f"{count} faces found; number {which}{largest} is taken."
    return note_html(words) + warnings_html(warnings)


def warnings_html(warnings: tuple[str, ...]) -> str:
    rows = "".join(f"<li>{escape(sentence(line))}</li>" for line in warnings)
    return f'<ul class="warnings" aria-label="Warnings of the photo">{rows}</ul>' if rows else ""


def shown(path: str | None, which: int | None, crop: str, size: tuple[int, int]) -> Mapping[str, Any]:
    """Gives what the page shows of a photo.

    Args:
        which: the face that was chosen before, from the left; None or 0 when none was.
        crop, size: of the result.

    Returns:
        picture: HTML. told: HTML. numbers: of the faces to choose from; empty unless there are several.
        face: the one that is taken; None unless there are several.
    """
    if not path:
        return {"picture": "", "told": note_html(NO_PHOTO), "numbers": [], "face": None}
    try:
        found = found_in(path)
    except (ValueError, OSError) as error:
        return {"picture": UNSEEN, "told": message_html(one_line(error)), "numbers": [], "face": None}
    taken = found.chosen(which or 0)
    numbers = list(range(1, len(found.faces) + 1)) if len(found.faces) > 1 else []
    picture = picture_html(found, taken, crop, size)
    return {"picture": picture, "told": told_html(found, taken), "numbers": numbers, "face": taken or None}
