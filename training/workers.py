"""Work on many files at once, in processes of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

T = TypeVar("T")


def map_in_processes(
    work: Callable[..., T], *columns: Iterable[Any], num_workers: int = 1, batch_size: int = 16
) -> Iterator[T]:
    """Gives `work` of the first of every column, then of the second, and so on, in order.

    Args:
        work: a function of a module, so that another process can import it.
        columns: its arguments, as for `map`.
        num_workers: processes; 1 works in this one.
        batch_size: how many go to a process at once.
    """
    if num_workers <= 1:
        yield from map(work, *columns)
        return
    # A fork would inherit the locks of torch's threads, and might wait for them for ever.
    with ProcessPoolExecutor(num_workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, *columns, chunksize=batch_size)
