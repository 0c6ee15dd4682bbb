"""What `raster` does, by PyTorch3D on a CUDA device, for who has both.

Source: Ravi et al. 2020, "Accelerating 3D deep learning with PyTorch3D"; its notes on coordinates: x to the left, y up,
the shorter side of a picture from -1 to 1.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
from torch import Tensor

from .raster import LEAST_AREA, planes_of


def is_there() -> bool:
    """Says whether PyTorch3D and a CUDA device can be used."""
    return importlib.util.find_spec("pytorch3d") is not None and torch.cuda.is_available()


def drawn(
    place: Tensor,
    away: Tensor,
    triangles: Tensor,
    values: Tensor,
    size: tuple[int, int],
    device: str = "cuda",
) -> tuple[Tensor, Tensor]:
    """Draws one picture; as `raster.drawn`."""
    rasterize: Any = importlib.import_module("pytorch3d.renderer.mesh.rasterize_meshes").rasterize_meshes
    meshes: Any = importlib.import_module("pytorch3d.structures").Meshes
    _, area = planes_of(place[triangles])
    front = triangles[area < -LEAST_AREA]
    shorter = min(size)
    across, up = ((side - 2 * place[:, axis]) / shorter for axis, side in enumerate(size))
    points = torch.stack([across, up, away], -1).to(device)
    ids, _, weights, _ = rasterize(
        meshes([points], [front.to(device)]),
        image_size=(size[1], size[0]),
        blur_radius=0.0,
        faces_per_pixel=1,
        perspective_correct=False,
        cull_backfaces=False,
    )
    ids = ids.flatten().cpu()
    pixel = (ids >= 0).nonzero()[:, 0]
    shares = weights.reshape(-1, 3).cpu()[pixel]
    return pixel, torch.einsum("pc,pcv->pv", shares, values[front[ids[pixel]]])
