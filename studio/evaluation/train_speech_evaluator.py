"""Recipe of the frozen evaluator of emotional speech: chosen and calibrated by folds of speakers, shipped
from all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import checkpoints
from training.data.speech import speaker_folds

from .speech_audio import RATE, Recording, at_rate, read_corpus, read_sound
from .speech_evaluator import CHECKPOINT, LABELS, NEUTRAL, SpeechEvaluator, inputs_of
from .speech_features import feature_names, features_of
from .speech_judging import figures_of
from .speech_variants import vary

COMMAND = "affect train speech-evaluator --config training/configs/speech-evaluator.yaml --data DATA"
LICENCE = "CC-BY-NC-SA-4.0"
PURPOSE = "Judges the emotion of speech. Frozen; shares no weights with what it judges."
CORPORA = ("ravdess-speech-en-NC", "emodb-de", "emotiontts-ko-NC")


def recordings_of(data_dir: str | Path) -> list[Recording]:
    """Gives the acted clips of all three data sets whose emotion is one of the five."""
    rows = [row for corpus in CORPORA for row in read_corpus(data_dir, corpus)]
    return [row for row in rows if row.emotion in LABELS]


def feature_variants(rows: Sequence[Recording], count: int, seed: int, cache: Path) -> np.ndarray:
    """(N, 1 + count, F): every clip as it is and as virtual relatives say it; computed once into `cache`."""
    names = [f"{row.corpus}/{row.path.name}" for row in rows]
    shape = (len(rows), 1 + count, len(feature_names()))
    if cache.exists():
        with np.load(cache) as data:
            if data["features"].shape == shape and data["names"].tolist() == names:
                return data["features"]
    features = np.zeros(shape, dtype=np.float32)
    for at, row in enumerate(rows):
        sound = at_rate(*read_sound(row.path))
        rng = np.random.default_rng([seed, at])
        features[at, 0] = features_of(sound, RATE)
        for variant in range(1, 1 + count):
            features[at, variant] = features_of(vary(sound, row.speaker, variant, rng), RATE)
    cache.parent.mkdir(parents=True, exist_ok=True)
    with checkpoints.replace_file(cache) as partial, open(partial, "wb") as file:
        np.savez_compressed(file, features=features, names=names)
    return features


def compared(rows: Sequence[Recording], features: np.ndarray) -> np.ndarray:
    """(N, 2 F): every clip beside all other neutral clips of its speaker.

    Args:
        rows: N clips.
        features: (N, F).
    """
    speaker = np.array([row.speaker for row in rows])
    neutral = np.array([row.emotion == "neutral" for row in rows])
    reference = np.zeros_like(features)
    for name in set(speaker.tolist()):
        mine = speaker == name
        known = features[mine & neutral]
        if len(known) < 2:
            raise ValueError(
                f"expected two or more neutral clips of every speaker, got {len(known)} of {name}"
            )
        total = known.sum(0)
        reference[mine] = total / len(known)
        # A neutral clip is no part of what it is compared with.
        reference[mine & neutral] = (total - known) / (len(known) - 1)
    return inputs_of(features, reference).numpy()


def targets_of(rows: Sequence[Recording], grades: Mapping[str, float]) -> np.ndarray:
    """(N, 10): 1 or -1 for naming; then the grade of the emotion acted, its opposite for neutral, else -1."""
    label = np.array([LABELS.index(row.emotion) for row in rows])
    grade = np.array([grades[row.intensity or "unknown"] for row in rows])
    named = np.where(np.eye(len(LABELS))[label] > 0, 1.0, -1.0)
    graded = named.copy()
    acted = np.flatnonzero(label != NEUTRAL)
    graded[acted, label[acted]] = grade[acted]
    graded[acted, NEUTRAL] = -grade[acted]
    return np.concatenate([named, graded], axis=1).astype(np.float32)


def fit(
    rows: Sequence[Recording], inputs: np.ndarray, config: Mapping[str, Any], temperature: float = 1.0
) -> SpeechEvaluator:
    """Solves for the evaluator: ridge regression on kernels, every emotion weighing the same.

    Args:
        rows: N clips.
        inputs: (N, V, 2 F).
        config: the recipe's.
        temperature: divisor of the naming logits.

    Source: Saunders et al., "Ridge Regression Learning Algorithm in Dual Variables", ICML 1998.
    """
    variants = inputs.shape[1]
    flat = torch.from_numpy(inputs.transpose(1, 0, 2).reshape(-1, inputs.shape[-1]))
    label = np.tile([LABELS.index(row.emotion) for row in rows], variants)
    targets = torch.from_numpy(np.tile(targets_of(rows, config["grades"]), (variants, 1)))
    model = SpeechEvaluator(
        num_inputs=flat.shape[1],
        num_support=len(flat),
        sharpness=config["sharpness"],
        linear=config["linear"],
        temperature=temperature,
    )
    model.input_mean.copy_(flat.mean(0))
    model.input_std.copy_(flat.std(0) + 1e-3)
    model.support.copy_(model.standardised(flat))
    weight = 1 / np.bincount(label, minlength=len(LABELS)).clip(1)[label]
    ridge = torch.from_numpy((config["penalty"] * weight.mean() / weight).astype(np.float32))
    kernel = model.kernel(model.support, model.support) + torch.diag(ridge)
    model.weights.copy_(torch.linalg.solve(kernel, targets))
    return model.eval()


@torch.no_grad()
def unseen(
    rows: Sequence[Recording], inputs: np.ndarray, folds: Sequence[np.ndarray], config: Mapping[str, Any]
) -> np.ndarray:
    """(N, 10) uncalibrated outputs for every clip from an evaluator that never heard its fold."""
    outputs = np.zeros((len(rows), 2 * len(LABELS)), dtype=np.float32)
    for fold in folds:
        inside = np.setdiff1d(np.arange(len(rows)), fold)
        model = fit([rows[at] for at in inside], inputs[inside], config)
        outputs[fold] = model.forward(torch.from_numpy(inputs[fold, 0])).numpy()
    return outputs


def fit_temperature(logits: np.ndarray, rows: Sequence[Recording]) -> float:
    """Gives the divisor of the logits with the smallest negative log-likelihood.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    x = torch.from_numpy(logits)
    y = torch.tensor([LABELS.index(row.emotion) for row in rows])
    candidates = torch.logspace(-1.5, 0.7, 221).tolist()
    losses = [float(torch.nn.functional.cross_entropy(x / t, y)) for t in candidates]
    return round(candidates[int(np.argmin(losses))], 4)


