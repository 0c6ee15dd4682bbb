"""A drawn person, fitted, for tests of the renderer: no portrait lies in the repository."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from face_material import expression_of, portrait

from conditioning.face.arkit import INDEX, NAMES
from conditioning.face.fit import FaceFit, fit_face
from conditioning.face.landmarks import find_faces
from conditioning.face.model import load_face_model
from conditioning.face.photo import Photo
from generators.portrait.renderer import PortraitRenderer

SIZE = (128, 160)


@lru_cache(maxsize=4)
def person(yaw: float = 0.0, jaw_open: float = 0.0) -> tuple[Photo, FaceFit]:
    """A drawing of the average person and its fit."""
    photo = Photo(portrait(expression_of(jawOpen=jaw_open), (yaw, 0.0, 0.0)))
    return photo, fit_face(find_faces(photo)[0], size=photo.size)


@lru_cache(maxsize=16)
def renderer(
    yaw: float = 0.0, jaw_open: float = 0.0, size: tuple[int, int] = SIZE, **options
) -> PortraitRenderer:
    return PortraitRenderer(*person(yaw, jaw_open), load_face_model(), size, **options)


def expressions(*rows: dict[str, float]) -> torch.Tensor:
    """(B, 52) with some coefficients each; a name without its side sets both."""
    out = torch.zeros(len(rows), len(NAMES))
    for place, row in enumerate(rows):
        for name, value in row.items():
            for each in [name] if name in INDEX else [name + "Left", name + "Right"]:
                out[place, INDEX[each]] = value
    return out


def drawn(
    of: PortraitRenderer, *rows: dict[str, float], pose: object = None, gaze: object = None
) -> np.ndarray:
    """(B, H, W, 3) of some expressions, at one pose (6,) and gaze (2,)."""
    count = len(rows)
    poses = torch.zeros(count, 6) if pose is None else torch.tensor(pose).float().expand(count, -1)
    gazes = torch.zeros(count, 2) if gaze is None else torch.tensor(gaze).float().expand(count, -1)
    return of.render(expressions(*rows), poses, gazes).numpy()


def points(
    of: PortraitRenderer, row: dict[str, float], pose: object = None, gaze: object = None
) -> np.ndarray:
    """(478, 2) of one expression."""
    poses = torch.zeros(1, 6) if pose is None else torch.tensor([pose]).float()
    gazes = torch.zeros(1, 2) if gaze is None else torch.tensor([gaze]).float()
    return of.projected_points(expressions(row), poses, gazes)[0].numpy()
