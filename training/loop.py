"""The one training loop: resumable, deterministic, the same on a CPU, one GPU or several.

Data order is a pure function of the step (`batch_at(step, rank)`), so resuming needs no sampler state and
loses no more than the minutes since the last checkpoint.
"""

from __future__ import annotations

import copy
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from safetensors.torch import load_file, save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

from .muon import Muon

STATE = "state.safetensors"
M = TypeVar("M", bound=torch.nn.Module)


@dataclass(frozen=True)
class TrainConfig:
    """How long and how hard to train.

    Attributes:
        max_steps: optimiser steps in all.
        learning_rate: peak, after `warmup_steps` of linear rise; falls by a cosine to a tenth at `max_steps`.
        weight_decay: of AdamW, on matrices only.
        ema_decay: of the averaged weights that are kept; 0 keeps the raw ones.
        precision: "no" or "bf16".
        accumulate: batches whose gradients are summed up for one step.
        optimizer: "adamw", "muon", or "adamw8bit" with moments of 8 bits (needs bitsandbytes and a GPU).
        grad_clip: largest gradient norm.
        checkpoint_minutes: how often the state goes to disk.
        max_minutes: time budget of this run; None has no limit. When it runs out the state is saved and can
            be resumed.
        evaluate_every: steps between evaluations; 0 never.
        seed: of weights and of everything the recipe draws.
        num_threads: CPU threads; None leaves torch's own.
    """

    max_steps: int
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    weight_decay: float = 0.01
    ema_decay: float = 0.999
    precision: str = "no"
    accumulate: int = 1
    optimizer: str = "adamw"
    grad_clip: float = 1.0
    checkpoint_minutes: float = 3.0
    max_minutes: float | None = None
    evaluate_every: int = 0
    log_every: int = 20
    seed: int = 0
    num_threads: int | None = None


def without_time_budget(config: Mapping[str, Any]) -> dict[str, Any]:
    """Gives a recipe's values without the time budget of `train`.

    For the models of cross-validation: figures and readings from one that was cut short would be wrong.
    """
    return {**config, "train": {**config["train"], "max_minutes": None}}


