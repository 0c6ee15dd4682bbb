"""The folds that expressions make in a skin: soft lines of shade with a little light beside them.

A warp alone moves skin but creases nothing; a frown without its furrows hardly reads as one. Every fold is a
line through landmarks of the photo and deepens with some coefficients. Where no skin is seen there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from conditioning.face.arkit import INDEX, NAMES

from .backdrop import box_mean, filled
from .layers import combined
from .warp import upright

# Texels of the folds' pictures for each pixel of the frame.
FINENESS = 0.5
# Colours that differ from the skin around by more than these parts of its brightness are no skin.
SKIN, NO_SKIN = 0.16, 0.34
# The light beside a fold, as a part of its shade, and how far away it is, in widths.
RIDGE, BESIDE = 0.45, 1.7
# Points that surely lie on skin, on a face without a beard or with.
SURE = (
    9,
    8,
    168,
    6,
    197,
    195,
    5,
    50,
    280,
    101,
    330,
    118,
    347,
    205,
    425,
    36,
    266,
    123,
    352,
    151,
    108,
    337,
    199,
    175,
)


@dataclass(frozen=True)
class Fold:
    """One line.

    Attributes:
        points: landmarks along it, on the person's right or across the middle; or (landmark, landmark, part
            of the way from one to the other).
        width: of the line, in heights of the face.
        depth: how much darker it is at 1.
        by: the coefficients that deepen it, without their side, and how much.
        sided: whether the left side has its own.
    """

    points: tuple[int | tuple[int, int, float], ...]
    width: float
    depth: float
    by: dict[str, float]
    sided: bool = True


def forehead(part: float) -> tuple[tuple[int, int, float], ...]:
    """A line across the forehead, that part of the way from the brows up to the hair."""
    right = ((63, 103, part), (105, 67, part), (66, 109, part))
    left = ((296, 338, part), (334, 297, part), (293, 332, part))
    return (*right, (9, 10, 0.25 + 0.75 * part), *left)


BROWS_UP = {"browInnerUp": 0.75, "browOuterUp": 0.3}
SQUINT = {"cheekSquint": 0.7, "eyeSquint": 0.3}
FOLDS = (
    # From the nose's wing down past the corner of the mouth.
    Fold((129, 203, 206, 216), 0.016, 0.20,
         {"mouthSmile": 0.7, "noseSneer": 0.6, "mouthUpperUp": 0.5, "mouthDimple": 0.4, "cheekSquint": 0.2}),
    # Under the eye.
    Fold((228, 229, 230, 231, 232), 0.011, 0.15, {"cheekSquint": 0.7, "eyeSquint": 0.5}),
    # Beside the eye.
    Fold(((33, 130, 1.2), (130, 143, 0.5), (143, 34, 0.6)), 0.008, 0.10, SQUINT),
    Fold(((33, 226, 0.9), (226, 35, 0.7), (35, 143, 0.3)), 0.008, 0.10, SQUINT),
    # Between the brows.
    Fold(((107, 9, 0.45), (55, 8, 0.45), (193, 168, 0.5)), 0.011, 0.26, {"browDown": 0.8, "noseSneer": 0.15}),
    # Across the root of the nose.
    Fold(((193, 168, 0.2), 168, (417, 168, 0.2)), 0.010, 0.15, {"noseSneer": 0.35, "browDown": 0.15}, False),
    # Across the forehead.
    Fold(forehead(0.34), 0.010, 0.11, BROWS_UP, False),
    Fold(forehead(0.56), 0.010, 0.13, BROWS_UP, False),
    Fold(forehead(0.78), 0.010, 0.09, BROWS_UP, False),
    # Under the lower lip.
    Fold((106, 182, 83, 18, 313, 406, 335), 0.018, 0.17,
         {"mouthShrugLower": 0.7, "mouthFrown": 0.15, "mouthPress": 0.2}, False),
    # From the corner of the mouth downwards.
    Fold(((61, 57, 0.5), (57, 43, 0.6), (43, 202, 0.4), (202, 204, 0.3)), 0.012, 0.16, {"mouthFrown": 0.8}),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Folds:
    """All folds of a photo's face.

    Attributes:
        pictures: (K, h, w) how much lighter or darker each makes the canvas.
        by: (52, K) how much each coefficient deepens them.
    """

    pictures: torch.Tensor
    by: torch.Tensor

    def drawn(self, expression: torch.Tensor) -> torch.Tensor:
        """(B, 52) -> (B, 1, h, w) how much lighter or darker the canvas is."""
        depth = combined(expression.clamp(min=0), self.by).clamp(max=1.3)
        return combined(depth, self.pictures.flatten(1)).view(-1, 1, *self.pictures.shape[1:])


def folds_of(canvas: torch.Tensor, margin: int, points: torch.Tensor, mirror: torch.Tensor) -> Folds:
    """Draws the folds of a photo.

    Args:
        canvas: (3, h, w) the frame with `margin` pixels around it.
        points: (478, 3) landmarks in pixels of the frame.
        mirror: (478,) which point is which in a mirror.
    """
    size = [round(side * FINENESS) for side in canvas.shape[1:]]
    small = F.interpolate(canvas[None], size=size, mode="bilinear", antialias=True)[0]
    at = (points[:, :2] + margin) * FINENESS
    _, up, height = upright(points)
    tall = float(height) * FINENESS
    skin = skin_of(small, at, tall)
    pictures, rows = [], []
    for fold in FOLDS:
        for side in ("Right", "Left") if fold.sided else ("",):
            line = torch.stack(
                [place_of(each, at, mirror if side == "Left" else None) for each in fold.points]
            )
            pictures.append(drawn_line(line, size, fold.width * tall, up) * fold.depth * skin)
            rows.append(drivers(fold.by, side))
    return Folds(torch.stack(pictures), torch.stack(rows, 1))


def place_of(
    point: int | tuple[int, int, float], at: torch.Tensor, mirror: torch.Tensor | None
) -> torch.Tensor:
    """Gives (2,) where a point of a fold is."""
    one, two, part = (point, point, 0.0) if isinstance(point, int) else point
    if mirror is not None:
        one, two = int(mirror[one]), int(mirror[two])
    return torch.lerp(at[one], at[two], part)


def drivers(by: dict[str, float], side: str) -> torch.Tensor:
    """Gives (52,) how much each coefficient deepens a fold of one side, or of both, which share it."""
    row = torch.zeros(len(NAMES))
    for name, value in by.items():
        if name in INDEX:
            row[INDEX[name]] = value
        else:
            for each in (side,) if side else ("Left", "Right"):
                row[INDEX[name + each]] = value if side else value / 2
    return row


def drawn_line(line: torch.Tensor, size: list[int], width: float, up: torch.Tensor) -> torch.Tensor:
    """Draws a line of shade with light above it, (h, w) about -1 to 0.5, thinner at its ends.

    Args:
        line: (P, 2) in texels; up: (2,) the direction from which light comes.
    """
    width = max(width, 0.8)
    y, x = torch.meshgrid(torch.arange(size[0]) + 0.5, torch.arange(size[1]) + 0.5, indexing="ij")
    grid = torch.stack([x, y], -1)
    fine = smooth_line(line)
    start, way = fine[:-1], fine[1:] - fine[:-1]
    length = way.norm(dim=1)
    total = length.sum()
    before = length.cumsum(0) - length
    best = torch.full(size, 1e9)
    along, signed = torch.zeros(size), torch.zeros(size)
    for k in range(len(way)):
        away = grid - start[k]
        share = ((away @ way[k]) / (length[k] ** 2).clamp(min=1e-6)).clamp(0, 1)
        rest = away - share[..., None] * way[k]
        far = rest.norm(dim=-1)
        nearer = far < best
        best = torch.where(nearer, far, best)
        along = torch.where(nearer, (before[k] + share * length[k]) / total, along)
        signed = torch.where(nearer, (rest @ up), signed)
    taper = (4 * along * (1 - along)).clamp(0, 1).sqrt() * (best < 6 * width)
    shade = torch.exp(-((best / width) ** 2))
    ridge = torch.exp(-(((best - BESIDE * width) / width) ** 2)) * (signed / best.clamp(min=1e-3)).clamp(
        -1, 1
    )
    return taper * (RIDGE * ridge - shade)


def smooth_line(line: torch.Tensor, steps: int = 6) -> torch.Tensor:
    """Gives a smooth line through (P, 2) points.

    Source: Catmull and Rom, "A class of local interpolating splines", 1974.
    """
    ends = torch.cat([2 * line[:1] - line[1:2], line, 2 * line[-1:] - line[-2:-1]])
    t = torch.linspace(0, 1, steps + 1)[:-1, None]
    pieces = []
    for k in range(len(line) - 1):
        a, b, c, d = ends[k : k + 4]
        pieces.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        )
    return torch.cat([*pieces, line[-1:]])


def skin_of(small: torch.Tensor, at: torch.Tensor, tall: float) -> torch.Tensor:
    """Gives how surely each place is skin, (h, w): as bright and of the colour of skin nearby."""
    height, width = small.shape[1:]
    smooth = box_mean(small[None], max(1, round(0.015 * tall)))[0]
    column, row = at[list(SURE)].round().long().unbind(1)
    column, row = column.clamp(0, width - 1), row.clamp(0, height - 1)
    known = small.new_zeros(1, height, width)
    known[0, row, column] = 1
    near = box_mean(filled(smooth * known, known)[None], max(1, round(0.08 * tall)))[0]
    off = (smooth - near).norm(dim=0) / near.norm(dim=0).clamp(min=0.05)
    return 1 - ((off - SKIN) / (NO_SKIN - SKIN)).clamp(0, 1)
