"""What lies over a face is seen by its colours."""

from __future__ import annotations

from dataclasses import replace

import face_material as material
import numpy as np
import pytest
from PIL import Image, ImageDraw

from conditioning.face import mesh
from conditioning.face.hidden import hidden_parts, lab
from conditioning.face.landmarks import Face, find_faces
from conditioning.face.photo import Photo


@pytest.fixture(scope="module")
def seen() -> tuple[Photo, Face]:
    photo = Photo(material.portrait(size=480))
    return photo, find_faces(photo)[0]


def covered(
    photo: Photo, face: Face, ring: tuple[int, ...], grow: float, colour: tuple[int, int, int]
) -> Photo:
    """The photo with a patch of one colour over a ring of landmarks."""
    at = face.landmarks[list(ring), :2]
    image = Image.fromarray(photo.pixels)
    middle = at.mean(0)
    ImageDraw.Draw(image).polygon([tuple(middle + grow * (each - middle)) for each in at], fill=colour)
    return replace(photo, pixels=np.asarray(image))


def test_nothing_hidden(seen: tuple[Photo, Face]) -> None:
    assert hidden_parts(*seen) == ()
    grey = np.repeat(np.asarray(Image.fromarray(seen[0].pixels).convert("L"))[..., None], 3, 2)
    assert hidden_parts(Photo(grey), seen[1]) == ()


@pytest.mark.parametrize("colour", [(120, 160, 190), (235, 235, 235), (25, 25, 28), (200, 150, 130)])
def test_a_mask_or_a_hand(seen: tuple[Photo, Face], colour: tuple[int, int, int]) -> None:
    photo = covered(*seen, mesh.LIPS_OUTER, 3.5, colour)
    assert [note.split(" seem")[0] for note in hidden_parts(photo, seen[1])] == ["the mouth"]


def test_dark_glasses(seen: tuple[Photo, Face]) -> None:
    photo, face = seen
    for ring in (mesh.EYE_LEFT, mesh.EYE_RIGHT):
        photo = covered(photo, face, ring, 2.0, (30, 25, 25))
    assert [note.split(" seem")[0] for note in hidden_parts(photo, face)] == ["the eyes"]


def test_faces_that_are_small_or_outside_say_nothing(seen: tuple[Photo, Face]) -> None:
    photo, face = seen
    assert hidden_parts(photo, replace(face, landmarks=face.landmarks + 5000)) == ()
    assert hidden_parts(photo, replace(face, landmarks=face.landmarks * 0.01)) == ()


def test_colours() -> None:
    assert np.allclose(lab(np.array([[255, 255, 255], [0, 0, 0]])), [[100, 0, 0], [0, 0, 0]], atol=0.1)
    assert np.allclose(lab(np.array([255, 0, 0])), [53.2, 80.1, 67.2], atol=0.3)
