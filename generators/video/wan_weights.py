"""The weights of Wan2.1 wherever they are: found, or fetched, and checked without being loaded."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generators.hub_weights import is_repository, shapes_of, silent

# What is published: gigabytes to fetch. Source: how many numbers the headers of their files promise, in float32.
PUBLISHED = {
    "Wan-AI/Wan2.1-T2V-1.3B-Diffusers": 29,
    "Wan-AI/Wan2.1-T2V-14B-Diffusers": 80,
    "Wan-AI/Wan2.1-I2V-14B-480P-Diffusers": 90,
    "Wan-AI/Wan2.1-I2V-14B-720P-Diffusers": 90,
}
LICENCE = "Apache-2.0"
# The hub writes licences in lower case.
LICENCES = {name.lower(): name for name in ("Apache-2.0", "MIT", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0")}
PIPELINES = {"WanPipeline": "text", "WanImageToVideoPipeline": "image"}
# What a pipeline must have, and what its files are called.
NEEDED = {
    "text": ("tokenizer", "text_encoder", "transformer", "vae", "scheduler"),
    "image": ("tokenizer", "text_encoder", "transformer", "vae", "scheduler", "image_encoder", "image_processor"),
}  # fmt: skip
FILES = {
    "transformer": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
    "image_encoder": "model",
}
SETTINGS = {
    "tokenizer": ("tokenizer.json", "spiece.model"),
    "scheduler": ("scheduler_config.json",),
    "image_processor": ("preprocessor_config.json",),
}
GET_AGAIN = "get it again; repositories of that form end in -Diffusers"
MOST_SHOWN = 3


@dataclass(frozen=True)
class Base:
    """A Wan2.1 model on the disk, whole, not yet loaded.

    Attributes:
        name: repository of the hub, or name of the folder.
        folder: in the form of diffusers.
        kind: "text" (text-to-video) or "image" (image-to-video).
        config: of its transformer.
    """

    name: str
    folder: Path
    kind: str
    config: dict[str, Any]

    @property
    def pipeline(self) -> str:
        """Name of its class in diffusers."""
        return next(name for name, kind in PIPELINES.items() if kind == self.kind)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of what the pipeline is made of."""
        return NEEDED[self.kind]

    @property
    def licence(self) -> str:
        """As published, or as the model's card says; empty when nothing says it."""
        return LICENCE if self.name in PUBLISHED else licence_of(self.folder)

    @property
    def size(self) -> tuple[int, int]:
        """Width of the transformer, and how many blocks."""
        heads, width = int(self.config["num_attention_heads"]), int(self.config["attention_head_dim"])
        return heads * width, int(self.config["num_layers"])

    def fingerprint(self, parts: Sequence[str] = tuple(FILES)) -> str:
        """Gives a short hash of what the weights of some parts are, without reading gigabytes.

        It covers the name, the size, and the first and the last 64 KiB of every file of weights.
        """
        digest = hashlib.sha256()
        for part in parts:
            for path in sorted((self.folder / part).glob("*.safetensors")):
                digest.update(f"{part}/{path.name} {path.stat().st_size}\n".encode())
                digest.update(ends_of(path))
        return digest.hexdigest()[:16]


def ends_of(path: Path, count: int = 2**16) -> bytes:
    with open(path, "rb") as file:
        start = file.read(count)
        file.seek(max(file.tell(), path.stat().st_size - count))
        return start + file.read(count)


class NotFetchedError(FileNotFoundError):
    """A repository of the hub that is not, or not whole, in its cache."""


def find_base(name: str, download: bool = False) -> Base:
    """Finds a model and checks that it is whole; loads nothing.

    Args:
        name: a folder in the form of diffusers, or a repository of the hub.
        download: fetch a repository that is not, or not whole, in the hub's cache (tens of gigabytes).

    Raises:
        NotFetchedError: a repository of which something is not here. FileNotFoundError: a folder without it.
        ValueError: another model than Wan2.1's text-to-video or image-to-video; files that are cut off.
        OSError: a repository that cannot be fetched.
    """
    try:
        return found_in(folder_of(name), name)
    except NotFetchedError:
        if not download:
            raise
    return found_in(fetched(name), name)


def folder_of(name: str) -> Path:
    """Gives the folder that a name stands for."""
    folder = Path(os.path.expanduser(name))
    if folder.is_dir():
        return folder
    if is_repository(name):
        return fetched(name, local_files_only=True)
    raise FileNotFoundError(
        "expected a folder with a Wan2.1 model, or a repository as Wan-AI/Wan2.1-T2V-1.3B-Diffusers, "
        f"got {name[:200]!r}"
    )


def fetched(name: str, local_files_only: bool = False) -> Path:
    """Gives a repository's folder in the hub's cache."""
    from huggingface_hub import snapshot_download

    patterns = ["*.json", "*.safetensors", "*.model", "*.txt", "README.md"]
    try:
        # Only fetching draws bars, and what keeps them away takes seconds to load.
        with nullcontext() if local_files_only else silent():
            return Path(snapshot_download(name, local_files_only=local_files_only, allow_patterns=patterns))
    except Exception as error:  # noqa: BLE001 - the hub's client throws whatever its parts throw
        if local_files_only:
            raise NotFetchedError(f"expected {name} in the hub's cache, got none: {to_fetch(name)}") from None
        raise OSError(f"expected to fetch {name} from the hub, got: {first_line(error)}") from None


