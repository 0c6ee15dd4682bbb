"""Training examples of the music denoiser: windows of the corpus, what is masked, and their conditions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from conditioning import EmotionSpace
from conditioning.adapters import draw_present

from .corpus import Corpus
from .features import ATTRIBUTES, attributes_of
from .tokens import (
    BAR_FIELDS,
    CHORD_FIRST,
    CHORD_SECOND,
    ELEMENTS,
    MASK,
    MODE,
    NOT_HERE,
    TEMPO,
    Tokens,
    encode,
)

WINDOW_BARS = 16
MAX_ROWS = 420


@dataclass(frozen=True)
class Example:
    """One window.

    Attributes:
        tokens: with nothing masked but what the source does not know.
        target: True where a value was hidden and is to be predicted (L, 12).
        attributes: (S, 5) raw, for each bar. valence_arousal: (S, 2), NaN where unread. style: index.
    """

    tokens: Tokens
    target: np.ndarray
    attributes: np.ndarray
    valence_arousal: np.ndarray
    style: int


class ExampleSource:
    """Draws batches as a pure function of the step.

    Args:
        corpus: the pieces.
        weights: style -> share of the windows drawn from it.
        attribute_mean, attribute_std: (5,) that standardise the attributes.
        rows_per_batch: about how many token rows a batch of windows with notes holds.
    """

    def __init__(
        self,
        corpus: Corpus,
        space: EmotionSpace,
        weights: dict[int, float],
        attribute_mean: np.ndarray,
        attribute_std: np.ndarray,
        *,
        rows_per_batch: int,
        seed: int,
    ) -> None:
        self.corpus, self.space, self.seed, self.rows = corpus, space, seed, rows_per_batch
        self.mean, self.std = attribute_mean, attribute_std
        lengths = np.array([piece.num_bars for piece in corpus.pieces], dtype=float)
        self.share = np.zeros(len(lengths))
        for style, weight in weights.items():
            members = corpus.style == style
            if members.any():
                self.share[members] = weight * lengths[members] / lengths[members].sum()
        self.share /= self.share.sum()

    def batch_at(self, step: int, rank: int) -> dict[str, Tensor | dict[str, Tensor]]:
        """Gives the batch of a step: every fourth holds plans (bars alone), the others notes."""
        rng = np.random.default_rng((self.seed, step, rank))
        plan = step % 4 == 3
        if plan:
            examples = [self.draw(rng, plan=True) for _ in range(self.rows // 64)]
        else:
            # Windows of like length share a batch, so that little of it is padding.
            pool = sorted((self.draw(rng, plan=False) for _ in range(64)), key=lambda e: len(e.tokens.bar))
            start = int(rng.integers(0, len(pool) - 8))
            length = len(pool[min(start + 16, len(pool) - 1)].tokens.bar)
            count = max(4, min(self.rows // length, len(pool)))
            start = min(start, len(pool) - count)
            examples = pool[start : start + count]
        return self.collate(examples, rng)

    def draw(self, rng: np.random.Generator, *, plan: bool) -> Example:
        """Draws one window; some are spliced from two so that a feeling that changes is learned."""
        if rng.random() < 0.12:
            half = WINDOW_BARS // 2
            first, second = self.window(rng, half), self.window(rng, half)
            example = splice(first, second, plan)
        else:
            piece, reading, style = self.window(rng, WINDOW_BARS)
            tokens = encode(piece, with_notes=not plan)
            attributes = np.tile(attributes_of(piece), (piece.num_bars, 1))
            example = Example(tokens, np.zeros_like(tokens.values, bool), attributes, reading, style)
        target = draw_plan_target(example.tokens, rng) if plan else draw_note_target(example.tokens, rng)
        known = example.tokens.values >= 0
        return Example(
            example.tokens, target & known, example.attributes, example.valence_arousal, example.style
        )

    def window(self, rng: np.random.Generator, bars: int) -> tuple:
        """Draws (piece, reading (S, 2), style) of at most `bars` bars and `MAX_ROWS` rows, not empty."""
        for _ in range(20):
            index = int(rng.choice(len(self.share), p=self.share))
            whole = self.corpus.pieces[index]
            start = int(rng.integers(0, max(1, whole.num_bars - bars + 1)))
            stop = min(whole.num_bars, start + bars)
            counts = np.bincount(whole.notes[:, 0], minlength=whole.num_bars)[start:stop]
            while (
                stop - start > 4
                and counts[: stop - start].sum() + stop - start > MAX_ROWS * bars / WINDOW_BARS
            ):
                stop -= 1
            if counts[: stop - start].sum() >= 2 * (stop - start):
                break
        return (
            whole.bars(start, stop),
            self.corpus.valence_arousal[index][start:stop],
            int(self.corpus.style[index]),
        )

    def collate(
        self, examples: list[Example], rng: np.random.Generator
    ) -> dict[str, Tensor | dict[str, Tensor]]:
        """Pads examples to one length and draws their conditions."""
        size, length = len(examples), max(len(e.tokens.bar) for e in examples)
        bars = max(len(e.attributes) for e in examples)
        values = np.full((size, length, examples[0].tokens.values.shape[1]), NOT_HERE, np.int64)
        bar, place = np.zeros((size, length), np.int64), np.zeros((size, length), np.int64)
        mask, target = np.zeros((size, length), bool), np.zeros(values.shape, bool)
        attributes = np.full((size, bars, len(ATTRIBUTES)), np.nan, np.float32)
        reading = np.full((size, bars, 2), np.nan, np.float32)
        for i, example in enumerate(examples):
            rows, count = len(example.tokens.bar), len(example.attributes)
            values[i, :rows], target[i, :rows] = example.tokens.values, example.target
            bar[i, :rows], place[i, :rows], mask[i, :rows] = example.tokens.bar, example.tokens.place, True
            attributes[i, :count] = (example.attributes - self.mean) / self.std
            attributes[i, :, rng.random(len(ATTRIBUTES)) < 0.15] = np.nan
            reading[i, :count] = example.valence_arousal
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        present = draw_present(size, {"content": 0.15, "identity": 0.15, "emotion": 0.15}, generator)
        read = torch.from_numpy(~np.isnan(reading[:, 0, 0]))
        present["emotion"] &= read
        return {
            "values": torch.from_numpy(values),
            "target": torch.from_numpy(target),
            "bar": torch.from_numpy(bar),
            "place": torch.from_numpy(np.minimum(place, 63)),
            "mask": torch.from_numpy(mask),
            "attributes": torch.from_numpy(attributes),
            "style": torch.tensor([e.style for e in examples]),
            "emotion": self.emotion_of(reading, generator),
            "present": present,
        }

    def emotion_of(self, reading: np.ndarray, generator: torch.Generator) -> Tensor:
        """Gives (B, S, 64): a random point of the space that reads like each stretch of constant reading.

        What lies off the valence-arousal plane is drawn anew each time, so that the model listens to all
        states that read alike in the same way.
        """
        size, bars, _ = reading.shape
        filled = torch.from_numpy(np.nan_to_num(reading))
        start, end = filled[:, 0], filled[:, min(bars - 1, WINDOW_BARS // 2 + 1)]
        vad = torch.cat([torch.cat([start, end]), torch.zeros(2 * size, 1)], -1)
        vad[:, :2] += 0.08 * torch.randn(2 * size, 2, generator=generator)
        first, second = self.space.sample_near(vad.clamp(-0.95, 0.95), generator).split(size)  # (B, 64) each
        same = (filled == start[:, None]).all(-1)[..., None]  # (B, S, 1)
        return torch.where(same, first[:, None], second[:, None])


def splice(first: tuple, second: tuple, plan: bool) -> Example:
    """Joins two windows, each with its own attributes and reading; the style and mode are the first one's."""
    parts = [encode(piece, with_notes=not plan) for piece, _, _ in (first, second)]
    attributes = [np.tile(attributes_of(piece), (piece.num_bars, 1)) for piece, _, _ in (first, second)]
    bars = first[0].num_bars
    tokens = Tokens(
        np.concatenate([part.values for part in parts]),
        np.concatenate([parts[0].bar, parts[1].bar + bars]),
        np.concatenate([part.place for part in parts]),
    )
    reading = np.concatenate([first[1], second[1]])
    if np.isnan(reading).any():
        reading = np.full_like(reading, np.nan)
    return Example(tokens, np.zeros_like(tokens.values, bool), np.concatenate(attributes), reading, first[2])


