"""Figures of the speech encoder on unseen speakers: what it tells right, and what else codes give away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.data.speech import Recording

from .names import find_state

# The five labels that every corpus of acted speech has.
FIVE = ("anger", "joy", "sadness", "fear", "neutral")


def gain_of(offsets: np.ndarray, targets: np.ndarray) -> float:
    """Gives the factor with which clips of unseen speakers lie, on average, as far along their state's
    direction as they were acted; from 1 to 1.5. (N, D), (N, D)"""
    found = float((offsets * targets).sum() / np.square(targets).sum())
    return round(float(np.clip(1 / max(found, 1e-3), 1.0, 1.5)), 3)


def figures_of(clips: Sequence[Recording], offsets: np.ndarray, summaries: np.ndarray) -> dict[str, Any]:
    """Gives the figures that a checkpoint carries.

    Args:
        clips: N clips. offsets: (N, D) from neutral, each by a model that never heard the speaker.
        summaries: (N, S) raw features of the clips.
    """
    from .space import load_space

    space = load_space()
    points = space.offsets().numpy()[[space.index(name) for name in FIVE]]
    names = np.array([find_state(clip.emotion) for clip in clips])
    five = np.flatnonzero(np.isin(names, FIVE))
    label = np.array([FIVE.index(names[at]) for at in five])
    found = np.square(offsets[five, None] - points).sum(-1).argmin(1)
    right = found == label
    corpus = np.array([clips[int(at)].id.split("/")[0] for at in five])
    strength = np.array([clip.intensity for clip in clips])
    rows = [space.index(str(name)) for name in names]
    vad = space.offsets().numpy()[rows] * strength[:, None] @ space.vad_weight.numpy().T
    error = np.abs(offsets @ space.vad_weight.numpy().T - vad)
    plain = np.abs(vad - vad.mean(0))
    return {
        "unseen_speakers": {
            "nearest_of_5": share(right),
            "recall": {name: share(right[label == at]) for at, name in enumerate(FIVE)},
            "by_corpus": {name: share(right[corpus == name]) for name in sorted(set(corpus))},
            "vad_error": axes(error),
            "vad_error_of_the_mean": axes(plain),
            "strong_above_normal": strong_above_normal(clips, offsets),
            "clips": len(clips),
            "clips_of_5": len(five),
        },
        "probes": probes(clips, names, offsets, summaries),
    }


def share(right: np.ndarray) -> float:
    return round(float(right.mean()), 4) if len(right) else 0.0


def axes(values: np.ndarray) -> dict[str, float]:
    return {axis: round(float(value), 4) for axis, value in zip("VAD", values.mean(0), strict=True)}


def strong_above_normal(clips: Sequence[Recording], offsets: np.ndarray) -> float:
    """Gives how often an actor's strong takes lie further along the emotion's direction than the normal."""
    from .space import load_space

    space = load_space()
    takes: dict[tuple[str, str], dict[bool, list[float]]] = {}
    for clip, offset in zip(clips, offsets, strict=True):
        if "ravdess" in clip.id and find_state(clip.emotion) != "neutral":
            direction = space.offsets()[space.index(str(find_state(clip.emotion)))].numpy()
            along = float(offset @ direction / np.linalg.norm(direction))
            sides = takes.setdefault((clip.speaker, clip.emotion), {False: [], True: []})
            sides[clip.intensity == 1.0].append(along)
    pairs = [np.mean(sides[True]) > np.mean(sides[False]) for sides in takes.values() if all(sides.values())]
    return share(np.array(pairs))


def probes(
    clips: Sequence[Recording], names: np.ndarray, offsets: np.ndarray, summaries: np.ndarray
) -> dict[str, float]:
    """Linear probes among RAVDESS' actors, who all say the same two sentences: who speaks, and what is felt.

    The speaker is asked of clips left out at random, the emotion of speakers left out.
    """
    inside = np.flatnonzero(["ravdess" in clip.id for clip in clips])
    if not len(inside):
        inside = np.arange(len(clips))
    people, who = np.unique(np.array([clips[int(at)].speaker for at in inside]), return_inverse=True)
    _, felt = np.unique(names[inside], return_inverse=True)
    chance = np.random.default_rng(0).integers(5, size=len(inside))
    code, raw = offsets[inside], summaries[inside]
    return {
        "speaker_from_code": probe(code, who, chance),
        "speaker_from_features": probe(raw, who, chance),
        "speaker_by_chance": round(1 / len(people), 4),
        "emotion_from_code": probe(code, felt, who % 5),
        "emotion_from_features": probe(raw, felt, who % 5),
        "emotion_by_chance": round(1 / len(set(felt.tolist())), 4),
    }


def probe(inputs: np.ndarray, label: np.ndarray, fold: np.ndarray) -> float:
    """Gives the accuracy of a linear classifier (ridge regression, the best of five strengths) on folds left
    out. (N, F), (N,), (N,)"""
    x = (inputs - inputs.mean(0)) / (inputs.std(0) + 1e-6)
    x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    wanted = np.eye(label.max() + 1)[label]
    best = 0.0
    for ridge in (0.1, 1.0, 10.0, 100.0, 1000.0):
        right = np.zeros(len(x), dtype=bool)
        for number in np.unique(fold):
            out, kept = fold == number, fold != number
            gram = x[kept].T @ x[kept] + ridge * np.eye(x.shape[1])
            weights = np.linalg.solve(gram, x[kept].T @ wanted[kept])
            right[out] = (x[out] @ weights).argmax(1) == label[out]
        best = max(best, share(right))
    return best
