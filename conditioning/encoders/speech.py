"""Speech to the shared emotion space: convolutions over frames beside a summary, from one clip alone.

The frozen evaluator of speech (`studio.evaluation.speech_evaluator`) is a kernel machine that compares a clip
with neutral speech of the same person; the two share no weights and no code, so that one can judge what the
other conditions. Sound that is no speech (music, noise) is given some place too: it means nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from .speech_frames import NUM_FEATURES, NUM_MELS, NUM_SUMMARY, RATE, Heard, frames_of, read_speech

CHECKPOINT = "speech-encoder"
# Long recordings are read in stretches of about this length, as long as an utterance.
STRETCH_S = 6.0
# Stretches this much quieter than the loudest say nothing.
QUIET = 0.05
STATES = ("anger", "joy", "sadness", "fear", "neutral", "calm", "disgust", "surprise", "boredom")


class SpeechEncoder(ModelMixin, ConfigMixin):
    """Reads the emotion of a voice.

    Args:
        states: names that the classifier tells apart.
        width: of the hidden layers.
        num_heads: views that attention takes of the frames.
        num_features, num_summary: numbers in a frame and in a summary.
        dim: of the emotion space.
        dropout: of hidden layers while training.
        gain: lengthens every reading's way from neutral; fitted on unseen speakers, as an unsure reader keeps
            too near to neutral.
    """

    @register_to_config
    def __init__(
        self,
        states: Sequence[str] = STATES,
        width: int = 64,
        num_heads: int = 3,
        num_features: int = NUM_FEATURES,
        num_summary: int = NUM_SUMMARY,
        dim: int = 64,
        dropout: float = 0.3,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.register_buffer("frame_std", torch.ones(num_features))
        self.register_buffer("summary_mean", torch.zeros(num_summary))
        self.register_buffer("summary_std", torch.ones(num_summary))
        self.register_buffer("neutral", torch.zeros(dim))
        self.first = nn.Conv1d(num_features, width, 5, stride=2, padding=2)
        self.convs = nn.ModuleList(nn.Conv1d(width, width, 3, padding=d, dilation=d) for d in (1, 2))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.attention = nn.Linear(width, num_heads)
        self.whole = nn.Linear(num_summary, width)
        self.hidden = nn.Linear((num_heads + 3) * width, width)
        self.logits = nn.Linear(width, len(states))
        self.direct = nn.Linear(num_summary, dim)
        self.to_space = nn.Linear(width, dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, frames: Tensor, mask: Tensor, summary: Tensor) -> dict[str, Tensor]:
        """Reads clips.

        Args:
            frames: (B, T, C) as `frames_of` gives them, with zeros after the end.
            mask: (B, T) True where there is a frame.
            summary: (B, S).

        Returns:
            "z" (B, dim); "offset" (B, dim) from neutral before the gain; "logits" (B, K) of the states;
            "hidden" (B, D).
        """
        real = mask.unsqueeze(-1).to(frames.dtype)  # (B, T, 1)
        # A voice's average spectrum names the speaker and the microphone; the frames keep what moves.
        middle = (frames * real).sum(1, keepdim=True) / real.sum(1, keepdim=True)  # (B, 1, C)
        moving = torch.arange(frames.shape[-1], device=frames.device) < NUM_MELS
        x = (frames - middle * moving) / self.frame_std * real  # (B, T, C)
        h = F.gelu(self.norms[0](self.first(x.mT).mT))  # (B, T/2, D)
        mask, real = mask[:, ::2], real[:, ::2]
        for conv, norm in zip(self.convs, self.norms[1:], strict=True):
            h = h + F.gelu(norm(conv((self.drop(h) * real).mT).mT))
        weights = self.attention(h).masked_fill(~mask.unsqueeze(-1), -1e4).softmax(1)  # (B, T/2, H)
        attended = torch.einsum("bth,btd->bhd", weights, h).flatten(1)  # (B, H*D)
        count = real.sum(1)
        mean = (h * real).sum(1) / count
        spread = (((h - mean.unsqueeze(1)).square() * real).sum(1) / count + 1e-4).sqrt()  # (B, D)
        whole = self.drop(((summary - self.summary_mean) / self.summary_std).clamp(-4, 4))  # (B, S)
        parts = [attended, mean, spread, F.gelu(self.whole(whole))]
        h = F.gelu(self.hidden(self.drop(torch.cat(parts, dim=-1))))  # (B, D)
        offset = self.to_space(self.drop(h)) + self.direct(whole)  # (B, dim)
        z = self.neutral + self.config["gain"] * offset
        return {"z": z, "offset": offset, "logits": self.logits(h), "hidden": h}

    @torch.no_grad()
    def read(self, clips: Sequence[Heard]) -> dict[str, Tensor]:
        """Reads clips one at a time: "z" (len, dim), "offset" (len, dim), "logits" (len, K) on the CPU."""
        self.eval()
        outs = []
        for clip in clips:
            frames = torch.from_numpy(clip.frames).to(self.neutral)[None]
            mask = torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)
            outs.append(self.forward(frames, mask, torch.from_numpy(clip.summary).to(frames)[None]))
        return {key: torch.cat([out[key] for out in outs]).float().cpu() for key in ("z", "offset", "logits")}

    def encode(self, source: str | Path | np.ndarray) -> Tensor:
        """Places a voice in the emotion space.

        Args:
            source: path of a sound file (of a long one the loudest 30 s of the first 10 minutes are heard),
                or (S,) samples at 16 kHz.

        Returns:
            z (dim,): the mean over stretches of about 6 s, weighted by their length.

        Raises:
            FileNotFoundError, ValueError: no such file, not sound, shorter than 0.25 s or silent.
        """
        clips = heard(source)
        return shares(clips) @ self.read(clips)["z"]

    def chances(self, source: str | Path | np.ndarray) -> Tensor:
        """How likely each state of `states` is, (K,), together 1; arguments and errors as for `encode`."""
        clips = heard(source)
        return shares(clips) @ self.read(clips)["logits"].softmax(-1)


def heard(source: str | Path | np.ndarray) -> list[Heard]:
    """Hears a file or samples at 16 kHz, stretch by stretch."""
    return stretches(read_speech(source) if isinstance(source, (str, Path)) else source)


def shares(clips: Sequence[Heard]) -> Tensor:
    """How much of the whole each clip is, together 1. (len,)"""
    lengths = torch.tensor([float(len(clip.frames)) for clip in clips])
    return lengths / lengths.sum()


def stretches(samples: np.ndarray) -> list[Heard]:
    """Cuts sound into equal stretches of about 6 s and hears those that are loud enough."""
    count = max(1, round(len(samples) / (STRETCH_S * RATE)))
    parts = np.array_split(samples, count)
    levels = [float(np.linalg.norm(part)) for part in parts]
    return [
        frames_of(part) for part, level in zip(parts, levels, strict=True) if level >= QUIET * max(levels)
    ]


def pad(clips: Sequence[Heard]) -> tuple[Tensor, Tensor, Tensor]:
    """Clips -> (B, T, C) frames, the (B, T) mask of the real ones and (B, S) summaries."""
    padded = nn.utils.rnn.pad_sequence([torch.from_numpy(clip.frames) for clip in clips], batch_first=True)
    lengths = torch.tensor([len(clip.frames) for clip in clips])
    summary = torch.from_numpy(np.stack([clip.summary for clip in clips]))
    return padded, torch.arange(padded.shape[1]) < lengths.unsqueeze(1), summary


@lru_cache(maxsize=1)
def load_speech_encoder() -> Any:
    """Gives the shipped encoder on the CPU (non-commercial: trained on RAVDESS and EmotionTTS)."""
    import checkpoints

    from .. import SPACE_VERSION

    return checkpoints.load(CHECKPOINT, space_version=SPACE_VERSION)
