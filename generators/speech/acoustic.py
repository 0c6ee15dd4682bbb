"""The acoustic denoiser: tokens laid out in time, with their plan, to the spectrogram."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from conditioning.adapters import LearnedNull
from generators.denoiser import Denoiser
from generators.voice.features import N_MELS

from .conditions import Conditions, TokenEncoder

CHANNELS = N_MELS + 2  # the spectrogram, whether voiced, and the fine movement of f0 around its contour
PATCH = 2  # frames that the denoiser sees as one
PLAN_CHANNELS = 8  # f0 contour, energy, tilt, periodicity, and where in its token a frame stands
EMOTION_STRIDE = 8  # patches from one point of the emotion curve to the next


class AcousticDenoiser(ModelMixin, ConfigMixin):
    """Flow of the standardised spectrogram, two frames at a time.

    Conditions: content (tokens and plan at every frame), identity (the speaker), emotion (a vector every 16
    frames, pooled and in sequence). Each can be absent.

    Source: Lipman et al. 2023 (flow matching); Le et al. 2023, "Voicebox", section 3.2 (frame-level phones).
    """

    if TYPE_CHECKING:  # which ModelMixin hides
        __call__: Callable[..., tuple[Tensor, Tensor]]

    @register_to_config
    def __init__(
        self,
        hidden_size: int = 256,
        depth: int = 6,
        num_heads: int = 4,
        emotion_size: int = 64,
        max_speakers: int = 48,
    ) -> None:
        super().__init__()
        self.tokens = TokenEncoder(hidden_size)
        self.plan = nn.Linear(PATCH * PLAN_CHANNELS, hidden_size)
        self.neighbours = nn.Conv1d(hidden_size, hidden_size, 7, padding=3)
        self.null_content = LearnedNull(hidden_size)
        self.frames = nn.Linear(PATCH * CHANNELS, hidden_size)
        self.conditions = Conditions(hidden_size, max_speakers, emotion_size)
        self.denoiser = Denoiser(hidden_size, depth, num_heads, context_size=emotion_size)
        self.out = nn.Linear(hidden_size, PATCH * CHANNELS)
        # Of the spectrogram: the speakers' mean colours and the spread of what is left.
        self.register_buffer("speaker_mel", torch.zeros(max_speakers, N_MELS))
        self.register_buffer("mel_scale", torch.ones(N_MELS))

    def forward(
        self,
        noisy: Tensor,
        t: Tensor,
        tokens: dict[str, Tensor],
        token_at: Tensor,
        plan: Tensor,
        mask: Tensor,
        speaker: Tensor,
        emotion: Tensor,
        present: dict[str, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Predicts the flow.

        Args:
            noisy: (B, T, 102), T even. t: (B,) in 0..1. tokens: see `TokenEncoder`.
            token_at: (B, T) which token sounds at each frame. plan: (B, T, 8). mask: (B, T) True = real.
            speaker: (B,). emotion: (B, S, 64), one for each 16 frames, S = T / 16 rounded up.
            present: {"content", "identity", "emotion"} -> (B,) True where the condition is given.

        Returns:
            (B, T, 102), and the overlap of identity and emotion.
        """
        text = self.tokens(tokens)  # (B, N, D)
        first, second = token_at[:, ::2], token_at[:, 1::2]
        text = 0.5 * (pick(text, first) + pick(text, second))  # (B, T / 2, D)
        content = text + self.plan(patched(plan))
        content = content + F.silu(self.neighbours(content.transpose(1, 2)).transpose(1, 2))
        x = self.frames(patched(noisy)) + self.null_content(content, present["content"])  # (B, T / 2, D)
        real = mask[:, ::2]
        places = torch.arange(emotion.shape[1], device=x.device) * EMOTION_STRIDE  # (S,)
        lasting = places[None] < real.sum(1, keepdim=True)  # (B, S)
        cond, context, shared = self.conditions(t, speaker, emotion, lasting, present)
        positions = torch.arange(real.shape[1], device=x.device).expand_as(real)
        context_positions = (places + EMOTION_STRIDE // 2).expand_as(lasting)
        hidden = self.denoiser(x, cond, positions, real, context, context_positions, lasting, positions)
        return self.out(hidden).unflatten(-1, (PATCH, CHANNELS)).flatten(1, 2), shared


def pick(x: Tensor, at: Tensor) -> Tensor:
    """(B, N, D) and (B, T) -> (B, T, D)"""
    return x.gather(1, at[..., None].expand(-1, -1, x.shape[-1]))


def patched(x: Tensor) -> Tensor:
    """(B, T, C) -> (B, T / 2, 2 C)"""
    return x.unflatten(1, (-1, PATCH)).flatten(2)
