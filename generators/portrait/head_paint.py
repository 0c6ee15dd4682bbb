"""The texture of a head, painted from where each of its places lies on the face: no picture is stored.

Lips, brows and eyes follow the landmarks; the tone of the skin varies as skin does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from . import raster
from .head import SKIN, Head

ASPECT = 1.5
# The iris in the texture: where its disc is, how it is spread (more room for what is near the pupil).
IRIS_SPREAD, IRIS_EDGE, EYE_END = 0.6, 25.0, 95.0
OUTER_LIP = range(48, 60)
BROWS = (range(17, 22), range(22, 27))
# Half the width of a brow, cm, from its head to its tail.
BROW_HALF = (0.26, 0.36, 0.35, 0.27, 0.12)
# Where hair begins: height in cm above the ears, by the angle from the front in degrees.
HAIRLINE = (
    (0, 10.6),
    (25, 10.2),
    (42, 9.0),
    (58, 6.4),
    (70, 3.6),
    (82, 2.2),
    (100, 3.6),
    (125, 1.5),
    (180, -2.0),
)
Colour = tuple[float, float, float]
EyePainter = Callable[[np.ndarray, np.ndarray, "Look"], np.ndarray]


@dataclass(frozen=True)
class Look:
    """The colours of a person, sRGB in 0..1, and how much there is of what not everybody has.

    Attributes:
        skin, lips, brows, iris: colours. hair: of the scalp's stubble.
        stubble: of the scalp, beard: of the jaw, freckles, blush: 0..1.
        mottle: how unevenly the skin is coloured, 0..1.
    """

    skin: Colour = (0.80, 0.60, 0.50)
    lips: Colour = (0.68, 0.38, 0.36)
    brows: Colour = (0.22, 0.15, 0.11)
    iris: Colour = (0.36, 0.24, 0.14)
    hair: Colour = (0.24, 0.18, 0.15)
    stubble: float = 0.75
    beard: float = 0.0
    freckles: float = 0.0
    blush: float = 0.5
    mottle: float = 1.0


SKINS: tuple[Colour, ...] = (
    (0.87, 0.69, 0.60), (0.83, 0.63, 0.52), (0.77, 0.57, 0.45), (0.66, 0.47, 0.35), (0.52, 0.35, 0.25),
    (0.38, 0.25, 0.18),
)  # fmt: skip
IRISES: tuple[Colour, ...] = (
    (0.36, 0.24, 0.14), (0.24, 0.15, 0.09), (0.38, 0.47, 0.56), (0.40, 0.46, 0.36), (0.45, 0.36, 0.20),
)  # fmt: skip
HAIRS: tuple[Colour, ...] = ((0.16, 0.12, 0.10), (0.26, 0.18, 0.13), (0.42, 0.31, 0.20), (0.36, 0.34, 0.33))


def random_look(seed: int) -> Look:
    """Gives the colours of a random person; dark skin goes with dark hair and eyes more often."""
    rng = np.random.default_rng([seed, 77])
    tone = int(rng.integers(len(SKINS)))
    dark = tone >= 3
    skin = np.clip(np.array(SKINS[tone]) + rng.normal(0, 0.012, 3), 0.05, 0.95)
    hair = HAIRS[int(rng.integers(2 if dark else len(HAIRS)))]
    lips = np.clip(skin * (0.86, 0.64, 0.70) + rng.normal(0, 0.01, 3), 0, 1)
    return Look(
        skin=colour(skin),
        lips=colour(lips),
        brows=colour(np.array(hair) * 0.85),
        iris=IRISES[int(rng.integers(2 if dark else len(IRISES)))],
        hair=hair,
        stubble=float(rng.choice([0.0, 0.55, 0.8])),
        beard=float(rng.choice([0.0, 0.0, 0.35, 0.6])),
        freckles=0.0 if dark else float(rng.choice([0.0, 0.0, 0.6])),
        blush=float(rng.uniform(0.3, 0.7)),
    )


def colour(values: np.ndarray) -> Colour:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


@dataclass(frozen=True)
class Surface:
    """Where each texel of the skin lies on the head at rest.

    Attributes:
        points: (P, 3) cm. index: (P,) of the texels. size: width and height.
        fill: (H * W,) the nearest texel of the skin, for the gaps between.
    """

    points: np.ndarray
    index: np.ndarray
    size: tuple[int, int]
    fill: np.ndarray


def surface_of(head: Head, height: int) -> Surface:
    """Finds what lies where in the texture."""
    from scipy.ndimage import distance_transform_edt

    size = (round(height * ASPECT), height)
    own = (head.part == SKIN).nonzero()[:, 0]
    corners, places = head.triangles[own].cpu(), head.uv_triangles[own].cpu()
    at_uv = torch.zeros(len(head.uv), 3)
    at_uv[places.flatten()] = head.rest.cpu()[corners.flatten()]
    uv = head.uv.cpu() * torch.tensor(size).float()
    ids, weights = raster.seen(uv[None], torch.zeros(1, len(uv)), places, size)
    points = raster.spread(ids, weights, at_uv[None], places, size)[0].flatten(1).T.numpy()
    inside = (ids >= 0).numpy()
    nearest = distance_transform_edt(
        ~inside.reshape(height, size[0]), return_distances=False, return_indices=True
    )
    index = np.flatnonzero(inside)
    return Surface(points[index], index, size, (nearest[0] * size[0] + nearest[1]).ravel())


def painted(head: Head, look: Look, height: int = 768) -> np.ndarray:
    """Gives the texture of a person, (height, 1.5 height, 4) uint8: sRGB, and how the skin shines."""
    surface = surface_of(head, height)
    # Places on the face are told in the coordinates of the kit that it comes from.
    pivot = np.array(head.config["pivot"])
    marks = head.rest[head.landmarks].cpu().numpy().astype(np.float64) + pivot
    p = surface.points.astype(np.float64) + pivot
    tone = np.repeat(np.array([look.skin]), len(p), axis=0)
    tone = with_unevenness(tone, p, look)
    tone = with_blush(tone, p, marks, look)
    tone = mixed(tone, np.array(look.hair) * 0.9, look.beard * beard(p, marks))
    tone = mixed(tone, np.array(look.hair), look.stubble * scalp(p))
    rims, roots = lid_edges(p, marks)
    tone = mixed(tone, tone * (0.80, 0.62, 0.60), 0.75 * rims)
    tone = mixed(tone, np.array(look.brows) * 0.6, 0.85 * roots)
    tone = with_lips(tone, p, marks, look)
    brows = np.maximum(*(brow(p, marks[list(numbers)]) for numbers in BROWS))
    tone = mixed(tone, np.array(look.brows), brows)
    hair = np.maximum(brows, np.maximum(look.stubble * scalp(p), look.beard * beard(p, marks)))
    return finished(surface, np.c_[tone, gloss(p, marks) * (1 - 0.75 * hair)], eye_colours, look)


def finished(surface: Surface, texels: np.ndarray, eye: EyePainter, look: Look) -> np.ndarray:
    """Gives the texture from (P, 4) texels of the skin and the painter of the eye."""
    width, height = surface.size
    out = np.zeros((width * height, 4))
    out[surface.index] = texels
    out = out[surface.fill].reshape(height, width, 4)
    rows, columns, degrees, angle = eye_disc((height, width))
    out[np.ix_(rows, columns)] = np.concatenate(
        [eye(degrees, angle, look), np.full((*degrees.shape, 1), 0.5)], axis=-1
    )
    return np.asarray((255 * out.clip(0, 1) + 0.5).astype(np.uint8))


def gloss(p: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Gives how much skin shines, 0..1: more along forehead, nose and chin, most on the lips; pores break it."""
    zone = np.exp(-0.5 * (p[:, 0] / 2.2) ** 2) * smooth(p[:, 2], 6, 10)
    lips = inside(p, closed_curve(marks[list(OUTER_LIP)]), 0.13)
    pores = 1 + 0.30 * noise(p, 0.10, 7) + 0.18 * noise(p, 0.22, 8)
    return ((0.42 + 0.30 * zone) * pores * (1 - lips) + 0.85 * lips).clip(0, 1)


