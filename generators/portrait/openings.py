"""Where skin ends: the openings of the eyes and the mouth, and how their two sides meet.

An opening lies between an upper and a lower line that share their ends. Along the axis from end to end each
line is a height over that axis, so whether a pixel is inside, and how far, is two look-ups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from .layers import Affine, Windows

COLUMNS = 96


@dataclass(frozen=True, eq=False)
class Opening:
    """The lines of one opening, from the left of the picture to the right.

    Attributes:
        upper, lower: (n,) landmarks; the first and the last are shared.
        smooth: (2 n - 1, n) from landmarks to a finer line.
    """

    upper: torch.Tensor
    lower: torch.Tensor
    smooth: torch.Tensor


def opening_of(
    points: torch.Tensor, upper: Sequence[int], lower: Sequence[int], device: str = "cpu"
) -> Opening:
    """Gives an opening whose lines run from left to right in the picture of (478, 2+) points."""
    if points[upper[0], 0] > points[upper[-1], 0]:
        upper, lower = tuple(reversed(upper)), tuple(reversed(lower))
    return Opening(torch.tensor(upper), torch.tensor(lower), line_weights(len(upper)))


def line_weights(count: int) -> torch.Tensor:
    """Gives the (2 n - 1, n) weights of a line through n points with a new one between each two.

    Source: Dyn, Levin and Gregory, "A 4-point interpolatory subdivision scheme", 1987; parabolas at the ends.
    """
    weights = torch.zeros(2 * count - 1, count)
    weights[::2] = torch.eye(count)
    for k in range(count - 1):
        row = weights[2 * k + 1]
        if k == 0:
            row[:3] = torch.tensor([0.375, 0.75, -0.125])
        elif k == count - 2:
            row[-3:] = torch.tensor([-0.125, 0.75, 0.375])
        else:
            row[k - 1 : k + 3] = torch.tensor([-0.0625, 0.5625, 0.5625, -0.0625])
    return weights


@dataclass(frozen=True, eq=False)
class Lines:
    """An opening in B pictures.

    Attributes:
        corner: (B, 2) its left end; along, down: (B, 2) unit vectors of its axis and across it; length: (B,).
        heights: (B, 2, COLUMNS) of the upper and the lower line below the axis, in pixels.
    """

    corner: torch.Tensor
    along: torch.Tensor
    down: torch.Tensor
    length: torch.Tensor
    heights: torch.Tensor

    def at(self, windows: Windows, *more: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Gives how far pixels are below the upper and above the lower line, (B, h, w) each, in pixels.

        Args:
            more: (B, COLUMNS) of what else there is along the axis; given for each pixel too, 0 beyond the ends.
        """
        rows = torch.stack([self.along * (2 / self.length)[:, None], self.down], 1)
        axis = Affine(rows, -(rows @ self.corner[..., None])[..., 0] - rows.new_tensor([1.0, 0.0]))
        grid = windows.through(axis)
        below = grid[:, 1].clone()
        grid[:, 1] = 0
        places = grid.permute(0, 2, 3, 1)
        tables = torch.cat([self.heights, *(each[:, None] for each in more)], 1)
        lines = F.grid_sample(tables[:, :, None], places, align_corners=True)
        return below - lines[:, 0], lines[:, 1] - below, *lines[:, 2:].unbind(1)

    def gap(self) -> torch.Tensor:
        """Gives (B, COLUMNS) the height of the opening along its axis, in pixels."""
        return self.heights[:, 1] - self.heights[:, 0]


def lines_of(opening: Opening, points: torch.Tensor) -> Lines:
    """Gives an opening's lines for (B, 478, 2) points in pixels."""
    upper = opening.smooth @ points[:, opening.upper]
    lower = opening.smooth @ points[:, opening.lower]
    corner, end = upper[:, 0], upper[:, -1]
    length = (end - corner).norm(dim=1).clamp(min=1.0)
    along = (end - corner) / length[:, None]
    down = torch.stack([-along[:, 1], along[:, 0]], 1)
    heights = torch.stack([heights_of(line, corner, along, down, length) for line in (upper, lower)], 1)
    return Lines(corner, along, down, length, heights)


def heights_of(
    line: torch.Tensor, corner: torch.Tensor, along: torch.Tensor, down: torch.Tensor, length: torch.Tensor
) -> torch.Tensor:
    """Samples (B, m, 2) lines at even steps along the axis: (B, COLUMNS) pixels below it."""
    away = line - corner[:, None]
    share = ((away * along[:, None]).sum(-1) / length[:, None]).cummax(1).values.contiguous()
    height = (away * down[:, None]).sum(-1)
    steps = torch.linspace(0, 1, COLUMNS, device=line.device).expand(len(line), -1).contiguous()
    after = torch.searchsorted(share, steps).clamp(1, share.shape[1] - 1)
    left, right = share.gather(1, after - 1), share.gather(1, after)
    part = ((steps - left) / (right - left).clamp(min=1e-6)).clamp(0, 1)
    return torch.lerp(height.gather(1, after - 1), height.gather(1, after), part)


