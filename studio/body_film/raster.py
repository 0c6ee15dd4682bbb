"""Which triangle is nearest at every pixel, found row by row, and what its corners carry there.

Source: Pineda 1988, "A parallel algorithm for polygon rasterization" (edge functions); here each row of a triangle
is one span of pixels, and all spans are filled at once.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Twice the area in pixels below which a triangle is not seen.
LEAST_AREA = 1e-3
DEPTH_STEPS = 2**24
# A pixel on an edge belongs to both triangles, so that no crack opens between them.
EDGE = 1e-4


def drawn(
    place: Tensor, away: Tensor, triangles: Tensor, values: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Draws one picture.

    Args:
        place: (V, 2) in pixels; the middle of the first pixel is at 0.5. away: (V,) distance, in any unit.
        triangles: (N, 3), counter-clockwise from the front in a world with y up; others are left out.
        values: (V, C) what the corners carry. size: width and height.

    Returns:
        the pixels (P,), counted row by row and rising, and what they carry (P, C)
    """
    width, height = size
    corners = place[triangles]  # (N, 3, 2)
    planes, area = planes_of(corners)
    inside = (corners.amin(1) < torch.tensor([width, height])).all(1) & (corners.amax(1) > 0).all(1)
    front = ((area < -LEAST_AREA) & inside).nonzero()[:, 0]
    corners, planes = corners[front], planes[front]
    level = nearness(away)[triangles[front]]
    slopes = torch.einsum("nc,ncp->np", level, planes)
    row, start, length = spans_of(corners, planes, width, height)
    owner, y = row
    span, along = counted(length)
    first = slopes[:, 0][owner] * (start + 0.5) + slopes[:, 1][owner] * (y + 0.5) + slopes[:, 2][owner]
    depth = (first[span] + slopes[:, 0][owner][span] * along).clamp_(0, 1)
    key = (depth * (DEPTH_STEPS - 1)).long() * 2**16 + owner[span]
    keys = torch.full((width * height,), -1, dtype=torch.long)
    keys.scatter_reduce_(0, (y * width + start)[span] + along, key, "amax")
    pixel = (keys >= 0).nonzero()[:, 0]
    mine = keys[pixel] & (2**16 - 1)
    carried = torch.einsum("ncv,ncp->nvp", values[triangles[front]], planes)  # (N, C, 3)
    column, line = split(pixel, width)
    x, down = column + 0.5, line + 0.5
    at = carried.flatten(1).index_select(0, mine).view(len(mine), values.shape[1], 3)
    return pixel, torch.addcmul(torch.addcmul(at[..., 2], at[..., 0], x[:, None]), at[..., 1], down[:, None])


def split(pixel: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Gives the column and the line of pixels, as whole numbers in floating point: several times quicker."""
    number = pixel.float()
    line = ((number + 0.5) / width).floor()
    return number - line * width, line


def nearness(away: Tensor) -> Tensor:
    """Gives 0 for the farthest and 1 for the nearest; straight in the picture, as the inverse of a distance is."""
    inverse = 1 / away
    low, high = inverse.min(), inverse.max()
    return (inverse - low) / (high - low).clamp(min=1e-12)


def spans_of(
    corners: Tensor, planes: Tensor, width: int, height: int
) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor]:
    """Gives the rows of all triangles: (whose, y), the first pixel, and how many pixels."""
    top = (corners[..., 1].amin(1) - 0.5).ceil().clamp(min=0)
    bottom = (corners[..., 1].amax(1) - 0.5).floor().clamp(max=height - 1)
    owner, step = counted((bottom - top + 1).clamp(min=0).long())
    y = top[owner].long() + step
    slope = planes[owner][..., 0]  # (R, 3)
    rest = planes[owner][..., 1] * (y[:, None] + 0.5) + planes[owner][..., 2] + EDGE
    cut = -rest / torch.where(slope == 0, 1.0, slope)
    low = torch.where(slope > 0, cut, -1e9).amax(1)
    high = torch.where(slope < 0, cut, 1e9).amin(1)
    first = (low - 0.5).ceil().clamp(0, width)
    last = (high - 0.5).floor().clamp(-1, width - 1)
    empty = ((slope == 0) & (rest < 0)).any(1)
    length = torch.where(empty, 0, (last - first + 1).clamp(min=0)).long()
    return (owner, y), first.long(), length


def counted(lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Gives, for items that stand `lengths` times each, whose each is and its number among its own."""
    owner = torch.repeat_interleave(lengths)
    starts = lengths.cumsum(0) - lengths
    return owner, torch.arange(len(owner)) - starts[owner]


def planes_of(corners: Tensor) -> tuple[Tensor, Tensor]:
    """Gives, for (N, 3, 2) corners, the (N, 3, 3) planes of their weights over x, y, 1, and twice the areas."""
    x, y = (corners - corners[:, :1]).unbind(-1)  # small numbers, or the areas of small triangles are lost
    area = x[:, 1] * y[:, 2] - x[:, 2] * y[:, 1]
    safe = torch.where(area.abs() > LEAST_AREA, area, 1.0)[:, None]
    slope_x, slope_y = (y.roll(-1, 1) - y.roll(1, 1)) / safe, (x.roll(1, 1) - x.roll(-1, 1)) / safe
    # A weight is 1 at its own corner.
    constant = 1 - slope_x * corners[..., 0] - slope_y * corners[..., 1]
    return torch.stack([slope_x, slope_y, constant], -1), area
