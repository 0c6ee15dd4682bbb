"""How fast gestures are made and in how much memory, with a fixed workload of the same minute beside them."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .benchmark import machine, reference_s, run_command, timed, torch_threads
from .gesture_moves import repeated_line, say_lines, shipped_moves
from .report import Targets

THREADS = 2
SHORT_S, LONG_S = 60.0, 600.0
MOST_S = 3.0


def measure_speed(
    folder: Path,
    checkpoint: str,
    *,
    repeats: int = 3,
    long_s: float = LONG_S,
    say: Callable[..., Any] | None = None,
    move: Callable[..., Any] | None = None,
    row: Callable[..., dict[str, float]] | None = None,
) -> dict[str, Any]:
    """Times a minute of motion on two threads of the CPU, weights loaded.

    Args:
        folder: gets the sounds and motions.
        repeats: of the timing; the median counts.
        long_s: length of the long recording in s.
        say, move, row: stand-ins for `studio.generate`, `shipped_moves()` and `length_row`.

    Returns:
        "seconds_a_minute" from sound to motion; "reference_s" of the fixed workload; "references_a_minute",
        free of the machine's speed; "by_length": seconds and peak memory of the command in a process of its
        own, for a minute and for the long recording, start included; "targets".
    """
    from .report import shipped_generate

    line = say_lines(folder, 1, say or shipped_generate())[0]
    short, long = (
        repeated_line([line], seconds, folder / f"{seconds:g}.flac") for seconds in (SHORT_S, long_s)
    )
    make = move or shipped_moves()
    asked: dict[str, Any] = {"emotion": "happy", "intensity": 0.8, "seed": 1, "checkpoint": checkpoint}
    with torch_threads(THREADS):
        make("gesture", audio=str(line.path), **asked)  # loads
        reference = min(reference_s() for _ in range(repeats))
        seconds = [timed(lambda: make("gesture", audio=str(short.path), **asked)) for _ in range(repeats)]
        reference = min(reference, *(reference_s() for _ in range(repeats)))
    rows = {
        f"{length:g} s": (row or length_row)(each.path, folder / f"{length:g}.bvh", checkpoint)
        for each, length in ((short, SHORT_S), (long, long_s))
    }
    return figures_of(statistics.median(seconds), reference, rows)


def length_row(path: Path, out: Path, checkpoint: str) -> dict[str, float]:
    """What a recording costs in a process of its own."""
    asked = ["generate", "gesture", "--audio", str(path), "--emotion", "happy", "--checkpoint", checkpoint]
    took, memory = run_command([*asked, "--no-library"], out)
    out.unlink()
    return {"seconds": round(took, 2), "peak_memory_mb": round(memory, 1)}


def figures_of(seconds: float, reference: float, rows: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Sets everything beside what it has to reach."""
    memory = [row["peak_memory_mb"] for row in rows.values()]
    figures: dict[str, Any] = {
        "seconds_a_minute": round(seconds, 3),
        "reference_s": round(reference, 5),
        "references_a_minute": round(seconds / reference, 2),
        "memory_of_long_less_short_mb": round(memory[-1] - memory[0], 1),
        "by_length": rows,
        "threads": THREADS,
        "machine": machine(),
    }
    targets = Targets()
    targets.at_most("seconds for a minute of motion, weights loaded", figures["seconds_a_minute"], MOST_S)
    targets.at_most("peak memory, MB", max(memory), 2048)
    figures["targets"] = targets
    return figures
