"""The frozen evaluators of faces: which of MEAD's eight emotions a take shows, and how strongly.

Both are ensembles of small networks over what a take does on average, at its lowest and at its highest: one
of ARKit's coefficients ("portrait-evaluator"), one of the geometry of a face that was found in rendered
frames ("portrait-evaluator-frames"; see `portrait_geometry`). They learned from published shares of action
units (`portrait_units`), never from the presets or the faces that the backend learns from.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from conditioning.face.arkit import GAZE, INDEX, NAMES

from .portrait_units import LABELS, NEUTRAL

if TYPE_CHECKING:
    import numpy as np

CHECKPOINT = "portrait-evaluator"
FRAMES_CHECKPOINT = "portrait-evaluator-frames"
# What is known beside the take: how the person looks at rest, or nothing.
VARIANTS = ("relative", "absolute")
NUM_OUTPUTS = 2 * len(LABELS)
LARGEST = 4.0
# Where somebody looks, and where the jaw swings, says nothing of these emotions.
UNUSED = (*GAZE, "tongueOut", "jawLeft", "jawRight", "mouthLeft", "mouthRight")
PAIRS = tuple(
    (INDEX[name], INDEX[name.replace("Left", "Right")])
    for name in NAMES
    if name.endswith("Left") and name not in UNUSED
)
MIDDLE = tuple(INDEX[name] for name in NAMES if not name.endswith(("Left", "Right")) and name not in UNUSED)
NUM_COEFFICIENTS = 4 * len(PAIRS) + 3 * len(MIDDLE)


class PortraitEvaluator(ModelMixin, ConfigMixin):
    """Judges takes of faces from numbers that describe them.

    Args:
        num_features: numbers that describe a take.
        num_members: networks that are averaged, for each of `VARIANTS`.
        hidden_size: of each.
        dropout, noise: of the standardised features while training.
        temperatures: divisors of the naming logits, one for each of `VARIANTS`.
    """

    @register_to_config
    def __init__(
        self,
        num_features: int = NUM_COEFFICIENTS,
        num_members: int = 6,
        hidden_size: int = 48,
        dropout: float = 0.1,
        noise: float = 0.1,
        temperatures: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        super().__init__()
        variants, width = len(VARIANTS), hidden_size
        self.register_buffer("feature_mean", torch.zeros(variants, num_features))
        self.register_buffer("feature_std", torch.ones(variants, num_features))
        shape = (variants, num_members)
        self.rise = nn.Parameter(torch.randn(*shape, num_features, width) / num_features**0.5)
        self.rise_bias = nn.Parameter(torch.zeros(*shape, 1, width))
        self.fall = nn.Parameter(torch.randn(*shape, width, NUM_OUTPUTS) * 0.5 / width**0.5)
        self.direct = nn.Parameter(torch.zeros(*shape, num_features, NUM_OUTPUTS))
        self.bias = nn.Parameter(torch.zeros(*shape, 1, NUM_OUTPUTS))

    def members(self, features: Tensor) -> Tensor:
        """Every member's outputs: (V, M, B, F) raw features -> (V, M, B, 16) logits, then grades."""
        mean, std = self.feature_mean[:, None, None], self.feature_std[:, None, None]
        x = ((features - mean) / std).clamp(-LARGEST, LARGEST)  # (V, M, B, F)
        rate = self.config["dropout"]
        if self.training:
            x = F.dropout(x + self.config["noise"] * torch.randn_like(x), rate)
        h = F.dropout(F.gelu(x @ self.rise + self.rise_bias), rate, self.training)  # (V, M, B, D)
        return h @ self.fall + x @ self.direct + self.bias  # (V, M, B, 16)

    def forward(self, features: Tensor) -> Tensor:
        """Each variant's calibrated mean: (B, F) -> (V, B, 16)."""
        shape = (len(VARIANTS), self.config["num_members"], *features.shape)
        found = self.members(features.expand(shape)).mean(1)  # (V, B, 16)
        heat = found.new_tensor(self.config["temperatures"])[:, None, None]
        return torch.cat([found[..., : len(LABELS)] / heat, found[..., len(LABELS) :]], -1)

    @torch.no_grad()
    def outputs(self, features: np.ndarray, variant: str = "relative") -> np.ndarray:
        """(N, F) -> (N, 16).

        Raises:
            ValueError: a variant that there is not.
        """
        if variant not in VARIANTS:
            raise ValueError(f"expected a variant out of {', '.join(VARIANTS)}, got {variant!r}")
        rows = torch.from_numpy(features.astype("float32"))
        return self.eval()(rows)[VARIANTS.index(variant)].numpy()

    def scores(self, features: np.ndarray, variant: str = "relative") -> np.ndarray:
        """Gives (N, 8) calibrated logits in the order of `LABELS`.

        Args:
            features: (N, F), against the person's rest for "relative", against nothing for "absolute".
        """
        return self.outputs(features, variant)[:, : len(LABELS)]

    def strength(self, features: np.ndarray, variant: str = "relative") -> np.ndarray:
        """Gives (N, 8): how strongly each emotion is shown, about 0 for none and 1 as people act it.

        Not a probability, which stands still once it is near 1. Of neutral it is 1 less the strongest.
        """
        return strength_of(self.outputs(features, variant)[:, len(LABELS) :])