def mixed(tone: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    return tone + share[:, None].clip(0, 1) * (other - tone)


def noise(points: np.ndarray, scale: float, seed: int) -> np.ndarray:
    """Gives smooth random values of about -1..1 at points (..., 3), `scale` cm from hill to hill."""
    size = 32
    generator = torch.Generator().manual_seed(seed)
    volume = torch.rand(1, 1, size, size, size, generator=generator)
    volume = torch.nn.functional.pad(volume, (0, 1, 0, 1, 0, 1), mode="circular")
    at = torch.from_numpy((np.asarray(points) / scale) % size).float() / size * 2 - 1
    found = torch.nn.functional.grid_sample(volume, at.view(1, -1, 1, 1, 3), align_corners=True)
    return 2 * found.view(at.shape[:-1]).numpy() - 1


def bump(points: np.ndarray, middle: np.ndarray, radius: float | Sequence[float]) -> np.ndarray:
    """Gives a soft spot, 1 in its middle."""
    return np.exp(-0.5 * (((points - middle) / np.asarray(radius)) ** 2).sum(-1))


def smooth(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Gives 0 below low, 1 above high, and a soft rise between."""
    share = ((values - low) / (high - low)).clip(0, 1)
    return share * share * (3 - 2 * share)


def with_unevenness(tone: np.ndarray, p: np.ndarray, look: Look) -> np.ndarray:
    large, fine = noise(p, 1.6, 1), noise(p, 0.35, 2) + 0.7 * noise(p, 0.16, 3)
    tone = tone * (1 + look.mottle * (0.018 * large + 0.014 * fine)[:, None])
    tone = tone * (1 + look.mottle * 0.014 * noise(p, 0.9, 4)[:, None] * np.array([0.2, 1.0, 1.0]))
    if look.freckles:
        spots = smooth(noise(p, 0.22, 5), 0.52, 0.85) * smooth(noise(p, 2.5, 6), -0.4, 0.5)
        where = np.exp(-0.5 * ((p[:, 1] - 0.8) / 2.6) ** 2) * smooth(p[:, 2], 6.0, 9.0)
        tone = mixed(tone, tone * (0.72, 0.58, 0.5), look.freckles * spots * where)
    return tone


def with_blush(tone: np.ndarray, p: np.ndarray, marks: np.ndarray, look: Look) -> np.ndarray:
    """Reddens cheeks, nose, ears and chin, and shades the lids."""
    sides = np.abs(p) * [1, 0, 0] + p * [0, 1, 1]
    cheek = bump(sides, np.array([4.6, -0.1, 9.2]), (1.9, 1.5, 2.5))
    nose = bump(p, marks[30] - [0, 0.2, 0.6], (1.2, 1.0, 1.4))
    ear = smooth(sides[:, 0], 7.4, 8.6) * smooth(p[:, 1], -4, -2)
    chin = bump(p, marks[8] + [0, 0.9, 0.3], (1.4, 0.8, 1.5))
    red = look.blush * (0.75 * cheek + 0.7 * nose + 0.8 * ear + 0.3 * chin)
    tone = tone * (1 - red[:, None] * np.array([0.02, 0.17, 0.15]))
    eye = (marks[42:48].mean(0) + np.abs(marks[36:42].mean(0))) / 2
    under = bump(sides, eye + np.array([0.1, -0.95, 0.2]), (1.2, 0.45, 1.2))
    upper = bump(sides, eye + np.array([0.2, 0.75, 0.2]), (1.3, 0.5, 1.4))
    tone = tone * (1 - (0.10 * under + 0.12 * upper)[:, None] * np.array([0.7, 1.0, 0.9]))
    front = smooth(p[:, 1], 5.5, 9.0) * smooth(p[:, 2], 4.0, 8.0)
    return tone * (1 + 0.02 * front[:, None] * np.array([1.0, 1.0, 0.6]))


def scalp(p: np.ndarray) -> np.ndarray:
    """Gives where the hair of a head grows, 0..1."""
    angle = np.degrees(np.arctan2(np.abs(p[:, 0]), p[:, 2] - 0.5))
    line = np.interp(angle, *np.array(HAIRLINE).T)
    line = line + 0.35 * noise(p, 0.8, 11) + 0.2 * noise(p, 0.25, 12)
    # Not on the ear itself.
    ear = smooth(np.abs(p[:, 0]), 7.6, 8.0) * smooth(-np.abs(p[:, 1] - 1.0), -4.6, -3.8) * (p[:, 2] > -3.5)
    grain = 0.80 + 0.20 * noise(p, 0.12, 13)
    return smooth(p[:, 1] - line, -0.5, 1.1) * (1 - ear) * grain


def beard(p: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Gives where a beard grows, 0..1: jaw, chin and upper lip."""
    depth = p[:, 2]
    uneven = 0.45 * noise(p, 0.7, 22) + 0.2 * noise(p, 0.25, 23)
    # Down the cheeks from the ears, in a bow below the corners of the mouth.
    line = -2.0 - 1.6 * np.exp(-0.5 * ((depth - 8.5) / 2.2) ** 2)
    jaw = smooth(line - p[:, 1] + uneven, -0.5, 1.2) * smooth(depth + uneven, 2.6, 5.2)
    jaw = jaw * smooth(p[:, 1] + 0.25 * depth + uneven, -7.9, -6.3)
    nose, lips = marks[33, 1], marks[51, 1]
    above = (
        smooth(nose - p[:, 1] + 0.5 * uneven, 0.15, 0.75) * smooth(depth, 8.5, 10) * (p[:, 1] > lips - 2.2)
    )
    lip = above * smooth(3.3 - np.abs(p[:, 0]) + uneven, 0.0, 1.3)
    mouth = inside(p, closed_curve(marks[list(OUTER_LIP)]), 0.15)
    return np.maximum(jaw, lip) * (1 - mouth) * (0.72 + 0.28 * noise(p, 0.11, 21))


def lid_edges(p: np.ndarray, marks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gives the rims of the eyelids, 0..1, and how densely the roots of lashes stand there."""
    near, roots = np.zeros(len(p)), np.zeros(len(p))
    for first in (36, 42):
        corners = marks[first : first + 6]
        ring = closed_curve(corners)
        close = np.flatnonzero(np.linalg.norm(p - ring.mean(0), axis=1) < 3)
        far = distance(p[close], ring)
        near[close] = np.maximum(near[close], 1 - smooth(far, 0.06, 0.34))
        # Upper lids have most; towards the nose there are none.
        low, high = sorted((corners[0], corners[3]), key=lambda corner: abs(corner[0]))
        share = ((np.abs(p[close, 0]) - abs(low[0])) / (abs(high[0]) - abs(low[0]))).clip(0, 1)
        line = low[1] + share * (high[1] - low[1])
        upper = smooth(p[close, 1] - line, -0.05, 0.15)
        density = (0.22 + 0.78 * upper) * smooth(share, 0.02, 0.4)
        roots[close] = np.maximum(roots[close], density * (1 - smooth(far, 0.05, 0.17)))
    return near, roots


def with_lips(tone: np.ndarray, p: np.ndarray, marks: np.ndarray, look: Look) -> np.ndarray:
    mask = inside(p, closed_curve(marks[list(OUTER_LIP)]), 0.13)
    lines = 0.06 * noise(p * [1.0, 0.15, 0.3], 0.13, 31)
    seam = np.exp(-0.5 * ((p[:, 1] - marks[62, 1]) / 0.16) ** 2) * smooth(-np.abs(p[:, 0]), -2.6, -2.0)
    return mixed(tone, np.array(look.lips) * (1 + lines - 0.30 * seam)[:, None], 0.88 * mask)


def brow(p: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Gives one brow with its hairs, 0..1."""
    ordered = marks if abs(marks[0, 0]) < abs(marks[-1, 0]) else marks[::-1]
    line = open_curve(ordered)
    out = np.zeros(len(p))
    close = np.flatnonzero(np.linalg.norm(p - line.mean(0), axis=1) < 4.5)
    own = p[close]
    off = own[:, None] - line[None]
    far = (off**2).sum(-1)
    nearest = far.argmin(1)
    across = np.sqrt(far.min(1)) * np.sign(off[np.arange(len(own)), nearest, 1])
    along = nearest / (len(line) - 1)
    half = np.interp(along, np.linspace(0, 1, len(BROW_HALF)), BROW_HALF)
    length = along * np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
    # Hairs lean outwards, the more the further out they grow; those of the lower rim stand up.
    lean = np.stack([(length - across * (0.35 + 1.5 * along)) / 0.085, across / 0.9, 7 * along], axis=-1)
    hairs = 0.80 + 0.34 * noise(lean, 1.0, 41) + 0.08 * noise(own, 0.12, 42)
    body = 1 - smooth(np.abs(across) / half, 0.45, 1.15)
    ends = smooth(along, 0.0, 0.09) * (1 - smooth(along, 0.93, 1.0))
    out[close] = body * ends * hairs * (np.sqrt(far.min(1)) < 0.7)
    return 0.9 * out


def open_curve(points: np.ndarray, steps: int = 12) -> np.ndarray:
    """Gives a smooth line through points, (P * steps, 3).

    Source: Catmull and Rom 1974.
    """
    before, after = 2 * points[:1] - points[1:2], 2 * points[-1:] - points[-2:-1]
    return spline(np.concatenate([before, points, after]), steps)


def closed_curve(points: np.ndarray, steps: int = 6) -> np.ndarray:
    """Gives a smooth ring through points."""
    return spline(np.concatenate([points[-1:], points, points[:2]]), steps)


def spline(points: np.ndarray, steps: int) -> np.ndarray:
    t = (np.arange(steps) / steps)[:, None, None]
    a, b, c, d = points[:-3], points[1:-2], points[2:-1], points[3:]
    found = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.concatenate([found.transpose(1, 0, 2).reshape(-1, points.shape[1]), points[-2:-1]])


def distance(points: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Gives how far points are from the nearest point of a fine line."""
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(line).query(points)[0])


def inside(p: np.ndarray, ring: np.ndarray, edge: float) -> np.ndarray:
    """Gives what lies inside a ring as it is seen from the front, 0..1, with a soft edge."""
    from matplotlib.path import Path as Outline

    out = np.zeros(len(p))
    low, high = ring.min(0) - 1, ring.max(0) + 1
    close = np.flatnonzero(((p[:, :2] > low[:2]) & (p[:, :2] < high[:2])).all(1) & (p[:, 2] > low[2] - 1))
    flat = p[close]
    within = Outline(ring[:, :2]).contains_points(flat[:, :2])
    far = distance(flat[:, :2], ring[:, :2]) * np.where(within, 1, -1)
    out[close] = smooth(far, -edge, edge)
    return out


def eye_disc(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Gives the rows and columns of a texture that show the eye, degrees from its front and angle around."""
    height, width = shape
    across = (np.arange(width) + 0.5) / width
    down = (np.arange(height) + 0.5) / height
    (x0, y0), (rx, ry) = iris_middle(), iris_radius()
    columns, rows = np.abs(across - x0) < rx * 1.04, np.abs(down - y0) < ry * 1.04
    gx, gy = np.meshgrid((across[columns] - x0) / rx, (down[rows] - y0) / ry)
    degrees = EYE_END * np.hypot(gx, gy).clip(0, 1) ** (1 / IRIS_SPREAD)
    return rows, columns, degrees, np.arctan2(gy, gx)


def iris_middle() -> tuple[float, float]:
    """Gives where the eye's disc is in the texture, 0..1."""
    return 1 - (1 - 1 / ASPECT) / 2, 0.862


def iris_radius() -> tuple[float, float]:
    """Gives how large the eye's disc is in the texture, across and down."""
    return 0.130 / ASPECT, 0.130


def eye_colours(degrees: np.ndarray, angle: np.ndarray, look: Look) -> np.ndarray:
    """Gives the colours of an eye by the angle from its front and around it."""
    turn = np.stack([np.cos(angle) * 3, np.sin(angle) * 3, degrees * 0.035], axis=-1)
    veins = smooth(noise(turn * 2.2, 0.35, 51), 0.55, 0.95) * smooth(degrees, 40, 75)
    white = np.array([0.90, 0.885, 0.865]) * (1 - 0.0016 * degrees[..., None])
    white = white * (1 - veins[..., None] * np.array([0.05, 0.30, 0.28]))
    share = (degrees / IRIS_EDGE).clip(0, 1.2)
    fibres = noise(np.stack([np.cos(angle) * 4, np.sin(angle) * 4, share * 0.9], -1), 0.45, 52)
    iris = np.array(look.iris) * (1.05 + 0.36 * fibres[..., None])
    warm = np.exp(-0.5 * ((share - 0.48) / 0.14) ** 2)[..., None]
    iris = iris * (1 + warm * np.array([0.45, 0.25, 0.05])) * (1 - 0.72 * smooth(share, 0.72, 1.0)[..., None])
    iris = iris * smooth(share, 0.36, 0.43)[..., None] + 0.012
    edge = smooth(degrees, IRIS_EDGE - 1.6, IRIS_EDGE + 1.4)[..., None]
    return iris * (1 - edge) + white * edge