def found_in(folder: Path, name: str) -> Base:
    """Gives the model in a folder, when it is whole.

    Args:
        name: as it was asked for.
    """
    local = Path(os.path.expanduser(name)).is_dir()
    label = folder.name if local else name
    missing = [
        file for file in ("model_index.json", "transformer/config.json") if not (folder / file).is_file()
    ]
    if not missing:
        index = read_json(folder / "model_index.json", label)
        config = read_json(folder / "transformer" / "config.json", label)
        kind = kind_of(index, label)
        check_transformer(config, kind, label)
        missing = [file for part in NEEDED[kind] for file in missing_of(folder / part)]
    if missing:
        error = FileNotFoundError if local else NotFetchedError
        raise error(
            f"expected a whole Wan2.1 in the form of diffusers, got {label} without {shown(missing)}: "
            + (GET_AGAIN if local else to_fetch(name))
        )
    for part in FILES:
        for path in sorted((folder / part).glob("*.safetensors")):
            shapes_of(path, f"{part}/{path.name} of {label}")
    return Base(label, folder, kind, config)


def to_fetch(name: str) -> str:
    """Says how a repository is fetched and, where that is known, how large it is and under which licence."""
    known = f" (about {PUBLISHED[name]} GB, {LICENCE})" if name in PUBLISHED else ""
    return f"set download to fetch it{known}"


def shown(files: list[str]) -> str:
    more = len(files) - MOST_SHOWN
    return ", ".join(files[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def read_json(path: Path, label: str) -> dict[str, Any]:
    what = f"readable {path.name} in {path.parent.name if path.name == 'config.json' else label}"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ValueError(f"expected a {what}, got: {first_line(error)}") from None
    if not isinstance(found, dict):
        raise ValueError(f"expected a {what}, got a {type(found).__name__}")
    return found


def kind_of(index: dict[str, Any], label: str) -> str:
    """Gives "text" or "image" from a pipeline's index."""
    name = str(index.get("_class_name"))
    if name not in PIPELINES:
        raise ValueError(
            f"expected a text-to-video or image-to-video model of Wan2.1 ({' or '.join(PIPELINES)}), "
            f"got {name[:60]} in {label}"
        )
    two_stages = (index.get("transformer_2") or [None])[0] is not None
    if two_stages or index.get("boundary_ratio") is not None or index.get("expand_timesteps"):
        raise ValueError(f"expected a model of Wan2.1 (one transformer), got one of Wan2.2 in {label}")
    return PIPELINES[name]


def check_transformer(config: dict[str, Any], kind: str, label: str) -> None:
    """Refuses transformers that a Wan2.1 pipeline of this kind does not have."""
    found = str(config.get("_class_name", "WanTransformer3DModel"))
    if found != "WanTransformer3DModel":
        raise ValueError(f"expected a WanTransformer3DModel in {label}, got {found[:60]}")
    wanted = ("num_attention_heads", "attention_head_dim", "num_layers", "in_channels", "out_channels")
    lost = [name for name in wanted if not isinstance(config.get(name), int)]
    if lost:
        raise ValueError(f"expected {lost[0]} in transformer/config.json of {label}, got none")
    if config.get("pos_embed_seq_len"):
        raise ValueError(f"expected a model of a first picture, got one of a first and a last in {label}")
    sees = config["in_channels"] > config["out_channels"]
    if sees != (kind == "image"):
        raise ValueError(
            f"expected a transformer of {kind}-to-video in {label}, got {config['in_channels']} channels in and "
            f"{config['out_channels']} out"
        )


def missing_of(folder: Path) -> list[str]:
    """Gives what a part of a model lacks, as "part/file"."""
    part = folder.name
    if part in SETTINGS:
        if any((folder / name).is_file() for name in SETTINGS[part]):
            return []
        return [f"{part}/{SETTINGS[part][0]}"]
    missing = [] if (folder / "config.json").is_file() else [f"{part}/config.json"]
    return missing + [f"{part}/{name}" for name in missing_weights(folder, FILES[part])]


def missing_weights(folder: Path, stem: str) -> list[str]:
    """Gives the files of weights that are not there: a single one, or the pieces of an index."""
    if (folder / f"{stem}.safetensors").is_file():
        return []
    index = folder / f"{stem}.safetensors.index.json"
    if not index.is_file():
        # Nothing but safetensors is opened: other forms can hold programs.
        return [f"{stem}.safetensors"]
    pieces = read_json(index, folder.name).get("weight_map")
    names = sorted({str(name) for name in pieces.values()}) if isinstance(pieces, dict) else [index.name]
    return [name for name in names if not (folder / Path(name).name).is_file()]


def licence_of(folder: Path) -> str:
    """Gives the licence that a model card (README.md) names in its head; empty when there is none."""
    card = folder / "README.md"
    if not card.is_file():
        return ""
    found = re.search(r"^license:[ \t]*(\S+)[ \t]*$", card.read_text("utf-8", "replace")[:4000], re.MULTILINE)
    return LICENCES.get(found[1].lower(), found[1]) if found else ""


def first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]
