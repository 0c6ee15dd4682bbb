"""Parts of a face that something lies over: a mask, a hand, dark glasses.

MediaPipe draws a whole face over everything, so this looks at colours: lips differ from the skin around them,
and in an eye there is something light and something dark.
"""

from __future__ import annotations

import numpy as np

from . import mesh
from .landmarks import Face
from .photo import Photo

# Points of the lower cheeks and the chin, and between the brows and on the upper cheeks.
LOWER = (205, 425, 207, 427, 214, 434, 192, 416, 200, 199, 175, 208, 428, 32, 262, 171, 396)
UPPER = (9, 8, 151, 107, 336, 118, 347, 117, 346, 101, 330)
# In CIELAB: least difference between lips and the skin around them, least range of lightness within lips and
# within an eye, and how much darker than skin an eye's lightest part must be to lie behind glass.
LIP_CONTRAST, LIP_RANGE = 7.0, 10.0
EYE_RANGE, BEHIND_GLASS = 12.0, 0.7


def hidden_parts(photo: Photo, face: Face) -> tuple[str, ...]:
    """Gives a warning, one sentence each, for what seems to be covered; nothing of small faces."""
    at, pixels = face.landmarks[:, :2], photo.pixels
    lips, lower = patch(pixels, at, mesh.LIPS_OUTER), around(pixels, at, LOWER)
    eyes = [patch(pixels, at, ring) for ring in (mesh.EYE_LEFT, mesh.EYE_RIGHT)]
    notes = []
    if len(lips) > 30 and len(lower):
        contrast = float(np.linalg.norm(np.median(lips, axis=0) - lower))
        if contrast < LIP_CONTRAST and lightness_range(lips) < LIP_RANGE:
            notes.append("the mouth seems to be covered: what is drawn there is invented")
    skin = around(pixels, at, UPPER)
    if len(skin) and all(len(eye) > 20 and dark(eye, float(skin[0])) for eye in eyes):
        notes.append("the eyes seem to be covered: what is drawn there is invented")
    return tuple(notes)


def dark(eye: np.ndarray, skin: float) -> bool:
    return lightness_range(eye) < EYE_RANGE and float(np.percentile(eye[:, 0], 90)) < BEHIND_GLASS * skin


def lightness_range(colours: np.ndarray) -> float:
    low, high = np.percentile(colours[:, 0], (10, 90))
    return float(high - low)


def patch(pixels: np.ndarray, at: np.ndarray, ring: tuple[int, ...]) -> np.ndarray:
    """(N, 3) CIELAB of the pixels within a ring of landmarks."""
    from PIL import Image, ImageDraw

    corners = at[list(ring)]
    low = np.floor(corners.min(0)).astype(int).clip(0)
    high = np.ceil(corners.max(0)).astype(int).clip(0, pixels.shape[1::-1])
    if (high - low < 2).any():
        return np.zeros((0, 3))
    shape = Image.new("1", (int(high[0] - low[0]), int(high[1] - low[1])))
    ImageDraw.Draw(shape).polygon([tuple(corner - low) for corner in corners], fill=1)
    return lab(pixels[low[1] : high[1], low[0] : high[0]][np.asarray(shape)])


def around(pixels: np.ndarray, at: np.ndarray, places: tuple[int, ...]) -> np.ndarray:
    """(3,) CIELAB of the middle colour at some landmarks; empty when none lies in the picture."""
    x, y = at[list(places)].astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < pixels.shape[1]) & (y < pixels.shape[0])
    return np.median(lab(pixels[y[inside], x[inside]]), axis=0) if inside.any() else np.zeros(0)


def lab(rgb: np.ndarray) -> np.ndarray:
    """(..., 3) uint8 sRGB -> CIELAB.

    Source: IEC 61966-2-1 and CIE 15, white D65.
    """
    share = rgb / 255.0
    linear = np.where(share > 0.04045, ((share + 0.055) / 1.055) ** 2.4, share / 12.92)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.moveaxis(linear @ (matrix / matrix.sum(1, keepdims=True)).T, -1, 0)
    fx, fy, fz = (np.where(v > 0.008856, np.cbrt(v), 7.787 * v + 16 / 116) for v in (x, y, z))
    return np.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], -1)
