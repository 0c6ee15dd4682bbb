"""What is around the mannequin: a floor that goes over into a wall, faint lines on it, soft shadows."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .camera import Camera
from .lamps import KEY
from .light import Balls

# sRGB of 0..1 where the light falls, far away on the floor, and at the top of the wall.
NEAR, FAR, TOP = (0.945, 0.940, 0.933), (0.835, 0.835, 0.84), (0.765, 0.77, 0.785)
# How wide the light falls, cm; the lines: their distance and half their width in cm, how dark, how far seen.
POOL = 150.0
GRID, LINE, FAINT, SEEN = 50.0, 0.55, 0.045, 190.0
# Shadows are worked out for every so many pixels.
COARSE = 8
DARK, CONTACT = 0.6, 0.5
# How much wider a shadow gets with height, per cm.
SOFTER = 0.16
# From so high, cm, it is half as dark.
FAINTER = 45.0


class Floor:
    """Draws the background of a camera's pictures.

    Args:
        camera: whose. size: of the picture in pixels, width and height, multiples of `COARSE`.
    """

    def __init__(self, camera: Camera, size: tuple[int, int]) -> None:
        self.camera, self.size = camera, size
        eye = camera.eyes[0]
        rays = camera.rays(size)
        down = rays[..., 1] < -1e-4
        far = torch.where(down, -eye[1] / rays[..., 1].clamp(max=-1e-4), 0.0)
        # From below the camera, in cm; the camera itself may move.
        self.hit = far[..., None] * rays[..., [0, 2]]
        self.middle = camera.ground[[0, 2]]
        self.still = self.plain(rays, down)
        self.lines_at: tuple[float, float] | None = None
        self.lined = self.still
        coarse = (size[0] // COARSE, size[1] // COARSE)
        rough = camera.rays(size)[COARSE // 2 :: COARSE, COARSE // 2 :: COARSE][: coarse[1], : coarse[0]]
        self.first_row = (
            int((rough[:, 0, 1] < -0.01).nonzero()[0, 0]) if (rough[:, 0, 1] < -0.01).any() else coarse[1]
        )
        rough = rough[self.first_row :]
        self.rough = (-eye[1] / rough[..., 1:2]) * rough[..., [0, 2]]

    def plain(self, rays: Tensor, down: Tensor) -> Tensor:
        """Gives the floor and the wall without lines and shadows, (H, W, 3)."""
        away = (self.hit - self.middle).norm(dim=-1)
        pool = torch.where(down, torch.exp(-((away / POOL) ** 2) / 2), 0.0)[..., None]
        height = ((rays[..., 1] / rays.norm(dim=-1)) + 0.25).clamp(0, 0.45)[..., None] / 0.45
        base = torch.tensor(FAR) * (1 - height) + torch.tensor(TOP) * height
        return base + pool * (torch.tensor(NEAR) - base)

    def drawn(self, frame: int, balls: Balls, at: int) -> Tensor:
        """Gives the background of a frame, (H, W, 3) of 0..1; a picture of its own.

        Args:
            frame: of the camera. balls: what keeps light away. at: the frame among theirs.
        """
        eye = self.camera.eyes[frame]
        place = float(eye[0]), float(eye[2])
        if place != self.lines_at:
            self.lines_at, self.lined = place, self.still * (1 - self.lines(eye))[..., None]
        dark = self.shadow(eye, balls, at)
        width, height = self.size
        whole = interpolate(dark[None, None], size=(dark.shape[0] * COARSE, width), mode="bilinear")[0, 0]
        out = self.lined.clone()
        out[height - len(whole) :] *= (1 - whole)[..., None]
        return out

    def lines(self, eye: Tensor) -> Tensor:
        """Gives how dark the lines make each pixel, (H, W)."""
        at = self.hit + eye[[0, 2]]
        off = (at / GRID - (at / GRID).round()).abs() * GRID
        # As wide as a pixel is, at least, and fainter then.
        wide = self.hit.norm(dim=-1, keepdim=True) / self.camera.focal * 1.2
        sharp = (1 - (off - LINE) / wide.clamp(min=1e-3)).clamp(0, 1)
        dark = (sharp * (2 * LINE / (LINE + wide)).clamp(max=1)).amax(-1)
        away = (self.hit - self.middle).norm(dim=-1)
        return FAINT * dark * torch.exp(-((away / SEEN) ** 2)) * (self.hit.abs().sum(-1) > 0)

    def shadow(self, eye: Tensor, balls: Balls, at: int) -> Tensor:
        """Gives how dark the coarse pixels of the floor are, (h, w)."""
        ball, radius = balls.at[at], balls.radius
        ground = self.rough + eye[[0, 2]]
        high = (ball[:, 1] - 0.6 * radius).clamp(min=0)
        key = torch.nn.functional.normalize(torch.tensor(KEY), dim=0) @ self.camera.axes
        thrown = ball[:, [0, 2]] - ball[:, 1:2] / key[1] * key[[0, 2]]
        wide = radius + SOFTER * high
        off = ((ground[..., None, :] - thrown) ** 2).sum(-1) / wide**2
        cast = ((radius / wide) ** 1.4 * torch.exp(-off) / (1 + high / FAINTER)).sum(-1)
        near = ((ground[..., None, :] - ball[:, [0, 2]]) ** 2).sum(-1)
        over = ball[:, 1].clamp(min=1.0)
        touch = (radius**2 * over / (near + over**2) ** 1.5).sum(-1)
        return 1 - torch.exp(-DARK * cast) * torch.exp(-CONTACT * touch)
