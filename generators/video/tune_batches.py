"""Pieces of films with what is felt in them, as batches that are a pure function of the step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from conditioning import load_space
from generators.wan_text import WORDS

from .tune_buckets import Order, Piece
from .tune_cache import Cache


class Examples:
    """What is learned from.

    Args:
        pieces: of films. kept: where what was encoded of each lies.
        texts: prompt -> where its embedding lies; that of "" stands for none.
        batch_size, num_processes, seed: see `Order`.
    """

    def __init__(
        self,
        pieces: Sequence[Piece],
        kept: Sequence[Path],
        texts: Mapping[str, Path],
        *,
        batch_size: int,
        num_processes: int = 1,
        seed: int = 0,
    ) -> None:
        self.pieces, self.kept, self.texts = pieces, kept, texts
        self.order = Order([piece.bucket for piece in pieces], batch_size, num_processes, seed)
        self.emotions = [felt_in(piece) for piece in pieces]

    def batch_at(self, step: int, rank: int) -> dict[str, Tensor]:
        """Gives what `tune_model.loss_of` takes."""
        return self.batch(self.order.batch(step, rank))

    def batch(self, numbers: Sequence[int]) -> dict[str, Tensor]:
        """Gives pieces of one bucket as a batch.

        "latents" (B, C, F, h, w), "text" and "no_text" (B or 1, 512, D), "emotion" (B, F or 1, 64), "looks" (B, 4),
        and of image-to-video "condition" (B, C, F, h, w) and "image" (B, N, D).

        Raises:
            ValueError: what was kept is gone.
        """
        films = [read(self.kept[number]) for number in numbers]
        batch = {name: torch.stack([film[name].float() for film in films]) for name in films[0]}
        texts = [self._text(self.pieces[number].row.prompt) for number in numbers]
        curves = [self.emotions[number] for number in numbers]
        frames = max(len(curve) for curve in curves)
        emotion = torch.stack([curve.expand(frames, -1) for curve in curves])
        return {**batch, "text": torch.stack(texts), "no_text": self._text("")[None], "emotion": emotion}

    def _text(self, prompt: str) -> Tensor:
        """Gives a prompt's embedding with zeros behind its end, (512, D)."""
        text = read(self.texts[prompt])["text"].float()
        return F.pad(text, (0, 0, 0, WORDS - len(text)))


def felt_in(piece: Piece) -> Tensor:
    """Gives what is felt in a piece, (F, 64) a latent frame, or (1, 64) where it stays the same."""
    curve, times = piece.row.emotion, piece.times_s()
    with torch.no_grad():
        return load_space().embed_curve(curve, times[:1] if curve.is_constant else times).cpu()


def read(path: Path) -> dict[str, Tensor]:
    found = Cache.read(path)
    if found is None:
        raise ValueError(f"expected {path.name} in the cache, got none: run again to make it")
    return found


def held_out(pieces: Sequence[Piece], share: float, seed: int) -> tuple[list[int], list[int]]:
    """Gives the numbers of the pieces to learn from and of those kept for measuring: whole films, drawn once.

    Args:
        share: of the films, rounded down; at least one film is learned from.
    """
    films = sorted({str(piece.row.film.path) for piece in pieces})
    count = min(len(films) - 1, int(share * len(films)))
    random: Any = np.random.default_rng([seed, len(films)])
    kept = {films[index] for index in random.permutation(len(films))[:count]}
    numbers = range(len(pieces))
    return (
        [number for number in numbers if str(pieces[number].row.film.path) not in kept],
        [number for number in numbers if str(pieces[number].row.film.path) in kept],
    )
