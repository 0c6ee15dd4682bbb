"""The library: every result in a folder, with an SQLite catalogue of the recipes that made them.

Safe against a crash at any moment. A result is first written whole into a folder of its own under `partial/`
and flushed to the disk; then, in one exclusive transaction of the catalogue, that folder gets its final
name and the row is committed. So a row never names a missing file, and a half-written file never has its
final name. Opening puts right what a crash left behind: a partial folder of a dead process is removed; a
whole folder without a row is taken in, since it holds its own entry as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from checkpoints import flush, replace_file
from generators.base import shorten

from .formats import format_of
from .library_entry import Entries, Entry, check_tag, emotion_label, media_of, new_id, searched

if TYPE_CHECKING:
    from .result import Result

VERSION = 1
Rows = list[sqlite3.Row]
STALE_S = 24 * 3600.0
SIDECAR = "entry.json"
SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    id TEXT PRIMARY KEY, created REAL NOT NULL, modality TEXT NOT NULL, emotion TEXT NOT NULL,
    file TEXT NOT NULL, recipe TEXT NOT NULL, searched TEXT NOT NULL, favourite INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS entries_created ON entries (created);
CREATE TABLE IF NOT EXISTS tags (
    entry TEXT NOT NULL REFERENCES entries (id) ON DELETE CASCADE, tag TEXT NOT NULL, PRIMARY KEY (entry, tag)
);
"""


def default_folder() -> Path:
    """Gives $AFFECT_HOME, else the platform's folder for user data."""
    home = os.environ.get("AFFECT_HOME")
    if home:
        return Path(home).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "affect-studio"


