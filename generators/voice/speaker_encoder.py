"""A recording to a direction that says who speaks, whatever is felt: discriminant analysis over how each
class of phones sounds."""

from __future__ import annotations

import numpy as np
import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from scipy.fft import dct

from .features import Frames
from .phones import CLASSES, class_matrix

CHECKPOINT = "speaker-encoder"
NUM_SHAPE = 16
PIECE_FRAMES = 280  # about 3 s: the least in which a voice is known
PRIOR_FRAMES = 15.0
NUM_INPUTS = (len(CLASSES) - 1) * NUM_SHAPE + 2
F0_WEIGHT = 8.0  # so that log f0 has about the spread of the other numbers


class SpeakerEncoder(ModelMixin, ConfigMixin):
    """A linear map, fitted in closed form, from what `inputs` measures to a direction.

    Args:
        size: of the direction.

    Source: Fisher's discriminant analysis for speakers, as on i-vectors in Dehak et al. 2011, "Front-end
    factor analysis for speaker verification", section III.
    """

    @register_to_config
    def __init__(self, size: int = 16) -> None:
        super().__init__()
        self.register_buffer("usual", torch.zeros(len(CLASSES) - 1, 100))
        self.register_buffer("mean", torch.zeros(NUM_INPUTS))
        self.register_buffer("project", torch.zeros(NUM_INPUTS, size))
        # Pieces of one voice are at least this alike in all but 2 of 100 cases.
        self.register_buffer("least_alike", torch.zeros(()))

    def inputs(self, frames: Frames, phones: np.ndarray) -> np.ndarray:
        """What is measured of a recording. (T, phones) posteriors -> (98,)"""
        share = phones @ class_matrix()[:, 1:]  # (T, classes)
        count = share.sum(0)
        envelope = frames.envelope
        usual = self.usual.float().cpu().numpy()
        colour = share.T @ envelope / np.maximum(count, 1e-3)[:, None] - usual
        own = (count[:, None] * colour).sum(0) / (count.sum() + PRIOR_FRAMES)
        weight = (count / (count + PRIOR_FRAMES))[:, None]
        shape = dct(weight * colour + (1 - weight) * own, norm="ortho", axis=1)[:, :NUM_SHAPE]
        shape[:, 0] -= shape[:, 0].mean()  # the level is the microphone's
        voiced = frames.f0_hz[frames.f0_hz > 0]
        log_f0 = np.log(voiced) if len(voiced) > 9 else np.full(2, 5.0)
        return np.concatenate([shape.ravel(), [F0_WEIGHT * log_f0.mean(), F0_WEIGHT * log_f0.std()]])

    def embed(self, frames: Frames, phones: np.ndarray) -> np.ndarray:
        """Who speaks: a direction of length 1. (16,)"""
        mean, project = (x.float().cpu().numpy() for x in (self.mean, self.project))
        found = (self.inputs(frames, phones) - mean) @ project
        return np.asarray(found / (np.linalg.norm(found) + 1e-9))


def discriminant(
    inputs: np.ndarray, speakers: np.ndarray, size: int, shrink: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Directions in which people differ most for how much one person differs from himself.

    Args:
        inputs: (N, D). speakers: (N,) names.

    Returns:
        The mean (D,) and the map (D, size).
    """
    from scipy.linalg import eigh

    names = np.unique(speakers)
    centres = np.stack([inputs[speakers == name].mean(0) for name in names])
    apart = inputs - centres[np.searchsorted(names, speakers)]
    within = apart.T @ apart / len(inputs)
    within = (1 - shrink) * within + shrink * np.diag(np.diag(within)) + 1e-3 * np.eye(len(within))
    middle = centres - centres.mean(0)
    _, vectors = eigh(middle.T @ middle / len(names), within)
    return inputs.mean(0), vectors[:, ::-1][:, :size]


def equal_error(alike: np.ndarray, same: np.ndarray) -> float:
    """The rate at which as many pairs of one person are refused as pairs of two are let through.

    Args:
        alike: (P,) similarity of pairs. same: (P,) whether of one person.
    """
    thresholds = np.quantile(alike, np.linspace(0, 1, 400))
    refused = np.array([(alike[same] < t).mean() for t in thresholds])
    passed = np.array([(alike[~same] >= t).mean() for t in thresholds])
    at = np.abs(refused - passed).argmin()
    return round(float((refused[at] + passed[at]) / 2), 4)
