"""Recipe of the frozen evaluator of gestures: chosen and calibrated by folds of contents, tried on contents and
takes that nobody learns from."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F

import checkpoints

from .figures import recall_of, share
from .gesture_evaluator import (
    LABELS,
    NEUTRAL,
    GestureEvaluator,
    judged,
    judged_columns,
    window_features,
)
from .gesture_manner import SHORTEST, Signals, manner, signals

if TYPE_CHECKING:
    from conditioning.body.motion import BodyMotion
    from conditioning.body.takes import Take

FILES = {1: "bandai1_styles.npz", 2: "bandai2_styles.npz"}
# Nobody trains on these.
TEST_CONTENTS = ("guide", "byebye")
TEST_TAKES = (13, 14, 15)  # of the second set
GESTURING = ("bow", "bye", "byebye", "guide")


@dataclass(frozen=True)
class Seen:
    """A real take as the evaluator sees it.

    Attributes:
        set: 1 or 2. content, emotion: as recorded. take: its number.
        motion: of every frame.
        windows: (N, F) of parts of about 5 s, by which it is judged.
        cuts: (K, F) of windows of random length and place, to learn from.
    """

    set: int
    content: str
    emotion: str
    take: int
    motion: BodyMotion
    windows: np.ndarray
    cuts: np.ndarray

    @property
    def key(self) -> tuple[int, str]:
        """What takes share that do the same."""
        return self.set, self.content

    @property
    def held_out(self) -> bool:
        return self.content in TEST_CONTENTS if self.set == 1 else self.take in TEST_TAKES


def real_takes(data_dir: str | Path, config: Mapping[str, Any] | None = None) -> list[Seen]:
    """Reads both sets: takes of eight emotions whose contents were also done neutrally and otherwise.

    Args:
        data_dir: holds motion/.
        config: the recipe's, for what is learned from; None cuts nothing.

    Raises:
        FileNotFoundError: a set is missing.
    """
    from conditioning.body.takes import bandai

    found = [
        seen_of(number, take, config)
        for number, name in FILES.items()
        for take in bandai(Path(data_dir) / "motion" / name)
        if take.emotion in LABELS and len(take.motion) >= SHORTEST
    ]
    felt = {seen.key for seen in found if seen.emotion != "neutral"}
    calm = {seen.key for seen in found if seen.emotion == "neutral"}
    return [seen for seen in found if seen.key in felt & calm]


def seen_of(number: int, take: Take, config: Mapping[str, Any] | None) -> Seen:
    """Looks at a take."""
    seen = signals(take.motion)
    rng = np.random.default_rng([config["seed"], zlib.crc32(take.id.encode())]) if config else None
    cuts = [cut(seen, config, rng) for _ in range(config["num_windows"])] if config and rng else []
    return Seen(
        number, take.content, take.emotion, take.take, take.motion, window_features(seen), np.array(cuts)
    )


def references(takes: Sequence[Seen]) -> dict[tuple[int, str], np.ndarray]:
    """Gives what each content looks like when nothing is felt: (F,), the mean over neutral windows."""
    rows: dict[tuple[int, str], list[np.ndarray]] = {}
    for seen in takes:
        if seen.emotion == "neutral":
            rows.setdefault(seen.key, []).append(seen.windows.mean(0))
    return {key: np.mean(found, axis=0) for key, found in rows.items()}


def drawn(takes: Sequence[Seen], seed: int) -> dict[str, np.ndarray]:
    """Sets every window beside a neutral take of its content, drawn at random.

    A neutral take is compared with another one, or with itself where there is no other.

    Returns:
        "changes" (N, F), "label" (N,), "weight" (N,): each emotion weighs the same, and within it each
        content.
    """
    rng = np.random.default_rng(seed)
    calm: dict[tuple[int, str], list[Seen]] = {}
    for seen in takes:
        if seen.emotion == "neutral":
            calm.setdefault(seen.key, []).append(seen)
    changes = []
    for seen in takes:
        others = [each for each in calm[seen.key] if each is not seen] or [seen]
        beside = [others[rng.integers(len(others))].cuts for _ in seen.cuts]
        # Three windows of it, so that the reference is no single gesture.
        rest = [rows[rng.integers(len(rows), size=3)].mean(0) for rows in beside]
        changes.append(seen.cuts - np.stack(rest))
    counts = [len(rows) for rows in changes]
    label = np.array([LABELS.index(seen.emotion) for seen in takes])
    return {
        "changes": np.concatenate(changes),
        "label": np.repeat(label, counts),
        "weight": np.repeat(weights_of(takes), counts),
    }


def cut(seen: Signals, config: Mapping[str, Any], rng: np.random.Generator) -> np.ndarray:
    """Describes a window of a length between the recipe's two, or all where a take is shorter: (F,)."""
    size = min(len(seen), int(rng.integers(config["shortest"], config["longest"] + 1)))
    start = int(rng.integers(0, len(seen) - size + 1))
    return manner(seen.between(start, start + size))


