"""Parts of a store at a URL: a bucket or any other place that fsspec reaches, for machines that share no folder.

The same layout as a store's. The record is put last, so that a part is there as a whole or not at all.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .store import PARTS, RECORDS

if TYPE_CHECKING:
    from .store import Part, Store


class Mirror:
    """Parts at a URL.

    Args:
        url: as of fsspec: s3://BUCKET/FOLDER, gs://..., file:///FOLDER.

    Raises:
        ValueError: no such kind of URL, or what it needs is not installed.
    """

    def __init__(self, url: str) -> None:
        import fsspec

        try:
            self.files, self.root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise ValueError(f"expected a URL that fsspec reaches, got {url!r}: {error}") from None

    def push(self, store: Store, key: str) -> None:
        """Puts a part of a store at the URL.

        Raises:
            OSError: it cannot be written. KeyError: the store has no such part.
        """
        record = store.recall(RECORDS, key)
        if record is None:
            raise KeyError(f"expected a part {key[:12]}, got none")
        for name in names_of(record):
            self.put(store.folder / PARTS / name, f"{PARTS}/{name}")
        self.put(store.place(RECORDS, key), record_name(key))

    def pull(self, store: Store, key: str, *, missing_ok: bool = False) -> Part | None:
        """Gets a part from the URL into a store, unless it is there.

        Args:
            missing_ok: give None where the URL does not have it either.

        Raises:
            OSError: it cannot be read, or is not there. ValueError: what is there is damaged.
        """
        found = store.get(key)
        if found is not None:
            return found
        try:
            record = json.loads(self.files.cat_file(f"{self.root}/{record_name(key)}"))
            names = names_of(record)
        except FileNotFoundError:
            if missing_ok:
                return None
            raise
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"expected a record of a part, got something else under {key[:12]}") from None
        for name in names:
            store.take(name, self.files.cat_file(f"{self.root}/{PARTS}/{name}"))
        store.remember(RECORDS, key, record)
        found = store.get(key)
        if found is None and not missing_ok:
            raise ValueError(f"expected a whole part, got a damaged one under {key[:12]}")
        return found

    def put(self, path: Path, name: str) -> None:
        """Copies a file there, whole or not at all."""
        target = f"{self.root}/{name}"
        partial = f"{self.root}/partial/{secrets.token_hex(8)}"
        self.files.makedirs(f"{self.root}/partial", exist_ok=True)
        self.files.makedirs(target.rpartition("/")[0], exist_ok=True)
        self.files.pipe_file(partial, path.read_bytes())
        self.files.mv(partial, target)


def record_name(key: str) -> str:
    return f"{RECORDS}/{key[:2]}/{key}.json"


def names_of(record: dict[str, Any]) -> list[str]:
    """Gives the files of a part within `parts/`; what lies beside it first.

    Raises:
        ValueError: a name that leads elsewhere.
    """
    main = Path(record["file"])
    names = [*(main.with_suffix(one).as_posix() for one in record["beside"]), main.as_posix()]
    if main.is_absolute() or ".." in main.parts or any(len(Path(name).parts) != 2 for name in names):
        raise ValueError(f"expected a part's file, got {str(main)[:80]!r}")
    return names
