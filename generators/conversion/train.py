"""Recipe of the edit denoiser: measure parallel takes, fit what is usual, train, ship."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import checkpoints
from conditioning import SPACE_VERSION, load_space
from generators.sampling import flow_step
from generators.voice.points import EmotionPoints
from training.loop import TrainConfig, steps_done, train

from .examples import EditExamples, fit_edits
from .model import EditDenoiser
from .pairs import prepared_pairs

RIDGE = 0.002


def run(
    config: dict[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    resume: bool = False,
    on_step: Any = None,
) -> EditDenoiser:
    """Trains as the config says and ships the checkpoint that it names.

    Args:
        config: name, licence, non_commercial, data, corpora, cache, pairs_cache, speakers, held_out, weights,
            joined_share, drop, model, batch_size, num_moments, train.
        data_dir: folder with the unpacked data sets; not read when the caches are there.
    """
    pairs = prepared_pairs(config, data_dir)
    points = EmotionPoints(load_space())
    scale, summary = fit_edits(pairs, points, RIDGE)
    torch.manual_seed(config["train"].get("seed", 0))
    model = EditDenoiser(**config["model"])
    model.scale.copy_(torch.from_numpy(scale))
    model.summary_of_direction.copy_(torch.from_numpy(summary))
    source = EditExamples(pairs, points, scale, config)
    train_config = TrainConfig(**config["train"])
    averaged = train(
        model,
        source.batch_at,
        lambda m, batch, step: loss_of(m, batch, config),
        train_config,
        out_dir,
        resume=resume,
        on_step=on_step,
    )
    if steps_done(out_dir) >= train_config.max_steps:
        checkpoints.ship(
            averaged, config, purpose="another feeling for a recording", space_version=SPACE_VERSION
        )
    return averaged


def loss_of(model: EditDenoiser, batch: dict[str, Any], config: dict[str, Any]) -> dict[str, Tensor]:
    """Flow matching over real moments."""
    clean = batch["clean"]
    t = torch.rand(len(clean), device=clean.device)
    rest = {name: batch[name] for name in ("content", "voice", "direction", "mask")}
    loss, _ = flow_step(model, clean, t, rest, batch["mask"], config["drop"])
    return {"loss": loss}
