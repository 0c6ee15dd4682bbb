"""Speed and memory of the speech backend, with WORLD's analysis and synthesis of the same sound beside them.

Seconds depend on the machine and on what else it does. WORLD takes the made sound apart and puts it together
in the same run, so that "speed over WORLD" can be compared where seconds cannot.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from generators.base import Cancelled
from studio.evaluation.benchmark import machine, run_command, torch_threads, write_benchmark
from studio.evaluation.report import Targets

THREADS = 2
VOICE = "kathleen"
PARAGRAPH = (
    "The rain had stopped before anyone was awake. She opened the window, looked down at the empty street, "
    "and said nothing for a while. Then the first tram came around the corner, and the day began."
)
TIMES = (1, 4, 16)


def run(out_dir: str | Path | None = None, checkpoint: str = "auto", repeats: int = 3) -> dict[str, Any]:
    """Measures the speech backend on two threads of the CPU.

    Args:
        out_dir: gets bench-speech.json and bench-speech.md.
        checkpoint: weights to measure.
        repeats: of the short timings; the median counts.

    Returns:
        "real_time_factor" (seconds of work for a second of speech) at the default steps, weights loaded;
        "first_audio_s" of a long text, weights loaded; "by_length": for a paragraph said 1, 4 and 16 times
        the seconds of sound, the work for each second of it, and the peak memory of a process that makes it;
        "speed_over_world", free of the machine's speed; "targets".
    """
    with torch_threads(THREADS):
        figures = measure(checkpoint, repeats)
    if out_dir is not None:
        write_benchmark(figures, out_dir, "speech")
    return figures


def measure(checkpoint: str, repeats: int) -> dict[str, Any]:
    """Times everything; see `run`."""
    from studio import Studio
    from studio.evaluation.speech_world import world_factor

    with Studio(device="cpu") as studio:
        say(studio, PARAGRAPH, checkpoint)  # loads
        factors = []
        for _ in range(repeats):
            seconds, samples, rate = say(studio, PARAGRAPH, checkpoint)
            factors.append(seconds / (len(samples) / rate))
        world = world_factor(samples, rate)
        first = statistics.median(first_audio_s(studio, checkpoint) for _ in range(repeats))
        lengths = [length_row(studio, checkpoint, times) for times in TIMES]
    factor = statistics.median(factors)
    costs, memory = [row["real_time_factor"] for row in lengths], [row["peak_memory_mb"] for row in lengths]
    figures: dict[str, Any] = {
        "real_time_factor": round(factor, 4),
        "first_audio_s": round(first, 3),
        "world_real_time_factor": round(world, 4),
        "speed_over_world": round(world / factor, 3),
        "cost_of_long_over_short": round(costs[-1] / costs[0], 3),
        "memory_of_long_less_short_mb": round(memory[-1] - memory[0], 1),
        "by_length": {f"{times} times": row for times, row in zip(TIMES, lengths, strict=True)},
        "threads": THREADS,
        "machine": machine(),
    }
    targets = Targets()
    targets.at_most("real-time factor", figures["real_time_factor"], 0.15)
    targets.at_most("first audio of a long text, warm, s", figures["first_audio_s"], 0.6)
    targets.at_most("peak memory, MB", max(memory), 1500)
    targets.at_most(
        "cost of a second of 16 paragraphs over that of one", figures["cost_of_long_over_short"], 1.2
    )
    targets.at_most(
        "memory of 16 paragraphs less that of one, MB", figures["memory_of_long_less_short_mb"], 100
    )
    figures["targets"] = targets
    return figures


def say(studio: Any, text: str, checkpoint: str, **more: Any) -> tuple[float, Any, int]:
    """Says a text; gives the seconds it took, the samples (S,) and their rate."""
    started = time.perf_counter()
    asked = {"voice": VOICE, "emotion": "happy", "intensity": 0.8, "seed": 1, "checkpoint": checkpoint}
    media = studio.generate("speech", text=text, **asked, **more).media
    return time.perf_counter() - started, media.samples[0], media.sample_rate


def first_audio_s(studio: Any, checkpoint: str) -> float:
    """Seconds until the first piece of a long text is there; the rest is not made."""
    found: list[float] = []

    def on_part(part: Any) -> None:
        found.append(time.perf_counter() - started)
        raise Cancelled

    started = time.perf_counter()
    with contextlib.suppress(Cancelled):
        say(studio, " ".join([PARAGRAPH] * TIMES[-1]), checkpoint, on_part=on_part)
    return found[0]


def length_row(studio: Any, checkpoint: str, times: int) -> dict[str, float]:
    """What a text of some paragraphs costs."""
    text = " ".join([PARAGRAPH] * times)
    seconds, samples, rate = say(studio, text, checkpoint)
    asked = ["generate", "speech", "--text", text, "--voice", VOICE, "--emotion", "happy", "--no-library"]
    with tempfile.TemporaryDirectory() as folder:
        _, memory = run_command([*asked, "--checkpoint", checkpoint], Path(folder) / "long.wav")
    return {
        "sound_s": round(len(samples) / rate, 2),
        "real_time_factor": round(seconds / (len(samples) / rate), 4),
        "peak_memory_mb": round(memory, 1),
    }
