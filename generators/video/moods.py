"""From a point of the emotion space to a look: brightness, contrast, colourfulness, cast and tempo.

A smooth map of valence, arousal and dominance holds for every feeling, also for those that have no name. Some
moods have casts of their own that the three numbers cannot tell apart (the cold green of fear, the warm fade of
nostalgia); a point takes on as much of each as it lies in the mood's direction. Both parts grow in step with
the distance from neutral, where the look is none, so the dial is even from its first step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conditioning import load_space
from conditioning.colours import FELT

from .grade_colour import Look

if TYPE_CHECKING:
    from torch import Tensor

BRIGHTNESS, COLOURFULNESS = 0.9, 0.4  # log odds, log of a factor: by what the equations of `FELT` ask for
# The rest by valence, arousal and dominance. Warmth: lively and happy is yellower, calm and sad bluer (Palmer
# et al. 2013, "Music-color associations are mediated by emotion"), strong is red, weak is cold: the straight
# line nearest to the casts of eighteen states. Contrast, by the custom of film: hard light and deep shadows
# stir and threaten, soft light calms and pleases. Tempo: slow motion is felt as less aroused (Woellner et al.
# 2018, "Slow motion in films and video clips").
BY_PLACE = MappingProxyType(
    {
        "contrast": (-0.10, 0.20, 0.10),
        "warm_red": (0.06, 0.05, 0.34),
        "warm_green": (0.05, 0.09, 0.09),
        "tempo": (0.0, 0.25, 0.0),
    }
)


class Mood(NamedTuple):
    """What a mood looks like beside what its valence, arousal and dominance imply.

    Attributes:
        hue, amount: of its cast: degrees as of `Attributes`, and log odds.
        shadows_hue, shadows_amount: what its shadows have more of, and its highlights less.
        fade, brightness, contrast, colourfulness: added, as of `Look`.
    """

    hue: float
    amount: float
    shadows_hue: float = 0.0
    shadows_amount: float = 0.0
    fade: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    colourfulness: float = 0.0


# Colours that people of 30 nations tie to feelings (red to anger and love, yellow to joy, pink to love, brown
# to disgust, black and grey to sadness and fear: Jonauskaite et al. 2020, "Universal patterns in color-emotion
# associations"), and customs of film (cold green fear, warm faded memories, violet wonder).
MOODS: Mapping[str, Mood] = MappingProxyType(
    {
        "fear": Mood(165, 0.30, brightness=-0.15, contrast=0.12, colourfulness=-0.20),
        "anger": Mood(6, 0.32, contrast=0.05, colourfulness=0.30),
        "sadness": Mood(222, 0.26, contrast=-0.10, colourfulness=-0.10),
        "melancholy": Mood(222, 0.20, fade=0.2, contrast=-0.05),
        "grief": Mood(225, 0.16, brightness=-0.10, colourfulness=-0.35),
        "disgust": Mood(72, 0.36, shadows_hue=120, shadows_amount=0.08),
        "joy": Mood(44, 0.24, shadows_hue=210, shadows_amount=0.04),
        "love": Mood(350, 0.20, fade=0.10, contrast=-0.05),
        "tenderness": Mood(10, 0.12, fade=0.30, contrast=-0.08),
        "calm": Mood(175, 0.08, fade=0.15),
        "awe": Mood(255, 0.16, shadows_hue=235, shadows_amount=0.20, contrast=0.10),
        "mystery": Mood(262, 0.26, brightness=-0.20, contrast=0.10),
        "nostalgia": Mood(38, 0.26, shadows_hue=195, shadows_amount=0.14, fade=0.9, colourfulness=-0.25),
        "boredom": Mood(60, 0.06, fade=0.4, colourfulness=-0.15),
    }
)
# How near a point's direction must lie to a mood's: the cosine at which its share has fallen to a third.
NEAR = 0.92
SHARPNESS = math.log(3.0) / (1.0 - NEAR)


def place_weights() -> np.ndarray:
    """Gives the part of a look that valence, arousal and dominance imply, (9, 3).

    The equations of Valdez and Mehrabian go from colours to feelings; the nearest way back is their
    pseudo-inverse.
    """
    asked = np.linalg.pinv(np.array(FELT))  # (2, 3)
    rows = {"brightness": BRIGHTNESS * asked[0], "colourfulness": COLOURFULNESS * asked[1], **BY_PLACE}
    return np.array([rows.get(name, (0.0, 0.0, 0.0)) for name in Look._fields], float)


class Directions(NamedTuple):
    """Where the moods lie: their offsets from neutral, (K, 64), and how long these are, (K,)."""

    offsets: np.ndarray
    lengths: np.ndarray

    def shares(self, offset: np.ndarray) -> np.ndarray:
        """Gives how much of each mood is in offsets from neutral, (T, 64) -> (T, K), in step with their length."""
        own = np.linalg.norm(offset, axis=1, keepdims=True)
        along = offset @ self.offsets.T / self.lengths
        near = np.exp(SHARPNESS * (along / np.maximum(own, 1e-9) - 1)) * (own > 1e-6)
        return near / np.maximum(near.sum(1, keepdims=True), 1.0) * along / self.lengths


@lru_cache(maxsize=1)
def moods() -> tuple[Directions, np.ndarray]:
    """Gives where the moods lie, and what a share of each adds to a look, (K, 9).

    Moods lie near one another; what each adds is solved for, so that each looks as it was described.
    """
    space = load_space()
    rows = [space.index(name) for name in MOODS]
    offsets = space.offsets()[rows].detach().double().numpy()
    implied = space.linear_vad(space.means()[rows]).detach().double().numpy() @ place_weights().T
    added = [added_by(mood, Look(*row)) for mood, row in zip(MOODS.values(), implied.tolist(), strict=True)]
    found = Directions(offsets, np.linalg.norm(offsets, axis=1))
    return found, np.linalg.solve(found.shares(offsets), np.array(added))


def added_by(mood: Mood, implied: Look) -> Look:
    """Gives what leads from the look that a mood's place implies to the mood's own."""
    cast, shadows = (
        (amount * math.cos(math.radians(hue)), amount * math.sin(math.radians(hue)))
        for hue, amount in ((mood.hue, mood.amount), (mood.shadows_hue, mood.shadows_amount))
    )
    return Look(
        brightness=mood.brightness,
        contrast=mood.contrast,
        colourfulness=mood.colourfulness,
        warm_red=cast[0] - implied.warm_red,
        warm_green=cast[1] - implied.warm_green,
        split_red=shadows[0],
        split_green=shadows[1],
        fade=mood.fade,
    )


def looks(points: Tensor) -> np.ndarray:
    """Gives the look of points of the emotion space, (T, 64) -> (T, 9), the fields of `Look`; neutral has none."""
    space = load_space()
    offset = (points - space.neutral).detach().double().numpy()
    vad = space.linear_vad(points).detach().double().numpy()
    found, added = moods()
    return vad @ place_weights().T + found.shares(offset) @ added
