"""Points of the space to train on: states, mixtures and intensities, drawn by where they read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from .space import EmotionSpace

NUM_PAIRS = 3000
# Kernel widths in valence, arousal, dominance: dominance matters little to what is asked for.
WIDTHS = (0.12, 0.12, 0.4)
# Kernel widths beyond which a pool point is no answer.
FAR = 3.0
NOISE = 0.1


class PointPool:
    """A few thousand points of the space with the valence, arousal and dominance that they read as.

    Args:
        space: whose states, intensities (0..1.25) and pairwise mixtures fill the pool.
        seed: of the mixtures.
    """

    def __init__(self, space: EmotionSpace, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        neutral, offsets = space.neutral, space.offsets()
        intensities = torch.linspace(0.0, 1.25, 11)
        singles = (intensities[:, None, None] * offsets).flatten(0, 1)
        pairs = torch.randint(len(offsets), (NUM_PAIRS, 2), generator=generator)
        share = torch.rand(NUM_PAIRS, 1, generator=generator) * 0.6 + 0.2
        shares = torch.zeros(NUM_PAIRS, len(offsets))
        shares.scatter_add_(1, pairs, torch.cat([share, 1 - share], 1))
        strength = torch.rand(NUM_PAIRS, 1, generator=generator) * 1.1 + 0.15
        self.points = torch.cat([neutral + singles, neutral + strength * space.mix(shares)])  # (N, D)
        self.vad = space.linear_vad(self.points)  # (N, 3)
        self.noise = NOISE * offsets.norm(dim=-1).median() / offsets.shape[-1] ** 0.5

    def sample(self, space: EmotionSpace, vad: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Draws a point that reads near each place, (B, 3) -> (B, D); made to order where none does."""
        widths = torch.tensor(WIDTHS)
        distance = torch.cdist(vad / widths, self.vad / widths).square()  # (B, N)
        nearest = distance.amin(-1, keepdim=True)
        # Inverse of the cumulative sum: `torch.multinomial` takes three times as long.
        likely = (0.5 * (nearest - distance)).exp().cumsum(-1)
        draw = torch.rand(len(vad), 1, generator=generator) * likely[:, -1:]
        chosen = torch.searchsorted(likely, draw).clamp(max=len(self.points) - 1)[:, 0]
        far = nearest[:, 0] > FAR**2
        points = torch.where(far[:, None], space.at_vad(vad), self.points[chosen])
        return points + self.noise * torch.randn(points.shape, generator=generator)
