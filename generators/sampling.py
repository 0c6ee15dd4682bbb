"""The only samplers and the only guidance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .base import StepCallback

MASK = -1
LEVELS = ("content", "identity", "emotion")


def guidance_passes(content: float = 1.0, identity: float = 1.0, emotion: float = 1.0) -> list[tuple[int, float]]:
    """Splits nested guidance into the fewest network passes.

    With u0 unconditional, u1 given content, u2 given content and identity, u3 given all, the guided output is
    u0 + content (u1 - u0) + identity (u2 - u1) + emotion (u3 - u2): more emotion moves only along what emotion adds to
    content and identity. Passes whose weight is zero are left out, so that scales of 1 need one pass.

    Returns:
        [(level, weight), ...]: the first `level` of content, identity, emotion are given in that pass; the weights add to 1.

    Source: Ho & Salimans 2022, "Classifier-free diffusion guidance", equation 6; nested as in Brooks et al. 2023,
    "InstructPix2Pix", equation 3.
    """
    scales = (1.0, content, identity, emotion, 0.0)
    weights = [(level, scales[level] - scales[level + 1]) for level in range(4)]
    return [(level, weight) for level, weight in weights if weight != 0.0]


def guided(predict: Callable[[int], Tensor], passes: Sequence[tuple[int, float]]) -> Tensor:
    """Sums weight * predict(level) over the passes."""
    outputs = [weight * predict(level) if weight != 1.0 else predict(level) for level, weight in passes]
    return outputs[0] if len(outputs) == 1 else torch.stack(outputs).sum(0)


def sample_masked(
    predict: Callable[[Tensor], Tensor],
    values: Tensor,
    sizes: Sequence[int],
    *,
    num_inference_steps: int,
    temperature: float,
    generator: torch.Generator,
    allowed: Tensor | None = None,
    order: Tensor | None = None,
    on_step: StepCallback | None = None,
    done: int = 0,
    total: int | None = None,
) -> Tensor:
    """Fills masked fields, the surest first, by absorbing-state discrete diffusion.

    Args:
        predict: values (L, F) -> logits (L, sum(sizes)), the fields side by side.
        values: (L, F) int64; entries equal to `MASK` are filled, all others stay.
        sizes: number of values of each field.
        num_inference_steps: at least 1; the share still masked falls along a cosine.
        temperature: of the values drawn; 0 takes the likeliest.
        generator: CPU generator; the only source of randomness.
        allowed: (L, sum(sizes)) True where a value may be drawn; None allows all.
        order: (F,) added to the log-confidence of each field, so that some are settled earlier.
        on_step: called after every step with (done + step, total).

    Returns:
        (L, F) with nothing masked.

    Source: Austin et al. 2021, "Structured denoising diffusion models in discrete state-spaces" (absorbing state);
    confidence order and cosine schedule: Chang et al. 2022, "MaskGIT", section 3.2.
    """
    values = values.clone()
    masked_at_start = int((values == MASK).sum())
    total = total if total is not None else done + num_inference_steps
    for step in range(num_inference_steps):
        if not masked_at_start:  # nothing to make; the steps still count
            if on_step:
                on_step(done + step + 1, total)
            continue
        logits = predict(values).float().cpu()
        if allowed is not None:
            logits = logits.masked_fill(~allowed, -1e9)
        progress = (step + 1) / num_inference_steps
        drawn, confidence = draw_fields(logits, sizes, temperature, generator)
        if order is not None:
            confidence = confidence + order
        # Noise on the order keeps early choices from always being the blandest; it fades to nothing.
        confidence = confidence + 2.0 * (1 - progress) * temperature * gumbel(confidence.shape, generator)
        masked = values == MASK
        keep_masked = math.floor(masked_at_start * math.cos(0.5 * math.pi * progress) + 1e-9)
        settle = int(masked.sum()) - keep_masked
        if settle > 0:
            chosen = confidence.masked_fill(~masked, -math.inf).flatten().topk(settle).indices
            values.view(-1)[chosen] = drawn.flatten()[chosen]
        if on_step:
            on_step(done + step + 1, total)
    return values


def draw_fields(
    logits: Tensor, sizes: Sequence[int], temperature: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draws one value for each field of each row.

    Returns:
        (L, F) values and (L, F) log-probabilities of them at temperature 1.
    """
    noisy = logits if temperature == 0 else logits + temperature * gumbel(logits.shape, generator)
    drawn, confidence = [], []
    for noisy_field, field in zip(noisy.split(list(sizes), -1), logits.split(list(sizes), -1), strict=True):
        value = noisy_field.argmax(-1, keepdim=True)
        drawn.append(value)
        confidence.append(field.log_softmax(-1).gather(-1, value))
    return torch.cat(drawn, -1), torch.cat(confidence, -1)


def gumbel(shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Standard Gumbel noise, drawn on the CPU."""
    uniform = torch.rand(shape, generator=generator).clamp(1e-9, 1 - 1e-7)
    return -torch.log(-torch.log(uniform))
