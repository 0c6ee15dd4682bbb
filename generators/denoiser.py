"""The transformer that every medium's denoiser is built on."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from conditioning.adapters import PooledDoor, SequenceDoor, merge_heads, rotate, split_heads


class Block(nn.Module):
    """Self-attention and feed-forward, each behind the pooled door; optionally the sequence door between."""

    def __init__(self, hidden_size: int, num_heads: int, cond_size: int, context_size: int | None) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.door = PooledDoor(cond_size, hidden_size)
        self.attention_norm = nn.LayerNorm(hidden_size, elementwise_affine=False)
        self.query_key_value = nn.Linear(hidden_size, 3 * hidden_size)
        self.attention_out = nn.Linear(hidden_size, hidden_size)
        self.sequence_door = (
            None if context_size is None else SequenceDoor(hidden_size, context_size, num_heads)
        )
        self.feed_forward_norm = nn.LayerNorm(hidden_size, elementwise_affine=False)
        self.feed_forward = nn.Sequential(
            nn.Linear(hidden_size, 4 * hidden_size), nn.GELU("tanh"), nn.Linear(4 * hidden_size, hidden_size)
        )

    def forward(
        self,
        x: Tensor,
        cond: Tensor,
        positions: Tensor,
        mask: Tensor | None,
        context: tuple[Tensor, ...] | None,
    ) -> Tensor:
        """(B, T, D) -> (B, T, D); see `Denoiser.forward`."""
        shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = self.door(cond)  # each (B, 1, D)
        h = self.attention_norm(x) * (1 + scale_a) + shift_a
        query, key, value = (
            split_heads(part, self.num_heads) for part in self.query_key_value(h).chunk(3, -1)
        )
        query, key = rotate(query, positions), rotate(key, positions)
        attn_mask = None if mask is None else mask[:, None, None]
        heads = F.scaled_dot_product_attention(query, key, value, attn_mask=attn_mask)  # (B, h, T, d)
        x = x + gate_a * self.attention_out(merge_heads(heads))
        if self.sequence_door is not None and context is not None:
            x = self.sequence_door(x, *context)
        h = self.feed_forward_norm(x) * (1 + scale_f) + shift_f
        return x + gate_f * self.feed_forward(h)


class Denoiser(nn.Module):
    """A stack of blocks between (B, T, D) and (B, T, D).

    Args:
        hidden_size: D. depth: number of blocks. num_heads: of attention.
        context_size: width of the per-frame condition.
        context_every: every how many blocks the sequence door stands (the last of each group).

    Source: Peebles & Xie 2023 (DiT), with rotary positions.
    """

    def __init__(
        self, hidden_size: int, depth: int, num_heads: int, context_size: int, context_every: int = 2
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(hidden_size, num_heads, hidden_size, context_size if (i + 1) % context_every == 0 else None)
            for i in range(depth)
        )
        self.out_norm = nn.LayerNorm(hidden_size, elementwise_affine=False)
        self.out_door = PooledDoor(hidden_size, hidden_size, num_vectors=2)

    def forward(
        self,
        x: Tensor,
        cond: Tensor,
        positions: Tensor,
        mask: Tensor | None,
        context: Tensor,
        context_positions: Tensor,
        context_mask: Tensor,
        frame: Tensor,
    ) -> Tensor:
        """Denoises.

        Args:
            x: (B, T, D) embedded input.
            cond: (B, D) pooled condition, time included.
            positions: (B, T) places for self-attention. mask: (B, T) True = real, or None when all are.
            context: (B, S, C) per-frame condition. context_positions: (B, S). context_mask: (B, S) True =
                real.
            frame: (B, T) place of each token on the time line of `context_positions`.

        Returns:
            (B, T, D), normalised and ready for an output layer.
        """
        for block in self.blocks:
            x = block(x, cond, positions, mask, (context, frame, context_positions, context_mask))
        shift, scale = self.out_door(cond)
        return self.out_norm(x) * (1 + scale) + shift


def time_embedding(t: Tensor, size: int, scale: float = 1000.0) -> Tensor:
    """Sinusoids of t (B,) in 0..1 -> (B, size).

    Source: Vaswani et al. 2017, section 3.5.
    """
    half = size // 2
    frequency = torch.exp(-math.log(10_000.0) * torch.arange(half, device=t.device) / half)
    angle = scale * t.float()[:, None] * frequency
    return torch.cat([angle.cos(), angle.sin()], -1)
