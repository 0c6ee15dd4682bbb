"""Glasses in a photo: whether there are any, and what of the face must then keep its shape."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from conditioning.face import mesh

from .layers import sampled
from .warp import smooth_step

# How much darker than the skin beside it a rim is at least, at the bridge of the nose and below an eye.
BRIDGE, RIM = 0.15, 0.14
# Where rims are looked for, in distances between the inner corners of the eyes: half the width of the strip,
# its upper and its lower end, from the middle between the eyes and from an iris.
OVER_NOSE, UNDER_EYE = (0.18, -0.45, 0.55), (0.35, 0.25, 1.1)
COLUMNS, ROWS, AROUND = 9, 64, 25
# What frames cover, in lengths of an eye from the eyes' middles: beside, above, below; and the soft border.
BESIDE, ABOVE, BELOW, SOFT = 1.25, 0.75, 1.05, 0.3
# Lids are free: within this of an eye's middle, beside and above it.
LIDS = (0.72, 0.5)
# What part of an expression's movement stays under glasses.
MOVES = 0.15


def has_glasses(canvas: torch.Tensor, margin: int, points: torch.Tensor) -> bool:
    """Whether a dark rim runs over the nose and below an eye.

    Args:
        canvas: (3, h, w) the frame with `margin` pixels around it.
        points: (478, 3) landmarks in pixels of the frame.
    """
    grey = canvas.mean(0, keepdim=True)
    one, two = points[mesh.UPPER_LID_RIGHT[-1], :2], points[mesh.UPPER_LID_LEFT[-1], :2]
    apart = (two - one).norm()
    along = (two - one) / apart
    radius = max(1, round(0.03 * float(apart)))
    smooth = F.avg_pool2d(grey[None], 2 * radius + 1, 1, radius)[0]

    def darkest(centre: torch.Tensor, strip: tuple[float, float, float]) -> float:
        """How dark the darkest line across a strip is, beside what is above and below it."""
        half, low, high = strip
        across = torch.linspace(-half, half, COLUMNS)[:, None] * apart * along
        down = torch.linspace(low, high, ROWS)[:, None] * apart * torch.stack([-along[1], along[0]])
        places = (centre + margin + down[:, None] + across[None]).permute(2, 0, 1)
        size = places.new_tensor([canvas.shape[2], canvas.shape[1]])[:, None, None]
        level = sampled(smooth, (places / size * 2 - 1)[None], "border")[0, 0].T[
            :, None
        ]  # (COLUMNS, 1, ROWS)
        beside = F.avg_pool1d(F.pad(level, (AROUND // 2, AROUND // 2), mode="replicate"), AROUND, 1)
        return float(((beside - level) / (beside + 0.1)).amax(2).quantile(0.25))

    if darkest((one + two) / 2, OVER_NOSE) < BRIDGE:
        return False
    return max(darkest(points[iris[0], :2], UNDER_EYE) for iris in (mesh.IRIS_RIGHT, mesh.IRIS_LEFT)) > RIM


def under_glasses(points: torch.Tensor) -> torch.Tensor:
    """Gives what part of an expression's movement each point keeps behind glasses, (478,)."""
    ends = [points[list(line), :2][[0, -1]] for line in (mesh.UPPER_LID_RIGHT, mesh.UPPER_LID_LEFT)]
    middles = [end.mean(0) for end in ends]
    length = sum((end[0] - end[1]).norm() for end in ends) / 2
    along = (middles[1] - middles[0]) / (middles[1] - middles[0]).norm()
    down = torch.stack([-along[1], along[0]])
    away = [(points[:, :2] - middle) / length for middle in middles]
    beside = torch.stack([(each @ along).abs() for each in away]).amin(0)
    # Between the eyes is between the lenses.
    between = ((away[0] @ along) > 0) & ((away[1] @ along) < 0)
    beside = torch.where(between, 0.0, beside)
    below = (away[0] @ down + away[1] @ down) / 2
    out = torch.maximum(beside - BESIDE, torch.maximum(-below - ABOVE, below - BELOW))
    covered = 1 - smooth_step(out, 0.0, SOFT)
    lids = torch.stack(
        [((each @ along) / LIDS[0]) ** 2 + ((each @ down) / LIDS[1]) ** 2 for each in away]
    ).amin(0)
    covered = covered * smooth_step(lids, 0.8, 1.6)
    return 1 - (1 - MOVES) * covered
