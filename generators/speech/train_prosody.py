"""The prosody model's part of the recipe: align, measure, fit what is usual, train."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import checkpoints
from conditioning import load_space
from generators.sampling import flow_step
from generators.voice.aligner import Aligner
from generators.voice.corpus import Corpus, Utterance, matches, speakers_of
from generators.voice.flat_start import cepstra, flat_start, plausible
from generators.voice.points import EmotionPoints
from training.loop import TrainConfig, train

from .examples import AlignedCorpus, ProsodyExamples, aligned_corpus
from .plan import merge_short_pauses
from .prosody import ProsodyDenoiser
from .tokens import TokenRow
from .train_aligner import token_row

RIDGE = 0.02


def train_prosody(
    aligned: AlignedCorpus,
    config: dict[str, Any],
    out_dir: str | Path,
    init: dict[str, Tensor] | None = None,
    **how: Any,
) -> ProsodyDenoiser:
    """Trains the prosody model.

    Args:
        config: prosody (model, batch_size, train), weights, joined_share, drop, overlap_weight.
        init: weights to start from.
        how: `resume` and `on_step` of the training loop.
    """
    own = config["prosody"]
    torch.manual_seed(own["train"].get("seed", 0))
    model = ProsodyDenoiser(**own["model"], max_speakers=config["max_speakers"])
    if init:
        model.load_state_dict(init)
    space = load_space()
    fitted = fit_buffers(model, aligned, EmotionPoints(space))
    source = ProsodyExamples(
        aligned,
        space,
        {**config, **own},
        fitted["expression_mean"].numpy(),
        fitted["expression_std"].numpy(),
    )
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


def prepared_alignment(corpus: Corpus, config: dict[str, Any]) -> AlignedCorpus:
    """Gives the recordings of the config's speakers with every phone's length, from the cache where it is."""
    wanted = [u for u in corpus.of_speakers(config["speakers"]) if u.language in ("en-US", "de-DE")]
    # Of readers, whole sentences are held out; actors all say the same few.
    acting = {u.speaker for u in wanted if u.emotion not in ("", "neutral")}
    kept = [u for u in wanted if not u.held_out or u.speaker in acting]
    rows = {u.id: token_row(u) for u in kept}
    known = aligned_durations(
        corpus, kept, rows, Path(config["cache"]) / "durations.json", config["flat_start"]
    )
    usable = [u for u in kept if u.id in known]
    order = [name for pattern in config["speakers"] for name in speakers_of(usable) if matches(name, pattern)]
    return aligned_corpus(
        corpus,
        usable,
        [rows[u.id] for u in usable],
        [known[u.id] for u in usable],
        order,
        config["max_speakers"],
        config["levelled"],
    )


def aligned_durations(
    corpus: Corpus, utterances: list[Utterance], rows: dict[str, TokenRow], path: Path, strange: list[str]
) -> dict[str, np.ndarray]:
    """Gives the frames of every token by recording; those that cannot be aligned are left out.

    Args:
        path: where they are kept. strange: patterns of speakers whose recordings are unlike those that the
            aligner knows, and alike enough among themselves for a flat start of their own.
    """
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    missing = [
        u
        for u in utterances
        if len(stored.get(u.id, ())) != len(rows[u.id]) and u.num_frames >= len(rows[u.id])
    ]
    own = [u for u in missing if any(matches(u.speaker, pattern) for pattern in strange)]
    features = [cepstra(corpus.frames(u).log_mel) for u in own]
    found = list(zip(own, flat_start(features, [rows[u.id].symbol for u in own]), strict=True))
    heard = [u for u in missing if u not in own]
    if heard:
        aligner: Aligner = checkpoints.load("speech-aligner")
        found += [(u, aligner.align(corpus.frames(u).log_mel, rows[u.id].symbol)) for u in heard]
    for u, durations in found:
        if plausible(durations, rows[u.id].symbol):
            stored[u.id] = merge_short_pauses(durations, rows[u.id]).tolist()
    if missing:
        checkpoints.write_json(path, stored)
    return {
        u.id: np.array(stored[u.id], np.int64)
        for u in utterances
        if len(stored.get(u.id, ())) == len(rows[u.id])
    }


def fit_buffers(model: ProsodyDenoiser, aligned: AlignedCorpus, points: EmotionPoints) -> dict[str, Tensor]:
    """Sets what is usual, and what an emotion does to the expression; gives the buffers.

    The map from the space is linear through neutral, so intensity scales it: ridge regression over the
    recordings of all who act, each speaker's neutral expression taken away.
    """
    expression = np.stack([item.expression for item in aligned.items])
    mean, std = expression.mean(0), expression.std(0) + 1e-3
    acted = {item.speaker for item in aligned.items if item.utterance.emotion not in ("", "neutral")}
    rows = [i for i, item in enumerate(aligned.items) if item.speaker in acted]
    weight = np.zeros(model.expression_of_emotion.shape)  # where nobody acts, an emotion implies nothing
    if rows:
        offsets = torch.stack([points.offset(aligned.items[i].utterance) for i in rows]).double().numpy()
        shift = expression[rows] / std
        gram = offsets.T @ offsets + RIDGE * len(rows) * np.eye(offsets.shape[1])
        weight = np.linalg.solve(gram, offsets.T @ shift).T
    buffers = {
        "kind_mean": aligned.statistics.kind_mean,
        "scale": aligned.statistics.scale,
        "speaker_mean": aligned.statistics.speaker_mean,
        "expression_of_emotion": weight,
        "expression_mean": mean,
        "expression_std": std,
        "speaker_expression": aligned.speaker_expression,
    }
    fitted = {name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in buffers.items()}
    model.load_state_dict(fitted, strict=False)
    return fitted


def loss_of(
    model: ProsodyDenoiser, batch: dict[str, Any], step: int, config: dict[str, Any]
) -> dict[str, Tensor]:
    """Flow matching over real tokens, and the overlap of identity and emotion."""
    clean = batch["clean"]
    t = torch.rand(len(clean), device=clean.device)
    rest = {name: batch[name] for name in ("tokens", "expression", "speaker", "emotion")}
    loss, shared = flow_step(model, clean, t, rest, batch["tokens"]["mask"], config["drop"])
    return {"loss": loss + config["overlap_weight"] * shared, "flow": loss, "overlap": shared}
