"""Where MediaPipe's points lie on a head of ICT-FaceKit.

Many heads are drawn, MediaPipe looks at the pictures, and rays are cast back. Drawn from several sides, with
other identities and lights, every point is hit where it is seen well. What is
kept of a hit is the triangle and the weights within it, so that all heads speak of the same surface.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from . import mesh
from .arkit import INDEX
from .drawing import drawn, normals, shaded
from .ict import Head
from .landmarks import find_faces

HIDDEN = {
    "M_EyeOcclusion", "M_LacrimalFluid", "M_EyeBlend", "M_EyeLashes", "M_IrisLeft", "M_IrisRight",
}  # fmt: skip
SKIN, LIP, BROW = (0.8, 0.58, 0.48), (0.66, 0.3, 0.28), (0.2, 0.12, 0.08)
PAINT = {
    "M_GumsTongue": (0.6, 0.25, 0.25), "M_Teeth": (0.9, 0.88, 0.8), "M_ScleraLeft": (0.9, 0.9, 0.9),
    "M_ScleraRight": (0.9, 0.9, 0.9),
}  # fmt: skip
IRIS_RADIUS, PUPIL_RADIUS = 0.6, 0.25
# Half the width of a brow and of its soft edge, cm.
BROW_WIDTH, BROW_EDGE = 0.38, 0.12
SIZE, SCALE = 640, 24.0
# A point between the lips or lids is looked for on the skin this far off, in pixels.
REACH = 5
# Hits further than this from where the others lie are mistakes, cm.
MOST_OFF = 0.8
# Least cosine between the skin and the line of sight for a hit to count.
LEAST_FACING = 0.35


class Place(NamedTuple):
    """Points of a surface: triangles (P, 3) of vertices and weights (P, 3) within them."""

    corners: np.ndarray
    weights: np.ndarray

    def of(self, values: np.ndarray) -> np.ndarray:
        """(..., V, C) at the vertices -> (..., P, C) at the points."""
        return np.einsum("...pkc,pk->...pc", values[..., self.corners, :].astype(np.float32), self.weights)


class Hits(NamedTuple):
    """What one picture says.

    Attributes:
        points: (478, 3) positions on the neutral head, cm.
        trust: (478,) how far each can be trusted, 0 to 1.
        shape: (478, 3) MediaPipe's own shape, turned back to the front, cm.
    """

    points: np.ndarray
    trust: np.ndarray
    shape: np.ndarray


def painted(head: Head) -> np.ndarray:
    """(V, 3) colours in 0..1 that make a face of the head: irises, brows, lips."""
    from matplotlib.path import Path as Outline

    colours = np.full((len(head.neutral), 3), SKIN)
    for number, name in enumerate(head.material_names):
        if name in PAINT:
            colours[np.unique(head.triangles[head.materials == number])] = PAINT[name]
    for side in ("left", "right"):
        part = slice(*head.regions[f"Sclera {side}"])
        ball = head.neutral[part]
        front = ball[np.argmax(ball[:, 2])]
        off = np.hypot(*(ball - front)[:, :2].T)
        ahead = ball[:, 2] > ball[:, 2].mean()
        colours[part][(off < IRIS_RADIUS) & ahead] = (0.25, 0.14, 0.08)
        colours[part][(off < PUPIL_RADIUS) & ahead] = 0.02
    face = slice(*head.regions["Face"])
    skin, marks = head.neutral[face], head.neutral[head.landmarks68]
    for brow in (marks[17:22], marks[22:27]):
        share = ((BROW_WIDTH - off_line(skin, brow)) / BROW_EDGE).clip(0, 1)[:, None]
        colours[face] += share * (np.array(BROW) - colours[face])
    lips = Outline(marks[48:60, :2]).contains_points(skin[:, :2]) & (skin[:, 2] > 9)
    colours[face][lips] = LIP
    return colours


def off_line(points: np.ndarray, line: np.ndarray) -> np.ndarray:
    """(P,) distance of points from a line of straight pieces."""
    least = np.full(len(points), np.inf)
    for start, stop in pairwise(line):
        along = ((points - start) @ (stop - start) / ((stop - start) @ (stop - start))).clip(0, 1)
        least = np.minimum(least, np.linalg.norm(points - start - along[:, None] * (stop - start), axis=1))
    return least


def turned(yaw: float, pitch: float) -> np.ndarray:
    """(3, 3) rotation: positive yaw turns the nose to the right of the picture, positive pitch looks up."""
    c, s = np.cos(yaw), np.sin(yaw)
    about_y = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    c, s = np.cos(-pitch), np.sin(-pitch)
    return about_y @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def looks(head: Head, config: Mapping[str, Any]) -> list[Hits]:
    """Draws the heads and gives what every picture says."""
    rng = np.random.default_rng(config["seed"])
    colours, shown = painted(head), np.array([name not in HIDDEN for name in head.material_names])
    triangles = head.triangles[shown[head.materials]]
    middle = head.neutral[slice(*head.regions["Face"])].mean(0)
    found = []
    for number in range(config["num_views"]):
        # Every other mouth is open, as points of shut lips lie on top of one another.
        vertices = head.neutral + np.einsum(
            "k,kvc->vc", config["spread"] * rng.standard_normal(len(head.identities)), head.identities
        )
        vertices = vertices + 0.5 * (number % 2) * head.expressions[INDEX["jawOpen"]]
        rotation = turned(
            *np.radians([rng.uniform(-1, 1) * each for each in (config["yaw"], config["pitch"])])
        )
        light = rotation_light(rng)
        seen = one_look(head, (vertices - middle) @ rotation.T, triangles, colours, light)
        if seen is not None:
            shut = list(mesh.LIPS_INNER) if number % 2 == 0 else []
            seen.trust[shut] = 0.0
            found.append(seen._replace(shape=seen.shape @ rotation + middle))
    return found


def rotation_light(rng: np.random.Generator) -> np.ndarray:
    light = np.array([rng.uniform(-0.6, 0.6), rng.uniform(0.1, 0.7), 1.0])
    return light / np.linalg.norm(light)


def one_look(
    head: Head, turned_head: np.ndarray, triangles: np.ndarray, colours: np.ndarray, light: np.ndarray
) -> Hits | None:
    """Draws one head, shows it to MediaPipe and casts the points back; None when no face is seen."""
    pixels = turned_head * (SCALE, -SCALE, SCALE) + (SIZE / 2, SIZE / 2, 0)
    drawing, normal = drawn(pixels, triangles, SIZE), normals(turned_head, triangles)
    faces = find_faces(shaded(drawing, triangles, colours, normal, light))
    if not faces:
        return None
    skin = (drawing.triangle >= 0) & (triangles[drawing.triangle].max(-1) < head.regions["Face"][1])
    at = faces[0].landmarks[:, :2]
    row, column, off = nearest(skin, at)
    corner, weight = triangles[drawing.triangle[row, column]], drawing.weights[row, column]
    facing = np.einsum("pk,pk->p", normal[corner][..., 2], weight)
    trust = np.where((off <= REACH) & (facing > LEAST_FACING), facing**2, 0.0)
    shape = (faces[0].landmarks - (SIZE / 2, SIZE / 2, 0)) / (SCALE, -SCALE, -SCALE)
    return Hits(np.einsum("pkc,pk->pc", head.neutral[corner], weight), trust, shape)


def nearest(mask: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gives row, column and distance of the pixel of a mask that is nearest to each (x, y)."""
    from scipy.spatial import cKDTree

    rows, columns = np.nonzero(mask)
    off, which = cKDTree(np.stack([columns + 0.5, rows + 0.5], 1)).query(at)
    return rows[which], columns[which], off


