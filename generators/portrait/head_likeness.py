"""Whose head a finished portrait's is: the shape that it was drawn with, or its photo's face on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

import checkpoints

from .head import CHECKPOINT, Head
from .head_materials import MATERIALS, texture_of

if TYPE_CHECKING:
    from generators.media import Portrait

TEXTURE_ROWS = 1024


@dataclass(frozen=True)
class Portrayed:
    """A head that is somebody's.

    Attributes:
        head: the mesh. identity: (1, K). moved: (V, 3) cm added to all vertices.
        texture: (1024, 1536, 4) uint8: sRGB and shine.
        material: name of what it is made of.
        whose: "sliders", "photo" or "average".
        note: why it is not the photo's, where a photo there was; empty otherwise.
    """

    head: Head
    identity: Tensor
    moved: Tensor
    texture: np.ndarray
    material: str
    whose: str
    note: str = ""

    def vertices(self, expression: Tensor | None = None) -> Tensor:
        """Gives the mesh, (B, V, 3) cm, for (B, 52) expressions; at rest when None."""
        wanted = torch.zeros(1, 52) if expression is None else expression
        return self.head.vertices(self.identity, wanted) + self.moved

    def eye_middles(self) -> Tensor:
        """(2, 3) cm, left first."""
        middles, _ = self.head.eye_middles(self.identity)
        shift = torch.stack([self.moved[self.head.eye_of == eye].mean(0) for eye in (1, 2)])
        return middles[0] + shift


def portrayed(portrait: Portrait) -> Portrayed:
    """Gives the head of a finished portrait, from its identity and what its provenance says."""
    head: Head = checkpoints.load(CHECKPOINT)
    prompt, options = (dict(portrait.provenance.get(name) or {}) for name in ("prompt", "options"))
    image = str(prompt.get("image") or "")
    note = ""
    if portrait.identity is None and image:
        try:
            return of_photo(head, image, int(prompt.get("face") or 0))
        except (ValueError, OSError) as error:
            note = str(error).splitlines()[0]
    return of_sliders(head, portrait.identity, options, note)


def of_sliders(
    head: Head, identity: np.ndarray | None, options: Mapping[str, Any], note: str = ""
) -> Portrayed:
    """Gives the head with the shape it was drawn with, the average where there is none.

    Raises:
        ValueError: as many coefficients as the head does not have.
    """
    material = str(options.get("material") or "skin")
    material = material if material in MATERIALS else "skin"
    seed = int(options.get("head_seed") or 0) or None
    if identity is None:
        given, seed, whose = torch.zeros(1, head.num_identities), None, "average"
    else:
        given, whose = torch.as_tensor(np.asarray(identity, np.float32)).view(1, -1), "sliders"
        if given.shape[1] != head.num_identities:
            raise ValueError(f"expected {head.num_identities} coefficients of identity, got {given.shape[1]}")
    texture = texture_of(head, material, seed, TEXTURE_ROWS)
    return Portrayed(head, given, torch.zeros_like(head.rest), texture, material, whose, note)


def of_photo(head: Head, path: str, which: int) -> Portrayed:
    """Gives the head with a photo's face.

    Args:
        path: of the photo. which: the number of the face from the left, 0 for the only one.

    Raises:
        FileNotFoundError: no photo there.
        ValueError: no photo, or no face to choose.
    """
    from conditioning.face.fit import fit_face
    from conditioning.face.landmarks import choose_face, find_faces
    from conditioning.face.model import load_face_model
    from conditioning.face.photo import open_photo

    from .head_photo import likeness

    photo, model = open_photo(path), load_face_model()
    fit = fit_face(choose_face(find_faces(photo), which), model, size=photo.size)
    found = likeness(photo, fit, model, head, TEXTURE_ROWS)
    return Portrayed(head, found.identity, found.moved, found.texture, "skin", "photo")
