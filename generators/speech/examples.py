"""Training examples of both models: aligned recordings as tokens, plans and points of the emotion space."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from generators.voice.corpus import Corpus, Utterance
from generators.voice.points import NEUTRAL, EmotionPoints

from .plan import (
    EXPRESSION,
    VoiceStatistics,
    expression_of,
    fit_statistics,
    kinds_of,
    nan_mean,
    raw_values,
    residuals,
)
from .tokens import TokenRow

if TYPE_CHECKING:
    from conditioning.space import EmotionSpace

ENERGY, TILT = EXPRESSION.index("energy"), EXPRESSION.index("tilt")
ENERGY_PER_TILT = 1.5  # spreads of level for each spread of tilt: effort raises both


@dataclass(frozen=True)
class Aligned:
    """One recording, ready.

    Attributes:
        durations: (N,) frames. values: (N, 7) residuals. expression: (8,) less the speaker's neutral one.
        speaker: index. gain_db: what must be added to the recording's level.
    """

    utterance: Utterance
    row: TokenRow
    durations: np.ndarray
    values: np.ndarray
    expression: np.ndarray
    speaker: int
    gain_db: float = 0.0


@dataclass(frozen=True)
class AlignedCorpus:
    """All recordings of some speakers, with what is usual for them."""

    items: list[Aligned]
    statistics: VoiceStatistics
    speaker_expression: np.ndarray
    speakers: tuple[str, ...]


def aligned_corpus(
    corpus: Corpus,
    utterances: Sequence[Utterance],
    rows: Sequence[TokenRow],
    durations: Sequence[np.ndarray],
    speakers: Sequence[str],
    max_speakers: int,
    levelled: Sequence[str] = (),
) -> AlignedCorpus:
    """Measures every recording and fits what is usual.

    Args:
        speakers: the order of the speaker table.
        levelled: patterns of speakers whose recordings were brought to one loudness, whatever the effort; the
            loudness that goes with the effort heard in the tilt is given back to them.
    """
    raw = [raw_values(corpus.frames(u), d) for u, d in zip(utterances, durations, strict=True)]
    kinds = [kinds_of(row) for row in rows]
    who = np.array([speakers.index(u.speaker) for u in utterances])
    neutral = np.array([u.emotion in ("", NEUTRAL) for u in utterances])
    statistics = fit_statistics(raw, kinds, who, neutral, max_speakers)
    values = [residuals(r, k, w, statistics) for r, k, w in zip(raw, kinds, who, strict=True)]
    expression = np.stack([expression_of(v, row) for v, row in zip(values, rows, strict=True)])
    own = np.zeros((max_speakers, len(EXPRESSION)), np.float32)
    for index in range(len(speakers)):
        own[index] = nan_mean(expression[neutral & (who == index)])
    items = []
    for u, row, d, v, e, w in zip(
        utterances, rows, durations, values, expression - own[who], who, strict=True
    ):
        gain = 0.0
        if any(fnmatch.fnmatch(u.speaker, pattern) for pattern in levelled):
            gain = ENERGY_PER_TILT * e[TILT] - e[ENERGY]
            e[ENERGY] += gain
            v = v + gain * (np.arange(v.shape[1]) == 4)
        gain_db = float(gain * statistics.scale[4])
        items.append(Aligned(u, row, d, np.clip(v, -6, 6).astype(np.float32), e, int(w), gain_db))
    return AlignedCorpus(items, statistics, own, tuple(speakers))


def chances(items: Sequence[Aligned], weights: dict[str, float]) -> np.ndarray:
    """How often each recording is drawn: each group of speakers its share, split evenly by emotion.

    Args:
        weights: pattern of speakers ("emodb_*") -> share.
    """
    out = np.zeros(len(items))
    for pattern, weight in weights.items():
        members = [i for i, item in enumerate(items) if fnmatch.fnmatch(item.utterance.speaker, pattern)]
        labels = sorted({items[i].utterance.emotion for i in members})
        for label in labels:
            same = [i for i in members if items[i].utterance.emotion == label]
            out[same] = weight / len(labels) / len(same)
    return out / out.sum()


def token_batch(rows: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """Pads token columns to (B, N); tune and language stay (B,)."""
    pad = torch.nn.utils.rnn.pad_sequence
    out = {
        name: pad([torch.from_numpy(np.ascontiguousarray(row[name])) for row in rows], batch_first=True)
        for name in ("symbol", "stress", "boundary", "edge")
    }
    counts = torch.tensor([len(row["symbol"]) for row in rows])
    out["mask"] = torch.arange(out["symbol"].shape[1]) < counts[:, None]
    return out | {name: torch.tensor([row[name] for row in rows]) for name in ("tune", "language")}


def columns_of(row: TokenRow, first: int = 0, last: int | None = None) -> dict[str, Any]:
    """A row's columns, or those of a stretch of it."""
    names = ("symbol", "stress", "boundary", "edge")
    return {name: getattr(row, name)[first:last] for name in names} | {
        "tune": row.tune,
        "language": row.language,
    }


