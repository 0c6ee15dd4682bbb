"""Recipe of the frozen evaluator of music: EMOPIA's official train split, chosen and calibrated by folds of
songs.

The val split is looked at once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from conditioning.encoders.midi import note_array, read_midi
from training.data.music import AROUSAL_SIGN, SETS, VALENCE_SIGN, Clip, emopia, song_folds
from training.loop import TrainConfig, steps_done, train, without_time_budget

from .music_evaluator import CHECKPOINT, MusicEvaluator
from .music_features import feature_names, features_of

COMMAND = "affect train music-evaluator --config training/configs/music-evaluator.yaml --data DATA"
LICENCE = "CC-BY-NC-SA-4.0"
OnStep = Callable[[int, int, dict[str, float]], None]


def perform(notes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Plays a clip again: cropped, transposed, faster or slower, and half of the time on a grid, as scores
    are. (N, 4)"""
    notes = notes[np.lexsort((notes[:, 2], notes[:, 0]))].astype(np.float64)
    notes[:, 0] -= notes[0, 0]
    length_s = rng.uniform(18, 45)
    start_s = rng.uniform(0, max(0.0, notes[-1, 0] - length_s) + 1e-6)
    inside = (notes[:, 0] >= start_s) & (notes[:, 0] < start_s + length_s)
    notes = (notes[inside] if inside.sum() >= 24 else notes).copy()
    notes[:, 2] = np.clip(notes[:, 2] + rng.integers(-3, 4), 21, 108)
    notes[:, :2] *= np.exp(rng.uniform(-0.08, 0.08))
    notes[:, 3] = np.clip(notes[:, 3] + rng.normal(0, 3), 1, 127)
    if rng.random() < 0.5:
        notes = on_grid(
            notes, 60 / rng.uniform(70, 150) / rng.choice([4, 4, 6, 8]), rng.choice([2.0, 4.0, 8.0])
        )
    if rng.random() < 0.5:
        step = rng.choice([4, 6, 8])
        notes[:, 3] = np.clip(np.round(notes[:, 3] / step) * step, 1, 127)
    return notes


def on_grid(notes: np.ndarray, step_s: float, longest_s: float) -> np.ndarray:
    """Rounds onsets and durations to multiples of `step_s`; two notes of one pitch on one step become one."""
    notes = notes.copy()
    notes[:, 0] = np.round(notes[:, 0] / step_s) * step_s
    notes[:, 1] = np.clip(np.round(notes[:, 1] / step_s) * step_s, step_s, longest_s)
    first = np.unique(np.round(notes[:, [0, 2]] * 1000), axis=0, return_index=True)[1]
    return notes[first]


def feature_variants(clips: Sequence[Clip], count: int, seed: int, cache: Path) -> np.ndarray:
    """(N, 1 + count, F): each clip's features as it is and performed again; computed once into `cache`."""
    if cache.exists():
        features = np.load(cache)["features"]
        if features.shape == (len(clips), 1 + count, len(feature_names())):
            return features
    rng = np.random.default_rng(seed)
    rows = []
    for clip in clips:
        notes = note_array(read_midi(clip.path))
        rows.append([features_of(notes), *(features_of(perform(notes, rng)) for _ in range(count))])
    features = np.array(rows, dtype=np.float32)
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(cache, features=features)
    return features


def targets_of(clips: Sequence[Clip]) -> np.ndarray:
    """(N, 3): quadrant 0..3, then 1 where valence and where arousal is high."""
    rows = [[clip.label, VALENCE_SIGN[clip.quadrant] > 0, AROUSAL_SIGN[clip.quadrant] > 0] for clip in clips]
    return np.array(rows, dtype=np.int64)


def loss_fn(model: torch.nn.Module, batch: dict[str, torch.Tensor], step: int) -> dict[str, torch.Tensor]:
    """Cross-entropy of the quadrant plus half that of the two sides, for every member on its own batch."""
    ensemble: Any = getattr(model, "module", model)  # what accelerate may have wrapped
    logits = ensemble.members(batch["features"])
    target = batch["target"]  # (M, B, 3)
    quadrant = F.cross_entropy(logits[..., :4].flatten(0, 1), target[..., 0].flatten(), label_smoothing=0.05)
    sides = F.binary_cross_entropy_with_logits(logits[..., 4:], 0.03 + 0.94 * target[..., 1:])
    return {"loss": quadrant + 0.5 * sides, "quadrant": quadrant, "sides": sides}


def fit(
    features: np.ndarray,
    targets: np.ndarray,
    config: Mapping[str, Any],
    out_dir: Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> MusicEvaluator:
    """Trains one ensemble on (N, V, F) features and (N, 3) targets."""
    settings = TrainConfig(**config["train"])
    torch.manual_seed(settings.seed)
    model = MusicEvaluator(num_features=features.shape[-1], **config["model"])
    flat = features.reshape(-1, features.shape[-1])
    model.feature_mean.copy_(torch.from_numpy(flat.mean(0)))
    model.feature_std.copy_(torch.from_numpy(flat.std(0) + 1e-3))
    x, y = torch.from_numpy(features), torch.from_numpy(targets)
    shape = (model.config["num_members"], config["batch_size"])

    def batch_at(step: int, rank: int) -> dict[str, torch.Tensor]:
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step * 1009 + rank)
        clip = torch.randint(x.shape[0], shape, generator=generator)
        variant = torch.randint(x.shape[1], shape, generator=generator)
        return {"features": x[clip, variant], "target": y[clip]}

    trained = train(model, batch_at, loss_fn, settings, out_dir, resume=resume, on_step=on_step)
    return trained  # type: ignore[return-value]


