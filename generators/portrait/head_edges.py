"""Smooth outlines without drawing anything twice: where an edge passes between two pixels, they share colours.

Source: Laine et al., "Modular Primitives for High-Performance Differentiable Rendering", 2020, section 3.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

# Triangles at an outline are narrow: the way out of the surface leads through this many of them at most.
MOST_STEPS = 4
STEP = 1e-4


@dataclass(frozen=True)
class Drawn:
    """What the depth buffer found.

    Attributes:
        ids: (B * H * W) triangle, counted through the batch, -1 where there is none.
        weights: (B * M, 3, 3) what turns (x, y, 1) into weights of the corners.
        depth: (B * H * W) cm towards us; far behind everything where there is none.
        layer: (B * H * W) depth with a step of many metres between different kinds of things, so that they
            part even where they touch.
        beyond: (M, 3) the triangle across the edge opposite to each corner, -1 for none.
        size: width and height.
        box: left, top, width and height of what is drawn; beyond it there is nothing.
    """

    ids: Tensor
    weights: Tensor
    depth: Tensor
    layer: Tensor
    beyond: Tensor
    size: tuple[int, int]
    box: tuple[int, int, int, int]


def smoothed(picture: Tensor, drawn: Drawn, gap: float) -> Tensor:
    """Blends pixels on both sides of every outline by how the outline cuts them.

    Args:
        picture: (B * H * W, 3); changed in place.
        gap: cm of depth that make an outline.

    Returns:
        The same picture.
    """
    groups = outlines(drawn, gap)
    fronts = torch.cat([front for front, _, _ in groups])
    steps = torch.cat([front.new_tensor(step).float().expand(len(front), 2) for front, _, step in groups])
    shares = way_out(drawn, fronts, steps).sub(0.5)[:, None].split([len(front) for front, _, _ in groups])
    before = picture.clone()
    for (front, back, _), share in zip(groups, shares, strict=True):
        difference = before[front] - before[back]
        # Every pixel stands at most once on each side of one direction, so nothing is written twice.
        picture[back] += share.clamp(min=0) * difference
        picture[front] += share.clamp(max=0) * difference
    return picture


def outlines(drawn: Drawn, gap: float) -> list[tuple[Tensor, Tensor, tuple[int, int]]]:
    """Gives, for each direction, the pixels in front of an outline, those behind it, and the step between."""
    width, height = drawn.size
    left, top, wide, high = grown(drawn.box, drawn.size)
    layer = drawn.layer.view(-1, height, width)[:, top : top + high, left : left + wide]
    found = []
    for (x, y), one, two in (
        ((1, 0), layer[:, :, :-1], layer[:, :, 1:]), ((0, 1), layer[:, :-1], layer[:, 1:]),
    ):  # fmt: skip
        frame, row, column = ((one - two).abs_() > gap).nonzero(as_tuple=True)
        a = (frame * height + top + row) * width + left + column
        b = a + y * width + x
        nearer = drawn.depth[a] >= drawn.depth[b]
        found += [(a[nearer], b[nearer], (x, y)), (b[~nearer], a[~nearer], (-x, -y))]
    return found


def grown(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Gives a box with a pixel more on each side, within the picture."""
    left, top = max(box[0] - 1, 0), max(box[1] - 1, 0)
    return left, top, min(box[0] + box[2] + 1, size[0]) - left, min(box[1] + box[3] + 1, size[1]) - top


def way_out(drawn: Drawn, pixel: Tensor, step: Tensor) -> Tensor:
    """Gives how far the surface reaches from the middle of a pixel towards the next one, 0..1.

    Args:
        pixel: (P,) where the surface is seen. step: (P, 2) x and y to the neighbour.
    """
    width, height = drawn.size
    count = len(drawn.beyond)
    triangle = drawn.ids[pixel].clamp(min=0)
    x = (pixel % width).to(step.dtype) + 0.5
    y = (torch.div(pixel, width, rounding_mode="floor") % height).to(step.dtype) + 0.5
    here, along = torch.stack([x, y], dim=1)[:, None], step[:, None]
    out = torch.zeros_like(x)
    going = torch.arange(len(pixel), device=pixel.device)
    for _ in range(MOST_STEPS):
        planes = drawn.weights[triangle]
        start = (planes[..., :2] * here).sum(-1) + planes[..., 2]
        slope = (planes[..., :2] * along).sum(-1)
        crossing = torch.where(slope < -1e-9, start / -slope, 9.0)
        # Behind the place that has been reached no edge counts.
        crossing = torch.where(crossing < out[going, None] - STEP, 9.0, crossing)
        exit_at, corner = crossing.min(dim=1)
        out[going] = exit_at.clamp(0, 1)
        frame = torch.div(triangle, count, rounding_mode="floor") * count
        after = drawn.beyond[triangle - frame, corner]
        on = (after >= 0) & (exit_at < 1)
        if not bool(on.any()):
            break
        going, triangle, here, along = going[on], (frame + after)[on], here[on], along[on]
    return out


def neighbours(triangles: Tensor) -> Tensor:
    """Gives the triangle across the edge opposite to each corner, (N, 3) long, -1 for none."""
    count = len(triangles)
    edges = torch.stack([triangles[:, [1, 2]], triangles[:, [2, 0]], triangles[:, [0, 1]]], dim=1)
    low, high = edges.amin(-1).flatten(), edges.amax(-1).flatten()
    key = low * (int(triangles.max()) + 1) + high
    order = torch.argsort(key, stable=True)
    same = key[order][1:] == key[order][:-1]
    out = torch.full((count * 3,), -1, dtype=torch.long, device=triangles.device)
    one, two = order[:-1][same], order[1:][same]
    out[one], out[two] = two // 3, one // 3
    return out.view(count, 3)