class FramesEvaluator(PortraitEvaluator):
    """The same, of faces found in frames; what describes them is in `portrait_geometry`.

    Attributes:
        average: (478, 3) the face at rest that is nobody's, for "absolute".
    """

    average: Tensor

    @register_to_config
    def __init__(
        self,
        num_features: int = 1,
        num_members: int = 6,
        hidden_size: int = 48,
        dropout: float = 0.1,
        noise: float = 0.1,
        temperatures: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        super().__init__(num_features, num_members, hidden_size, dropout, noise, temperatures)
        self.register_buffer("average", torch.zeros(478, 3))


def strength_of(grades: np.ndarray) -> np.ndarray:
    """Fills in that of neutral: (N, 8) -> (N, 8)."""
    import numpy as np

    found = np.array(grades, copy=True)
    found[:, NEUTRAL] = 1 - np.delete(found, NEUTRAL, axis=1).max(axis=1)
    return found


def coefficient_features(expression: np.ndarray, reference: np.ndarray | None = None) -> np.ndarray:
    """What the evaluator sees in a take: (T, 52) -> (F,) float32.

    Args:
        expression: in 0..1, one frame or more, any rate.
        reference: (52,) the same face's mean when it feels nothing; None for "absolute".

    Raises:
        ValueError: no frames, or not 52 numbers in each.
    """
    import numpy as np

    rows = np.asarray(expression, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != len(NAMES) or not len(rows):
        raise ValueError(f"expected (T, 52) coefficients of one frame or more, got {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("expected finite coefficients, got others")
    rest = np.zeros(len(NAMES)) if reference is None else np.asarray(reference, dtype=np.float64)
    rows = rows - rest
    left, right = rows[:, [one for one, _ in PAIRS]], rows[:, [other for _, other in PAIRS]]
    uneven = np.abs(left.mean(0) - right.mean(0))
    found = np.concatenate([functionals(np.hstack([(left + right) / 2, rows[:, MIDDLE]])), uneven])
    return found.astype(np.float32)


def functionals(rows: np.ndarray) -> np.ndarray:
    """Mean, tenth and ninetieth percentile over time: (T, D) -> (3 D,)."""
    import numpy as np

    low, high = np.quantile(rows, (0.1, 0.9), axis=0)
    return np.concatenate([rows.mean(0), low, high])


@lru_cache(maxsize=2)
def load_portrait_evaluator(name: str = CHECKPOINT) -> Any:
    """Gives a shipped evaluator on the CPU: "portrait-evaluator" or "portrait-evaluator-frames"."""
    import checkpoints

    return checkpoints.load(name)
