"""Recipe of the two frozen evaluators of faces: made-up takes of published action units, on coefficients and
on heads as a detector sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

import checkpoints
from conditioning.face.arkit import NAMES
from training.data.face import facegood, livelink
from training.loop import TrainConfig, steps_done, train

from .figures import share
from .portrait_detector import Detector, fit_detector
from .portrait_evaluator import VARIANTS, FramesEvaluator, PortraitEvaluator, coefficient_features
from .portrait_geometry import shape_features
from .portrait_heads import Looks, look_at_heads
from .portrait_samples import Captures, Take, captures_of, draw_levels, draw_take
from .portrait_units import LABELS, NEUTRAL

OnStep = Callable[[int, int, dict[str, float]], None]
# Features of a take for each of VARIANTS.
Describe = Callable[[Take, np.random.Generator], Sequence[np.ndarray]]
HELD_OUT_SEED = 7_000_000


def captures_from(data_dir: str | Path, config: Mapping[str, Any]) -> Captures:
    """Reads the real captures that made-up takes are laid over; of speech only the first half of each take.

    Raises:
        FileNotFoundError: a data set is missing. ValueError: none of the takes is in it.
    """
    folder = Path(data_dir) / "face"
    speech = [take for take in facegood(folder / "facegood", NAMES) if take.id in config["speech_takes"]]
    faces = [
        take
        for take in livelink(folder / "livelink_arkit_takes.npz", NAMES)
        if take.id in config["face_takes"]
    ]
    if not speech or not faces:
        raise ValueError("expected the takes of speech and of faces that the recipe names, got none of them")
    halves = [take.coefficients[: len(take.coefficients) // 2] for take in speech]
    return captures_of(halves, [take.coefficients for take in faces], faces[0].frame_rate)


def describe_coefficients(take: Take, rng: np.random.Generator) -> Sequence[np.ndarray]:
    return coefficient_features(take.expression, take.reference), coefficient_features(take.expression)


def describe_heads(detector: Detector) -> Describe:
    """Gives what describes a take by the heads of random people, as a detector finds them."""
    average = detector.average

    def describe(take: Take, rng: np.random.Generator) -> Sequence[np.ndarray]:
        # A film is looked at a few times a second.
        some = np.sort(rng.permutation(len(take.expression))[: rng.integers(1, 25)])
        faces, rest = detector.look(take.expression[some], take.reference, rng)
        return shape_features(faces, rest), shape_features(faces, average)

    return describe


def drawn_looks(config: Mapping[str, Any], data_dir: str | Path, captures: Captures) -> tuple[Looks, Looks]:
    """Looks at the recipe's heads, once into its cache: those to learn from, and the others."""
    cache, count = Path(config["cache_file"]), config["num_heads"]
    names = [each.name for each in fields(Looks)]
    found: dict[str, Any] = {}
    if cache.exists():
        with np.load(cache) as data:
            found = {name: data[name] for name in names} if int(data["count"]) == count else {}
    if not found:
        looks = look_at_heads(data_dir, partial(draw_still, captures), count, config["train"].get("seed", 0))
        found = vars(looks)
        cache.parent.mkdir(parents=True, exist_ok=True)
        with checkpoints.replace_file(cache) as path, open(path, "wb") as file:
            np.savez_compressed(file, **{**found, "count": count})
    kept = len(found["label"]) - config["num_held_heads"]
    return Looks(*(found[name][:kept] for name in names)), Looks(*(found[name][kept:] for name in names))


def draw_still(captures: Captures, rng: np.random.Generator) -> Take:
    """Draws what a head shows."""
    emotion, speaking = str(rng.choice(LABELS)), bool(rng.random() < 0.3)
    return draw_take(emotion, draw_levels(rng), captures, rng, num_frames=1, speaking=speaking)


def described_looks(looks: Looks, average: np.ndarray) -> dict[str, np.ndarray]:
    """Describes heads that were really drawn and found, as `draw_features` does."""
    pairs = [
        np.stack([shape_features(shown[None], rest), shape_features(shown[None], average)])
        for rest, shown in zip(looks.rest, looks.shown, strict=True)
    ]
    return {"features": np.stack(pairs), "label": looks.label}


def draw_features(
    captures: Captures, describe: Describe, count: int, seed: int, **fixed: Any
) -> dict[str, np.ndarray]:
    """Draws takes and describes them.

    Args:
        fixed: of `draw_take`, and `level`.

    Returns:
        "features" (N, V, F) float32, "label" (N,) int64 with -1 for too faint, "asked" (N,) int64, "level"
        (N,).
    """
    level, rows = fixed.pop("level", None), []
    for at in range(count):
        rng = np.random.default_rng([seed, at])
        asked = at % len(LABELS)
        take = draw_take(LABELS[asked], draw_levels(rng) if level is None else level, captures, rng, **fixed)
        rows.append((np.stack(describe(take, rng)), take.label, asked, take.level))
    return {
        "features": np.stack([row[0] for row in rows]),
        "label": np.array([row[1] for row in rows], np.int64),
        "asked": np.array([row[2] for row in rows], np.int64),
        "level": np.array([row[3] for row in rows], np.float32),
    }


