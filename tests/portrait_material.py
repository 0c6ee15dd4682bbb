"""A small portrait backend of the real classes with random motion weights, and a photo of nobody."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from conversion_material import ALIGNER_SIZE, folder, recording
from material import Material, entry
from speech_material import opened

import checkpoints
from conditioning import EmotionCurve
from generators.base import build
from generators.media import Portrait
from generators.portrait.backend import PortraitBackend
from generators.portrait.faces import FACE_MODEL, INTERIOR
from generators.portrait.model import MotionDenoiser
from generators.portrait.speak import ALIGNER, WINDOW
from generators.voice.aligner import Aligner

NAME = "portrait-motion"
QUICK = {"num_inference_steps": 2, "checkpoint": NAME, "width": 64, "height": 64, "frame_rate": 5.0}
SIZE = {"hidden_size": 16, "depth": 2, "num_heads": 2}


@lru_cache(maxsize=4)
def photo(name: str = "face.png", pixels: int = 384, **pose: float) -> str:
    """Gives the path of a picture of the 3D head, which is nobody's.

    Args:
        pose: yaw, pitch, roll in radians; seed of the person.
    """
    from PIL import Image

    from generators.portrait.head_renderer import HeadRenderer

    path = folder() / name
    drawer = HeadRenderer(seed=int(pose.pop("seed", 0)) or None, size=(pixels, pixels))
    turned = torch.tensor([[pose.get(axis, 0.0) for axis in ("yaw", "pitch", "roll")] + [0.0] * 3])
    frames = drawer.render(torch.zeros(1, 52), turned, torch.zeros(1, 2))
    Image.fromarray(frames[0].numpy()).save(path)
    return str(path)


def small_backend(seed: int = 0) -> PortraitBackend:
    backend = PortraitBackend()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model, aligner = MotionDenoiser(**SIZE), Aligner(**ALIGNER_SIZE)
        opened(model)
        opened(aligner)
    model.banks.load_state_dict(checkpoints.load(NAME).banks.state_dict())  # what weights stand for
    model.checkpoint, aligner.checkpoint = entry(NAME, model), entry(ALIGNER, aligner)
    backend.weights.models |= {NAME: model, ALIGNER: aligner}
    return backend


def portray(
    backend: PortraitBackend, prompt: dict[str, Any], emotion: object = "joy", **options: Any
) -> Portrait:
    """Generates from plain values, as `studio` does."""
    return backend.generate(
        build(backend.Prompt, prompt),
        EmotionCurve.parse(emotion),
        build(backend.Options, {**QUICK, **options}),
    )


def dump(film: Portrait) -> bytes:
    motion = film.motion
    numbers = (motion.expression, motion.head_pose, motion.gaze)
    return b"".join(part.tobytes() for part in numbers) + Path(film.file).read_bytes()


def close(one: Portrait, two: Portrait) -> bool:
    return bool(np.abs(one.motion.expression - two.motion.expression).max() < 0.02)


MATERIAL = Material(
    build=small_backend,
    prompt={"audio": recording(2.0), "image": photo()},
    options=QUICK,
    long_prompt={"audio": recording(17.0), "image": photo()},
    dump=dump,
    networks=lambda backend: [backend.weights.models[NAME]],
    weights={
        NAME: "0" * 64,
        ALIGNER: "0" * 64,
        **{name: checkpoints.manifest()[name].fingerprint for name in (FACE_MODEL, INTERIOR)},
    },
    batch=lambda inputs: len(inputs["bank"]) // len(inputs["bank"].unique()),
    window=WINDOW,
    seen=lambda inputs: inputs["content"].shape[1],
    close=close,
    counted=False,
)
