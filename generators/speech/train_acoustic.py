"""The acoustic model's part of the recipe, on the same aligned recordings as the prosody model's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from conditioning import load_space
from generators.sampling import flow_step
from generators.voice.corpus import Corpus
from training.loop import TrainConfig, train

from .acoustic import AcousticDenoiser
from .acoustic_examples import AcousticExamples, envelopes_of, fit_mel_statistics
from .examples import AlignedCorpus

START_SHARE = 0.4


def train_acoustic(
    corpus: Corpus,
    aligned: AlignedCorpus,
    config: dict[str, Any],
    out_dir: str | Path,
    init: dict[str, Tensor] | None = None,
    **how: Any,
) -> AcousticDenoiser:
    """Trains the acoustic model.

    Args:
        config: acoustic (model, batch_size, num_frames, train), weights, joined_share, drop, overlap_weight.
        init: weights to start from.
        how: `resume` and `on_step` of the training loop.
    """
    own = config["acoustic"]
    torch.manual_seed(own["train"].get("seed", 0))
    model = AcousticDenoiser(**own["model"], max_speakers=config["max_speakers"])
    if init:
        model.load_state_dict(init)
    envelopes = envelopes_of(corpus, aligned.items)
    mel = fit_mel_statistics(aligned.items, envelopes, config["max_speakers"])
    fitted = {
        "speaker_mel": torch.from_numpy(mel.speaker_mel),
        "mel_scale": torch.from_numpy(mel.scale),
    }
    model.load_state_dict(fitted, strict=False)
    source = AcousticExamples(corpus, aligned, envelopes, mel, load_space(), {**config, **own})
    averaged = train(
        model,
        source.batch_at,
        lambda m, batch, step: loss_of(m, batch, step, config),
        TrainConfig(**own["train"]),
        out_dir,
        **how,
    )
    averaged.load_state_dict(fitted, strict=False)
    return averaged


def loss_of(
    model: AcousticDenoiser, batch: dict[str, Any], step: int, config: dict[str, Any]
) -> dict[str, Tensor]:
    """Flow matching over real frames, and the overlap of identity and emotion."""
    clean = batch["clean"]
    t = draw_times(len(clean)).to(clean.device)
    rest = {name: batch[name] for name in ("tokens", "token_at", "plan", "mask", "speaker", "emotion")}
    loss, shared = flow_step(model, clean, t, rest, batch["mask"], config["drop"])
    return {"loss": loss + config["overlap_weight"] * shared, "flow": loss, "overlap": shared}


def draw_times(count: int) -> Tensor:
    """Draws times of the flow: some from the very start, where the phones are decided, the rest mid-way.

    With the middle alone the spectrogram looked right and could not be understood.

    Source: Esser et al. 2024, "Scaling rectified flow transformers", section 3.1 (logit-normal times).
    """
    middle = torch.randn(count).sigmoid()
    start = 0.15 * torch.rand(count).square()
    return torch.where(torch.rand(count) < START_SHARE, start, middle)
