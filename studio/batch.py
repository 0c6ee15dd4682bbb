"""Many requests, one after the other: models stay warm, a bad one stops no other, done ones are skipped."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.base import Cancelled, StepCallback

from .batch_lines import read_lines
from .batch_request import LEDGER, Defaults, Draft, Request, read_request
from .batch_table import read_folder, read_table
from .emotion_text import read_emotion
from .formats import format_of
from .jobs import one_line
from .outputs import check_writable
from .session import AUTO

if TYPE_CHECKING:
    from .session import Studio

TABLE = ".csv"
NO_DEFAULTS = Defaults()


def read_requests(
    path: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    *,
    in_dir: str | os.PathLike[str] | None = None,
    defaults: Defaults = NO_DEFAULTS,
) -> list[Draft]:
    """Reads all requests.

    Args:
        path: a file with a JSON object a line, a table (.csv), or a folder whose files are all treated alike.
        out_dir: where results will go.
        in_dir: what relative paths of a table start from; the table's own folder when None.
        defaults: for the rows of a table, or for all files of a folder.

    Raises:
        FileNotFoundError, ValueError: what cannot be read as a whole. A bad request is a draft that says why.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"expected an existing file or folder of requests, got {str(path)!r}")
    check_defaults(defaults)
    if in_dir is not None and not Path(in_dir).is_dir():
        raise FileNotFoundError(f"expected an existing folder of inputs, got {str(in_dir)!r}")
    if path.suffix.lower() == TABLE and not path.is_dir():
        return read_table(path, Path(path.parent if in_dir is None else in_dir), defaults)
    if in_dir is not None:
        raise ValueError(f"expected a table ({TABLE}) with a folder of inputs, got {path.name!r}")
    if path.is_dir():
        return read_folder(path, Path(out_dir), defaults)
    if defaults != NO_DEFAULTS:
        raise ValueError(
            f"expected a table ({TABLE}) or a folder with a medium, emotion or intensity for all, got"
            f" {path.name!r}"
        )
    return read_lines(path)


def check_defaults(defaults: Defaults) -> None:
    """Refuses, before any row is looked at, a feeling that none could have."""
    from conditioning import EmotionCurve

    known = "neutral" if defaults.emotion in (None, AUTO) else read_emotion(str(defaults.emotion))
    EmotionCurve.parse(known, 1.0 if defaults.intensity is None else defaults.intensity)


def read_ledger(out_dir: Path) -> set[tuple[str, str]]:
    """Gives (fingerprint, out) of what earlier runs finished; a line that a crash cut off is ignored."""
    path = out_dir / LEDGER
    done = set()
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
                done.add((row["fingerprint"], row["out"]))
            except (ValueError, KeyError, TypeError):
                continue
    return done


def run_batch(
    studio: Studio,
    drafts: Sequence[Draft],
    out_dir: str | os.PathLike[str],
    *,
    on_step: StepCallback | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[dict[str, Any]]:
    """Runs requests in order and gives one row for each.

    Args:
        studio: keeps the models warm between requests.
        drafts: from `read_requests`.
        out_dir: made when missing; every output stays inside.
        on_step: as in `generate`; `Cancelled` ends the whole run.
        should_stop: asked between requests.

    Returns:
        Rows {"id", "state": "done" | "skipped" | "failed", "out" or "error", "seconds"}; of what was
        done also "seed" and, when there are any, "warnings".
    """
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    done = read_ledger(folder)
    taken: set[Path] = set()
    for draft in drafts:
        if should_stop():
            return
        started = time.monotonic()
        row: dict[str, Any] = {"id": draft.id}
        try:
            row |= run_request(studio, read_request(draft, folder), folder, done, taken, on_step)
        except (ValueError, OSError) as error:
            row |= {"state": "failed", "error": one_line(error)}
        except Cancelled:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one request meets, the others must still run
            row |= {"state": "failed", "error": f"{type(error).__name__}: {one_line(error)}"}
        yield {**row, "seconds": round(time.monotonic() - started, 3)}


def run_request(
    studio: Studio,
    request: Request,
    folder: Path,
    done: set[tuple[str, str]],
    taken: set[Path],
    on_step: StepCallback | None,
) -> dict[str, Any]:
    out = request.out.relative_to(folder.resolve()).as_posix()
    if request.out in taken:
        raise ValueError(f"expected another out for each request, got {out!r} again")
    taken.add(request.out)
    if (request.fingerprint, out) in done and request.out.is_file():
        return {"state": "skipped", "out": out}
    studio.check(request.modality, **request.arguments)
    request.out.parent.mkdir(parents=True, exist_ok=True)
    check_writable(request.out, format_of(request.modality).suffixes)
    result = studio.generate(request.modality, on_step=on_step, **request.arguments)
    result.save(request.out)
    with open(folder / LEDGER, "a", encoding="utf-8") as ledger:
        ledger.write(json.dumps({"id": request.id, "fingerprint": request.fingerprint, "out": out}) + "\n")
    warnings = {"warnings": list(result.media.warnings)} if result.media.warnings else {}
    return {"state": "done", "out": out, "seed": result.recipe["options"].get("seed"), **warnings}