def weights_of(takes: Sequence[Seen]) -> np.ndarray:
    """(N,): each emotion weighs the same, within it each content, within that each take."""
    emotions = [seen.emotion for seen in takes]
    cells = [(seen.emotion, seen.key) for seen in takes]
    contents = {name: len({cell for cell in cells if cell[0] == name}) for name in emotions}
    return np.array([1 / (cells.count(cell) * contents[cell[0]]) for cell in cells])


def fit(rows: Mapping[str, np.ndarray], config: Mapping[str, Any]) -> GestureEvaluator:
    """Solves for the discriminant.

    Source: Friedman, "Regularized discriminant analysis", 1989, with lambda 1: one covariance for all classes,
    drawn towards its mean variance.
    """
    model = GestureEvaluator(num_described=config["num_described"])
    x, label, weight = (
        rows["changes"][:, judged_columns()],
        rows["label"],
        rows["weight"] / rows["weight"].sum(),
    )
    scale = np.sqrt(weight @ x**2) + 1e-3
    model.scale.copy_(torch.from_numpy(scale.astype(np.float32)))
    x = (x / scale).clip(-3, 3)
    means = np.stack(
        [np.average(x[label == at], axis=0, weights=weight[label == at]) for at in range(len(LABELS))]
    )
    away = x - means[label]
    spread = (away * weight[:, None]).T @ away
    amount = config["shrinkage"]
    spread = (1 - amount) * spread + amount * np.trace(spread) / len(spread) * np.eye(len(spread))
    solved = np.linalg.solve(spread, means.T)
    model.weight.copy_(torch.from_numpy(solved.astype(np.float32)))
    model.bias.copy_(torch.from_numpy((-0.5 * (means.T * solved).sum(0)).astype(np.float32)))
    with torch.no_grad():
        logits = model(torch.from_numpy(rows["changes"].astype(np.float32))).numpy()
    odds = logits - logits[:, NEUTRAL : NEUTRAL + 1]
    for buffer, chosen in ((model.zero, lambda at: NEUTRAL), (model.one, lambda at: at)):
        for at in range(len(LABELS)):
            mine = label == chosen(at)
            buffer[at] = float(np.average(odds[mine, at], weights=weight[mine]))
    return model.eval()


def fit_axes(model: GestureEvaluator, takes: Sequence[Seen]) -> None:
    """Sets what describes motion for Frechet distances: principal axes of the real windows' features."""
    rows = np.concatenate([seen.windows for seen in takes])
    mean, deviation = rows.mean(0), rows.std(0) + 1e-3
    _, _, axes = np.linalg.svd((rows - mean) / deviation, full_matrices=False)
    model.mean.copy_(torch.from_numpy(mean))
    model.deviation.copy_(torch.from_numpy(deviation))
    model.basis.copy_(torch.from_numpy(axes[: model.config["num_described"]].T.copy()))