def agreed(hits: list[Hits]) -> tuple[np.ndarray, np.ndarray]:
    """Gives where most pictures see each point, (478, 3), and how far they disagree, (478,), both in cm.

    Raises:
        ValueError: a point of the skin that no picture shows.
    """
    points, trust = np.stack([each.points for each in hits]), np.stack([each.trust for each in hits])
    if (trust[:, : mesh.NUM_SKIN].max(0) == 0).any():
        raise ValueError("expected every point to be seen in some picture, got some that never are")
    frontal = np.argsort(trust[:, : mesh.NUM_SKIN].sum(1))[-max(3, len(hits) // 4) :]
    middle = np.median(points[frontal], axis=0)
    for _ in range(4):
        off = np.linalg.norm(points - middle, axis=-1)
        weight = trust * np.exp(-0.5 * np.square(off / (0.5 * MOST_OFF))) + 1e-9
        middle = (points * weight[..., None]).sum(0) / weight.sum(0)[..., None]
    spread = (trust * np.square(off)).sum(0) / (trust.sum(0) + 1e-9)
    return middle, np.sqrt(spread)


def registered(shape: np.ndarray, points: np.ndarray, spread: np.ndarray, smoothing: float) -> np.ndarray:
    """Bends MediaPipe's own shape onto where its points were hit, smoothly: (P, 3).

    Args:
        shape: (P, 3); points: (P, 3) hits; spread: (P,) how far pictures disagree on each.
        smoothing: of the thin-plate spline for a spread of 1; unsure points follow their neighbours more.

    Source: Bookstein, "Principal Warps", 1989.
    """
    from scipy.interpolate import RBFInterpolator

    spline = RBFInterpolator(shape, points, smoothing=smoothing * spread**2, kernel="thin_plate_spline")
    return spline(shape)


def mirror_of(points: np.ndarray) -> np.ndarray:
    """(478,) which point is which in a mirror.

    Raises:
        ValueError: points that do not pair up.
    """
    from scipy.optimize import linear_sum_assignment

    flipped = points * (-1, 1, 1)
    cost = np.linalg.norm(points[:, None] - flipped[None], axis=-1)
    partner = linear_sum_assignment(np.square(cost))[1]
    if not (partner[partner] == np.arange(len(points))).all():
        raise ValueError("expected points that pair up in a mirror, got some that do not")
    return partner


def put_on_skin(head: Head, points: np.ndarray) -> Place:
    """Gives the places of the face's skin that are nearest to points, (P, 3)."""
    import trimesh

    skin = head.triangles[head.triangles.max(1) < head.regions["Face"][1]]
    surface = trimesh.Trimesh(head.neutral, skin, process=False)
    near, _, triangle = trimesh.proximity.closest_point_naive(surface, points)
    corners = skin[triangle]
    weights = trimesh.triangles.points_to_barycentric(head.neutral[corners], near)
    return Place(corners, weights.clip(0, 1).astype(np.float32))
