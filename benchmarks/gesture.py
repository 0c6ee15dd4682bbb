"""Speed and memory of the gesture backend, with a fixed workload of the same minute beside them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from studio.evaluation.benchmark import write_benchmark
from studio.evaluation.gesture_speed import measure_speed
from studio.evaluation.report import named_weights


def run(out_dir: str | Path | None = None, checkpoint: str = "auto", repeats: int = 3) -> dict[str, Any]:
    """Measures the gesture backend on two threads of the CPU, on speech made here.

    Args:
        out_dir: gets bench-gesture.json and bench-gesture.md.
        checkpoint: weights to measure.
        repeats: of the short timing; the median counts.

    Returns:
        See `studio.evaluation.gesture_speed.measure_speed`.
    """
    with tempfile.TemporaryDirectory() as name:
        figures = measure_speed(Path(name), named_weights("gesture", checkpoint), repeats=repeats)
    if out_dir is not None:
        write_benchmark(figures, out_dir, "gesture")
    return figures
