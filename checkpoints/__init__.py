"""Small trained weights and the one way to load them.

`manifest.json` gives for every checkpoint: file, sha256, class, config, space version, licence, data, date,
command and measured figures. Loading verifies the hash, builds the class from its config, loads strictly and
moves once.
"""

from __future__ import annotations

import datetime
import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .files import flush, replace_file, sha256_of, write_json

if TYPE_CHECKING:
    import torch

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "describe",
    "flush",
    "load",
    "manifest",
    "place",
    "replace_file",
    "save",
    "sha256_of",
    "ship",
    "update_manifest",
    "verify",
    "write_json",
]

ROOT = Path(__file__).resolve().parent
MAX_FILE_BYTES = 16 * 2**20


class CheckpointError(ValueError):
    """A checkpoint is unknown, missing, corrupted or made for another version of the emotion space."""


@dataclass(frozen=True)
class Checkpoint:
    """One entry of the manifest.

    Attributes:
        name: folder name and the name that people type.
        file: path relative to `checkpoints/`.
        sha256: of the file.
        cls: import path "package.module:Class"; the class is a diffusers `ModelMixin` with a `ConfigMixin`
            config.
        config: keyword arguments of the class.
        space_version: version of the emotion space it was trained on; None when it does not depend on it.
        licence: SPDX-like licence of the weights.
        non_commercial: True when the training data forbids commercial use.
        data, date, command: what it was trained on, when, and by which command.
        figures: measured figures, printed again by `affect evaluate`.
        extra: anything the class needs beside its config (a calibration, statistics).
        purpose: what it is for, one sentence for people.
    """

    name: str
    file: str
    sha256: str
    cls: str
    config: dict[str, Any]
    space_version: int | None
    licence: str
    non_commercial: bool
    data: str
    date: str
    command: str
    figures: dict[str, Any]
    extra: dict[str, Any]
    purpose: str = ""

    @property
    def path(self) -> Path:
        return ROOT / self.file

    @property
    def fingerprint(self) -> str:
        """Names everything that decides what the weights give: the file's hash and, if any, the extra's."""
        if not self.extra:
            return self.sha256
        text = json.dumps(self.extra, sort_keys=True, separators=(",", ":"))
        return f"{self.sha256}+{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def manifest(root: Path | None = None) -> dict[str, Checkpoint]:
    """Gives every checkpoint by name, in the manifest's order."""
    path = (root or ROOT) / "manifest.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {name: Checkpoint(name=name, **entry) for name, entry in entries.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"expected a readable manifest at {path.name}, got: {error}") from None


def describe(name: str) -> Checkpoint:
    """Gives one manifest entry.

    Raises:
        CheckpointError: the name is not in the manifest; the message lists those that are.
    """
    entries = manifest()
    if name not in entries:
        raise CheckpointError(f"expected a checkpoint out of {', '.join(entries) or '(none)'}, got {name!r}")
    return entries[name]


def verify(name: str) -> Checkpoint:
    """Checks that the file is there and has the manifest's hash; gives its entry."""
    entry = describe(name)
    if not entry.path.is_file():
        raise CheckpointError(f"expected weights at checkpoints/{entry.file}, got no file")
    got = sha256_of(entry.path)
    if got != entry.sha256:
        raise CheckpointError(
            f"expected sha256 {entry.sha256[:12]}... for checkpoints/{entry.file}, "
            f"got {got[:12]}...: the file is corrupted"
        )
    return entry


