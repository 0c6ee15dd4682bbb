"""Speed and memory of the music backend, with a fixed workload of the same minute beside them.

Seconds depend on the machine and on what else it does. The reference is the same product of matrices
everywhere, timed in the same run, so that "beats per reference" can be compared where seconds cannot.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from studio.evaluation.benchmark import machine, reference_s, run_command, write_benchmark
from studio.evaluation.report import Targets

BARS = 32
LONG_BARS = 256


def run(out_dir: str | Path | None = None, checkpoint: str = "auto", repeats: int = 3) -> dict[str, Any]:
    """Measures the music backend on the CPU.

    Args:
        out_dir: gets bench-music.json and bench-music.md.
        checkpoint: weights to measure.
        repeats: of every timing; the median counts.

    Returns:
        "beats_per_s" at the default steps, weights loaded; "first_music_s" from the start of a new process
        of the command to its file; "peak_memory_mb" of that process, and of one that makes a long piece;
        "reference_s" of the fixed workload; "beats_per_reference" and "first_music_references", free of the
        machine's speed.
    """
    reference = min(reference_s() for _ in range(repeats))
    beats_per_s = measure_throughput(checkpoint, repeats)
    with tempfile.TemporaryDirectory() as folder:
        cold = [generated(Path(folder) / f"{at}.mid", checkpoint, 8) for at in range(repeats)]
        long = generated(Path(folder) / "long.mid", checkpoint, LONG_BARS)
    first_music = statistics.median(seconds for seconds, _ in cold)
    reference = min(reference, *(reference_s() for _ in range(repeats)))
    figures: dict[str, Any] = {
        "beats_per_s": round(beats_per_s, 2),
        "first_music_s": round(first_music, 3),
        "peak_memory_mb": round(max(memory for _, memory in cold), 1),
        "peak_memory_long_mb": round(long[1], 1),
        "reference_s": round(reference, 5),
        "beats_per_reference": round(beats_per_s * reference, 3),
        "first_music_references": round(first_music / reference, 1),
        "machine": machine(),
    }
    targets = Targets()
    targets.at_least("beats a second", figures["beats_per_s"], 20)
    targets.at_most("first music from a cold start, s", figures["first_music_s"], 6)
    targets.at_most("peak memory of a long piece, MB", figures["peak_memory_long_mb"], 1500)
    figures["targets"] = targets
    if out_dir is not None:
        write_benchmark(figures, out_dir, "music")
    return figures


def measure_throughput(checkpoint: str, repeats: int) -> float:
    """Beats a second of a warm Studio: the median over pieces of 32 bars of 4/4."""
    from studio import Studio

    rates = []
    with Studio(device="cpu") as studio:
        studio.generate("music", bars=4, emotion="happy", checkpoint=checkpoint)
        for seed in range(repeats):
            started = time.perf_counter()
            studio.generate(
                "music", bars=BARS, emotion="happy", seed=seed, time_signature="4/4", checkpoint=checkpoint
            )
            rates.append(4 * BARS / (time.perf_counter() - started))
    return statistics.median(rates)


def generated(path: Path, checkpoint: str, bars: int) -> tuple[float, float]:
    """Makes a piece by the command in a new process; gives seconds until its file is there, and MB."""
    asked = ["generate", "music", "--bars", str(bars), "--emotion", "happy", "--seed", "1"]
    return run_command([*asked, "--checkpoint", checkpoint], path)