def unseen_contents(takes: Sequence[Seen], config: Mapping[str, Any]) -> tuple[np.ndarray, list[Seen]]:
    """Judges every take of the first set by an evaluator that never saw its content, in either set.

    Returns:
        (N, 8) uncalibrated logits, and the N takes.
    """
    logits, judged_takes = [], []
    for content in dict.fromkeys(seen.content for seen in takes if seen.set == 1):
        known = [seen for seen in takes if not alike(seen.content, content)]
        mine = [seen for seen in takes if seen.set == 1 and seen.content == content]
        model = fit(drawn(known, config["seed"]), config)
        rest = references(mine)[1, content]
        logits.append(judged(model, [seen.windows for seen in mine], [rest] * len(mine))["logits"])
        judged_takes += mine
    return np.concatenate(logits), judged_takes


def alike(one: str, other: str) -> bool:
    """Whether two contents are much the same: "walk-left" and "walk", "bye" and "byebye"."""
    first, second = one.split("-")[0], other.split("-")[0]
    return one == other or (first == second != "walk") or {first, second} == {"bye", "byebye"}


def fit_temperature(logits: np.ndarray, label: np.ndarray) -> float:
    """Gives the divisor of the logits with the smallest negative log-likelihood.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    x, y = torch.from_numpy(logits), torch.from_numpy(label)
    candidates = torch.logspace(-1.0, 1.5, 251).tolist()
    losses = [float(F.cross_entropy(x / t, y)) for t in candidates]
    return round(candidates[int(np.argmin(losses))], 4)


def accuracy(takes: Sequence[Seen], named: np.ndarray) -> dict[str, Any]:
    """What share of takes is named, in all, by emotion, and among those that gesture.

    A neutral take that is its own reference, as in the first set, is no test and is left out.
    """
    asked = np.array([seen.emotion for seen in takes])
    given = np.array(LABELS)[named]
    counts = np.array([seen.set == 2 or seen.emotion != "neutral" for seen in takes])
    gestures = np.array([seen.content in GESTURING for seen in takes]) & counts
    return {
        **recall_of(asked[counts], given[counts], LABELS),
        "gesturing": share(asked[gestures] == given[gestures]),
        "gesturing_takes": int(gestures.sum()),
    }


def real_figures(model: GestureEvaluator, takes: Sequence[Seen]) -> dict[str, Any]:
    """What the evaluator is worth on held-out real motion.

    Returns:
        "contents": on those of the first set that nobody saw; "takes": on takes of the second; "real":
        emotions of the former and neutral of the latter, as a model's gestures are compared with.
    """
    rest = references(takes)
    calm = references([seen for seen in takes if not seen.held_out])
    held = [seen for seen in takes if seen.held_out]
    beside = [calm.get(seen.key, rest[seen.key]) for seen in held]
    named = judged(model, [seen.windows for seen in held], beside)["named"]
    parts = {
        "contents": [seen.set == 1 for seen in held],
        "takes": [seen.set == 2 for seen in held],
        "real": [seen.set == 1 or seen.emotion == "neutral" for seen in held],
    }
    return {
        name: accuracy([seen for seen, one in zip(held, mine, strict=True) if one], named[np.array(mine)])
        for name, mine in parts.items()
    }


def run(
    config: Mapping[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    *,
    resume: bool = False,
) -> dict[str, Any]:
    """Ships the evaluator; gives its figures on real motion.

    Args:
        config: see training/configs/gesture-evaluator.yaml: name, licence, data, purpose, num_windows,
            shortest, longest, shrinkage, num_described, seed.
        data_dir: holds motion/.
        out_dir, resume: not used: the fit is in closed form.
    """
    takes = real_takes(data_dir, config)
    known = [seen for seen in takes if not seen.held_out]
    logits, folded = unseen_contents(known, config)
    label = np.array([LABELS.index(seen.emotion) for seen in folded])
    model = fit(drawn(known, config["seed"]), config)
    fit_axes(model, known)
    model.register_to_config(temperature=fit_temperature(logits, label))
    found = {"unseen contents, by folds": accuracy(folded, logits.argmax(1)), **real_figures(model, takes)}
    checkpoints.ship(model, config, purpose=config["purpose"])
    checkpoints.update_manifest(config["name"], {"figures": found})
    return found
