"""Files that a script names: only those of its own folder."""

from __future__ import annotations

from pathlib import Path

from generators.base import shorten


def inside(folder: Path, name: str, what: str) -> Path:
    """Gives the file that a name in a script stands for.

    Args:
        folder: of the script. name: a path from there. what: the file is, for the error.

    Raises:
        ValueError: a path that leaves the folder, also through a link.
        FileNotFoundError: no file there.
    """
    try:
        path, root = (folder / name).resolve(), folder.resolve()
        known = path.is_relative_to(root)
        there = known and path.is_file()
    except (ValueError, OSError, RuntimeError):
        known = there = False
    if not known:
        raise ValueError(f"expected {what} inside of the script's folder, got {shorten(name, 200)}")
    if not there:
        raise FileNotFoundError(f"expected an existing file for {what}, got {shorten(name, 200)}")
    return path


def relative_name(folder: Path, path: str, what: str) -> str:
    """Gives a file's name as a script in `folder` has it.

    Raises:
        ValueError: the file lies elsewhere.
    """
    try:
        return Path(path).resolve().relative_to(folder.resolve()).as_posix()
    except (ValueError, OSError, RuntimeError):
        raise ValueError(
            f"expected {what} inside of the script's folder {folder.name!r}, got {shorten(path, 200)}: copy it there"
        ) from None
