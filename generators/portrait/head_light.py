"""How a head is lit: a large warm light, a cool one that fills, one from behind, and the sky all around."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import normalize

from .head import EYES, LASHES, MOUTH, PARTS, SOCKET, TEETH, Head
from .head_materials import Material

# Where light comes from (x right of the picture, y up, z towards us) and how much of it, linear.
KEY, KEY_LIGHT = (-0.58, 0.62, 0.70), (2.15, 2.02, 1.86)
FILL, FILL_LIGHT = (0.80, 0.10, 0.62), (0.50, 0.56, 0.66)
RIMS = ((0.80, 0.35, -0.55), (-0.78, 0.45, -0.60))
RIM_LIGHT = 0.65
SHINE = (0.98, 1.0, 1.03)
SKY, GROUND = (0.36, 0.39, 0.44), (0.22, 0.17, 0.145)
# A second, finer highlight upon the broad one.
FINE_SHARE, FINE_SHARPNESS = 0.45, 4.0
# Light that is thrown to and fro in a mouth, and in the corners of eyes, reaches all of it a little.
LEAST_OPEN = {SOCKET: 0.16, MOUTH: 0.26, TEETH: 0.45, EYES: 0.35}
# From where on, cm forwards of the ears, and down to which share.
INNER_LIT, INNER_DARK, INNER_SHARE = 10.6, 7.4, 0.22
# How far up a highlight of wet parts goes, and how fine it is.
WET_GLOSS, WET_SHARPNESS = 0.55, 70.0
# The part of skin's light that comes back at no angle.
FRESNEL = 0.04
# Light from 0 to this is shown, in so many steps.
MOST_LIGHT, CURVE = 12.0, 8191


@dataclass(frozen=True)
class Lit:
    """The light that comes from each vertex.

    Attributes:
        diffuse: (B, V, 3) to be multiplied by the surface's colour.
        shine: (B, V, 1) to be added, of the colour `SHINE`.
    """

    diffuse: Tensor
    shine: Tensor


class Lamps:
    """The lights upon a head of a material, with all that does not change from frame to frame.

    Args:
        head, material: that are lit.
    """

    def __init__(self, head: Head, material: Material) -> None:
        self.head, self.material = head, material
        device = head.rest.device

        def colour(values: tuple[float, ...]) -> Tensor:
            return torch.tensor(values, device=device)

        part = vertex_part(head)
        least = torch.tensor([LEAST_OPEN.get(number, 0.0) for number in range(len(PARTS))], device=device)
        # Less of it gets to the back of the mouth.
        inner = (part == SOCKET) | (part == MOUTH) | (part == TEETH)
        deep = ((INNER_LIT - head.rest[:, 2]) / (INNER_LIT - INNER_DARK)).clamp(0, 1) * inner
        self.least = (least[part] * (1 - (1 - INNER_SHARE) * deep))[:, None]  # (V, 1)
        self.most = (1 - (1 - INNER_SHARE) * deep)[:, None]
        openness = torch.maximum(head.openness[:, None], self.least) ** colour(material.shade)
        self.around = openness * (colour(SKY) + colour(GROUND)) / 2  # (V, 3)
        self.upwards = openness * (colour(SKY) - colour(GROUND)) / 2
        self.wrap = colour(material.wrap)
        lights = ((KEY, KEY_LIGHT), (FILL, FILL_LIGHT))
        self.lights = [(normalize(colour(way), dim=0), colour(power)) for way, power in lights]
        self.rims = [normalize(colour(way), dim=0) for way in RIMS]
        # What is inside is reached neither by the lights from behind nor by a shine at grazing angles.
        self.outside = head.openness[:, None] * (self.least == 0)
        dull, sharp = shine(material)
        self.strength, self.fineness = dull.to(device)[part][:, None], sharp.to(device)[part][:, None]

    def lit(self, normal: Tensor, turned: Tensor) -> Lit:
        """Lights the vertices of heads.

        Args:
            normal: (B, V, 3). turned: (B, 3, 3) rotations of the heads.
        """
        diffuse = self.around + normal[..., 1:2] * self.upwards
        grazing = (1 - normal[..., 2:3].clamp(0, 1)) ** 3 * self.outside
        bright = self.material.sheen * SKY[1] * grazing
        for rim in self.rims:
            bright = bright + self.material.rim * RIM_LIGHT * grazing * (normal @ rim)[..., None].clamp(min=0)
        for light, power in self.lights:
            visible = reached(self.head, light, turned)[..., None]
            # Where flesh lets light through, the edge of a shadow is soft and red.
            reaches = torch.minimum(torch.maximum(visible ** (1 - self.wrap), self.least), self.most)
            diffuse = diffuse + power * reaches * crept((normal @ light)[..., None], self.wrap)
            bright = bright + float(power[1]) * visible * self.highlight(normal, light)
        return Lit(diffuse, bright)

    def highlight(self, normal: Tensor, light: Tensor) -> Tensor:
        """Gives how a light is mirrored, (B, V, 1): a broad lobe and a finer one."""
        view = normal.new_tensor((0.0, 0.0, 1.0))
        half = normalize(light + view, dim=0)
        edge = 1 + (1 / FRESNEL - 1) * (1 - float(half @ view)) ** 5
        lobe = (normal @ half)[..., None].clamp(min=1e-4) ** self.fineness
        return self.strength * edge * (lobe + FINE_SHARE * lobe**FINE_SHARPNESS)


def crept(facing: Tensor, wrap: Tensor) -> Tensor:
    """Gives diffuse light that creeps around by `wrap`, keeping its sum.

    Source: Green, "Real-Time Approximations to Subsurface Scattering", GPU Gems, 2004, chapter 16.
    """
    return ((facing + wrap) / (1 + wrap)).clamp(min=0) ** (1 + wrap) / (1 + wrap / 2)


def shine(material: Material) -> tuple[Tensor, Tensor]:
    """Gives the strength and exponent of each part's highlight."""
    strength = torch.full((len(PARTS),), material.gloss)
    exponent = torch.full((len(PARTS),), material.sharpness)
    for part in (MOUTH, TEETH, EYES):
        strength[part] = material.wet * WET_GLOSS * (0.35 if part == EYES else 1.0) + (
            0 if material.wet else material.gloss
        )
        exponent[part] = WET_SHARPNESS if material.wet else material.sharpness
    strength[SOCKET] = strength[LASHES] = 0.0
    return strength, exponent