def learning_rate_at(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then a cosine to a tenth of the peak."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(1, config.max_steps - config.warmup_steps)
    return config.learning_rate * (0.55 + 0.45 * math.cos(math.pi * min(1.0, progress)))


def train(
    model: M,
    batch_at: Callable[[int, int], Any],
    loss_fn: Callable[[M, Any, int], dict[str, torch.Tensor]],
    config: TrainConfig,
    out_dir: str | Path,
    *,
    resume: bool = False,
    evaluate: Callable[[M], dict[str, float]] | None = None,
    on_step: Callable[[int, int, dict[str, float]], None] | None = None,
) -> M:
    """Trains a model and gives the averaged (EMA) one.

    Args:
        model: trained in place; parameters with `requires_grad=False` are left alone.
        batch_at: (step, rank) -> batch of tensors (nested dicts, lists); a pure function, so that resuming is
            exact. Where gradients are summed up it is asked for `accumulate` batches a step, numbered through.
        loss_fn: (model, batch, step) -> {"loss": scalar, ...}; the other entries are logged.
        out_dir: gets state.safetensors (+ .json), log.jsonl and losses.png.
        resume: continue from `out_dir` when it holds a state.
        evaluate: called on the averaged model every `evaluate_every` steps and at the end; logged.
        on_step: (step, max_steps, logged values).

    Returns:
        The averaged model, in eval mode, on the CPU.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    if config.num_threads:
        torch.set_num_threads(config.num_threads)
    torch.manual_seed(config.seed)
    accelerator = Accelerator(mixed_precision=config.precision, cpu=not torch.cuda.is_available())
    averaged = copy.deepcopy(model).eval()
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = new_optimizer(groups, config)
    step = load_state(out_dir, model, averaged, optimizer) if resume else 0
    averaged.to(accelerator.device)
    model, optimizer = accelerator.prepare(model, optimizer)
    model.train()
    log = RunLog(out_dir / "log.jsonl", step) if accelerator.is_main_process else None
    started = saved = time.monotonic()
    logged: dict[str, list[float]] = {}
    while step < config.max_steps:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(step, config)
        # Seeded anew each step, so that a resumed run drops out the same as one that was never stopped.
        torch.manual_seed(seed_at(config.seed, step, accelerator.process_index))
        for number in range(step * config.accumulate, (step + 1) * config.accumulate):
            batch = to_device(batch_at(number, accelerator.process_index), accelerator.device)
            last = number + 1 == (step + 1) * config.accumulate
            with nullcontext() if last else accelerator.no_sync(model), attention_of(accelerator.device):
                with accelerator.autocast():
                    losses = loss_fn(model, batch, step)
                accelerator.backward(losses["loss"] / config.accumulate)
            for key, value in losses.items():
                logged.setdefault(key, []).append(float(value.detach()))
        accelerator.clip_grad_norm_(trained, config.grad_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        update_average(averaged, accelerator.unwrap_model(model), min(config.ema_decay, step / (step + 10)))
        now = time.monotonic()
        if step % config.log_every == 0 and log:
            row = {"step": step, **{key: round(sum(v) / len(v), 5) for key, v in logged.items()}}
            row["seconds"] = round(now - started, 1)
            log.write(row)
            logged = {}
            if on_step:
                on_step(step, config.max_steps, row)
        if evaluate and log and config.evaluate_every and step % config.evaluate_every == 0:
            log.write({"step": step, **evaluate(averaged)})
        out_of_time = is_over(config.max_minutes, now - started, accelerator)
        due = now - saved > 60 * config.checkpoint_minutes
        if (due or out_of_time or step == config.max_steps) and accelerator.is_main_process:
            save_state(out_dir, accelerator.unwrap_model(model), averaged, optimizer, step)
            saved = now
        if out_of_time:
            break
    if log:
        if evaluate:
            log.write({"step": step, "final": True, **evaluate(averaged)})
        plot_losses(out_dir)
    return averaged.eval().cpu()


def new_optimizer(groups: list[dict[str, Any]], config: TrainConfig) -> torch.optim.Optimizer:
    """Gives the optimiser of a run.

    Raises:
        ValueError: an optimiser that there is not, or one without the package that it needs.
    """
    settings: dict[str, Any] = {"lr": config.learning_rate, "betas": (0.9, 0.98)}
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, **settings)
    if config.optimizer == "muon":
        return Muon(groups, **settings)
    if config.optimizer != "adamw8bit":
        raise ValueError(f"expected an optimizer out of adamw, muon, adamw8bit, got {config.optimizer!r}")
    try:
        from bitsandbytes.optim import AdamW8bit
    except ImportError:
        raise ValueError("expected bitsandbytes for adamw8bit (pip install bitsandbytes), got none") from None
    return AdamW8bit(groups, **settings)


def attention_of(device: torch.device) -> AbstractContextManager[None]:
    """Gives the kind of attention that trains fastest: on a CPU the fused one's way back takes as long as all the rest
    of a small model, and plain matrix products a third of that."""
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()


def is_over(max_minutes: float | None, seconds: float, accelerator: Accelerator) -> bool:
    """Says whether the time budget is spent, for all processes by the clock of the first."""
    if max_minutes is None:
        return False
    over = torch.tensor(float(seconds > 60 * max_minutes), device=accelerator.device)
    return bool(broadcast(over))


class RunLog:
    """Rows of log.jsonl; a resumed run drops those that were written after its last state."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        old = path.read_text(encoding="utf-8").splitlines(keepends=True) if step and path.exists() else []
        path.write_text("".join(line for line in old if json.loads(line)["step"] <= step), encoding="utf-8")

    def write(self, row: dict[str, Any]) -> None:
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def seed_at(seed: int, step: int, rank: int) -> int:
    """Gives the seed of one step of one process."""
    return (seed * 1_000_003 + step) * 1009 + rank


@torch.no_grad()
def update_average(averaged: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    """averaged <- decay * averaged + (1 - decay) * model; buffers are copied."""
    for mean, value in zip(averaged.parameters(), model.parameters(), strict=True):
        mean.lerp_(value.detach().to(mean.dtype), 1.0 - decay)
    for kept, buffer in zip(averaged.buffers(), model.buffers(), strict=True):
        kept.copy_(buffer)


def to_device(batch: Any, device: torch.device) -> Any:
    if isinstance(batch, torch.Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, dict):
        return {key: to_device(value, device) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)(to_device(value, device) for value in batch)
    return batch


def save_state(
    out_dir: Path,
    model: torch.nn.Module,
    averaged: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    step: int,
) -> None:
    """Writes weights, averages and moments as one safetensors file, under its final name only when whole."""
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    tensors |= {f"averaged.{k}": v for k, v in averaged.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{k}": torch.as_tensor(v) for k, v in moments.items()}
    partial = out_dir / "state.partial"
    save_file(
        {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}, partial, {"step": str(step)}
    )
    os.replace(partial, out_dir / STATE)


def load_state(
    out_dir: Path, model: torch.nn.Module, averaged: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> int:
    """Restores what `save_state` wrote; gives the step to go on from (0 when there is nothing)."""
    path = out_dir / STATE
    if not path.exists():
        return 0
    tensors = load_file(path)
    model.load_state_dict(strip(tensors, "model."))
    averaged.load_state_dict(strip(tensors, "averaged."))
    state: dict[int, dict[str, Any]] = {}
    for key, value in strip(tensors, "optimizer.").items():
        index, name = key.split(".")
        # What was a plain number, as the step of 8-bit optimisers, is one again.
        state.setdefault(int(index), {})[name] = value.item() if value.dtype == torch.int64 else value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return steps_done(out_dir)


def steps_done(out_dir: str | Path) -> int:
    """Gives the step of the state in a run's folder."""
    from safetensors import safe_open

    with safe_open(Path(out_dir) / STATE, "pt") as file:
        return int(file.metadata()["step"])


def averaged_weights(out_dir: str | Path) -> dict[str, torch.Tensor]:
    """Gives the averaged weights of a run, also of one that is still going."""
    return strip(load_file(Path(out_dir) / STATE), "averaged.")


def strip(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}


def plot_losses(out_dir: Path) -> None:
    """Draws every logged quantity against the step into losses.png."""
    from matplotlib.figure import Figure

    rows = [json.loads(line) for line in (out_dir / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    names = sorted({key for row in rows for key in row} - {"step", "seconds", "final"})
    if not names:
        return
    figure = Figure(figsize=(8, 2.2 * len(names)), layout="constrained")
    for axis, name in zip(figure.subplots(len(names), 1, squeeze=False)[:, 0], names, strict=True):
        points = [(row["step"], row[name]) for row in rows if name in row]
        axis.plot(*zip(*points, strict=True), marker="." if len(points) < 30 else None)
        axis.set_title(name, fontsize=9)
        axis.grid(alpha=0.3)
    figure.savefig(out_dir / "losses.png", dpi=80)
