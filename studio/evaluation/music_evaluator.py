"""The frozen evaluator of music: which quadrant of valence and arousal a clip expresses.

An ensemble of small networks over hand-made features (`music_features`), trained on EMOPIA alone. It shares
no weights with the music encoder, which conditions, and is never trained on anything generated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from .music_features import MIN_NOTES, features_of

if TYPE_CHECKING:
    import numpy as np

CHECKPOINT = "music-evaluator"
QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
NUM_OUTPUTS = 6


@dataclass(frozen=True)
class Judgement:
    """What the evaluator says of N clips.

    Attributes:
        quadrant: (N, 4) probabilities of Q1..Q4, calibrated on clips of unseen songs.
        valence, arousal: (N,) probability that each is high.
    """

    quadrant: np.ndarray
    valence: np.ndarray
    arousal: np.ndarray

    @property
    def label(self) -> np.ndarray:
        """(N,) 0..3, the likeliest quadrant."""
        return self.quadrant.argmax(axis=1)


class MusicEvaluator(ModelMixin, ConfigMixin):
    """Judges clips of music.

    Args:
        num_features: numbers in a feature vector.
        hidden_size: of each member.
        num_members: networks whose logits are averaged.
        dropout: of inputs and hidden units while training.
        noise: standard deviation of noise on standardised inputs while training.
        temperatures: divisors of the quadrant, valence and arousal logits, fitted out of fold.
        num_windows: two-bar windows of the training sets that it remembers, as hashes, to tell copies.
    """

    @register_to_config
    def __init__(
        self,
        num_features: int = 155,
        hidden_size: int = 48,
        num_members: int = 8,
        dropout: float = 0.4,
        noise: float = 0.4,
        temperatures: tuple[float, float, float] = (1.0, 1.0, 1.0),
        num_windows: int = 0,
    ) -> None:
        super().__init__()
        self.register_buffer("feature_mean", torch.zeros(num_features))
        self.register_buffer("feature_std", torch.ones(num_features))
        self.register_buffer("window_hashes", torch.zeros(num_windows, dtype=torch.int64))
        members, width = num_members, hidden_size
        self.rise = nn.Parameter(torch.randn(members, num_features, width) / num_features**0.5)
        self.rise_bias = nn.Parameter(torch.zeros(members, 1, width))
        self.fall = nn.Parameter(torch.randn(members, width, NUM_OUTPUTS) * 0.5 / width**0.5)
        self.direct = nn.Parameter(torch.zeros(members, num_features, NUM_OUTPUTS))
        self.bias = nn.Parameter(torch.zeros(members, 1, NUM_OUTPUTS))

    def members(self, features: Tensor) -> Tensor:
        """Every member's logits: (M, B, F) raw features -> (M, B, 6) Q1..Q4, valence, arousal."""
        x = ((features - self.feature_mean) / self.feature_std).clamp(-4, 4)  # (M, B, F)
        rate = self.config["dropout"]
        if self.training:
            x = F.dropout(x + self.config["noise"] * torch.randn_like(x), rate)
        h = F.dropout(F.gelu(x @ self.rise + self.rise_bias), rate, self.training)  # (M, B, D)
        return h @ self.fall + x @ self.direct + self.bias  # (M, B, 6)

    def forward(self, features: Tensor) -> Tensor:
        """The ensemble's calibrated logits: (B, F) -> (B, 6)."""
        logits = self.members(features.expand(self.config["num_members"], -1, -1)).mean(0)  # (B, 6)
        quadrant, valence, arousal = self.config["temperatures"]
        return logits / logits.new_tensor([quadrant] * 4 + [valence, arousal])

    @torch.no_grad()
    def judge(self, clips: Sequence[np.ndarray]) -> Judgement:
        """Judges note arrays.

        Args:
            clips: (N_i, 4) onset_s, duration_s, pitch, velocity; a clip with fewer than 4 notes has no
                answer and gets even odds.
        """
        import numpy as np

        empty = np.zeros(self.config["num_features"], dtype=np.float32)
        answered = np.array([len(clip) >= MIN_NOTES for clip in clips], dtype=bool)
        rows = [features_of(clip) if ok else empty for clip, ok in zip(clips, answered, strict=True)]
        logits = self.eval()(torch.from_numpy(np.array(rows, dtype=np.float32).reshape(len(clips), -1)))
        logits = logits * torch.from_numpy(answered)[:, None]
        sides = logits[:, 4:].sigmoid().numpy()
        return Judgement(logits[:, :4].softmax(-1).numpy(), sides[:, 0], sides[:, 1])


@lru_cache(maxsize=1)
def load_music_evaluator() -> Any:
    """Gives the shipped evaluator on the CPU (non-commercial: trained on EMOPIA)."""
    import checkpoints

    return checkpoints.load(CHECKPOINT)