def import_class(path: str) -> type:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def load(
    name: str, *, device: str = "cpu", dtype: torch.dtype | None = None, space_version: int | None = None
) -> Any:
    """Builds a shipped model, ready for inference.

    Args:
        name: manifest name.
        device: "cpu" or a CUDA device.
        dtype: of the floating-point weights; float32 on the CPU and bfloat16 on CUDA when None.
        space_version: version of the emotion space in use; a checkpoint trained on another is refused.

    Returns:
        The model in eval mode, gradients off, with the entry as `model.checkpoint`.

    Raises:
        CheckpointError: unknown, missing, corrupted, of another space version, or of another shape.
    """
    from safetensors.torch import load_file

    entry = verify(name)
    if space_version is not None and entry.space_version is not None and entry.space_version != space_version:
        raise CheckpointError(
            f"expected weights for emotion space version {space_version}, "
            f"got {name!r} of version {entry.space_version}"
        )
    model = import_class(entry.cls)(**entry.config)
    state = {
        key: value.float() if value.is_floating_point() else value
        for key, value in load_file(entry.path).items()
    }
    try:
        model.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise CheckpointError(
            f"expected weights that fit {entry.cls}, got {name!r}: {str(error).splitlines()[0]}"
        ) from None
    model = place(model.eval().requires_grad_(False), device, dtype)
    model.checkpoint = entry
    return model


def place(model: Any, device: str, dtype: torch.dtype | None = None) -> Any:
    """Moves a model; its weights become float32 on the CPU and bfloat16 on CUDA unless `dtype` says."""
    import torch

    dtype = dtype or (torch.float32 if device == "cpu" else torch.bfloat16)
    # Not diffusers' own `to`, which warns of modules that it would rather keep in float32.
    return torch.nn.Module.to(model, device=device, dtype=dtype)


def save(
    name: str,
    model: Any,
    *,
    licence: str,
    data: str,
    command: str,
    date: str | None = None,
    space_version: int | None = None,
    non_commercial: bool = False,
    figures: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
    purpose: str = "",
    root: Path | None = None,
) -> Checkpoint:
    """Writes a model in float16 and its manifest entry, both atomically.

    Args:
        model: a diffusers `ModelMixin`/`ConfigMixin`; its config is what rebuilds it.
        date: when it was made; today when None.
        root: folder of the manifest, the package's own unless a test says otherwise.

    Raises:
        CheckpointError: the file would be larger than 16 MiB.
    """
    import torch
    from safetensors.torch import save_file

    root = root or ROOT

    config = {key: value for key, value in dict(model.config).items() if not key.startswith("_")}
    state = {
        key: (value.to(torch.float16) if value.is_floating_point() else value).contiguous().cpu()
        for key, value in model.state_dict().items()
    }
    size = sum(value.numel() * value.element_size() for value in state.values())
    if size > MAX_FILE_BYTES:
        raise CheckpointError(f"expected at most {MAX_FILE_BYTES} bytes a file, got {size} for {name!r}")
    path = root / name / "model.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_file(path) as partial:
        save_file(state, partial)
    entry: dict[str, Any] = {
        "file": f"{name}/model.safetensors",
        "sha256": sha256_of(path),
        "cls": f"{type(model).__module__}:{type(model).__name__}",
        "config": config,
        "space_version": space_version,
        "licence": licence,
        "non_commercial": non_commercial,
        "data": data,
        "date": date or datetime.date.today().isoformat(),
        "command": command,
        "figures": figures or {},
        "extra": extra or {},
    }
    if purpose:
        entry["purpose"] = purpose
    return update_manifest(name, entry, root)


def ship(
    model: Any, config: Mapping[str, Any], *, purpose: str = "", space_version: int | None = None
) -> Checkpoint:
    """Saves a recipe's model under its config's name, licence and data; `affect evaluate` adds figures."""
    return save(
        config["name"],
        model,
        licence=config["licence"],
        non_commercial=config["non_commercial"],
        data=config["data"],
        command=f"affect train {config['name']} --data DATA",
        space_version=space_version,
        purpose=purpose,
    )


def update_manifest(name: str, changes: dict[str, Any], root: Path | None = None) -> Checkpoint:
    """Sets fields of one manifest entry (new figures, a calibration), leaving the others as they are."""
    path = (root or ROOT) / "manifest.json"
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    entries[name] = {**entries.get(name, {}), **changes}
    write_json(path, entries, indent=2)
    return Checkpoint(name=name, **entries[name])
