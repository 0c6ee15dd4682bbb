"""Memory and speed of fine-tuning Wan2.1's 1.3B, estimated from small models of its proportions that are measured.

Nothing of that size is run here. Steps of the very training code on small models say how many bytes live at the same
time, and how many operations there are; both are sums of products of the numbers of blocks, tokens and channels, whose
constants are fitted, checked on a model larger than those fitted on, and then drawn on to the published size. Speed:
operations by what a card does of them in a second, and by the share of that which trainings are known to reach. All of
it is an estimate: it knows nothing of a card's own libraries, of fragments in its memory or of slow disks.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import WanTransformer3DModel
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from torch.utils.flop_counter import FlopCounterMode

from generators.hub_weights import silent
from generators.video.tune_buckets import Bucket
from generators.video.tune_model import Tuned, loss_of, untrained
from generators.wan_text import WORDS
from studio.cli_training import read_config
from studio.evaluation.benchmark import machine, torch_threads, write_benchmark
from studio.evaluation.report import Targets

# Source: transformer/config.json of the repository Wan-AI/Wan2.1-T2V-1.3B-Diffusers.
HEAD, FFN = 128, 35 / 6  # channels of a head, and of the feed-forward by those of the model
WIDTH, DEPTH, TEXT_DIM = 1536, 30, 4096
# Small models: (channels, blocks, film). The last is larger than all others and only checks.
SHORT, LONG = Bucket(192, 160, 29), Bucket(192, 160, 45)
FITTED = [(width, depth, film) for width in (128, 256) for depth in (2, 3) for film in (SHORT, LONG)]
CHECKED = (384, 5, Bucket(256, 160, 45))
FILMS = {"33 frames": Bucket(832, 480, 33), "81 frames": Bucket(832, 480, 81)}
# Dense products in bfloat16 a second. Source: NVIDIA's data sheets of the Ada, Ampere and Hopper architectures.
CARDS = {"RTX 4090": 165e12, "A100": 312e12, "H100": 989e12}
# Share of that which trainings of transformers reach. Source: Narayanan et al. 2021, "Efficient large-scale language
# model training on GPU clusters using Megatron-LM", table 1: 44 to 52 %; taken lower, for one card and small batches.
REACHED = 0.4
CARD_GB = 24.0
FILLED = 0.9  # share of a card that can be filled: the rest is CUDA's own, and fragments
# Beside what is trained, in float32: its gradients, two moments of the optimiser, the running average.
COPIES = 4


def run(out_dir: str | Path | None = None, checkpoint: str = "auto") -> dict[str, Any]:
    """Measures small models and estimates the published one, at the recipe's LoRA and a batch of one film.

    Args:
        out_dir: gets bench-video_tune.json and .md. checkpoint: not used; no weights of ours take part.

    Returns:
        For each length "GB" with one feeling and with a curve, "TFLOP" of a film, and on each card the hours that a
        thousand films take; "share of speed" that the small model reaches on this machine; by how much the estimates of
        the model that only checks are off.
    """
    figures: dict[str, Any] = {}
    with torch_threads(1):
        memory = {
            curve: fitted(lambda *size, curve=curve: living_bytes(*size, curve), bytes_of)
            for curve in (False, True)
        }
        operations = fitted(counted_operations, work_of)
        checked = [
            abs(memory[curve](*CHECKED) / living_bytes(*CHECKED, curve) - 1) for curve in (False, True)
        ]
        figures["memory off by"] = round(max(checked), 4)
        figures["operations off by"] = round(abs(operations(*CHECKED) / counted_operations(*CHECKED) - 1), 4)
        figures["share of speed"] = round(share_of_speed(operations), 3)
    still = standing_bytes(WIDTH, DEPTH, TEXT_DIM, torch.bfloat16)
    figures["weights and what is trained: GB"] = round(still / 1e9, 2)
    for name, film in FILMS.items():
        for curve in (False, True):
            found = (still + memory[curve](WIDTH, DEPTH, film)) / 1e9
            figures[f"{name}{', a curve' if curve else ''}: GB"] = round(found, 1)
        work = operations(WIDTH, DEPTH, film) + attention_operations(WIDTH, DEPTH, film)
        figures[f"{name}: TFLOP"] = round(work / 1e12)
        for card, speed in CARDS.items():
            hours = 1000 * work / (REACHED * speed) / 3600
            figures[f"{name}: hours for 1000 films, {card}"] = round(hours, 2)
    targets = Targets()
    largest = figures["81 frames, a curve: GB"]
    targets.at_most("1.3B, 81 frames of 832 x 480, a curve: GB (estimated)", largest, FILLED * CARD_GB)
    targets.at_most("memory of a larger small model off by", figures["memory off by"], 0.05)
    targets.at_most("operations of a larger small model off by", figures["operations off by"], 0.02)
    found = {**figures, "machine": machine(), "targets": targets}
    if out_dir is not None:
        write_benchmark(found, out_dir, "video_tune")
    return found


Measured = Callable[[int, int, Bucket], float]


def fitted(measure: Measured, products: Callable[..., list[float]]) -> Measured:
    """Fits what is measured of the small models by sums of products; gives the same for any size."""
    rows = np.array([products(width, depth, film.num_tokens) for width, depth, film in FITTED], float)
    values = np.array([measure(*size) for size in FITTED])
    # Every product weighs alike, however large its numbers are.
    scale = np.abs(rows).max(0)
    constants = np.linalg.lstsq(rows / scale, values, rcond=None)[0] / scale
    return lambda width, depth, film: float(np.dot(products(width, depth, film.num_tokens), constants))


def bytes_of(width: int, depth: int, tokens: int) -> list[float]:
    """What lives is made of: an input a block, one block's own, its LoRA's, and what the text and the weights need."""
    return [depth * tokens * width, tokens * width, tokens, depth * width, width, 1]


def work_of(width: int, depth: int, tokens: int) -> list[float]:
    """What operations without attention are made of: a block's layers and their LoRA's, of the film and of the text."""
    per_block = [tokens * width**2, tokens * width, width**2, width]
    return [*(depth * value for value in per_block), tokens * width, tokens, width, 1]


def new_tuned(width: int, depth: int, text_dim: int, dtype: torch.dtype) -> Tuned:
    """The recipe's LoRA and adapter in a model of the published proportions, in the precisions of training."""
    head = HEAD if width % HEAD == 0 else width // 2
    with silent():
        transformer = WanTransformer3DModel(
            num_attention_heads=width // head, attention_head_dim=head, ffn_dim=round(FFN * width), num_layers=depth,
            in_channels=16, out_channels=16, text_dim=text_dim, freq_dim=256,
        ).to(dtype)  # fmt: skip
    for name, value in transformer.named_parameters():
        if set(name.split(".")) & set(WanTransformer3DModel._keep_in_fp32_modules):
            value.data = value.data.float()
    return untrained(transformer, read_config("video", None))


