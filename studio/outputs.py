"""Says before anything is made whether a result could be written where it is wanted."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path


def check_writable(path: str | os.PathLike[str], known: Sequence[str]) -> Path:
    """Gives the path when a file with one of these suffixes can be written there.

    Args:
        path: a file, existing or not, in an existing folder.
        known: the suffixes, with dots and in lower case.

    Raises:
        ValueError: another suffix.
        OSError: no such folder, a folder of that name, or no permission.
    """
    path = Path(path)
    if path.suffix.lower() not in known:
        raise ValueError(f"expected a file name ending in {', '.join(known)}, got {str(path)!r}")
    if path.is_dir():
        raise IsADirectoryError(f"expected a file name, got the folder {str(path)!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"expected an existing folder for the output, got {str(path.parent)!r}")
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"expected a writable file, got {str(path)!r}")
    probe = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except (OSError, ValueError) as error:
        raise OSError(f"expected a place that can be written for {path.name!r}, got: {error}") from None
    return path
