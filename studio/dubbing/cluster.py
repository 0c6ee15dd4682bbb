"""The work on lines on many machines, through Ray: as `workers`, but the processes may be anywhere.

Each actor loads its models once and is given one line at a time; whoever is idle takes the next. An actor that dies,
with its machine or alone, takes nothing with it: its line goes to another, and a new actor is asked for, which gets
lines once it is ready. Sound goes into a folder that every machine sees, or to a URL (see `mirror`).
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from generators import registry
from generators.base import shorten

from ..jobs import one_line
from .cluster_actor import LineActor
from .hands import MEMORY_MB, Answers, Orders, never, nothing
from .store import PARTIAL
from .store_files import partial_name
from .workers import TRIES

if TYPE_CHECKING:
    from generators.base import StepCallback

    from .plan import Plan
    from .render import Row
    from .store import Store

AUTO, LOCAL = "auto", "local"
PULSE_S = 0.1
ANSWER_S = 5.0  # in which somebody must answer at an address
START_S = 300.0  # in which at least one actor must become ready, once the cluster has room
GPU_SHARE = 0.25  # of a GPU for an actor on one
OBJECTS = 128 * 2**20  # bytes of shared memory; only orders and answers pass, not sound


@dataclass
class Member:
    """An actor: what it is asked just now, and the order behind that; nothing was asked of an idle one.

    Attributes:
        actor: Ray's handle. asked: reference to the answer under way. at: index of the order; None while it starts.
        pid, host: of its process, once it is ready.
    """

    actor: Any
    asked: Any
    at: int | None = None
    pid: int = 0
    host: str = ""


class ClusterHands:
    """Actors of a Ray cluster; see `hands.Hands`.

    Args:
        store: where parts go, or come to from the URL. count: of actors; 0 is one for every processor.
        device: of each. url: where parts go that no shared folder takes; empty for a shared folder.
        memory_mb: that Ray sets aside for each.
    """

    def __init__(
        self, store: Store, *, count: int = 0, device: str = "cpu", url: str = "", memory_mb: int = MEMORY_MB
    ) -> None:
        import ray

        self.ray: Any = ray
        self.store, self.device = store, device
        self.count = count or max(1, int(ray.cluster_resources().get("CPU", 1)))
        self.url, self.memory = url, memory_mb * 2**20
        self.probe = store.folder / PARTIAL / f"{partial_name()}-{secrets.token_hex(6)}.probe"
        self.probe.touch()
        self.members: list[Member] = []
        self.idle: deque[Member] = deque()
        self.failures: list[str] = []

    def close(self) -> None:
        """Ends every actor; what one is at is lost."""
        for member in (*self.members, *self.idle):
            self.ray.kill(member.actor)
        self.members.clear()
        self.idle.clear()

    def __enter__(self) -> ClusterHands:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self.probe.unlink(missing_ok=True)

    def run(
        self, orders: Orders, *, pulse: Callable[[], None] = nothing, should_stop: Callable[[], bool] = never
    ) -> Answers:
        """See `hands.Hands.run`."""
        waiting, tries = deque(range(len(orders))), [0] * len(orders)
        ready_by = time.monotonic() + START_S
        while len(self.members) + len(self.idle) < min(self.count, len(orders)):
            self.hire()
        ended = False
        try:
            while waiting or any(member.at is not None for member in self.members):
                pulse()
                if should_stop():
                    waiting.clear()
                while self.idle and waiting:
                    at = waiting.popleft()
                    self.ask(self.idle.popleft(), at, orders[at])
                if any(m.at is not None for m in self.members) or (self.members and self.is_full()):
                    ready_by = time.monotonic() + START_S
                elif time.monotonic() > ready_by or not self.members:
                    yield from unanswered(waiting, self.failures)
                    continue
                for member in self.finished():
                    begun, answer = member.at, self.heard(member, tries)
                    if begun is None:
                        continue
                    if answer is None:
                        waiting.appendleft(begun)
                    else:
                        yield begun, answer
            ended = True
        finally:
            if not ended:  # somebody cancelled: who is at work is not waited for
                self.close()

    def is_full(self) -> bool:
        """Says whether others have all processors just now, so that waiting helps."""
        return float(self.ray.available_resources().get("CPU", 0.0)) < 1

    def hire(self) -> None:
        """Asks for another actor; it gets orders once it says that it is ready."""
        settings = {
            "device": self.device,
            "store": str(self.store.folder),
            "backends": dict(registry.BACKENDS),
            "url": self.url,
            "probe": str(self.probe),
        }
        gpus = 0.0 if self.device == "cpu" else GPU_SHARE
        actor = (
            self.ray.remote(LineActor).options(num_cpus=1, num_gpus=gpus, memory=self.memory).remote(settings)
        )
        self.members.append(Member(actor, actor.ready.remote()))

    def ask(self, member: Member, at: int, order: Mapping[str, Any]) -> None:
        """Gives an idle actor an order."""
        member.at, member.asked = at, member.actor.do.remote(dict(order))
        self.members.append(member)

    def finished(self) -> list[Member]:
        """Gives the actors that have answered or died, after waiting a moment for the first."""
        by_ref = {member.asked: member for member in self.members}
        done, _ = self.ray.wait(list(by_ref), num_returns=1, timeout=PULSE_S)
        found = [by_ref[ref] for ref in done]
        for member in found:
            self.members.remove(member)
        return found

    def heard(self, member: Member, tries: list[int]) -> dict[str, Any] | None:
        """Gives what an actor has answered; None where it was only getting ready, or the line is to be done again.

        A dead one is replaced.
        """
        at, member.at = member.at, None
        try:
            answer: dict[str, Any] = self.ray.get(member.asked)
        except self.ray.exceptions.RayError as error:
            said = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
            if at is None:
                self.failures.append(said)
                if len(self.failures) < TRIES * self.count:
                    self.hire()
                return None
            self.hire()
            tries[at] += 1
            gone = {"error": f"expected an actor that speaks the line, got {TRIES} that died of it ({said})"}
            return gone if tries[at] >= TRIES else None
        if at is None and answer["error"]:
            self.failures.append(answer["error"])
            return None
        self.idle.append(member)
        if at is None:
            member.pid, member.host = answer["pid"], answer["host"]
            return None
        return self.fetched(answer)

    def fetched(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Gives an answer whose part is in our own store."""
        if not self.url or "key" not in answer:
            return answer
        from .mirror import Mirror

        try:
            part = Mirror(self.url).pull(self.store, answer["key"])
        except (OSError, ValueError) as error:
            return {"error": f"expected a part from {self.url}, got: {one_line(error)}"}
        assert part is not None
        return {**answer, "path": str(part.path)}


