"""A voice without a person, for the tests of what listens to speech."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

import checkpoints

RATE = 16_000
# Its own requirements are too many for an extra; CI installs it like this.
needs_resemblyzer = pytest.mark.skipif(
    importlib.util.find_spec("resemblyzer") is None, reason="pip install --no-deps resemblyzer==0.1.4"
)
needs_evaluator = pytest.mark.skipif(
    "speech-evaluator" not in checkpoints.manifest(), reason="needs the shipped evaluator"
)


def make_voice(
    f0_hz: float = 180.0,
    seconds: float = 1.6,
    *,
    rate: int = RATE,
    syllables_per_s: float = 4.0,
    tilt: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Harmonics with two resonances, in syllables, over a little breath: (S,)."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    f0 = f0_hz * 2 ** (0.15 * np.sin(2 * np.pi * 0.7 * time + rng.uniform(0, 6)))
    phase = 2 * np.pi * np.cumsum(f0) / rate
    sound = np.zeros(len(time))
    for number in range(1, int(6000 / f0_hz)):
        hz = number * f0_hz
        gain = number**-tilt * (
            1 + 6 * np.exp(-(((hz - 600) / 150) ** 2)) + 3 * np.exp(-(((hz - 1700) / 250) ** 2))
        )
        sound += gain * np.sin(number * phase)
    swell = np.maximum(0.0, np.sin(np.pi * syllables_per_s * time)) ** 0.7
    sound = 0.1 * sound / np.abs(sound).max() * swell * 3 + rng.normal(0, 3e-4, len(time))
    return sound.astype(np.float32)
