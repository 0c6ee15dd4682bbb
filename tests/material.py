"""How the contract test handles one medium: `tests/<medium>_material.py` has a `MATERIAL` of this class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

import checkpoints
from conditioning import SPACE_VERSION


@dataclass(frozen=True)
class Material:
    """A small backend of the real classes, and requests to it.

    Attributes:
        build: gives a backend with small random weights.
        prompt, options: a quick request. long_prompt: one that takes several windows; None where none does.
        dump: media -> bytes.
        networks: backend -> the modules that it calls with keyword arguments at every step.
        weights: what the provenance says of the small weights: name -> fingerprint.
        batch: keyword arguments of the network's forward -> number of rows it was given.
        window: largest stretch of `seen` that a network call may get.
        seen: keyword arguments of the network's forward -> length of the stretch.
        close: whether what two devices made is nearly the same.
        steady: options under which it should be.
        counted: whether the steps are counted beforehand; else `on_step` hears estimates, which never fall.
        present: keyword arguments of the network's forward -> condition -> (B,) True where it is given.
    """

    build: Callable[[], Any]
    prompt: dict[str, Any]
    options: dict[str, Any]
    long_prompt: dict[str, Any] | None
    dump: Callable[[Any], bytes]
    networks: Callable[[Any], list[torch.nn.Module]]
    weights: Mapping[str, str]
    batch: Callable[[dict[str, Any]], int]
    window: int
    seen: Callable[[dict[str, Any]], int]
    close: Callable[[Any, Any], bool]
    steady: dict[str, Any] = field(default_factory=dict)
    counted: bool = True
    present: Callable[[dict[str, Any]], Mapping[str, torch.Tensor]] = lambda inputs: inputs["present"]


def entry(name: str, model: Any) -> checkpoints.Checkpoint:
    """Gives what the manifest would say of random weights."""
    return checkpoints.Checkpoint(
        name=name,
        file=f"{name}/model.safetensors",
        sha256="0" * 64,
        cls=f"{type(model).__module__}:{type(model).__name__}",
        config=dict(model.config),
        space_version=SPACE_VERSION,
        licence="Apache-2.0",
        non_commercial=False,
        data="none",
        date="2026-01-01",
        command="none",
        figures={},
        extra={},
    )
