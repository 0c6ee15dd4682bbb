"""A small conversion backend of the real classes with random weights, and recordings of a made-up voice."""

from __future__ import annotations

import atexit
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from material import Material, entry
from speech_material import opened, small_vocoder

from conditioning import EmotionCurve
from generators.base import build
from generators.conversion.backend import ConversionBackend
from generators.conversion.edits import STRIDE
from generators.conversion.model import EditDenoiser
from generators.conversion.options import ALIGNER, VOCODER
from generators.media import Converted
from generators.voice.aligner import Aligner
from generators.voice.features import HOP_LENGTH, SAMPLE_RATE
from generators.voice.recording_file import LONGEST, stretches

NAME = "conversion-base"
QUICK = {"num_inference_steps": 2, "checkpoint": NAME}
SIZE = {"hidden_size": 16, "depth": 2, "num_heads": 2}
ALIGNER_SIZE = {"width": 8, "depth": 1, "kernel_size": 3}


def voice_like(seconds: float, rate: int = SAMPLE_RATE, f0_hz: float = 140.0, seed: int = 0) -> np.ndarray:
    """Syllables of a buzz with formants, pauses between phrases, a little noise. (S,)"""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    f0 = f0_hz * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * time))
    phase = 2 * np.pi * np.cumsum(f0) / rate
    sound = np.zeros(len(time))
    for k in range(1, 24):
        hertz = k * f0_hz
        weight = sum(np.exp(-(((hertz - peak) / 250) ** 2)) for peak in (550, 1500, 2600)) + 0.05
        sound += weight * np.sin(k * phase) * (hertz < rate / 2)
    syllables = np.sin(np.pi * 3.5 * time) ** 2
    phrases = (time % 2.5) < 2.1
    return (0.1 * sound * syllables * phrases + 1e-3 * rng.standard_normal(len(time))).astype(np.float32)


@lru_cache(maxsize=1)
def folder() -> Path:
    made = tempfile.TemporaryDirectory()
    atexit.register(made.cleanup)
    return Path(made.name)


def recording(seconds: float = 2.0, name: str | None = None, **how: Any) -> str:
    """Gives the path of a recording, written once."""
    path = folder() / (name or f"voice-{seconds:g}-{abs(hash(tuple(sorted(how.items()))))}.wav")
    if not path.exists():
        soundfile.write(path, voice_like(seconds, **how), how.get("rate", SAMPLE_RATE))
    return str(path)


def long_recording() -> str:
    """Three stretches, the last of which is as long as any can be."""
    path = folder() / "long.wav"
    if not path.exists():
        sound = voice_like(40.0)
        soundfile.write(path, sound, SAMPLE_RATE)
        cuts = [len(part) for part in stretches(path)]
        soundfile.write(path, sound[: sum(cuts[:2]) + LONGEST], SAMPLE_RATE)
    return str(path)


def small_backend(seed: int = 0) -> ConversionBackend:
    backend = ConversionBackend()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model, aligner = EditDenoiser(**SIZE), Aligner(**ALIGNER_SIZE)
        opened(model)
        opened(aligner)
    noise = torch.randn(model.summary_of_direction.shape, generator=torch.Generator().manual_seed(3))
    model.summary_of_direction.copy_(0.2 * noise)
    model.scale.fill_(0.3)
    model.checkpoint, aligner.checkpoint = entry(NAME, model), entry(ALIGNER, aligner)
    backend.weights.models |= {NAME: model, ALIGNER: aligner, VOCODER: small_vocoder(seed)}
    return backend


def convert(
    backend: ConversionBackend,
    path: str,
    *,
    emotion: object = "anger",
    prompt: dict[str, Any] | None = None,
    **options: Any,
) -> Converted:
    """Generates from plain values, as `studio` does."""
    return backend.generate(
        build(backend.Prompt, {"audio": path, **(prompt or {})}),
        EmotionCurve.parse(emotion),
        build(backend.Options, {**QUICK, **options}),
    )


def close(one: Converted, two: Converted) -> bool:
    loudness = [float(np.sqrt((audio.samples**2).mean())) for audio in (one, two)]
    return abs(one.duration_s - two.duration_s) < 0.2 and abs(np.log(loudness[0] / loudness[1])) < 0.2


MATERIAL = Material(
    build=small_backend,
    prompt={"audio": recording(2.0)},
    options=QUICK,
    long_prompt={"audio": long_recording()},
    dump=lambda media: media.samples.tobytes() + repr(media.emotion_track).encode(),
    networks=lambda backend: [backend.weights.models[NAME]],
    weights={NAME: "0" * 64, ALIGNER: "0" * 64, VOCODER: "0" * 64},
    batch=lambda inputs: len(inputs["voice"]),
    window=-(-LONGEST // HOP_LENGTH) // STRIDE + 1,
    seen=lambda inputs: inputs["content"].shape[1],
    close=close,
    steady={"temperature": 0.0},
    counted=False,
)
