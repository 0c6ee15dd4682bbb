"""Speed and memory of the music backend, with a fixed workload of the same minute beside them.

Seconds depend on the machine and on what else it does. The reference is the same product of matrices
everywhere, timed in the same run, so that "beats per reference" can be compared where seconds cannot.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REFERENCE_SIZE = 1024
BARS = 32
LONG_BARS = 256
BARS_TO_REACH = {"beats_per_s": 20.0, "first_music_s": 6.0, "peak_memory_mb": 1500.0}


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
        cold = [run_command(Path(folder) / f"{at}.mid", checkpoint, 8) for at in range(repeats)]
        long = run_command(Path(folder) / "long.mid", checkpoint, LONG_BARS)
    first_music = statistics.median(seconds for seconds, _ in cold)
    reference = min(reference, *(reference_s() for _ in range(repeats)))
    figures = {
        "beats_per_s": round(beats_per_s, 2),
        "first_music_s": round(first_music, 3),
        "peak_memory_mb": round(max(memory for _, memory in cold), 1),
        "peak_memory_long_mb": round(long[1], 1),
        "reference_s": round(reference, 5),
        "beats_per_reference": round(beats_per_s * reference, 3),
        "first_music_references": round(first_music / reference, 1),
        "machine": {
            "cpus": os.cpu_count(),
            "processor": platform.machine(),
            "python": platform.python_version(),
        },
    }
    if out_dir is not None:
        write(figures, Path(out_dir))
    return figures


bench_music = run


def reference_s() -> float:
    """Seconds of ten products of 1024 x 1024 float32 matrices."""
    import torch

    matrix = torch.rand(REFERENCE_SIZE, REFERENCE_SIZE, generator=torch.Generator().manual_seed(0))
    matrix @ matrix
    started = time.perf_counter()
    for _ in range(10):
        matrix @ matrix
    return time.perf_counter() - started


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


def run_command(path: Path, checkpoint: str, bars: int) -> tuple[float, float]:
    """Runs `affect generate music` in a new process.

    Returns:
        Seconds until its file is there, and its largest resident memory in MB.

    Raises:
        OSError: the command failed.
    """
    command = [sys.executable, "-m", "studio", "generate", "music", "--bars", str(bars), "--emotion", "happy"]
    command += ["--seed", "1", "--checkpoint", checkpoint, "--out", str(path), "--quiet"]
    started = time.perf_counter()
    seconds = None
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        status, usage = 0, None
        while usage is None or not usage[0]:
            usage = os.wait4(process.pid, os.WNOHANG)
            if seconds is None and path.exists():
                seconds = time.perf_counter() - started
            time.sleep(0.01)
        status = os.waitstatus_to_exitcode(usage[1])
        process.returncode = status
        errors = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
    if status or seconds is None:
        raise OSError(f"expected the command to make a file, got exit code {status}: {errors[-200:]}")
    return seconds, usage[2].ru_maxrss / 1024


def write(figures: dict[str, Any], folder: Path) -> None:
    """Writes the figures as JSON and as a table."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["| figure | value | to reach |", "|---|---|---|"]
    for name, value in figures.items():
        if not isinstance(value, dict):
            bar = BARS_TO_REACH.get(name)
            word = "" if bar is None else f"{'>=' if name == 'beats_per_s' else '<='} {bar:g}"
            lines.append(f"| {name.replace('_', ' ')} | {value:g} | {word} |")
    for name, text in (
        ("bench-music.json", json.dumps(figures, indent=2)),
        ("bench-music.md", "\n".join(lines)),
    ):
        partial = folder / f"{name}.partial"
        partial.write_text(text + "\n", encoding="utf-8")
        os.replace(partial, folder / name)
