"""Speed and memory of the portrait backend, with a plain warped film of the same size beside them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from studio.evaluation.benchmark import write_benchmark
from studio.evaluation.portrait_speed import measure_speed


def run(out_dir: str | Path | None = None, checkpoint: str = "auto", repeats: int = 3) -> dict[str, Any]:
    """Measures the portrait backend on two threads of the CPU.

    The face is a frame of our own 3D head, so that no data set is needed; to the backend it is a photo.

    Args:
        out_dir: gets bench-portrait.json and bench-portrait.md.
        checkpoint: weights to measure.
        repeats: of the short timing; the median counts.

    Returns:
        See `studio.evaluation.portrait_speed.measure_speed`.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = measure_speed(folder, photo_of_head(folder, checkpoint), checkpoint, repeats=repeats)
    if out_dir is not None:
        write_benchmark(figures, out_dir, "portrait")
    return figures


def photo_of_head(folder: Path, checkpoint: str) -> Path:
    """Keeps the first frame of a film of the 3D head as a photo."""
    from PIL import Image

    from studio import Studio

    path = folder / "head.png"
    with Studio(device="cpu") as studio:
        said = studio.generate("speech", text="Yes.", seed=1)
        said.save(folder / "yes.flac")
        media = studio.generate(
            "portrait", audio=str(folder / "yes.flac"), emotion="neutral", checkpoint=checkpoint, seed=1
        ).media
    Image.fromarray(media.stills([0])[0]).save(path)
    return path
