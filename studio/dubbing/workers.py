"""Several processes of this machine that do the work on lines, each with one thread and its own weights.

Plain child processes that are spoken to through pipes: a script of two lines can use them (nothing is imported
again), and one that is killed takes nothing with it but the line it was at, which is done again.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from generators import registry

from ..jobs import one_line
from .hands import Answers, Orders, never, nothing
from .store import Store
from .worker_process import Died, WorkerProcess

Queue = deque[tuple[int, Mapping[str, Any]]]
TRIES = 3  # of a line whose process dies
PULSE_S = 0.1


class Workers:
    """Processes that are started when there is work and end with the block; see `hands.Hands`.

    Args:
        count: of them. store: where parts go. device: of each.
    """

    def __init__(self, count: int, store: Store, device: str = "cpu") -> None:
        self.settings = {"device": device, "store": str(store.folder), "backends": dict(registry.BACKENDS)}
        self.processes: list[WorkerProcess | None] = [None] * count
        self.seen: dict[str, int] = {}  # what a line says -> who met it last
        self.ending = False

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def pids(self) -> list[int]:
        """Gives the processes that run just now."""
        return [process.process.pid for process in self.processes if process is not None]

    def close(self) -> None:
        """Ends every process; what one is at is lost."""
        self.kill()
        for process in self.processes:
            if process is not None:
                process.close()
        self.processes = [None] * len(self.processes)

    def kill(self) -> None:
        self.ending = True
        for process in self.processes:
            if process is not None:
                process.kill()

    def run(
        self, orders: Orders, *, pulse: Callable[[], None] = nothing, should_stop: Callable[[], bool] = never
    ) -> Answers:
        """See `hands.Hands.run`: whoever is idle takes the next order."""
        waiting = Waiting(orders, self.seen, len(self.processes))
        self.ending = False
        answers: queue.Queue[tuple[int, dict[str, Any]]] = queue.Queue()
        threads = [
            threading.Thread(target=self.work, args=(slot, waiting, answers), daemon=True)
            for slot in range(min(len(self.processes), len(orders)))
        ]
        for thread in threads:
            thread.start()
        ended = False
        try:
            while any(thread.is_alive() for thread in threads) or not answers.empty():
                pulse()
                if should_stop():
                    waiting.clear()
                try:
                    yield answers.get(timeout=PULSE_S)
                except queue.Empty:
                    continue
            ended = True
        finally:
            waiting.clear()
            if not ended:  # somebody cancelled: who is at work is not waited for
                self.kill()
            for thread in threads:
                thread.join()
            if not ended:
                self.close()

    def work(self, slot: int, waiting: Waiting, answers: queue.Queue[tuple[int, dict[str, Any]]]) -> None:
        """Does orders with one process until none waits."""
        while True:
            taken = waiting.take(slot)
            if taken is None:
                return
            at, order = taken
            answers.put((at, self.answer(slot, order)))
            self.seen[subject(order)] = slot

    def answer(self, slot: int, order: Mapping[str, Any]) -> dict[str, Any]:
        """Has an order done, by another process if the first one dies."""
        how = ""
        for _ in range(TRIES):
            if self.ending:
                break
            try:
                process = self.processes[slot] = self.processes[slot] or WorkerProcess(self.settings)
                return process.ask(order)
            except Died as error:
                how, self.processes[slot] = str(error), None
            except (ValueError, OSError) as error:
                return {"error": one_line(error)}
        return {"error": f"expected a process that speaks the line, got {TRIES} that died of it ({how})"}


class Waiting:
    """Orders that wait. A worker gets those of lines that it has met, whose plans it still knows, then what nobody
    has met, and then takes from the others.

    Args:
        seen: what a line says -> the worker that met it. count: of workers.
    """

    def __init__(self, orders: Orders, seen: Mapping[str, int], count: int) -> None:
        self.met: list[Queue] = [deque() for _ in range(count)]
        self.new: Queue = deque()
        for at, order in enumerate(orders):
            slot = seen.get(subject(order))
            (self.new if slot is None else self.met[slot]).append((at, order))

    def take(self, slot: int) -> tuple[int, Mapping[str, Any]] | None:
        """Gives an order and its index; None where nothing is left."""
        for waiting in (self.met[slot], self.new, *sorted(self.met, key=len, reverse=True)):
            with contextlib.suppress(IndexError):  # somebody else took the last one
                return waiting.popleft()
        return None

    def clear(self) -> None:
        """Lets nobody begin another order."""
        for waiting in (*self.met, self.new):
            waiting.clear()


def subject(order: Mapping[str, Any]) -> str:
    """Gives what the line of an order says."""
    return str(order["request"].get("text", ""))
