"""A look and what it does to colours: one smooth table from colour to colour for all pixels of a frame.

Lightness and chroma are moved in Oklab, where a step looks as large in the dark as in the light and in every
hue; in sRGB's own numbers the same step would wash out shadows and turn blues purple. All that is moved are
log odds: how far a lightness lies from black over how far it lies from white, and the same of a chroma
between grey and the most that the screen shows. So nothing can leave the range, no two shades become one,
and black, white and the purest colours stay: nothing is clipped. The cast moves the log odds of red, green
and blue, as the lamps of a film printer do.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from .attributes import LUMA

STEPS = 33  # of the table along red, green and blue
# Oklab's matrices. Source: Ottosson 2020, "A perceptual color space for image processing",
# bottosson.github.io/posts/oklab
TO_CONES = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
TO_LAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip
FROM_CONES, FROM_LAB = np.linalg.inv(TO_CONES), np.linalg.inv(TO_LAB)
MOST_CHROMA = 0.4  # beyond what sRGB has
HALVINGS = 11  # of the search for the most chroma that the screen shows: to a four-thousandth
# Skin of all peoples has nearly one hue, 55 degrees in Oklab, and little chroma; it takes on this much less
# of a cast and of more or less colour.
SKIN_HUE, SKIN_SPREAD, SKIN_CHROMA = math.radians(55.0), math.radians(18.0), (0.02, 0.04, 0.12, 0.18)
SKIN_SPARED = 0.5
# Below this lightness less colour is added: what noise and compression leave there is no colour to show.
DARK = 0.4
# Between these lightnesses pure colours begin to pale when they are lifted.
PURE_FROM = (0.4, 0.62)
# How far a fade of 1 lifts black and lowers white, and how far old paper takes on the cast of the highlights.
FADED_BLACK, FADED_WHITE, PAPER = 0.13, 0.04, 2.5


class Look(NamedTuple):
    """What a grade changes; zero changes nothing.

    Attributes:
        brightness: shift of the lightness's log odds; 1 takes a middle grey to .73.
        contrast: the factor of those log odds about the middle, as its logarithm.
        colourfulness: the factor of the chroma, as its logarithm.
        warm_red, warm_green: the cast in log odds, as a point of the plane of hues: along red, and across it to
            the side of yellow and green.
        split_red, split_green: the cast that shadows have more of and highlights less.
        fade: black lifted and white lowered, as of an old print; 0 and more.
        tempo: the logarithm to base 2 of how much faster.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    colourfulness: float = 0.0
    warm_red: float = 0.0
    warm_green: float = 0.0
    split_red: float = 0.0
    split_green: float = 0.0
    fade: float = 0.0
    tempo: float = 0.0

    @property
    def keeps_colours(self) -> bool:
        """Whether frames stay as they are."""
        return not any(self[:8])


class Colours(NamedTuple):
    """Colours as a look takes hold of them, (N,) each.

    Attributes:
        lightness: 0..1. along, across: the hue's direction in Oklab, a unit vector, 0 of greys.
        share: chroma as a share of the most that the screen shows in this lightness and hue, 0..1.
        beyond: by what factor chroma is more than that: 1, but for some blues, between which and grey lie
            colours that no screen shows.
        skin: 0..1, how much it could be skin.
    """

    lightness: np.ndarray
    along: np.ndarray
    across: np.ndarray
    share: np.ndarray
    beyond: np.ndarray
    skin: np.ndarray


def colours_of(values: np.ndarray) -> Colours:
    """Takes sRGB values of 0..1 apart, (3, N)."""
    lab = to_oklab(values)
    lightness, chroma = np.clip(lab[0], 0.0, 1.0), np.hypot(lab[1], lab[2])
    some = chroma > 1e-4
    along, across = lab[1:] / np.where(some, chroma, np.inf)
    share = np.where(some, chroma / np.maximum(most_chroma(lightness, along, across), 1e-6), 0.0)
    skin = skin_in(lab[1], lab[2], chroma)
    return Colours(lightness, along, across, np.minimum(share, 1.0), np.maximum(share, 1.0), skin)


@lru_cache(maxsize=1)
def grid() -> Colours:
    """Gives the points of a table, the red ones running fastest, as Pillow wants them."""
    step = np.linspace(0.0, 1.0, STEPS)
    blue, green, red = np.meshgrid(step, step, step, indexing="ij")
    return colours_of(np.stack([red.ravel(), green.ravel(), blue.ravel()]))


def to_light(values: np.ndarray) -> np.ndarray:
    """Gives light from sRGB values of 0..1. Source: IEC 61966-2-1."""
    return np.where(values <= 0.04045, values / 12.92, ((np.maximum(values, 0.0) + 0.055) / 1.055) ** 2.4)


def from_light(light: np.ndarray) -> np.ndarray:
    """Gives sRGB values of 0..1 from light. Source: IEC 61966-2-1."""
    light = np.clip(light, 0.0, 1.0)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def to_oklab(values: np.ndarray) -> np.ndarray:
    """Gives Oklab of sRGB values of 0..1, (3, N) -> (3, N)."""
    return TO_LAB @ np.cbrt(TO_CONES @ to_light(values))


