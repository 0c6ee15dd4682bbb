"""The two doors through which a denoiser takes emotion, the learned null, and the drop rule.

Both doors open from zero: before training they add nothing, so a block behind them is the identity.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PooledDoor(nn.Module):
    """A pooled condition -> shift, scale and gate of adaptive layer norm, zero at the start.

    A bottleneck keeps the parameters of many blocks few.

    Source: Peebles & Xie 2023, "Scalable diffusion models with transformers", section 3.2 (adaLN-Zero).
    """

    def __init__(self, cond_size: int, hidden_size: int, num_vectors: int = 6, rank: int = 64) -> None:
        super().__init__()
        self.num_vectors = num_vectors
        self.down = nn.Linear(cond_size, rank)
        self.up = nn.Linear(rank, num_vectors * hidden_size)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, cond: Tensor) -> tuple[Tensor, ...]:
        """Gives `num_vectors` tensors (B, 1, D) from cond (B, C)."""
        vectors = self.up(F.silu(self.down(F.silu(cond))))  # (B, n * D)
        return vectors[:, None].chunk(self.num_vectors, dim=-1)


class SequenceDoor(nn.Module):
    """Cross-attention to a per-frame condition: rotary positions on both sides, a gate from zero.

    Source: Vaswani et al. 2017, section 3.2; the tanh gate: Alayrac et al. 2022, "Flamingo", section 3.2.
    """

    def __init__(self, hidden_size: int, context_size: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(hidden_size)
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key_value = nn.Linear(context_size, 2 * hidden_size)
        self.out = nn.Linear(hidden_size, hidden_size)
        self.gate = nn.Parameter(torch.zeros(hidden_size))

    def forward(
        self, x: Tensor, context: Tensor, positions: Tensor, context_positions: Tensor, mask: Tensor
    ) -> Tensor:
        """Adds what x attends to.

        Args:
            x: (B, T, D). context: (B, S, C).
            positions, context_positions: (B, T) and (B, S), in the same unit.
            mask: (B, S) True = real.
        """
        query = split_heads(self.query(self.norm(x)), self.num_heads)  # (B, h, T, d)
        key, value = (split_heads(part, self.num_heads) for part in self.key_value(context).chunk(2, -1))
        query, key = rotate(query, positions), rotate(key, context_positions)
        heads = F.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None])
        return x + torch.tanh(self.gate) * self.out(merge_heads(heads))  # (B, T, D)


def split_heads(x: Tensor, num_heads: int) -> Tensor:
    """(B, T, D) -> (B, h, T, D / h)"""
    return x.unflatten(-1, (num_heads, -1)).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """(B, h, T, d) -> (B, T, h * d)"""
    return x.transpose(1, 2).flatten(-2)


def rotate(x: Tensor, positions: Tensor, base: float = 10_000.0) -> Tensor:
    """Rotates pairs of channels by angles that grow with position.

    Args:
        x: (B, h, T, d), d even.
        positions: (B, T).

    Source: Su et al. 2021, "RoFormer", equation 34.
    """
    half = x.shape[-1] // 2
    frequency = base ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angle = positions.float()[:, None, :, None] * frequency  # (B, 1, T, d / 2)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    left, right = x.chunk(2, -1)
    return torch.cat([left * cos - right * sin, right * cos + left * sin], -1)


class LearnedNull(nn.Module):
    """The learned absence of a condition. Neutral is a point of the space; this is not."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.randn(size) * 0.02)

    def forward(self, cond: Tensor, present: Tensor) -> Tensor:
        """Gives cond (B, ..., C) where present (B,) is True, the null elsewhere."""
        shape = (-1, *[1] * (cond.ndim - 1))
        return torch.where(present.view(shape), cond, self.value.to(cond.dtype).expand_as(cond))


def draw_present(batch: int, drop: dict[str, float], generator: torch.Generator) -> dict[str, Tensor]:
    """The drop rule: each condition is dropped independently, so that each can be guided on its own.

    Args:
        batch: number of examples.
        drop: condition -> probability of being dropped.

    Returns:
        condition -> (B,) True where it stays.
    """
    return {name: torch.rand(batch, generator=generator) >= chance for name, chance in drop.items()}
