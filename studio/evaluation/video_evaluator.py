"""The frozen evaluator of videos: which emotion an animated character shows, and which real clip it is nearest to.

Five judges, each fitted without a fifth of the real clips, compare a clip with drawings of those that they know, by a
Gaussian kernel over shapes and colours. A clip is judged only by the one that never saw the real clip nearest to it, so
that a copy of a real clip is named no better than that clip would be by somebody who does not know it. It shares no
weights and no code with what makes videos or reads pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor

from .video_character import NUM_FEATURES, THUMBNAIL, character, described, distances, stills_of, thumbnails

if TYPE_CHECKING:
    import numpy as np

CHECKPOINT = "video-evaluator"
LARGEST = 4.0  # of a standardised feature
STEPS = 255 / (2 * LARGEST)  # in which it is kept


class Judged(NamedTuple):
    """What a clip shows.

    Attributes:
        chances: (L,) of each label, calibrated, sum 1, by the judge that never saw the nearest real clip.
        by_all: (L,) the mean of all judges.
        nearest: number of the nearest real clip. distance: to it, see `video_character.distances`.
    """

    chances: np.ndarray
    by_all: np.ndarray
    nearest: int
    distance: float


class VideoEvaluator(ModelMixin, ConfigMixin):
    """Names the emotion of clips.

    Args:
        labels: emotions that are told apart.
        tags: of all real clips that are compared with.
        fold_of: of each of them, the number of the judge that never saw it; -1 of clips of other emotions, which
            none saw.
        num_folds: judges. num_stills: pictures that are kept of each real clip. num_drawings: that clips are
            compared with.
        width: of the kernel, in mean distances of drawings from their middle.
        temperature: divisor of the logits, fitted on clips that a judge never saw.
        copy_distance: nearer than this only one real clip in 20 is to any other.
    """

    mean: Tensor  # (F,)
    scale: Tensor  # (F,)
    drawings: Tensor  # (M, F) uint8, standardised features
    weight: Tensor  # (K, M, L); 0 where a judge does not know the drawing
    known: Tensor  # (N, S, P) uint8

    @register_to_config
    def __init__(
        self,
        labels: Sequence[str] = ("neutral",),
        tags: Sequence[str] = ("none",),
        fold_of: Sequence[int] = (0,),
        num_folds: int = 5,
        num_stills: int = 8,
        num_drawings: int = 1,
        width: float = 1.0,
        temperature: float = 1.0,
        copy_distance: float = 0.0,
    ) -> None:
        super().__init__()
        pixels = 3 * THUMBNAIL**2
        self.register_buffer("mean", torch.zeros(NUM_FEATURES))
        self.register_buffer("scale", torch.ones(NUM_FEATURES))
        self.register_buffer("drawings", torch.zeros(num_drawings, NUM_FEATURES, dtype=torch.uint8))
        self.register_buffer("weight", torch.zeros(num_folds, num_drawings, len(labels)))
        self.register_buffer("known", torch.zeros(len(tags), num_stills, pixels, dtype=torch.uint8))

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.config["labels"])

    @torch.no_grad()
    def judge(self, frames: np.ndarray) -> Judged:
        """Judges a clip, (T, H, W, 3) uint8 RGB, T from 1, by up to 12 frames evenly over it."""
        return self.judge_crops(character(stills_of(frames)))

    @torch.no_grad()
    def judge_crops(self, crops: Tensor) -> Judged:
        """As `judge`, of what `video_character.character` gave."""
        fold_of = torch.tensor(self.config["fold_of"])
        far = distances(thumbnails(crops), self.known.float() / 255)
        # Clips of other emotions were seen by none, so that any may judge a copy of them.
        seen = far.masked_fill(fold_of < 0, torch.inf)
        chances = self.logits(described(crops)[None])[0].softmax(-1)
        nearest = int(far.argmin())
        fold = int(fold_of[seen.argmin()])
        return Judged(chances[fold].numpy(), chances.mean(0).numpy(), nearest, float(far[nearest]))

    def logits(self, features: Tensor) -> Tensor:
        """Calibrated logits of every judge: (B, F) -> (B, K, L)."""
        alike = self.alike(features)
        return torch.einsum("bm,kml->bkl", alike, self.weight) / self.config["temperature"]

    def alike(self, features: Tensor) -> Tensor:
        """How alike clips are to the known drawings, 0..1: (B, F) -> (B, M)."""
        far = torch.cdist(self.standardised(features), self.drawings.float() / STEPS - LARGEST)
        return (-far.square() / (features.shape[1] * self.config["width"] ** 2)).exp()

    def standardised(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, F) in -4..4."""
        return ((features - self.mean) / self.scale).clamp(-LARGEST, LARGEST)

    def know(self, features: Tensor) -> None:
        """Takes drawings, (M, F), to compare clips with; the middle and the spread are there already."""
        self.drawings.copy_(((self.standardised(features) + LARGEST) * STEPS).round())

    def tag(self, number: int) -> str:
        """Gives the name of a real clip."""
        return str(self.config["tags"][number])


@lru_cache(maxsize=1)
def load_video_evaluator() -> Any:
    """Gives the shipped evaluator on the CPU."""
    import checkpoints

    return checkpoints.load(CHECKPOINT)
