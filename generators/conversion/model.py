"""The edit denoiser: what to change in a recording so that it is felt as asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from conditioning.adapters import LearnedNull
from generators.denoiser import Denoiser, time_embedding

from .content import NUM_CONTENT, NUM_VOICE
from .edits import CHANNELS
from .summary import NUM_SUMMARY

PATCH = 2  # moments that the denoiser sees as one
EMOTION_STRIDE = 8  # patches from one point of the emotion curve to the next
EMOTION_MOMENTS = PATCH * EMOTION_STRIDE


class EditDenoiser(ModelMixin, ConfigMixin):
    """Flow of a standardised edit; see `edits.edit_between`.

    Conditions: content (what stands at each moment of the source), identity (height, range and colour of the
    source's voice), emotion (the direction in the emotion space from what the source expresses to what is
    asked, pooled and in sequence). Each can be absent.

    Source: Lipman et al. 2023 (flow matching); moving along directions of an emotion space: Gudmalwar et al.
    2025, "EmoReg"; edits in place of recordings: this project.
    """

    if TYPE_CHECKING:  # which ModelMixin hides
        __call__: Callable[..., tuple[Tensor, Tensor]]

    @register_to_config
    def __init__(
        self, hidden_size: int = 144, depth: int = 4, num_heads: int = 4, emotion_size: int = 64
    ) -> None:
        super().__init__()
        self.content = nn.Linear(PATCH * NUM_CONTENT, hidden_size)
        self.neighbours = nn.Conv1d(hidden_size, hidden_size, 5, padding=2)
        self.edit = nn.Linear(PATCH * CHANNELS, hidden_size)
        self.voice = nn.Linear(NUM_VOICE, hidden_size)
        self.time = nn.Sequential(nn.Linear(64, hidden_size), nn.SiLU(), nn.Linear(hidden_size, hidden_size))
        self.direction = nn.Sequential(
            nn.Linear(emotion_size, hidden_size), nn.SiLU(), nn.Linear(hidden_size, hidden_size)
        )
        self.null_content = LearnedNull(hidden_size)
        self.null_voice = LearnedNull(hidden_size)
        self.null_emotion = LearnedNull(emotion_size)
        self.denoiser = Denoiser(hidden_size, depth, num_heads, context_size=emotion_size)
        self.out = nn.Linear(hidden_size, PATCH * CHANNELS)
        # Fitted by the recipe: the spread of edits, and what a direction does on the whole.
        self.register_buffer("scale", torch.ones(CHANNELS))
        self.register_buffer("summary_of_direction", torch.zeros(NUM_SUMMARY, emotion_size))

    def forward(
        self,
        noisy: Tensor,
        t: Tensor,
        content: Tensor,
        voice: Tensor,
        direction: Tensor,
        mask: Tensor,
        present: dict[str, Tensor],
    ) -> tuple[Tensor, None]:
        """Predicts the flow.

        Args:
            noisy: (B, G, 14), G even. t: (B,) in 0..1. content: (B, G, 21). voice: (B, 17).
            direction: (B, S, 64), one for each 16 moments, S = G / 16 rounded up; a difference of two points.
            mask: (B, G) True = real.
            present: {"content", "identity", "emotion"} -> (B,) True where the condition is given.

        Returns:
            (B, G, 14), and None (no second value).
        """
        real = mask[:, ::PATCH]
        heard = self.content(patched(content)) * real[..., None]  # (B, G / 2, D)
        heard = heard + F.silu(self.neighbours(heard.transpose(1, 2)).transpose(1, 2))
        x = self.edit(patched(noisy)) + self.null_content(heard, present["content"])
        places = torch.arange(direction.shape[1], device=x.device) * EMOTION_STRIDE  # (S,)
        lasting = places[None] < real.sum(1, keepdim=True)  # (B, S)
        felt = self.null_emotion(direction.to(x.dtype), present["emotion"])
        weight = lasting / lasting.sum(1, keepdim=True)
        pooled = self.direction((felt * weight[..., None].to(felt.dtype)).sum(1))  # (B, D)
        who = self.null_voice(self.voice(voice), present["identity"])
        cond = self.time(time_embedding(t, 64).to(pooled.dtype)) + pooled + who
        positions = torch.arange(real.shape[1], device=x.device).expand_as(real)
        context_positions = (places + EMOTION_STRIDE // 2).expand_as(lasting)
        hidden = self.denoiser(x, cond, positions, real, felt, context_positions, lasting, positions)
        return self.out(hidden).unflatten(-1, (PATCH, CHANNELS)).flatten(1, 2), None


def patched(x: Tensor) -> Tensor:
    """(B, G, C) -> (B, G / 2, 2 C)"""
    return x.unflatten(1, (-1, PATCH)).flatten(2)
