"""Says before anything is made whether a result could be written where it is wanted."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from generators import media, registry

PICTURES = (".png",)
SOUNDS = (".wav", ".flac", ".mp3", ".ogg")


def media_class(modality: str) -> type:
    """Gives what a medium's backend makes, from the return annotation of its `generate`."""
    hint = registry.backend_class(modality).generate.__annotations__.get("return", "Media")
    name = hint if isinstance(hint, str) else hint.__name__
    return getattr(media, name.rpartition(".")[2])


def suffixes(modality: str) -> tuple[str, ...]:
    """Gives the suffixes under which a medium's results can be saved."""
    from .export import FORMATS

    wanted = media_class(modality)
    for key, known in FORMATS.items():
        if key in (wanted, wanted.__name__):
            return tuple(known)
    raise ValueError(f"expected a medium that can be saved, got {modality!r}")


def check_output(path: str | os.PathLike[str], modality: str, only: tuple[str, ...] | None = None) -> Path:
    """Gives the path when a result of this medium can be written there.

    Args:
        path: a file, existing or not, in an existing folder.
        modality: the medium.
        only: the suffixes wanted here; all that the medium has when None.

    Raises:
        ValueError: another suffix.
        OSError: no such folder, a folder of that name, or no permission.
    """
    known = [suffix for suffix in suffixes(modality) if only is None or suffix in only]
    return check_writable(path, known)


def check_writable(path: str | os.PathLike[str], known: list[str]) -> Path:
    """Gives the path when a file with a known suffix can be written there; raises as `check_output`."""
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
