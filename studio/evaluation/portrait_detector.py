"""How a detector of landmarks shows a face: less movement than there is, in some places none, and its
mistakes.

Fitted to heads that were drawn and found again (`portrait_heads`), so that takes of any length can be seen
through it without drawing them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from conditioning.face.arkit import MIRRORED

from .portrait_geometry import ACROSS, NUM_POINTS
from .portrait_heads import Looks

# Share of a mistake that stays the same while a person moves; the rest comes and goes.
STAYS = 0.7


@dataclass(frozen=True)
class Detector:
    """A linear view of faces, with mistakes drawn from real ones.

    Attributes:
        people: (N, 478, 3) faces found at rest. movement: (52, 478, 3) what is found of a coefficient of 1.
        mistakes: (N, 478, 3) what is left over in movement.
    """

    people: np.ndarray
    movement: np.ndarray
    mistakes: np.ndarray

    @property
    def average(self) -> np.ndarray:
        """(478, 3) the mean of all people at rest."""
        return self.people.mean(0)

    def look(
        self, expression: np.ndarray, reference: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lets a random person show coefficients: (T, 52), (52,) of the rest -> (T, 478, 3), (478, 3)."""
        person = self.people[rng.integers(len(self.people))]
        rest = person + np.tensordot(reference, self.movement, 1)
        some = self.mistakes[rng.integers(len(self.mistakes), size=len(expression))]
        same = self.mistakes[rng.integers(len(self.mistakes))]
        wrong = STAYS**0.5 * same + (1 - STAYS) ** 0.5 * some
        return person + np.tensordot(expression, self.movement, 1) + wrong, rest


def fit_detector(looks: Looks, ridge: float) -> Detector:
    """Fits how expressions are found, with every look and its mirror image.

    Args:
        ridge: penalty of the squared weights, over the mean square of a coefficient.

    Source: Hoerl and Kennard, "Ridge Regression", Technometrics 12(1), 1970.
    """
    other = list(MIRRORED)
    before = np.concatenate([looks.reference, looks.reference[:, other]]).astype(np.float64)
    change = np.concatenate([looks.expression, looks.expression[:, other]]) - before
    rest = np.concatenate([looks.rest, mirrored(looks.rest)])
    moved = np.concatenate([looks.shown, mirrored(looks.shown)]) - rest
    gram = change.T @ change
    penalty = ridge * np.trace(gram) / len(gram) * np.eye(len(gram))
    weights = np.linalg.solve(gram + penalty, change.T @ moved.reshape(len(moved), -1))
    movement = weights.reshape(-1, NUM_POINTS, 3)
    people = rest - np.tensordot(before, movement, 1)
    return Detector(people, movement, moved - np.tensordot(change, movement, 1))


def mirrored(faces: np.ndarray) -> np.ndarray:
    """(N, 478, 3) -> the landmarks that are used, in a mirror; the others are left where they are."""
    partner = np.arange(NUM_POINTS)
    for one, other in ACROSS:
        partner[[one, other]] = other, one
    return faces[:, partner] * np.array([-1.0, 1.0, 1.0])