def unanswered(waiting: deque[int], failures: list[str]) -> Answers:
    """Gives an error for every order that nobody is there to do."""
    why = f": {failures[-1]}" if failures else ""
    while waiting:
        yield (
            waiting.popleft(),
            {"error": f"expected an actor that is ready within {START_S:g} s, got none{why}"},
        )


@contextmanager
def cluster_hands(address: str, store: Store, **how: Any) -> Iterator[ClusterHands]:
    """Gives hands on a Ray cluster, and lets go of it when the block ends.

    Args:
        address: "auto" for the cluster that this machine belongs to, HOST:PORT or ray://HOST:PORT for another,
            "local" for one of this machine alone that lives as long as the block.
        store: where parts go; every machine must see its folder unless a `url` is given.
        how: as of `ClusterHands`.

    Raises:
        ValueError: Ray is not installed, or there is no such cluster.
    """
    with connected(address), ClusterHands(store, **how) as hands:
        yield hands


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connects this process to a Ray cluster, unless it is on one already."""
    try:
        import ray
    except ImportError:
        raise ValueError(
            "expected Ray for a cluster (pip install 'affect-studio[cluster]'), got none"
        ) from None
    if ray.is_initialized():
        yield
        return
    check_address(address)
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address == LOCAL:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            ray.init(address=LOCAL, include_dashboard=False, object_store_memory=OBJECTS, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError, OSError, TimeoutError) as error:
        said = " ".join(str(error).split())[:160]
        raise ValueError(f"expected a Ray cluster at {address!r} (`ray start --head`), got: {said}") from None
    try:
        yield
    finally:
        ray.shutdown()


def check_address(address: str) -> None:
    """Refuses an address at which nobody answers; Ray itself would try for minutes.

    Raises:
        ValueError: no address, or nobody there.
    """
    if address in (AUTO, LOCAL):
        return
    found = re.fullmatch(r"(?:ray://)?([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})", address)
    if not found:
        kinds = f"{AUTO}, {LOCAL}, HOST:PORT or ray://HOST:PORT"
        raise ValueError(f"expected a cluster's address ({kinds}), got {shorten(address)}")
    try:
        socket.create_connection((found[1].strip("[]"), int(found[2])), ANSWER_S).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise ValueError(f"expected a Ray cluster at {address!r}, got: {one_line(error)}") from None


def render_on_cluster(
    address: str,
    plan: Plan,
    store: Store,
    *,
    on_step: StepCallback | None = None,
    should_stop: Callable[[], bool] = never,
    **how: Any,
) -> Iterator[Row]:
    """Makes the sound of every line on a cluster: the rows of `render.render`.

    Args:
        address, store, how: as `cluster_hands`. plan, on_step, should_stop: as `render`.
    """
    from .render import render

    with cluster_hands(address, store, **how) as hands:
        yield from render(None, plan, store, on_step=on_step, should_stop=should_stop, hands=hands)
