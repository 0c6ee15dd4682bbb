"""Who does the work on lines: this process, or several."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .work import carry_out

if TYPE_CHECKING:
    from types import TracebackType

    from ..session import Studio
    from .store import Store
    from .workers import Workers

Orders = Sequence[Mapping[str, Any]]
Answers = Iterator[tuple[int, dict[str, Any]]]
# Below it the processes would still be loading when one of them had done everything.
WORTH_STARTING = 24
MOST_WORKERS = 64
MEMORY_MB = 600  # of one that speaks; measured 480


class Hands(Protocol):
    """Does orders; see `work.carry_out`."""

    def run(
        self, orders: Orders, *, pulse: Callable[[], None] = ..., should_stop: Callable[[], bool] = ...
    ) -> Answers:
        """Does orders in any order of time.

        Args:
            orders: from `work`. pulse: called often while work is under way; what it raises ends the work.
            should_stop: asked before an order is begun; those under way are finished.

        Yields:
            (index of the order, answer) as soon as it is done.
        """


def nothing() -> None:
    """Nobody wants to know."""


def never() -> bool:
    return False


class OwnHands:
    """This process does everything itself, one order after the other.

    Args:
        studio: with warm weights. store: where parts go.
    """

    def __init__(self, studio: Studio, store: Store) -> None:
        self.studio, self.store = studio, store

    def run(
        self, orders: Orders, *, pulse: Callable[[], None] = nothing, should_stop: Callable[[], bool] = never
    ) -> Answers:
        """See `Hands.run`."""
        for at, order in enumerate(orders):
            if should_stop():
                return
            pulse()
            yield at, carry_out(self.studio, self.store, order, on_step=lambda step, total: pulse())


class Crew:
    """Own hands for few orders and processes for many, which stay for what is asked next.

    Args:
        studio: with warm weights. store: where parts go.
        workers: processes; 0 takes what is worth it on this machine.
    """

    def __init__(self, studio: Studio, store: Store, workers: int = 0) -> None:
        self.studio, self.store, self.workers = studio, store, workers
        self.processes: Workers | None = None

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.processes is not None:
            self.processes.close()

    def run(
        self, orders: Orders, *, pulse: Callable[[], None] = nothing, should_stop: Callable[[], bool] = never
    ) -> Answers:
        """See `Hands.run`."""
        number = self.workers or (worth(len(orders)) if self.studio.device == "cpu" else 1)
        if min(number, len(orders)) <= 1:
            own = OwnHands(self.studio, self.store)
            yield from own.run(orders, pulse=pulse, should_stop=should_stop)
            return
        if self.processes is None:
            from .workers import Workers

            self.processes = Workers(number, self.store, self.studio.device)
        yield from self.processes.run(orders, pulse=pulse, should_stop=should_stop)


def chosen(
    studio: Studio | None, store: Store, hands: Hands | None, workers: int
) -> AbstractContextManager[Hands]:
    """Gives who does the work: these hands, or else a crew of our own; arguments as of `Crew`."""
    if hands is not None:
        return nullcontext(hands)
    if studio is None:
        raise ValueError("expected a studio or hands that make the lines, got neither")
    return Crew(studio, store, workers)


def worth(count: int) -> int:
    """Gives how many processes are worth starting on this machine for so many orders."""
    if count < WORTH_STARTING:
        return 1
    return max(
        1, min(MOST_WORKERS, processors(), int(free_memory_mb() // MEMORY_MB), count // (WORTH_STARTING // 2))
    )


def processors() -> int:
    """Gives how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory_mb() -> float:
    """Gives the memory that could be taken on this machine; much where the system does not say."""
    try:
        rows = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(row.split()[1]) / 1024 for row in rows if row.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return float(2**20)