def light_of(lightness: np.ndarray, along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Gives the light of red, green and blue of colours in Oklab, (3, N); outside 0..1 no screen shows it."""
    cones = FROM_LAB @ np.stack([lightness, along, across])
    return FROM_CONES @ (cones * cones * cones)


def most_chroma(lightness: np.ndarray, along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Gives the most chroma that the screen shows in a lightness and a hue's direction, (N,)."""
    low, high = np.zeros_like(lightness), np.full_like(lightness, MOST_CHROMA)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        light = light_of(lightness, middle * along, middle * across)
        shown = (light.min(0) >= -1e-4) & (light.max(0) <= 1 + 1e-4)
        low, high = np.where(shown, middle, low), np.where(shown, high, middle)
    return low


def skin_in(along: np.ndarray, across: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """Says how much each colour could be skin, 0..1."""
    away = np.angle(np.exp(1j * (np.arctan2(across, along) - SKIN_HUE)))
    none, some, much, most = SKIN_CHROMA
    coloured = rising((chroma - none) / (some - none)) * rising((most - chroma) / (most - much))
    return np.exp(-0.5 * (away / SKIN_SPREAD) ** 2) * coloured


def rising(share: np.ndarray) -> np.ndarray:
    """A smooth step from 0 to 1."""
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3 - 2 * share)


def shifted(
    values: np.ndarray, by: np.ndarray | float, factor: float = 1.0, about: float = 0.5
) -> np.ndarray:
    """Moves values of 0..1 in their log odds: 0 stays 0, 1 stays 1, and the order stays.

    Args:
        by: how far. factor: of the distance from `about` before that.
    """
    up = values**factor * np.exp(by + (1 - factor) * math.log(about / (1 - about)))
    return np.asarray(up / (up + (1 - values) ** factor))


def table_of(look: Look, middle: float = 0.5) -> np.ndarray:
    """Gives the table of a look, (N, 3) float32 sRGB of 0..1 at the points of `grid`; see `regraded`."""
    return np.ascontiguousarray(regraded(grid(), look, middle).T, np.float32)


def regraded(colours: Colours, look: Look, middle: float = 0.5) -> np.ndarray:
    """Gives colours in a look, (3, N) sRGB of 0..1.

    Args:
        middle: the lightness about which contrast turns, so that it does not darken dark films.
    """
    lightness = lit(colours, look, middle)
    spared = 1 - SKIN_SPARED * colours.skin
    share = coloured(colours, look.colourfulness * spared)
    chroma = share * most_chroma(lightness, colours.along, colours.across)
    values = from_light(light_of(lightness, chroma * colours.along, chroma * colours.across))  # (3, N)
    highlights = np.array([look.warm_red - look.split_red, look.warm_green - look.split_green])
    split = 2 * np.array([look.split_red, look.split_green])[:, None] * (1 - lightness)
    values = shifted(values, casting((highlights[:, None] + split) * spared))
    fade = max(0.0, look.fade)
    paper = np.maximum(0.0, 1 - PAPER * casting(highlights[:, None]))  # (3, 1)
    black, white = FADED_BLACK * fade, FADED_WHITE * fade * paper
    return black + (1 - black - white) * values


def lit(colours: Colours, look: Look, middle: float) -> np.ndarray:
    """Gives the new lightness, (N,). What is light and pure already is lifted less, since it could only pale."""
    old, (low, high) = colours.lightness, PURE_FROM
    new = shifted(old, look.brightness, math.exp(look.contrast), middle)
    pales = colours.share**2 * rising((old - low) / (high - low))
    return np.where(new > old, new + pales * (old - new), new)


def coloured(colours: Colours, by: np.ndarray) -> np.ndarray:
    """Gives the new share that chroma has of the most there is, (N,).

    More of it moves the log odds, so that what is pure already stays; less of it takes from all alike.

    Args:
        by: (N,) the logarithm of the factor.
    """
    by = by * np.where(by > 0, rising(colours.lightness / DARK), 1.0)
    factor, share = np.exp(by), colours.share
    return colours.beyond * np.where(by > 0, factor * share / (1 + (factor - 1) * share), factor * share)


def casting(cast: np.ndarray) -> np.ndarray:
    """Gives the shifts of red, green and blue, (3, N), of casts (2, N) that keep a grey's luma."""
    side = math.sqrt(0.75) * cast[1]
    shifts = np.stack([cast[0], side - cast[0] / 2, -side - cast[0] / 2])
    return shifts - np.array(LUMA) @ shifts


def graded(frame: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Gives a frame in the colours of a table, straight between its points; (H, W, 3) uint8."""
    filtered = Image.fromarray(frame).filter(ImageFilter.Color3DLUT(STEPS, table.ravel()))
    return np.asarray(filtered)
