"""The frozen evaluator of emotional speech: which of five emotions a clip expresses, and how strongly.

A kernel machine over functionals of a whole clip (`speech_features`), fitted in closed form to acted speech
alone (RAVDESS, EmoDB, EmotionTTS). It judges a clip beside neutral clips of the same speaker, so that a deep
or a bright voice is not taken for a mood. It shares no weights and no features with the encoders that
condition nor with the backend, and is never fitted to anything generated.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor

from .speech_features import features_of

if TYPE_CHECKING:
    import numpy as np

CHECKPOINT = "speech-evaluator"
LABELS = ("angry", "happy", "sad", "fearful", "neutral")
NEUTRAL = LABELS.index("neutral")
LARGEST = 4.0


class SpeechEvaluator(ModelMixin, ConfigMixin):
    """Judges clips of speech beside neutral clips of the same speaker.

    Two heads share one kernel: the first names the emotion, the second was fitted to grades (none, normal,
    strong) and says how strong it is.

    Args:
        num_inputs: numbers that describe a clip: its features less the reference, then the features.
        num_support: clips that it was fitted to.
        sharpness: of the Gaussian kernel, over the mean squared distance of a number.
        linear: weight of the linear kernel, which goes on rising where the Gaussian one has ended.
        temperature: divisor of the naming logits, fitted out of fold.
    """

    @register_to_config
    def __init__(
        self,
        num_inputs: int = 198,
        num_support: int = 0,
        sharpness: float = 0.5,
        linear: float = 1.0,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        self.register_buffer("input_mean", torch.zeros(num_inputs))
        self.register_buffer("input_std", torch.ones(num_inputs))
        self.register_buffer("support", torch.zeros(num_support, num_inputs))
        self.register_buffer("weights", torch.zeros(num_support, 2 * len(LABELS)))

    def standardised(self, inputs: Tensor) -> Tensor:
        """(B, F) -> (B, F), no more than 4 deviations from the mean."""
        return ((inputs - self.input_mean) / self.input_std).clamp(-LARGEST, LARGEST)

    def kernel(self, one: Tensor, other: Tensor) -> Tensor:
        """Likeness of standardised clips: (A, F), (B, F) -> (A, B)."""
        width = one.shape[1]
        product = one @ other.T  # (A, B)
        distance = one.square().sum(1)[:, None] + other.square().sum(1)[None] - 2 * product
        near = torch.exp(-self.config["sharpness"] / width * distance.clamp_min(0))
        return near + self.config["linear"] / width * product + 1

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, F) -> (B, 10): five calibrated logits, then five grades."""
        found = self.kernel(self.standardised(inputs), self.support) @ self.weights  # (B, 10)
        return torch.cat([found[:, : len(LABELS)] / self.config["temperature"], found[:, len(LABELS) :]], 1)

    def features(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """What the evaluator hears in a clip: (F,) float32; see `speech_features.features_of`."""
        return features_of(samples, sample_rate)

    def reference(self, neutral: Sequence[tuple[np.ndarray, int]]) -> np.ndarray:
        """What the speaker sounds like when nothing is felt: (F,) float32.

        Args:
            neutral: (samples, sample rate) of real neutral clips of the speaker, four or more; for a
                synthetic voice, recordings of the voice it was made from.

        Raises:
            ValueError: no clips.
        """
        return reference_of([features_of(samples, rate) for samples, rate in neutral])

    @torch.no_grad()
    def scores(self, features: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Gives (N, 5) calibrated logits, in the order of `LABELS`.

        Args:
            features: (N, F) or (F,).
            reference: (F,) of the clips' speaker, or (N, F), one for each clip.
        """
        return self.eval()(inputs_of(features, reference))[:, : len(LABELS)].numpy()

    @torch.no_grad()
    def strength(self, features: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Gives (N, 5): how far each emotion is from neutral, and neutral from the nearest emotion.

        Not a probability, because that stands still once it is near 1: what moves a dial from strong to
        stronger would not be seen. Arguments as for `scores`.
        """
        return strength_of(self.eval()(inputs_of(features, reference))[:, len(LABELS) :].numpy())


def inputs_of(features: np.ndarray, reference: np.ndarray) -> Tensor:
    """What describes clips: features less the reference, and features. (N, F) -> (N, 2 F)"""
    import numpy as np

    plain = np.atleast_2d(np.asarray(features, dtype=np.float32))
    return torch.from_numpy(np.concatenate([plain - np.asarray(reference, np.float32), plain], axis=1))


def strength_of(grades: np.ndarray) -> np.ndarray:
    """Grades less that of neutral; that of neutral less the highest other. (N, 5) -> (N, 5)"""
    import numpy as np

    far = grades - grades[:, NEUTRAL : NEUTRAL + 1]
    far[:, NEUTRAL] = grades[:, NEUTRAL] - np.delete(grades, NEUTRAL, axis=1).max(axis=1)
    return far


def reference_of(features: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of neutral clips' features: (N, F) -> (F,)."""
    import numpy as np

    if not len(features):
        raise ValueError("expected at least one neutral clip of the speaker, got none")
    return np.mean(np.asarray(features, dtype=np.float32), axis=0)


@lru_cache(maxsize=1)
def load_speech_evaluator() -> Any:
    """Gives the shipped evaluator on the CPU (non-commercial: fitted to RAVDESS and EmotionTTS)."""
    import checkpoints

    return checkpoints.load(CHECKPOINT)