def coverage(above: torch.Tensor, below: torch.Tensor, soft: float = 1.0) -> torch.Tensor:
    """Gives what part of a pixel lies in an opening, from how far it is inside each line, in pixels."""
    half = soft / 2
    return ((below.clamp(max=half) + above.clamp(max=half)) / soft).clamp(0, 1)


@dataclass(frozen=True, eq=False)
class Contact:
    """How skin moves when the two sides of an opening are brought together or kept apart.

    Attributes:
        upper, lower: (n,) landmarks that meet, in pairs.
        above, beneath: (478, n) how much each point moves with each pair's upper and lower one.
        down: (2,) across the opening in the photo.
        share: what part of a way the upper side makes.
    """

    upper: torch.Tensor
    lower: torch.Tensor
    above: torch.Tensor
    beneath: torch.Tensor
    down: torch.Tensor
    share: float

    def gap(self, points: torch.Tensor) -> torch.Tensor:
        """Gives (B, n) the distance of each pair across the opening, for (B, 478, 2+) points."""
        return ((points[:, self.lower, :2] - points[:, self.upper, :2]) * self.down).sum(-1)

    def rows(self) -> torch.Tensor:
        """Gives (n, 478, 3) what brings each pair nearer by a pixel."""
        return self.closing(torch.eye(len(self.upper)))

    def gaps(self, points: torch.Tensor, basis: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        """Gives (E + 1, n) how E movements open each pair, and how far it is above its least at none.

        Args:
            points: (478, 3) in the photo; pairs may come as near as they are there, or touch.
            basis: (E, 478, 3); start: (478, 3) what is added at none.
        """
        still = self.gap(points[None])
        least = still.clamp(max=0)
        return torch.cat([self.gap(basis), self.gap((points + start)[None]) - least])

    def closing(self, by: torch.Tensor) -> torch.Tensor:
        """Gives (B, 478, 3) what brings each pair nearer by (B, n) pixels."""
        way = self.share * (by @ self.above.T) - (1 - self.share) * (by @ self.beneath.T)
        flat = way[..., None] * self.down
        return F.pad(flat, (0, 1))


def contact_of(
    points: torch.Tensor, upper: Sequence[int], lower: Sequence[int], share: float, reach: tuple[float, float]
) -> Contact:
    """Builds the contact of an opening in a photo.

    Args:
        points: (478, 3) in pixels of the photo.
        upper, lower: the lines of the opening, with shared ends.
        share: what part of the way the upper side makes.
        reach: how far above and beneath skin moves along, in lengths of the opening.
    """
    opening = opening_of(points, upper, lower)
    one, two = points[opening.upper[0], :2], points[opening.upper[-1], :2]
    length = (two - one).norm()
    along = (two - one) / length
    down = torch.stack([-along[1], along[0]])
    away = points[:, :2] - one
    place, height = (away @ along) / length, away @ down
    sides = []
    for line, sign, far in ((opening.upper, 1, reach[0]), (opening.lower, -1, reach[1])):
        knots = place[line].cummax(0).values
        hats = torch.stack([interpolated(place, knots, k) for k in range(1, len(line) - 1)], 1)
        border = sum(
            interpolated(place, knots, k) * height[line[k]] for k in range(len(line))
        )  # the line's height at every point's place along it
        outside = (border - height) * sign / length
        # What lies across the line belongs to the other side, and so does the other line itself.
        near = torch.exp(-((outside.clamp(min=0) / far) ** 2)) * (outside > 0)
        near[opening.lower if sign > 0 else opening.upper] = 0
        near[line] = 1
        sides.append(hats * near[:, None])
    inner = slice(1, -1)
    return Contact(opening.upper[inner], opening.lower[inner], sides[0], sides[1], down, share)


def interpolated(place: torch.Tensor, knots: torch.Tensor, which: int) -> torch.Tensor:
    """Gives the weight of one knot at every place when values are straight between knots; 0 beyond."""
    weight = torch.zeros_like(place)
    if which > 0:
        left = knots[which - 1]
        rising = (place - left) / (knots[which] - left).clamp(min=1e-6)
        weight = torch.where((place >= left) & (place <= knots[which]), rising, weight)
    if which < len(knots) - 1:
        right = knots[which + 1]
        falling = (right - place) / (right - knots[which]).clamp(min=1e-6)
        weight = torch.where((place >= knots[which]) & (place <= right), falling, weight)
    return weight
