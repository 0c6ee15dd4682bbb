"""Files that a request names: a path as it is, or a result that becomes a file of its own."""

from __future__ import annotations

import os
from typing import Any

from checkpoints import sha256_of
from generators.media import Media

from .formats import format_of
from .result import Result


def file_of(value: Any, suffixes: tuple[str, ...]) -> Any:
    """Gives the path for what a file field was given.

    A result is written among the user's data under the hash of its content, so that the same result is
    always the same file and a recipe can name it; what that form cannot hold, such as timings, lies beside it.

    Args:
        value: a path, or a `Result` or media; anything else stays as it is, for the field to refuse.
        suffixes: that the field takes.

    Raises:
        ValueError: a result of a medium that has none of these suffixes.
    """
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    result = Result(value, {}) if isinstance(value, Media) else value
    if not isinstance(result, Result):
        return value
    known = format_of(result.media)
    suffix = next((one for one in (known.kept, *known.suffixes) if one in suffixes), None)
    if suffix is None:
        raise ValueError(
            f"expected a file ending in {', '.join(suffixes)}, got a {type(result.media).__name__}"
        )
    from .library import default_folder

    folder = default_folder() / "inputs"
    folder.mkdir(parents=True, exist_ok=True)
    written = result.save(folder / f"{os.getpid()}-{id(result)}{suffix}")
    path = written.with_stem(sha256_of(written)[:32])
    for beside in known.beside(result.media):
        os.replace(result.save(written.with_suffix(beside)), path.with_suffix(beside))
    os.replace(written, path)
    return str(path)
