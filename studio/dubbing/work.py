"""One piece of work on a line, as plain JSON in and out, so that another process or machine can do it too."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from generators.base import Cancelled

from ..jobs import one_line

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from generators.base import StepCallback

    from ..session import Studio
    from .store import Store

MEASURE, MAKE = "measure", "make"
LENGTHS = "lengths"


def measure_order(request: Mapping[str, Any], speed: float, duration_s: float | None) -> dict[str, Any]:
    """Asks how long a line of speech can be.

    Args:
        request: "modality" and the arguments of `generate`. speed: of the speaker.
        duration_s: of the whole file, where it is known; matters where the feeling changes over time.
    """
    return {"verb": MEASURE, "request": dict(request), "speed": speed, "duration_s": duration_s}


def make_order(request: Mapping[str, Any]) -> dict[str, Any]:
    """Asks for the sound of a line, into the store."""
    return {"verb": MAKE, "request": dict(request)}


def carry_out(
    studio: Studio, store: Store, order: Mapping[str, Any], on_step: StepCallback | None = None
) -> dict[str, Any]:
    """Does one order; gives what came of it, or {"error": one line}.

    Raises:
        Cancelled: `on_step` asked for it.
    """
    started = time.perf_counter()
    try:
        with one_thread(studio.device):
            done = (
                measured(studio, store, order)
                if order["verb"] == MEASURE
                else made(studio, store, order, on_step)
            )
    except (ValueError, OSError) as error:
        done = {"error": one_line(error)}
    except Cancelled:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one line meets, the others must still be made
        done = {"error": f"{type(error).__name__}: {one_line(error)}"}
    return {**done, "seconds": round(time.perf_counter() - started, 3)}


def made(
    studio: Studio, store: Store, order: Mapping[str, Any], on_step: StepCallback | None
) -> dict[str, Any]:
    """Gives the part of the store that a request makes, as plain values."""
    request = dict(order["request"])
    return store.part(studio, request.pop("modality"), request, on_step=on_step).to_json()


def measured(studio: Studio, store: Store, order: Mapping[str, Any]) -> dict[str, Any]:
    """Gives `generators.speech.lengths.Lengths` as plain values; remembered by the store."""
    found = remembered(studio, store, order)
    if found is None:
        request = dict(order["request"])
        modality = request.pop("modality")
        prompt, options, curve = studio.check(modality, **request)
        prompt = replace(prompt, duration_s=order["duration_s"])
        options = replace(options, speed=order["speed"])
        found = asdict(studio.backend(modality).lengths(prompt, curve, options))
        remember(studio, store, order, found)
    return found


def remembered(studio: Studio, store: Store, order: Mapping[str, Any]) -> dict[str, Any] | None:
    """Gives what an order to measure came to before; None where nobody has measured it.

    Raises:
        ValueError, FileNotFoundError: what cannot be said.
    """
    return store.recall(LENGTHS, lengths_key(studio, store, order))


def remember(studio: Studio, store: Store, order: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Lets the store remember what an order to measure came to."""
    with suppress(OSError):  # a full disk forgets it, no more
        store.remember(LENGTHS, lengths_key(studio, store, order), found, durable=False)


def lengths_key(studio: Studio, store: Store, order: Mapping[str, Any]) -> str:
    request = dict(order["request"])
    told = f"{LENGTHS} {order['speed']!r} {order['duration_s']!r}"
    return hashlib.sha256(
        f"{store.key(studio, request.pop('modality'), request)} {told}".encode()
    ).hexdigest()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Lets torch use one thread for a while: with another number of them the last bits of a sum differ, and a
    line's bytes must not depend on how many processes share the work."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_thread(device: str) -> AbstractContextManager[None]:
    """Gives `single_threaded` where it makes a difference."""
    alone = device != "cpu" or os.environ.get("OMP_NUM_THREADS") == "1"
    return nullcontext() if alone else single_threaded()
