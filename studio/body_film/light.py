"""Light on the mannequin: a warm key, a cool fill, a rim from behind, and what keeps light away."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from conditioning.body.mannequin import BALLS
from conditioning.body.skeleton import INDEX

from .lamps import (
    DARK,
    EXPOSURE,
    FILL,
    FILL_COLOUR,
    GROUND,
    KEY,
    KEY_COLOUR,
    RIM,
    RIM_COLOUR,
    SHINE,
    SHININESS,
    SKY,
    WRAP,
)


@dataclass(frozen=True)
class Balls:
    """Attributes: at (T, K, 3) in cm; radius (K,) in cm."""

    at: Tensor
    radius: Tensor


def balls_of(places: Tensor, turned: Tensor) -> Balls:
    """Gives what keeps light away in each frame, from the joints' places (T, J, 3) and matrices (T, J, 3, 3)."""
    index = torch.tensor([INDEX[joint] for joint, _, _ in BALLS])
    offset = torch.tensor([place for _, place, _ in BALLS])
    at = places[:, index] + torch.einsum("tkij,kj->tki", turned[:, index], offset)
    return Balls(at, torch.tensor([radius for _, _, radius in BALLS]))


def lit(points: Tensor, normals: Tensor, colours: Tensor, eyes: Tensor, axes: Tensor, balls: Balls) -> Tensor:
    """Gives the colour of points, (T, V, 3) sRGB of 0..1.

    Args:
        points, normals: (T, V, 3). colours: (V, 3) sRGB of 0..1. eyes: (T, 3) the camera's.
        axes: (3, 3) rows right, up and towards us of the camera, to which the lamps belong.
    """
    key, fill, rim = (normalize(torch.tensor(lamp), dim=0) @ axes for lamp in (KEY, FILL, RIM))
    view = normalize(eyes[:, None] - points, dim=-1)
    open_sky, shadow = kept_away(points, normals, key, balls)
    ahead = (normals @ key).clamp(-1, 1)
    direct = ((ahead + WRAP) / (1 + WRAP)).clamp(min=0) * (1 - DARK * shadow)
    facing = (normals * view).sum(-1)
    up = normals[..., 1:2] * 0.5 + 0.5
    around = up * torch.tensor(SKY) + (1 - up) * torch.tensor(GROUND)
    light = (
        direct[..., None] * torch.tensor(KEY_COLOUR)
        + ((normals @ fill).clamp(min=0) * open_sky)[..., None] * torch.tensor(FILL_COLOUR)
        + around * open_sky[..., None]
    )
    edge = (1 - facing.clamp(0, 1)) ** 3 * (normals @ rim * 0.6 + 0.4).clamp(0, 1) * open_sky
    half = normalize(view + key, dim=-1)
    shine = SHINE * (normals * half).sum(-1).clamp(min=0) ** SHININESS * (1 - shadow)
    out = linear(colours) * light + edge[..., None] * torch.tensor(RIM_COLOUR) + shine[..., None]
    return displayed(out * EXPOSURE)


def kept_away(points: Tensor, normals: Tensor, key: Tensor, balls: Balls) -> tuple[Tensor, Tensor]:
    """Gives how open the surroundings are, (T, V) of 0..1, and how much of the key light is kept away.

    Source: Quilez 2008, "Sphere ambient occlusion", iquilezles.org/articles/sphereao.
    """
    towards = balls.at[:, None] - points[:, :, None]  # (T, V, K, 3)
    along = towards @ key
    squared = (towards * towards).sum(-1)
    up = torch.einsum("tvki,tvi->tvk", towards, normals) * squared.rsqrt()
    size = (balls.radius**2 / squared).clamp(max=1)
    closed = (up.clamp(min=0) * size).sum(-1)
    # Beside the ray to the lamp, in radii; what belongs to the point itself is too near.
    beside = (squared - along * along).clamp(min=0).sqrt() / balls.radius
    covers = ((1.15 - beside) / 0.6).clamp(0, 1) * ((along / balls.radius - 1.3) / 0.7).clamp(0, 1)
    return torch.exp(-0.9 * closed), covers.amax(-1)


def linear(colour: Tensor) -> Tensor:
    """Gives light for sRGB of 0..1, near enough."""
    return colour**2.2


def displayed(light: Tensor) -> Tensor:
    """Gives sRGB of 0..1 for light, the brightest bent back so that it does not burn out."""
    bent = torch.where(light > 0.7, 0.7 + 0.3 * torch.tanh((light - 0.7) / 0.3), light)
    return bent.clamp(0, 1) ** (1 / 2.2)
