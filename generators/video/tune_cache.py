"""What the frozen parts of a base make of films and prompts, made once and kept by content.

Text encoder, autoencoder and reader of pictures are gone before the transformer is loaded: what is trained needs
their memory. A key is a hash of everything that decides a value, so that nothing stale is ever read, an
interrupted run goes on where it stopped, and several runs share one folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from checkpoints.files import replace_file, sha256_of

FORM = 1  # of what is kept; a change makes older values unknown
WAITING = 2  # films read ahead of the encoder
T = TypeVar("T")
R = TypeVar("R")


class Cache:
    """Tensors by kind and key, a file each, whole or not there.

    Args:
        folder: made when something is first kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, kind: str, facts: Mapping[str, Any]) -> Path:
        """Gives where the value of some facts is kept."""
        text = json.dumps({"form": FORM, **facts}, sort_keys=True, ensure_ascii=False)
        key = hashlib.sha256(text.encode()).hexdigest()[:40]
        return self.folder / kind / key[:2] / f"{key}.safetensors"

    @staticmethod
    def read(path: Path) -> dict[str, Tensor] | None:
        """Gives what is kept; None when nothing is, or something broken."""
        try:
            return load_file(path)
        except (FileNotFoundError, SafetensorError):
            return None

    @staticmethod
    def keep(path: Path, tensors: Mapping[str, Tensor]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(path) as partial:
            save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, partial)

    @staticmethod
    def holds(path: Path) -> bool:
        """Says whether a whole value is kept, from its header alone."""
        from safetensors import safe_open

        try:
            with safe_open(path, "pt"):
                return True
        except (FileNotFoundError, SafetensorError):
            return False


class FileHashes:
    """sha256 of files; one that has not changed since is not read again.

    Args:
        path: where they are remembered, by name, size and time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.known: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.known = {}

    def of(self, file: Path) -> str:
        state = os.stat(file)
        name = f"{file.resolve()} {state.st_size} {state.st_mtime_ns}"
        if name not in self.known:
            self.known[name] = sha256_of(file)
        return self.known[name]

    def remember(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(self.path) as partial:
            partial.write_text(json.dumps(self.known, ensure_ascii=False), encoding="utf-8")


def ahead(work: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, Callable[[], R]]]:
    """Gives every item with a function that waits for its result, which is worked out a little ahead."""
    with ThreadPoolExecutor(WAITING) as pool:
        waiting: deque[tuple[T, Callable[[], R]]] = deque()
        for item in items:
            waiting.append((item, pool.submit(work, item).result))
            if len(waiting) > WAITING:
                yield waiting.popleft()
        yield from waiting
