"""From a plan to the sound of every line, in the store: what is there stays, what is missing is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .hands import Hands, chosen, never
from .line import CONVERT
from .work import make_order

if TYPE_CHECKING:
    from generators.base import StepCallback

    from ..session import Studio
    from .plan import Plan, Planned
    from .store import Store

DONE, KEPT, FAILED = "done", "kept", "failed"


@dataclass(frozen=True)
class Row:
    """What became of one line.

    Attributes:
        number: of the line.
        state: "done" (made now), "kept" (it was there) or "failed".
        key: of its request. file, sha256: of its sound; empty of a failed line.
        start_s: when the first sound is heard, in the picture's time. end_s: when the last one ends.
        onset_s: where the first sound is in the file, which therefore begins at start_s - onset_s.
        length_s: of the file.
        seconds: of work.
        error: one line, when failed. warnings: what somebody should know, a line each.
    """

    number: int
    state: str
    key: str = ""
    file: str = ""
    sha256: str = ""
    start_s: float = 0.0
    end_s: float = 0.0
    onset_s: float = 0.0
    length_s: float = 0.0
    seconds: float = 0.0
    error: str = ""
    warnings: tuple[str, ...] = ()


def render(
    studio: Studio | None,
    plan: Plan,
    store: Store,
    *,
    on_step: StepCallback | None = None,
    should_stop: Callable[[], bool] = never,
    hands: Hands | None = None,
    workers: int = 0,
) -> Iterator[Row]:
    """Makes the sound of every line that the store does not have.

    Args:
        studio: whose voice speaks; None where hands are given. plan: from `plan_lines`. store: where the sound goes.
        on_step: called with lines done of lines in all, often; may raise `Cancelled`.
        should_stop: asked before a line is begun; those under way are finished.
        hands: who does the work. workers: processes, where nobody is chosen; 0 takes what this machine bears.

    Yields:
        One row a line: first those that are there, then each as soon as it is made. A failed line, whatever
        the reason, stops no other.

    Raises:
        Cancelled: `on_step` asked for it.
    """
    total, done = max(1, len(plan.lines)), 0

    def pulse() -> None:
        if on_step:
            on_step(done, total)

    missing: dict[str, list[Planned]] = {}  # lines that are alike are made once
    for planned in plan.lines:
        row = None if planned.key in missing else known(planned, store)
        if row is None:
            missing.setdefault(planned.key, []).append(planned)
            continue
        yield row
        done += 1
        pulse()
    if not missing:
        return
    alike = list(missing.values())
    orders = [make_order(planned[0].request) for planned in alike]
    with chosen(studio, store, hands, workers) as doing:
        for number, answer in doing.run(orders, pulse=pulse, should_stop=should_stop):
            for planned in alike[number]:
                yield answered(planned, answer, again=planned is not alike[number][0])
                done += 1
            pulse()


def known(planned: Planned, store: Store) -> Row | None:
    """Gives the row of a line that needs no work; None of one that does."""
    if planned.error:
        return Row(planned.line.number, FAILED, start_s=planned.start_s, error=planned.error)
    part = store.get(planned.key)
    return None if part is None else row_of(planned, KEPT, part.to_json())


def answered(planned: Planned, answer: Mapping[str, Any], again: bool) -> Row:
    """Gives the row of a line from what its order came to. again: another line had the same order."""
    if "error" in answer:
        return Row(
            planned.line.number,
            FAILED,
            planned.key,
            start_s=planned.start_s,
            seconds=answer.get("seconds", 0.0),
            error=answer["error"],
        )
    if again or answer["kept"]:
        return row_of(planned, KEPT, answer)
    return row_of(planned, DONE, answer, answer["seconds"])


def row_of(planned: Planned, state: str, part: Mapping[str, Any], seconds: float = 0.0) -> Row:
    """Gives the row of a line that has its sound. part: as `store.Part`."""
    # What is converted stands where it stood in the original, its own silence with it.
    locked = planned.line.mode == CONVERT
    onset_s = 0.0 if locked else part["onset_s"]
    end_s = part["duration_s"] if locked else part["end_s"]
    return Row(
        planned.line.number,
        state,
        planned.key,
        file=str(part["path"]),
        sha256=part["sha256"],
        start_s=planned.start_s,
        end_s=planned.start_s + end_s - onset_s,
        onset_s=onset_s,
        length_s=part["duration_s"],
        seconds=seconds,
        warnings=tuple(part["warnings"]),
    )
