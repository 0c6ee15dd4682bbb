"""A small gesture backend of the real classes with random weights, and voices for it."""

from __future__ import annotations

import numpy as np
from conversion_material import recording
from gesture_motion_material import new_model
from material import Material, entry

from generators.gesture.backend import GestureBackend
from generators.gesture.windows import WINDOW
from generators.media import Motion

NAME = "gesture-nc"
QUICK = {"num_inference_steps": 4, "checkpoint": NAME}


def small_backend(seed: int = 0) -> GestureBackend:
    backend = GestureBackend()
    model = new_model(seed)
    model.checkpoint = entry(NAME, model)
    backend.weights.models[NAME] = model
    return backend


def dump(made: Motion) -> bytes:
    return made.motion.rotations.tobytes() + made.motion.root.tobytes()


def close(one: Motion, two: Motion) -> bool:
    return bool(np.abs(one.motion.rotations - two.motion.rotations).max() < 0.02)


MATERIAL = Material(
    build=small_backend,
    prompt={"audio": recording(2.0)},
    options=QUICK,
    long_prompt={"audio": recording(130.0)},
    dump=dump,
    networks=lambda backend: [backend.weights.models[NAME]],
    weights={NAME: "0" * 64},
    batch=lambda inputs: len(inputs["style"]),
    window=WINDOW,
    seen=lambda inputs: inputs["rhythm"].shape[1],
    close=close,
)
