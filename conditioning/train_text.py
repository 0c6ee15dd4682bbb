"""Recipe of the text encoder, trained to the frozen space on GoEmotions and EmoBank together."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from training.data.text import LabelledTexts, held_out, read_emobank, read_goemotions
from training.loop import TrainConfig, averaged_weights, steps_done, strip, train

from .encoders.base_text import pad, tokenize
from .encoders.text import TextEncoder, load_text_encoder, reading_features
from .measures import f1_scores, pearson, tune_thresholds
from .space import EmotionSpace, load_space
from .train_space import DATA, LICENCE, vad_loss
from .train_vad_head import train_vad_head

# Batches whose texts are sorted by length together: less padding, still a random order.
SORTED_BATCHES = 40


@dataclass(frozen=True)
class TextRecipe:
    """Sizes and weights of the losses.

    Attributes:
        rank, first_layer: of the low-rank changes to the base.
        batch_size: GoEmotions texts a step.
        vad_batch_size: EmoBank texts a step.
        max_tokens: longer texts are cut in training.
        vad_weight, density_weight: of their losses beside the labels' cross-entropy.
    """

    rank: int = 32
    first_layer: int = 3
    dropout: float = 0.3
    batch_size: int = 64
    vad_batch_size: int = 24
    max_tokens: int = 64
    vad_weight: float = 1.0
    density_weight: float = 0.03


class LengthBatches:
    """Batches of texts of like length in an order that only the seed and the step decide."""

    def __init__(self, data: LabelledTexts, batch_size: int, max_tokens: int, seed: int) -> None:
        self.tokens = [
            row if len(row) <= max_tokens else [*row[: max_tokens - 1], row[-1]]
            for row in tokenize(data.texts)
        ]
        self.labels = torch.tensor(data.labels)
        self.batch_size, self.seed = batch_size, seed
        self.steps = len(self.tokens) // batch_size
        self.epoch = functools.lru_cache(maxsize=2)(self._epoch)

    def _epoch(self, epoch: int) -> list[np.ndarray]:
        draw = np.random.default_rng([self.seed, epoch])
        order = draw.permutation(len(self.tokens))[: self.steps * self.batch_size]
        lengths = np.array([len(row) for row in self.tokens])
        chunks = np.array_split(order, max(1, self.steps // SORTED_BATCHES))
        order = np.concatenate([chunk[np.argsort(lengths[chunk], kind="stable")] for chunk in chunks])
        batches = np.split(order, self.steps)
        return [batches[row] for row in draw.permutation(self.steps)]

    def at(self, step: int) -> dict[str, torch.Tensor]:
        rows = self.epoch(step // self.steps)[step % self.steps]
        ids, mask = pad([self.tokens[row] for row in rows])
        return {"ids": ids, "mask": mask, "labels": self.labels[rows]}


def text_losses(
    encoder: Any,
    batch: dict[str, dict[str, torch.Tensor]],
    space: EmotionSpace,
    recipe: TextRecipe,
    log_gain: torch.Tensor,
) -> dict[str, torch.Tensor]:
    """label: cross-entropy a text; vad: `vad_loss`; density: how unlikely texts are under their Gaussians."""
    texts, rated = batch["labels"], batch["vad"]
    # The fused attention's backward pass takes a third of a step on a CPU at these lengths; the plain one
    # is quick.
    with sdpa_kernel(SDPBackend.MATH):
        z, other = encoder([(texts["ids"], texts["mask"]), (rated["ids"], rated["mask"])])
    with torch.autocast(z.device.type, enabled=False):
        labels = texts["labels"]
        label = F.binary_cross_entropy_with_logits(space.label_logits(z), labels) * labels.shape[1]
        vad = vad_loss(space.linear_vad(other) * log_gain.exp(), rated["labels"])
        rows = labels / labels.sum(-1, keepdim=True).clamp_min(1)
        density = (space.distances(z)[:, : labels.shape[1]] * rows).sum(-1).mean()
        loss = label + recipe.vad_weight * vad + recipe.density_weight * density
    return {"loss": loss, "label": label, "vad": vad, "density": density}


def train_text(
    data_dir: str | Path,
    out_dir: str | Path,
    config: TrainConfig,
    recipe: TextRecipe | None = None,
    *,
    space_run: str | Path | None = None,
    resume: bool = False,
    on_step: Any = None,
) -> tuple[TextEncoder, dict[str, Any]]:
    """Trains the encoder, tunes thresholds and uncertainty on held-out training texts, measures on dev.

    Args:
        space_run: output folder of the space's training, whose head is the start; a fresh head when None.

    Returns:
        The encoder and its figures.
    """
    recipe = recipe or TextRecipe()
    torch.manual_seed(config.seed)
    space = load_space()
    labelled, rated = read_goemotions(data_dir, "train"), read_emobank(data_dir, "train")
    label_batches = LengthBatches(
        labelled.take(held_out(len(labelled))[0]), recipe.batch_size, recipe.max_tokens, config.seed
    )
    vad_batches = LengthBatches(
        rated.take(held_out(len(rated))[0]), recipe.vad_batch_size, recipe.max_tokens, config.seed
    )
    encoder = TextEncoder(rank=recipe.rank, first_layer=recipe.first_layer, dropout=recipe.dropout)
    if space_run:
        weights = averaged_weights(space_run)
        encoder.head.load_state_dict(strip(weights, "head."))
        encoder.log_gain.data.copy_(weights["log_gain"])
    encoder.log_gain.requires_grad_(False)
    encoder.spread.requires_grad_(False)
    encoder.vad_head.requires_grad_(False)

    def batch_at(step: int, rank: int) -> dict[str, Any]:
        del rank  # one machine a run; more would see the same texts
        return {"labels": label_batches.at(step), "vad": vad_batches.at(step)}

    gain = encoder.log_gain.detach().clone()
    encoder = train(
        encoder,
        batch_at,
        lambda model, batch, step: text_losses(model, batch, space, recipe, gain),
        config,
        out_dir,
        resume=resume,
        on_step=on_step,
    )  # type: ignore[assignment]
    train_vad_head(encoder.eval(), data_dir, config.seed)
    encoder = finish(encoder, data_dir)
    return encoder, measure(encoder, data_dir)


@torch.no_grad()
def finish(encoder: TextEncoder, data_dir: str | Path) -> TextEncoder:
    """Sets thresholds and uncertainty from the tenth of the training texts that was held out."""
    labelled, rated = read_goemotions(data_dir, "train"), read_emobank(data_dir, "train")
    labelled, rated = labelled.take(held_out(len(labelled))[1]), rated.take(held_out(len(rated))[1])
    probabilities = encoder.eval().encode(labelled.texts).probabilities.numpy()
    thresholds = tune_thresholds(probabilities, labelled.labels, smoothing=0.3)
    encoder.register_to_config(thresholds=[round(float(value), 4) for value in thresholds])
    space = load_space()
    reading = encoder.encode(rated.texts)
    error = reading.vad - torch.tensor(rated.labels) / encoder.log_gain.exp()
    features = reading_features(reading.z, space.neutral, reading.probabilities)
    with torch.enable_grad():
        fit_spread(encoder.spread, features, error)
    return encoder


def fit_spread(spread: torch.nn.Linear, features: torch.Tensor, error: torch.Tensor) -> None:
    """Fits log standard deviations (N, 3) of errors to features (N, 2) by maximum likelihood."""
    spread.requires_grad_(True)
    optimizer = torch.optim.LBFGS(spread.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        log_std = spread(features)
        loss = (log_std + 0.5 * (error / log_std.exp()).square()).mean() + 1e-3 * spread.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    spread.requires_grad_(False)


def measure(encoder: TextEncoder, data_dir: str | Path) -> dict[str, Any]:
    """Figures of an encoder on the dev splits of GoEmotions and EmoBank."""
    labelled, rated = read_goemotions(data_dir, "dev"), read_emobank(data_dir, "dev")
    thresholds = np.array(encoder.config["thresholds"] or [0.5] * labelled.labels.shape[1])
    scores = f1_scores(encoder.encode(labelled.texts).probabilities.numpy(), labelled.labels, thresholds)
    reading = encoder.encode(rated.texts)
    r = pearson(reading.vad.numpy(), rated.labels)
    error = reading.vad - torch.tensor(rated.labels) / encoder.log_gain.exp()
    ratio = (error / reading.vad_std).square().mean(0).sqrt()
    names: Sequence[str] = load_space().label_names
    return {
        "goemotions_macro_f1": round(float(scores.mean()), 4),
        "emobank_r": {axis: round(float(value), 4) for axis, value in zip("VAD", r, strict=True)},
        "error_over_std": {axis: round(float(value), 3) for axis, value in zip("VAD", ratio, strict=True)},
        "goemotions_f1": {name: round(float(score), 3) for name, score in zip(names, scores, strict=True)},
    }


def evaluate_text(data_dir: str | Path) -> dict[str, Any]:
    """Measures the shipped text encoder on the dev splits.

    Args:
        data_dir: folder that holds `goemotions/` and `emobank/`.

    Returns:
        Macro-F1 over 28 labels, Pearson r of valence, arousal and dominance, their root mean squared error
        over the standard deviation that the encoder gives (1 is right), and each label's F1.

    Raises:
        FileNotFoundError: the data is not there.
    """
    return measure(load_text_encoder(), data_dir)


def run(
    config: Mapping[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    *,
    resume: bool = False,
    on_step: Any = None,
) -> dict[str, Any]:
    """Trains the text encoder and ships it as "text-encoder"; gives its figures.

    A run that `train.max_minutes` cuts short keeps its state and ships nothing.

    Args:
        config: "recipe" (fields of `TextRecipe`), "train" (fields of `TrainConfig`) and "space_run", the
            folder of the space's run, whose head is the start; a fresh head when there is no such folder.
    """
    train_config = TrainConfig(**config["train"])
    space_run = Path(config.get("space_run") or "")
    encoder, figures = train_text(
        data_dir,
        out_dir,
        train_config,
        TextRecipe(**config.get("recipe", {})),
        space_run=space_run if (space_run / "state.safetensors").is_file() else None,
        resume=resume,
        on_step=on_step,
    )
    if steps_done(out_dir) < train_config.max_steps:
        return {}
    ship(encoder, figures)
    return figures


def ship(encoder: TextEncoder, figures: dict[str, Any]) -> None:
    """Writes the encoder and its figures among the checkpoints."""
    import checkpoints

    from . import SPACE_VERSION

    checkpoints.save(
        "text-encoder",
        encoder,
        licence=LICENCE,
        data=DATA,
        command="affect train text-encoder --data DIR",
        space_version=SPACE_VERSION,
        figures=figures,
    )
