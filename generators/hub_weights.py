"""Other people's weights: the names of the hub, and folders in the form of diffusers opened without noise."""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def is_repository(name: str) -> bool:
    """Says whether a text looks like a repository of the hub: owner/name."""
    parts = name.split("/")
    return len(parts) == 2 and all(parts) and not name.startswith((".", "~")) and "\\" not in name


@contextmanager
def silent() -> Iterator[None]:
    """Keeps loading from drawing progress bars and warning of sizes, and leaves the settings as they were."""
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    levels = [(module, module.get_verbosity()) for module in (of_diffusers, of_transformers)]
    shown = [(module, module.is_progress_bar_enabled()) for module in (of_diffusers, of_transformers)]
    for module, _ in levels:
        module.set_verbosity_error()
        module.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            # The names of arguments change between releases of diffusers.
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        for module, level in levels:
            module.set_verbosity(level)
        for module, was in shown:
            if was:
                module.enable_progress_bar()


def shapes_of(path: Path, what: str) -> dict[str, tuple[int, ...]]:
    """Gives the names and shapes in a file of safetensors, of which only the header is read.

    Args:
        what: the file is, for errors: "vae/diffusion_pytorch_model.safetensors of Wan2.1".

    Raises:
        ValueError: a file that is cut off, by the length that its header promises, or something else.

    Source: the format's description, github.com/huggingface/safetensors, "Format".
    """
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(8)
        if start == b"version ":
            raise ValueError(f"expected weights in {what}, got a pointer of Git LFS: run git lfs pull")
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        header = file.read(length) if length < size else b""
    try:
        entries = json.loads(header)
        entries.pop("__metadata__", None)
        shapes = {name: tuple(entry["shape"]) for name, entry in entries.items()}
        end = 8 + length + max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise ValueError(
            f"expected whole safetensors in {what}, got {size:,} bytes with a broken header: fetch it again"
        ) from None
    if end != size:
        raise ValueError(f"expected {end:,} bytes in {what}, got {size:,}: delete it and fetch it again")
    return shapes