def pairs_of(rows: Sequence[Recording]) -> np.ndarray:
    """(P, 2): a strong take and a normal one of the same speaker, emotion and line."""
    lines: dict[tuple[str, str, str], dict[str, list[int]]] = {}
    for at, row in enumerate(rows):
        lines.setdefault((row.speaker, row.emotion, row.prompt), {}).setdefault(row.intensity, []).append(at)
    found = [
        (strong, normal)
        for takes in lines.values()
        for strong in takes.get("strong", [])
        for normal in takes.get("normal", [])
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def figures(
    rows: Sequence[Recording], features: np.ndarray, inputs: np.ndarray, config: Mapping[str, Any]
) -> tuple[dict[str, Any], float]:
    """Gives what the evaluator is worth on speakers, and on whole data sets, that it never heard; and its
    temperature."""
    pairs, number = pairs_of(rows), len(LABELS)
    folds = speaker_folds([(row.corpus, row.speaker) for row in rows], config["num_folds"])

    def judged(given: np.ndarray, splits: Sequence[np.ndarray]) -> tuple[np.ndarray, dict[str, Any]]:
        outputs = unseen(rows, given, splits, config)
        return outputs, figures_of(rows, outputs[:, :number], outputs[:, number:], pairs)

    outputs, found = judged(inputs, folds)
    alone = judged(features, folds)[1]
    only = judged(inputs[..., : features.shape[-1]], folds)[1]
    corpora = np.array([row.corpus for row in rows])
    apart = judged(inputs, [np.flatnonzero(corpora == name) for name in dict.fromkeys(corpora.tolist())])[1]
    answer = {
        "cross_validation": found,
        "without_reference": alone,
        "only_relative": only,
        "whole_data_set_unseen": apart,
        "clips": len(rows),
        "speakers": len({row.speaker for row in rows}),
    }
    return answer, fit_temperature(outputs[:, :number], rows)


def run(
    config: Mapping[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    *,
    resume: bool = False,
) -> dict[str, Any]:
    """Makes the shipped checkpoint "speech-evaluator"; gives its figures on real speech.

    Args:
        config: see training/configs/speech-evaluator.yaml.
        data_dir: holds the three data sets.
        out_dir, resume: not used: the fit is in closed form, and the features are cached.
    """
    rows = recordings_of(data_dir)
    features = feature_variants(rows, config["variants"], config["seed"], Path(config["cache_file"]))
    inputs = np.stack([compared(rows, features[:, at]) for at in range(features.shape[1])], axis=1)
    found, temperature = figures(rows, features, inputs, config)
    checkpoints.save(
        CHECKPOINT,
        fit(rows, inputs, config, temperature),
        licence=LICENCE,
        non_commercial=True,
        data="RAVDESS speech (20 speakers), Berlin EmoDB (8), EmotionTTS open DB (15)",
        command=COMMAND,
        figures=found,
        purpose=PURPOSE,
    )
    return found
