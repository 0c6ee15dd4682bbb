"""Recipe of the emotion space: geometry learned from text, then frozen.

A small head reads features of the frozen base text model into the space, where GoEmotions' labels are
Gaussians and EmoBank's valence, arousal and dominance a linear reading. States that neither set labels are
placed afterwards from sentences that say them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

import checkpoints
from training.data.text import held_out, read_emobank, read_goemotions
from training.loop import TrainConfig, train

from .encoders.base_text import base_features
from .encoders.text import FeatureHead
from .measures import f1_scores, pearson, tune_thresholds
from .names import GOEMOTIONS, STATES
from .prototypes import COMPOSED, sentences_for
from .space import EmotionSpace

LICENCE = "CC-BY-SA-4.0"
DATA = (
    "GoEmotions (CC BY 4.0) and EmoBank (CC BY-SA 4.0, so these weights are too), read through "
    "all-MiniLM-L6-v2 (Apache-2.0)"
)


@dataclass(frozen=True)
class SpaceRecipe:
    """Weights of the losses and sizes; see `space_losses`.

    Attributes:
        batch_size: GoEmotions texts a step; EmoBank gives half as many.
        length: the length of a state's offset that the space settles around.
    """

    batch_size: int = 512
    hidden_size: int = 256
    dropout: float = 0.4
    num_codes: int = 28
    length: float = 4.0
    vad_weight: float = 1.0
    density_weight: float = 0.05
    step_weight: float = 0.05
    length_weight: float = 0.05


class SpaceTrainer(nn.Module):
    """The space with the head that it is learned through.

    `log_gain` maps the space's reading, where a named feeling is strong, to EmoBank's milder scale.
    """

    def __init__(self, recipe: SpaceRecipe) -> None:
        super().__init__()
        self.space = EmotionSpace(
            {name: list(place) for name, place in STATES.items()}, num_codes=recipe.num_codes
        )
        self.head = FeatureHead(recipe.hidden_size, self.space.config["dim"], recipe.dropout)
        self.log_gain = nn.Parameter(torch.full((3,), -1.0))


def cached_features(data_dir: str | Path, cache_dir: str | Path) -> dict[str, torch.Tensor]:
    """Gives the frozen base's features of both sets, computed once; 8 bits a number on disk (45 MB).

    Returns:
        "goemotions_train", "goemotions_dev", "emobank_train", "emobank_dev" -> (N, 768) float32.
    """
    path = Path(cache_dir) / "text_features.safetensors"
    if not path.exists():
        stored = {}
        for name, read in (("goemotions", read_goemotions), ("emobank", read_emobank)):
            for split in ("train", "dev"):
                features = base_features(read(data_dir, split).texts)
                step = features.abs().amax(0).clamp_min(1e-6) / 127
                stored[f"{name}_{split}"] = (features / step).round().to(torch.int8)
                stored[f"{name}_{split}.step"] = step
        path.parent.mkdir(parents=True, exist_ok=True)
        with checkpoints.replace_file(path) as partial:
            save_file(stored, partial)
    stored = load_file(path)
    return {name: stored[name] * stored[f"{name}.step"] for name in stored if not name.endswith(".step")}


def space_losses(
    trainer: SpaceTrainer, batch: dict[str, torch.Tensor], recipe: SpaceRecipe
) -> dict[str, torch.Tensor]:
    """The losses of one batch.

    Args:
        batch: features (B, 768) with labels (B, 28); vad_features (C, 768) with vad (C, 3) in EmoBank's
            scale.

    Returns:
        label: binary cross-entropy; vad: see `vad_loss`; density: how unlikely single-label texts are under
        their state's Gaussian, a dimension; step: how far the places had to be forced; length: of the
        offsets from the wanted one.
    """
    space = trainer.space
    z = trainer.head(batch["features"])
    labels = batch["labels"]
    label = F.binary_cross_entropy_with_logits(space.label_logits(z), labels)
    vad = vad_loss(
        space.linear_vad(trainer.head(batch["vad_features"])) * trainer.log_gain.exp(), batch["vad"]
    )
    rows = labels / labels.sum(-1, keepdim=True).clamp_min(1)
    distances = space.distances(z)[:, : labels.shape[1]]
    density = (distances * rows).sum(-1).mean() / z.shape[-1]
    count = labels.shape[1]
    offsets, raw = (
        space.offsets()[: count - 1],
        space.raw_offsets()[: count - 1],
    )  # the last label is neutral itself
    step = (offsets - raw).square().sum(-1).mean()
    length = (offsets.norm(dim=-1) - recipe.length).square().mean()
    loss = label * labels.shape[1] + recipe.vad_weight * vad + recipe.density_weight * density * z.shape[-1]
    loss = loss + recipe.step_weight * step + recipe.length_weight * length
    return {"loss": loss, "label": label, "vad": vad, "density": density, "step": step, "length": length}


def vad_loss(read: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Squared error a variance, plus 1 - Pearson r, averaged over the three axes; (B, 3), (B, 3)."""
    error = (read - real).square().mean(0) / real.var(0).clamp_min(1e-4)
    read, real = read - read.mean(0), real - real.mean(0)
    r = (read * real).sum(0) / (read.square().sum(0) * real.square().sum(0)).clamp_min(1e-8).sqrt()
    return (0.5 * error + 1 - r).mean()


