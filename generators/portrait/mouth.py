"""The inside of a mouth: teeth that stay with the skull or go with the jaw, a tongue, and the dark."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config

from conditioning.face import mesh

from .backdrop import filled
from .layers import Affine, Patch, Windows, patch_of, sampled, windows_at, windows_of
from .openings import COLUMNS, Lines, Opening, coverage, lines_of, opening_of
from .warp import Turn, smooth_step

CHECKPOINT = "mouth-interior"
Box = tuple[float, float, float, float]
# Left, bottom, right, top of the pictures in cm, from the edge of the front teeth of their own jaw.
UPPER_BOX, LOWER_BOX, TONGUE_BOX = (-3.3, -0.3, 3.3, 2.0), (-3.1, -2.0, 3.1, 0.9), (-1.9, -1.0, 1.9, 1.6)

# Of the mouth's width: the window in which it is drawn.
WINDOW = (1.35, 1.35)
# A mouth whose lips are further apart than this in a photo shows its own inside, in widths of the mouth.
OPEN = 0.035
# Where the edge of the upper front teeth is from the line where the lips meet, cm: below it and behind it.
TEETH_BELOW, TEETH_BEHIND = 0.24, 0.45
# The lower teeth's edge is this much above it when the jaw is shut: they stand behind the upper ones.
OVERBITE = 0.14
# The row of teeth bends back by this times the square of the distance from its middle, per cm.
BEND = 0.36
# How many texels of our pictures are drawn on a pixel.
TEXELS = 1.2
# How wide the soft border between lip and inside is, in widths of the mouth.
SOFT = 0.03
# How light bright teeth in a photo are, and from what part of white light on they are taken for teeth.
OWN_TEETH, SHOWS_TEETH = 0.88, 0.75
# What the dark is, and how deep the lips' shadow goes, cm.
DARK = (0.115, 0.035, 0.035)
UPPER_SHADOW, UPPER_REACH, LOWER_SHADOW, LOWER_REACH = 0.5, 0.16, 0.45, 0.10
# A mouth that is only just open is darker; from this height, cm, light gets in.
LIGHT_GAP = 1.0


class MouthInterior(ModelMixin, ConfigMixin):
    """Pictures of teeth, gums and tongue, premultiplied RGBA in 0..255.

    Args:
        texels_per_cm: how fine they are.
    """

    upper: torch.Tensor
    lower: torch.Tensor
    tongue: torch.Tensor

    @register_to_config
    def __init__(self, texels_per_cm: int = 36) -> None:
        super().__init__()
        for name, box in (("upper", UPPER_BOX), ("lower", LOWER_BOX), ("tongue", TONGUE_BOX)):
            width, height = (round((box[k + 2] - box[k]) * texels_per_cm) for k in (0, 1))
            self.register_buffer(name, torch.zeros(4, height, width, dtype=torch.uint8))


@lru_cache(maxsize=1)
def load_interior() -> Any:
    """Gives the shipped pictures."""
    import checkpoints

    return checkpoints.load(CHECKPOINT)


@dataclass(frozen=True, eq=False)
class Mouth:
    """The mouth of a photo.

    Attributes:
        opening: the inner lines of its lips.
        rest_gap: (COLUMNS,) how far apart they are in a photo that shows no inside: nothing opens there.
        own: patch of the inside that the photo shows: colour (3), opacity (1) and how low it lies, 0..1 (1);
            None when its mouth is shut.
        upper, lower, tongue: pictures, (4, h, w) premultiplied in 0..1, in the photo's light.
        dark: (3,) colour behind them.
        axes: (3, 3) columns: the head's x, y, z for one cm of its teeth, in pixels of the photo.
        edge: (3,) the middle of the upper front teeth's edge in the photo, pixels.
        own_jaw: (3,) where the photo has the lower teeth, beside a shut jaw, pixels.
        length: width of the mouth in the photo, pixels.
    """

    opening: Opening
    rest_gap: torch.Tensor
    own: Patch | None
    upper: torch.Tensor
    lower: torch.Tensor
    tongue: torch.Tensor
    dark: torch.Tensor
    axes: torch.Tensor
    edge: torch.Tensor
    own_jaw: torch.Tensor
    length: float

    @property
    def per_cm(self) -> float:
        return float(self.axes[:, 1].norm())

    def draw(
        self,
        pictures: torch.Tensor,
        points: torch.Tensor,
        turn: Turn,
        jaw: torch.Tensor,
        tongue_out: torch.Tensor,
    ) -> None:
        """Draws what is seen between the lips into (B, 3, H, W) pictures, in place.

        Args:
            points: (B, 478, 2+) where the face is.
            turn: the head's movement.
            jaw: (B, 3) how far the lower teeth are from where a shut jaw has them, in pixels of the photo.
            tongue_out: (B,) 0..1.
        """
        lines = lines_of(self.opening, points[..., :2])
        size = tuple(2 * round(self.length * part / 2 + 2) for part in WINDOW)
        middle = lines.corner + lines.along * lines.length[:, None] / 2
        middle = middle + lines.down * lines.heights[:, :, COLUMNS // 2].mean(1, keepdim=True)
        window = windows_at(middle, (size[0], size[1]), (pictures.shape[3], pictures.shape[2]))
        lines = self.narrowed(lines)
        below, above = lines.at(window)
        seen = coverage(below, above, max(1.2, SOFT * self.length))
        inside = self.teeth(window, turn, jaw, tongue_out)
        inside = inside * self.light(below, above, lines)[:, None]
        if self.own is not None:
            inside = self.with_own(inside, window, turn, jaw)
        before = window.read(pictures)
        window.write(pictures, torch.lerp(before, inside, seen[:, None]))

    def narrowed(self, lines: Lines) -> Lines:
        """Takes from an opening what was between the lips when the photo showed nothing there."""
        less = torch.minimum(self.rest_gap, lines.gap().clamp(min=0)) / 2
        return replace(lines, heights=lines.heights + torch.stack([less, -less], 1))

    def light(self, below: torch.Tensor, above: torch.Tensor, lines: Lines) -> torch.Tensor:
        """Gives how much light falls at each place, (B, h, w): little beside the lips."""
        cm = self.per_cm
        upper = 1 - UPPER_SHADOW * torch.exp(-below.clamp(min=0) / (UPPER_REACH * cm))
        lower = 1 - LOWER_SHADOW * torch.exp(-above.clamp(min=0) / (LOWER_REACH * cm))
        open_by = smooth_step(lines.gap().amax(1) / cm, 0.0, LIGHT_GAP)
        return upper * lower * (0.75 + 0.25 * open_by)[:, None, None]

    def teeth(self, window: Windows, turn: Turn, jaw: torch.Tensor, tongue_out: torch.Tensor) -> torch.Tensor:
        """Gives (B, 3, h, w): the dark, the tongue, the lower teeth and the upper ones in front of it."""
        flat = (turn.linear @ self.axes)[:, :2]  # (B, 2, 3)
        shut = self.edge + self.axes[:, 1] * OVERBITE - self.axes[:, 2] * 0.25
        edges = torch.stack([self.edge.expand_as(jaw), shut + jaw], 1)
        upper, lower = turn(edges)[..., :2].unbind(1)
        places = Affine(flat[:, :, :2], upper).inverse()
        place = window.through(places)  # cm from the upper teeth's edge
        down = (places.linear @ (upper - lower)[..., None])[..., None]  # (B, 2, 1, 1)
        # Rows of teeth bend back: how places shift for one cm of depth.
        slope = (places.linear @ flat[:, :, 2:])[..., None]
        bent = torch.addcmul(place, slope, (place[:, :1] + slope[:, :1]).square().clamp(max=9.0), value=BEND)
        out = tongue_out[:, None, None, None]
        lift = torch.cat([0 * out, 0.25 - 1.05 * out], 1)
        tongue = self.picture(self.tongue, TONGUE_BOX, place, down - lift)
        low = self.picture(self.lower, LOWER_BOX, bent, down)
        high = self.picture(self.upper, UPPER_BOX, bent, torch.zeros_like(down))
        # The tongue lies behind the lower teeth, or over them.
        behind, before = tongue * (1 - out), tongue * out
        seen = self.dark[:, None, None].expand_as(low[:, :3])
        for over in (behind, low, before, high):
            seen = torch.addcmul(over[:, :3], seen, 1 - over[:, 3:])
        return seen

    def picture(
        self, values: torch.Tensor, box: Box, place: torch.Tensor, shift: torch.Tensor
    ) -> torch.Tensor:
        """Gives (B, 4, h, w) of a picture at (B, 2, h, w) cm moved by (B, 2, 1, 1); nothing beyond it."""
        left, bottom, right, top = box
        scale = place.new_tensor([2 / (right - left), -2 / (top - bottom)])[:, None, None]
        start = place.new_tensor([-(right + left) / (right - left), (top + bottom) / (top - bottom)])
        return sampled(values, torch.addcmul(start[:, None, None] + shift * scale, place, scale))

    def with_own(self, inside: torch.Tensor, window: Windows, turn: Turn, jaw: torch.Tensor) -> torch.Tensor:
        """Lays the photo's own teeth over ours where it shows some; its lower part goes when the jaw does."""
        assert self.own is not None
        own = self.own.sample(window, turn.back(self.edge[2]))
        gone = smooth_step((jaw - self.own_jaw).norm(dim=1) / self.length, 0.03, 0.16)[:, None, None]
        opacity = own[:, 3] * (1 - gone * own[:, 4])
        return torch.lerp(inside, own[:, :3], opacity[:, None])


