"""Frames of a moving body: the mannequin on its floor, drawn at twice the size and made smaller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from conditioning.body.mannequin import mannequin
from conditioning.body.motion import BodyMotion

from ..pictures import colours
from . import raster, raster_pytorch3d
from .camera import BESIDE, framed
from .floor import COARSE, Floor
from .light import Balls, balls_of, lit
from .raster import split
from .skin import Skin

FINER = 2
BLOCK = 8
# More could not be counted exactly in floating point, drawn twice as fine.
MOST_PIXELS = 2**21
# How much of the feeling's colour the surroundings take on.
TINT = 0.12


class BodyRenderer:
    """Draws a motion; the same motion gives the same pixels on one machine.

    Triangles become pixels by our own rasteriser, or by PyTorch3D where it and a CUDA device are there.

    Args:
        motion: at least one frame.
        track: (start in s, valence, arousal) of each stretch of one feeling, which colours the surroundings.
        size: width and height in pixels, multiples of eight.
        beside: room at the sides, cm.

    Raises:
        ValueError: no frames, numbers that are not finite, or a size that is no multiple of eight or too large.
    """

    def __init__(
        self,
        motion: BodyMotion,
        track: Sequence[tuple[float, float, float]] = (),
        *,
        size: tuple[int, int] = (512, 512),
        beside: float = BESIDE,
    ) -> None:
        check(motion, size)
        self.motion, self.size = motion, size
        mesh = mannequin()
        self.skin = Skin(mesh)
        self.triangles = torch.from_numpy(mesh.triangles).long()
        self.colours = torch.from_numpy(mesh.colours)
        self.camera = framed(motion, size, beside=beside)
        self.floor = Floor(self.camera, size)
        self.tints = tints(track, motion)
        self.drawn = raster_pytorch3d.drawn if raster_pytorch3d.is_there() else raster.drawn

    def frames(self, block: int = BLOCK) -> Iterator[np.ndarray]:
        """Gives all frames in order, (T, H, W, 3) uint8 with T up to `block`."""
        for start in range(0, len(self.motion), block):
            yield self.between(start, min(len(self.motion), start + block))

    def stills(self, numbers: Iterable[int]) -> list[np.ndarray]:
        """Gives single frames, (H, W, 3) uint8."""
        return [self.between(number, number + 1)[0] for number in numbers]

    @torch.no_grad()
    def between(self, start: int, stop: int) -> np.ndarray:
        """Gives the frames from start to before stop, (T, H, W, 3) uint8."""
        frames = slice(start, stop)
        points, normals, places, turned = self.skin.posed(self.motion.between(start, stop))
        balls = balls_of(places, turned)
        eyes = self.camera.eyes[frames]
        shades = lit(points, normals, self.colours, eyes, self.camera.axes, balls)
        place, away = self.camera.seen(points, frames)
        out = np.empty((len(points), self.size[1], self.size[0], 3), np.uint8)
        for at in range(len(points)):
            out[at] = self.one(start + at, place[at], away[at], shades[at], balls, at)
        return out

    def one(
        self, frame: int, place: Tensor, away: Tensor, shades: Tensor, balls: Balls, at: int
    ) -> np.ndarray:
        """Gives one frame."""
        width, height = self.size
        back = self.floor.drawn(frame, balls, at) * self.tints[frame]
        fine = (FINER * width, FINER * height)
        pixel, colour = self.drawn(place * FINER, away, self.triangles, shades, fine)
        # A fine pixel is a quarter of one.
        column, line = split(pixel, fine[0])
        whole = ((line / FINER).floor() * width + (column / FINER).floor()).long()
        summed = torch.zeros(width * height, 4)
        summed.index_add_(0, whole, torch.cat([colour, torch.ones(len(colour), 1)], 1))
        share = summed[:, 3:] / FINER**2
        flat = back.view(-1, 3)
        flat.mul_(1 - share).add_(summed[:, :3] / FINER**2)
        return (flat * 255 + 0.5).clamp_(0, 255).to(torch.uint8).view(height, width, 3).numpy()


def tints(track: Sequence[tuple[float, float, float]], motion: BodyMotion) -> Tensor:
    """Gives what the surroundings' colour is multiplied by in each frame, (T, 3)."""
    if not track:
        return torch.ones(len(motion), 3)
    rows = np.array(track, np.float64)
    times = np.arange(len(motion)) / motion.frame_rate
    valence, arousal = (np.interp(times, rows[:, 0], rows[:, axis]) for axis in (1, 2))
    found = colours(valence, arousal)
    # As bright as before.
    even = found / found.max(1, keepdims=True)
    return torch.from_numpy((1 - TINT * (1 - even)).astype(np.float32))


def check(motion: BodyMotion, size: tuple[int, int]) -> None:
    """Refuses what cannot be drawn."""
    if not len(motion):
        raise ValueError("expected a motion of at least one frame, got none")
    if not (np.isfinite(motion.rotations).all() and np.isfinite(motion.root).all()):
        raise ValueError("expected finite numbers for a motion, got some that are not")
    if any(side % COARSE or side < COARSE for side in size):
        raise ValueError(f"expected sides that are multiples of {COARSE} pixels, got {size[0]} x {size[1]}")
    if size[0] * size[1] > MOST_PIXELS:
        raise ValueError(f"expected at most {MOST_PIXELS} pixels, got {size[0]} x {size[1]}")
