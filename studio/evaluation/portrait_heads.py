"""Heads of random people, drawn and shown to MediaPipe: what the evaluator of frames learns a detector from.

The heads are ICT-FaceKit's own scan-based identities and expressions, not the face model that our renderer
moves, and are drawn by a plain depth buffer, not by our renderer. Source: Li et al., "Learning Formation of
Physically-Based Face Attributes", CVPR 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from conditioning.face.correspondence import HIDDEN, painted, rotation_light, turned
from conditioning.face.drawing import drawn, normals, shaded
from conditioning.face.ict import Head, read_head
from conditioning.face.landmarks import mesh

from .portrait_geometry import upright
from .portrait_samples import Take

SIZE, SCALE = 320, 12.0  # pixels, pixels a cm
MOST_TURN = np.radians([20.0, 12.0])  # yaw, pitch
SPREAD = 0.7  # of identities


@dataclass(frozen=True)
class Looks:
    """What a detector saw of drawn heads; faces as `upright` gives them, (N, P, 3).

    Attributes:
        reference, expression: (N, 52) what each head showed at rest, and then.
        label: (N,) numbers of the emotions, -1 where they are too faint.
        rest, shown: where the points were found.
    """

    reference: np.ndarray
    expression: np.ndarray
    label: np.ndarray
    rest: np.ndarray
    shown: np.ndarray


def look_at_heads(
    data_dir: str | Path,
    draw: Callable[[np.random.Generator], Take],
    count: int,
    seed: int,
    on_head: Callable[[], None] = lambda: None,
) -> Looks:
    """Draws heads, each at rest and showing something, and lets MediaPipe find their landmarks.

    Args:
        draw: gives what each shows, a take of one frame. count: heads; those that are not found are left out.

    Raises:
        FileNotFoundError: the data have no ICT-FaceKit. ValueError: no head is found.
    """
    head = read_head(data_dir)
    visible = np.array([name not in HIDDEN for name in head.material_names])
    triangles, colours = head.triangles[visible[head.materials]], painted(head)
    rows = []
    for at in range(count):
        rng = np.random.default_rng([seed, at])
        identity = (SPREAD * rng.standard_normal(len(head.identities))).astype(np.float32)
        person = head.neutral + np.tensordot(identity, head.identities, 1)
        take = draw(rng)
        turn, light = turned(*rng.uniform(-MOST_TURN, MOST_TURN)), rotation_light(rng)
        found = []
        for shown in (take.reference, take.expression[0]):
            vertices = person + np.tensordot(shown.astype(np.float32), head.expressions.astype(np.float32), 1)
            found += mesh(pictured(head, vertices, triangles, colours, turn, light), 1)[:1]
        if len(found) == 2:
            rows.append((take.reference, take.expression[0], take.label, *upright(np.stack(found))))
        on_head()
    if not rows:
        raise ValueError("expected heads in which a face is found, got none")
    return Looks(*(np.array(column) for column in zip(*rows, strict=True)))


def pictured(
    head: Head,
    vertices: np.ndarray,
    triangles: np.ndarray,
    colours: np.ndarray,
    turn: np.ndarray,
    light: np.ndarray,
) -> np.ndarray:
    """Draws a head, (V, 3) cm, turned by (3, 3): (320, 320, 3) uint8."""
    points = (vertices - head.neutral[slice(*head.regions["Face"])].mean(0)) @ turn.T
    pixels = points * (SCALE, -SCALE, SCALE) + (SIZE / 2, SIZE / 2, 0)
    return shaded(drawn(pixels, triangles, SIZE), triangles, colours, normals(points, triangles), light)