def vertex_part(head: Head) -> Tensor:
    """Gives the part that each vertex belongs to, (V,) long."""
    out = torch.zeros(len(head.rest), dtype=torch.long, device=head.rest.device)
    # Skin last: what it shares with the sockets is skin.
    for part in reversed(range(len(PARTS))):
        out[head.triangles[head.part == part].flatten()] = part
    return out


def harmonics(direction: Tensor) -> Tensor:
    """Gives the real spherical harmonics up to the third degree, (..., 16).

    Source: Sloan, "Stupid Spherical Harmonics Tricks", 2008, appendix A2.
    """
    x, y, z = direction.unbind(-1)
    return torch.stack(
        [
            torch.full_like(x, 0.282095), 0.488603 * y, 0.488603 * z, 0.488603 * x,
            1.092548 * x * y, 1.092548 * y * z, 0.315392 * (3 * z * z - 1), 1.092548 * x * z,
            0.546274 * (x * x - y * y), 0.590044 * y * (3 * x * x - y * y), 2.890611 * x * y * z,
            0.457046 * y * (5 * z * z - 1), 0.373176 * z * (5 * z * z - 3), 0.457046 * x * (5 * z * z - 1),
            1.445306 * z * (x * x - y * y), 0.590044 * x * (x * x - 3 * y * y),
        ],
        dim=-1,
    )  # fmt: skip


def reached(head: Head, light: Tensor, turned: Tensor) -> Tensor:
    """Gives how much of a light is not blocked by the head itself, (B, V) in 0..1.

    What each vertex sees is known for the head at rest; a head that turns sees the light elsewhere.

    Args:
        light: (3,) unit direction. turned: (B, 3, 3).
    """
    own = torch.einsum("bij,i->bj", turned, light)  # in the head's coordinates
    seen = harmonics(own) @ head.sees.T  # (B, V)
    still = head.sees @ harmonics(light)
    return (still + head.head_weight * (seen - still)).clamp(0, 1)


def linear(colours: Tensor) -> Tensor:
    """Gives light from sRGB values of 0..1. Source: IEC 61966-2-1."""
    return torch.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=8)
def curve(exposure: float) -> Tensor:
    """Gives what a screen shows of light, by its square root in steps: bright places fade softly to white."""
    light = (torch.arange(CURVE + 1) / CURVE) ** 2 * MOST_LIGHT
    x = light * (0.62 * exposure)
    x = (x * (1 + x / 5.0)) / (1 + 0.72 * x)
    return (1.055 * x.clamp(1e-6, 1) ** (1 / 2.4) - 0.055).clamp(0, 1)


def displayed(light: Tensor, exposure: float) -> Tensor:
    """Gives what a screen shows, 0..1, of light without bounds."""
    step = (light.clamp(0, MOST_LIGHT) * (CURVE**2 / MOST_LIGHT)).sqrt_().to(torch.int32)
    return curve(exposure).to(light.device)[step]
