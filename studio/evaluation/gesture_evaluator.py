"""The frozen evaluator of gestures: which of eight emotions a body shows, how strongly, and a vector for Frechet
distances.

It is a regularised linear discriminant over how a body moves beside how it does the same and feels nothing. What
the arms and legs do is content and not asked; how fast, how smooth and how upright it is done is. It was fitted
to Bandai Namco's actors (CC BY-NC) and shares no weights, features or code with what makes gestures.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor

from .gesture_manner import Signals, feature_names, manner, signals

if TYPE_CHECKING:
    import numpy as np

    from conditioning.body.motion import BodyMotion

CHECKPOINT = "gesture-evaluator-nc"
LABELS = ("neutral", "angry", "happy", "sad", "tired", "insecure", "proud", "excited")
NEUTRAL = 0
LARGEST = 3.0
# Frames of a window: a take is judged in parts of about this length, whose logits are averaged.
WINDOW = 150
# What is done and not how: where the arms are, and all of the legs.
CONTENT = (
    "elbows forward", "elbows bent", "upper arms raised", "hands up", "higher hand up", "hands out",
    "hands forward", "hands apart", "reach", "contraction", "hands unlike", "knees bent", "feet apart", "pelvis up",
)  # fmt: skip
LEGS = ("pelvis, speed", "feet, speed", "bounce, speed")


def judged_names() -> tuple[str, ...]:
    """Names of the features of `manner` from which emotions are named."""
    content = {*CONTENT, *(f"{name}, range" for name in CONTENT), *LEGS}
    return tuple(name for name in feature_names() if name not in content)


class GestureEvaluator(ModelMixin, ConfigMixin):
    """Judges how bodies move beside a neutral motion of the same content.

    Args:
        num_features: of `manner`. num_judged: of them, those by which emotions are named.
        num_described: width of the vector for Frechet distances.
        temperature: divisor of the logits, fitted on unseen contents.
    """

    @register_to_config
    def __init__(
        self,
        num_features: int = len(feature_names()),
        num_judged: int = len(judged_names()),
        num_described: int = 16,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(num_judged))
        self.register_buffer("weight", torch.zeros(num_judged, len(LABELS)))
        self.register_buffer("bias", torch.zeros(len(LABELS)))
        # Log-odds over neutral of nothing, and of real takes, uncalibrated.
        self.register_buffer("zero", torch.zeros(len(LABELS)))
        self.register_buffer("one", torch.ones(len(LABELS)))
        self.register_buffer("mean", torch.zeros(num_features))
        self.register_buffer("deviation", torch.ones(num_features))
        self.register_buffer("basis", torch.zeros(num_features, num_described))

    def forward(self, changes: Tensor) -> Tensor:
        """Uncalibrated logits: (B, F) features less the reference's -> (B, 8)."""
        x = (changes[:, judged_columns()] / self.scale).clamp(-LARGEST, LARGEST)  # (B, J)
        return x @ self.weight + self.bias  # (B, 8)

    @torch.no_grad()
    def scores(self, features: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Gives (N, 8) calibrated logits, in the order of `LABELS`.

        Args:
            features: (N, F). reference: (F,) of a neutral motion of the same content, or (N, F).
        """
        return (self(changes_of(features, reference)) / self.config["temperature"]).numpy()

    @torch.no_grad()
    def strength(self, features: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Gives (N, 8): how strongly each emotion is shown, 0 for none and 1 as actors show it, on average.

        It is the log-odds over neutral on a scale of its own, and not a probability, which stands still once
        it is near 1. Of neutral it is 1 less the strongest. Arguments as for `scores`.
        """
        logits = self(changes_of(features, reference))
        odds = logits - logits[:, NEUTRAL : NEUTRAL + 1]
        found = (odds - self.zero) / (self.one - self.zero).clamp_min(1e-6)
        found[:, NEUTRAL] = 0
        rest = [at for at in range(len(LABELS)) if at != NEUTRAL]
        found[:, NEUTRAL] = 1 - found[:, rest].max(1).values
        return found.numpy()

    @torch.no_grad()
    def described(self, features: np.ndarray) -> np.ndarray:
        """What a motion is, for Frechet distances: (N, F) -> (N, D), real motion has mean 0 and deviations of
        1 before the turn to principal axes."""
        x = torch.from_numpy(features.astype("float32"))
        return (((x - self.mean) / self.deviation).clamp(-2 * LARGEST, 2 * LARGEST) @ self.basis).numpy()


@lru_cache(maxsize=1)
def judged_columns() -> list[int]:
    """Where the features by which emotions are named stand among all."""
    names = feature_names()
    return [names.index(name) for name in judged_names()]


def changes_of(features: np.ndarray, reference: np.ndarray) -> Tensor:
    """(N, F), (F,) or (N, F) -> (N, F) float32."""
    import numpy as np

    plain = np.atleast_2d(np.asarray(features, dtype=np.float32))
    return torch.from_numpy(plain - np.asarray(reference, dtype=np.float32))


def window_features(seen: Signals, size: int = WINDOW) -> np.ndarray:
    """Describes a motion window by window: (N, F); as many equal windows as come nearest to `size` frames."""
    import numpy as np

    count = max(1, round(len(seen) / size))
    edges = np.linspace(0, len(seen), count + 1).round().astype(int)
    return np.stack([manner(seen.between(a, b)) for a, b in itertools.pairwise(edges)])


def motion_features(motion: BodyMotion) -> np.ndarray:
    """(N, F) of a motion of 12 frames or more at 30 Hz; see `gesture_manner.signals` for what is refused."""
    return window_features(signals(motion))


def judged(
    model: GestureEvaluator, takes: Sequence[np.ndarray], references: Sequence[np.ndarray]
) -> dict[str, np.ndarray]:
    """Judges takes, each the mean of its windows.

    Args:
        takes: N x (windows, F). references: N x (F,).

    Returns:
        "logits" (N, 8), "named" (N,) places in `LABELS`, "strength" (N, 8).
    """
    import numpy as np

    pairs = list(zip(takes, references, strict=True))
    logits = np.stack([model.scores(rows, rest).mean(0) for rows, rest in pairs])
    strength = np.stack([model.strength(rows, rest).mean(0) for rows, rest in pairs])
    return {"logits": logits, "named": logits.argmax(1), "strength": strength}


@lru_cache(maxsize=1)
def load_gesture_evaluator() -> Any:
    """Gives the shipped evaluator on the CPU (non-commercial: fitted to Bandai Namco's motions)."""
    import checkpoints

    return checkpoints.load(CHECKPOINT)
