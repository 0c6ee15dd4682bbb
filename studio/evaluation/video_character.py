"""What the evaluator of videos sees of a clip: what moves before a plain ground, cut out and brought to one size.

Colour and place of the ground, size and speed are the clip's own business; shapes, colours within the character
and their change over time are what a feeling shows in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    import numpy as np

SIDE = 48  # pixels of a character
STILLS = 12  # of a clip, evenly over it
THUMBNAIL = 12  # pixels of what is compared with other clips
ORIENTATIONS, CELLS, COLOURS = 8, 8, 12
QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
NUM_FEATURES = ORIENTATIONS * CELLS**2 + 3 * COLOURS**2 + 3 * len(QUANTILES)
# How far from the ground's colour a pixel is no ground, of 255, and the least of a frame that is a character.
APART, LEAST_PIXELS = 20, 20
RING = 2  # pixels at the border, where the ground is
LUMA = (0.2126, 0.7152, 0.0722)  # Source: ITU-R BT.709, item 3.2.


def stills_of(frames: np.ndarray, count: int = STILLS) -> np.ndarray:
    """Gives up to `count` frames, evenly over a clip, (T, H, W, 3)."""
    import numpy as np

    return frames[np.linspace(0, len(frames) - 1, min(count, len(frames))).round().astype(int)]


def ground_of(frames: np.ndarray) -> np.ndarray:
    """The colour behind, (T, H, W, 3) uint8 -> (3,): what most of the border has."""
    import numpy as np

    sides = (frames[:, :RING], frames[:, -RING:], frames[:, :, :RING], frames[:, :, -RING:])
    return np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), axis=0)


def character(frames: np.ndarray) -> Tensor:
    """Cuts out what stands before the ground, in one square for all frames.

    Args:
        frames: (T, H, W, 3) uint8 RGB.

    Returns:
        (T, 4, 48, 48) red, green, blue and cover in 0..1, with mid-grey where there is ground.
    """
    import numpy as np
    from scipy.ndimage import binary_fill_holes

    apart = np.abs(frames.astype(np.int16) - ground_of(frames).astype(np.int16)).max(-1) > APART
    # White teeth before a white ground are no hole.
    cover = torch.from_numpy(np.stack([binary_fill_holes(each) for each in apart]))[:, None].float()
    top, left, half = square_of(apart)
    height, width = frames.shape[1:3]
    steps = torch.linspace(-half, half, SIDE)
    rows, columns = (top + steps) / (height - 1) * 2 - 1, (left + steps) / (width - 1) * 2 - 1
    grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1).flip(-1).float()
    pixels = torch.from_numpy(frames.astype(np.float32) / 255).permute(0, 3, 1, 2)
    layers = torch.cat([pixels * cover + 0.5 * (1 - cover), cover], 1)
    finer = int(2 * half / SIDE)  # pixels in one of ours: the mean of them, not one
    if finer > 1:
        layers = F.avg_pool2d(layers, finer)
    return F.grid_sample(
        layers, grid.expand(len(layers), -1, -1, -1), align_corners=True, padding_mode="border"
    )


def square_of(apart: np.ndarray) -> tuple[float, float, float]:
    """Middle (down, right) and half the side of the square around a character, in pixels; (T, H, W) bool."""
    import numpy as np

    height, width = apart.shape[1:]
    rows, columns = np.nonzero(apart.mean(0) > 0.05)
    if len(rows) < LEAST_PIXELS:
        return (height - 1) / 2, (width - 1) / 2, max(height, width) / 2
    # A speck at the side does not move the frame.
    (top, bottom), (left, right) = (np.quantile(each, (0.005, 0.995)) for each in (rows, columns))
    return (top + bottom) / 2, (left + right) / 2, 1.06 * max(bottom - top, right - left, 8) / 2


def described(crops: Tensor) -> Tensor:
    """What a clip is judged by: edges by direction and place, colours by place, and how they spread.

    Args:
        crops: (T, 4, 48, 48) of `character`.

    Returns:
        (965,), means over the frames.

    Source: histograms of oriented gradients: Dalal and Triggs, "Histograms of oriented gradients for human
    detection", CVPR 2005.
    """
    opponents = opponents_of(crops[:, :3])
    edges = edges_of(opponents[:, 0]).mean(0)
    colours = F.avg_pool2d(opponents, SIDE // COLOURS).mean(0)
    spread = torch.quantile(opponents.transpose(0, 1).flatten(1)[:, ::3], torch.tensor(QUANTILES), dim=1)
    return torch.cat([edges.flatten(), colours.flatten(), spread.flatten()])


def opponents_of(pixels: Tensor) -> Tensor:
    """Luma, red against green, yellow against blue: (T, 3, H, W) -> (T, 3, H, W)."""
    red, green, blue = pixels.unbind(1)
    luma = sum(weight * each for weight, each in zip(LUMA, (red, green, blue), strict=True))
    return torch.stack([torch.as_tensor(luma), red - green, (red + green) / 2 - blue], 1)


def edges_of(luma: Tensor) -> Tensor:
    """Root of the strength of edges in each direction and cell: (T, H, W) -> (T, 8, 8, 8)."""
    across = F.pad((luma[:, :, 2:] - luma[:, :, :-2]) / 2, (1, 1))
    down = F.pad((luma[:, 2:] - luma[:, :-2]) / 2, (0, 0, 1, 1))
    strength = (across.square() + down.square()).sqrt()
    angle = torch.atan2(down, across) % torch.pi / torch.pi * ORIENTATIONS
    apart = (angle[:, None] - torch.arange(ORIENTATIONS)[:, None, None]).abs()  # (T, 8, H, W)
    apart = torch.minimum(apart, ORIENTATIONS - apart)
    return F.avg_pool2d(strength[:, None] * (1 - apart).clamp_min(0), SIDE // CELLS).sqrt()


def thumbnails(crops: Tensor) -> Tensor:
    """Small pictures by which clips are compared: (T, 4, 48, 48) -> (T, 432) in 0..1."""
    return F.avg_pool2d(crops[:, :3], SIDE // THUMBNAIL).flatten(1)


def distances(clip: Tensor, others: Tensor) -> Tensor:
    """How far a clip is from others: the mean over its frames of how far the most alike frame of the other is.

    Args:
        clip: (T, P). others: (N, S, P).

    Returns:
        (N,) root mean square difference of colour, in 0..1.
    """
    far = torch.cdist(clip, others.flatten(0, 1)) / clip.shape[1] ** 0.5  # (T, N * S)
    return far.unflatten(1, others.shape[:2]).amin(-1).mean(0)
