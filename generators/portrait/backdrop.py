"""What is behind a person in a photo: who is person and who is background, and the background filled in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from conditioning.face import mesh

from .framing import Frame, cut

if TYPE_CHECKING:
    import numpy as np

    from conditioning.face.photo import Photo

# Below this the network does not see the person that the landmarks stand on.
SEES = 0.6
# Windows of the matte's refinement and of what is cleared around a person, as parts of the picture.
REFINE, CLEAR = 0.012, 0.02
SMOOTH = 1e-4
NOT_TOLD = "the person could not be told from the background: it stays, and moves a little with the head"
# Shade on skin is warm: how much of it each colour gets.
SHADE = (0.8, 1.05, 1.15)


@lru_cache(maxsize=1)
def segmenter() -> Any:
    from conditioning.face.landmarks import Engine, solutions

    return Engine(lambda: solutions().selfie_segmentation.SelfieSegmentation(model_selection=0))


def person_in(pixels: np.ndarray) -> np.ndarray:
    """Gives how much of each pixel belongs to a person, (H, W) float32 in 0..1, by MediaPipe's network.

    Source: the selfie segmentation model card of MediaPipe, 2021.
    """
    return segmenter()(pixels).segmentation_mask


def matte_of(picture: torch.Tensor, points: torch.Tensor) -> torch.Tensor | None:
    """Separates the person whose face is given from the rest.

    Args:
        picture: (3, h, w) in 0..1.
        points: (478, 2+) landmarks in its pixels.

    Returns:
        (1, h, w) opacity in 0..1; None when the network sees nobody there.
    """
    pixels = (picture.permute(1, 2, 0) * 255).round().byte().numpy()
    rough = torch.from_numpy(person_in(pixels).copy())[None, None]
    rough = ((rough - 0.15) / 0.7).clamp(0, 1)
    on_face = F.grid_sample(
        rough, normalised(points[None, None, : mesh.NUM_SKIN, :2], picture), align_corners=False
    )
    if float(on_face.mean()) < SEES:
        return None
    radius = max(2, round(REFINE * max(picture.shape[1:])))
    fine = guided(picture[None], rough, radius, SMOOTH)
    return ((fine - 0.05) / 0.9).clamp(0, 1)[0]


def normalised(points: torch.Tensor, picture: torch.Tensor) -> torch.Tensor:
    """Turns pixels into grid_sample's -1..1 (corners not aligned)."""
    return points / points.new_tensor([picture.shape[-1], picture.shape[-2]]) * 2 - 1


def box_mean(values: torch.Tensor, radius: int) -> torch.Tensor:
    """Means (B, C, H, W) over squares, of what lies inside the picture only."""
    size = 2 * radius + 1
    kept: torch.Tensor = F.avg_pool2d(
        F.avg_pool2d(values, (1, size), 1, (0, radius), count_include_pad=False),
        (size, 1),
        1,
        (radius, 0),
        count_include_pad=False,
    )
    return kept


def guided(guide: torch.Tensor, values: torch.Tensor, radius: int, smooth: float) -> torch.Tensor:
    """Moves the borders of `values` onto the borders of a colour picture.

    Args:
        guide: (1, 3, H, W); values: (1, 1, H, W).

    Source: He, Sun and Tang, "Guided Image Filtering", 2010, equations 14 to 16.
    """
    mean, mean_values = box_mean(guide, radius), box_mean(values, radius)
    both = box_mean(guide * values, radius) - mean * mean_values  # (1, 3, H, W)
    pairs = (guide[:, :, None] * guide[:, None]).flatten(1, 2)
    spread = box_mean(pairs, radius) - (mean[:, :, None] * mean[:, None]).flatten(1, 2)
    matrix = spread[0].permute(1, 2, 0).unflatten(-1, (3, 3)) + smooth * torch.eye(3)
    slope = torch.linalg.solve(matrix, both[0].permute(1, 2, 0)).permute(2, 0, 1)[None]
    level = mean_values - (slope * mean).sum(1, keepdim=True)
    return (box_mean(slope, radius) * guide).sum(1, keepdim=True) + box_mean(level, radius)


