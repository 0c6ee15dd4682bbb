"""Where the parts of a Wan model lie, in which precision, and what to do when memory does not suffice."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

import torch

# Beside the weights: activations of 81 frames of 832 x 480, and what the allocator holds.
SPARE = 4 * 2**30
# What CPU and CUDA say when there is no room.
NO_ROOM = ("out of memory", "can't allocate memory", "not enough memory", "alloc_cpu")


def dtype_on(device: str) -> torch.dtype:
    """Gives the precision of the transformer and the text encoder; the autoencoder is always float32."""
    return torch.bfloat16 if device.startswith("cuda") else torch.float32


def place(pipeline: Any, device: str, low_vram: bool) -> str:
    """Puts a pipeline on a device.

    Args:
        pipeline: of Wan, without hooks. device: "cpu" or a CUDA device.
        low_vram: keep on the device only what computes: one network at a time or, where even the largest does
            not fit, one layer at a time; decode in tiles.

    Returns:
        "none", "model" or "sequential": what is moved to and fro.
    """
    if low_vram:
        pipeline.vae.enable_tiling()
        pipeline.vae.enable_slicing()
    else:
        pipeline.vae.disable_tiling()
        pipeline.vae.disable_slicing()
    moved = "none"
    if low_vram and device.startswith("cuda"):
        moved = offload_for(pipeline, torch.cuda.mem_get_info(device)[0])
    if moved == "model":
        pipeline.enable_model_cpu_offload(device=device)
    elif moved == "sequential":
        pipeline.enable_sequential_cpu_offload(device=device)
    else:
        pipeline.to(device)
    return moved


def place_alone(module: torch.nn.Module, device: str, low_vram: bool) -> None:
    """Puts one network on a device; with `low_vram`, where it does not fit, one layer at a time as it computes."""
    if low_vram and device.startswith("cuda") and not fits(module, torch.cuda.mem_get_info(device)[0]):
        by_layers(module, device)
    else:
        module.to(device)


def by_layers(module: torch.nn.Module, device: str) -> None:
    """Leaves a network where it is and has each layer come to a device when it computes."""
    from accelerate import cpu_offload

    cpu_offload(module, torch.device(device))


def offload_for(pipeline: Any, free_bytes: int) -> str:
    """Says what must be moved to and fro: whole networks where the largest of them fits, else layers."""
    return "model" if fits(pipeline.transformer, free_bytes) else "sequential"


def fits(module: torch.nn.Module, free_bytes: int) -> bool:
    """Says whether a network and what it computes have room."""
    return bytes_of(module) + SPARE <= free_bytes


def bytes_of(module: torch.nn.Module) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in module.parameters())


def freed() -> None:
    """Gives back what nobody holds any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@contextlib.contextmanager
def room_for(what: str, device: str, low_vram: bool) -> Iterator[None]:
    """Says in one line which switch helps when memory does not suffice.

    Args:
        what: is made: "81 frames of 832 x 480".

    Raises:
        ValueError: there was no room.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_no_room(error):
            raise
        # The error's frames hold the tensors that were too many.
        error.__traceback__ = None
    else:
        return
    freed()
    switch = "ask for fewer frames or a smaller picture" if low_vram else "set low_vram"
    raise ValueError(f"expected enough memory on {device} for {what}, got none left: {switch}")


def is_no_room(error: BaseException) -> bool:
    """Says whether an error means that memory did not suffice."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return any(words in str(error).lower() for words in NO_ROOM)
