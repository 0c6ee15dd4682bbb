"""The only samplers and the only guidance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from conditioning.adapters import draw_present

from .base import StepCallback

T = TypeVar("T", float, Tensor)
MASK = -1
LEVELS = ("content", "identity", "emotion")


def guidance_passes(
    content: float = 1.0, identity: float = 1.0, emotion: float = 1.0
) -> list[tuple[int, float]]:
    """Splits nested guidance into the fewest network passes.

    With u0 unconditional, u1 given content, u2 given content and identity, u3 given all, the guided output is
    u0 + content (u1 - u0) + identity (u2 - u1) + emotion (u3 - u2): more emotion moves only along what
    emotion adds to content and identity. Passes whose weight is zero are left out, so that scales of 1 need
    one pass.

    Returns:
        [(level, weight), ...]: the first `level` of content, identity, emotion are given in that pass; the
        weights add to 1.

    Source: Ho & Salimans 2022, "Classifier-free diffusion guidance", equation 6; nested as in Brooks et al.
    2023, "InstructPix2Pix", equation 3.
    """
    scales = (1.0, content, identity, emotion, 0.0)
    weights = [(level, scales[level] - scales[level + 1]) for level in range(4)]
    return [(level, weight) for level, weight in weights if weight != 0.0]


def present_in(passes: Sequence[tuple[int, float]], device: torch.device | str) -> dict[str, Tensor]:
    """Which conditions stand in each pass: {"content", "identity", "emotion"} -> (P,) bool."""
    levels = torch.tensor([level for level, _ in passes], device=device)
    return {name: levels > index for index, name in enumerate(LEVELS)}


def guided(outputs: Tensor, passes: Sequence[tuple[int, float]]) -> Tensor:
    """Sums the passes, (P, ...) made as one batch, by their weights. (...)"""
    if len(passes) == 1:
        return outputs[0]
    return torch.tensordot(outputs.new_tensor([weight for _, weight in passes]), outputs, 1)


def repeated(batch: Any, count: int) -> Any:
    """Repeats tensors (1, ...), in dicts of any depth, as (count, ...)."""
    if isinstance(batch, dict):
        return {name: repeated(value, count) for name, value in batch.items()}
    return batch.expand(count, *batch.shape[1:])


def guided_flow(
    model: Callable[..., Any], x: Tensor, t: float, batch: dict[str, Any], passes: Sequence[tuple[int, float]]
) -> Tensor:
    """The guided flow at x, all passes in one call of the network.

    Args:
        model: (x (P, ...), t (P,), **batch, present) -> (flow (P, ...), ...). x: (1, ...). t: in 0..1.
        batch: the other arguments, each (1, ...).

    Returns:
        (1, ...)
    """
    count = len(passes)
    times = torch.full((count,), t, device=x.device)
    conditions = repeated(batch, count) | {"present": present_in(passes, x.device)}
    return guided(model(repeated(x, count), times, **conditions)[0], passes)[None]


def sample_masked(
    predict: Callable[[Tensor], Tensor],
    values: Tensor,
    sizes: Sequence[int],
    *,
    num_inference_steps: int,
    temperature: float,
    generator: torch.Generator,
    top_p: float = 1.0,
    allowed: Tensor | None = None,
    order: Tensor | None = None,
    on_step: StepCallback | None = None,
    done: int = 0,
    total: int | None = None,
) -> Tensor:
    """Fills masked fields by absorbing-state discrete diffusion, a random share of them at each step.

    Settling the surest first (MaskGIT) was tried and dropped: it settles on the middle of every distribution.

    Args:
        predict: values (L, F) -> logits (L, sum(sizes)), the fields side by side.
        values: (L, F) int64; entries equal to `MASK` are filled, all others stay.
        sizes: number of values of each field.
        num_inference_steps: at least 1; the share still masked falls along a cosine.
        temperature: of the values drawn; 0 takes the likeliest.
        generator: CPU generator; the only source of randomness.
        top_p: draws only from the likeliest values that hold this much probability.
        allowed: (L, sum(sizes)) True where a value may be drawn; None allows all.
        order: (F,) how much earlier than the others each field is settled, in nats of Gumbel noise.
        on_step: called after every step with (done + step, total).

    Returns:
        (L, F) with nothing masked.

    Source: Austin et al. 2021, "Structured denoising diffusion models in discrete state-spaces", section 3
    (absorbing state), reversed in a random order; cosine schedule: Chang et al. 2022, "MaskGIT", section 3.3.
    """
    values = values.clone()
    masked_at_start = int((values == MASK).sum())
    total = total if total is not None else done + num_inference_steps
    for step in range(num_inference_steps):
        if masked_at_start:  # else there is nothing to make, but the steps still count
            logits = predict(values).float().cpu()
            if allowed is not None:
                logits = logits.masked_fill(~allowed, -1e9)
            drawn = draw_fields(logits, sizes, temperature, top_p, generator)
            priority = gumbel(drawn.shape, generator)
            if order is not None:
                priority = priority + order
            masked = values == MASK
            progress = (step + 1) / num_inference_steps
            keep_masked = math.floor(masked_at_start * math.cos(0.5 * math.pi * progress) + 1e-9)
            settle = int(masked.sum()) - keep_masked
            chosen = priority.masked_fill(~masked, -math.inf).flatten().topk(settle).indices
            values.view(-1)[chosen] = drawn.flatten()[chosen]
        if on_step:
            on_step(done + step + 1, total)
    return values


def draw_fields(
    logits: Tensor, sizes: Sequence[int], temperature: float, top_p: float, generator: torch.Generator
) -> Tensor:
    """Draws one value for each field of each row.

    Args:
        logits: (L, sum(sizes)).

    Returns:
        (L, F) values.

    Source: Holtzman et al. 2020, "The curious case of neural text degeneration", section 3.1 (nucleus).
    """
    noise = gumbel(logits.shape, generator)
    drawn = []
    for field, field_noise in zip(logits.split(list(sizes), -1), noise.split(list(sizes), -1), strict=True):
        if temperature == 0:
            drawn.append(field.argmax(-1))
            continue
        field = field / temperature
        if top_p < 1:
            field = field.masked_fill(~nucleus(field.softmax(-1), top_p), -math.inf)
        drawn.append((field + field_noise).argmax(-1))
    return torch.stack(drawn, -1)


def nucleus(chances: Tensor, top_p: float) -> Tensor:
    """True for the likeliest values that together hold `top_p` of the probability, at least for one."""
    ordered, indices = chances.sort(-1, descending=True)
    before = ordered.cumsum(-1) - ordered
    return torch.zeros_like(chances, dtype=torch.bool).scatter(-1, indices, (before < top_p) | (before == 0))


def gumbel(shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Standard Gumbel noise, drawn on the CPU."""
    uniform = torch.rand(shape, generator=generator).clamp(1e-9, 1 - 1e-7)
    return -torch.log(-torch.log(uniform))


