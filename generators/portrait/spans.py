"""Which of many small triangles is seen at each pixel: row by row, so that no pixel is tried in vain.

`raster` tries blocks, which suits a few large triangles; here every row of a triangle gives the span of pixels
whose middles it covers, and all spans of all triangles are filled at once. What is nearest wins by one scatter
of the largest key, depth before number, so nothing depends on an order of writing.

Source: Pineda, "A Parallel Algorithm for Polygon Rasterization", 1988 (edge functions).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SMALLEST_AREA = 1e-2
DEPTH_BITS = 30
# A pixel on an edge belongs to both triangles, so that no crack opens between them.
EDGE = 1e-4


@dataclass(frozen=True)
class Seen:
    """What is nearest, at the P pixels where there is anything.

    Attributes:
        pixel: (P,) long, counted through the batch, rising.
        ids: (P,) long: the triangle, counted through the batch (b * N + n).
        depth: (P,) in 0..1, larger is nearer.
        weights: (B * N, 3, 3) what turns (x, y, 1) in pixels into the weights of a triangle's corners.
    """

    pixel: Tensor
    ids: Tensor
    depth: Tensor
    weights: Tensor


def seen(points: Tensor, depth: Tensor, triangles: Tensor, size: tuple[int, int]) -> Seen:
    """Finds the nearest triangle at every pixel.

    Args:
        points: (B, V, 2) x and y in pixels; the middle of the first pixel is at 0.5.
        depth: (B, V) in 0..1, larger is nearer.
        triangles: (N, 3) long.
        size: width and height in pixels.
    """
    width, height = size
    batch, count = len(points), len(triangles)
    corners = points[:, triangles].flatten(0, 1)
    weights, area = planes_of(corners)
    slopes = torch.einsum("nc,ncp->np", depth[:, triangles].flatten(0, 1).clamp(0, 1), weights)
    low, high = corners[..., 1].amin(1), corners[..., 1].amax(1)
    top, bottom = (low - 0.5).ceil().clamp(min=0), (high - 0.5).floor().clamp(max=height - 1)
    rows = torch.where(area.abs() > SMALLEST_AREA, (bottom - top + 1).clamp(min=0), 0).long()
    owner, step = counted(rows)
    y = top[owner] + step
    first, length = span(weights, owner, y + 0.5, width)
    row, along = counted(length)
    # Everything of a row of a triangle, brought to its pixels.
    start = first[row]
    frame = torch.div(owner, count, rounding_mode="floor")
    place = ((frame * height + y.long()) * width)[row] + start + along
    middle = slopes[owner, 1] * (y + 0.5) + slopes[owner, 2] + slopes[owner, 0] * (first + 0.5)
    level = middle[row] + slopes[owner, 0][row] * along
    bits = max(1, (count - 1).bit_length())
    key = (level.clamp(0, 1) * (2**DEPTH_BITS - 128)).long() << bits
    key += (owner - frame * count)[row]
    keys = torch.full((batch * height * width,), -1, dtype=torch.long, device=points.device)
    keys.scatter_reduce_(0, place, key, "amax")
    pixel = (keys >= 0).nonzero()[:, 0]
    found = keys[pixel]
    before = torch.div(pixel, width * height, rounding_mode="floor") * count
    return Seen(
        pixel, (found & (2**bits - 1)) + before, (found >> bits).float() / (2**DEPTH_BITS - 128), weights
    )


def counted(lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Gives, for items that stand `lengths` times each, whose each is and its number among its own."""
    owner = torch.repeat_interleave(lengths)
    starts = lengths.cumsum(0) - lengths
    return owner, torch.arange(len(owner), device=lengths.device) - starts[owner]


def span(weights: Tensor, owner: Tensor, y: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Gives the first pixel (R,) and the number of pixels (R,) that triangles cover in rows.

    Args:
        weights: (N, 3, 3). owner: (R,) triangle of each row. y: (R,) middle of the row.
    """
    planes = weights[owner]  # (R, 3, 3)
    slope, rest = planes[..., 0], planes[..., 1] * y[:, None] + planes[..., 2] + EDGE
    cut = -rest / torch.where(slope == 0, 1.0, slope)
    low = torch.where(slope > 0, cut, -1e9).amax(1)
    high = torch.where(slope < 0, cut, 1e9).amin(1)
    outside = ((slope == 0) & (rest < 0)).any(1)
    first = (low - 0.5).ceil().clamp(0, width)
    last = (high - 0.5).floor().clamp(-1, width - 1)
    length = torch.where(outside, 0, (last - first + 1).clamp(min=0))
    return first.long(), length.long()


def planes_of(corners: Tensor) -> tuple[Tensor, Tensor]:
    """Gives, for (N, 3, 2) corners, the (N, 3, 3) planes of their weights over x, y, 1, and twice the areas."""
    x, y = (corners - corners[:, :1]).unbind(-1)  # small numbers, or the areas of small triangles are lost
    slope_x, slope_y = y.roll(-1, 1) - y.roll(1, 1), x.roll(1, 1) - x.roll(-1, 1)
    area = x[:, 1] * y[:, 2] - x[:, 2] * y[:, 1]
    safe = torch.where(area.abs() > SMALLEST_AREA, area, 1.0)[:, None]
    slope_x, slope_y = slope_x / safe, slope_y / safe
    # A weight is 1 at its own corner.
    constant = 1 - slope_x * corners[..., 0] - slope_y * corners[..., 1]
    return torch.stack([slope_x, slope_y, constant], -1), area


def carried(seen: Seen, values: Tensor, size: tuple[int, int]) -> Tensor:
    """Gives what the corners of the triangles carry, at the pixels, (P, C).

    Args:
        values: (B * N, 3, C).
        size: width and height.
    """
    planes = torch.einsum("ncp,ncv->npv", seen.weights, values)  # (B * N, 3, C)
    at = planes.flatten(1).index_select(0, seen.ids).view(len(seen.ids), 3, values.shape[-1])
    row = torch.div(seen.pixel, size[0], rounding_mode="floor")
    x = (seen.pixel - row * size[0]).to(values.dtype)[:, None] + 0.5
    y = (row % size[1]).to(values.dtype)[:, None] + 0.5
    return torch.addcmul(torch.addcmul(at[:, 2], at[:, 0], x), at[:, 1], y)