class Library:
    """A folder of results and its catalogue. Safe for several threads and several processes at once.

    Args:
        folder: made when missing; `default_folder()` when None.

    Raises:
        ValueError: the folder holds a catalogue that cannot be read or is of a newer version.
        OSError: the folder cannot be made or written.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = Path(folder) if folder is not None else default_folder()
        self.files = self.folder / "files"
        self.partial = self.folder / "partial"
        for path in (self.files, self.partial):
            path.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._base = self._connect()
        self._recover()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._base.close()

    def add(self, result: Result, *, tags: Iterable[str] = ()) -> Entry:
        """Puts a result in the library; gives its entry once everything is safely on disk."""
        kept = tuple(sorted({check_tag(tag) for tag in tags}))
        entry_id = new_id()
        known = format_of(result.media)
        stem = f"{result.recipe['modality']}-{entry_id}"
        name = stem + known.kept
        entry = Entry(
            id=entry_id,
            created=time.time(),
            modality=result.recipe["modality"],
            emotion=emotion_label(result.recipe.get("emotion")),
            path=self.files / entry_id / name,
            recipe=result.recipe,
            tags=kept,
        )
        # The process id in the name lets another process tell an unfinished folder from an abandoned one.
        partial = self.partial / f"{os.getpid()}-{entry_id}"
        partial.mkdir()
        try:
            for suffix in (known.kept, *known.beside(result.media)):
                result.save(partial / f"{stem}{suffix}")
            (partial / SIDECAR).write_text(json.dumps({**entry.to_json(), "path": name}), encoding="utf-8")
            flush_folder(partial)
            with self._transaction():
                os.replace(partial, self.files / entry_id)
                flush(self.files)
                self._insert(entry)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        return entry

    def show(self, entry_id: str) -> Entry:
        """Gives one entry by its id or any unique beginning of it.

        Raises:
            ValueError: none, or several.
        """
        pattern = like(entry_id) + "%"
        rows = self._query(
            "SELECT * FROM entries WHERE id LIKE ? ESCAPE '\\' ORDER BY created DESC LIMIT 2", pattern
        )
        if not entry_id or len(rows) != 1:
            found = "several" if len(rows) > 1 else "none"
            raise ValueError(f"expected the id of one library entry, got {shorten(entry_id)} ({found})")
        return self._entry(rows[0])

    # The page and Python people say `get`, the command line `show`.
    get = show

    def search(
        self,
        text: str = "",
        *,
        modality: str | None = None,
        tag: str | None = None,
        favourite: bool | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> Entries:
        """Gives entries, the newest first.

        Args:
            text: words that must all occur in the emotion, medium, tags, prompt, options or id.
            modality, tag, favourite: keep only these.
            limit, offset: page of the list.
        """
        if limit < 1 or offset < 0:
            raise ValueError(
                f"expected a limit of at least 1 and an offset of at least 0, got {limit}, {offset}"
            )
        where, values = ["1"], []
        for word in text.lower().split():
            where.append(
                "(searched LIKE ? ESCAPE '\\' OR EXISTS "
                "(SELECT 1 FROM tags WHERE entry = entries.id AND lower(tag) LIKE ? ESCAPE '\\'))"
            )
            values += [f"%{like(word)}%"] * 2
        if modality is not None:
            where.append("modality = ?")
            values.append(modality)
        if tag is not None:
            where.append("EXISTS (SELECT 1 FROM tags WHERE entry = entries.id AND tag = ?)")
            values.append(tag)
        if favourite is not None:
            where.append(f"favourite = {int(favourite)}")
        order = "ORDER BY created DESC, id DESC LIMIT ? OFFSET ?"
        rows = self._query(
            f"SELECT * FROM entries WHERE {' AND '.join(where)} {order}", *values, limit, offset
        )
        return [self._entry(row) for row in rows]

    def list(self, *, limit: int = 50, offset: int = 0) -> Entries:
        """Gives the newest entries."""
        return self.search(limit=limit, offset=offset)

    def count(self) -> int:
        return int(self._query("SELECT count(*) FROM entries")[0][0])

    def tag(self, entry_id: str, *tags: str) -> Entry:
        """Adds tags to an entry."""
        entry = self.show(entry_id)
        checked = [check_tag(tag) for tag in tags]
        with self._transaction() as base:
            base.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(entry.id, tag) for tag in checked])
        return self.show(entry.id)

    def untag(self, entry_id: str, *tags: str) -> Entry:
        """Takes tags from an entry."""
        entry = self.show(entry_id)
        with self._transaction() as base:
            base.executemany(
                "DELETE FROM tags WHERE entry = ? AND tag = ?", [(entry.id, tag) for tag in tags]
            )
        return self.show(entry.id)

    def favourite(self, entry_id: str, value: bool = True) -> Entry:
        """Marks an entry as a favourite, or no longer."""
        entry = self.show(entry_id)
        with self._transaction() as base:
            base.execute("UPDATE entries SET favourite = ? WHERE id = ?", (int(value), entry.id))
        return self.show(entry.id)

    def export(self, entry_id: str, target: str | os.PathLike[str]) -> Path:
        """Copies an entry's file to `target` (a file, or an existing folder); gives where it lies.

        Another suffix than the file's is rendered from the file.
        """
        entry = self.show(entry_id)
        path = Path(target)
        if path.is_dir():
            path = path / entry.path.name
        if path.suffix.lower() != entry.path.suffix:
            from .export import save

            return save(media_of(entry), path, recipe=entry.recipe)
        with replace_file(path) as partial:
            shutil.copyfile(entry.path, partial)
        return path

    def delete(self, entry_id: str) -> None:
        """Removes an entry and its file."""
        entry = self.show(entry_id)
        gone = self.partial / f"{os.getpid()}-deleted-{entry.id}"
        with self._transaction() as base:
            base.execute("DELETE FROM entries WHERE id = ?", (entry.id,))
            if entry.path.parent.exists():
                os.replace(entry.path.parent, gone)
        shutil.rmtree(gone, ignore_errors=True)

    def _connect(self) -> sqlite3.Connection:
        path = self.folder / "library.sqlite"
        try:
            base = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
            base.row_factory = sqlite3.Row
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = FULL")
            base.execute("PRAGMA foreign_keys = ON")
            version = base.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise ValueError(
                    f"expected a library of version {VERSION} at most, got version {version} in {path}"
                )
            base.executescript(SCHEMA)
            base.execute(f"PRAGMA user_version = {VERSION}")
        except sqlite3.OperationalError as error:
            raise OSError(f"expected a writable library at {path}, got: {error}") from None
        except sqlite3.DatabaseError as error:
            raise ValueError(f"expected a library catalogue at {path}, got: {error}") from None
        return base

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Holds the catalogue alone, in this process and among others; undone on an error."""
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    def _query(self, query: str, *values: Any) -> Rows:
        with self._lock:
            return self._base.execute(query, values).fetchall()

    def _insert(self, entry: Entry) -> None:
        file = f"{entry.path.parent.name}/{entry.path.name}"
        row = (
            entry.id,
            entry.created,
            entry.modality,
            entry.emotion,
            file,
            json.dumps(entry.recipe),
            searched(entry),
        )
        self._base.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, 0)", row)
        self._base.executemany("INSERT INTO tags VALUES (?, ?)", [(entry.id, tag) for tag in entry.tags])

    def _entry(self, row: sqlite3.Row) -> Entry:
        tags = self._query("SELECT tag FROM tags WHERE entry = ? ORDER BY tag", row["id"])
        return Entry(
            id=row["id"],
            created=row["created"],
            modality=row["modality"],
            emotion=row["emotion"],
            path=self.files / row["file"],
            recipe=json.loads(row["recipe"]),
            tags=tuple(tag["tag"] for tag in tags),
            favourite=bool(row["favourite"]),
        )

    def _recover(self) -> None:
        """Makes catalogue and files agree again after a crash; see the module's first lines."""
        for path in self.partial.iterdir():
            if abandoned(path):
                shutil.rmtree(path, ignore_errors=True)
        with self._transaction() as base:
            rows = {row["id"]: row["file"] for row in base.execute("SELECT id, file FROM entries")}
            for entry_id, file in rows.items():
                if not (self.files / file).is_file():
                    base.execute("DELETE FROM entries WHERE id = ?", (entry_id,))
            for path in self.files.iterdir():
                entry = read_sidecar(path) if path.name not in rows else None
                if entry is not None:
                    self._insert(entry)


def read_sidecar(folder: Path) -> Entry | None:
    """Gives the entry that a folder holds of itself; None when it is no folder of the library's."""
    try:
        stored = json.loads((folder / SIDECAR).read_text(encoding="utf-8"))
        path = folder / Path(stored["path"]).name
        entry = Entry(**{**stored, "path": path, "tags": tuple(stored["tags"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return entry if entry.id == folder.name and path.is_file() else None


def like(text: str) -> str:
    """Gives a text in which SQL's wildcards stand for themselves."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def abandoned(path: Path, owner: str | None = None) -> bool:
    """Says whether the process that was writing a partial folder or file is gone.

    Args:
        owner: its process id; what the name begins with when None. Of an owner that is no number of this machine
            nothing is known: it is given a day.
    """
    owner = path.name.partition("-")[0] if owner is None else owner
    if sys.platform != "win32" and owner.isdigit():
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            return True
        except (PermissionError, OverflowError):
            pass
    try:
        return time.time() - path.stat().st_mtime > STALE_S
    except OSError:
        return False


def flush_folder(folder: Path) -> None:
    for path in folder.iterdir():
        flush(path)
    flush(folder)
