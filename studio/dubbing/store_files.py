"""Whose half-written file this is, and whether they are gone."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from .. import library


def partial_name() -> str:
    """Gives what this process's half-written files begin with: machine and process."""
    return f"{machine_name()}-{os.getpid()}"


def machine_name() -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", platform.node())[:40] or "unnamed"


def abandoned(path: Path) -> bool:
    """Says whether the process that was writing a file is gone; those of other machines are given a day."""
    machine, _, rest = path.name.lstrip(".").partition("-")
    return library.abandoned(path, rest.partition("-")[0] if machine == machine_name() else "")
