"""What a head is made of: how light falls on it and what its texture is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from .head import Head
from .head_paint import Colour, Look, finished, noise, painted, random_look, smooth, surface_of


@dataclass(frozen=True)
class Material:
    """How a head takes light; colours are sRGB in 0..1.

    Attributes:
        parts: colours of socket, mouth, teeth and lashes; skin and eyes have the texture.
        wrap: how far light of each colour creeps around into the shade, 0..1, as it does under skin.
        shade: power to which the openness is taken for each colour in the shade.
        gloss, sharpness: strength and exponent of the highlight; sheen: of light at grazing angles.
        wet: highlight of eyes and teeth. lashes: opacity.
        bands: steps of a drawn shading, softly joined; 0 is continuous.
        rim: strength of the light from behind.
        exposure: how bright it is lit.
        person: whether it has the colours of a person.
    """

    parts: Mapping[str, Colour] = field(default_factory=dict)
    wrap: Colour = (0.42, 0.24, 0.18)
    shade: Colour = (0.75, 1.05, 1.15)
    gloss: float = 0.135
    sharpness: float = 22.0
    sheen: float = 0.18
    wet: float = 1.0
    lashes: float = 0.85
    bands: int = 0
    rim: float = 0.9
    exposure: float = 1.0
    person: bool = True


FLESH = {
    "socket": (0.52, 0.24, 0.22), "mouth": (0.74, 0.40, 0.40), "teeth": (0.96, 0.94, 0.88),
    "lashes": (0.07, 0.05, 0.04),
}  # fmt: skip
CLAY = (0.70, 0.46, 0.36)
MARBLE = (0.88, 0.87, 0.85)
MATERIALS: dict[str, Material] = {
    "skin": Material(parts=FLESH),
    "clay": Material(
        parts={"socket": (0.32, 0.19, 0.15), "mouth": (0.62, 0.39, 0.31), "teeth": (0.74, 0.50, 0.40), "lashes": CLAY},
        wrap=(0.10, 0.08, 0.07), shade=(1.0, 1.15, 1.25), gloss=0.07, sharpness=9, sheen=0.10, wet=0.0,
        lashes=0.0, rim=0.8, person=False,
    ),
    "marble": Material(
        parts={"socket": (0.45, 0.44, 0.43), "mouth": (0.80, 0.79, 0.77), "teeth": MARBLE, "lashes": MARBLE},
        wrap=(0.30, 0.31, 0.33), shade=(0.85, 0.85, 0.82), gloss=0.24, sharpness=60, sheen=0.25, wet=0.0,
        lashes=0.0, rim=0.9, exposure=0.86, person=False,
    ),
    "stylised": Material(
        parts={**FLESH, "mouth": (0.80, 0.34, 0.38), "teeth": (0.97, 0.96, 0.93)},
        wrap=(0.40, 0.30, 0.28), shade=(0.55, 0.80, 0.75), gloss=0.10, sharpness=40, sheen=0.15, lashes=1.0,
        bands=3, rim=1.5,
    ),
}  # fmt: skip


def material_of(name: str) -> Material:
    """Gives a material by its name.

    Raises:
        ValueError: none of that name.
    """
    if name not in MATERIALS:
        raise ValueError(f"expected a material out of {', '.join(MATERIALS)}, got {name!r}")
    return MATERIALS[name]


def look_of(name: str, seed: int | None = None) -> Look:
    """Gives the colours of a person, in a material's manner."""
    look = Look() if seed is None else random_look(seed)
    if name != "stylised":
        return look
    skin = np.clip(np.array(look.skin) * (1.07, 1.04, 1.02), 0, 1)
    lips = np.clip(np.array(look.lips) * (1.12, 0.88, 0.92), 0, 1)
    iris = np.clip(np.array(look.iris) * 1.45, 0, 1)
    return replace(
        look,
        skin=tuple(skin.tolist()),
        lips=tuple(lips.tolist()),
        iris=tuple(iris.tolist()),
        mottle=0.0,
        freckles=look.freckles * 0.7,
        blush=1.15,
        stubble=1.0 if look.stubble else 0.0,
    )


def texture_of(head: Head, name: str, seed: int | None = None, height: int = 768) -> np.ndarray:
    """Gives a head's texture in a material, (height, 1.5 height, 4) uint8: sRGB and shine.

    Args:
        name: of the material. seed: of a random person's colours; None is the usual.
    """
    material = material_of(name)
    if material.person:
        return painted(head, look_of(name, seed), height)
    surface = surface_of(head, height)
    points = surface.points
    if name == "marble":
        bend = np.stack([noise(points, 2.6, 61 + axis) for axis in range(3)], axis=-1)
        veins = 1 - np.abs(noise(points + 1.5 * bend, 5.0, 64) + 0.25 * noise(points, 0.9, 70))
        lines = smooth(veins, 0.86, 1.0) ** 2 * smooth(noise(points, 4.0, 65), 0.0, 0.7)
        clouds = 0.025 * noise(points, 4.0, 66) + 0.012 * noise(points, 0.7, 71)
        tone = np.array(MARBLE) * (1 + clouds[:, None])
        tone = tone * (1 - lines[:, None] * np.array([0.12, 0.11, 0.09]))
    else:
        grain = 0.025 * noise(points, 0.25, 67) + 0.02 * noise(points, 1.5, 68)
        tone = np.array(CLAY) * (1 + grain[:, None])
    stone = MARBLE if name == "marble" else CLAY
    texels = np.c_[tone, np.full(len(tone), 0.5) * (1 + 0.15 * noise(points, 0.3, 69))]
    return finished(surface, texels, lambda degrees, angle, _: carved_eye(degrees, angle, stone), Look())


def carved_eye(degrees: np.ndarray, angle: np.ndarray, stone: Colour) -> np.ndarray:
    """Gives an eye as sculptors cut it: a shallow ring, and a pupil whose light is left standing."""
    ring = np.exp(-0.5 * ((degrees - 24) / 1.8) ** 2) * 0.35
    spot = np.hypot(degrees * np.cos(angle) + 4.0, degrees * np.sin(angle) + 4.5)
    pupil = (1 - smooth(degrees, 9, 12)) * smooth(spot, 3.0, 4.5) * 0.6
    return np.asarray(np.array(stone) * (1 - np.maximum(ring, pupil))[..., None])
