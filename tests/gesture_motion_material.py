"""A gesture model that is small, with manners and a library but untrained; voices and movements to drive it with."""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import torch

from conditioning import load_space
from conditioning.body.motion import BodyMotion
from generators.gesture.compose import composed
from generators.gesture.concepts import Gesture
from generators.gesture.emotion_manners import from_dials, published
from generators.gesture.features import frames_of
from generators.gesture.manner import measured
from generators.gesture.model import GestureDenoiser
from generators.gesture.plan import planned
from generators.gesture.poses import Arm, pose_of
from generators.gesture.rhythm import made_up_voice
from generators.gesture.train import fit_manners

RATE = 24_000
TINY = {"hidden_size": 32, "depth": 2, "num_heads": 2}
SLOW = {"head down": 0, "spine bent": 12, "leaning": 0, "shrug": 0, "rounded": 0, "arms out": 0, "elbows": 0,
        "lower": 3, "arms": -0.4, "torso": -0.3, "head": 0, "tempo": -0.3, "sway": 0}  # fmt: skip


def talk(num_frames: int = 200, seed: int = 0) -> BodyMotion:
    """Composed talk."""
    rng = np.random.default_rng(seed)
    return composed(planned(made_up_voice(num_frames, rng), num_frames, rng), num_frames, rng)


def library() -> list[Gesture]:
    """Two gestures of two key poses."""
    up, out = (pose_of(arm, arm) for arm in (Arm(30, 20, 60, 0), Arm(20, 40, 0, -30)))
    return [
        Gesture("big", "iconic/emblem", np.array([0.0, 1.0]), np.stack([up, out])),
        Gesture("nod", "iconic/emblem", np.array([0.0, 1.0]), np.stack([out, up])),
    ]


@lru_cache(maxsize=1)
def tiny_model() -> GestureDenoiser:
    return new_model(0)


def new_model(seed: int) -> GestureDenoiser:
    """Its flow is random; the manners are those that were published."""
    space, gestures = load_space(), library()
    torch.manual_seed(seed)
    model = GestureDenoiser(
        **TINY,
        num_states=len(space.state_names),
        styles=["normal", "slow"],
        gestures=[[each.name, each.category, len(each.times_s)] for each in gestures],
    )
    model.keep_library(gestures)
    fit_manners(model, space, published(), {"slow": from_dials(SLOW)})
    motion = talk(600)
    model.set_scale(frames_of(motion))
    model.set_neutral(measured(motion))
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.denoiser.parameters():  # doors start at zero: open them
        torch.nn.init.normal_(parameter, 0, 0.05, generator=generator)
    torch.nn.init.normal_(model.out.weight, 0, 0.01, generator=generator)
    model.checkpoint = SimpleNamespace(
        name="gesture-nc", fingerprint="0", licence="none", non_commercial=True, extra={}
    )
    return model.eval().requires_grad_(False)


class TinyWeights:
    """Gives the tiny model under any name."""

    def get(self, name: str) -> GestureDenoiser:
        return tiny_model()


def voice(seconds: float, rate: int = RATE) -> np.ndarray:
    """Something like syllables: a buzz of 140 Hz that comes and goes four times a second, with a pause."""
    time = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 140 * harmonic * time) / harmonic for harmonic in range(1, 12))
    loud = np.maximum(0, np.sin(2 * np.pi * 2 * time)) ** 0.5 * (np.sin(2 * np.pi * time / 5) > -0.7)
    return (0.1 * buzz * loud).astype(np.float32)
