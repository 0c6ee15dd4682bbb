"""Many requests from one file: models stay warm, a bad one stops no other, done ones are skipped."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from generators.base import Cancelled, StepCallback, shorten

from .emotion_text import read_emotion
from .formats import format_of
from .jobs import one_line
from .outputs import check_writable

if TYPE_CHECKING:
    from .session import Studio

LEDGER = ".affect-batch.jsonl"
LONGEST_LINE = 2**20
OWN_KEYS = ("id", "modality", "out")


@dataclass(frozen=True)
class Request:
    """One line of the file.

    Attributes:
        id: the caller's own name for it; the line's number when none was given.
        modality, arguments: of `generate`.
        out: where the result goes, inside the output folder.
        fingerprint: hash of everything the line says; the same line is the same work.
    """

    id: str
    modality: str
    arguments: dict[str, Any]
    out: Path
    fingerprint: str


def read_requests(path: str | os.PathLike[str]) -> list[tuple[int, str]]:
    """Gives (line number, text) of every line that is not blank.

    Raises:
        FileNotFoundError, ValueError: no such file, or not text.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"expected an existing file of requests, got {str(path)!r}")
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise ValueError(f"expected requests as UTF-8 text, got other bytes in {path.name}") from None
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def parse_request(number: int, line: str, out_dir: Path) -> Request:
    """Reads one line.

    Raises:
        ValueError: not a JSON object, no medium, or an output outside of the folder.
    """
    if len(line) > LONGEST_LINE:
        raise ValueError(f"expected a request of at most {LONGEST_LINE} characters, got {len(line)}")
    try:
        found = json.loads(line, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected a JSON object, got: {str(error)[:120]}") from None
    if not isinstance(found, dict):
        raise ValueError(f"expected a JSON object, got {shorten(found)}")
    if not isinstance(found.get("modality"), str):
        raise ValueError(f"expected a modality, got {shorten(found.get('modality'))}")
    if not isinstance(found.get("out"), str):
        raise ValueError(f"expected a file name for out, got {shorten(found.get('out'))}")
    arguments = {key: value for key, value in found.items() if key not in OWN_KEYS}
    if isinstance(arguments.get("emotion"), str):
        arguments["emotion"] = read_emotion(arguments["emotion"])
    return Request(
        id=request_id(found, number),
        modality=found["modality"],
        arguments=arguments,
        out=inside(out_dir, found["out"]),
        fingerprint=fingerprint(found),
    )


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def request_id(found: Any, number: int) -> str:
    value = found.get("id") if isinstance(found, dict) else None
    return str(value) if isinstance(value, (str, int)) and str(value) else str(number)


def inside(out_dir: Path, name: str) -> Path:
    """Gives the path of an output name; refuses one that leaves the folder, also through a link."""
    try:
        path = (out_dir / name).resolve()
        ok = (
            not Path(name).is_absolute()
            and path.is_relative_to(out_dir.resolve())
            and path != out_dir.resolve()
        )
    except (ValueError, OSError, RuntimeError):
        ok = False
    if not ok or path.name == LEDGER:
        raise ValueError(f"expected an out inside of the output folder, got {shorten(name)}")
    return path


def fingerprint(found: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


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
    lines: list[tuple[int, str]],
    out_dir: str | os.PathLike[str],
    *,
    on_step: StepCallback | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[dict[str, Any]]:
    """Runs requests in order and gives one row for each.

    Args:
        studio: keeps the models warm between requests.
        lines: from `read_requests`.
        out_dir: made when missing; every output stays inside.
        on_step: as in `generate`; `Cancelled` ends the whole run.
        should_stop: asked between requests.

    Returns:
        Rows {"id", "state": "done" | "skipped" | "failed", "out" or "error", "seconds"}.
    """
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    done = read_ledger(folder)
    taken: set[Path] = set()
    for number, line in lines:
        if should_stop():
            return
        started = time.monotonic()
        row: dict[str, Any] = {"id": line_id(line, number)}
        try:
            request = parse_request(number, line, folder)
            row |= run_request(studio, request, folder, done, taken, on_step)
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
    return {"state": "done", "out": out, "seed": result.recipe["options"].get("seed")}


def line_id(line: str, number: int) -> str:
    """Gives a request's id even when the rest of the line is no good."""
    try:
        return request_id(json.loads(line), number)
    except (ValueError, RecursionError):
        return str(number)
