"""A look that makes a film as bright, as colourful and of the hue that somebody asks for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .attributes import USUAL_HUE_STRENGTH, Attributes, measured
from .grade_colour import Look, graded, table_of

ROUNDS, STEP, LARGEST_STEP, FURTHEST = 5, 0.1, 0.8, 3.0
CLOSE = 0.004  # a level of 256


class Aim(NamedTuple):
    """What a film is to be like, in the units of `Attributes`; None is left to the emotion."""

    brightness: float | None = None
    colourfulness: float | None = None
    hue: float | None = None

    @property
    def moved(self) -> list[str]:
        """The fields of a look by which it is reached; none when nothing is asked for."""
        names = [name for name in ("brightness", "colourfulness") if getattr(self, name) is not None]
        return names + ([] if self.hue is None else ["warm_red", "warm_green"])

    def misses(self, found: Attributes, strength: float) -> np.ndarray:
        """Gives how far a film still is from it, one number for each of `moved`.

        Args:
            strength: how strongly it is to lean to the hue.
        """
        named = [(found.brightness, self.brightness), (found.colourfulness, self.colourfulness)]
        missed = [have - wanted for have, wanted in named if wanted is not None]
        if self.hue is not None:
            angle = math.radians(self.hue)
            _, _, along, across = found.row().tolist()
            missed += [along - strength * math.cos(angle), across - strength * math.sin(angle)]
        return np.array(missed)


def aimed(aim: Aim, look: Look, stills: Sequence[np.ndarray], middle: float) -> Look:
    """Gives what is to be added to a look, so that frames come as near as they can to what is asked for.

    Newton's method with differences for derivatives; not every film can have every look.

    Args:
        look: what the emotion does to them. stills: (H, W, 3) uint8. middle: as of `table_of`.
    """
    names = aim.moved

    def tried(added: np.ndarray) -> np.ndarray:
        whole = look._replace(
            **{name: getattr(look, name) + by for name, by in zip(names, added, strict=True)}
        )
        table = table_of(whole, middle)
        # One by one: frames of a film whose size changes on the way need not be alike.
        seen = [measured(graded(still, table)[None], 1.0) for still in stills]
        return np.mean([aim.misses(one, strength) for one in seen], axis=0)

    strength = max(
        USUAL_HUE_STRENGTH, float(np.mean([measured(one[None], 1.0).hue_strength for one in stills]))
    )
    added = np.zeros(len(names))
    missed = tried(added)
    for _ in range(ROUNDS):
        if np.abs(missed).max() < CLOSE:
            break
        slopes = np.stack([(tried(added + STEP * one) - missed) / STEP for one in np.eye(len(names))], 1)
        step = np.linalg.lstsq(slopes, -missed, rcond=0.02)[0]
        further = np.clip(added + np.clip(step, -LARGEST_STEP, LARGEST_STEP), -FURTHEST, FURTHEST)
        now = tried(further)
        if np.linalg.norm(now) >= np.linalg.norm(missed):
            break
        added, missed = further, now
    return Look(**dict(zip(names, added.tolist(), strict=True)))
