"""The gesture denoiser: what a body does around the manner of its emotion, asked for by rhythm and key poses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from conditioning.adapters import LearnedNull
from conditioning.body.skeleton import INDEX, NUM_JOINTS, PARTS
from generators.denoiser import Denoiser, time_embedding

from .concepts import Gesture, Library
from .emotion_manners import EmotionManners
from .features import CONTACTS, HEIGHT, PLANAR, WIDTH, YAW
from .manner import MOVED, NUM_MANNER, Measured
from .poses import NUM_POSED
from .rhythm import NUM_TRACKS

PATCH = 2  # frames that the denoiser sees as one
EMOTION_FRAMES = 10  # frames from one point of the emotion curve to the next
KNOWN_PARTS = tuple(
    PARTS
)  # head, torso, left arm, right arm, legs; the way over the floor goes with the legs
NUM_KNOWN = len(KNOWN_PARTS)
LEAST_STD = 0.02
LATEST = 0.02  # of the way that is left when the flow is asked for


def part_columns() -> np.ndarray:
    """Which part each column of a row belongs to, (140,) index into `KNOWN_PARTS`."""
    out = np.zeros(WIDTH, np.int64)
    for number, part in enumerate(KNOWN_PARTS):
        for name in PARTS[part]:
            out[6 * INDEX[name] : 6 * INDEX[name] + 6] = number
    out[[HEIGHT, *range(PLANAR.start, PLANAR.stop), YAW]] = KNOWN_PARTS.index("legs")
    out[CONTACTS] = KNOWN_PARTS.index("legs")
    return out


class GestureDenoiser(ModelMixin, ConfigMixin):
    """Flow of standardised rows of motion over frames.

    Its layers give the clean rows, from which the flow follows: what they cannot pass on is then noise, not movement.

    What it draws has no manner yet: `manner.in_manner` gives it the emotion's and the style's. It hears the emotion
    through both doors all the same, for what no manner holds.

    Args:
        styles: names of performers' ways of moving.
        gestures: of the library: [name, category, number of key poses] each.

    Source: Lipman et al. 2023 (flow matching); clean rows instead of the flow: Li and He 2025, "Back to basics: let
    denoising generative models denoise"; content, style and emotion apart: Chhatre et al. 2024, "AMUSE",
    section 3; known frames as a condition: Cohan et al. 2024, "Flexible motion in-betweening with diffusion models".
    """

    mean: Tensor  # (140,)
    std: Tensor  # (140,)
    style_rows: Tensor  # (styles, 73) their manners
    neutral_pose: Tensor  # (22, 4) mean rotations of people who feel nothing much
    neutral_ways: Tensor  # (10,) and how they move: `manner.Measured`'s other values
    key_times: Tensor  # (keys,) of all gestures of the library one after another, in s
    key_poses: Tensor  # (keys, 10, 4)
    columns: Tensor

    if TYPE_CHECKING:  # which ModelMixin hides
        __call__: Callable[..., tuple[Tensor, None]]

    @register_to_config
    def __init__(
        self,
        hidden_size: int = 144,
        depth: int = 4,
        num_heads: int = 4,
        emotion_size: int = 64,
        num_states: int = 92,
        styles: Sequence[str] = ("normal",),
        gestures: Sequence[Sequence[Any]] = (),
    ) -> None:
        super().__init__()
        self.manners = EmotionManners(num_states, emotion_size)
        self.rhythm = nn.Conv1d(NUM_TRACKS, hidden_size // 2, 7, padding=3)
        self.neighbours = nn.Conv1d(hidden_size // 2, hidden_size // 2, 7, padding=3)
        self.rhythm_patch = nn.Linear(PATCH * (hidden_size // 2), hidden_size)
        self.known = nn.Linear(PATCH * (WIDTH + NUM_KNOWN), hidden_size)
        self.motion = nn.Linear(PATCH * WIDTH, hidden_size)
        self.style = nn.Embedding(len(styles), hidden_size)
        self.time = nn.Sequential(nn.Linear(64, hidden_size), nn.SiLU(), nn.Linear(hidden_size, hidden_size))
        self.emotion = nn.Sequential(
            nn.Linear(emotion_size, hidden_size), nn.SiLU(), nn.Linear(hidden_size, hidden_size)
        )
        self.null_content = LearnedNull(hidden_size)
        self.null_style = LearnedNull(hidden_size)
        self.null_emotion = LearnedNull(emotion_size)
        self.denoiser = Denoiser(hidden_size, depth, num_heads, context_size=emotion_size)
        self.out = nn.Linear(hidden_size, PATCH * WIDTH)
        keys = sum(int(count) for _, _, count in gestures)
        # Set by the recipe.
        self.register_buffer("mean", torch.zeros(WIDTH))
        self.register_buffer("std", torch.ones(WIDTH))
        self.register_buffer("style_rows", torch.zeros(len(styles), NUM_MANNER))
        self.register_buffer("neutral_pose", torch.zeros(NUM_JOINTS, 4))
        self.register_buffer("neutral_ways", torch.zeros(2 * len(MOVED) + 2))
        self.register_buffer("key_times", torch.zeros(keys))
        self.register_buffer("key_poses", torch.zeros(keys, NUM_POSED, 4))
        self.register_buffer("columns", torch.from_numpy(part_columns()), persistent=False)

    def forward(
        self,
        noisy: Tensor,
        t: Tensor,
        rhythm: Tensor,
        known: Tensor,
        given: Tensor,
        style: Tensor,
        emotion: Tensor,
        present: dict[str, Tensor],
    ) -> tuple[Tensor, None]:
        """Predicts the flow.

        Args:
            noisy: (B, T, 140), T even. t: (B,) in 0..1.
            rhythm: (B, T, 5) as `rhythm.TRACKS`.
            known: (B, T, 140) standardised rows where they are known. given: (B, T, 5) bool, which parts are.
            style: (B,) int64 number of a style, -1 of none.
            emotion: (B, S, 64), one point for every 10 frames, S = T / 10 rounded up; offsets from neutral.
            present: {"content", "identity", "emotion"} -> (B,) True where the condition is given.

        Returns:
            (B, T, 140), and nothing beside it.
        """
        heard = F.silu(self.rhythm(rhythm.transpose(1, 2)))  # (B, D / 2, T)
        heard = (heard + F.silu(self.neighbours(heard))).transpose(1, 2)
        shown = given.to(noisy.dtype)  # (B, T, 5)
        posed = torch.cat([known * shown[..., self.columns], shown], -1)  # (B, T, 145)
        content = self.rhythm_patch(patched(heard)) + self.known(patched(posed))  # (B, T / 2, D)
        x = self.motion(patched(noisy)) + self.null_content(content, present["content"])
        felt = self.null_emotion(emotion, present["emotion"])  # (B, S, 64)
        styled = present["identity"] & (style >= 0)
        cond = self.time(time_embedding(t, 64).to(x.dtype)) + self.emotion(felt.mean(1))
        cond = cond + self.null_style(self.style(style.clamp(min=0)), styled)
        positions = torch.arange(x.shape[1], device=x.device).expand(len(x), -1)
        places = (torch.arange(felt.shape[1], device=x.device) + 0.5) * EMOTION_FRAMES / PATCH
        everything = torch.ones(felt.shape[:2], dtype=torch.bool, device=x.device)
        hidden = self.denoiser(
            x, cond, positions, None, felt, places.expand(len(x), -1), everything, positions
        )
        clean = self.out(hidden).unflatten(-1, (PATCH, WIDTH)).flatten(1, 2)  # (B, T, 140)
        return (clean - noisy) / (1 - t).clamp(min=LATEST)[:, None, None], None

    def standardised(self, frames: Tensor) -> Tensor:
        """(..., 140) rows -> (..., 140)"""
        return (frames - self.mean) / self.std

    def plain(self, rows: Tensor) -> Tensor:
        """(..., 140) standardised -> (..., 140) rows"""
        return rows * self.std + self.mean

    def set_scale(self, frames: np.ndarray) -> None:
        """Measures mean and spread of rows, (N, 140); the six numbers of a joint share their spread."""
        rows = torch.from_numpy(frames).float()
        std = rows.std(0)
        sixes = std[: 6 * len(INDEX)].view(-1, 6)
        std[: 6 * len(INDEX)] = sixes.square().mean(1, keepdim=True).sqrt().expand(-1, 6).flatten()
        self.mean.copy_(rows.mean(0))
        self.std.copy_(std.clamp(min=LEAST_STD))

    def keep_library(self, gestures: Sequence[Gesture]) -> None:
        """Keeps the gestures that the config names."""
        if gestures:
            self.key_times.copy_(torch.from_numpy(np.concatenate([each.times_s for each in gestures])))
            self.key_poses.copy_(torch.from_numpy(np.concatenate([each.poses for each in gestures])))

    def set_neutral(self, neutral: Measured) -> None:
        """Keeps how people move who feel nothing much."""
        ways = [*neutral.spread, *neutral.speed, neutral.height_cm, neutral.sway_cm]
        self.neutral_pose.copy_(torch.from_numpy(neutral.mean))
        self.neutral_ways.copy_(torch.tensor(ways))

    def neutral(self) -> Measured:
        """How people move who feel nothing much."""
        ways, count = self.neutral_ways.double().cpu().numpy(), len(MOVED)
        pose = self.neutral_pose.double().cpu().numpy()
        return Measured(pose, ways[:count], ways[count : 2 * count], float(ways[-2]), float(ways[-1]))

    def library(self) -> Library:
        """The gestures that were kept."""
        times, poses = self.key_times.double().cpu().numpy(), self.key_poses.double().cpu().numpy()
        out, first = [], 0
        for name, category, count in self.config["gestures"]:
            at = slice(first, first + int(count))
            out.append(Gesture(str(name), str(category), times[at], poses[at]))
            first = at.stop
        return Library(out)


def patched(x: Tensor) -> Tensor:
    """(B, T, C) -> (B, T / 2, 2 C)"""
    return x.unflatten(1, (-1, PATCH)).flatten(2)
