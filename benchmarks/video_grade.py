"""Speed and memory of grading, beside decoding and encoding the same film without it.

Both go by processor seconds, which say more than seconds on a machine that does other things too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from studio.evaluation.benchmark import ROOT, largest_memory_mb, machine, write_benchmark
from studio.evaluation.report import Targets

SIZE, FRAME_RATE, SAMPLE_RATE = (1280, 720), 24.0, 48_000
SHORT_S, LONG_S = 2.0, 6.0
# What is graded: name -> (emotion, other options).
ASKED: dict[str, tuple[Any, dict[str, float]]] = {
    "plain": (None, {}),
    "one feeling": ("fear", {}),
    "a curve": ([(0.0, "calm"), (3.0, "joy"), (6.0, "sad")], {}),
    "a curve with tempo": ([(0.0, "calm"), (3.0, "joy"), (6.0, "sad")], {"grade_tempo": 1.0}),
}
MOST_OVER_PLAIN, MOST_GROWTH_MB = 2.0, 40.0


def run(
    out_dir: str | Path | None = None, short_s: float = SHORT_S, long_s: float = LONG_S
) -> dict[str, Any]:
    """Grades a film of 1280 x 720 with sound, each time in a process of its own with one thread for arrays.

    Args:
        out_dir: gets bench-video_grade.json and bench-video_grade.md.
        short_s, long_s: lengths of two films; times are of the long one.

    Returns:
        "frames_a_second" of each kind, also of reading and writing alone ("plain"); "over_plain": processor seconds
        as multiples of those; "memory_mb", "memory_growth_mb" from the short film to the long; "targets".
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short, long = (write_film(folder / f"{seconds:g}.mp4", seconds) for seconds in (short_s, long_s))
        rows = {kind: measured(kind, long, folder) for kind in ASKED}
        growth = rows["a curve"]["memory_mb"] - measured("a curve", short, folder)["memory_mb"]
    plain = rows.pop("plain")
    over = {kind: round(row["processor_s"] / plain["processor_s"], 3) for kind, row in rows.items()}
    figures: dict[str, Any] = {
        "plain_frames_a_second": round(plain["frames"] / plain["seconds"], 2),
        "plain_processor_s_a_frame": round(plain["processor_s"] / plain["frames"], 4),
        "frames_a_second": {kind: round(row["frames"] / row["seconds"], 2) for kind, row in rows.items()},
        "over_plain": over,
        "memory_mb": round(max(row["memory_mb"] for row in rows.values()), 1),
        "memory_growth_mb": round(growth, 1),
        "machine": machine(),
    }
    targets = Targets()
    for kind, value in over.items():
        targets.at_most(f"processor seconds over reading and writing alone, {kind}", value, MOST_OVER_PLAIN)
    targets.at_most("growth of memory with length, MB", figures["memory_growth_mb"], MOST_GROWTH_MB)
    figures["targets"] = targets
    if out_dir is not None:
        write_benchmark(figures, out_dir, "video_grade")
    return figures


def write_film(path: Path, seconds: float) -> Path:
    """Writes a film that moves over a picture with many colours, with a tone."""
    from generators.media import Audio
    from generators.moving_picture import VideoWriter

    width, height = SIZE
    rng = np.random.default_rng(0)
    coarse = rng.integers(20, 236, (height // 40 + 3, width // 40 + 3, 3)).astype(np.float32)
    picture = coarse.repeat(40, 0).repeat(40, 1) + rng.normal(0, 6, (height + 120, width + 120, 3))
    pixels = np.clip(picture, 0, 255).astype(np.uint8)
    count = round(seconds * FRAME_RATE)
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone = (0.3 * np.sin(2 * np.pi * 220 * times)).astype(np.float32)[None]
    with VideoWriter(SIZE, FRAME_RATE, Audio(tone, SAMPLE_RATE)) as writer:
        for number in range(count):
            at = 40 + round(40 * np.sin(number / 9))
            writer.write(pixels[None, at : at + height, at : at + width])
        film = writer.finish()
    path.write_bytes(Path(film.file).read_bytes())
    return path


def measured(kind: str, film: Path, folder: Path) -> dict[str, float]:
    """Does one of `ASKED` in a new process; gives frames, seconds, processor seconds and memory in MB."""
    out = folder / "row.json"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(Path(__file__).resolve()), kind, str(film), str(out)]
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    return dict(json.loads(out.read_text(encoding="utf-8")))


def work(kind: str, film: Path) -> dict[str, float]:
    """Does it in this process."""
    from conditioning import EmotionCurve, load_space
    from generators.video.grade import grade
    from generators.video.moods import moods
    from generators.video.options import VideoOptions, VideoPrompt

    emotion, dials = ASKED[kind]
    load_space(), moods()
    started, used = time.perf_counter(), time.process_time()
    if emotion is None:
        frames = rewritten(film)
    else:
        options = VideoOptions(task="grade", **dials)  # type: ignore[arg-type]
        frames = grade(VideoPrompt(video=str(film)), EmotionCurve.parse(emotion), options).num_frames
    return {
        "frames": frames,
        "seconds": time.perf_counter() - started,
        "processor_s": time.process_time() - used,
        "memory_mb": largest_memory_mb(os.getpid()),
    }


def rewritten(film: Path) -> int:
    """Reads a film and writes it again with its sound, by what grading uses too; gives its frames."""
    from conditioning.encoders.video_file import open_video
    from generators.media import Audio
    from generators.moving_picture import VideoWriter
    from generators.on_disk import concatenated

    source = open_video(film)
    with VideoWriter(
        SIZE, source.frame_rate, Audio(concatenated(source.sound()), source.sample_rate)
    ) as writer:
        for block in source.frames(block=8):
            writer.write(block)
        return writer.finish().num_frames


if __name__ == "__main__":
    kind, film, out = sys.argv[1:]
    Path(out).write_text(json.dumps(work(kind, Path(film))), encoding="utf-8")
