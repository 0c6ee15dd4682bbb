"""Which triangle of a mesh is seen at each pixel: a z-buffer without loops, on the CPU or a GPU.

Every row of a triangle gives the span of pixels whose middles it covers; all spans of all triangles are
filled at once, and what is nearest wins by one scatter of the largest key, depth before number. Nothing depends
on an order of writing, so the same mesh gives the same bytes everywhere.

Source: Pineda, "A Parallel Algorithm for Polygon Rasterization", 1988 (edge functions).
"""

from __future__ import annotations

import torch

# A pixel on an edge belongs to both triangles, so that no crack opens between them.
EDGE = 1e-4
SMALLEST_AREA = 1e-2
# A depth of 1 in keys; below it stands the number of the triangle.
NEAR = 2.0**36
FAR_AWAY = 1e9


def seen(
    points: torch.Tensor, depth: torch.Tensor, triangles: torch.Tensor, size: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gives the nearest triangle at every pixel.

    Args:
        points: (B, V, 2) x and y in pixels; the middle of the first pixel is at 0.5.
        depth: (B, V) in 0..1, larger is nearer.
        triangles: (N, 3) long.
        size: width and height in pixels.

    Returns:
        (B * H * W) long: the triangle, counted through the whole batch (b * N + n), or -1; and (B * N, 3, 3)
        what turns (x, y, 1) in pixels into the weights of a triangle's three corners.
    """
    batch, num = points.shape[0], triangles.shape[0]
    width, height = size
    bits = max(1, (num - 1).bit_length())
    corners = points.index_select(1, triangles.flatten()).view(-1, 3, 2)
    levels = depth.index_select(1, triangles.flatten()).view(-1, 3).clamp(0, 1)
    weights, area = weights_of(corners)
    top = (corners[..., 1].amin(1) - 0.5).ceil().clamp(min=0)
    bottom = (corners[..., 1].amax(1) - 0.5).floor().clamp(max=height - 1)
    rows = torch.where(area.abs() > SMALLEST_AREA, (bottom - top + 1).clamp(min=0), 0).long()
    owner, step = counted(rows)
    down = top.index_select(0, owner) + step
    # What each weight is along a row: slope x + rest.
    slope, per_row, constant = weights.index_select(0, owner).unbind(2)
    rest = torch.addcmul(constant, per_row, down[:, None] + 0.5)
    first, length = spans(slope, rest + EDGE, width)
    near = levels.index_select(0, owner)
    start = (near * torch.addcmul(rest, slope, first[:, None] + 0.5)).sum(1)
    frame = torch.div(owner, num, rounding_mode="floor")
    # Everything of a row in whole numbers: its first pixel, its first key, how the key grows along it.
    place = (frame * height + down.long()) * width + first.long()
    key = ((1 + start.clamp(0, 1)) * NEAR).long() << bits
    grow = ((near * slope).sum(1) * NEAR).long() << bits
    row, along = counted(length)
    place, key, grow = (
        torch.stack([place, key + (owner - frame * num), grow], 1).index_select(0, row).unbind(1)
    )
    keys = torch.full((batch * height * width,), -1, dtype=torch.long, device=points.device)
    keys.scatter_reduce_(0, place + along, torch.addcmul(key, grow, along), "amax")
    before = torch.arange(batch, device=points.device)[:, None] * num
    ids = (keys & (2**bits - 1)).view(batch, -1) + before
    return ids.flatten().masked_fill_(keys < 0, -1), weights


def weights_of(corners: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Gives, for (N, 3, 2) corners, the (N, 3, 3) planes of their weights and twice the signed areas (N,)."""
    origin = corners[:, :1]
    x, y = (corners - origin).unbind(-1)  # small numbers, or the areas of small triangles are lost
    slope_x, slope_y = y.roll(-1, 1) - y.roll(1, 1), x.roll(1, 1) - x.roll(-1, 1)
    area = x[:, 1] * y[:, 2] - x[:, 2] * y[:, 1]
    safe = torch.where(area.abs() > SMALLEST_AREA, area, torch.ones_like(area))[:, None]
    slope_x, slope_y = slope_x / safe, slope_y / safe
    constant = -(slope_x * origin[..., 0] + slope_y * origin[..., 1])
    constant[:, 0] += 1
    return torch.stack([slope_x, slope_y, constant], -1), area


def counted(lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Gives, for items that stand `lengths` times each, whose each is and its number among its own."""
    owner = torch.repeat_interleave(lengths)
    starts = lengths.cumsum(0) - lengths
    return owner, torch.arange(len(owner), device=lengths.device) - starts.index_select(0, owner)


def spans(slope: torch.Tensor, rest: torch.Tensor, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Gives the first pixel (R,), as a float, and the number of pixels (R,) at which slope x + rest >= 0.

    Args:
        slope, rest: (R, 3) of the three weights along a row, x in pixels.
    """
    level = slope.abs() < 1e-12
    cut = -rest / torch.where(level, 1.0, slope)
    low = torch.where(slope > 0, cut, -FAR_AWAY).amax(1)
    high = torch.where(slope < 0, cut, FAR_AWAY).amin(1)
    first = (low - 0.5).ceil().clamp(0, width)
    length = ((high - 0.5).floor().clamp(-1, width - 1) - first + 1).clamp(min=0)
    return first, length.masked_fill((level & (rest < 0)).any(1), 0).long()


def spread(
    ids: torch.Tensor,
    weights: torch.Tensor,
    values: torch.Tensor,
    triangles: torch.Tensor,
    size: tuple[int, int],
) -> torch.Tensor:
    """Spreads what the corners carry over the pixels where their triangles are seen.

    Args:
        ids, weights: as `seen` gives them.
        values: (B, V, C) of the corners.
        triangles: (N, 3) long.
        size: width and height in pixels.

    Returns:
        (B, C, H, W); 0 where nothing is seen.
    """
    batch, _, channels = values.shape
    width, height = size
    corners = values.index_select(1, triangles.flatten()).view(-1, 3, channels)
    planes = torch.einsum("ncp,ncv->npv", weights, corners).flatten(1)  # (B * N, 3 * C)
    planes = torch.cat([planes, planes.new_zeros(1, planes.shape[1])])
    at = planes.index_select(0, torch.where(ids < 0, planes.shape[0] - 1, ids))
    at = at.view(batch, height, width, 3, channels)
    x = torch.arange(width, device=values.device, dtype=values.dtype)[:, None] + 0.5
    y = torch.arange(height, device=values.device, dtype=values.dtype)[:, None, None] + 0.5
    out = torch.addcmul(at[..., 2, :], at[..., 0, :], x)
    return out.addcmul_(at[..., 1, :], y).permute(0, 3, 1, 2)
