"""Recipe of the face encoder: presets as they are read from pictures, to the frozen space's points.

What it has learned is measured on presets of a source that was left out, each source in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import checkpoints
from training.loop import TrainConfig, steps_done, train, without_time_budget

from .encoders.face import STATES, FaceEncoder
from .face_examples import Examples, kept_examples

PURPOSE = "Reads a face in a photo or a film into the emotion space, so that it can be an emotion reference."
# A state is asked for by strength; below this even people disagree.
CLEAR = 0.7
OnStep = Callable[[int, int, dict[str, float]], None]


def targets_of(examples: Examples) -> Tensor:
    """(N, dim) offset from neutral of each face's state at its strength."""
    from .space import load_space

    space = load_space()
    rows = [space.index(STATES[state]) for state in examples.state]
    return space.offsets()[rows] * torch.tensor(examples.strength, dtype=torch.float32)[:, None]


def loss_of(weights: Mapping[str, float]) -> Callable[[nn.Module, dict[str, Tensor], int], dict[str, Tensor]]:
    """Gives the loss: distance to the point, classification where a state is clear, and the place."""
    from .space import load_space

    space = load_space()
    scale = space.offsets()[[space.index(name) for name in STATES]].square().sum(-1).max()

    def loss_fn(model: nn.Module, batch: dict[str, Tensor], step: int) -> dict[str, Tensor]:
        out = model(batch["expression"])
        change = out["offset"].float() - batch["target"]
        named = F.cross_entropy(out["logits"].float(), batch["state"], label_smoothing=0.05, reduction="none")
        losses = {
            "point": change.square().sum(-1).mean() / scale,
            "logits": (named * batch["clarity"]).mean(),
            "place": (change @ space.vad_weight.to(change).T).square().sum(-1).mean(),
        }
        losses["loss"] = losses["point"] + sum(weights[name] * losses[name] for name in weights)
        return losses

    return loss_fn


def fit(
    examples: Examples,
    config: Mapping[str, Any],
    out_dir: Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> FaceEncoder:
    """Trains an encoder."""
    from .encoders.face import USED
    from .space import load_space

    settings = TrainConfig(**config["train"])
    torch.manual_seed(settings.seed)
    encoder = FaceEncoder(STATES, **config["model"])
    used = torch.from_numpy(examples.expression[:, list(USED)])
    encoder.mean.copy_(used.mean(0))
    encoder.std.copy_(used.std(0) + 0.02)
    encoder.neutral.copy_(load_space().neutral)
    expression, target = torch.from_numpy(examples.expression), targets_of(examples)
    state = torch.from_numpy(examples.state.astype(np.int64))
    plain = examples.state == STATES.index("neutral")
    clarity = torch.tensor(np.where(plain, 1.0, (examples.strength / CLEAR).clip(0, 1)), dtype=torch.float32)

    def batch_at(step: int, rank: int) -> dict[str, Tensor]:
        rng = np.random.default_rng((settings.seed, step, rank))
        rows = torch.from_numpy(rng.choice(len(state), config["batch_size"]))
        return {
            "expression": expression[rows],
            "target": target[rows],
            "state": state[rows],
            "clarity": clarity[rows],
        }

    trained = train(
        encoder, batch_at, loss_of(config["losses"]), settings, out_dir, resume=resume, on_step=on_step
    )
    return trained.eval()


@torch.no_grad()
def read_all(encoder: FaceEncoder, examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """(N, dim) offsets and (N,) the state that is named."""
    out = encoder.forward(torch.from_numpy(examples.expression))
    return out["offset"].numpy(), out["logits"].argmax(-1).numpy()


def share(right: np.ndarray) -> float | None:
    return round(float(right.mean()), 3) if len(right) else None


def scored(encoder: FaceEncoder, examples: Examples) -> dict[str, Any]:
    """How often the state is named, and how well strength is told (correlation), of faces that are clear."""
    from .space import load_space

    space = load_space()
    offsets, named = read_all(encoder, examples)
    neutral = examples.state == STATES.index("neutral")
    clear = neutral | (examples.strength >= CLEAR)
    right = named == examples.state
    ways = space.offsets().numpy()[[space.index(STATES[state]) for state in examples.state]]
    along = (offsets * ways).sum(1) / np.square(ways).sum(1).clip(1e-6)
    size = np.linalg.norm(offsets, axis=1) / np.linalg.norm(ways[~neutral], axis=1).mean()
    return {
        "named": share(right[clear]),
        "recall": {
            state: share(right[clear & (examples.state == place)]) for place, state in enumerate(STATES)
        },
        "strength_correlation": round(
            float(np.corrcoef(along[~neutral], examples.strength[~neutral])[0, 1]), 3
        ),
        "neutral_read_at": round(float(size[neutral].mean()), 3),
        "faces": int(clear.sum()),
    }


def run(
    config: Mapping[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Makes the shipped checkpoint "face-encoder"; gives its figures on sources of presets left out.

    A run that `train.max_minutes` cuts short keeps its state and ships nothing.
    """
    from . import SPACE_VERSION

    out_dir, cache = Path(out_dir), Path(config["cache"])
    sources = config["sources"]
    examples = {source: kept_examples(data_dir, config, [source], cache) for source in sources}
    model = fit(joined(list(examples.values())), config, out_dir, resume=resume, on_step=on_step)
    if steps_done(out_dir) < config["train"]["max_steps"]:
        return {}
    figures: dict[str, Any] = {"left_out": {}}
    inner = without_time_budget(config)
    for source in sources:
        rest = joined([each for name, each in examples.items() if name != source])
        other = fit(rest, inner, out_dir / f"without-{source}", resume=resume)
        figures["left_out"][source] = scored(other, examples[source])
    checkpoints.ship(model, config, purpose=PURPOSE, space_version=SPACE_VERSION)
    checkpoints.update_manifest(config["name"], {"figures": figures})
    checkpoints.write_json(out_dir / "figures.json", figures, indent=1)
    return figures


def joined(parts: Sequence[Examples]) -> Examples:
    """Faces of several sets."""
    keys = ("expression", "state", "strength", "source")
    return Examples(*(np.concatenate([getattr(part, key) for part in parts]) for key in keys))
