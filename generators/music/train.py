"""Recipe of the music backend: read the corpora, read their emotion, train the denoiser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import checkpoints
from conditioning import SPACE_VERSION, load_space
from conditioning.encoders.music import load_music_encoder
from conditioning.train_music_encoder import crossfit_valence_arousal
from training.loop import TrainConfig, steps_done, train

from .corpus import CORPORA, Corpus, load_corpus, read_corpus, save_corpus
from .examples import WINDOW_BARS, ExampleSource, hide
from .features import ATTRIBUTES, attributes_of
from .labels import read_corpus_emotions
from .model import MusicDenoiser, emotion_features
from .options import STYLES
from .tokens import SIZES

FIELD_WEIGHTS = torch.tensor([0.3, 0.3, 0.5, 1.0, 1.0, 1.0, 0.5, 1.0, 3.0, 1.0, 0.7, 0.3])


def run(
    config: dict[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    resume: bool = False,
    on_step: Any = None,
) -> MusicDenoiser:
    """Trains as the config says and ships the checkpoint that it names.

    A run that `train.max_minutes` cuts short keeps its state, to be resumed, and ships nothing.

    Args:
        config: name, licence, non_commercial, data, model, train, style_weights, rows_per_batch, num_workers,
            cache, and init (a checkpoint to start from) or null.
        data_dir: folder with the unpacked data sets; not read when the cache is there.
    """
    corpus = only_styles(prepared_corpus(config, data_dir), config["style_weights"])
    model = MusicDenoiser(**config["model"])
    if config.get("init"):
        model.load_state_dict(checkpoints.load(config["init"]).state_dict())
    fit_attributes(model, corpus, config["style_weights"])
    fitted = {name: value.clone() for name, value in model.named_buffers() if name.startswith("attribute_")}
    source = ExampleSource(
        corpus,
        load_space(),
        {STYLES.index(name): float(weight) for name, weight in config["style_weights"].items()},
        model.attribute_mean.numpy(),
        model.attribute_std.numpy(),
        rows_per_batch=config["rows_per_batch"],
        seed=config["train"].get("seed", 0),
    )
    train_config = TrainConfig(**config["train"])
    averaged = train(model, source.batch_at, loss_of, train_config, out_dir, resume=resume, on_step=on_step)
    averaged.load_state_dict(fitted, strict=False)
    if steps_done(out_dir) >= train_config.max_steps:
        checkpoints.ship(averaged, config, space_version=SPACE_VERSION)
    return averaged


def prepared_corpus(config: dict[str, Any], data_dir: str | Path) -> Corpus:
    """Gives the corpus with its readings of emotion, from the cache when there is one."""
    cache = Path(config["cache"])
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        corpus = read_corpus(data_dir, list(CORPORA), config.get("num_workers", 1))
        clips = crossfit_valence_arousal(data_dir)
        save_corpus(read_corpus_emotions(corpus, load_music_encoder().read_va, clips), cache)
    return load_corpus(cache)


def loss_of(model: MusicDenoiser, batch: dict[str, Any], step: int) -> dict[str, Tensor]:
    """Mean cross-entropy of each field over what was hidden, weighted and summed."""
    inputs = {key: value for key, value in batch.items() if key not in ("values", "target")}
    logits = model(hide(batch["values"], batch["target"]), **inputs)  # type: ignore[operator]
    losses, total = {}, torch.zeros((), device=logits.device)
    hidden = batch["target"].sum((0, 1))
    for index, field in enumerate(logits.split(list(SIZES), -1)):
        if hidden[index] == 0:
            continue
        chosen = batch["target"][..., index]
        value = F.cross_entropy(field[chosen].float(), batch["values"][..., index][chosen])
        total = total + FIELD_WEIGHTS[index] * value * min(1.0, float(hidden[index]) / 32)
        if index == 8:
            losses["pitch"] = value
    plan = step % 4 == 3
    return {"loss": total, **({"plan": total} if plan else {}), **losses}


def only_styles(corpus: Corpus, weights: dict[str, float]) -> Corpus:
    """Leaves out the styles whose weight is zero or absent."""
    keep = [i for i, style in enumerate(corpus.style) if weights.get(STYLES[style], 0) > 0]
    return Corpus(
        [corpus.ids[i] for i in keep],
        [corpus.pieces[i] for i in keep],
        corpus.style[keep],
        [corpus.valence_arousal[i] for i in keep],
    )


def fit_attributes(model: MusicDenoiser, corpus: Corpus, weights: dict[str, float]) -> None:
    """Sets the attributes' mean and spread and what valence and arousal imply for them.

    The ridge regression is fitted on the style that weighs most: dense for folk is not for a piano cover.
    """
    rows, readings, share, main = [], [], [], []
    heaviest = max(weights, key=lambda name: weights[name])
    for piece, reading, style in zip(corpus.pieces, corpus.valence_arousal, corpus.style, strict=True):
        for start in range(0, max(1, piece.num_bars - 8), WINDOW_BARS):
            window = piece.bars(start, min(piece.num_bars, start + WINDOW_BARS))
            rows.append(attributes_of(window))
            readings.append(
                np.nanmean(reading[start : start + WINDOW_BARS], 0)
                if not np.isnan(reading).all()
                else [np.nan] * 2
            )
            share.append(weights[STYLES[style]] / (corpus.style == style).sum())
            main.append(STYLES[style] == heaviest)
    attributes, vad, share_ = np.array(rows), np.array(readings), np.array(share)
    mean, std = weighted_moments(attributes, share_)
    model.attribute_mean.copy_(torch.from_numpy(mean))
    model.attribute_std.copy_(torch.from_numpy(std))
    standard = (attributes - mean) / std
    known = ~np.isnan(vad).any(1) & np.array(main)
    if not known.any():
        return
    features = emotion_features(torch.from_numpy(vad).float()).double().numpy()
    for index in range(len(ATTRIBUTES)):
        use = known & ~np.isnan(standard[:, index])
        x, y, w = features[use], standard[use, index], share_[use] / share_[use].mean()
        gram = (x * w[:, None]).T @ x + 0.01 * len(x) * np.diag([0, 1, 1, 1, 1, 1]) / 6
        beta = np.linalg.solve(gram, (x * w[:, None]).T @ y)
        model.attribute_of_emotion[index] = torch.from_numpy(beta).float()
        model.attribute_residual[index] = float(np.sqrt(np.average((y - x @ beta) ** 2, weights=w)))


def weighted_moments(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and standard deviation of each column, NaN left out; float32."""
    known = ~np.isnan(values)
    w = weights[:, None] * known
    filled = np.nan_to_num(values)
    mean = (w * filled).sum(0) / w.sum(0)
    std = np.sqrt((w * (filled - mean) ** 2).sum(0) / w.sum(0))
    return mean.astype(np.float32), np.maximum(std, 1e-3).astype(np.float32)
