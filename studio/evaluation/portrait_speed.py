"""How fast portraits are made and in how much memory, with a plain film of the same size beside them."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .benchmark import machine, run_command
from .report import Targets

if TYPE_CHECKING:
    from torch import Tensor

THREADS = 2
SIDE, RATE = 512, 30.0
SHORT_S, LONG_S = 10.0, 600.0
TEXT = "The rain had stopped before anyone was awake. She opened the window and said nothing for a while. "
BLOCK = 16


def measure_speed(
    folder: Path,
    image: Path,
    checkpoint: str,
    *,
    repeats: int = 3,
    long_s: float = LONG_S,
    generate: Any = None,
) -> dict[str, Any]:
    """Times portraits of 512 x 512 at 30 Hz on two threads of the CPU.

    Args:
        folder: gets the films. image: who speaks.
        repeats: of the short timing; the median counts.
        long_s: length of the long recording in s.
        generate: a stand-in for `Studio.generate`.

    Returns:
        "frames_a_second" with weights loaded, from sound to file; "plain_frames_a_second": of a still that
        one `grid_sample` a frame warps, by the same encoder; "speed_over_plain"; "by_length": the same and
        the peak memory of a process for 10 s and for the long recording, start included; "targets".
    """
    import torch

    from studio import Studio

    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        with Studio(device="cpu") as studio:
            said = studio.generate("speech", text=TEXT * 2, seed=1).media
            short, long = (repeated(said, seconds, folder) for seconds in (SHORT_S, long_s))
            make: Any = generate or studio.generate
            asked: dict[str, Any] = {"image": str(image), "emotion": "happy", "intensity": 0.8, "seed": 1}
            asked |= {"checkpoint": checkpoint, "width": SIDE, "height": SIDE, "frame_rate": RATE}
            make("portrait", audio=str(short), **asked)  # loads
            rates = [timed(lambda: make("portrait", audio=str(short), **asked)) for _ in range(repeats)]
        plain = plain_rate(SHORT_S)
    finally:
        torch.set_num_threads(before)
    rows = {
        f"{seconds:g} s": length_row(path, image, seconds, folder, checkpoint)
        for path, seconds in ((short, SHORT_S), (long, long_s))
    }
    return figures_of(statistics.median(rates), plain, rows)


def timed(make: Any) -> float:
    """Frames a second of one film."""
    started = time.perf_counter()
    media = make().media
    return float(media.num_frames) / (time.perf_counter() - started)


def figures_of(rate: float, plain: float, rows: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Sets everything beside what it has to reach."""
    memory = [row["peak_memory_mb"] for row in rows.values()]
    figures: dict[str, Any] = {
        "frames_a_second": round(rate, 2),
        "plain_frames_a_second": round(plain, 2),
        "speed_over_plain": round(rate / plain, 3),
        "memory_of_long_less_short_mb": round(memory[-1] - memory[0], 1),
        "by_length": rows,
        "threads": THREADS,
        "machine": machine(),
    }
    targets = Targets()
    targets.at_least("frames a second at 512 x 512, weights loaded", figures["frames_a_second"], 25)
    last = list(rows)[-1]
    targets.at_least(f"frames a second of {last}, start included", rows[last]["frames_a_second"], 25)
    targets.at_most("peak memory, MB", max(memory), 2048)
    targets.at_most(
        f"memory of {last} less that of {SHORT_S:g} s, MB", figures["memory_of_long_less_short_mb"], 100
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


def length_row(path: Path, image: Path, seconds: float, folder: Path, checkpoint: str) -> dict[str, float]:
    """What a recording costs in a process of its own."""
    out = folder / f"{seconds:g}.mp4"
    asked = ["generate", "portrait", "--image", str(image), "--audio", str(path), "--emotion", "happy"]
    size = ["--width", str(SIDE), "--height", str(SIDE), "--frame-rate", str(RATE)]
    took, memory = run_command([*asked, *size, "--checkpoint", checkpoint, "--no-library"], out)
    out.unlink()
    return {"frames_a_second": round(seconds * RATE / took, 2), "peak_memory_mb": round(memory, 1)}


def plain_rate(seconds: float) -> float:
    """Frames a second of a picture that is warped by one `grid_sample` a frame and encoded as films are."""
    import torch

    from generators.media import Video
    from generators.moving_picture import VideoWriter

    generator = torch.Generator().manual_seed(0)
    small = torch.rand(1, 3, 16, 16, generator=generator)
    picture = torch.nn.functional.interpolate(small, size=(SIDE, SIDE), mode="bicubic").clamp(0, 1)
    count = round(seconds * RATE)
    started = time.perf_counter()
    with VideoWriter((SIDE, SIDE), RATE, None) as writer:
        for first in range(0, count, BLOCK):
            writer.write(warped(picture, first, min(BLOCK, count - first)))
        writer.finish(Video)
    return count / (time.perf_counter() - started)


def warped(picture: Tensor, first: int, count: int) -> Tensor:
    """Sways a picture (1, 3, H, W): (count, H, W, 3) uint8."""
    import torch

    phase = 0.2 * torch.arange(first, first + count)
    turn = torch.eye(2, 3).repeat(count, 1, 1)
    turn[:, 0, 2] = 0.02 * phase.sin()
    grid = torch.nn.functional.affine_grid(turn, [count, 3, SIDE, SIDE], align_corners=False)
    found = torch.nn.functional.grid_sample(
        picture.expand(count, -1, -1, -1), grid, padding_mode="border", align_corners=False
    )
    return (255 * found).to(torch.uint8).permute(0, 2, 3, 1).contiguous()