def mouth_of(
    fine: torch.Tensor,
    margin: int,
    points: torch.Tensor,
    neutral: torch.Tensor,
    axes: torch.Tensor,
    own_jaw: torch.Tensor,
    light: torch.Tensor,
    interior: MouthInterior,
) -> Mouth:
    """Takes the mouth out of a photo.

    Args:
        fine: (3, h, w) the frame with `margin` pixels around it, twice as fine.
        points, neutral: (478, 3) landmarks in pixels of the frame, in the photo and with a face at rest.
        axes: (3, 3) columns: pixels for one cm along the head's x, y, z, at the size of the teeth.
        own_jaw: (3,) how far the photo's lower teeth are from where they are with the jaw shut.
        light: (3,) colour of a white thing in the photo.
        interior: our pictures of teeth.
    """
    opening = opening_of(points, mesh.UPPER_LIP_INNER, mesh.LOWER_LIP_INNER)
    lines = lines_of(opening, points[None, :, :2])
    length = float(lines.length)
    gap = lines.gap()[0].clamp(min=0)
    is_open = float(gap.amax()) > OPEN * length
    meet = neutral[[mesh.UPPER_LIP_INNER[5], mesh.LOWER_LIP_INNER[5]]].mean(0)
    edge = meet - axes[:, 1] * TEETH_BELOW - axes[:, 2] * TEETH_BEHIND
    own = own_of(fine, margin, lines, length) if is_open else None
    if own is not None:
        light = own_light(own, light)
    shrink = float(axes[:, 1].norm()) * TEXELS / interior.config["texels_per_cm"]
    sprites = [lit(getattr(interior, name), light, shrink) for name in ("upper", "lower", "tongue")]
    return Mouth(
        opening,
        torch.zeros_like(gap) if is_open else gap,
        own,
        sprites[0],
        sprites[1],
        sprites[2],
        torch.tensor(DARK) * light,
        axes,
        edge,
        own_jaw,
        length,
    )


