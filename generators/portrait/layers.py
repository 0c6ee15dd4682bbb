"""Small pictures laid into big ones at places that move, batched."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F


def on_device(thing: Any, device: str) -> Any:
    """Gives a tensor, a tuple or a dataclass of tensors on a device; what is none of these stays."""
    if isinstance(thing, torch.Tensor):
        return thing.to(device)
    if isinstance(thing, tuple):
        return tuple(on_device(each, device) for each in thing)
    if is_dataclass(thing) and not isinstance(thing, type):
        parts = {field.name: getattr(thing, field.name) for field in fields(thing)}
        return replace(thing, **{name: on_device(part, device) for name, part in parts.items()})
    return thing


def combined(shares: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Gives (B, N), sums of (R, N) rows for (B, R) shares, the same to the last bit whatever B is."""
    return torch.bmm(shares[:, None], rows.expand(len(shares), -1, -1))[:, 0]


@dataclass(frozen=True, eq=False)
class Affine:
    """Places to places in B pictures: linear p + offset.

    Attributes:
        linear: (B, 2, 2); offset: (B, 2).
    """

    linear: torch.Tensor
    offset: torch.Tensor

    def then(self, scale: torch.Tensor, shift: torch.Tensor) -> Affine:
        """Gives the same, then scaled and shifted by (2,) each."""
        return Affine(self.linear * scale[:, None], self.offset * scale + shift)

    def less(self, way: torch.Tensor) -> Affine:
        """Gives the same, less (B, 2)."""
        return Affine(self.linear, self.offset - way)

    def inverse(self) -> Affine:
        (a, b), (c, d) = (row.unbind(1) for row in self.linear.unbind(1))
        back = torch.stack([d, -b, -c, a], 1).view(-1, 2, 2) / (a * d - b * c)[:, None, None]
        return Affine(back, -(back @ self.offset[..., None])[..., 0])


@dataclass(frozen=True, eq=False)
class Patch:
    """A piece of the photo of its own, finer than the picture.

    Attributes:
        values: (C, h, w).
        corner: (2,) its left and upper border, in pixels of the frame.
        fineness: texels a pixel.
    """

    values: torch.Tensor
    corner: torch.Tensor
    fineness: float

    def centres(self) -> torch.Tensor:
        """Gives (h, w, 2) where its texels are, in pixels of the frame."""
        rows, columns = (torch.arange(side) for side in self.values.shape[1:])
        grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)
        return self.corner + (grid + 0.5) / self.fineness

    def units(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Gives the scale and shift, (2,) each, from pixels of the frame to grid_sample's units."""
        height, width = self.values.shape[1:]
        scale = self.corner.new_tensor([2 * self.fineness / width, 2 * self.fineness / height])
        return scale, -self.corner * scale - 1

    def sample(self, windows: Windows, places: Affine) -> torch.Tensor:
        """Gives (B, C, h, w) where `places` turns the pixels of windows; its border goes on beyond it."""
        return sampled(self.values, windows.through(places.then(*self.units())), "border")

    def at(self, places: torch.Tensor) -> torch.Tensor:
        """Gives (C, h, w) at (h, w, 2) pixels of the frame."""
        scale, shift = self.units()
        return sampled(self.values, (places * scale + shift).permute(2, 0, 1)[None], "border")[0]


def sampled(values: torch.Tensor, grid: torch.Tensor, padding: str = "zeros") -> torch.Tensor:
    """Gives (B, C, h, w) of (C, H, W) values at (B, 2, h, w) places in grid_sample's units."""
    values = values.expand(len(grid), -1, -1, -1)
    return F.grid_sample(values, grid.permute(0, 2, 3, 1), align_corners=False, padding_mode=padding)


def patch_of(fine: torch.Tensor, margin: int, box: tuple[float, float, float, float]) -> Patch:
    """Cuts a patch out of a canvas without touching its pixels.

    Args:
        fine: (C, h, w) the frame with `margin` pixels around it, twice as fine, every second texel a pixel.
        box: left, top, right, bottom in pixels of the frame; widened to whole pixels.
    """
    height, width = ((side + 1) // 2 for side in fine.shape[1:])
    limits = (width - 2, height - 2)
    left, top = (
        min(max(0, math.floor(low) + margin), most) for low, most in zip(box[:2], limits, strict=True)
    )
    right, bottom = (
        min(max(low + 1, math.ceil(high) + margin), most + 1)
        for low, high, most in zip((left, top), box[2:], limits, strict=True)
    )
    values = fine[:, 2 * top : 2 * bottom + 1, 2 * left : 2 * right + 1].clone()
    # The first texel lies in the middle of a pixel and is half a pixel wide.
    corner = torch.tensor([left - margin + 0.25, top - margin + 0.25])
    return Patch(values, corner, 2.0)


@dataclass(frozen=True, eq=False)
class Windows:
    """Places of equal size in B pictures, each somewhere else.

    Attributes:
        index: (B, h * w) of their pixels in a flattened picture.
        x: (B, 1, 1, w) and y: (B, 1, h, 1), the middles of these pixels.
    """

    index: torch.Tensor
    x: torch.Tensor
    y: torch.Tensor

    def through(self, places: Affine) -> torch.Tensor:
        """Gives (B, 2, h, w) where the pixels go."""
        across, down = (places.linear[:, :, k, None, None] for k in (0, 1))
        return across * self.x + torch.addcmul(places.offset[:, :, None, None], down, self.y)

    def read(self, pictures: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) -> (B, C, h, w)."""
        flat = pictures.flatten(2).gather(2, self.index[:, None].expand(-1, pictures.shape[1], -1))
        return flat.unflatten(2, (self.y.shape[2], self.x.shape[3]))

    def write(self, pictures: torch.Tensor, values: torch.Tensor) -> None:
        """Puts (B, C, h, w) into (B, C, H, W)."""
        index = self.index[:, None].expand(-1, pictures.shape[1], -1)
        pictures.view(*pictures.shape[:2], -1).scatter_(2, index, values.flatten(2))


def windows_at(centre: torch.Tensor, size: tuple[int, int], frame: tuple[int, int]) -> Windows:
    """Gives windows about (B, 2) places, moved inside the picture where they would leave it.

    Args:
        size: width and height of the windows; frame: of the pictures.
    """
    width, height = min(size[0], frame[0]), min(size[1], frame[1])
    left = (centre[:, :1].round().long() - width // 2).clamp(0, frame[0] - width)
    top = (centre[:, 1:].round().long() - height // 2).clamp(0, frame[1] - height)
    across = left + torch.arange(width, device=centre.device)  # (B, w)
    down = top + torch.arange(height, device=centre.device)  # (B, h)
    index = (down[:, :, None] * frame[0] + across[:, None]).flatten(1)
    return Windows(index, (across + 0.5)[:, None, None], (down + 0.5)[:, None, :, None])


def windows_of(patch: Patch) -> Windows:
    """Gives a patch's own texels as windows, (1, h, w)."""
    centres = patch.centres()
    index = torch.arange(centres[..., 0].numel())[None]
    return Windows(index, centres[:1, :, 0][None, None], centres[:, :1, 1][None, None])
