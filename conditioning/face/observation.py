"""What MediaPipe sees of faces whose numbers are known, and how that differs from where their points are.

It sees lips that are shut a little apart, brows that move less than they do, and errs in ways that belong
together. Heads are drawn with random people, expressions, gazes, turns, skins and lights; what is seen is
explained linearly by the numbers, and what remains is the noise that a fit has to expect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import checkpoints

from . import mesh
from .arkit import INDEX, MIRRORED, NAMES
from .correspondence import HIDDEN, SKIN, off_line, painted, rotation_light, turned
from .drawing import drawn, normals, shaded
from .ict import Head
from .landmarks import find_faces
from .solve import LOOKS, looks_of

# What is drawn in one go, between two looks at the clock and two saves.
CHUNK = 50
# Of the pictures, pixels and pixels per cm: a face as large as the mesh looks at.
SIZE, SCALE = 448, 17.0
# Shares of faces at rest, and of faces that somebody really made; the others are made of single movements.
AT_REST, REAL = 0.2, 0.45
ACTIVE = 0.12
LASH = (0.12, 0.08, 0.06)
LASH_WIDTH = 0.11
KEYS = ("identity", "expression", "gaze", "angles", "landmarks")


@dataclass(frozen=True, eq=False)
class Looks:
    """Drawn heads and what MediaPipe says of them.

    Attributes:
        identity: (N, 100) coefficients of ICT-FaceKit. expression: (N, 52). gaze: (N, 2) radians.
        angles: (N, 2) yaw and pitch of the head, radians.
        landmarks: (N, 478, 3) cm, x to the right, y up, z towards us; not a number where no face was seen.
    """

    identity: np.ndarray
    expression: np.ndarray
    gaze: np.ndarray
    angles: np.ndarray
    landmarks: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        return np.isfinite(self.landmarks).all((1, 2))


class Studio:
    """Draws a head with any numbers and looks at it."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.colours = with_lashes(head, painted(head))
        shown = np.array([name not in HIDDEN for name in head.material_names])
        self.triangles = head.triangles[shown[head.materials]]
        self.middle = head.neutral[slice(*head.regions["Face"])].mean(0)
        self.skin = np.abs(self.colours - SKIN).max(1) < 0.1

    def vertices(self, identity: np.ndarray, expression: np.ndarray, gaze: np.ndarray) -> np.ndarray:
        """(V, 3) in cm."""
        points = self.head.neutral + np.tensordot(identity, self.head.identities, 1)
        active = np.flatnonzero(expression)
        points = points + np.tensordot(
            expression[active], self.head.expressions[active].astype(np.float32), 1
        )
        for side in ("left", "right"):
            ball = slice(*self.head.regions[f"Sclera {side}"])
            about = points[ball].mean(0)
            points[ball] = (points[ball] - about) @ turned(*gaze).T + about
        return points

    def picture(self, points: np.ndarray, angles: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(H, W, 3) uint8 of a head under some light, with skin of some tone."""
        points = (points - self.middle) @ turned(*angles).T
        pixels = points * (SCALE, -SCALE, SCALE) + (SIZE / 2, SIZE / 2, 0)
        a, b, c = (pixels[self.triangles[:, place], :2] for place in range(3))
        ahead = self.triangles[np.cross(b - a, c - a) < 0]
        tone = rng.uniform(0.45, 1.1) * np.array([1.0, rng.uniform(0.85, 1.05), rng.uniform(0.8, 1.05)])
        colours = np.where(self.skin[:, None], self.colours * tone, self.colours)
        return shaded(drawn(pixels, ahead, SIZE), ahead, colours, normals(points, ahead), rotation_light(rng))

    def landmarks(self, picture: np.ndarray) -> np.ndarray:
        """(478, 3) cm about the middle of the face, y up; not a number where no face is seen."""
        faces = find_faces(picture)
        if not faces:
            return np.full((mesh.NUM_POINTS, 3), np.nan)
        return (faces[0].landmarks - (SIZE / 2, SIZE / 2, 0)) / (SCALE, -SCALE, -SCALE)


def with_lashes(head: Head, colours: np.ndarray) -> np.ndarray:
    """Darkens the skin along the upper lids, where lashes grow."""
    face = slice(*head.regions["Face"])
    marks = head.neutral[head.landmarks68]
    for lid in (marks[36:40], marks[42:46]):
        share = ((LASH_WIDTH - off_line(head.neutral[face], lid)) / 0.05).clip(0, 1)[:, None]
        colours[face] += share * (np.array(LASH) - colours[face])
    return colours


def random_face(rng: np.random.Generator, real: np.ndarray) -> np.ndarray:
    """(52,) an expression without looks: none, one that somebody made, or movements at random."""
    kind = rng.random()
    if kind < AT_REST:
        return np.zeros(len(NAMES), np.float32)
    if kind < AT_REST + REAL:
        face = real[rng.integers(len(real))] * rng.uniform(0.7, 1.3)
    else:
        face = np.where(rng.random(len(NAMES)) < ACTIVE, rng.random(len(NAMES)), 0)
        if rng.random() < 0.7:
            face = np.maximum(face, face[list(MIRRORED)])
        face[INDEX["mouthClose"]] *= face[INDEX["jawOpen"]]
    face = face.clip(0, 1).astype(np.float32)
    face[list(LOOKS)] = 0
    return face


def one_look(
    studio: Studio, real: np.ndarray, seed: Sequence[int], config: Mapping[str, Any]
) -> list[np.ndarray]:
    """Draws one head and gives its numbers and landmarks, in the order of `KEYS`."""
    rng = np.random.default_rng(seed)
    identity = config["spread"] * rng.standard_normal(len(studio.head.identities))
    gaze = rng.normal(0, (0.15, 0.09)) * (rng.random() > 0.3)
    face = random_face(rng, real)
    face[list(LOOKS)] = looks_of(gaze)
    angles = np.radians(rng.normal(0, (config["yaw"] / 2, config["pitch"] / 2)))
    picture = studio.picture(studio.vertices(identity, face, gaze), angles, rng)
    return [identity, face, gaze, angles, studio.landmarks(picture)]


def look_at_many(
    head: Head, real: np.ndarray, config: Mapping[str, Any], cache: Path, *, resume: bool
) -> Looks:
    """Draws and looks as often as the config says; what is done is kept in `cache` and not redone.

    Args:
        real: (N, 52) expressions that people made.
        config: num_looks, spread, yaw, pitch (degrees), seed.
    """
    rows: dict[str, list[np.ndarray]] = {key: [] for key in KEYS}
    if resume and cache.exists():
        with np.load(cache) as data:
            rows = {key: list(data[key]) for key in KEYS}
    studio = Studio(head)
    while len(rows["gaze"]) < config["num_looks"]:
        for _ in range(min(CHUNK, config["num_looks"] - len(rows["gaze"]))):
            look = one_look(studio, real, (config["seed"], len(rows["gaze"])), config)
            for key, value in zip(KEYS, look, strict=True):
                rows[key].append(value.astype(np.float32))
        cache.parent.mkdir(parents=True, exist_ok=True)
        with checkpoints.replace_file(cache) as partial, open(partial, "wb") as file:
            stacked: dict[str, Any] = {key: np.stack(rows[key]) for key in KEYS}
            np.savez(file, **stacked)
    return Looks(*(np.stack(rows[key]) for key in KEYS))
