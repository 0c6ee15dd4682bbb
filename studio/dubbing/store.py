"""Parts that are kept by what they were made from: asked again, nothing is made again.

A folder of `parts/` named by the hash of their content, and of `records/` that say which request made which part.
Everything is written under `partial/`, flushed to the disk and then renamed, the record last: at whatever moment a
process dies, a record names a whole part or there is none. Several processes, also on several machines, may share
the folder; who makes the same part twice writes the same bytes under the same name.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkpoints import flush, sha256_of

from ..formats import format_of
from .store_files import abandoned, partial_name
from .store_key import fingerprints, key_of

if TYPE_CHECKING:
    from generators.base import StepCallback
    from generators.media import Media

    from ..result import Result
    from ..session import Studio

PARTS, RECORDS, PARTIAL = "parts", "records", "partial"


@dataclass(frozen=True)
class Part(os.PathLike[str]):
    """A part in the store.

    Attributes:
        path: the file; what that form cannot hold, such as timings, lies beside it.
        sha256: of the file.
        duration_s: 0 of what has no length.
        onset_s, end_s: where speech starts and ends in it, by its marks; the whole where there are none.
        warnings: what somebody should know, a line each.
        kept: whether it was there already.
    """

    path: Path
    sha256: str
    duration_s: float = 0.0
    onset_s: float = 0.0
    end_s: float = 0.0
    warnings: tuple[str, ...] = ()
    kept: bool = True

    def __fspath__(self) -> str:
        return str(self.path)

    def to_json(self) -> dict[str, Any]:
        """Gives plain values."""
        return {**asdict(self), "path": str(self.path), "warnings": list(self.warnings)}


class Store:
    """A folder of parts. Safe for several threads and processes, and against a crash at any moment.

    Args:
        folder: made when missing; "parts" among the user's data when None.

    Raises:
        OSError: the folder cannot be made or written.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        if folder is None:
            from ..library import default_folder

            folder = default_folder() / "parts"
        self.folder = Path(folder).resolve()
        for name in (PARTS, RECORDS, PARTIAL):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for path in (self.folder / PARTIAL).iterdir():
            if abandoned(path):
                path.unlink(missing_ok=True)

    def key(self, studio: Studio, modality: str, arguments: Mapping[str, Any], suffix: str = ".wav") -> str:
        """Names a request by everything that decides what it makes; see `store_key.key_of`.

        Raises:
            ValueError, FileNotFoundError: what `generate` would refuse before it starts.
        """
        return key_of(studio, modality, arguments, suffix)

    def get(self, key: str) -> Part | None:
        """Gives the part of a request; None where it was not made, is damaged, or was made by other weights."""
        found = self.recall(RECORDS, key)
        if found is None:
            return None
        try:
            part = Part(
                path=self.folder / PARTS / found["file"],
                sha256=found["sha256"],
                duration_s=float(found["duration_s"]),
                onset_s=float(found["onset_s"]),
                end_s=float(found["end_s"]),
                warnings=tuple(found["warnings"]),
            )
            same = dict(found["weights"]).items() <= fingerprints().items()
            whole = same and sha256_of(part.path) == part.sha256
            whole = whole and all(part.path.with_suffix(beside).is_file() for beside in found["beside"])
        except (KeyError, TypeError, ValueError, OSError):
            return None
        return part if whole else None

    def put(self, key: str, result: Result, suffix: str) -> Part:
        """Keeps a result as the part of a request.

        Raises:
            ValueError: a suffix that the medium does not have. OSError: the disk is full or refuses.
        """
        with self.partial(suffix) as written:
            result.save(written)
            beside = tuple(one for one in format_of(result.media).beside(result.media) if one != suffix)
            others = [result.save(written.with_suffix(one)) for one in beside]
            digest = sha256_of(written)
            folder = self.folder / PARTS / digest[:2]
            folder.mkdir(exist_ok=True)
            path = folder / f"{digest}{suffix}"
            for other in (*others, written):  # what lies beside is there before what it belongs to
                os.replace(other, path.with_suffix(other.suffix))
            flush(folder)
        onset_s, end_s = heard(result.media)
        part = Part(path, digest, result.media.duration_s, onset_s, end_s, tuple(result.media.warnings))
        self.remember(RECORDS, key, {
            "file": path.relative_to(self.folder / PARTS).as_posix(), "sha256": digest,
            "duration_s": part.duration_s, "onset_s": onset_s, "end_s": end_s,
            "warnings": list(part.warnings), "weights": result.recipe.get("weights") or {},
            "beside": list(beside),
        })  # fmt: skip
        return part

    def part(
        self,
        studio: Studio,
        modality: str,
        arguments: Mapping[str, Any],
        suffix: str = ".wav",
        *,
        on_step: StepCallback | None = None,
    ) -> Part:
        """Gives the part of a request, made through the studio only where it is missing.

        Raises:
            ValueError, FileNotFoundError: as `generate`. OSError: the disk is full or refuses.
            Cancelled: `on_step` asked for it.
        """
        key = self.key(studio, modality, arguments, suffix)
        found = self.get(key)
        if found is not None:
            return found
        result = studio.make(modality, on_step=on_step, **arguments)
        return replace(self.put(key, result, suffix), kept=False)

    def made(
        self,
        studio: Studio,
        modality: str,
        arguments: Mapping[str, Any],
        suffix: str = ".wav",
        *,
        on_step: StepCallback | None = None,
    ) -> Path:
        """Gives the file of `part`, which has the same arguments."""
        return self.part(studio, modality, arguments, suffix, on_step=on_step).path

    def take(self, name: str, data: bytes) -> None:
        """Keeps a file of a part that was made elsewhere. name: within `parts/`.

        Raises:
            OSError: the disk is full or refuses.
        """
        path = self.folder / PARTS / name
        path.parent.mkdir(exist_ok=True)
        with self.partial(path.suffix) as written:
            written.write_bytes(data)
            flush(written)
            os.replace(written, path)

    def forget(self, key: str) -> None:
        """Removes the part of a request, where it is only passing through."""
        found = self.recall(RECORDS, key)
        self.place(RECORDS, key).unlink(missing_ok=True)
        if found is not None:
            path = self.folder / PARTS / found["file"]
            for one in (path, *(path.with_suffix(beside) for beside in found["beside"])):
                one.unlink(missing_ok=True)

    def recall(self, kind: str, key: str) -> dict[str, Any] | None:
        """Gives what was remembered under a key; None where there is nothing that can be read."""
        try:
            found = json.loads(self.place(kind, key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def remember(self, kind: str, key: str, value: Mapping[str, Any], *, durable: bool = True) -> None:
        """Writes a small fact under a key, whole or not at all.

        Args:
            kind: a folder of the store. durable: wait until it is on the disk; what is quickly found again
                need not be.

        Raises:
            OSError: the disk is full or refuses.
        """
        path = self.place(kind, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.partial(".json") as written:
            written.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
            if durable:
                flush(written)
            os.replace(written, path)
            if durable:
                flush(path.parent)

    def place(self, kind: str, key: str) -> Path:
        return self.folder / kind / key[:2] / f"{key}.json"

    @contextmanager
    def partial(self, suffix: str) -> Iterator[Path]:
        """Gives a name to write to; what is still there when the block ends is removed."""
        path = self.folder / PARTIAL / f"{partial_name()}-{secrets.token_hex(6)}{suffix}"
        try:
            yield path
        finally:
            for left in path.parent.glob(f"{path.stem}.*"):
                left.unlink(missing_ok=True)


def heard(media: Media) -> tuple[float, float]:
    """Gives where speech starts and ends in s, by the words that are marked; the whole where none are."""
    words = [mark for mark in getattr(media, "marks", ()) if mark.kind == "word"]
    if not words:
        return 0.0, media.duration_s
    return min(mark.start_s for mark in words), max(mark.end_s for mark in words)
