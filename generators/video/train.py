"""Recipe of the small video model: see the animations in many ways, encode them once, train, ship."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import checkpoints
from conditioning import SPACE_VERSION, load_space
from conditioning.adapters import draw_present
from generators.sampling import noisy_at, shifted_time
from training.loop import TrainConfig, steps_done, train

from .animations import Animation, read_animations
from .examples import KINDS, Examples, prepared
from .model import Latents, SmallVideo

SHIFT, MOST_WEIGHT = 2.0, 6.0
PARTS = ("stills", "films")
PURPOSE = "short animations of expressive characters"


def run(
    config: dict[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    resume: bool = False,
    on_step: Any = None,
) -> SmallVideo:
    """Trains as the config says and ships the checkpoint that it names.

    Args:
        config: name, licence, data, animations, autoencoder, cache, stills, films, frame_rate, strengths, states,
            blur, said, drop, compile, model, train.
        data_dir: folder with the unpacked data sets.
    """
    torch.manual_seed(config["train"].get("seed", 0))
    animations = read_animations(Path(data_dir) / config["animations"])
    autoencoder = checkpoints.load(config["autoencoder"])
    space, latents, fingerprint = load_space(), Latents(autoencoder), autoencoder.checkpoint.fingerprint
    found = {part: prepared(animations, config, part, latents, fingerprint, on_step) for part in PARTS}
    first_spread = float(found["stills"][0].std(dtype=np.float32))
    sources = []
    for part, (values, rows) in found.items():
        values[:, :, :1] /= first_spread
        sources.append(Examples(animations, values, rows, space, config, config[part]["batch_size"]))
    train_config = TrainConfig(**config["train"])
    model = SmallVideo(**config["model"], known=known_of(animations), first_spread=first_spread)
    if config["compile"]:
        for block in model.wan.blocks:
            block.compile()
    averaged = train(
        model,
        # In turn, from the first step on: what things look like is learned from many more stills than films.
        lambda step, rank: sources[step % len(sources)].batch_at(step, rank),
        lambda model, batch, step: loss_of(model, batch, config["drop"]),
        train_config,
        out_dir,
        resume=resume,
        on_step=on_step,
    )
    if steps_done(out_dir) >= train_config.max_steps:
        checkpoints.ship(averaged, config, purpose=PURPOSE, space_version=SPACE_VERSION)
    return averaged


def known_of(animations: list[Animation]) -> list[str]:
    """Gives names of what is to be seen in the animations."""
    kinds = [said for kind in KINDS.values() for said in kind]
    return sorted({*kinds, *(animation.words for animation in animations)})


def loss_of(model: SmallVideo, batch: dict[str, Tensor], drop: dict[str, float]) -> dict[str, Tensor]:
    """Flow matching by the clean latents, noisy parts of the way more often: there it is settled what is to be seen.

    Source: weights by what is left, truncated: Hang et al. 2023, "Efficient diffusion training via min-SNR weighting
    strategy"; a density of t that leans to noise: Esser et al. 2024, "Scaling rectified flow transformers for
    high-resolution image synthesis", sections 3.1 and 5.3.2.
    """
    conditions = dict(batch)
    clean = conditions.pop("clean")
    t = shifted_time(torch.randn(len(clean), device=clean.device).sigmoid(), SHIFT)
    noise = torch.randn_like(clean)
    present = draw_present(len(clean), drop, torch.default_generator)
    present = {name: value.to(clean.device) for name, value in present.items()}
    noisy = noisy_at(clean, noise, t)
    flow, _ = model(noisy, t, **conditions, present=present)
    left = (1 - t).view(-1, 1, 1, 1, 1)
    counts = left.square().reciprocal().clamp(max=MOST_WEIGHT)
    return {"loss": ((noisy + left * flow.float() - clean).square() * counts).mean()}
