"""Recipe of the speech model: prosody, then acoustics, shipped as one checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

import checkpoints
from conditioning import SPACE_VERSION
from generators.voice.corpus import prepared_corpus
from training.loop import TrainConfig, steps_done

from .model import SpeechModel
from .train_acoustic import train_acoustic
from .train_prosody import prepared_alignment, train_prosody

PARTS = ("prosody", "acoustic")


def run(
    config: dict[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    resume: bool = False,
    on_step: Any = None,
) -> SpeechModel:
    """Trains as the config says and ships the checkpoint that it names.

    A run that a part's `train.max_minutes` cuts short keeps its state, to be resumed, and ships nothing.

    Args:
        config: name, licence, non_commercial, data, corpora, speakers, cache, max_speakers, weights,
            joined_share, drop, overlap_weight, init (a checkpoint to start from) or null, and for prosody and
            acoustic: model, batch_size, train.
        data_dir: folder with the unpacked data sets; not read when the cache is there.
    """
    corpus = prepared_corpus(config, data_dir)
    aligned = prepared_alignment(corpus, config)
    before = initial_weights(config)
    how = {"resume": resume, "on_step": on_step}
    out_dir = Path(out_dir)
    model = SpeechModel(
        aligned.speakers,
        prosody_config={**config["prosody"]["model"], "max_speakers": config["max_speakers"]},
        acoustic_config={**config["acoustic"]["model"], "max_speakers": config["max_speakers"]},
    )
    model.prosody = train_prosody(aligned, config, out_dir / "prosody", before.get("prosody"), **how)
    model.acoustic = train_acoustic(
        corpus, aligned, config, out_dir / "acoustic", before.get("acoustic"), **how
    )
    if all(steps_done(out_dir / part) >= TrainConfig(**config[part]["train"]).max_steps for part in PARTS):
        checkpoints.ship(model, config, purpose="speech from text", space_version=SPACE_VERSION)
    return model


def initial_weights(config: dict[str, Any]) -> dict[str, dict[str, Tensor]]:
    """Gives the weights of each part of the checkpoint to start from."""
    if not config.get("init"):
        return {}
    model = checkpoints.load(config["init"])
    return {part: getattr(model, part).state_dict() for part in PARTS}
