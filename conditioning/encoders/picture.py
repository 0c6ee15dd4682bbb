"""A picture or a film of no face to the shared emotion space: by its colours, its light, its shapes and its pace.

It learned from animated drawings and from what brightness and saturation of a plain colour make people feel. It
knows no objects: that a snake is frightening, or a wedding happy, it cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

CHECKPOINT = "picture-encoder"
SIDE, CELLS, DIRECTIONS, HUES = 64, 8, 8, 12
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
NUM_FEATURES = (DIRECTIONS + 3) * CELLS**2 + 2 * len(LEVELS) + HUES + 4
# Of a film: how much of it is seen, how often, and how large.
MOST_S, RATE, LARGEST = 60.0, 5.0, 256


class PictureEncoder(ModelMixin, ConfigMixin):
    """Reads the emotion of pictures and films.

    Args:
        width: of the hidden layers. dim: of the emotion space. dropout: of hidden layers while training.
    """

    mean: Tensor  # (F,)
    std: Tensor  # (F,)
    neutral: Tensor  # (64,)

    @register_to_config
    def __init__(self, width: int = 96, dim: int = 64, dropout: float = 0.4) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(NUM_FEATURES))
        self.register_buffer("std", torch.ones(NUM_FEATURES))
        self.register_buffer("neutral", torch.zeros(dim))
        self.first = nn.Linear(NUM_FEATURES, width)
        self.second = nn.Linear(width, width)
        self.to_space = nn.Linear(width, dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Reads pictures.

        Args:
            features: (B, F) as `features_of` gives them.

        Returns:
            "z" (B, dim); "offset" (B, dim) from neutral.
        """
        x = ((features - self.mean) / self.std).clamp(-4, 4)
        h = F.gelu(self.first(self.drop(x)))  # (B, D)
        h = h + F.gelu(self.second(self.drop(h)))
        offset = self.to_space(self.drop(h))  # (B, dim)
        return {"z": self.neutral + offset, "offset": offset}

    @torch.no_grad()
    def encode(self, source: str | Path | np.ndarray) -> Tensor:
        """Places a picture or a film in the emotion space.

        Args:
            source: path of a picture, or of a film (of which the first minute is seen), or (H, W, 3) uint8, or
                (T, H, W, 3) uint8 with 5 frames a second.

        Returns:
            z (dim,).

        Raises:
            FileNotFoundError, ValueError: no such file, or broken.
        """
        blocks = [source] if isinstance(source, np.ndarray) else blocks_of(Path(source))
        features = features_of(block if block.ndim == 4 else block[None] for block in blocks)
        return self.eval()(features[None].to(self.mean))["z"][0].float().cpu()


def blocks_of(path: Path) -> Iterable[np.ndarray]:
    """Gives the frames of a film at 5 Hz, or the one of a still picture, in blocks (T, H, W, 3)."""
    from .video_file import open_video

    film = open_video(path)
    if film.num_frames == 1:
        return film.frames(stop=1, largest=LARGEST)
    return film.frames(stop=round(MOST_S * RATE), frame_rate=RATE, largest=LARGEST)


def features_of(blocks: Iterable[np.ndarray]) -> Tensor:
    """What pictures look like: edges and colours by place, light, chroma and hue in all, and change.

    Args:
        blocks: frames in order, (T, H, W, 3) uint8, at 5 Hz.

    Returns:
        (F,), means over the frames.

    Raises:
        ValueError: no frames.
    """
    total, count, moved = torch.zeros(NUM_FEATURES - 1), 0, 0.0
    last: Tensor | None = None
    for block in blocks:
        pixels = torch.from_numpy(np.ascontiguousarray(block)).permute(0, 3, 1, 2).float() / 255
        pixels = F.interpolate(pixels, (SIDE, SIDE), mode="area")
        total += seen(pixels).sum(0)
        count += len(pixels)
        whole = pixels if last is None else torch.cat([last, pixels])
        moved += float(whole.diff(dim=0).abs().mean((1, 2, 3)).sum())
        last = pixels[-1:]
    if not count:
        raise ValueError("expected a film with frames, got none")
    change = torch.tensor([moved / max(1, count - 1)]).sqrt()
    return torch.cat([total / count, change])


def seen(pixels: Tensor) -> Tensor:
    """Each picture on its own: (T, 3, 64, 64) in 0..1 -> (T, F - 1).

    Source: histograms of oriented gradients: Dalal and Triggs, CVPR 2005; spread of opponent colours as a measure of
    colourfulness: Hasler and Suesstrunk, "Measuring colourfulness in natural images", 2003.
    """
    red, green, blue = pixels.unbind(1)
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    opponents = torch.stack([light, red - green, (red + green) / 2 - blue], 1)
    chroma = pixels.amax(1) - pixels.amin(1)
    levels = torch.tensor(LEVELS)
    sums = [torch.quantile(each.flatten(1), levels, dim=1).T for each in (light, chroma)]
    spread = opponents[:, 1:].flatten(2).std(2).norm(dim=1)
    lean = opponents[:, 1:].flatten(2).mean(2).norm(dim=1)
    edges = gradients(light)
    totals = torch.stack([light.flatten(1).std(1), spread + 0.3 * lean, edges.sum(1).mean((1, 2))], 1)
    places = [F.avg_pool2d(edges, SIDE // CELLS).sqrt(), F.avg_pool2d(opponents, SIDE // CELLS)]
    return torch.cat([*(each.flatten(1) for each in places), *sums, hues(opponents, chroma), totals], 1)


def gradients(light: Tensor) -> Tensor:
    """Strength of the edges in each direction: (T, H, W) -> (T, 8, H, W)."""
    down, across = torch.gradient(light, dim=(1, 2))
    turn = torch.atan2(down, across) % torch.pi * (DIRECTIONS / torch.pi)
    apart = (turn[:, None] - torch.arange(DIRECTIONS).view(-1, 1, 1)).abs()
    share = (1 - torch.minimum(apart, DIRECTIONS - apart)).clamp_min(0)
    return share * (down.square() + across.square()).sqrt()[:, None]


def hues(opponents: Tensor, chroma: Tensor) -> Tensor:
    """How much there is of each hue: (T, 3, H, W), (T, H, W) -> (T, 12)."""
    turn = torch.atan2(opponents[:, 2], opponents[:, 1]) % (2 * torch.pi) * (HUES / (2 * torch.pi))
    apart = (turn[:, None] - torch.arange(HUES).view(-1, 1, 1)).abs()
    share = (1 - torch.minimum(apart, HUES - apart)).clamp_min(0)
    return (share * chroma[:, None]).mean((2, 3)).sqrt()


@lru_cache(maxsize=1)
def load_picture_encoder() -> Any:
    """Gives the shipped encoder on the CPU."""
    import checkpoints

    from .. import SPACE_VERSION

    return checkpoints.load(CHECKPOINT, space_version=SPACE_VERSION)
