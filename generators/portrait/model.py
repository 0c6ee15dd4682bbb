"""The motion denoiser: one network, three streams of weights that know nothing of one another."""

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

from .banks import BANKS, EXPRESSION, MOUTH, RANKS, WIDTH, Banks
from .content import NUM_CONTENT
from .emotion_faces import EmotionFaces
from .readout import Readout

PATCH = 2  # frames that the denoiser sees as one
EMOTION_FRAMES = 10  # frames from one point of the emotion curve to the next
STYLE = ("head amplitude", "head tempo", "nods", "upper face", "brow accents", "asymmetry")
DRIVE = ("gaze yaw", "gaze pitch", "blink")
JUDGED = ("neutral", "anger", "contempt", "disgust", "fear", "joy", "sadness", "surprise")
# How much the network adds to the plainest mouth at inference; what it learned of one speaker is not all true of
# others. Chosen on the ends of training takes.
DETAIL = 0.6
BLINK_FRAMES = 15  # of a recorded blink, closed at frame 5


class ClosedLips(nn.Module):
    """Hears where lips are shut: sounds of closed lips, and silence."""

    def __init__(self, width: int = 48, dropout: float = 0.3) -> None:
        super().__init__()
        self.content = nn.Conv1d(NUM_CONTENT, width, 5, padding=2)
        self.neighbours = nn.Conv1d(width, width, 5, padding=2)
        self.out = nn.Conv1d(width, 1, 3, padding=1)
        self.drop = nn.Dropout(dropout)

    def forward(self, content: Tensor) -> Tensor:
        """(R, T, 114) -> (R, T) logits"""
        x = F.silu(self.content(self.drop(content.transpose(1, 2))))  # (R, D, T)
        x = x + F.silu(self.neighbours(self.drop(x)))
        return self.out(self.drop(x))[:, 0]


