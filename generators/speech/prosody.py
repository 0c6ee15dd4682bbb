"""The prosody denoiser: tokens, speaker and emotion to the plan of an utterance."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from conditioning.adapters import LearnedNull
from generators.denoiser import Denoiser

from .conditions import Conditions, TokenEncoder
from .plan import EXPRESSION, NUM_KINDS, VALUES, VoiceStatistics


class ProsodyDenoiser(ModelMixin, ConfigMixin):
    """Flow of the 7 residual values of every token; see `plan.VALUES`.

    Conditions: content (the tokens, and the whole-utterance expression that the faders move), identity (the
    speaker), emotion (a vector for each token, pooled and in sequence). Each can be absent.

    Source: Lipman et al. 2023 (flow matching); the split into residuals: this project.
    """

    if TYPE_CHECKING:  # which ModelMixin hides
        __call__: Callable[..., tuple[Tensor, Tensor]]

    @register_to_config
    def __init__(
        self,
        hidden_size: int = 192,
        depth: int = 6,
        num_heads: int = 4,
        emotion_size: int = 64,
        max_speakers: int = 48,
    ) -> None:
        super().__init__()
        self.tokens = TokenEncoder(hidden_size)
        self.expression = nn.Linear(2 * len(EXPRESSION), hidden_size)
        self.null_content = LearnedNull(hidden_size)
        self.residuals = nn.Linear(len(VALUES), hidden_size)
        self.conditions = Conditions(hidden_size, max_speakers, emotion_size)
        self.denoiser = Denoiser(hidden_size, depth, num_heads, context_size=emotion_size)
        self.out = nn.Linear(hidden_size, len(VALUES))
        # What is usual, fitted by the recipe; see `plan.VoiceStatistics`.
        self.register_buffer("kind_mean", torch.zeros(NUM_KINDS, len(VALUES)))
        self.register_buffer("scale", torch.ones(len(VALUES)))
        self.register_buffer("speaker_mean", torch.zeros(max_speakers, len(VALUES)))
        # What an emotion does to the expression, per unit of the space, and the expression's spread.
        self.register_buffer("expression_of_emotion", torch.zeros(len(EXPRESSION), emotion_size))
        self.register_buffer("expression_mean", torch.zeros(len(EXPRESSION)))
        self.register_buffer("expression_std", torch.ones(len(EXPRESSION)))
        # Each speaker's own neutral expression: some read livelier than others.
        self.register_buffer("speaker_expression", torch.zeros(max_speakers, len(EXPRESSION)))

    def forward(
        self,
        noisy: Tensor,
        t: Tensor,
        tokens: dict[str, Tensor],
        expression: Tensor,
        speaker: Tensor,
        emotion: Tensor,
        present: dict[str, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Predicts the flow.

        Args:
            noisy: (B, N, 7). t: (B,) in 0..1. tokens: see `TokenEncoder`.
            expression: (B, 8) standardised; NaN where not asked for.
            speaker: (B,). emotion: (B, N, 64).
            present: {"content", "identity", "emotion"} -> (B,) True where the condition is given.

        Returns:
            (B, N, 7), and the overlap of identity and emotion.
        """
        asked = ~expression.isnan()
        wishes = torch.cat([torch.where(asked, expression, 0.0), asked.to(expression.dtype)], -1)  # (B, 16)
        content = self.tokens(tokens) + self.expression(wishes.to(self.out.weight.dtype))[:, None]
        x = self.residuals(noisy) + self.null_content(content, present["content"])  # (B, N, D)
        mask = tokens["mask"]
        cond, context, shared = self.conditions(t, speaker, emotion, mask, present)
        positions = torch.arange(mask.shape[1], device=mask.device).expand_as(mask)
        hidden = self.denoiser(x, cond, positions, mask, context, positions, mask, positions)
        return self.out(hidden), shared

    @property
    def statistics(self) -> VoiceStatistics:
        """What is usual, as arrays."""
        parts = (self.kind_mean, self.scale, self.speaker_mean)
        return VoiceStatistics(*(part.float().cpu().numpy() for part in parts))

    def implied_expression(self, offset: Tensor) -> Tensor:
        """What an emotion implies, (..., 64) offset from neutral -> (..., 8) standardised shift."""
        return offset.float() @ self.expression_of_emotion.float().T
