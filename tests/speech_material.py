"""A small speech backend of the real classes with random weights, whose lengths are those of speech."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from material import Material, entry

from conditioning import EmotionCurve
from generators.base import build
from generators.media import Audio
from generators.speech.backend import SpeechBackend
from generators.speech.model import SpeechModel
from generators.speech.options import VOCODER
from generators.speech.plan import EXPRESSION
from generators.speech.prosody import ProsodyDenoiser
from generators.speech.render import CONTEXT, FIRST_WINDOW, WINDOW
from generators.voice.features import FRAME_RATE
from generators.voice.phones import SYMBOLS
from generators.voice.vocoder import Vocoder
from generators.voice.voices import VOICES

NAME = "speech-base"
QUICK = {"num_inference_steps": 2, "checkpoint": NAME}
SIZE = {"hidden_size": 16, "depth": 2, "num_heads": 2, "max_speakers": len(VOICES)}
VOCODER_SIZE = {"width": 8, "depth": 1, "kernel_size": 3}
FRAMES = {"phone": 7.0, "pause": 2.0}


def opened(module: torch.nn.Module) -> torch.nn.Module:
    """Opens every door: what starts at zero becomes random too."""
    for parameter in module.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.3)
    return module.eval().requires_grad_(False)


def set_usual(prosody: ProsodyDenoiser, phone_frames: float) -> None:
    """Says what is usual: a phone's length, 200 Hz, -30 dB; and that anger is louder, higher and faster."""
    prosody.kind_mean.copy_(torch.tensor([float(np.log1p(phone_frames)), 0, 0, 0, -30.0, -1.0, 0.8]))
    prosody.speaker_mean[:, 1:4] = 5.3
    prosody.kind_mean[len(SYMBOLS) :, 0] = float(np.log1p(FRAMES["pause"]))
    prosody.scale.copy_(torch.tensor([0.15, 0.1, 0.1, 0.1, 4.0, 0.5, 0.1]))
    noise = torch.randn((len(EXPRESSION), 64), generator=torch.Generator().manual_seed(5))
    prosody.expression_of_emotion.copy_(0.3 * noise)
    prosody.expression_std.fill_(0.5)


def small_model(seed: int = 0, phone_frames: float = FRAMES["phone"]) -> SpeechModel:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = SpeechModel(tuple(VOICES), prosody_config=SIZE, acoustic_config=SIZE)
        opened(model)
    set_usual(model.prosody, phone_frames)
    model.acoustic.speaker_mel.fill_(-6.0)
    model.checkpoint = entry(NAME, model)
    return model


def small_vocoder(seed: int = 0) -> Vocoder:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        vocoder = Vocoder(**VOCODER_SIZE)
        opened(vocoder)
    vocoder.checkpoint = entry(VOCODER, vocoder)
    return vocoder


def small_backend(seed: int = 0, phone_frames: float = FRAMES["phone"]) -> SpeechBackend:
    backend = SpeechBackend()
    backend.weights.models[NAME] = small_model(seed, phone_frames)
    backend.weights.models[VOCODER] = small_vocoder(seed)
    return backend


def say(
    backend: SpeechBackend,
    text: str,
    *,
    emotion: object = "joy",
    prompt: dict[str, Any] | None = None,
    on_step: Any = None,
    on_part: Any = None,
    **options: Any,
) -> Audio:
    """Generates from plain values, as `studio` does."""
    return backend.generate(
        build(backend.Prompt, {"text": text, **(prompt or {})}),
        EmotionCurve.parse(emotion),
        build(backend.Options, {**QUICK, **options}),
        on_step=on_step,
        on_part=on_part,
    )


def networks(backend: SpeechBackend) -> list[torch.nn.Module]:
    model = backend.weights.models[NAME]
    return [model.acoustic, model.prosody]


def close(one: Audio, two: Audio) -> bool:
    loudness = [float(np.sqrt((audio.samples**2).mean())) for audio in (one, two)]
    return abs(one.duration_s - two.duration_s) < 0.2 and abs(np.log(loudness[0] / loudness[1])) < 0.2


def seen(inputs: dict[str, Any]) -> int:
    """Frames that the acoustic model is given; tokens for the prosody model, which sees whole sentences."""
    return inputs["plan"].shape[1] if "plan" in inputs else inputs["emotion"].shape[1]


LONG = "She sold a small old boat and the red sails that were on it to a man from the town " * 2
LONG_FRAMES = FIRST_WINDOW + 4 * WINDOW  # as many as fill their windows

MATERIAL = Material(
    build=small_backend,
    prompt={"text": "Hello there."},
    options=QUICK,
    long_prompt={"text": LONG, "duration_s": LONG_FRAMES / FRAME_RATE},
    dump=lambda media: media.samples.tobytes() + repr(media.marks).encode(),
    networks=networks,
    weights={NAME: "0" * 64, VOCODER: "0" * 64},
    batch=lambda inputs: len(inputs["speaker"]),
    window=WINDOW + 2 * CONTEXT,
    seen=seen,
    close=close,
    steady={"temperature": 0.0},
    counted=False,
)