def draw_plan_target(tokens: Tokens, rng: np.random.Generator) -> np.ndarray:
    """Hides a random share of a plan's fields; sometimes the first bars stay, as in a continuation."""
    ratio = rng.random() ** 0.5
    target = rng.random(tokens.values.shape) < ratio
    if rng.random() < 0.3:
        target[: rng.integers(0, len(target))] = False
    if rng.random() < 0.5:  # mode is one decision for the whole piece
        target[:, MODE] = rng.random() < 0.5
    return target


def draw_note_target(tokens: Tokens, rng: np.random.Generator) -> np.ndarray:
    """Hides fields of notes: evenly, whole elements, or a stretch of bars; counts and metre always stay."""
    values, kind = tokens.values, rng.random()
    ratio = np.cos(0.5 * np.pi * rng.random())
    target = rng.random(values.shape) < ratio
    if kind < 0.35:  # elements kept whole or hidden whole, the others evenly
        for fields in ELEMENTS.values():
            draw = rng.random()
            if draw < 0.35:
                target[:, fields] = False
            elif draw < 0.7:
                target[:, fields] = True
    elif kind < 0.6:  # a stretch of bars, its surroundings kept
        bars = int(tokens.bar.max()) + 1
        start = int(rng.integers(0, bars))
        stop = start + int(rng.integers(1, bars - start + 1))
        target[(tokens.bar < start) | (tokens.bar >= stop)] = False
    target[:, BAR_FIELDS] = False
    if rng.random() < 0.3:
        target[:, TEMPO] = True
    if rng.random() < 0.4:
        chords = rng.random((len(values), 1)) < rng.random()
        target[:, [CHORD_FIRST, CHORD_SECOND]] = chords
    target[:, MODE] = rng.random() < 0.1
    return target


def hide(values: Tensor, target: Tensor) -> Tensor:
    """Puts `MASK` where target is True."""
    return values.masked_fill(target, MASK)
