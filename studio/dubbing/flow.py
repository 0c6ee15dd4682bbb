"""Sound that is read as far as it is wanted: at one rate, so many samples at a time, silence behind its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

BLOCK = 2**16  # samples of a file at a time


class Flow:
    """Blocks of any length, taken in other lengths.

    Args:
        blocks: (C, S) float32 each, all of the same C.
        channels: C.
    """

    def __init__(self, blocks: Iterable[np.ndarray], channels: int) -> None:
        self._blocks, self.channels = iter(blocks), channels
        self._waiting: list[np.ndarray] = []
        self._count = 0

    def take(self, count: int) -> np.ndarray:
        """Gives the next (C, count) samples."""
        import numpy as np

        while self._count < count:
            block = next(self._blocks, None)
            if block is None:
                block = np.zeros((self.channels, count - self._count), np.float32)
            self._waiting.append(block)
            self._count += block.shape[1]
        if not self._waiting:
            return np.zeros((self.channels, 0), np.float32)
        whole = np.concatenate(self._waiting, axis=1) if len(self._waiting) > 1 else self._waiting[0]
        self._waiting = [whole[:, count:]]
        self._count -= count
        return whole[:, :count]

    def skip(self, count: int) -> None:
        """Lets samples go by; memory holds a block of them."""
        while count > 0:
            step = min(count, BLOCK)
            self.take(step)
            count -= step


def at_rate(blocks: Iterable[np.ndarray], channels: int, rate: int, wanted: int) -> Iterator[np.ndarray]:
    """Gives the same sound at another rate; its first sample stays the first.

    Args:
        blocks: (C, S) float32 each. channels: C. rate, wanted: Hz.
    """
    import numpy as np
    import soxr

    if rate == wanted:
        yield from blocks
        return
    stream = soxr.ResampleStream(rate, wanted, channels, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block.T)).reshape(-1, channels).T
    rest = stream.resample_chunk(np.zeros((0, channels), np.float32), last=True)
    yield rest.reshape(-1, channels).T


def file_blocks(path: str | Path) -> Iterator[np.ndarray]:
    """Gives a sound file as it is, (C, S) float32 each.

    Raises:
        FileNotFoundError, ValueError: as `conditioning.encoders.sound_file.opened_sound`.
    """
    from conditioning.encoders.sound_file import opened_sound

    with opened_sound(path) as file:
        while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
            yield block.T
