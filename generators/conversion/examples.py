"""Training examples: takes of a line with the edit to another take, and the direction between their
feelings."""

from __future__ import annotations

import fnmatch
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from generators.voice.points import NEUTRAL, EmotionPoints

from .model import EMOTION_MOMENTS, PATCH
from .pairs import Pairs
from .summary import summary_of

CONTENT_NOISE, VOICE_NOISE = 0.15, 0.3
STRONG = 0.75  # quantile of how far takes go that counts as intensity 1


class Felt(NamedTuple):
    """A feeling: a label of the emotion layer and how strong it is."""

    emotion: str
    intensity: float


def strengths_of(pairs: Pairs) -> np.ndarray:
    """How far each take is from neutral along its emotion's own direction, in units of a strong take.

    No intensity labels: for each emotion the mean summary of edits from neutral is its direction, and every
    take lies somewhere along it. Takes of lines without a neutral one count as strong. (takes,)

    Source: the idea of Gudmalwar et al. 2025, "EmoReg": directional vectors instead of intensity labels.
    """
    sums: dict[int, list[np.ndarray]] = {}
    for pair in pairs.pairs:
        if pairs.takes[pair.source].emotion == NEUTRAL and pairs.takes[pair.target].emotion != NEUTRAL:
            found = summary_of(pairs.edit(pair), pairs.content_at(pair.source))
            sums.setdefault(pair.target, []).append(found)
    means = {take: np.mean(rows, 0) for take, rows in sums.items()}
    spread = np.std(list(means.values()), 0) + 1e-3 if means else 1.0
    out = np.ones(len(pairs.takes), np.float32)
    for emotion in {pairs.takes[take].emotion for take in means}:
        own = [take for take in means if pairs.takes[take].emotion == emotion]
        rows = np.stack([means[take] for take in own]) / spread
        direction = rows.mean(0)
        along = rows @ direction / (direction @ direction)
        corpora = [pairs.takes[take].id.split("/")[0] for take in own]
        out[own] = (along / strong_of(along, corpora)).clip(0.1, 1.5)
    out[[at for at, take in enumerate(pairs.takes) if take.emotion == NEUTRAL]] = 0
    return out


def strong_of(along: np.ndarray, corpora: list[str]) -> float:
    """How far a strong take goes; every data set counts alike, since some hold mild takes only."""
    weight = np.array([1 / corpora.count(name) for name in corpora])
    order = along.argsort()
    share = weight[order].cumsum() / weight.sum()
    return max(1e-3, float(along[order][min(len(along) - 1, int(np.searchsorted(share, STRONG)))]))


