"""Muon: steps whose matrices are orthogonal, beside AdamW for all that is no matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

# Of the quintic iteration that drives singular values towards 1. Source: Jordan et al. 2024, "Muon".
NEWTON_SCHULZ, ROUNDS = (3.4445, -4.775, 2.0315), 5
LIKE_ADAMW = 0.2  # RMS of what AdamW usually adds, of its learning rate


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal for matrices, AdamW for everything else; both heed the same learning rate.

    Args:
        params: tensors or groups. lr: as of AdamW. betas, eps: of AdamW. momentum: of matrices.
        weight_decay: decoupled.

    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; the size of a step: Liu et
    al. 2025, "Muon is scalable for LLM training", equation 4.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.98),
        momentum: float = 0.95,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        settings = {"lr": lr, "betas": betas, "momentum": momentum, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, settings)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                change = orthogonal_step if parameter.ndim == 2 else adam_step
                parameter.sub_(change(parameter.grad, self.state[parameter], group), alpha=group["lr"])
        return loss


def orthogonal_step(gradient: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> Tensor:
    """Gives the step of a matrix, of learning rate 1."""
    if not state:
        state["momentum"] = torch.zeros_like(gradient)
    state["momentum"].lerp_(gradient, 1 - group["momentum"])
    ahead = gradient.lerp(state["momentum"], group["momentum"])
    return LIKE_ADAMW * max(gradient.shape) ** 0.5 * orthogonal(ahead).to(gradient)


def adam_step(gradient: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> Tensor:
    """Gives the step of any tensor, of learning rate 1."""
    if not state:
        state["step"] = torch.zeros(())
        state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(gradient), torch.zeros_like(gradient)
    state["step"] += 1
    steps, (first, second) = float(state["step"]), group["betas"]
    state["exp_avg"].lerp_(gradient, 1 - first)
    state["exp_avg_sq"].lerp_(gradient.square(), 1 - second)
    spread = (state["exp_avg_sq"] / (1 - second**steps)).sqrt() + group["eps"]
    return state["exp_avg"] / (1 - first**steps) / spread


def orthogonal(matrix: Tensor) -> Tensor:
    """Gives about the nearest matrix with orthogonal rows or columns, (m, n) bfloat16."""
    a, b, c = NEWTON_SCHULZ
    wide = matrix.shape[0] <= matrix.shape[1]
    x = (matrix if wide else matrix.T).bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(ROUNDS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x if wide else x.T
