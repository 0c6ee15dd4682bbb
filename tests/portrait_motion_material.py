"""A motion model that is small or shipped, sounds to drive it with, and made-up takes to train on."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

import checkpoints
from conditioning.face.motion import FaceMotion
from generators.portrait.content import NUM_CONTENT
from generators.portrait.takes import Silent, Spoken
from generators.weights import Weights

RATE = 24_000


@lru_cache(maxsize=1)
def shipped() -> Weights:
    return Weights("cpu")


@lru_cache(maxsize=1)
def shipped_model():
    return shipped().get("portrait-motion")


def tone(seconds: float, rate: int = RATE) -> np.ndarray:
    """Something like syllables: a buzz of 140 Hz that comes and goes four times a second."""
    time = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 140 * harmonic * time) / harmonic for harmonic in range(1, 12))
    loud = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * time)
    return (0.1 * buzz * loud).astype(np.float32)


def made_up_takes(count: int = 200) -> tuple[list[Spoken], list[Silent]]:
    """Takes of random movement, one of each kind that clips are composed of."""
    rng = np.random.default_rng(0)
    mouth = np.zeros((count, 52))
    mouth[:, 17:20] = np.abs(np.cumsum(rng.normal(0, 0.05, (count, 3)), 0)).clip(0, 1)
    content = rng.normal(0, 1, (count, NUM_CONTENT))
    spoken = [Spoken(content.astype(np.float16), mouth.astype(np.float16), "one")]
    face = np.zeros((count, 52), np.float32)
    face[:, 41:46] = 0.1 * np.sin(np.arange(count) / 9)[:, None]
    gaze = rng.normal(0, 0.05, (count, 2)).astype(np.float32)
    return spoken, [Silent(face, gaze, False), Silent(face, gaze, True), Silent(face, gaze, True)]


def random_faces(count: int = 6) -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 1, (count, 52)).astype(np.float32)


def checkpoint_is_there() -> bool:
    return "portrait-motion" in checkpoints.manifest()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def whole(pieces) -> FaceMotion:
    """One motion at 30 frames a second from its pieces."""
    return FaceMotion(
        *(
            np.concatenate([getattr(piece, name) for piece in pieces])
            for name in ("expression", "head_pose", "gaze")
        ),
        30.0,
    )
