"""Recipe of the motion encoder: recorded movement, to the points of the states that it shows.

What it has learned is measured on kinds of action that were left out, each in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import checkpoints
from training.loop import TrainConfig, steps_done, train, without_time_budget

from .body.motion import BodyMotion
from .body.skeleton import MIRRORED
from .body.takes import Take, bandai
from .encoders.motion import LEAST_FRAMES, RATE, STATES, STRETCH_S, MotionEncoder, features_of
from .space import load_space

PURPOSE = "Reads a movement of a body into the emotion space, so that it can be an emotion reference."
# What the recordings call the states.
STATE_OF = {
    "neutral": "neutral", "angry": "anger", "happy": "joy", "sad": "sadness", "tired": "weariness",
    "insecure": "submission", "proud": "pride", "excited": "excitement",
}  # fmt: skip
# Kinds of action, by how their names begin.
KINDS = {
    "bow": "bow",
    "bye": "bye",
    "walk": "walk",
    "run": "run",
    "dash": "run",
    "raise": "raise",
    "wave": "wave",
}
STEP_FRAMES = 24  # between the starts of stretches
OnStep = Callable[[int, int, dict[str, float]], None]


@dataclass(frozen=True)
class Stretches:
    """N stretches: features (N, 92), state (N,) number in `STATES`, kind (N,) of action, take (N,)."""

    features: np.ndarray
    state: np.ndarray
    kind: np.ndarray
    take: np.ndarray

    def chosen(self, at: np.ndarray) -> Stretches:
        """Those at some places."""
        return Stretches(self.features[at], self.state[at], self.kind[at], self.take[at])


def stretches_of(takes: Sequence[Take]) -> Stretches:
    """Measures every take in stretches of about 3 s, and their mirror images."""
    size = round(STRETCH_S * RATE)
    rows: list[tuple[np.ndarray, int, str, int]] = []
    for number, take in enumerate(takes):
        if take.emotion not in STATE_OF:
            continue
        state = STATES.index(STATE_OF[take.emotion])
        kind = next((kind for name, kind in KINDS.items() if take.content.startswith(name)), "other")
        for first in range(0, max(1, len(take.motion) - size + 1), STEP_FRAMES):
            part = take.motion.between(first, first + size)
            if len(part) < LEAST_FRAMES:
                continue
            for motion in (part, mirrored(part)):
                rows.append((features_of(motion), state, kind, number))
    features, states, kinds, numbers = zip(*rows, strict=True)
    return Stretches(np.stack(features), np.array(states), np.array(kinds), np.array(numbers))


def mirrored(motion: BodyMotion) -> BodyMotion:
    """The same movement with left and right exchanged."""
    flipped = motion.rotations[:, list(MIRRORED)] * np.array([1, 1, -1, -1], np.float32)
    return BodyMotion(flipped, motion.root * np.array([-1, 1, 1], np.float32), motion.frame_rate)


def loss_of(weights: Mapping[str, float]) -> Callable[[nn.Module, dict[str, Tensor], int], dict[str, Tensor]]:
    """Gives the loss: distance to the point, classification, and the place."""
    space = load_space()
    offsets = space.offsets()[[space.index(name) for name in STATES]].detach()
    scale = offsets.square().sum(-1).max()

    def loss_fn(model: nn.Module, batch: dict[str, Tensor], step: int) -> dict[str, Tensor]:
        out = model(batch["features"])
        change = out["offset"].float() - offsets.to(batch["features"].device)[batch["state"]]
        losses = {
            "point": change.square().sum(-1).mean() / scale,
            "logits": F.cross_entropy(out["logits"].float(), batch["state"], label_smoothing=0.1),
            "place": (change @ space.vad_weight.detach().to(change).T).square().sum(-1).mean(),
        }
        losses["loss"] = losses["point"] + sum(weights[name] * losses[name] for name in weights)
        return losses

    return loss_fn


def fit(
    found: Stretches,
    config: Mapping[str, Any],
    out_dir: Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> MotionEncoder:
    """Trains an encoder; every state, and within it every kind of action, is drawn as often."""
    settings = TrainConfig(**config["train"])
    torch.manual_seed(settings.seed)
    encoder = MotionEncoder(STATES, **config["model"])
    encoder.mean.copy_(torch.from_numpy(found.features.mean(0)))
    encoder.std.copy_(torch.from_numpy(found.features.std(0) + 0.02))
    encoder.neutral.copy_(load_space().neutral)
    chances = even_chances(found)
    std = found.features.std(0)

    def batch_at(step: int, rank: int) -> dict[str, Tensor]:
        rng = np.random.default_rng((settings.seed, step, rank))
        rows = rng.choice(len(found.state), config["batch_size"], p=chances)
        noise = config["noise"] * std * rng.standard_normal((len(rows), len(std)))
        return {
            "features": torch.from_numpy((found.features[rows] + noise).astype(np.float32)),
            "state": torch.from_numpy(found.state[rows]),
        }

    trained = train(
        encoder, batch_at, loss_of(config["losses"]), settings, out_dir, resume=resume, on_step=on_step
    )
    return trained.eval()


def even_chances(found: Stretches) -> np.ndarray:
    """How often each stretch is drawn. (N,) sums to 1"""
    groups = [f"{state} {kind}" for state, kind in zip(found.state, found.kind, strict=True)]
    _, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    chances = 1 / size[group]
    for state in np.unique(found.state):
        at = found.state == state
        chances[at] /= chances[at].sum()
    return chances / chances.sum()


@torch.no_grad()
def scored(encoder: MotionEncoder, found: Stretches) -> tuple[np.ndarray, np.ndarray]:
    """State that is named and true state of each take."""
    logits = encoder.forward(torch.from_numpy(found.features))["logits"].softmax(-1).numpy()
    named: list[int] = []
    true: list[int] = []
    for take in np.unique(found.take):
        at = found.take == take
        named.append(int(logits[at].mean(0).argmax()))
        true.append(int(found.state[at][0]))
    return np.array(named), np.array(true)


def run(
    config: Mapping[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Makes the shipped checkpoint; gives its figures on kinds of action left out.

    A run that `train.max_minutes` cuts short keeps its state and ships nothing.
    """
    from . import SPACE_VERSION

    out_dir = Path(out_dir)
    takes = [take for path in config["recordings"] for take in bandai(Path(data_dir) / path)]
    held, last = set(config["held_contents"]), config["last_take"]
    found = stretches_of([take for take in takes if take.content not in held and take.take <= last])
    model = fit(found, config, out_dir, resume=resume, on_step=on_step)
    if steps_done(out_dir) < config["train"]["max_steps"]:
        return {}
    named: list[np.ndarray] = []
    true: list[np.ndarray] = []
    for kind in sorted(set(found.kind)):
        other = fit(
            found.chosen(found.kind != kind), without_time_budget(config), out_dir / f"without-{kind}"
        )
        for mine, part in zip((named, true), scored(other, found.chosen(found.kind == kind)), strict=True):
            mine.append(part)
    figures = summed(np.concatenate(named), np.concatenate(true))
    checkpoints.ship(model, config, purpose=PURPOSE, space_version=SPACE_VERSION)
    checkpoints.update_manifest(config["name"], {"figures": figures})
    checkpoints.write_json(out_dir / "figures.json", figures, indent=1)
    return figures


def summed(named: np.ndarray, true: np.ndarray) -> dict[str, Any]:
    """How often each state is named of takes of an action that was never seen."""
    recall = {
        name: round(float((named[true == number] == number).mean()), 3)
        for number, name in enumerate(STATES)
        if (true == number).any()
    }
    return {
        "left_out_actions": {
            "recall": recall,
            "mean_recall": round(float(np.mean(list(recall.values()))), 3),
            "takes": len(true),
        }
    }
