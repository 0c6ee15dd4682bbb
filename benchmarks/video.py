"""Speed and memory of the small video model, with a fixed workload of the same minute beside them."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from studio.evaluation.benchmark import (
    machine,
    reference_s,
    run_command,
    timed,
    torch_threads,
    write_benchmark,
)
from studio.evaluation.report import Targets, named_weights

THREADS = 2
FRAMES = 33
MOST_S, MOST_MB = 20.0, 2048
PROMPT = "a cat that laughs"


def run(out_dir: str | Path | None = None, checkpoint: str = "auto", repeats: int = 3) -> dict[str, Any]:
    """Measures a clip of 33 frames of 128 x 128 on two threads of the CPU.

    Args:
        out_dir: gets bench-video.json and bench-video.md.
        checkpoint: weights to measure.
        repeats: of each timing with loaded weights; the median counts.

    Returns:
        "seconds_a_clip" from words, and "seconds_from_a_picture", weights loaded; "seconds_cold" and
        "peak_memory_mb" of the command in a process of its own, start included; "reference_s" of the fixed
        workload; "references_a_clip", free of the machine's speed; "targets".
    """
    with torch_threads(THREADS), tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), named_weights("video", checkpoint), repeats)
    if out_dir is not None:
        write_benchmark(figures, out_dir, "video")
    return figures


def measure(folder: Path, checkpoint: str, repeats: int) -> dict[str, Any]:
    """Times everything; see `run`."""
    from studio import Studio

    asked: dict[str, Any] = {"emotion": "joy", "num_frames": FRAMES, "seed": 1, "checkpoint": checkpoint}
    with Studio(device="cpu") as studio:
        first = studio.generate("video", prompt=PROMPT, **asked).media  # loads
        picture = save_picture(first.stills([0])[0], folder / "first.png")
        reference = min(reference_s() for _ in range(repeats))
        words, shown = (
            statistics.median(
                timed(lambda given=given: studio.generate("video", **given, **asked)) for _ in range(repeats)
            )
            for given in ({"prompt": PROMPT}, {"prompt": PROMPT, "image": str(picture)})
        )
        reference = min(reference, *(reference_s() for _ in range(repeats)))
    command = ["generate", "video", "--prompt", PROMPT, "--emotion", "joy", "--seed", "1", "--no-library"]
    cold, memory = run_command([*command, "--checkpoint", checkpoint], folder / "cold.mp4")
    figures: dict[str, Any] = {
        "seconds_a_clip": round(words, 2),
        "seconds_from_a_picture": round(shown, 2),
        "seconds_cold": round(cold, 2),
        "peak_memory_mb": round(memory, 1),
        "reference_s": round(reference, 5),
        "references_a_clip": round(words / reference, 1),
        "threads": THREADS,
        "machine": machine(),
    }
    targets = Targets()
    targets.at_most("seconds for a clip of 33 frames, weights loaded", figures["seconds_a_clip"], MOST_S)
    targets.at_most("seconds for one from a cold start", figures["seconds_cold"], MOST_S)
    targets.at_most("peak memory, MB", figures["peak_memory_mb"], MOST_MB)
    figures["targets"] = targets
    return figures


def save_picture(pixels: Any, path: Path) -> Path:
    """Writes (H, W, 3) uint8 as a file."""
    from PIL import Image

    Image.fromarray(pixels).save(path)
    return path
