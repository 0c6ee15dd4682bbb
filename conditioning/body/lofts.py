"""Closed smooth surfaces from rings along a line: what a mannequin is put together from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Place = tuple[float, float, float]


@dataclass(frozen=True)
class Loft:
    """A tube of rings with rounded ends.

    Attributes:
        start, end: of the line, in cm; the surface begins and ends there.
        across: direction of the first radius; the second stands upright on it and on the line.
        profile: rows of (share of the line, first radius, second radius, shift along the second radius), cm.
        caps: length of the rounded start and end, cm.
        bones: (share, joint) along the line: all of that joint there, a blend in between.
        sides: vertices of a ring. rings: of the part between the rounded ends, at least 2.
        cap_rings: of each rounded end, its tip not counted.
        square: 2 makes rings ellipses, more makes them squarer.
        colour: name of one of the mannequin's.
    """

    start: Place
    end: Place
    across: Place
    profile: tuple[tuple[float, float, float, float], ...]
    caps: tuple[float, float]
    bones: tuple[tuple[float, str], ...]
    sides: int
    rings: int
    square: float = 2.0
    cap_rings: int = 2
    colour: str = "clay"


@dataclass(frozen=True)
class Surface:
    """Attributes: points (V, 3) in cm; triangles (N, 3) seen from outside; shares (V,) along the line."""

    points: np.ndarray
    triangles: np.ndarray
    shares: np.ndarray


def surface_of(loft: Loft) -> Surface:
    """Gives the points of a loft's rings, tip to tip, and the triangles between them."""
    import numpy as np

    start, end = np.array(loft.start, float), np.array(loft.end, float)
    length = float(np.linalg.norm(end - start))
    along = (end - start) / length
    first = np.array(loft.across, float)
    first -= (first @ along) * along
    first /= np.linalg.norm(first)
    second = np.cross(along, first)
    shares = ring_shares(loft, length)
    one, other, shift = radii(loft, shares, length)
    # The first vertex of a ring stands on the second radius, so that a face has a middle line.
    angles = np.pi / 2 + np.arange(loft.sides) * 2 * np.pi / loft.sides
    out = rounded(np.cos(angles), loft.square), rounded(np.sin(angles), loft.square)
    middle = start + shares[:, None] * length * along + shift[:, None] * second
    rings = (
        middle[:, None]
        + (one[:, None] * out[0])[..., None] * first
        + (other[:, None] * out[1])[..., None] * second
    )
    points = np.concatenate([middle[:1], rings[1:-1].reshape(-1, 3), middle[-1:]])
    inner = len(shares) - 2
    every = np.concatenate([[0.0], np.repeat(shares[1:-1], loft.sides), [1.0]])
    return Surface(points, triangles_of(inner, loft.sides), every)


def rounded(x: np.ndarray, square: float) -> np.ndarray:
    """Gives a coordinate of a superellipse for that of a circle."""
    import numpy as np

    return np.sign(x) * np.abs(x) ** (2 / square)


def ring_shares(loft: Loft, length: float) -> np.ndarray:
    """Gives where rings stand, 0..1, closer together towards the tips."""
    import numpy as np

    count = loft.cap_rings + 1
    turn = np.cos(np.arange(count) / count * np.pi / 2)
    low, high = loft.caps[0] / length, loft.caps[1] / length
    between = np.linspace(low, 1 - high, loft.rings)
    return np.concatenate([low * (1 - turn), between, 1 - high * (1 - turn[::-1])])


def radii(loft: Loft, shares: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gives both radii and the shift at each ring, cm."""
    import numpy as np
    from scipy.interpolate import PchipInterpolator

    rows = np.array(loft.profile)
    one, other, shift = PchipInterpolator(rows[:, 0], rows[:, 1:], axis=0)(shares).T
    close = np.ones(len(shares))
    for cap, away in zip(loft.caps, (shares * length, (1 - shares) * length), strict=True):
        if cap:
            # A quarter of an ellipse.
            close = np.minimum(close, np.sqrt(np.clip(1 - (1 - np.minimum(away / cap, 1)) ** 2, 0, 1)))
    return one * close, other * close, shift


def triangles_of(rings: int, sides: int) -> np.ndarray:
    """Gives the triangles of a tip, rings and a tip, counter-clockwise from outside."""
    import numpy as np

    around, further = np.arange(sides), (np.arange(sides) + 1) % sides
    last = 1 + rings * sides
    parts = [np.stack([np.zeros(sides, int), 1 + further, 1 + around], 1)]
    for ring in range(rings - 1):
        a, b = 1 + ring * sides + around, 1 + ring * sides + further
        parts += [np.stack([a, b, b + sides], 1), np.stack([a, b + sides, a + sides], 1)]
    base = 1 + (rings - 1) * sides
    parts.append(np.stack([np.full(sides, last), base + around, base + further], 1))
    return np.concatenate(parts)


def blended(bones: Sequence[tuple[float, str]], shares: np.ndarray) -> dict[str, np.ndarray]:
    """Gives each joint's part of every vertex, (V,), eased between the places that are all of one joint."""
    import numpy as np

    found: dict[str, np.ndarray] = {}
    stops = [share for share, _ in bones]
    for at, (_, joint) in enumerate(bones):
        own = np.zeros(len(bones))
        own[at] = 1
        part = np.interp(shares, stops, own)
        found[joint] = found.get(joint, np.zeros(len(shares))) + part * part * (3 - 2 * part)
    return found
