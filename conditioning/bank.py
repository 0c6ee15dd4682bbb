"""The emotion bank: a few learned codes that related states share."""

from __future__ import annotations

import torch
from torch import nn


class EmotionBank(nn.Module):
    """Gives each state's offset from neutral as a convex mixture of shared codes plus a little of its own.

    Args:
        num_states: K rows.
        num_codes: M shared codes.
        dim: width D of the space.

    Source: the emotion bank follows the shared code book of style tokens, Wang et al. 2018, "Style Tokens:
    Unsupervised
    Style Modeling, Control and Transfer in End-to-End Speech Synthesis", with fixed mixtures a state, not
    attention.
    """

    def __init__(self, num_states: int, num_codes: int, dim: int) -> None:
        super().__init__()
        self.codes = nn.Parameter(torch.randn(num_codes, dim) * 1.5)
        self.choices = nn.Parameter(torch.randn(num_states, num_codes) * 1.5)
        self.own = nn.Parameter(torch.zeros(num_states, dim))

    @property
    def shares(self) -> torch.Tensor:
        """How much of each code a state takes, (K, M); rows sum to 1."""
        return self.choices.softmax(-1)

    def forward(self) -> torch.Tensor:
        """Gives every state's offset from neutral, (K, D)."""
        return self.shares @ self.codes + self.own

    @torch.no_grad()
    def place(self, rows: list[int], offsets: torch.Tensor, steps: int = 300) -> None:
        """Sets rows to wanted offsets: shares are fitted to the codes, the rest becomes the rows' own.

        Args:
            rows: state numbers, R of them.
            offsets: (R, D).
        """
        with torch.enable_grad():
            choices = torch.zeros(len(rows), len(self.codes), requires_grad=True)
            optimizer = torch.optim.Adam([choices], lr=0.1)
            codes = self.codes.detach()
            for _ in range(steps):
                loss = (choices.softmax(-1) @ codes - offsets).square().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        self.choices[rows] = choices.detach()
        self.own[rows] = offsets - choices.detach().softmax(-1) @ codes