def noisy_at(clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """The straight path from noise (t = 0) to data (t = 1).

    Args:
        clean, noise: (B, ...). t: (B,) in 0..1.

    Source: Lipman et al. 2023, "Flow matching for generative modeling", equation 20 with sigma_min = 0.
    """
    t = t.view(-1, *[1] * (clean.ndim - 1))
    return (1 - t) * noise + t * clean


def flow_matching_loss(flow: Tensor, clean: Tensor, noise: Tensor, mask: Tensor) -> Tensor:
    """Mean squared distance between the network's flow and the path's own, where `mask` is True.

    Args:
        flow, clean, noise: (B, T, C). mask: (B, T).

    Source: Lipman et al. 2023, equation 23.
    """
    error = (flow.float() - (clean - noise)).square().mean(-1)
    return (error * mask).sum() / mask.sum().clamp(min=1)


def flow_step(
    model: Callable[..., Any],
    clean: Tensor,
    t: Tensor,
    conditions: dict[str, Any],
    mask: Tensor,
    drop: dict[str, float],
) -> tuple[Tensor, Any]:
    """One step of training by flow matching, its conditions dropped at random.

    Args:
        model: (noisy, t, **conditions, present) -> (flow, something else). clean: (B, T, C). t: (B,) in 0..1.
        mask: (B, T) True = real. drop: condition -> probability of being dropped.

    Returns:
        The loss, and what the model gave beside the flow.
    """
    noise = torch.randn_like(clean)
    present = draw_present(len(clean), drop, torch.default_generator)
    present = {name: value.to(clean.device) for name, value in present.items()}
    flow, beside = model(noisy_at(clean, noise, t), t, **conditions, present=present)
    return flow_matching_loss(flow, clean, noise, mask), beside


SOLVERS = ("euler", "midpoint")


@torch.no_grad()
def sample_flow(
    flow: Callable[[Tensor, float], Tensor],
    noise: Tensor,
    *,
    num_inference_steps: int,
    solver: str = "euler",
    shift: float = 1.0,
    on_step: StepCallback | None = None,
    done: int = 0,
    total: int | None = None,
) -> Tensor:
    """Follows the flow from noise to data.

    Args:
        flow: (x (B, ...), t in 0..1) -> (B, ...).
        noise: where to begin; drawn by the caller on the CPU.
        num_inference_steps: at least 1.
        solver: "euler" (first order, one call a step) or "midpoint" (second order, two calls).
        shift: 1 makes steps equal; above 1 they are shorter where there is much noise, as suits data whose parts
            repeat each other.
        on_step: called after every step with (done + step, total).

    Source: Lipman et al. 2023, section 3; solvers: Hairer et al. 1993, "Solving ordinary differential
    equations I", section II.1; shift: Esser et al. 2024, "Scaling rectified flow transformers for high-resolution
    image synthesis", equation 23.
    """
    if solver not in SOLVERS:
        raise ValueError(f"expected a solver out of {', '.join(SOLVERS)}, got {solver!r}")
    x = noise
    total = total if total is not None else done + num_inference_steps
    for step in range(num_inference_steps):
        t, after = (shifted_time(number / num_inference_steps, shift) for number in (step, step + 1))
        size = after - t
        change = flow(x, t)
        if solver == "midpoint":
            change = flow(x + 0.5 * size * change, t + 0.5 * size)
        x = x + size * change
        if on_step:
            on_step(done + step + 1, total)
    return x


def shifted_time(t: T, shift: float) -> T:
    """Moves a time of 0..1, or a tensor of them, towards noise; 0 and 1 stay."""
    return t / (shift - (shift - 1) * t)
