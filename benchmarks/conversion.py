"""Speed and memory of the conversion backend, with WORLD's analysis and synthesis of the same sound beside
them, which says how fast the machine is."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from studio.evaluation.benchmark import machine, run_command, torch_threads, write_benchmark
from studio.evaluation.report import Targets

THREADS = 2
SHORT_S, LONG_S = 20.0, 1800.0
TEXT = "The rain had stopped before anyone was awake. She opened the window and said nothing for a while. "


def run(out_dir: str | Path | None = None, checkpoint: str = "auto", repeats: int = 3) -> dict[str, Any]:
    """Measures the conversion backend on two threads of the CPU.

    Args:
        out_dir: gets bench-conversion.json and bench-conversion.md.
        checkpoint: weights to measure.
        repeats: of the short timing; the median counts.

    Returns:
        "real_time_factor" (seconds of work for a second of recording), weights loaded; "by_length": the same
        and the peak memory of a process for 20 s and for 30 minutes; "speed_over_world"; "targets".
    """
    with torch_threads(THREADS), tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), checkpoint, repeats)
    if out_dir is not None:
        write_benchmark(figures, out_dir, "conversion")
    return figures


def measure(folder: Path, checkpoint: str, repeats: int) -> dict[str, Any]:
    """Times everything; see `run`."""
    from studio import Studio
    from studio.evaluation.speech_world import world_factor

    asked = {"emotion": "happy", "intensity": 0.8, "seed": 1, "checkpoint": checkpoint}
    with Studio(device="cpu") as studio:
        said = studio.generate("speech", text=TEXT * 3, seed=1).media
        short, long = (repeated(said, seconds, folder) for seconds in (SHORT_S, LONG_S))
        studio.generate("conversion", audio=str(short), **asked)  # loads
        factors = []
        for _ in range(repeats):
            started = time.perf_counter()
            studio.generate("conversion", audio=str(short), **asked)
            factors.append((time.perf_counter() - started) / SHORT_S)
    world = world_factor(said.samples[0], said.sample_rate)
    rows = {f"{seconds:g} s": length_row(path, seconds, folder, checkpoint)
            for path, seconds in ((short, SHORT_S), (long, LONG_S))}  # fmt: skip
    factor = statistics.median(factors)
    memory = [row["peak_memory_mb"] for row in rows.values()]
    figures: dict[str, Any] = {
        "real_time_factor": round(factor, 4),
        "world_real_time_factor": round(world, 4),
        "speed_over_world": round(world / factor, 3),
        "memory_of_long_less_short_mb": round(memory[-1] - memory[0], 1),
        "by_length": rows,
        "threads": THREADS,
        "machine": machine(),
    }
    targets = Targets()
    targets.at_most("real-time factor", figures["real_time_factor"], 0.25)
    targets.at_most(
        "real-time factor of 30 minutes, start included", rows["1800 s"]["real_time_factor"], 0.25
    )
    targets.at_most(
        "memory of 30 minutes less that of 20 s, MB", figures["memory_of_long_less_short_mb"], 100
    )
    figures["targets"] = targets
    return figures


def repeated(said: Any, seconds: float, folder: Path) -> Path:
    """Writes speech over and over until a recording is so long."""
    import soundfile

    path = folder / f"{seconds:g}.flac"
    left = round(seconds * said.sample_rate)
    with soundfile.SoundFile(path, "w", said.sample_rate, 1, subtype="PCM_16", format="FLAC") as file:
        while left > 0:
            file.write(said.samples[0, :left])
            left -= min(left, said.samples.shape[1])
    return path


def length_row(path: Path, seconds: float, folder: Path, checkpoint: str) -> dict[str, float]:
    """What a recording costs in a process of its own."""
    out = folder / f"out-{path.name}"
    asked = ["generate", "conversion", "--audio", str(path), "--emotion", "happy", "--no-library"]
    took, memory = run_command([*asked, "--checkpoint", checkpoint], out)
    out.unlink()
    return {"real_time_factor": round(took / seconds, 4), "peak_memory_mb": round(memory, 1)}
