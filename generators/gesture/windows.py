"""Rows of motion of any length: windows that overlap begin from the same noise and fade into one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from generators.sampling import guided_flow, sample_flow

from .features import WIDTH

if TYPE_CHECKING:
    from generators.base import StepCallback

    from .model import GestureDenoiser

WINDOW, OVERLAP = 120, 30  # frames that are drawn at once, and how many of them again with the next
STEP = WINDOW - OVERLAP
TOGETHER = 8  # windows in one call of the network
# Gives what is asked for from a frame on, for one window: rhythm (120, 5), known (120, 140), given (120, 5), style (),
# emotion (12, 64).
Conditions = Callable[[int], dict[str, np.ndarray]]


def num_windows(num_frames: int) -> int:
    """How many windows so many frames take, at least one."""
    return max(1, -(-(num_frames - OVERLAP) // STEP))


class Windows:
    """Draws rows.

    Args:
        conditions: see `Conditions`. passes: as `generators.sampling.guidance_passes` gives them.
        temperature: spread of the noise, 0 to 1; 0 is the likeliest movement, whatever the seed.
    """

    def __init__(
        self,
        model: GestureDenoiser,
        num_frames: int,
        conditions: Conditions,
        passes: Sequence[tuple[int, float]],
        num_inference_steps: int,
        seed: int,
        temperature: float = 1.0,
    ) -> None:
        self.model, self.num_frames, self.conditions, self.passes = model, num_frames, conditions, passes
        self.steps, self.temperature = num_inference_steps, temperature
        self.generator = torch.Generator().manual_seed(seed)
        self.last_block: Tensor | None = None

    def rows(self, on_step: StepCallback | None = None) -> Iterator[np.ndarray]:
        """Gives the rows piece by piece, (T', 140) float32, not standardised; together `num_frames`."""
        count = num_windows(self.num_frames)
        groups = [range(first, min(first + TOGETHER, count)) for first in range(0, count, TOGETHER)]
        total = len(groups) * self.steps
        waiting: np.ndarray | None = None
        for number, group in enumerate(groups):
            made = self.drawn(group, number * self.steps, total, on_step)
            pieces = []
            for window, rows in zip(group, made, strict=True):
                if waiting is not None:
                    rows[:OVERLAP] = faded(waiting, rows[:OVERLAP])
                last = self.num_frames - window * STEP if window + 1 == count else STEP
                pieces.append(rows[:last])
                waiting = rows[STEP:]
            yield np.concatenate(pieces)

    def drawn(self, group: range, done: int, total: int, on_step: StepCallback | None) -> np.ndarray:
        """Draws some windows at once. (N, 120, 140)"""
        given = [self.conditions(window * STEP) for window in group]
        device, dtype = self.model.mean.device, self.model.mean.dtype
        batch: dict[str, Any] = {}
        for name in given[0]:
            rows = torch.from_numpy(np.stack([each[name] for each in given]))
            batch[name] = rows[None].to(device, dtype if rows.is_floating_point() else None)
        noise = torch.stack([self.noise() for _ in group])[None].to(device, dtype)
        made = sample_flow(
            lambda x, t: guided_flow(self.flow, x, t, batch, self.passes),
            noise,
            num_inference_steps=self.steps,
            on_step=on_step,
            done=done,
            total=total,
        )
        return self.model.plain(made[0]).float().cpu().numpy()

    def flow(self, x: Tensor, t: Tensor, present: dict[str, Tensor], **batch: Tensor) -> tuple[Tensor, None]:
        """The network on passes of some windows, (P, N, T, 140), as rows."""
        count = x.shape[1]
        rows = {name: value.flatten(0, 1) for name, value in batch.items()}
        stands = {name: value.repeat_interleave(count) for name, value in present.items()}
        flow, _ = self.model(x.flatten(0, 1), t.repeat_interleave(count), present=stands, **rows)
        return flow.unflatten(0, (-1, count)), None

    def noise(self) -> Tensor:
        """The noise of the next window, (120, 140): begins with what the one before ended with."""
        fresh = WINDOW if self.last_block is None else STEP
        drawn = self.temperature * torch.randn((fresh, WIDTH), generator=self.generator)
        whole = drawn if self.last_block is None else torch.cat([self.last_block, drawn])
        self.last_block = whole[STEP:]
        return whole


def faded(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Goes from one to the other without a kink at either end. (N, 140) each"""
    share = (np.arange(len(after)) + 0.5) / len(after)
    share = (share**3 * (10 - 15 * share + 6 * share**2))[:, None]
    return ((1 - share) * before + share * after).astype(np.float32)


def with_surroundings(pieces: Iterator[np.ndarray], reach: int) -> Iterator[tuple[np.ndarray, int, int]]:
    """Gives each piece with up to `reach` frames before and after it: (rows, first, last of the piece in them)."""
    before: np.ndarray | None = None
    current = next(pieces, None)
    while current is not None:
        after = next(pieces, None)
        parts = [current] if before is None else [before, current]
        first = 0 if before is None else len(before)
        whole = np.concatenate([*parts, after[:reach]] if after is not None else parts)
        yield whole, first, first + len(current)
        before = np.concatenate(parts)[-reach:]
        current = after
