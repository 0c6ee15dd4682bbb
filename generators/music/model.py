"""The music denoiser: compound tokens in, logits of every field out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from conditioning.adapters import LearnedNull
from generators.denoiser import Denoiser, time_embedding

from .features import ATTRIBUTES
from .options import STYLES
from .tokens import MASK, NOT_HERE, PLACE_LIMIT, SIZES


class MusicDenoiser(ModelMixin, ConfigMixin):
    """Predicts masked fields of compound tokens.

    Conditions: content (the attributes that the faders move, for each bar), identity (style), emotion (a
    vector for each bar, pooled through adaptive layer norm and in sequence through cross-attention). Each can
    be absent.

    Source: Austin et al. 2021 (absorbing-state diffusion); compound tokens after Hsiao et al. 2021, "Compound
    Word Transformer".
    """

    @register_to_config
    def __init__(
        self, hidden_size: int = 192, depth: int = 6, num_heads: int = 4, emotion_size: int = 64
    ) -> None:
        super().__init__()
        # One table for all fields; each field's last two rows stand for MASK and NOT_HERE.
        offsets = torch.tensor([0, *[size + 2 for size in SIZES]]).cumsum(0)
        self.register_buffer("offsets", offsets[:-1], persistent=False)
        self.register_buffer("sizes", torch.tensor(SIZES), persistent=False)
        self.fields = nn.Embedding(int(offsets[-1]), hidden_size)
        nn.init.normal_(self.fields.weight, std=0.3 / len(SIZES) ** 0.5)
        self.place = nn.Embedding(PLACE_LIMIT, hidden_size)
        nn.init.normal_(self.place.weight, std=0.1)
        self.attributes = nn.Linear(2 * len(ATTRIBUTES), hidden_size)
        self.style = nn.Embedding(len(STYLES) + 1, hidden_size)
        nn.init.normal_(self.style.weight, std=0.1)
        self.null_emotion = LearnedNull(emotion_size)
        self.pooled_emotion = nn.Sequential(
            nn.Linear(emotion_size, hidden_size), nn.SiLU(), nn.Linear(hidden_size, hidden_size)
        )
        self.time = nn.Sequential(nn.Linear(64, hidden_size), nn.SiLU(), nn.Linear(hidden_size, hidden_size))
        self.denoiser = Denoiser(hidden_size, depth, num_heads, context_size=emotion_size)
        self.logits = nn.Linear(hidden_size, sum(SIZES))
        # What an emotion implies for the attributes: mean and spread over the training data, and a regression
        # from (1, v, a, va, v^2, a^2) to standardised attributes, fitted by the recipe.
        self.register_buffer("attribute_mean", torch.zeros(len(ATTRIBUTES)))
        self.register_buffer("attribute_std", torch.ones(len(ATTRIBUTES)))
        self.register_buffer("attribute_of_emotion", torch.zeros(len(ATTRIBUTES), 6))
        self.register_buffer("attribute_residual", torch.ones(len(ATTRIBUTES)))

    def forward(
        self,
        values: Tensor,
        bar: Tensor,
        place: Tensor,
        mask: Tensor | None,
        attributes: Tensor,
        style: Tensor,
        emotion: Tensor,
        present: dict[str, Tensor],
    ) -> Tensor:
        """Predicts every field.

        Args:
            values: (B, L, 12) int64 compound tokens with `MASK` and `NOT_HERE`.
            bar, place: (B, L) bar of each row and its number in the bar. mask: (B, L) True = real, or None.
            attributes: (B, S, 5) standardised, for each bar; NaN where not asked for.
            style: (B,) index into `STYLES`.
            emotion: (B, S, 64) for each bar.
            present: {"content", "identity", "emotion"} -> (B,) True where the condition is given.

        Returns:
            (B, L, sum(SIZES)) logits.
        """
        known = values >= 0
        codes = torch.where(known, values, self.sizes + (values == NOT_HERE).long()) + self.offsets
        asked = ~attributes.isnan() & present["content"][:, None, None]
        content = torch.cat(
            [torch.where(asked, attributes, 0.0), asked.to(attributes.dtype)], -1
        )  # (B, S, 10)
        content = self.attributes(content.to(self.attributes.weight.dtype))  # (B, S, D)
        at_bar = bar[..., None].expand(-1, -1, content.shape[-1])
        # A bag sums the fields of a row without holding them one by one.
        rows = F.embedding_bag(codes.flatten(0, 1), self.fields.weight, mode="sum").unflatten(
            0, codes.shape[:2]
        )
        x = rows + self.place(place) + content.gather(1, at_bar)  # (B, L, D)

        real = torch.ones_like(bar, dtype=torch.bool) if mask is None else mask
        here = real[..., None] & (values != NOT_HERE)
        noise_level = ((values == MASK) & here).sum((1, 2)) / here.sum((1, 2)).clamp(min=1)  # (B,)
        bars = torch.arange(emotion.shape[1], device=bar.device)
        last_bar = bar.masked_fill(~real, 0).amax(1, keepdim=True)
        bar_mask = bars[None] <= last_bar  # (B, S)
        emotion = self.null_emotion(emotion.to(self.logits.weight.dtype), present["emotion"])
        weight = bar_mask[..., None] / bar_mask.sum(1)[:, None, None]
        style = torch.where(present["identity"], style, len(STYLES))
        cond = (
            self.pooled_emotion((emotion * weight.to(emotion.dtype)).sum(1))
            + self.style(style)
            + self.time(time_embedding(noise_level, 64).to(emotion.dtype))
        )  # (B, D)
        positions = torch.arange(bar.shape[1], device=bar.device).expand_as(bar)
        hidden = self.denoiser(
            x, cond, positions, mask, emotion, bars.expand(len(bar), -1), bar_mask, bar
        )  # (B, L, D)
        return self.logits(hidden)

    def implied_attributes(self, vad: Tensor) -> Tensor:
        """Gives the standardised attributes (..., 5) that an emotion implies from vad (..., 3)."""
        return emotion_features(vad) @ self.attribute_of_emotion.float().T


def emotion_features(vad: Tensor) -> Tensor:
    """(..., 3) -> (..., 6): 1, v, a, va, v^2, a^2"""
    v, a = vad[..., 0].float(), vad[..., 1].float()
    return torch.stack([torch.ones_like(v), v, a, v * a, v * v, a * a], -1)
