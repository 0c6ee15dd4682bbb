"""What is behind a head: a studio's grey, a colour, or a picture."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

# A studio's paper, sRGB: lit behind the head, darker to the corners.
LIGHT, DARK = (0.46, 0.49, 0.53), (0.17, 0.185, 0.21)


def backdrop(background: Any, size: tuple[int, int]) -> Tensor:
    """Gives (H * W, 3) sRGB in 0..1.

    Args:
        background: a colour's name or "#rrggbb", a picture (H, W, 3) uint8, or None for a studio's.
        size: width and height.

    Raises:
        ValueError: no colour, or a picture of another size.
    """
    width, height = size
    if background is None:
        return studio(width, height)
    if isinstance(background, str):
        return torch.tensor(colour_of(background)).expand(width * height, 3).clone()
    picture = torch.as_tensor(background)
    if tuple(picture.shape) != (height, width, 3) or picture.dtype != torch.uint8:
        raise ValueError(
            f"expected a background of {width} x {height} pixels in 3 bytes, "
            f"got {tuple(picture.shape)} of {str(picture.dtype).removeprefix('torch.')}"
        )
    return picture.float().view(-1, 3) / 255


def colour_of(name: str) -> tuple[float, float, float]:
    """Gives sRGB of 0..1 from a colour's name or "#rrggbb".

    Raises:
        ValueError: no such colour.
    """
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(name)[:3]
    except ValueError:
        raise ValueError(f"expected a colour such as white or #203040, got {name[:40]!r}") from None
    return red / 255, green / 255, blue / 255


def studio(width: int, height: int) -> Tensor:
    across = (torch.arange(width) + 0.5) / width - 0.5
    down = (torch.arange(height) + 0.5) / height - 0.5
    aspect = width / height
    far = ((across[None] * aspect + 0.10) ** 2 + (down[:, None] - 0.06) ** 2).sqrt()
    share = torch.exp(-0.5 * (far / 0.42) ** 2)[..., None]
    tone = torch.tensor(DARK) + share * (torch.tensor(LIGHT) - torch.tensor(DARK))
    # A little grain, always the same, keeps the slow change of grey from showing bands.
    grain = torch.rand(height, width, 1, generator=torch.Generator().manual_seed(5)) - 0.5
    return (tone + grain / 255).view(-1, 3)