def lit(sprite: torch.Tensor, light: torch.Tensor, shrink: float) -> torch.Tensor:
    """Gives a picture in the photo's light, about as fine as it is drawn: (4, h, w) premultiplied, 0..1."""
    values = sprite.float() / 255
    if shrink < 1:
        size = [max(4, round(side * shrink)) for side in values.shape[1:]]
        values = F.interpolate(values[None], size=size, mode="bilinear", antialias=True)[0]
    return torch.cat([values[:3] * light[:, None, None], values[3:]])


def own_of(fine: torch.Tensor, margin: int, lines: Lines, length: float) -> Patch:
    """Takes what the photo shows between open lips: colour (3), opacity (1), how low it lies (1)."""
    middle = (lines.corner + lines.along * lines.length[:, None] / 2)[0]
    middle = middle + lines.down[0] * lines.heights[0, :, COLUMNS // 2].mean()
    reach = middle.new_tensor([0.75, 0.6]) * length
    box = (*(middle - reach).tolist(), *(middle + reach).tolist())
    photo = patch_of(fine, margin, box)
    below, above = (each[0] for each in lines.at(windows_of(photo)))
    within = torch.minimum(below, above)
    # As far out as the soft border of the opening reaches.
    out = max(1.2, SOFT * length) / 2 + 0.5
    known = (within > -out)[None].float()
    colour = torch.where(known > 0, photo.values, filled(photo.values, (within > 1)[None].float()))
    opacity = ((within + out + 3) / 3).clamp(0, 1)
    low = smooth_step(below / (below + above).clamp(min=1.0), 0.55, 0.95)
    return replace(photo, values=torch.cat([colour, opacity[None], low[None]]))


def own_light(own: Patch, light: torch.Tensor) -> torch.Tensor:
    """Gives the colour of a white thing, (3,), from the photo's own teeth where it shows some."""
    seen = own.values[:3, own.values[3] > 0.99]
    level = seen.mean(0)
    teeth = seen[:, level >= level.quantile(0.8)].mean(1) / OWN_TEETH
    return teeth.clamp(0.2, 1.1) if float(teeth.mean()) > float(light.mean()) * SHOWS_TEETH else light
