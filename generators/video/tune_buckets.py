"""Films of any shape and length -> pieces of a few shapes and lengths, and the order in which they are learned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from conditioning.encoders.video_file import VideoFile

from .options import DIVISOR, check_frames
from .tune_table import Row
from .wan_conditions import SPAN, latent_times

SAME_ASPECT = 0.06  # of the logarithm: 832 x 480 and 1280 x 720 are the same shape


@dataclass(frozen=True)
class Bucket:
    """The shape of pieces that can be learned in one batch.

    Attributes:
        width, height: pixels, which 16 divides. num_frames: 4 n + 1.
    """

    width: int
    height: int
    num_frames: int

    @property
    def latent_frames(self) -> int:
        return (self.num_frames - 1) // SPAN + 1

    @property
    def num_tokens(self) -> int:
        """Patches of all latent frames."""
        return self.latent_frames * (self.width // DIVISOR) * (self.height // DIVISOR)


@dataclass(frozen=True)
class Piece:
    """A stretch of a film in the shape of its bucket.

    Attributes:
        row: of the table. bucket: its shape. start: first frame, counted at `frame_rate` (Hz).
    """

    row: Row
    bucket: Bucket
    start: int
    frame_rate: float

    def times_s(self) -> list[float]:
        """Gives the seconds of the film at which its latent frames are felt, as generation has them."""
        start_s = self.start / self.frame_rate
        return [start_s + time for time in latent_times(self.bucket.num_frames, self.frame_rate)]


@dataclass(frozen=True)
class Shapes:
    """What films are cut to.

    Attributes:
        sizes: (width, height) in pixels. lengths: numbers of frames. frame_rate: Hz.
        pieces_per_film: most pieces of one film, spread over it.
    """

    sizes: tuple[tuple[int, int], ...]
    lengths: tuple[int, ...]
    frame_rate: float
    pieces_per_film: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shapes:
        """Reads a recipe's `sizes`, `lengths`, `frame_rate` and `pieces_per_film`.

        Raises:
            ValueError: sides that 16 does not divide, frames that are not 4 n + 1, or none of either.
        """
        sizes = tuple((int(width), int(height)) for width, height in config["sizes"])
        lengths = tuple(sorted((int(length) for length in config["lengths"]), reverse=True))
        if not sizes or not lengths:
            raise ValueError("expected at least one of sizes and of lengths, got none")
        for width, height in sizes:
            if min(width, height) < DIVISOR or width % DIVISOR or height % DIVISOR:
                raise ValueError(f"expected sides that {DIVISOR} divides in sizes, got {width} x {height}")
        for length in lengths:
            if length < 1:
                raise ValueError(f"expected at least 1 frame in lengths, got {length}")
            check_frames(length)
        return cls(sizes, lengths, float(config["frame_rate"]), int(config["pieces_per_film"]))

    @property
    def shortest_s(self) -> float:
        """How long a film must be, in seconds."""
        return self.lengths[-1] / self.frame_rate

    def size_of(self, film: VideoFile) -> tuple[int, int]:
        """Gives the size of nearest aspect; of several the largest that needs no scaling up, else the smallest."""

        def off(size: tuple[int, int]) -> float:
            return abs(math.log(size[0] / size[1] * film.height / film.width))

        nearest = min(off(size) for size in self.sizes)
        fitting = sorted((size for size in self.sizes if off(size) <= nearest + SAME_ASPECT), key=math.prod)
        filled = [size for size in fitting if size[0] <= film.width and size[1] <= film.height]
        return filled[-1] if filled else fitting[0]

    def pieces(self, row: Row) -> list[Piece]:
        """Cuts a film: the longest length that it has, as often as it fits, spread from its start to its end."""
        # As the reader of films counts: the last picture must be seen for a quarter of a frame.
        available = max(1, math.floor(row.film.duration_s * self.frame_rate + 0.75))
        length = next((length for length in self.lengths if length <= available), self.lengths[-1])
        count = max(1, min(self.pieces_per_film, available // length))
        starts = np.linspace(0, max(0, available - length), count).astype(int)
        bucket = Bucket(*self.size_of(row.film), length)
        return [Piece(row, bucket, int(start), self.frame_rate) for start in starts]


class Order:
    """Which pieces are learned when: every piece once an epoch, batches of one bucket, the same on every machine.

    Args:
        buckets: of the pieces, by their number.
        batch_size: pieces a batch; the last of a bucket is filled up from its start.
        num_processes: that learn at the same time, each a batch of its own. seed: of the shuffling.
    """

    def __init__(self, buckets: Sequence[Bucket], batch_size: int, num_processes: int, seed: int) -> None:
        self.by_bucket: dict[Bucket, list[int]] = {}
        for number, bucket in enumerate(buckets):
            self.by_bucket.setdefault(bucket, []).append(number)
        self.batch_size, self.num_processes, self.seed = batch_size, num_processes, seed
        self._epoch = lru_cache(maxsize=2)(self._shuffled)

    @property
    def epoch_length(self) -> int:
        """Batches of all processes together until every piece was learned once."""
        return sum(-(-len(numbers) // self.batch_size) for numbers in self.by_bucket.values())

    def batch(self, step: int, rank: int) -> list[int]:
        """Gives the numbers of the pieces that a process learns at a step; a pure function of both."""
        epoch, place = divmod(step * self.num_processes + rank, self.epoch_length)
        return self._epoch(epoch)[place]

    def _shuffled(self, epoch: int) -> list[list[int]]:
        random = np.random.default_rng([self.seed, epoch])
        batches = []
        for numbers in self.by_bucket.values():
            mixed = random.permutation(numbers).tolist()
            for start in range(0, len(mixed), self.batch_size):
                batch = mixed[start : start + self.batch_size]
                missing = self.batch_size - len(batch)
                batches.append(batch + [mixed[index % len(mixed)] for index in range(missing)])
        return [batches[index] for index in random.permutation(len(batches))]
