"""Recipe of the frozen evaluator of videos: real clips drawn in many ways, judges by folds of clips.

Told apart are the emotions with at least `least_clips` real clips, and those that the recipe adds by name. What was
tried beside kernel regression (linear regression, shrunk discriminants, logistic regression, a small convolutional
network) named fewer of the real clips that it had not seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import checkpoints
from generators.video.animations import BACKGROUNDS, Animation, Drawer, View, read_animations

from .figures import recall_of, rounded, share
from .train_portrait_evaluator import fit_temperature
from .video_character import STILLS, character, described, distances, thumbnails
from .video_evaluator import VideoEvaluator

PURPOSE = "Judges which emotion an animated character shows, and which real clip it is nearest to. Frozen."
CLIP_S = 33 / 15
OnStep = Callable[[int, int, dict[str, float]], None]


@dataclass(frozen=True)
class Drawn:
    """N drawings of real clips: features (N, F), thumbnails (N, T, P), clip (N,) which each is of."""

    features: Tensor
    thumbnails: Tensor
    clip: np.ndarray


def labels_of(animations: Sequence[Animation], least: int, added: Sequence[str]) -> tuple[str, ...]:
    """Gives the emotions that are told apart, those with most clips first."""
    counts = Counter(each.emotion for each in animations)
    return tuple(name for name, count in counts.most_common() if count >= least or name in added)


def folds_of(animations: Sequence[Animation], labels: Sequence[str], count: int, seed: int) -> list[int]:
    """Gives the fold that leaves out each clip, every emotion evenly over all; -1 of other emotions."""
    random, found = np.random.default_rng(seed), [-1] * len(animations)
    first = 0
    for label in labels:
        places = [at for at, each in enumerate(animations) if each.emotion == label]
        for number, place in enumerate(random.permutation(places), first):
            found[place] = number % count
        first += len(places)
    return found


def draw_views(
    animations: Sequence[Animation], config: Mapping[str, Any], on_step: OnStep | None = None
) -> Drawn:
    """Draws every clip in `config["views"]` ways."""
    drawer, rows, clips = Drawer(), [], []
    for number, animation in enumerate(animations):
        random = np.random.default_rng([config["seed"], number])
        for _ in range(config["views"]):
            crops = character(seen(drawer, animation, random))
            rows.append((described(crops), thumbnails(crops)))
            clips.append(number)
        if on_step:
            on_step(number + 1, len(animations), {})
    features, small = zip(*rows, strict=True)
    return Drawn(torch.stack(features), torch.stack(small), np.array(clips))


def seen(drawer: Drawer, animation: Animation, random: np.random.Generator) -> np.ndarray:
    """Draws stills of a clip as somebody may see it: any part of it, ground, size, place and pace, a little
    softer, noisier, lighter or darker. (12, 128, 128, 3)"""
    grounds = list(BACKGROUNDS.values())
    view = View(
        start_s=random.random() * animation.duration_s,
        speed=float(random.uniform(0.6, 1.5)),
        background=grounds[random.integers(len(grounds))] if random.random() < 0.6 else (255, 255, 255),
        scale=float(random.uniform(0.6, 1.0)),
        shift=(float(random.normal(0, 0.06)), float(random.normal(0, 0.06))),
        mirrored=bool(random.random() < 0.3),
    )
    frames = drawer.draw(animation, np.linspace(0, CLIP_S, STILLS, endpoint=False).tolist(), view)
    # Small, because colour tells emotions apart.
    light = random.uniform(0.95, 1.03) + random.normal(0, 0.01, 3)
    pixels = torch.from_numpy(frames * light).permute(0, 3, 1, 2).float()
    if random.random() < 0.5:
        pixels = F.avg_pool2d(pixels, 3, 1, 1, count_include_pad=False)
    noise = random.uniform(0, 4) * random.standard_normal(pixels.shape)
    made = (pixels + torch.from_numpy(noise)).clamp(0, 255).byte()
    return made.permute(0, 2, 3, 1).numpy()


def known_stills(animations: Sequence[Animation], count: int) -> Tensor:
    """Thumbnails of every real clip over one round of it, (N, count, P) uint8."""
    drawer, rows = Drawer(), []
    for animation in animations:
        times_s = np.linspace(0, animation.duration_s, count, endpoint=False).tolist()
        rows.append(thumbnails(character(drawer.draw(animation, times_s, View(scale=0.9)))))
    return (torch.stack(rows) * 255).round().byte()


def regress(alike: Tensor, among: Tensor, label: Tensor, num_labels: int, penalty: float) -> Tensor:
    """Fits least squares on a kernel: +1 for the label, -1 for others; rare labels count more.

    Args:
        alike: (N, M) kernel between examples and the drawings compared with. among: (M, M), among those drawings.
        label: (N,).

    Returns:
        (M, L).

    Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, section 8.3.1 (subset of
    regressors).
    """
    kernel, target = alike.double(), 2 * F.one_hot(label, num_labels).double() - 1
    weight = label.bincount(minlength=num_labels).double()[label].rsqrt()
    weighted = kernel.T * (weight / weight.mean())
    # What is added to the diagonal keeps drawings that are nearly the same from making it singular.
    own = weighted @ kernel + penalty * among.double() + 1e-6 * torch.eye(len(among), dtype=torch.float64)
    return torch.linalg.solve(own, weighted @ target).float()


def fit(
    animations: Sequence[Animation], drawn: Drawn, config: Mapping[str, Any]
) -> tuple[VideoEvaluator, dict[str, Any]]:
    """Fits the evaluator; gives it and its figures on real clips that the judge never saw."""
    labels = labels_of(animations, config["least_clips"], config["added"])
    folds = np.array(folds_of(animations, labels, config["folds"], config["seed"]))
    number = {label: at for at, label in enumerate(labels)}
    label = torch.tensor([number.get(each.emotion, -1) for each in animations])[drawn.clip]
    fold = torch.from_numpy(folds)[drawn.clip]
    kept = torch.from_numpy(compared_with(drawn.clip, config["kept"])) & (label >= 0)
    model = VideoEvaluator(
        labels,
        [each.tag for each in animations],
        folds.tolist(),
        config["folds"],
        config["stills"],
        int(kept.sum()),
        config["width"],
    )
    model.known.copy_(known_stills(animations, config["stills"]))
    std = drawn.features.std(0)
    model.mean.copy_(drawn.features.mean(0))
    model.scale.copy_((std.square() + std.square().mean()).sqrt())
    model.know(drawn.features[kept])
    alike = model.alike(drawn.features)
    for at in range(config["folds"]):
        rows = (label >= 0) & (fold != at)
        mine = fold[kept] != at
        among = alike[kept][mine][:, mine]
        model.weight[at, mine] = regress(
            alike[rows][:, mine], among, label[rows], len(labels), config["penalty"]
        )
    rows = label >= 0
    every = model.logits(drawn.features[rows])
    held_out = every[torch.arange(len(every)), fold[rows]]
    model.register_to_config(temperature=fit_temperature(held_out.numpy(), label[rows].numpy()))
    own, other = own_distances(model, drawn)
    model.register_to_config(copy_distance=rounded(np.quantile(other, 0.05)))
    found = named_figures(animations, drawn.clip[rows.numpy()], held_out.numpy(), labels)
    found["distance"] = {
        "to the same clip, drawn otherwise": rounded(np.median(own)),
        "to the nearest other clip": rounded(np.median(other)),
        "of a copy": model.config["copy_distance"],
        "copies found out": share(own < model.config["copy_distance"]),
    }
    return model, found


def compared_with(clip: np.ndarray, count: int) -> np.ndarray:
    """Says which drawings are kept, the first ones of each clip: (N,) -> (N,) bool."""
    return np.array([int((clip[:at] == number).sum()) < count for at, number in enumerate(clip)])


def own_distances(model: VideoEvaluator, drawn: Drawn) -> tuple[np.ndarray, np.ndarray]:
    """How far each drawing is from its own clip, and from the nearest other. (N,), (N,)"""
    known = model.known.float() / 255
    far = torch.stack([distances(small, known) for small in drawn.thumbnails])  # (N, clips)
    rows = torch.arange(len(far))
    own = far[rows, drawn.clip]
    far[rows, drawn.clip] = torch.inf
    return own.numpy(), far.amin(1).numpy()


def named_figures(
    animations: Sequence[Animation], clip: np.ndarray, logits: np.ndarray, labels: Sequence[str]
) -> dict[str, Any]:
    """What share of drawings is named by judges that never saw the clip."""
    asked = np.array([animations[at].emotion for at in clip])
    named = np.array(labels)[logits.argmax(1)]
    face = np.array([animations[at].kind == "face" for at in clip])
    over = np.argsort(-logits, axis=1)[:, :2]
    two = (np.array(labels)[over] == asked[:, None]).any(1)
    answer = recall_of(asked, named, labels)
    return {
        "labels": list(labels),
        "real clips": len(set(clip.tolist())),
        "held out": {**answer, "faces": share(named[face] == asked[face]), "among the first two": share(two)},
    }


def run(
    config: Mapping[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    *,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Ships the evaluator; gives its figures on clips left out.

    Args:
        config: see training/configs/video-evaluator.yaml. data_dir: holds video/noto_emotion_lottie.
        resume: is of no use, for it takes minutes.
    """
    animations = read_animations(Path(data_dir) / config["animations"])
    drawn = draw_views(animations, config, on_step)
    model, figures = fit(animations, drawn, config)
    checkpoints.ship(model, config, purpose=PURPOSE)
    checkpoints.update_manifest(config["name"], {"figures": figures})
    checkpoints.write_json(Path(out_dir) / "figures.json", figures, indent=1)
    return figures