@torch.no_grad()
def logits_of(model: MusicEvaluator, features: np.ndarray) -> np.ndarray:
    """(N, F) -> (N, 6)."""
    return model.eval()(torch.from_numpy(features)).numpy()


def cross_validate(
    features: np.ndarray,
    targets: np.ndarray,
    songs: Sequence[str],
    config: Mapping[str, Any],
    out_dir: Path,
    resume: bool,
) -> np.ndarray:
    """(N, 6) uncalibrated logits of every clip from a model that never heard its song."""
    config = without_time_budget(config)
    logits = np.zeros((len(features), 6), dtype=np.float32)
    for number, fold in enumerate(song_folds(songs, config["num_folds"])):
        inside = np.setdiff1d(np.arange(len(features)), fold)
        model = fit(features[inside], targets[inside], config, out_dir / str(number), resume=resume)
        logits[fold] = logits_of(model, features[fold, 0])
    return logits


def accuracy(logits: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Share of clips whose quadrant, valence and arousal are named right."""
    sides = (logits[:, 4:] > 0) == (targets[:, 1:] > 0)
    right = logits[:, :4].argmax(1) == targets[:, 0]
    figures = {"4q": right.mean(), "valence": sides[:, 0].mean(), "arousal": sides[:, 1].mean()}
    return {name: round(float(value), 4) for name, value in figures.items()}


def fit_temperatures(logits: np.ndarray, targets: np.ndarray) -> list[float]:
    """Gives the divisors of quadrant, valence and arousal logits with the smallest negative log-likelihood.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    x, y = torch.from_numpy(logits), torch.from_numpy(targets)
    candidates = torch.logspace(-0.7, 0.7, 141).tolist()
    losses = [
        [float(F.cross_entropy(x[:, :4] / t, y[:, 0])) for t in candidates],
        [float(F.binary_cross_entropy_with_logits(x[:, 4] / t, y[:, 1].float())) for t in candidates],
        [float(F.binary_cross_entropy_with_logits(x[:, 5] / t, y[:, 2].float())) for t in candidates],
    ]
    return [round(candidates[int(np.argmin(loss))], 4) for loss in losses]


def calibration_error(logits: np.ndarray, targets: np.ndarray, num_bins: int = 10) -> float:
    """Expected calibration error of the quadrant: mean |confidence - accuracy| over equal bins of
    confidence."""
    probabilities = torch.from_numpy(logits[:, :4]).softmax(-1).numpy()
    confidence, right = probabilities.max(1), probabilities.argmax(1) == targets[:, 0]
    bins = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    gaps = [
        abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in set(bins)
    ]
    return round(float(sum(gaps)), 4)


def with_memory(model: MusicEvaluator, temperatures: Sequence[float], hashes: np.ndarray) -> MusicEvaluator:
    """Gives the trained model with its temperatures and the windows by which it tells copies."""
    config = {name: value for name, value in dict(model.config).items() if not name.startswith("_")}
    config |= {"temperatures": list(temperatures), "num_windows": len(hashes)}
    complete = MusicEvaluator(**config)
    complete.load_state_dict({**model.state_dict(), "window_hashes": torch.from_numpy(hashes)})
    return complete.eval()


def run(
    config: Mapping[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Makes the shipped checkpoint "music-evaluator"; gives its figures on EMOPIA.

    A run that `train.max_minutes` cuts short keeps its state and ships nothing.
    """
    import checkpoints

    from .music_reference import reference_of, training_windows

    out_dir = Path(out_dir)
    clips, held_out = emopia(data_dir, "train"), emopia(data_dir, "val")
    targets, seed = targets_of(clips), config["train"]["seed"]
    features = feature_variants(clips, config["variants"], seed, out_dir / "features.npz")
    unseen = cross_validate(
        features, targets, [clip.song for clip in clips], config, out_dir / "folds", resume
    )
    temperatures = fit_temperatures(unseen, targets)
    hashes = training_windows(data_dir, config.get("corpus_file"))
    model = fit(features, targets, config, out_dir, resume=resume, on_step=on_step)
    if steps_done(out_dir) < config["train"]["max_steps"]:
        return {}
    model = with_memory(model, temperatures, hashes)
    val, val_targets = feature_variants(held_out, 0, seed, out_dir / "val.npz")[:, 0], targets_of(held_out)
    logits = logits_of(model, val)
    scaled = unseen / np.array([temperatures[0]] * 4 + temperatures[1:], dtype=np.float32)
    figures = {
        "val": accuracy(logits, val_targets),
        "cross_validation": accuracy(unseen, targets),
        "calibration_error": {
            "val": calibration_error(logits, val_targets),
            "cross_validation": calibration_error(scaled, targets),
        },
        "clips": {"train": len(clips), "val": len(held_out)},
    }
    checkpoints.save(
        CHECKPOINT,
        model,
        licence=LICENCE,
        non_commercial=True,
        data=f"EMOPIA 1.0, official train split; hashes of two-bar windows of {', '.join(SETS)}",
        command=COMMAND,
        figures=figures,
        extra={"reference": reference_of(held_out, hashes)},
    )
    return figures
