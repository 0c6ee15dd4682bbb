"""Where the camera stands: three quarters in front of the person, as near as all movements allow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import placed, turned
from conditioning.body.skeleton import ENDS, INDEX

# Radians: how far to the person's left of straight ahead, and above the horizon.
AZIMUTH, ELEVATION = 0.42, 0.13
# How far away, in heights of what is seen: flat as through a long lens.
DISTANCE = 2.6
# What of a picture stays free: at the sides, above and below, cm.
BESIDE, ABOVE, BELOW = 20.0, 13.0, 15.0
LEAST_HEIGHT = 150.0
# The camera goes along with who walks farther than this from the middle, cm, and so smoothly, s.
ROAMS, SMOOTH_S = 60.0, 0.7


@dataclass(frozen=True)
class Camera:
    """A camera that only moves sideways, never turns.

    Attributes:
        axes: (3, 3) rows right, up and towards us, in the world.
        eyes: (T, 3) where it is, in cm.
        focal: pixels of a cm at a distance of a cm.
        middle: x and y of the picture's middle in pixels.
        ground: (3,) from the eye to the place on the floor that is looked after.
    """

    axes: Tensor
    eyes: Tensor
    focal: float
    middle: tuple[float, float]
    ground: Tensor

    def seen(self, points: Tensor, frames: slice) -> tuple[Tensor, Tensor]:
        """Gives (T, V, 2) pixels of points (T, V, 3), and (T, V) their distance from the picture's plane, cm."""
        local = (points - self.eyes[frames, None]) @ self.axes.T
        away = -local[..., 2]
        grow = self.focal / away
        x, y = self.middle[0] + grow * local[..., 0], self.middle[1] - grow * local[..., 1]
        return torch.stack([x, y], -1), away

    def rays(self, size: tuple[int, int]) -> Tensor:
        """Gives (H, W, 3) directions of the pixels of a picture."""
        width, height = size
        x = (torch.arange(width) + 0.5 - self.middle[0]) / self.focal
        y = (self.middle[1] - torch.arange(height) - 0.5) / self.focal
        local = torch.stack(
            [x.expand(height, -1), y[:, None].expand(-1, width), -torch.ones(height, width)], -1
        )
        return local @ self.axes


def framed(motion: BodyMotion, size: tuple[int, int], *, beside: float = BESIDE) -> Camera:
    """Gives a camera that holds all of a motion in a picture of this size, with so much room at the sides, cm."""
    places, turns = placed(motion.rotations, motion.root)
    tips = [
        places[:, INDEX[name]] + turned(turns[:, INDEX[name]], np.array(offset))
        for name, offset in ENDS.items()
    ]
    every = np.concatenate([places, np.stack(tips, 1)], 1)
    ground = followed(motion.root[:, [0, 2]], motion.frame_rate)
    axes = directions(front_of(motion))
    off = every - np.stack([ground[:, 0], np.zeros(len(ground)), ground[:, 1]], 1)[:, None]
    # As a long lens sees it: what is nearer is a little larger, for which the margins have room.
    across, up = off @ axes[0], off @ axes[1]
    low, high = min(float(up.min()) - BELOW, -BELOW), float(up.max()) + ABOVE
    wide = 2 * (float(np.abs(across).max()) + beside)
    height = max(high - low, LEAST_HEIGHT, wide * size[1] / size[0])
    middle = np.array([0.0, (low + high) / 2 / max(axes[1][1], 1e-6), 0.0])
    distance = DISTANCE * height
    eyes = np.stack([ground[:, 0], np.zeros(len(ground)), ground[:, 1]], 1) + middle + distance * axes[2]
    return Camera(
        torch.from_numpy(axes.astype(np.float32)),
        torch.from_numpy(eyes.astype(np.float32)),
        size[1] / height * distance,
        (size[0] / 2, size[1] / 2),
        torch.from_numpy((-middle - distance * axes[2]).astype(np.float32)),
    )


def directions(azimuth: float) -> np.ndarray:
    """Gives the camera's axes, (3, 3), for the direction on the floor that it stands in from the person."""
    flat = math.cos(ELEVATION)
    back = np.array([math.sin(azimuth) * flat, math.sin(ELEVATION), math.cos(azimuth) * flat])
    right = np.cross([0.0, 1.0, 0.0], back)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(back, right), back])


def front_of(motion: BodyMotion) -> float:
    """Gives the azimuth that sees a person from the front and a little from the side: from where they look mostly."""
    ahead = turned(motion.rotations[:, 0], np.array([0.0, 0.0, 1.0], np.float32))
    mean = ahead.mean(0)
    if math.hypot(mean[0], mean[2]) < 0.3:  # who turns all the time has no front
        mean = ahead[0]
    return math.atan2(mean[0], mean[2]) + AZIMUTH


def followed(ground: np.ndarray, frame_rate: float) -> np.ndarray:
    """Gives (T, 2) where the camera looks at on the floor: one place, unless the person walks away from it."""
    low, high = ground.min(0), ground.max(0)
    if float((high - low).max()) <= 2 * ROAMS:
        return np.tile((low + high) / 2, (len(ground), 1))
    # Beyond its ends the way goes on as it came, or the camera would hang back there.
    more = min(len(ground) - 1, round(4 * SMOOTH_S * frame_rate))
    on = np.pad(ground.astype(np.float64), ((more, more), (0, 0)), mode="reflect", reflect_type="odd")
    return gaussian_filter1d(on, SMOOTH_S * frame_rate, axis=0, mode="nearest")[more : more + len(ground)]
