"""Which phone stands at which frame: a phone classifier, and the best path of known phones through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from .blocks import ConvBlock
from .features import N_MELS
from .phones import SYMBOLS

PRIOR_SCALE = 0.6


class Aligner(ModelMixin, ConfigMixin):
    """Frames to phones, for any speaker of English or German.

    Args:
        width, depth, kernel_size: of the network; a frame sees (depth + 1) * kernel_size // 2 frames around.
    """

    if TYPE_CHECKING:  # which ModelMixin hides
        __call__: Callable[..., Tensor]

    @register_to_config
    def __init__(self, width: int = 192, depth: int = 5, kernel_size: int = 7, dropout: float = 0.1) -> None:
        super().__init__()
        self.into = nn.Conv1d(N_MELS, width, kernel_size, padding=kernel_size // 2)
        self.blocks = nn.ModuleList(ConvBlock(width, kernel_size, depth) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(width, len(SYMBOLS))
        self.register_buffer("log_prior", torch.zeros(len(SYMBOLS)))

    def forward(self, log_mel: Tensor, mask: Tensor) -> Tensor:
        """Gives log-probabilities of the phones.

        Args:
            log_mel: (B, T, 100), as `normalise` gives it. mask: (B, T) True = real.

        Returns:
            (B, T, phones)
        """
        x = self.into((log_mel * mask[..., None]).transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            x = block(x * mask[..., None])
        return self.out(self.drop(self.norm(x))).float().log_softmax(-1)

    def set_prior(self, phones: np.ndarray) -> None:
        """Sets how often each phone is heard, from the phones of many frames."""
        count = np.bincount(phones, minlength=len(SYMBOLS)) + 20.0
        self.log_prior.copy_(torch.from_numpy(np.log(count / count.sum())))

    def likelihood(self, log_probs: Tensor) -> Tensor:
        """Takes most of the prior away, else silence and vowels swallow their neighbours. (..., phones)"""
        return log_probs - PRIOR_SCALE * self.log_prior

    @torch.no_grad()
    def posteriors(self, log_mel: np.ndarray) -> np.ndarray:
        """Gives how likely each phone is at each frame. (T, 100), not normalised -> (T, phones)"""
        weight = self.out.weight
        frames = torch.from_numpy(normalise(log_mel))[None].to(weight.device, weight.dtype)
        mask = torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)
        return np.asarray(self(frames, mask)[0].exp().cpu().numpy())

    @torch.no_grad()
    def align(self, log_mel: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        """Gives how many frames each token takes.

        Args:
            log_mel: (T, 100), not normalised. symbols: (N,) tokens, N <= T.

        Returns:
            (N,) int64, at least 1 each, together T.
        """
        frames = torch.from_numpy(normalise(log_mel))[None]
        log_probs = self(frames, torch.ones(frames.shape[:2], dtype=torch.bool))[0]
        return best_path(self.likelihood(log_probs)[:, torch.from_numpy(symbols)].double().numpy())


def normalise(log_mel: np.ndarray) -> np.ndarray:
    """Takes the recording's level and colour away: each band less its mean over the utterance. (T, 100)"""
    mel = log_mel.astype(np.float32)
    loud = mel.mean(1) > np.quantile(mel.mean(1), 0.3)
    return (mel - mel[loud].mean(0)) / 1.5


def best_path(scores: np.ndarray) -> np.ndarray:
    """Gives the durations of the monotonic path with the highest sum.

    Args:
        scores: (T, N), N <= T.

    Returns:
        (N,) frames of each token, at least 1.

    Raises:
        ValueError: fewer frames than tokens.

    Source: Viterbi 1967; as in Kim et al. 2020, "Glow-TTS", algorithm 1.
    """
    num_frames, num_tokens = scores.shape
    if num_frames < num_tokens:
        raise ValueError(
            f"expected at least a frame for each of {num_tokens} phones, got {num_frames} frames"
        )
    total = np.full(num_tokens, -np.inf)
    total[0] = scores[0, 0]
    moved = np.zeros((num_frames, num_tokens), bool)
    for frame in range(1, num_frames):
        before = np.concatenate([[-np.inf], total[:-1]])
        moved[frame] = before > total
        total = np.maximum(before, total) + scores[frame]
    token, durations = num_tokens - 1, np.zeros(num_tokens, np.int64)
    for frame in range(num_frames - 1, -1, -1):
        durations[token] += 1
        if moved[frame, token]:
            token -= 1
    return durations
