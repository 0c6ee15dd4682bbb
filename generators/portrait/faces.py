"""Who is drawn: a photo's face or the 3D head, behind one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from generators.weights import Weights

from .options import KEEP, SLIDERS, PortraitOptions, PortraitPrompt, colour_of

FACE_MODEL, INTERIOR, HEAD = "face-model", "mouth-interior", "head"
Render = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Drawn:
    """Somebody who can be drawn.

    Attributes:
        render: (B, 52), (B, 6), (B, 2) -> (B, H, W, 3) uint8; see `PortraitRenderer.render`.
        used: entries of the weights that take part.
        identity: (K,) of the 3D head; None of a photo.
        warnings: what somebody should know of the photo.
    """

    render: Render
    used: list[Any]
    identity: np.ndarray | None = None
    warnings: tuple[str, ...] = ()


def drawn_face(weights: Weights, prompt: PortraitPrompt, options: PortraitOptions) -> Drawn:
    """Reads a photo, or shapes the head.

    Raises:
        ValueError: no face, several without a choice, or a background that is none.
    """
    draw = photographed if prompt.image else shaped
    return draw(weights, prompt, options, (options.width, options.height))


def photographed(
    weights: Weights, prompt: PortraitPrompt, options: PortraitOptions, size: tuple[int, int]
) -> Drawn:
    from conditioning.face.fit import fit_face
    from conditioning.face.landmarks import choose_face, find_faces
    from conditioning.face.photo import open_photo

    from .renderer import PortraitRenderer

    photo = open_photo(prompt.image)
    model = weights.get(FACE_MODEL)
    fit = fit_face(choose_face(find_faces(photo), prompt.face), model, size=photo.size)
    background = behind(prompt, size)
    drawer = PortraitRenderer(
        photo,
        fit,
        model,
        size,
        weights.device,
        crop=options.crop,
        background=KEEP if background is None else background,
        region=options.region,
        identity_strength=options.identity_strength,
    )
    used = [model.checkpoint, weights.get(INTERIOR).checkpoint]
    return Drawn(drawer.render, used, None, (*photo.warnings, *fit.warnings, *drawer.warnings))


def shaped(
    weights: Weights, prompt: PortraitPrompt, options: PortraitOptions, size: tuple[int, int]
) -> Drawn:
    from .head_renderer import HeadRenderer

    head = weights.get(HEAD)
    sliders = {name: value for name in SLIDERS if (value := getattr(options, name))}
    background = behind(prompt, size)
    if isinstance(background, torch.Tensor):
        background = (background * 255).round().to(torch.uint8).expand(size[1], size[0], 3)
    drawer = HeadRenderer(
        head,
        sliders,
        seed=options.head_seed or None,
        material=options.material,
        size=size,
        background=background,
        device=weights.device,
    )
    return Drawn(drawer.render, [head.checkpoint], drawer.identity[0].cpu().numpy())


def behind(prompt: PortraitPrompt, size: tuple[int, int]) -> torch.Tensor | np.ndarray | None:
    """Gives what is behind somebody: (H, W, 3) uint8, (3,) RGB in 0..1, or None for what is there already."""
    if prompt.background_image:
        from conditioning.face.photo import open_photo

        return filling(open_photo(prompt.background_image).pixels, size)
    return None if prompt.background == KEEP else torch.tensor(colour_of(prompt.background))


def filling(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Gives the middle of a picture in a size, without bars."""
    from PIL import Image, ImageOps

    return np.asarray(ImageOps.fit(Image.fromarray(pixels), size))