def joined_columns(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Puts token columns in a row; the tune is the last one's."""
    return {
        name: np.concatenate([part[name] for part in parts]) if isinstance(value, np.ndarray) else value
        for name, value in parts[-1].items()
    }


class ProsodyExamples:
    """Batches for the prosody model; a pure function of the step.

    Some examples are two recordings of one speaker in a row, felt differently, so that the model learns to
    follow an emotion over time.
    """

    def __init__(
        self,
        corpus: AlignedCorpus,
        space: EmotionSpace,
        config: dict[str, Any],
        mean: np.ndarray,
        std: np.ndarray,
    ) -> None:
        self.items = corpus.items
        self.points = EmotionPoints(space)
        self.chance = chances(self.items, config["weights"])
        self.batch_size, self.joined = config["batch_size"], config["joined_share"]
        self.mean, self.std = mean, std
        self.of_speaker: dict[int, np.ndarray] = {}
        for speaker in {item.speaker for item in self.items}:
            self.of_speaker[speaker] = np.array([i for i, x in enumerate(self.items) if x.speaker == speaker])

    def batch_at(self, step: int, rank: int) -> dict[str, Any]:
        """Gives clean (B, N, 7), tokens, expression (B, 8), speaker (B,), emotion (B, N, 64)."""
        rng = np.random.default_rng((31, step, rank))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        chosen = [
            self.group(int(i), rng) for i in rng.choice(len(self.items), self.batch_size, p=self.chance)
        ]
        rows, clean, emotion, expression = [], [], [], []
        for group in chosen:
            rows.append(joined_columns([columns_of(item.row) for item in group]))
            clean.append(torch.from_numpy(np.concatenate([item.values for item in group])))
            points = [self.points.draw(item.utterance, generator).expand(len(item.row), -1) for item in group]
            emotion.append(torch.cat(points))
            mean = np.mean([item.expression for item in group], axis=0)
            expression.append(self.wishes((mean - self.mean) / self.std, rng))
        pad = torch.nn.utils.rnn.pad_sequence
        return {
            "clean": pad(clean, batch_first=True),
            "tokens": token_batch(rows),
            "expression": torch.stack(expression),
            "speaker": torch.tensor([group[0].speaker for group in chosen]),
            "emotion": pad(emotion, batch_first=True),
        }

    def group(self, index: int, rng: np.random.Generator) -> list[Aligned]:
        item = self.items[index]
        if rng.random() >= self.joined:
            return [item]
        return [item, self.items[int(rng.choice(self.of_speaker[item.speaker]))]]

    def wishes(self, expression: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Hides the whole expression or single faders, so that each can be asked alone or not at all."""
        keep = np.zeros(len(EXPRESSION), bool)
        draw = rng.random()
        if draw < 0.6:
            keep[:] = True
        elif draw < 0.8:
            keep = rng.random(len(EXPRESSION)) < 0.5
        return torch.from_numpy(np.where(keep, expression, np.nan).astype(np.float32))