def train_space(
    data_dir: str | Path,
    out_dir: str | Path,
    config: TrainConfig,
    recipe: SpaceRecipe | None = None,
    *,
    resume: bool = False,
    on_step: Any = None,
) -> tuple[SpaceTrainer, dict[str, Any]]:
    """Learns the space and the head, places the unlabelled states, and measures both.

    Returns:
        The trained pair and its figures on the dev splits.
    """
    recipe = recipe or SpaceRecipe()
    torch.manual_seed(config.seed)
    features = cached_features(data_dir, out_dir)
    labels = torch.tensor(read_goemotions(data_dir, "train").labels)
    vad = torch.tensor(read_emobank(data_dir, "train").labels)
    rows, vad_rows = held_out(len(labels))[0], held_out(len(vad))[0]

    def batch_at(step: int, rank: int) -> dict[str, torch.Tensor]:
        draw = np.random.default_rng([config.seed, step, rank])
        texts = draw.choice(rows, recipe.batch_size, replace=False)
        other = draw.choice(vad_rows, recipe.batch_size // 2, replace=False)
        return {
            "features": features["goemotions_train"][texts],
            "labels": labels[texts],
            "vad_features": features["emobank_train"][other],
            "vad": vad[other],
        }

    trainer = SpaceTrainer(recipe)
    trainer.head.standardize(features["goemotions_train"])
    trainer = train(
        trainer,
        batch_at,
        lambda model, batch, step: space_losses(model, batch, recipe),  # type: ignore[arg-type]
        config,
        out_dir,
        resume=resume,
        on_step=on_step,
    )  # type: ignore[assignment]
    place_states(trainer, recipe)
    return trainer, evaluate_head(trainer, features, data_dir)


@torch.no_grad()
def place_states(trainer: SpaceTrainer, recipe: SpaceRecipe) -> None:
    """Puts every state without a label where its sentences are read, as long as the labelled ones are."""
    space = trainer.space
    labelled = len(GOEMOTIONS)
    names = space.state_names[labelled:]
    offsets = space.offsets()[: labelled - 1]
    length = offsets.norm(dim=-1).median()
    own = []
    for name in names:
        z = trainer.head(base_features(sentences_for(name))).mean(0) - space.neutral
        # Between the sentences' reading and the feelings it is made of (or those placed around it): a few
        # sentences alone are noisy.
        parts = [space.index(part) for part in COMPOSED.get(name, ())]
        near = (
            offsets[parts].sum(0)
            if parts
            else space.places_near(torch.tensor(STATES[name]), labelled - 1) @ offsets
        )
        own.append(F.normalize(F.normalize(z, dim=0) + F.normalize(near, dim=0), dim=0) * length)
    rows = list(range(labelled, labelled + len(names)))
    space.bank.own[rows] = 0
    space.bank.place(rows, torch.stack(own))
    space.log_scale[rows] = space.log_scale[: labelled - 1].mean(0)


def evaluate_head(
    trainer: SpaceTrainer, features: dict[str, torch.Tensor], data_dir: str | Path
) -> dict[str, Any]:
    """Macro-F1 and Pearson r on the dev splits; thresholds come from the held-out tenth of train."""

    @torch.no_grad()
    def read(name: str) -> tuple[np.ndarray, np.ndarray]:
        z = trainer.head.eval()(features[name])
        return trainer.space.label_logits(z).sigmoid().numpy(), trainer.space.linear_vad(z).numpy()

    train_labels, dev = read_goemotions(data_dir, "train").labels, read_goemotions(data_dir, "dev")
    _, tune = held_out(len(train_labels))
    thresholds = tune_thresholds(read("goemotions_train")[0][tune], train_labels[tune], smoothing=0.3)
    scores = f1_scores(read("goemotions_dev")[0], dev.labels, thresholds)
    r = pearson(read("emobank_dev")[1], read_emobank(data_dir, "dev").labels)
    return {
        "goemotions_macro_f1": round(float(scores.mean()), 4),
        "emobank_r": {axis: round(float(value), 4) for axis, value in zip("VAD", r, strict=True)},
    }


def run(
    config: Mapping[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    *,
    resume: bool = False,
    on_step: Any = None,
) -> dict[str, Any]:
    """Trains a space into `out_dir`; gives its figures.

    The shipped version stays as it is: every other model was trained to it. A new one needs a new version
    number.

    Args:
        config: "recipe" (fields of `SpaceRecipe`) and "train" (fields of `TrainConfig`).
    """
    from . import SPACE_VERSION

    train_config = TrainConfig(**config["train"])
    recipe = SpaceRecipe(**config.get("recipe", {}))
    trainer, figures = train_space(data_dir, out_dir, train_config, recipe, resume=resume, on_step=on_step)
    checkpoints.save(
        "emotion-space",
        trainer.space,
        licence=LICENCE,
        data=DATA,
        command="affect train emotion-space --data DIR",
        space_version=SPACE_VERSION,
        figures={"frozen_features": figures},
        root=Path(out_dir),
    )
    return figures
