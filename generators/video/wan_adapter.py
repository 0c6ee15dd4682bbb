"""An emotion adapter as training leaves it: a folder of safetensors, found and checked without being loaded."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkpoints.files import sha256_of
from conditioning import SPACE_VERSION

from .wan_weights import Base, licence_of

LORA = "pytorch_lora_weights.safetensors"  # as diffusers saves and loads it
WEIGHTS = "diffusion_pytorch_model.safetensors"
INNER = "adapter"  # where training puts the adapter itself


@dataclass(frozen=True)
class AdapterFolder:
    """An emotion adapter on the disk, not yet loaded.

    Attributes:
        folder: where `WEIGHTS` and config.json are. config: of the `EmotionAdapter`.
        lora: the LoRA that was trained with it, or None.
    """

    folder: Path
    config: dict[str, Any]
    lora: Path | None

    @property
    def name(self) -> str:
        """Of the folder that training wrote."""
        return (self.folder.parent if self.folder.name == INNER else self.folder).name

    @property
    def licence(self) -> str:
        """As its card says; empty when it says nothing."""
        return licence_of(self.folder) or licence_of(self.folder.parent)

    def hashes(self) -> dict[str, str]:
        """Gives the sha256 of every file of weights, shortened, by its name."""
        files = [self.folder / WEIGHTS, *([self.lora] if self.lora else [])]
        return {path.name: sha256_of(path)[:16] for path in files}


def find_adapter(name: str) -> AdapterFolder:
    """Finds an adapter and checks that it fits this program; loads nothing.

    Args:
        name: the folder that training wrote (adapter/ and the LoRA lie in it), or its adapter/ alone.

    Raises:
        FileNotFoundError: no folder, or none with an adapter.
        ValueError: another class, or trained on another version of the emotion space.
    """
    root = Path(os.path.expanduser(name))
    if not root.is_dir():
        raise FileNotFoundError(f"expected the folder of an emotion adapter, got none at {name[:200]!r}")
    inner = root / INNER
    folder = inner if (inner / "config.json").is_file() else root
    for file in ("config.json", WEIGHTS):
        if not (folder / file).is_file():
            raise FileNotFoundError(f"expected {file} of an emotion adapter in {root.name!r}, got none")
    config = read_config(folder / "config.json")
    version = config.get("space_version")
    if version != SPACE_VERSION:
        raise ValueError(
            f"expected an emotion adapter of space version {SPACE_VERSION}, got {version} in {root.name!r}"
        )
    lora = root / LORA
    return AdapterFolder(folder, config, lora if lora.is_file() else None)


def read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ValueError(f"expected a readable {path.name} of an emotion adapter, got: {error}") from None
    name = config.get("_class_name") if isinstance(config, dict) else None
    if name != "EmotionAdapter":
        raise ValueError(f"expected an EmotionAdapter, got {str(name)[:60]} in {path.parent.name!r}")
    return config


def check_fit(adapter: AdapterFolder, base: Base) -> None:
    """Refuses an adapter of another width or depth than the base's."""
    got = adapter.config.get("hidden_size"), adapter.config.get("num_layers")
    if got != base.size:
        width, depth = base.size
        raise ValueError(
            f"expected an emotion adapter of width {width} and {depth} blocks for {base.name}, "
            f"got {got[0]} and {got[1]}"
        )