def grown(mask: torch.Tensor, radius: int) -> torch.Tensor:
    """Widens (1, h, w) by a square of `radius` pixels on each side."""
    return F.max_pool2d(
        F.max_pool2d(mask[None], (1, 2 * radius + 1), 1, (0, radius)), (2 * radius + 1, 1), 1, (radius, 0)
    )[0]


def filled(picture: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Fills what is not known smoothly from what is.

    Args:
        picture: (C, h, w); known: (1, h, w) weights in 0..1.

    Returns:
        (C, h, w), the same where `known` is 1.

    Source: Gortler et al., "The Lumigraph", 1996, section 3.4 (pull and push).
    """
    height, width = picture.shape[1:]
    levels = [(picture * known, known)]
    while max(levels[-1][0].shape[1:]) > 1:
        value, weight = (
            F.avg_pool2d(each[None], 2, ceil_mode=True, count_include_pad=False)[0] for each in levels[-1]
        )
        # A place is as good as known when a quarter of it is.
        gain = (weight * 4).clamp(max=1) / weight.clamp(min=1e-6)
        levels.append((value * gain, weight * gain))
    value, weight = levels.pop()
    full = value / weight.clamp(min=1e-6)
    for value, weight in reversed(levels):
        up = F.interpolate(full[None], size=value.shape[1:], mode="bilinear", align_corners=False)[0]
        full = value + (1 - weight) * up
    return full.view(-1, height, width)


def plate_of(picture: torch.Tensor, matte: torch.Tensor) -> torch.Tensor:
    """Gives the picture without the person, (3, h, w): smooth where the person was."""
    radius = max(2, round(CLEAR * max(picture.shape[1:])))
    behind = 1 - grown((matte > 0.04).float(), radius)
    if not behind.any():
        return picture
    softened = box_mean(behind[None], radius // 2 + 1)[0] * behind
    smooth = filled(picture, behind)
    return torch.lerp(smooth, picture, softened)


@dataclass(frozen=True, eq=False)
class Backdrop:
    """The photo as what moves and what stays.

    Attributes:
        texture: (4, h, w) the person, premultiplied, and the opacity, 1 without a plate; twice as fine as
            the canvas.
        plate: (3, H, W) what is behind; None when everything is on the sheet.
        grid: (2, H, W) where the picture's pixels are on the canvas, in grid_sample's units.
        warnings: one sentence each.
    """

    texture: torch.Tensor
    plate: torch.Tensor | None
    grid: torch.Tensor
    warnings: tuple[str, ...]

    @property
    def person(self) -> torch.Tensor:
        """The texture as fine as the canvas."""
        return self.texture[:, ::2, ::2]

    def draw(
        self, offsets: torch.Tensor, light: torch.Tensor, other: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Draws person and background.

        Args:
            offsets: (B, 2+, H, W) how far from each pixel its colour lies, in grid_sample's units of the
                canvas; with `other` also how far it lies there, and what part of it comes from there.
                Overwritten.
            light: (B, 1, H, W) how much lighter or darker the person is.
            other: (4, h, w) another canvas, premultiplied, with opacity.

        Returns:
            (B, 3, H, W).
        """
        grid = offsets[:, :2].add_(self.grid).permute(0, 2, 3, 1)
        seen = F.grid_sample(self.texture.expand(len(offsets), -1, -1, -1), grid, align_corners=True)
        if other is not None:
            self.lay_over(seen, other, offsets[:, 2:4], offsets[:, 4:])
        colour = seen[:, :3].mul_(1 + light * light.new_tensor(SHADE)[:, None, None])
        return colour if self.plate is None else colour.addcmul_(1 - seen[:, 3:], self.plate)

    def lay_over(
        self, seen: torch.Tensor, other: torch.Tensor, offsets: torch.Tensor, share: torch.Tensor
    ) -> None:
        """Blends (B, 4, H, W) with another canvas, in place, only where it takes part at all."""
        shown = (share > 1e-3).any(0)[0]
        rows, columns = (shown.any(1 - axis).nonzero()[:, 0] for axis in (0, 1))
        if len(rows) == 0:
            return
        part = (..., slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
        grid = (offsets[part] + self.grid[part]).permute(0, 2, 3, 1)
        there = F.grid_sample(other.expand(len(offsets), -1, -1, -1), grid, align_corners=True)
        seen[part].lerp_(there, share[part])


def grid_of(frame: Frame) -> torch.Tensor:
    """Gives (2, H, W) where the picture's pixels are on the canvas, in grid_sample's units, corners aligned."""
    width, height = frame.canvas
    x = (torch.arange(frame.width) + frame.margin) * (2 / (width - 1)) - 1
    y = (torch.arange(frame.height) + frame.margin) * (2 / (height - 1)) - 1
    return torch.stack(torch.meshgrid(x, y, indexing="xy"))


def backdrop_of(
    photo: Photo, frame: Frame, canvas: torch.Tensor, points: torch.Tensor, background: object
) -> Backdrop:
    """Separates a photo into person and background.

    Args:
        canvas: (3, h, w) what the frame shows, with its margin.
        points: (478, 3) landmarks in pixels of the frame.
        background: "keep", (3,) RGB in 0..1, or (H, W, 3) uint8.
    """
    if photo.alpha is not None:
        matte = cut(photo.alpha, frame)
        plate, person = torch.full_like(canvas, 0.5), canvas * matte
    else:
        found = matte_of(canvas, points[:, :2] + frame.margin)
        if found is None:
            whole = torch.cat([canvas, torch.ones_like(canvas[:1])])
            return Backdrop(fine(whole), None, grid_of(frame), (NOT_TOLD,))
        matte, plate = found, plate_of(canvas, found)
        person = canvas - (1 - matte) * plate
    if not (isinstance(background, str) and background == "keep"):
        if photo.alpha is None:
            # Without what shone through of the old background.
            person = (person / matte.clamp(min=0.02)).clamp(0, 1) * matte
        plate = other_plate(background, frame)
    return Backdrop(fine(torch.cat([person, matte])), inner(plate, frame), grid_of(frame), ())


def inner(canvas: torch.Tensor, frame: Frame) -> torch.Tensor:
    """Takes the margin off."""
    m = frame.margin
    return canvas[:, m : m + frame.height, m : m + frame.width].contiguous()


def fine(canvas: torch.Tensor) -> torch.Tensor:
    """Doubles a picture so that every second texel is the picture's own: moved ones stay as sharp."""
    size = (2 * canvas.shape[1] - 1, 2 * canvas.shape[2] - 1)
    twice = F.interpolate(canvas[None], size=size, mode="bicubic", align_corners=True)[0]
    twice[:, ::2, ::2] = canvas
    return twice


def other_plate(background: object, frame: Frame) -> torch.Tensor:
    """Gives another background, (3, h, w) of the canvas.

    Raises:
        ValueError: neither a colour nor a picture.
    """
    import numpy as np

    width, height = frame.canvas
    if isinstance(background, np.ndarray) and background.ndim == 3 and background.shape[2] == 3:
        from PIL import Image, ImageOps

        fitted = ImageOps.fit(Image.fromarray(background), (width, height), Image.Resampling.BICUBIC)
        return torch.from_numpy(np.array(fitted)).float().permute(2, 0, 1) / 255
    if isinstance(background, (tuple, list, torch.Tensor)) and len(background) == 3:
        colour = torch.as_tensor(background, dtype=torch.float32).cpu()
        return colour[:, None, None].expand(3, height, width)
    raise ValueError(f'expected "keep", a colour or a picture as background, got {type(background).__name__}')
