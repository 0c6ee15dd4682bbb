"""The plainest account of what a mouth does with a sound, which the denoiser adds to: a straight line from what
is heard around each frame.

There are minutes of one speaker to learn from. A network on its own learns her takes by heart and moves other
people's mouths half as far; a line fitted with a penalty carries over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .banks import MOUTH, NUM_COORDINATES, WIDTH
from .content import BANDS, NUM_CONTENT, NUM_HEARD, PARTS

if TYPE_CHECKING:
    from .banks import Banks
    from .takes import Spoken

REACH = 4  # frames heard on both sides
# Colour is left out: it is what differs most from voice to voice.
COLUMNS = [part * NUM_HEARD + at for part in range(PARTS) for at in range(BANDS, NUM_HEARD)]
COLUMNS += list(range(PARTS * NUM_HEARD, NUM_CONTENT))
PENALTY = 0.03  # a frame, on standardised features
LEAST_SPREAD = 0.05
SPOKEN_EACH = 6  # of the variants of a take


class Readout(nn.Module):
    """Content to the mouth's weights; fitted, not trained."""

    columns: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("columns", torch.tensor(COLUMNS), persistent=False)
        self.line = nn.Conv1d(len(COLUMNS), WIDTH, 2 * REACH + 1)
        self.line.requires_grad_(False)
        nn.init.zeros_(self.line.weight)
        assert self.line.bias is not None
        nn.init.zeros_(self.line.bias)

    def forward(self, content: Tensor) -> Tensor:
        """(R, T, 114) -> (R, T, 20)"""
        heard = content[..., self.columns].transpose(1, 2)
        return self.line(F.pad(heard, (REACH, REACH), mode="replicate")).transpose(1, 2)


def fit_readout(readout: Readout, spoken: list[Spoken], banks: Banks) -> None:
    """Fits the line to takes by least squares with a penalty.

    Source: Hoerl and Kennard 1970, "Ridge regression".
    """
    seen: dict[str, int] = {}
    rows, wanted = [], []
    for take in spoken:
        seen[take.take] = seen.get(take.take, 0) + 1
        if seen[take.take] <= SPOKEN_EACH:
            rows.append(around(torch.from_numpy(take.content).float()))
            mouth = torch.from_numpy(take.mouth).float()
            wanted.append(banks.weights(F.pad(mouth, (0, NUM_COORDINATES - mouth.shape[1])), MOUTH))
    x, y = torch.cat(rows), torch.cat(wanted)
    middle, spread, mean = x.mean(0), x.std(0) + LEAST_SPREAD, y.mean(0)
    z = (x - middle) / spread
    gram = z.T @ z + PENALTY * len(z) * torch.eye(z.shape[1])
    slope = torch.linalg.solve(gram, z.T @ (y - mean)) / spread[:, None]  # (C x taps, 20)
    readout.line.weight.copy_(slope.T.reshape(WIDTH, len(COLUMNS), 2 * REACH + 1))
    assert readout.line.bias is not None
    readout.line.bias.copy_(mean - middle @ slope)


def around(content: Tensor) -> Tensor:
    """Each frame with those around it, (T, 114) -> (T, C x taps), taps fastest as in a convolution."""
    heard = F.pad(content[:, COLUMNS].T[None], (REACH, REACH), mode="replicate")[0]  # (C, T + 2 reach)
    return heard.unfold(1, 2 * REACH + 1, 1).permute(1, 0, 2).flatten(1)
