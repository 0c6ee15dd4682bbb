"""The feeling over a movement: a point of the space for the network, a manner for every frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from conditioning import load_space

from .features import FRAME_RATE
from .manner import EXTENT, MOVED, POSTURE, SWAY, TEMPO, bounded
from .model import EMOTION_FRAMES

if TYPE_CHECKING:
    from conditioning import EmotionCurve

    from .model import GestureDenoiser

SPREAD = 0.5  # how much of what people differ by one person shows
LEAST_LIVELY, MOST_LIVELY = 0.55, 1.7
# What is put on talk arrives only in part, since key poses stay where they are: by how much more is asked for, so
# that `manner.measured` finds about the manner that was meant. Measured on talk of gesture-nc.
MORE_EXTENT, MORE_TEMPO = 1.8, 1.7
# Talk has no action that shows a feeling beside it: at 1 the feeling's posture is to be as strong as people's.
MORE_POSTURE = 1.5


class Felt:
    """A feeling over so many frames, as points 10 frames apart.

    Args:
        seed: of the person: within an emotion's Gaussian, people differ. style_row: (73,) manner of the person.
        strength: times as much of the emotion's manner.
        talk: whether it is put on what is made for it, and not on a movement that is there.
    """

    def __init__(
        self,
        model: GestureDenoiser,
        curve: EmotionCurve,
        num_frames: int,
        seed: int,
        style_row: np.ndarray,
        strength: float = 1.0,
        talk: bool = False,
    ) -> None:
        space = load_space()
        count = -(-num_frames // EMOTION_FRAMES) + 13  # a window goes beyond the end
        times = (np.arange(count) + 0.5) * EMOTION_FRAMES / FRAME_RATE
        offsets = space.embed_curve(curve, times.tolist()).cpu() - space.neutral
        device, dtype = model.mean.device, model.mean.dtype
        with torch.no_grad():
            mean, spread = (part.float().cpu().numpy() for part in model.manners(offsets.to(device, dtype)))
        person = np.random.default_rng((seed, 83)).standard_normal(spread.shape[1]).clip(-1.5, 1.5)
        self.offsets = offsets.numpy()
        feeling = strength * mean + SPREAD * person * spread
        if talk:
            feeling[:, POSTURE] *= MORE_POSTURE
        rows = feeling + style_row
        if talk:
            rows[:, EXTENT] *= MORE_EXTENT
            rows[:, TEMPO] *= MORE_TEMPO
        self.rows = bounded(rows)

    def points(self, first: int, count: int) -> np.ndarray:
        """Points for a window that begins at a frame, a multiple of 10. (count, 64)"""
        at = first // EMOTION_FRAMES
        return self.offsets[at : at + count]

    def manner(self, first: int, last: int) -> np.ndarray:
        """Manners of the frames from first to before last, straight between points. (T, 73)"""
        at = ((np.arange(first, last) + 0.5) / EMOTION_FRAMES - 0.5).clip(0, len(self.rows) - 1)
        low = np.minimum(at.astype(int), len(self.rows) - 2)
        share = (at - low)[:, None]
        return (1 - share) * self.rows[low] + share * self.rows[low + 1]

    def at(self, frame: float) -> np.ndarray:
        """The manner at a frame, (73,)."""
        return self.rows[int(np.clip(frame / EMOTION_FRAMES, 0, len(self.rows) - 1))]

    def lively(self, frame: float) -> float:
        """How readily one gestures, 1 as usual."""
        row = self.at(frame)
        drive = 0.6 * row[EXTENT.start + MOVED.index("arms")] + 0.8 * row[TEMPO]
        return float(np.exp(drive).clip(LEAST_LIVELY, MOST_LIVELY))

    def tempo(self, frame: float) -> float:
        """How quickly hands go, 1 as usual."""
        return float(np.exp(0.8 * self.at(frame)[TEMPO]))

    def sway(self, first: int, last: int) -> np.ndarray:
        """How far one sways, 1 as usual. (T,)"""
        return np.exp(self.manner(first, last)[:, SWAY])


def style_row_of(model: GestureDenoiser, style: str, row: Sequence[float] | None) -> np.ndarray:
    """The manner of a way of moving: a clip's, or the named style's. (73,)

    Raises:
        ValueError: a style that the weights do not know.
    """
    if row is not None:
        return np.asarray(row, np.float64)
    return model.style_rows[style_number(model, style)].double().cpu().numpy()


def style_number(model: GestureDenoiser, style: str) -> int:
    """Which style it is; 0 is the usual one."""
    styles = list(model.config["styles"])
    if style and style not in styles:
        raise ValueError(f"expected a style out of {', '.join(styles)}, got {style!r}")
    return styles.index(style) if style else 0
