"""The convolution block of the networks that see speech frame by frame."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvBlock(nn.Module):
    """Depthwise convolution over time and a pointwise feed-forward, around a residual.

    Source: Liu et al. 2022, "A ConvNet for the 2020s"; in one dimension: Siuzdak 2023, "Vocos", section 3.2.
    """

    def __init__(self, width: int, kernel_size: int, depth: int) -> None:
        super().__init__()
        self.over_time = nn.Conv1d(width, width, kernel_size, padding=kernel_size // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))
        self.scale = nn.Parameter(torch.full((width,), 1 / depth))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)"""
        h = self.over_time(x.transpose(1, 2)).transpose(1, 2)
        return x + self.scale * self.feed_forward(self.norm(h))