class EditExamples:
    """Batches; a pure function of the step.

    Some examples change their target half way, so that the model learns to follow a feeling over time.
    """

    def __init__(
        self, pairs: Pairs, points: EmotionPoints, scale: np.ndarray, config: dict[str, Any]
    ) -> None:
        self.pairs, self.points, self.scale = pairs, points, scale
        strengths = strengths_of(pairs)
        self.felt = [
            Felt(take.emotion, float(strength)) for take, strength in zip(pairs.takes, strengths, strict=True)
        ]
        self.chance = chances(pairs, config["weights"])
        self.from_source: dict[int, list[int]] = {}
        for number, pair in enumerate(pairs.pairs):
            self.from_source.setdefault(pair.source, []).append(number)
        self.batch_size, self.num_moments = config["batch_size"], config["num_moments"]
        self.joined = config["joined_share"]

    def batch_at(self, step: int, rank: int) -> dict[str, Tensor]:
        """Gives clean (B, G, 14), content (B, G, 21), voice (B, 17), direction (B, S, 64), mask (B, G)."""
        rng = np.random.default_rng((41, step, rank))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        chosen = rng.choice(len(self.pairs.pairs), self.batch_size, p=self.chance)
        rows = [self.example(int(number), rng, generator) for number in chosen]
        pad = torch.nn.utils.rnn.pad_sequence
        out = {
            name: pad([row[name] for row in rows], batch_first=True)
            for name in ("clean", "content", "direction")
        }
        lengths = torch.tensor([len(row["clean"]) for row in rows])
        out["mask"] = torch.arange(out["clean"].shape[1]) < lengths[:, None]
        out["voice"] = torch.stack([row["voice"] for row in rows])
        return out

    def example(self, number: int, rng: np.random.Generator, generator: torch.Generator) -> dict[str, Tensor]:
        """A window of one pair; at times its second half goes to another take."""
        pair = self.pairs.pairs[number]
        edit = self.pairs.edit(pair)
        count = -(-pair.count // EMOTION_MOMENTS)
        direction = self.direction(number, generator).expand(count, -1).clone()
        if rng.random() < self.joined:
            other = int(rng.choice(self.from_source[pair.source]))
            switch = EMOTION_MOMENTS * int(rng.integers(1, max(2, count)))
            edit[switch:] = self.pairs.edit(self.pairs.pairs[other])[switch:]
            direction[switch // EMOTION_MOMENTS :] = self.direction(other, generator)
        room = max(0, pair.count - self.num_moments)
        first = EMOTION_MOMENTS * int(rng.integers(0, room // EMOTION_MOMENTS + 1))
        last = min(pair.count // PATCH * PATCH, first + self.num_moments)
        at = slice(first, last)
        content = self.pairs.content_at(pair.source)[at]
        content = content + rng.normal(0, CONTENT_NOISE, content.shape)
        voice = self.pairs.voice[pair.source] + rng.normal(0, VOICE_NOISE, self.pairs.voice.shape[1])
        steps = slice(first // EMOTION_MOMENTS, -(-(first + len(content)) // EMOTION_MOMENTS))
        return {
            "clean": torch.from_numpy(edit[at] / self.scale),
            "content": torch.from_numpy(content.astype(np.float32)),
            "voice": torch.from_numpy(voice.astype(np.float32)),
            "direction": direction[steps],
        }

    def direction(self, number: int, generator: torch.Generator) -> Tensor:
        """From what the source of a pair expresses to what its target does. (64,)"""
        pair = self.pairs.pairs[number]
        source, target = (self.points.draw(self.felt[take], generator) for take in (pair.source, pair.target))
        return target - source


def chances(pairs: Pairs, weights: dict[str, float]) -> np.ndarray:
    """How often each pair is drawn: each group of speakers its share, split evenly over the target's emotion,
    half of it from neutral takes."""
    out = np.zeros(len(pairs.pairs))
    takes = pairs.takes
    for pattern, weight in weights.items():
        members = [
            at for at, pair in enumerate(pairs.pairs) if fnmatch.fnmatch(takes[pair.source].speaker, pattern)
        ]
        groups: dict[tuple[str, bool], list[int]] = {}
        for at in members:
            pair = pairs.pairs[at]
            key = (takes[pair.target].emotion, takes[pair.source].emotion == NEUTRAL)
            groups.setdefault(key, []).append(at)
        for group in groups.values():
            out[group] = weight / len(groups) / len(group)
    return out / out.sum()


def fit_edits(pairs: Pairs, points: EmotionPoints, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """Fits the spread of edits, (14,), and the summary of a direction, (16, 64), by ridge regression
    through nothing: no direction, no edit.

    Only edits that begin at neutral tell what a direction does: where both ends are felt, the errors of two
    strengths add up, and sadness came out fainter than its takes.
    """
    strengths = strengths_of(pairs)
    felt = [Felt(take.emotion, float(s)) for take, s in zip(pairs.takes, strengths, strict=True)]
    offsets = torch.stack([points.offset(each) for each in felt]).double().numpy()
    chosen = [pair for pair in pairs.pairs if pairs.takes[pair.source].emotion == NEUTRAL]
    x = np.stack([offsets[pair.target] for pair in chosen])
    y = np.stack([summary_of(pairs.edit(pair), pairs.content_at(pair.source)) for pair in chosen])
    gram = x.T @ x + ridge * len(x) * np.eye(x.shape[1])
    weight = np.linalg.solve(gram, x.T @ y).T
    scale = np.sqrt((pairs.edits.astype(np.float64) ** 2).mean(0)) + 1e-3
    return scale.astype(np.float32), weight.astype(np.float32)