def standing_bytes(width: int, depth: int, text_dim: int, dtype: torch.dtype) -> float:
    """Gives the bytes of the weights, and of all that optimiser and average keep beside what is trained."""
    with torch.device("meta"):
        tuned = new_tuned(width, depth, text_dim, dtype)
    weights = {id(value): value for value in (*tuned.parameters(), *tuned.frozen.transformer.parameters())}
    trained = sum(value.numel() * 4 for value in tuned.parameters())
    return sum(value.numel() * value.element_size() for value in weights.values()) + COPIES * trained


def batch_of(text_dim: int, film: Bucket, curve: bool) -> dict[str, Tensor]:
    """A batch of one film of noise."""
    frames = film.latent_frames
    return {
        "latents": torch.randn(1, 16, frames, film.height // 8, film.width // 8),
        "text": torch.randn(1, WORDS, text_dim),
        "no_text": torch.zeros(1, WORDS, text_dim),
        "emotion": torch.randn(1, frames if curve else 1, 64),
        "looks": torch.rand(1, 4),
    }


def step(tuned: Tuned, batch: dict[str, Tensor]) -> None:
    """One film forwards and backwards."""
    drop = dict.fromkeys(("content", "identity", "emotion", "looks"), 0.1)
    half = tuned.frozen.transformer.dtype == torch.bfloat16
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        loss = loss_of(tuned, batch, tuned.frozen, drop)["loss"]
    loss.backward()


def living_bytes(width: int, depth: int, film: Bucket, curve: bool = False) -> float:
    """Gives the most bytes that a step adds to what stands still, in the precisions of a card."""
    torch.manual_seed(0)
    tuned = new_tuned(width, depth, 64, torch.bfloat16)
    batch = batch_of(64, film, curve)
    for value in tuned.parameters():
        value.grad = torch.zeros_like(value)  # they stand still, too
    with Living() as living:
        step(tuned, batch)
    return float(living.peak)


def counted_operations(width: int, depth: int, film: Bucket) -> float:
    """Gives the operations of a step without those of attention, which the counter does not see on a CPU."""
    torch.manual_seed(0)
    tuned = new_tuned(width, depth, 64, torch.bfloat16)
    with FlopCounterMode(display=False) as counter:
        step(tuned, batch_of(64, film, False))
    return float(counter.get_total_flops())


def attention_operations(width: int, depth: int, film: Bucket) -> float:
    """Gives the operations of attention to all tokens and to the text, forwards twice and backwards.

    Source: Dao et al. 2022, "FlashAttention", section 3: two products forwards, five backwards.
    """
    forward = 4 * film.num_tokens * (film.num_tokens + WORDS) * width
    return depth * forward * (2 + 2.5)


def share_of_speed(operations: Measured) -> float:
    """Gives which share of this machine's speed at large products a step reaches, in float32."""
    width, depth, film = CHECKED
    tuned, batch = new_tuned(width, depth, 64, torch.float32), batch_of(64, film, False)
    seconds = min(timed(lambda: step(tuned, batch)) for _ in range(2))
    left, right = torch.randn(1024, 1024), torch.randn(1024, 1024)
    product = min(timed(lambda: left @ right) for _ in range(8))
    work = operations(*CHECKED) + attention_operations(*CHECKED)
    return (work / seconds) / (2 * 1024**3 / product)


def timed(call: Callable[[], Any]) -> float:
    """Gives the processor seconds of a call: what else a machine does is no figure of ours."""
    started = time.process_time()
    call()
    return time.process_time() - started


@dataclass
class Counted:
    """Bytes that live now, and the most that lived at the same time."""

    now: int = 0
    peak: int = 0


class Living(TorchDispatchMode):
    """Adds up the bytes of tensors made while it is on; storages that several share count once."""

    def __init__(self) -> None:
        super().__init__()
        self.count = Counted()
        self.known: dict[int, Any] = {}

    @property
    def peak(self) -> int:
        return self.count.peak

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for value in tree_iter((args, kwargs)):
            if isinstance(value, Tensor):  # was there before
                self.known.setdefault(value.untyped_storage()._cdata, None)
        found = func(*args, **(kwargs or {}))
        for value in tree_iter(found):
            if isinstance(value, Tensor):
                self._add(value.untyped_storage())
        return found

    def _add(self, storage: Any) -> None:
        """Counts a storage until nobody holds it any more."""
        key, size, count, known = storage._cdata, storage.nbytes(), self.count, self.known
        if key in known:
            return

        def gone(_: Any) -> None:
            count.now -= size
            known.pop(key, None)

        count.now += size
        count.peak = max(count.peak, count.now)
        known[key] = weakref.ref(storage, gone)
