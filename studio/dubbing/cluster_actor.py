"""What runs on each machine of a cluster: a Studio with warm weights that does orders."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class LineActor:
    """Does orders; see `work.carry_out`. Loads what it needs once.

    Args:
        settings: as of `worker.prepared`, and "url", where parts go that no shared folder takes, or "probe", a file
            of the shared store by which this machine knows that it sees the same folder.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.error = ""
        try:
            self.prepare(settings)
        except Exception as error:  # noqa: BLE001 - whatever it is, `ready` says it in one line
            self.error = " ".join(str(error).split())

    def prepare(self, settings: Mapping[str, Any]) -> None:
        """Opens the studio and the store.

        Raises:
            ValueError: this machine does not see the store.
        """
        os.environ["OMP_NUM_THREADS"] = (
            "1"  # before torch is there: bytes must not depend on the machine's size
        )
        from .worker import prepared

        settings = dict(settings)
        self.url, probe = settings["url"], settings["probe"]
        if self.url:
            settings["store"] = self.folder = tempfile.mkdtemp(prefix="affect-studio-")
        elif not Path(probe).is_file():
            raise ValueError(
                f"expected a store that every machine sees, got no {settings['store']!r} on {platform.node()};"
                " share the folder or give a URL"
            )
        self.studio, self.store = prepared(settings)

    def ready(self) -> dict[str, Any]:
        """Says who is there, and what is wrong with them; empty when nothing is."""
        return {"pid": os.getpid(), "host": platform.node(), "error": self.error}

    def do(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Does one order; of what goes to a URL the answer has the key."""
        from .work import MAKE, carry_out

        if not self.url or order["verb"] != MAKE:
            return carry_out(self.studio, self.store, order)
        from .mirror import Mirror

        mirror, request = Mirror(self.url), dict(order["request"])
        try:
            key = self.store.key(self.studio, request.pop("modality"), request)
            mirror.pull(self.store, key, missing_ok=True)
            answer = carry_out(self.studio, self.store, order)
            if "error" not in answer:
                if not answer["kept"]:
                    mirror.push(self.store, key)
                self.store.forget(key)
        except (OSError, ValueError, KeyError) as error:
            return {"error": " ".join(str(error).split())}
        return {**answer, "key": key} if "error" not in answer else answer
