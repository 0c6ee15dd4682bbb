"""MIDI to the shared emotion space: attention over half-second frames relative to the key.

The frozen evaluator of music (`studio.evaluation.music_evaluator`) reads statistics of the whole clip with
another kind of network; the two share no weights and no code, so that one can judge what the other
conditions.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from .music_frames import MAX_FRAMES, NUM_FEATURES, frames_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import symusic

CHECKPOINT = "music-encoder"


class MusicEncoder(ModelMixin, ConfigMixin):
    """Reads the emotion of a piece of music from its notes.

    Args:
        width: of the hidden layers.
        num_heads: views that attention takes of the frames.
        num_features: numbers in a frame.
        dim: of the emotion space.
        dropout: of hidden layers while training; inputs lose two thirds of it.
        valence_scale, arousal_scale: logit that reads as tanh(1) = 0.76; fitted so that readings stay graded.
    """

    @register_to_config
    def __init__(
        self,
        width: int = 64,
        num_heads: int = 2,
        num_features: int = NUM_FEATURES,
        dim: int = 64,
        dropout: float = 0.3,
        valence_scale: float = 1.5,
        arousal_scale: float = 1.5,
    ) -> None:
        super().__init__()
        self.register_buffer("frame_mean", torch.zeros(num_features))
        self.register_buffer("frame_std", torch.ones(num_features))
        self.inputs = nn.Linear(num_features, width)
        self.attention = nn.Linear(width, num_heads)
        self.summary = nn.Linear(2 * num_features, width)
        self.hidden = nn.Linear((num_heads + 3) * width, width)
        self.direct = nn.Linear(2 * num_features, 6)
        self.head = nn.Linear(width, 6)
        self.to_space = nn.Sequential(nn.Linear(width + 2, 2 * width), nn.GELU(), nn.Linear(2 * width, dim))
        self.drop = nn.Dropout(dropout)
        self.drop_input = nn.Dropout(dropout * 2 / 3)

    def forward(self, frames: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Reads sequences of frames.

        Args:
            frames: (B, T, C) as `frames_of` gives them.
            mask: (B, T) True where there is a frame.

        Returns:
            "z" (B, dim); "va" (B, 2) logits of high valence and high arousal; "quadrant" (B, 4) logits of
            Q1..Q4; "hidden" (B, D + 2) what the head into the space reads.
        """
        x = ((frames - self.frame_mean) / self.frame_std).clamp(-6, 6)  # (B, T, C)
        statistics = self.drop_input(mean_std(x, mask))  # (B, 2C)
        h = F.gelu(self.inputs(self.drop_input(x)))  # (B, T, D)
        weights = self.attention(h).masked_fill(~mask.unsqueeze(-1), -1e4).softmax(1)  # (B, T, H)
        attended = torch.einsum("bth,btd->bhd", weights, h).flatten(1)  # (B, H*D)
        summary = self.drop(F.gelu(self.summary(statistics)))  # (B, D)
        h = torch.cat([attended, mean_std(h, mask), summary], dim=-1)  # (B, (H+3)D)
        h = self.drop(F.gelu(self.hidden(h)))  # (B, D)
        logits = self.head(h) + self.direct(statistics)  # (B, 6)
        va = logits[:, 4:]
        h = torch.cat([h, self.graded(va)], dim=-1)  # (B, D+2)
        return {"z": self.to_space(h), "va": va, "quadrant": logits[:, :4], "hidden": h}

    def graded(self, logits: Tensor) -> Tensor:
        """(B, 2) logits -> (B, 2) valence and arousal in -1..1."""
        scale = logits.new_tensor([self.config["valence_scale"], self.config["arousal_scale"]])
        return torch.tanh(logits / scale)

    @torch.no_grad()
    def read(self, clips: Sequence[np.ndarray]) -> dict[str, Tensor]:
        """Reads whole clips of any length: the mean over stretches of at most two minutes, weighted by
        length.

        Args:
            clips: note arrays (N, 4) onset_s, duration_s, pitch, velocity, in any order; N >= 1.

        Returns:
            "z" (len, dim), "va" (len, 2) logits, "quadrant" (len, 4) logits; float32 on the CPU.
        """
        self.eval()
        rows = [self.read_one(frames_of(clip)) for clip in clips]
        return {key: torch.stack([row[key] for row in rows]) for key in ("z", "va", "quadrant")}

    def read_one(self, frames: np.ndarray) -> dict[str, Tensor]:
        """(T, C) frames of one clip -> its outputs without the batch axis."""
        parts = torch.from_numpy(frames).to(self.frame_mean).tensor_split(-(-len(frames) // MAX_FRAMES))
        share = torch.tensor([len(part) / len(frames) for part in parts])
        outs = [
            self.forward(part[None], torch.ones(1, len(part), dtype=torch.bool, device=part.device))
            for part in parts
        ]
        return {key: share @ torch.cat([out[key].float().cpu() for out in outs]) for key in outs[0]}

    def read_va(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """Gives valence and arousal of note arrays: (len, 2), each in -1..1, graded."""
        return self.graded(self.read(clips)["va"]).numpy()

    def encode(self, source: str | Path | symusic.Score) -> Tensor:
        """Places a piece in the emotion space.

        Args:
            source: path of a MIDI or MusicXML file, or a symusic score.

        Returns:
            z (dim,).

        Raises:
            FileNotFoundError, ValueError: no such file, not MIDI, or no notes in it.
        """
        from .midi import note_array, read_midi

        notes = note_array(read_midi(source) if isinstance(source, (str, Path)) else source)
        if len(notes) == 0:
            raise ValueError("expected music with at least one note, got none")
        return self.read([notes])["z"][0]


def mean_std(x: Tensor, mask: Tensor) -> Tensor:
    """Mean and standard deviation over the real frames. (B, T, C), (B, T) -> (B, 2C)."""
    real = mask.unsqueeze(-1).to(x.dtype)
    count = real.sum(1).clamp(min=1)
    mean = (x * real).sum(1) / count
    variance = ((x - mean.unsqueeze(1)).square() * real).sum(1) / count
    return torch.cat([mean, (variance + 1e-4).sqrt()], dim=-1)


def pad(sequences: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """(T_i, C) arrays -> (B, T, C) frames and the (B, T) mask of the real ones."""
    frames = [torch.from_numpy(sequence) for sequence in sequences]
    padded = nn.utils.rnn.pad_sequence(frames, batch_first=True)
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    return padded, torch.arange(padded.shape[1]) < lengths.unsqueeze(1)


@lru_cache(maxsize=1)
def load_music_encoder() -> Any:
    """Gives the shipped encoder on the CPU (non-commercial: trained on EMOPIA)."""
    import checkpoints

    return checkpoints.load(CHECKPOINT)
