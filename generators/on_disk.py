"""Long sound and films that wait on the disk instead of in memory until they are written to their file."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

IN_MEMORY = 2**22  # numbers; about three minutes of one channel


class ScratchFile(os.PathLike[str]):
    """An empty file for what is too large for memory, such as a film; gone when nobody holds this any more.

    A medium may hold one, or the `Path` of a file that is somebody else's: both are paths.

    Args:
        suffix: with its dot.
    """

    def __init__(self, suffix: str) -> None:
        number, name = tempfile.mkstemp(prefix="affect-studio-", suffix=suffix)
        os.close(number)
        self.path = Path(name)
        weakref.finalize(self, self.path.unlink, missing_ok=True)

    def __fspath__(self) -> str:
        return str(self.path)


def concatenated(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Gives (C, S) from its pieces, at least one; beyond some minutes as a map of a nameless file.

    Args:
        blocks: (C, S) float32, all of the same C.
    """
    import numpy as np

    waiting, count = [], 0
    upcoming = iter(blocks)
    for block in upcoming:
        waiting.append(np.asarray(block, np.float32))
        count += block.size
        if count > IN_MEMORY:
            return on_disk(waiting, upcoming)
    return np.concatenate(waiting, axis=-1)


def on_disk(first: list[np.ndarray], rest: Iterable[np.ndarray]) -> np.ndarray:
    import numpy as np

    with tempfile.TemporaryFile() as file:
        channels, length = first[0].shape[0], 0
        for blocks in (first, rest):
            for block in blocks:
                file.write(np.ascontiguousarray(block.T, np.float32).tobytes())
                length += block.shape[1]
            first.clear()
        file.flush()
        # The file lives as long as the map does.
        return np.memmap(file, np.float32, "r", shape=(length, channels)).T


def release(samples: np.ndarray) -> None:
    """Lets the system have back the memory of what was read from the disk so far."""
    import numpy as np

    found = samples if isinstance(samples, np.memmap) else None
    mapped = getattr(found, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
