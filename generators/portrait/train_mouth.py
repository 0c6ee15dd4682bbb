"""Recipe of the mouth's inside: ICT-FaceKit's teeth, gums and tongue drawn once, as small pictures.

Source of the geometry: ICT-FaceKit, (c) 2020 USC Institute for Creative Technologies, MIT licence; Li et al.,
"Learning Formation of Physically-Based Face Attributes", 2020.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

import checkpoints
from conditioning.face.arkit import INDEX
from conditioning.face.ict import Head, read_head

from . import raster
from .mouth import LOWER_BOX, TONGUE_BOX, UPPER_BOX, MouthInterior

# Pixels drawn for each that is kept, a side.
FINER = 4
# How far the jaw is open when its teeth are drawn: they are seen from a little above, as they usually are.
JAW = 0.3
MOVES = 0.05  # cm at a jawOpen of 1, of what belongs to the jaw
# Colours, sRGB as a white light shows them.
TOOTH, GUM, TONGUE = (0.97, 0.94, 0.88), (0.82, 0.53, 0.52), (0.76, 0.45, 0.44)
# How fast it grows dark behind the front teeth, cm, and how far the dark between teeth reaches, pixels kept.
FADES, CORNERS = 3.6, 5
# The tongue and the floor under it lie inside the arch of the teeth, this far behind their front, cm.
INSIDE = 0.8
# The tongue as it is drawn, an ellipse: half its width, its tip and its end, cm from the lower teeth's edge.
TONGUE_HALF, TONGUE_TIP, TONGUE_BACK = 1.75, -0.5, 1.5
# Soft parts of the upper jaw below this are its inside, cm from the teeth's edge.
PALATE = 0.3


def run(
    config: dict[str, Any], data_dir: str | Path, out_dir: str | Path, resume: bool = False
) -> MouthInterior:
    """Draws the pictures and ships the checkpoint that the config names.

    Args:
        config: name, licence, non_commercial, data, texels_per_cm.
        data_dir: folder with ICT-FaceKit's data.
    """
    head = read_head(data_dir)
    fineness = config["texels_per_cm"]
    model = MouthInterior(fineness)
    for name, picture in drawn(head, fineness).items():
        getattr(model, name).copy_((picture.clamp(0, 1) * 255).round().byte())
    checkpoints.ship(model, config, purpose="teeth, gums and tongue behind the lips of a photo")
    return model


def drawn(head: Head, fineness: int) -> dict[str, torch.Tensor]:
    """Gives the pictures, each (4, h, w) premultiplied RGBA in 0..1."""
    neutral, triangles = torch.from_numpy(head.neutral), torch.from_numpy(head.triangles)
    jaw = torch.from_numpy(head.expressions[INDEX["jawOpen"]]).float()
    teeth, soft = (within(triangles, head.regions[name]) for name in ("Teeth", "Gums and tongue"))
    lower = (jaw.norm(dim=1) > MOVES)[triangles].float().mean(1) > 0.5
    incisor = torch.arange(*head.regions["Central incisor upper left"])
    edge = neutral[incisor][neutral[incisor][:, 1].argmin()]
    centre = torch.tensor([0.0, float(edge[1]), float(neutral[incisor][:, 2].max())])
    opened = neutral + JAW * jaw
    incisor = torch.arange(*head.regions["Central incisor lower left"])
    sunk = torch.tensor([0.0, float(opened[incisor][:, 1].max()), float(opened[incisor][:, 2].max())])
    middle = (opened - sunk)[triangles].mean(1)
    inside = soft & (-middle[:, 2] > INSIDE + 0.35 * middle[:, 0] ** 2)
    above = soft & ~lower & ((neutral - centre)[triangles].mean(1)[:, 1] > PALATE)
    parts = {
        "upper": (neutral - centre, (teeth & ~lower) | above, UPPER_BOX),
        "lower": (opened - sunk, lower & (teeth | soft) & ~inside, LOWER_BOX),
    }
    colours = torch.where(teeth[:, None], torch.tensor(TOOTH), torch.tensor(GUM))
    pictures = {
        name: picture_of(vertices, triangles[kept], colours[kept], teeth[kept], box, fineness)
        for name, (vertices, kept, box) in parts.items()
    }
    return {**pictures, "tongue": tongue_of(fineness)}


def tongue_of(fineness: int) -> torch.Tensor:
    """Draws a tongue at rest behind the lower teeth, a dome with a furrow: (4, h, w) premultiplied."""
    left, bottom, right, top = TONGUE_BOX
    x = torch.linspace(left, right, round((right - left) * fineness))
    y = torch.linspace(top, bottom, round((top - bottom) * fineness))[:, None]
    middle, half = (TONGUE_BACK + TONGUE_TIP) / 2, (TONGUE_BACK - TONGUE_TIP) / 2
    across, along = x / TONGUE_HALF, (y - middle) / half
    square = across**2 + along.abs() ** 2.5
    height = (1 - square).clamp(min=0).sqrt()
    facing = (0.75 * height - 0.30 * along + 0.25).clamp(0, 1)
    furrow = 1 - 0.12 * torch.exp(-((x / 0.2) ** 2)) * height
    # It goes back into the dark.
    bright = (0.3 + 0.7 * facing) * furrow * torch.exp(-(y - TONGUE_TIP).clamp(min=0) / 1.4)
    opacity = ((1 - square) * 6).clamp(0, 1)
    return torch.cat([torch.tensor(TONGUE)[:, None, None] * bright * opacity, opacity[None]])


def within(triangles: torch.Tensor, region: tuple[int, int]) -> torch.Tensor:
    return ((triangles >= region[0]) & (triangles < region[1])).all(1)


def picture_of(
    vertices: torch.Tensor,
    triangles: torch.Tensor,
    colours: torch.Tensor,
    shiny: torch.Tensor,
    box: tuple[float, float, float, float],
    fineness: int,
) -> torch.Tensor:
    """Draws triangles as seen from the front: (4, h, w) premultiplied.

    Args:
        vertices: (V, 3) cm from the edge of the front teeth.
        triangles: (N, 3); colours: (N, 3); shiny: (N,) whether it glints.
        box: left, bottom, right, top in cm.
    """
    left, bottom, right, top = box
    per_cm = fineness * FINER
    size = (round((right - left) * fineness) * FINER, round((top - bottom) * fineness) * FINER)
    flat = torch.stack([(vertices[:, 0] - left), (top - vertices[:, 1])], 1) * per_cm
    depth = vertices[:, 2] / 24 + 0.5
    ids, weights = raster.seen(flat[None], depth[None], triangles, size)
    carried = torch.cat([normals(vertices, triangles), vertices[:, 2:]], 1)
    over = raster.spread(ids, weights, carried[None], triangles, size)[0]
    normal = F.normalize(over[:3], dim=0)
    normal = normal * normal[2:].sign()
    light = F.normalize(torch.tensor([0.0, 0.55, 1.0]), dim=0)
    facing = (normal * light[:, None, None]).sum(0).clamp(0, 1)
    inside = (ids >= 0).view(1, size[1], size[0])
    z = over[3:]
    bright = (0.5 + 0.54 * facing) * torch.exp(z.clamp(max=0) / FADES) * corners(z, inside.float())
    chosen = ids.clamp(min=0)
    colour = colours[chosen].T.view(3, size[1], size[0]) * bright
    glint = shiny[chosen].view(1, size[1], size[0]) * facing**24 * 0.08 * bright
    picture = torch.cat([(colour + glint) * inside, inside.float()])
    return F.avg_pool2d(picture[None], FINER)[0]


def normals(vertices: torch.Tensor, triangles: torch.Tensor) -> torch.Tensor:
    """Gives (V, 3) normals, means of the triangles around."""
    one, two, three = (vertices[triangles[:, k]] for k in range(3))
    faces = torch.linalg.cross(two - one, three - one)
    total = torch.zeros_like(vertices)
    for k in range(3):
        total.index_add_(0, triangles[:, k], faces)
    return F.normalize(total, dim=1)


def corners(depth: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """Gives how light a place is that lies deeper than what is around it, (1, h, w)."""
    radius = CORNERS * FINER
    size = 2 * radius + 1

    def around(values: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(values[None], size, 1, radius)[0]

    mean = around(depth * inside) / around(inside).clamp(min=1e-3)
    return 1 - ((mean - depth) * 2.2).clamp(0, 0.6)
