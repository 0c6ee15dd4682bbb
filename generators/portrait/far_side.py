"""The side of a turned face that its photo hides: taken from the side that it shows, in its own light."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from conditioning.face import mesh

from .backdrop import box_mean, filled
from .warp import RINGS, Sheet, Turn, smooth_step, upright

# Skin is hidden where it faces us less than this, and surely shown from there on (cosine).
HIDDEN, SHOWN = 0.35, 0.65
# How much more it must face us for the other side to take its place.
FROM, TO = 0.0, 0.14
# How far around the face the other side goes on, in its heights: beside the chin, and from the nose upwards.
RING_LOW, RING_HIGH = 0.035, 0.13
# Photos in which less of the face than this is hidden need no other side.
LEAST = 0.01
# Light is compared over this part of the face's height.
BLUR = 0.05
MOST_GAIN = 2.2


@dataclass(frozen=True, eq=False)
class FarSide:
    """What to draw where a turn shows skin that the photo hides.

    Attributes:
        texture: (4, h, w) the person, premultiplied, lit as the other side is, and the opacity.
        source: (V, 2) where on it each vertex of the sheet has its colour, in pixels of the frame.
        hidden: (V,) 1 where the photo does not show the skin.
        normals: (V, 3) of the skin in the photo, and around it as at its edge.
    """

    texture: torch.Tensor
    source: torch.Tensor
    hidden: torch.Tensor
    normals: torch.Tensor

    def share(self, turn: Turn) -> torch.Tensor:
        """Gives (B, V) what part of the colour comes from the other side."""
        now = F.normalize(turn.linear, dim=1)[:, 2] @ self.normals.T
        return self.hidden * smooth_step(now - self.normals[:, 2], FROM, TO)


def far_side_of(
    canvas: torch.Tensor,
    person: torch.Tensor,
    margin: int,
    points: torch.Tensor,
    sheet: Sheet,
    skin: torch.Tensor,
    mirror: torch.Tensor,
) -> FarSide | None:
    """Makes the other side of a photo's face; None when the photo shows all of it.

    Args:
        canvas: (3, h, w) the frame with `margin` pixels around it.
        person: (4, h, w) what of it is person, premultiplied, and the opacity.
        points: (478, 3) landmarks in pixels of the frame, z towards us.
        skin: (N, 3) triangles of the skin.
        mirror: (478,) which point is which in a mirror.
    """
    facing = normals_of(points, skin)
    normals = F.normalize(sheet.follow @ facing, dim=1)
    size = len(sheet.edge)
    count = len(sheet.rest) - size * len(RINGS)  # vertices of the skin
    follow = sheet.follow[:count]
    normals, others = (F.normalize(follow @ each, dim=1) for each in (facing, facing[mirror]))
    # What the other side hides as much is not taken from there.
    hidden = (1 - smooth_step(normals[:, 2], HIDDEN, SHOWN)) * smooth_step(others[:, 2], 0.1, 0.3)
    hidden = hidden * smooth_step(others[:, 2] - normals[:, 2], 0.1, 0.35)
    if float(hidden.mean()) < LEAST:
        return None
    # The rings around the face are mirrored about the middle of the forehead, and fade.
    across = torch.arange(size).neg() % size
    rings = sheet.rest[count:, :2].view(len(RINGS), size, 2)[:, across].flatten(0, 1)
    middle, up, height = upright(points)
    high = ((sheet.rest[sheet.edge, :2] - middle) @ up) / height  # -0.5 at the chin
    reach = RING_LOW + (RING_HIGH - RING_LOW) * smooth_step(high, -0.45, 0.0)
    fade = torch.exp(-((torch.tensor(RINGS)[:, None] / reach) ** 2)) * hidden[sheet.edge]
    return FarSide(
        person * torch.cat([gain_of(canvas, margin, points, mirror, facing), torch.ones_like(canvas[:1])]),
        torch.cat([follow @ points[mirror, :2], rings]),
        torch.cat([hidden, fade.flatten()]),
        torch.cat([normals, normals[sheet.edge].repeat(len(RINGS), 1)]),
    )


def normals_of(points: torch.Tensor, skin: torch.Tensor) -> torch.Tensor:
    """Gives (478, 3) normals of the skin, towards us where it is seen."""
    one, two, three = (points[skin[:, k]] for k in range(3))
    faces = torch.linalg.cross(two - one, three - one)
    total = torch.zeros_like(points)
    for k in range(3):
        total.index_add_(0, skin[:, k], faces)
    return F.normalize(total * total[:, 2].sum().sign(), dim=1)


def gain_of(
    canvas: torch.Tensor, margin: int, points: torch.Tensor, mirror: torch.Tensor, facing: torch.Tensor
) -> torch.Tensor:
    """Gives (3, h, w) by how much brighter the other side of the face is, from where both are seen."""
    height, width = canvas.shape[1:]
    tall = float((points[mesh.OUTLINE[0], :2] - points[mesh.OUTLINE[18], :2]).norm())
    radius = max(1, round(BLUR * tall))
    smooth = box_mean(canvas[None], radius)
    places = points[: mesh.NUM_SKIN, :2] + margin
    grid = places / places.new_tensor([width, height]) * 2 - 1
    colour = F.grid_sample(smooth, grid[None, None], align_corners=False, padding_mode="border")[0, :, 0]
    seen = facing[: mesh.NUM_SKIN, 2]
    other = mirror[: mesh.NUM_SKIN]
    both = (seen > SHOWN) & (seen[other] > SHOWN)
    ratio = ((colour + 0.02) / (colour[:, other] + 0.02)).clamp(1 / MOST_GAIN, MOST_GAIN)
    sparse, known = canvas.new_zeros(3, height * width), canvas.new_zeros(1, height * width)
    column, row = (places[other[both]].round().long()).unbind(1)
    index = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
    sparse[:, index], known[:, index] = ratio[:, both], 1.0
    spread = filled(sparse.view(3, height, width), known.view(1, height, width))
    return box_mean(box_mean(spread[None], 2 * radius), 2 * radius)[0]