def loss_fn(model: torch.nn.Module, batch: dict[str, torch.Tensor], step: int) -> dict[str, torch.Tensor]:
    """Naming by cross-entropy, where a take is strong enough; grades by squares."""
    ensemble: Any = getattr(model, "module", model)
    found = ensemble.members(batch["features"])  # (V, M, B, 16)
    label, number = batch["label"], len(LABELS)  # (V, M, B)
    naming = F.cross_entropy(
        found[..., :number].flatten(0, 2), label.flatten(), ignore_index=-1, label_smoothing=0.02
    )
    graded = F.one_hot(batch["asked"], number) * batch["level"][..., None]  # (V, M, B, 8)
    felt = [at for at in range(number) if at != NEUTRAL]
    grades = (found[..., number:] - graded)[..., felt].square().mean()
    return {"loss": naming + 2 * grades, "naming": naming, "grades": grades}


def fit(
    drawn: Mapping[str, np.ndarray],
    config: Mapping[str, Any],
    out_dir: str | Path,
    *,
    average: np.ndarray | None = None,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> PortraitEvaluator:
    """Trains one ensemble on what `draw_features` gave.

    Args:
        average: of `FramesEvaluator`; None makes an evaluator of coefficients.
    """
    settings = TrainConfig(**config["train"])
    torch.manual_seed(settings.seed)
    features = torch.from_numpy(drawn["features"])  # (N, V, F)
    kind = PortraitEvaluator if average is None else FramesEvaluator
    model = kind(num_features=features.shape[-1], **config["model"])
    if isinstance(model, FramesEvaluator):
        model.average.copy_(torch.from_numpy(average))
    model.feature_mean.copy_(features.mean(0))
    model.feature_std.copy_(features.std(0) + 1e-3)
    rest = {name: torch.from_numpy(drawn[name]) for name in ("label", "asked", "level")}
    shape = (len(VARIANTS), model.config["num_members"], config["batch_size"])
    variant = torch.arange(len(VARIANTS))[:, None, None]

    def batch_at(step: int, rank: int) -> dict[str, torch.Tensor]:
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step * 1009 + rank)
        take = torch.randint(len(features), shape, generator=generator)
        return {"features": features[take, variant], **{name: row[take] for name, row in rest.items()}}

    trained = train(model, batch_at, loss_fn, settings, out_dir, resume=resume, on_step=on_step)
    return trained  # type: ignore[return-value]


def fit_temperature(logits: np.ndarray, label: np.ndarray) -> float:
    """Gives the divisor of the logits with the smallest negative log-likelihood.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    x, y = torch.from_numpy(logits), torch.from_numpy(label)
    candidates = torch.logspace(-1.0, 1.0, 201).tolist()
    losses = [float(F.cross_entropy(x / t, y, ignore_index=-1)) for t in candidates]
    return round(candidates[int(np.argmin(losses))], 4)


def accuracy(
    model: PortraitEvaluator, drawn: Mapping[str, np.ndarray], variant: str = "relative"
) -> dict[str, Any]:
    """What share of takes is named, in all and by emotion."""
    label = drawn["label"]
    features = drawn["features"][:, VARIANTS.index(variant)][label >= 0]
    named, label = model.scores(features, variant).argmax(1), label[label >= 0]
    recall = {name: share(named[label == at] == at) for at, name in enumerate(LABELS) if (label == at).any()}
    return {"takes": len(label), "accuracy": share(named == label), "recall": recall}


def figures(model: PortraitEvaluator, captures: Captures, describe: Describe, count: int) -> dict[str, Any]:
    """What the evaluator is worth on people whom it never saw, by source of the units and way of showing."""
    found: dict[str, Any] = {}
    cases: dict[str, dict[str, Any]] = {
        "shares of Du et al.": {"source": "shares"},
        "variants of Ekman et al.": {"source": "variants"},
        "stills": {"num_frames": 1, "speaking": False},
        "speaking": {"speaking": True, "num_frames": 90},
        "at half strength": {"level": 0.5},
    }
    for number, (name, fixed) in enumerate(cases.items()):
        drawn = draw_features(captures, describe, count, HELD_OUT_SEED + number, **{"level": 1.0, **fixed})
        found[name] = {variant: accuracy(model, drawn, variant) for variant in VARIANTS}
    return found


def run(
    config: Mapping[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Ships the evaluator that the config names; gives its figures on takes drawn anew.

    Args:
        config: see training/configs/portrait-evaluator.yaml and portrait-evaluator-frames.yaml: name,
            licence, data, purpose, sees, speech_takes, face_takes, num_takes, num_tests, batch_size, model,
            train; for heads also num_heads, num_held_heads, cache_file, ridge.
        data_dir: holds face/.
    """
    captures = captures_from(data_dir, config)
    describe: Describe = describe_coefficients
    average = None
    if config["sees"] == "heads":
        known, held = drawn_looks(config, data_dir, captures)
        detector = fit_detector(known, config["ridge"])
        describe, average = describe_heads(detector), detector.average
    drawn = draw_features(captures, describe, config["num_takes"], config["train"].get("seed", 0))
    model = fit(drawn, config, out_dir, average=average, resume=resume, on_step=on_step)
    if steps_done(out_dir) < config["train"]["max_steps"]:
        return {}
    calm = draw_features(captures, describe, config["num_tests"], HELD_OUT_SEED - 1)
    heats = [
        fit_temperature(model.scores(calm["features"][:, at], name), calm["label"])
        for at, name in enumerate(VARIANTS)
    ]
    model.register_to_config(temperatures=tuple(heats))
    found = figures(model.eval(), captures, describe, config["num_tests"])
    if average is not None:
        drawn = described_looks(held, average)
        found["heads drawn and found, of any strength"] = {
            variant: accuracy(model, drawn, variant) for variant in VARIANTS
        }
    checkpoints.ship(model, config, purpose=config["purpose"])
    checkpoints.update_manifest(config["name"], {"figures": found})
    return found
