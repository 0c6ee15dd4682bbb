"""The page's own output folder: what is rendered for library entries; files are served from here only."""

from __future__ import annotations

import os
import re
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generators.media import Score

    from ..library import Entry, Library

DOWNLOADS = (".mid", ".musicxml", ".wav", ".png")
# Sound is large: only the newest entries keep theirs, an older one is rendered again when it is asked for.
MOST_FOLDERS = 60


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

    def file(self, entry: Entry, suffix: str) -> Path:
        """Gives an entry's file in one form, rendering it when it is not there yet.

        Raises:
            ValueError: a suffix that is not offered.
        """
        if suffix not in DOWNLOADS:
            raise ValueError(f"expected a suffix out of {', '.join(DOWNLOADS)}, got {suffix!r}")
        from ..export import save

        path = self.results / entry.id / f"{name_of(entry)}{suffix}"
        with self._lock:
            if not path.is_file():
                path.parent.mkdir(exist_ok=True)
                if suffix == entry.path.suffix:
                    partial = path.with_suffix(f"{suffix}.partial")
                    shutil.copyfile(entry.path, partial)
                    os.replace(partial, path)
                else:
                    save(read_score(entry), path, recipe=entry.recipe)
                self._prune()
        return path

    def forget(self, entry_id: str) -> None:
        """Removes what was rendered for an entry."""
        shutil.rmtree(self.results / Path(entry_id).name, ignore_errors=True)

    def _prune(self) -> None:
        folders = sorted(self.results.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in folders[: max(0, len(folders) - MOST_FOLDERS)]:
            shutil.rmtree(path, ignore_errors=True)


def name_of(entry: Entry) -> str:
    """Gives a file name that says what it is: "calm-to-joy-20260101-120000-ab12cd"."""
    words = re.sub(r"[^a-z0-9]+", "-", entry.emotion.lower()).strip("-")[:40].strip("-")
    return f"{words or entry.modality}-{entry.id}"


def read_score(entry: Entry) -> Score:
    """Reads an entry's piece with the emotion of each bar, from its file and its recipe."""
    import symusic

    from conditioning import EmotionCurve, load_space
    from generators.media import Score

    from ..piano_roll import bar_starts

    midi = symusic.Score(str(entry.path))
    curve = EmotionCurve.parse(entry.recipe.get("emotion") or "neutral", files=False)
    starts = bar_starts(midi)
    space = load_space()
    places = space.vad(space.embed_curve(curve, starts)).tolist() if starts else []
    track = tuple((start, place[0], place[1]) for start, place in zip(starts, places, strict=True))
    return Score(midi=midi, emotion_track=track)
