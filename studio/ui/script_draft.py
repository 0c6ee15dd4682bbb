"""A script as it stands on the page, as files in a folder of its own: the same content lies in the same folder."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .served import ServedFolder, link_or_copy

if TYPE_CHECKING:
    from ..dubbing.line import Cast, Script

SCRIPT, VOICES = "script", "voices.yaml"
HELD = "scripts"  # within the uploads, so that a recipe finds its script again


def write_draft(
    served: ServedFolder, script: Script | None, cast: Cast, files: Mapping[str, Path], suffix: str = ".json"
) -> dict[str, str]:
    """Writes a script, who speaks, and the recordings and photos of these side by side.

    Args:
        served: where the page's own files lie.
        script: with lines that can be dubbed; None for a script that is text. Recordings of single lines, and
            those of its own cast, are names of `files`.
        cast: who speaks; recordings and photos likewise.
        files: name -> the file.
        suffix: of the script.

    Returns:
        {"script": path, "voices": path}, each where there is something to write.
    """
    root = served.uploads / HELD
    root.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=root, prefix=".writing-"))
    try:
        for name, path in files.items():
            link_or_copy(path, folder / name)
        if script is not None:
            from ..dubbing.write import write_script

            write_script(in_folder(script, files, folder), folder / f"{SCRIPT}{suffix}")
        if cast:
            # JSON is YAML as well.
            text = json.dumps(voices_of(cast), ensure_ascii=False, indent=1)
            (folder / VOICES).write_text(text, encoding="utf-8")
        made = settled(folder, root)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = {"script": made / f"{SCRIPT}{suffix}", "voices": made / VOICES}
    return {name: str(path) for name, path in found.items() if path.is_file()}


def in_folder(script: Script, files: Mapping[str, Path], folder: Path) -> Script:
    """Gives a script with the whole paths of its recordings and photos."""

    def place(name: str) -> str:
        return str(folder / name) if name in files else name

    lines = tuple(replace(line, voice=place(line.voice)) for line in script.lines)
    cast = {
        name: replace(speaker, voice=place(speaker.voice), image=place(speaker.image))
        for name, speaker in script.cast.items()
    }
    return replace(script, lines=lines, cast=cast)


def voices_of(cast: Cast) -> dict[str, Any]:
    """Gives what a file of voices says of each speaker."""
    found = {}
    for name, speaker in cast.items():
        values = asdict(speaker)
        values.pop("name")
        found[name] = {key: value for key, value in values.items() if value not in ("", None)}
    return found


def settled(folder: Path, root: Path) -> Path:
    """Gives a whole folder the name of its content; one that is there already stays."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    target = root / digest.hexdigest()[:20]
    if not target.is_dir():
        try:
            folder.rename(target)
        except OSError:
            # Somebody else wrote the same just now.
            if not target.is_dir():
                raise
    return target
