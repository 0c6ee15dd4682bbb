"""What the prosody and the acoustic model share: who speaks, how it feels, and keeping the two apart."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from conditioning.adapters import LearnedNull
from generators.denoiser import time_embedding
from generators.voice.phones import LANGUAGES, SYMBOLS

from .tokens import NUM_BOUNDARIES, TUNES


class TokenEncoder(nn.Module):
    """Tokens to vectors that know their neighbours."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.symbol = nn.Embedding(len(SYMBOLS), hidden_size)
        self.stress = nn.Embedding(3, hidden_size)
        self.boundary = nn.Embedding(NUM_BOUNDARIES, hidden_size)
        self.edge = nn.Embedding(4, hidden_size)
        self.tune = nn.Embedding(len(TUNES), hidden_size)
        self.language = nn.Embedding(len(LANGUAGES), hidden_size)
        for table in (self.symbol, self.stress, self.boundary, self.edge, self.tune, self.language):
            nn.init.normal_(table.weight, std=0.5)
        self.around = nn.Conv1d(hidden_size, hidden_size, 5, padding=2)
        self.norm = nn.LayerNorm(hidden_size)

    def forward(self, tokens: dict[str, Tensor]) -> Tensor:
        """Gives (B, N, D).

        Args:
            tokens: symbol, stress, boundary, edge: (B, N); tune, language: (B,); mask: (B, N) True = real.
        """
        x = (
            self.symbol(tokens["symbol"])
            + self.stress(tokens["stress"])
            + self.boundary(tokens["boundary"])
            + self.edge(tokens["edge"])
            + (self.tune(tokens["tune"]) + self.language(tokens["language"]))[:, None]
        ) * tokens["mask"][..., None]
        around = self.around(x.transpose(1, 2)).transpose(1, 2)
        return self.norm(x + F.silu(around))


class Conditions(nn.Module):
    """Time, speaker and emotion as one pooled vector, and emotion in sequence.

    Speaker and emotion have their own projections, pushed apart by `overlap`.
    """

    def __init__(self, hidden_size: int, num_speakers: int, emotion_size: int) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(64, hidden_size), nn.SiLU(), nn.Linear(hidden_size, hidden_size))
        self.speaker = nn.Embedding(num_speakers, hidden_size)
        nn.init.normal_(self.speaker.weight, std=0.1)
        self.null_speaker = LearnedNull(hidden_size)
        self.null_emotion = LearnedNull(emotion_size)
        self.emotion = nn.Sequential(
            nn.Linear(emotion_size, hidden_size), nn.SiLU(), nn.Linear(hidden_size, hidden_size)
        )

    def forward(
        self, t: Tensor, speaker: Tensor, emotion: Tensor, mask: Tensor, present: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gives the pooled condition (B, D), the emotion in sequence (B, S, E), and their overlap, a scalar.

        Args:
            t: (B,) in 0..1. speaker: (B,). emotion: (B, S, E). mask: (B, S) True = real.
            present: {"identity", "emotion"} -> (B,) True where the condition is given.
        """
        emotion = self.null_emotion(emotion.to(self.speaker.weight.dtype), present["emotion"])
        weight = mask[..., None] / mask.sum(1)[:, None, None]
        feeling = self.emotion((emotion * weight.to(emotion.dtype)).sum(1))
        voice = self.null_speaker(self.speaker(speaker), present["identity"])
        time = self.time(time_embedding(t, 64).to(feeling.dtype))
        return time + feeling + voice, emotion, overlap(feeling, voice)


def overlap(feeling: Tensor, voice: Tensor) -> Tensor:
    """How far the directions of emotion and of identity lie along one another, 0..1.

    Source: the orthogonality loss of Bousmalis et al. 2016, "Domain separation networks", equation 5, here
    between the centred vectors of a batch.
    """
    a, b = (F.normalize((x - x.mean(0)).float(), dim=-1) for x in (feeling, voice))
    return (a @ b.T).square().mean()
