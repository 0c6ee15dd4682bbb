"""A head drawn with a depth buffer, plainly shaded: what the recipe of the face model shows to MediaPipe."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Pixels of the largest triangles that are filled in one go; they decide only memory.
GROUPS = (4, 8, 16, 32, 64, 128, 256, 1024)
CHUNK = 2_000_000


class Drawing(NamedTuple):
    """What a depth buffer holds.

    Attributes:
        triangle: (H, W) int64, the nearest triangle; -1 where there is none.
        weights: (H, W, 3) float32 barycentric weights within it.
    """

    triangle: np.ndarray
    weights: np.ndarray


def drawn(points: np.ndarray, triangles: np.ndarray, size: int) -> Drawing:
    """Finds the nearest triangle at the middle of every pixel of a square picture.

    Args:
        points: (V, 3) in pixels: x to the right, y down, z towards who looks.
        triangles: (N, 3).
        size: of the picture in pixels.
    """
    corners = points[triangles].astype(np.float64)  # (N, 3, 3)
    low = np.ceil(corners[..., :2].min(1) - 0.5).clip(0, size).astype(int)
    high = (np.floor(corners[..., :2].max(1) - 0.5) + 1).clip(0, size).astype(int)
    extent = (high - low).max(1)
    pixels, depths, owners, parts = [], [], [], []
    least = 0
    for most in GROUPS:
        chosen = np.flatnonzero((extent > least) & (extent <= most) & ((high - low).min(1) > 0))
        least = most
        for piece in np.array_split(chosen, max(1, len(chosen) * most * most // CHUNK)):
            found = filled(corners[piece], low[piece], most, size)
            pixels.append(found[0])
            depths.append(found[1])
            owners.append(piece[found[2]])
            parts.append(found[3])
    pixel, depth = np.concatenate(pixels), np.concatenate(depths)
    order = np.argsort(depth, kind="stable")  # the nearest is written last and stays
    triangle, weights = np.full(size * size, -1), np.zeros((size * size, 3), np.float32)
    triangle[pixel[order]] = np.concatenate(owners)[order]
    weights[pixel[order]] = np.concatenate(parts)[order]
    return Drawing(triangle.reshape(size, size), weights.reshape(size, size, 3))


def filled(
    corners: np.ndarray, low: np.ndarray, most: int, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Gives pixel, depth, triangle and weights wherever a triangle of at most `most` pixels is."""
    steps = np.arange(most)
    x = low[:, 0, None, None] + steps[None, None]  # (n, 1, m)
    y = low[:, 1, None, None] + steps[None, :, None]  # (n, m, 1)
    a, b, c = (corners[:, place, :, None, None] for place in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    area = np.where(np.abs(area) < 1e-9, np.nan, area)
    px, py = x + 0.5, y + 0.5
    wb = ((px - a[:, 0]) * (c[:, 1] - a[:, 1]) - (py - a[:, 1]) * (c[:, 0] - a[:, 0])) / area
    wc = ((b[:, 0] - a[:, 0]) * (py - a[:, 1]) - (b[:, 1] - a[:, 1]) * (px - a[:, 0])) / area
    wa = 1 - wb - wc
    inside = (wa >= 0) & (wb >= 0) & (wc >= 0) & (x < size) & (y < size)
    owner, row, column = np.nonzero(inside)
    weights = np.stack([part[owner, row, column] for part in (wa, wb, wc)], 1)
    depth = (weights * corners[owner, :, 2]).sum(1)
    return (y[owner, row, 0] * size + x[owner, 0, column]), depth, owner, weights.astype(np.float32)


def normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V, 3) unit normals, the mean over each vertex's triangles weighted by their areas."""
    a, b, c = (points[triangles[:, place]] for place in range(3))
    face = np.cross(b - a, c - a)
    summed = np.zeros_like(points)
    for place in range(3):
        np.add.at(summed, triangles[:, place], face)
    return summed / (np.linalg.norm(summed, axis=1, keepdims=True) + 1e-9)


def shaded(
    drawing: Drawing, triangles: np.ndarray, colours: np.ndarray, normal: np.ndarray, light: np.ndarray
) -> np.ndarray:
    """Colours a drawing: (H, W, 3) uint8.

    Args:
        colours: (V, 3) in 0..1; normal: (V, 3), z towards who looks.
        light: (3,) direction it comes from; its length is its strength.
    """
    seen = drawing.triangle >= 0
    corner = triangles[drawing.triangle[seen]]  # (P, 3)
    weights = drawing.weights[seen][..., None]
    colour = (colours[corner] * weights).sum(1)
    facing = (normal[corner] * weights).sum(1) @ light
    picture = np.full((*drawing.triangle.shape, 3), 0.55)
    picture[seen] = colour * (0.45 + 0.55 * facing.clip(0))[:, None]
    return (255 * picture.clip(0, 1) ** (1 / 1.6)).astype(np.uint8)