class MotionDenoiser(ModelMixin, ConfigMixin):
    """Flow of a bank's standardised weights over frames.

    Every row of a batch is one bank of one face. Content is given to all; style to pose and expression;
    emotion to the expression alone. So no emotion can reach the mouth or the head, whatever the weights are.

    The expression moves around the mean of the emotion's Gaussian, the mouth around a straight line from what is
    heard: the network draws what lies around it, and what guidance makes of the emotion is exact.

    Source: Lipman et al. 2023 (flow matching); banks: see `banks`; emotions: see `emotion_faces`.
    """

    blink: Tensor  # (15,) a recorded blink, 0 open and 1 closed
    real: Tensor  # (3, 20) 1 for the weights that each bank has

    if TYPE_CHECKING:  # which ModelMixin hides
        __call__: Callable[..., tuple[Tensor, dict[str, Tensor] | None]]

    @register_to_config
    def __init__(
        self,
        hidden_size: int = 128,
        depth: int = 4,
        num_heads: int = 4,
        emotion_size: int = 64,
        num_codes: int = 32,
    ) -> None:
        super().__init__()
        self.banks = Banks()
        self.faces = EmotionFaces(num_codes, emotion_size, WIDTH)
        self.content = nn.Conv1d(NUM_CONTENT, hidden_size, 5, padding=2)
        self.neighbours = nn.Conv1d(hidden_size, hidden_size, 5, padding=2)
        self.drop = nn.Dropout(0.3)  # there is one speaker: without it, it learns her takes by heart
        self.content_patch = nn.Linear(PATCH * hidden_size, hidden_size)
        self.drive = nn.Linear(PATCH * len(DRIVE), hidden_size)
        self.motion = nn.ModuleList(nn.Linear(PATCH * WIDTH, hidden_size) for _ in BANKS)
        self.bank = nn.Embedding(len(BANKS), hidden_size)
        self.style = nn.Linear(len(STYLE), hidden_size)
        self.time = nn.Sequential(nn.Linear(64, hidden_size), nn.SiLU(), nn.Linear(hidden_size, hidden_size))
        self.emotion = nn.Sequential(
            nn.Linear(emotion_size, hidden_size), nn.SiLU(), nn.Linear(hidden_size, hidden_size)
        )
        self.null_content = LearnedNull(hidden_size)
        self.null_style = LearnedNull(hidden_size)
        self.null_emotion = LearnedNull(emotion_size)
        self.denoiser = Denoiser(hidden_size, depth, num_heads, context_size=emotion_size)
        self.out = nn.ModuleList(nn.Linear(hidden_size, PATCH * WIDTH) for _ in BANKS)
        # Names the emotion of a clip's expression; in training alone it also teaches the denoiser.
        self.judge = nn.Sequential(nn.Linear(2 * WIDTH, 64), nn.SiLU(), nn.Linear(64, len(JUDGED)))
        self.closed_lips = ClosedLips()
        self.readout = Readout()
        # Fitted by the recipe.
        self.register_buffer("blink", torch.zeros(BLINK_FRAMES))
        self.register_buffer(
            "real", torch.tensor([[at < rank for at in range(WIDTH)] for rank in RANKS]).float()
        )

    def forward(
        self,
        noisy: Tensor,
        t: Tensor,
        bank: Tensor,
        content: Tensor,
        drive: Tensor,
        style: Tensor,
        emotion: Tensor,
        present: dict[str, Tensor],
        clean: Tensor | None = None,
    ) -> tuple[Tensor, dict[str, Tensor] | None]:
        """Predicts the flow.

        Args:
            noisy: (R, T, 20), T even. t: (R,) in 0..1. bank: (R,) int64, which of `BANKS` a row is.
            content: (R, T, 114). drive: (R, T, 3), see `DRIVE`. style: (R, 6), see `STYLE`, about -1..1.
            emotion: (R, S, 64), one point for every 10 frames, S = T / 10 rounded up; offsets from neutral.
            present: {"content", "identity", "emotion"} -> (R,) True where the condition is given.
            clean: (R, T, 20), in training alone: what the noise was added to.

        Returns:
            (R, T, 20), and with `clean` logits: "named" of `JUDGED`, (2 R, 8), of what the flow leads to and
            then of clean; "shut", (mouth rows, T), whether lips are shut.
        """
        felt_here = present["emotion"] & (bank == EXPRESSION)
        styled = present["identity"] & (bank != MOUTH)
        usual = self.usual(emotion, noisy.shape[1]) * felt_here[:, None, None]  # (R, T, 20)
        said_here = present["content"] & (bank == MOUTH)
        usual = usual + self.readout(content) * (said_here[:, None, None] * self.real[bank][:, None])
        heard = F.silu(self.content(content.transpose(1, 2)))  # (R, D, T)
        heard = self.drop((heard + F.silu(self.neighbours(heard))).transpose(1, 2))
        heard = self.null_content(self.content_patch(patched(heard)), present["content"])  # (R, T / 2, D)
        moved = self.by_bank(self.motion, patched(noisy - t[:, None, None] * usual), bank)
        x = heard + moved + self.drive(patched(drive))
        felt = self.null_emotion(emotion, felt_here)  # (R, S, 64)
        cond = self.time(time_embedding(t, 64).to(x.dtype)) + self.bank(bank)
        cond = cond + self.emotion(felt.mean(1)) + self.null_style(self.style(style), styled)
        positions = torch.arange(x.shape[1], device=x.device).expand(len(x), -1)
        places = (torch.arange(emotion.shape[1], device=x.device) + 0.5) * EMOTION_FRAMES / PATCH
        everything = torch.ones(felt.shape[:2], dtype=torch.bool, device=x.device)
        hidden = self.denoiser(
            x, cond, positions, None, felt, places.expand(len(x), -1), everything, positions
        )
        flow = self.by_bank(self.out, hidden, bank).unflatten(-1, (PATCH, WIDTH)).flatten(1, 2)
        if not self.training:
            flow = flow * (1 - (1 - DETAIL) * said_here.to(flow.dtype))[:, None, None]
        flow = flow * self.real[bank][:, None] + usual
        if clean is None:
            return flow, None
        named = self.named(torch.cat([noisy + (1 - t)[:, None, None] * flow, clean]))
        return flow, {"named": named, "shut": self.closed_lips(content[bank == MOUTH])}

    def usual(self, emotion: Tensor, num_frames: int) -> Tensor:
        """The mean of the emotion's Gaussian at every frame, (R, S, 64) -> (R, T, 20), straight between
        points."""
        mean, _ = self.faces(emotion)
        at = (torch.arange(num_frames, device=mean.device) + 0.5) / EMOTION_FRAMES - 0.5
        at = at.clamp(0, mean.shape[1] - 1)
        low = at.long().clamp(max=max(0, mean.shape[1] - 2))
        share = (at - low)[:, None].to(mean.dtype)
        return torch.lerp(mean[:, low], mean[:, (low + 1).clamp(max=mean.shape[1] - 1)], share)

    def by_bank(self, layers: nn.ModuleList, x: Tensor, bank: Tensor) -> Tensor:
        """Sends each row through its bank's own layer."""
        out = torch.stack([layer(x) for layer in layers])  # (3, R, ., D)
        return out[bank, torch.arange(len(x), device=x.device)]

    def named(self, weights: Tensor) -> Tensor:
        """Logits of `JUDGED` for expressions, (R, T, 20) -> (R, 8)."""
        return self.judge(torch.cat([weights.mean(1), weights.std(1)], -1))


def patched(x: Tensor) -> Tensor:
    """(R, T, C) -> (R, T / 2, 2 C)"""
    return x.unflatten(1, (-1, PATCH)).flatten(2)
