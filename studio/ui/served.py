"""The page's own output folder: what is rendered for library entries; files are served from here only."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkpoints import replace_file

from ..export import save
from ..library_entry import formats_of, media_of

if TYPE_CHECKING:
    from generators.media import Media

    from ..library import Entry, Library

# Sound and films are large: only the newest entries keep theirs, an older one is rendered again when it is
# asked for.
MOST_FOLDERS = 60
MOST_BYTES = 8 * 2**30
NAME = re.compile(r"[0-9a-z-]+")
# Sounds that every browser of today plays as they are.
PLAYED = (".wav", ".flac", ".mp3", ".ogg", ".opus")


class ServedFolder:
    """Renders entries into `<library>/page/results/<entry id>/` and remembers what is there.

    Args:
        library: whose entries are served.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self.root = library.folder / "page"
        self.results = self.root / "results"
        self.uploads = self.root / "uploads"
        self.presets = library.folder / "presets"
        for path in (self.results, self.uploads, self.presets):
            path.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        # A film takes minutes to write, in which all else must go on.
        self._writing: dict[Path, threading.Lock] = {}
        self._newest: tuple[str, Media] | None = None

    def media(self, entry: Entry) -> Media:
        """Reads an entry's medium from its file; the last one is remembered."""
        newest = self._newest
        if newest is None or newest[0] != entry.id:
            newest = self._newest = (entry.id, media_of(entry))
        return newest[1]

    def suffixes(self, entry: Entry) -> list[str]:
        """Gives the suffixes in which an entry can be had."""
        return formats_of(entry)

    def file(self, entry: Entry, suffix: str) -> Path:
        """Gives an entry's file in one form, rendering it when it is not there yet.

        Raises:
            ValueError: a suffix that the medium does not have.
        """
        offered = self.suffixes(entry)
        if suffix not in offered:
            raise ValueError(f"expected a suffix out of {', '.join(offered)}, got {suffix!r}")
        path = self._path(entry, suffix)
        with self._lock:
            own = self._writing.setdefault(path, threading.Lock())
        with own:
            known = path.is_file()
            try:
                if not known:
                    self._write(entry, path)
            finally:
                with self._lock:
                    self._writing.pop(path, None)
                    if not known:
                        self._prune()
        return path

    def made(self, entry: Entry, suffix: str) -> Path | None:
        """Gives an entry's file in one form when it is there already."""
        path = self._path(entry, suffix)
        return path if path.is_file() else None

    def _path(self, entry: Entry, suffix: str) -> Path:
        return self.results / entry.id / f"{name_of(entry)}{suffix}"

    def _write(self, entry: Entry, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        if path.suffix == entry.path.suffix:
            with replace_file(path) as partial:
                link_or_copy(entry.path, partial)
        else:
            save(self.media(entry), path, recipe=entry.recipe)

    def source(self, entry: Entry) -> Path | None:
        """Gives the recording that an entry was made from, as a file that browsers play; None without one.

        Raises:
            ValueError: it cannot be read.
        """
        from generators.media import Converted

        media = self.media(entry)
        if not isinstance(media, Converted):
            return None
        from ..comparison import source_of

        found = source_of(media)
        if found is None:
            return None
        suffix = found.suffix.lower()
        return self.beside(
            entry, f"before{suffix if suffix in PLAYED else '.flac'}", lambda partial: put(found, partial)
        )

    def body(self, entry: Entry) -> Path:
        """Gives our own body with an entry's movement as a GLB file, whatever body the entry is for.

        Raises:
            ValueError: an entry that is no movement.
        """
        from generators.media import Motion

        from ..formats.body_glb import write_glb

        media = self.media(entry)
        if not isinstance(media, Motion):
            raise ValueError(f"expected a movement, got an entry of {entry.modality}")

        return self.beside(entry, "body.glb", lambda partial: write_glb(media, partial, "{}"))

    def beside(self, entry: Entry, name: str, write: Callable[[Path], object]) -> Path:
        """Gives a file of another kind that belongs to an entry; `write` makes it when it is not there yet.

        Args:
            name: letters, digits, hyphens and a suffix.
        """
        path = self.results / entry.id / Path(name).name
        with self._lock:
            if not path.is_file():
                path.parent.mkdir(exist_ok=True)
                with replace_file(path) as partial:
                    write(partial)
                self._prune()
        return path

    def part(self, name: str, index: int, part: Media) -> Path:
        """Writes the sound of a finished part of a result that is still being made.

        Args:
            name: of the result's own folder; letters, digits and hyphens.
            index: 0 for the first part.
        """
        if not NAME.fullmatch(name):
            raise ValueError(f"expected a name of letters and digits, got {name!r}")
        path = self.results / f"parts-{name}" / f"{index:04d}.wav"
        with self._lock:
            path.parent.mkdir(exist_ok=True)
            save(part, path)
            self._prune()
        return path

    def forget(self, entry_id: str) -> None:
        """Removes what was rendered for an entry."""
        self._newest = None
        shutil.rmtree(self.results / Path(entry_id).name, ignore_errors=True)

    def uploaded(self, source: Any) -> str | None:
        """Gives the path of a file when it was uploaded to this page and is still there."""
        path = Path(str(source)).resolve() if source else None
        inside = path is not None and self.uploads.resolve() in path.parents
        return str(path) if inside and path is not None and path.is_file() else None

    def _prune(self) -> None:
        """Removes the oldest folders that are too many or, together with the newer ones, too large."""
        folders = sorted(self.results.iterdir(), key=lambda path: state_of(path)[0], reverse=True)
        busy = {path.parent for path in self._writing}
        held = 0
        for number, folder in enumerate(folders):
            held += sum(state_of(path)[1] for path in folder.iterdir())
            if number and folder not in busy and (number >= MOST_FOLDERS or held > MOST_BYTES):
                shutil.rmtree(folder, ignore_errors=True)


def state_of(path: Path) -> tuple[float, int]:
    """Gives when a file was changed, and its bytes; 0 and 0 of one that somebody renames just now."""
    try:
        state = path.stat()
    except OSError:
        return 0.0, 0
    return state.st_mtime, state.st_size


def link_or_copy(source: Path, path: Path) -> None:
    """Gives a file a second name, so that a film is on the disk once; copies it where links are not known."""
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)


def put(source: Path, path: Path) -> None:
    """Copies a sound file, or writes it anew when the suffix is another."""
    if source.suffix.lower() == path.suffix:
        shutil.copyfile(source, path)
        return
    from conditioning.encoders.sound_file import opened_sound

    from ..audio_file import FRAMES_PER_WRITE, write

    with opened_sound(source) as file:
        blocks = (block.T for block in file.blocks(FRAMES_PER_WRITE, dtype="float32", always_2d=True))
        write(blocks, file.samplerate, path)


def name_of(entry: Entry) -> str:
    """Gives a file name that says what it is: "calm-to-joy-20260101-120000-ab12cd"."""
    words = re.sub(r"[^a-z0-9]+", "-", entry.emotion.lower()).strip("-")[:40].strip("-")
    return f"{words or entry.modality}-{entry.id}"
