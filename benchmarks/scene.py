"""Speed and memory of whole scenes, and how long it takes when one line has changed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.evaluation.benchmark import machine, run_command, write_benchmark
from studio.evaluation.report import Targets

LINES = (
    "ANNA: You came back, and I did not think you would.",
    "BEN: I said I would, and here I am.",
    "ANNA: You said so many things, and none of them was true.",
    "BEN: I know, and I am sorry for all of it.",
)
OTHER = "BEN: I know, and I am sorry for most of it."
EMOTION = "0:calm, 8:angry, 14:sad"
HOME = "AFFECT_HOME"
# Of a laptop's patience: seconds that a second of film takes, and memory.
MOST_SECONDS, MOST_MB = 8.0, 3000.0


def run(out_dir: str | Path | None = None, checkpoint: str = "auto") -> dict[str, Any]:
    """Makes a scene of four lines at 1280 x 720, again with nothing changed, and again with one word changed.

    Args:
        out_dir: gets bench-scene.json and bench-scene.md.
        checkpoint: weights of the voice.

    Returns:
        "film_s"; "seconds" of the command with nothing made before, "again" with all parts there, "one_word" with
        one line changed; "per_second" of film; "peak_mb" of the largest; "targets".
    """
    with tempfile.TemporaryDirectory() as name, home_in(name):
        folder = Path(name)
        times, peaks = [], []
        for at, lines in enumerate((LINES, LINES, (*LINES[:3], OTHER))):
            path = folder / f"{at}.mp4"
            wanted = ["generate", "scene", "--text", "\n".join(lines), "--emotion", EMOTION, "--seed", "1"]
            seconds, peak = run_command([*wanted, "--checkpoint", checkpoint], path)
            times.append(seconds)
            peaks.append(peak)
        film = duration_of(path)
    figures: dict[str, Any] = {
        "film_s": round(film, 2),
        "seconds": round(times[0], 1),
        "again": round(times[1], 1),
        "one_word": round(times[2], 1),
        "per_second": round(times[0] / film, 2),
        "peak_mb": round(max(peaks)),
        "machine": machine(),
    }
    targets = Targets()
    targets.at_most("seconds for a second of film", figures["per_second"], MOST_SECONDS)
    targets.at_most("peak memory, MB", figures["peak_mb"], MOST_MB)
    figures["targets"] = targets
    if out_dir is not None:
        write_benchmark(figures, out_dir, "scene")
    return figures


@contextmanager
def home_in(folder: str) -> Iterator[None]:
    """Keeps parts of earlier scenes out of the figures."""
    before = os.environ.get(HOME)
    os.environ[HOME] = str(Path(folder) / "home")
    try:
        yield
    finally:
        if before is None:
            del os.environ[HOME]
        else:
            os.environ[HOME] = before


def duration_of(path: Path) -> float:
    """Gives the length of a film in s."""
    from conditioning.encoders.video_file import open_video

    return open_video(path).duration_s
