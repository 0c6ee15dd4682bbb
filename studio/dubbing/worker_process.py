"""The other end of `worker`: starts that process, gives it orders and hears its answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Died(Exception):
    """The process ended before it answered; says how."""


class WorkerProcess:
    """A process that does orders.

    Args:
        settings: as `worker.prepared` takes them.

    Raises:
        Died: it ended before it was ready. ValueError: it cannot do any work; says why.
        OSError: it cannot be started.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env=environment(),
        )
        try:
            greeting = self.ask(settings)
        except BaseException:
            self.close()
            raise
        if "error" in greeting:
            self.close()
            raise ValueError(greeting["error"])

    def ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Gives the answer to an order.

        Raises:
            Died: the process ended first.
        """
        asked, answers = self.process.stdin, self.process.stdout
        assert asked is not None and answers is not None
        try:
            asked.write(json.dumps(order) + "\n")
            asked.flush()
            line = answers.readline()
        except (OSError, ValueError):  # a closed pipe, from this end or the other
            line = ""
        if not line.endswith("\n"):
            self.close()
            raise Died(ending(self.process.returncode))
        found: dict[str, Any] = json.loads(line)
        return found

    def kill(self) -> None:
        """Ends the process at once; what it is at is lost."""
        self.process.kill()

    def close(self) -> None:
        """Ends the process and waits until it is gone; not while somebody else asks it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was still to be written has no reader
                    continue


def environment() -> dict[str, str]:
    """Gives a worker's environment: our own modules, one thread, and no module of the current folder."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    alone = dict.fromkeys(THREADS, "1")
    return {**os.environ, **alone, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


def ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
