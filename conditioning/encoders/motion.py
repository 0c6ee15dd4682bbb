"""A body's movement to the shared emotion space: how somebody carries and moves themselves, whatever they do.

It sees no reference of the same person or action, so it is less sure than an evaluator that does; the frozen
evaluator of gestures shares no weights and no code with this.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from ..body.rotations import about, multiplied, placed, turned
from ..body.skeleton import INDEX

if TYPE_CHECKING:
    from ..body.motion import BodyMotion

CHECKPOINT = "motion-encoder-nc"
STATES = ("neutral", "anger", "joy", "sadness", "weariness", "submission", "pride", "excitement")
RATE = 30.0
# Of a movement: how long the stretches are that are read, and how many at most.
STRETCH_S, MOST_STRETCHES = 3.0, 60
JOINTS = tuple(
    INDEX[name]
    for name in (
        "pelvis", "spine1", "spine2", "spine3", "neck", "head", "left_collar", "right_collar", "left_shoulder",
        "right_shoulder", "left_elbow", "right_elbow", "left_hip", "right_hip", "left_knee", "right_knee",
    )
)  # fmt: skip
HANDS = (INDEX["left_wrist"], INDEX["right_wrist"])
NUM_FEATURES = 5 * len(JOINTS) + 12
LEAST_FRAMES = 8


class Reading(NamedTuple):
    """What a movement shows.

    Attributes:
        z: (64,) point of the emotion space.
        state: the most likely of `STATES`; chance: of it, 0 to 1.
    """

    z: Tensor
    state: str
    chance: float


def features_of(motion: BodyMotion) -> np.ndarray:
    """What a stretch of movement of 30 frames a second is like, without which way it goes. (92,)

    Source: which measures tell emotions apart: Kleinsmith and Bianchi-Berthouze 2013, "Affective body expression
    perception and recognition: a survey", section 4; quantity and contraction: Camurri et al. 2003.
    """
    rotations, root = motion.rotations.astype(np.float64), motion.root.astype(np.float64)
    ahead = turned(rotations[:, 0], np.broadcast_to([0.0, 0.0, 1.0], (len(rotations), 3)))
    heading = np.unwrap(np.arctan2(ahead[:, 0], ahead[:, 2]))
    rotations[:, 0] = multiplied(about(np.array([0.0, 1.0, 0.0]), -heading), rotations[:, 0])
    turns = turns_of(rotations[:, JOINTS])  # (T, J, 3)
    mean = turns.mean(0)
    strays = np.sqrt(np.square(turns - mean).sum(-1).mean(0))
    quick = np.linalg.norm(np.diff(turns, axis=0), axis=-1).mean(0) * RATE
    local = root.copy()
    local[:, [0, 2]] = 0
    places, _ = placed(rotations, local)
    hands = places[:, HANDS] - places[:, :1]
    speed = np.linalg.norm(np.diff(hands, axis=0), axis=-1) * RATE
    walked = np.linalg.norm(np.diff(root[:, [0, 2]], axis=0), axis=-1) * RATE
    bounce = root[:, 1].std()
    jerk = np.linalg.norm(np.diff(places, 3, axis=0), axis=-1).mean() * RATE**3
    whole = [
        np.log1p(speed.mean() / 10), np.log1p(speed.std() / 10), np.log1p(walked.mean() / 20),
        root[:, 1].mean() / 100, np.log1p(bounce), np.log1p(jerk / 100), hands[..., 1].mean() / 50,
        hands[..., 1].std() / 20, hands[..., 2].mean() / 50, np.abs(hands[..., 0]).mean() / 50,
        np.log1p(np.abs(np.diff(heading)).mean() * RATE), (places[:, INDEX["head"], 2] - places[:, 0, 2]).mean() / 20,
    ]  # fmt: skip
    return np.concatenate([mean.ravel(), np.log(strays + 0.02), np.log(quick + 0.02), whole]).astype(
        np.float32
    )


def turns_of(q: np.ndarray) -> np.ndarray:
    """Rotations as axis times angle. (..., 4) -> (..., 3)"""
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    return q[..., 1:] * np.where(sine < 1e-6, 2.0, 2 * np.arctan2(sine, q[..., :1]) / np.maximum(sine, 1e-6))


class MotionEncoder(ModelMixin, ConfigMixin):
    """Reads the emotion of a movement.

    Args:
        states: names that the classifier tells apart.
        width: of the hidden layers. dim: of the emotion space. dropout: of hidden layers while training.
    """

    mean: Tensor  # (92,)
    std: Tensor  # (92,)
    neutral: Tensor  # (64,)

    @register_to_config
    def __init__(
        self, states: Sequence[str] = STATES, width: int = 96, dim: int = 64, dropout: float = 0.3
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(NUM_FEATURES))
        self.register_buffer("std", torch.ones(NUM_FEATURES))
        self.register_buffer("neutral", torch.zeros(dim))
        self.first = nn.Linear(NUM_FEATURES, width)
        self.second = nn.Linear(width, width)
        self.logits = nn.Linear(width, len(states))
        self.to_space = nn.Linear(width, dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Reads stretches.

        Args:
            features: (B, 92) as `features_of` gives them.

        Returns:
            "z" (B, dim); "offset" (B, dim) from neutral; "logits" (B, K) of the states.
        """
        x = ((features - self.mean) / self.std).clamp(-4, 4)
        h = F.gelu(self.first(self.drop(x)))  # (B, D)
        h = h + F.gelu(self.second(self.drop(h)))
        offset = self.to_space(self.drop(h))  # (B, dim)
        return {"z": self.neutral + offset, "offset": offset, "logits": self.logits(h)}

    @torch.no_grad()
    def read(self, motion: BodyMotion) -> Reading:
        """Reads what a movement shows over all its stretches, at most the first three minutes.

        Raises:
            ValueError: fewer than 8 frames at 30 a second.
        """
        from ..body.timing import resampled

        self.eval()
        motion = resampled(motion, RATE)
        if len(motion) < LEAST_FRAMES:
            raise ValueError(f"expected at least {LEAST_FRAMES} frames of movement, got {len(motion)}")
        rows = torch.from_numpy(np.stack([features_of(part) for part in stretches(motion)]))
        out = self.forward(rows.to(self.mean.device, self.mean.dtype))
        chances = out["logits"].softmax(-1).mean(0).cpu()
        best = int(chances.argmax())
        return Reading(out["z"].mean(0).float().cpu(), str(self.config["states"][best]), float(chances[best]))

    def encode(self, source: str | Path | BodyMotion) -> Tensor:
        """Places a movement in the emotion space.

        Args:
            source: path of a .bvh, .npz or .csv, or a motion.

        Returns:
            z (dim,).

        Raises:
            FileNotFoundError, ValueError: no such file, broken, or too short.
        """
        from ..body.folders import read_motion

        return self.read(read_motion(source) if isinstance(source, (str, Path)) else source).z


def stretches(motion: BodyMotion) -> list[BodyMotion]:
    """Cuts a movement into stretches of about 3 s; a rest too short for one goes with the last."""
    size = round(STRETCH_S * RATE)
    count = min(MOST_STRETCHES, max(1, len(motion) // size))
    return [
        motion.between(at * size, len(motion) if at + 1 == count < MOST_STRETCHES else (at + 1) * size)
        for at in range(count)
    ]


@lru_cache(maxsize=1)
def load_motion_encoder() -> Any:
    """Gives the shipped encoder on the CPU."""
    import checkpoints

    from .. import SPACE_VERSION

    return checkpoints.load(CHECKPOINT, space_version=SPACE_VERSION)
