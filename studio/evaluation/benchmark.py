"""What the benchmarks of all media share: a command in a process of its own, and the report."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .report import target_lines, write_report

REFERENCE_SIZE = 1024
ROOT = Path(__file__).resolve().parent.parent.parent


def run_command(arguments: Sequence[str], path: Path) -> tuple[float, float]:
    """Runs the command line in a new process.

    Args:
        arguments: as typed after `affect`. path: the file that it is to make.

    Returns:
        Seconds until the file is there, and the process's largest resident memory in MB.

    Raises:
        OSError: the command failed.
    """
    command = [sys.executable, "-m", "studio", *arguments, "--out", str(path), "--quiet"]
    started = time.perf_counter()
    seconds = None
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        usage, memory = None, 0.0
        while usage is None or not usage[0]:
            memory = max(memory, largest_memory_mb(process.pid))
            usage = os.wait4(process.pid, os.WNOHANG)
            if seconds is None and path.exists():
                seconds = time.perf_counter() - started
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(usage[1])
        errors = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
    if process.returncode or seconds is None:
        raise OSError(
            f"expected the command to make a file, got exit code {process.returncode}: {errors[-200:]}"
        )
    return seconds, memory or usage[2].ru_maxrss / 1024


def timed(make: Callable[[], Any]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    make()
    return time.perf_counter() - started


def reference_s() -> float:
    """Seconds of ten products of 1024 x 1024 float32 matrices: the same work on every machine."""
    import torch

    matrix = torch.rand(REFERENCE_SIZE, REFERENCE_SIZE, generator=torch.Generator().manual_seed(0))
    matrix @ matrix
    return timed(lambda: [matrix @ matrix for _ in range(10)])


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Lets torch use so many threads for a while, so that figures do not depend on how many there are."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def largest_memory_mb(pid: int) -> float:
    """Gives the most memory that a running process has held so far; 0 where the system does not say.

    What `wait4` says instead is never less than this process held itself when it started the other.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    rows = [line.split() for line in status.splitlines() if line.startswith("VmHWM:")]
    return float(rows[0][1]) / 1024 if rows else 0.0


def machine() -> dict[str, Any]:
    """Says what a benchmark ran on."""
    return {
        "cpus": os.cpu_count(),
        "processor": platform.machine(),
        "python": platform.python_version(),
    }


def write_benchmark(figures: Mapping[str, Any], folder: str | Path, modality: str) -> None:
    """Writes bench-MODALITY.json and .md."""
    lines = ["| figure | value |", "|---|---|"]
    lines += [
        f"| {name.replace('_', ' ')} | {value:g} |"
        for name, value in figures.items()
        if isinstance(value, (int, float))
    ]
    text = "\n".join([*target_lines(figures["targets"]), "", *lines])
    write_report(figures, Path(folder), text, f"bench-{modality}")
