"""A folder of small films with a table, and a recipe for tiny bases."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np

from generators.moving_picture import VideoWriter
from studio.cli_training import read_config

TABLE = """file,prompt,emotion,intensity,valence,arousal
wide.mp4,a cat,joy,0.8,,
tall.mp4,日本の海,,,-0.4,0.2
fast.mp4,a storm,"[[0, ""calm""], [1, ""anger""]]",,,
"""


def write_films(folder: Path, table: str = TABLE) -> Path:
    """Writes three films and their table; gives the folder."""
    folder.mkdir(exist_ok=True)
    write_film(folder / "wide.mp4", (64, 48), 24, 16)
    write_film(folder / "tall.mp4", (48, 64), 40, 24)
    write_film(folder / "fast.mp4", (64, 48), 30, 30)
    (folder / "films.csv").write_text(table, encoding="utf-8")
    return folder


def write_film(path: Path, size: tuple[int, int], count: int, rate: float) -> None:
    """Writes a film of squares that change their colours and get lighter."""
    random = np.random.default_rng(len(path.name) + count)
    squares = random.integers(0, 120, (1, size[1] // 16, size[0] // 16, 3))
    frames = (squares + np.linspace(0, 120, count)[:, None, None, None]).astype(np.uint8)
    with VideoWriter(size, rate) as writer:
        writer.write(frames.repeat(16, 1).repeat(16, 2))
        path.write_bytes(Path(writer.finish().file).read_bytes())


def recipe(**changes) -> dict:
    """The shipped recipe, made small; `train` and the like are merged."""
    small = {
        "sizes": [[64, 48], [48, 64]],
        "lengths": [9, 5],
        "pieces_per_film": 2,
        "held_out": 0.0,
        "lora": {"rank": 4, "alpha": 4},
        "adapter": {"rank": 8},
        "train": {"max_steps": 2, "accumulate": 1, "log_every": 1, "evaluate_every": 0, "warmup_steps": 1,
                  "num_threads": 1, "learning_rate": 1e-2},
    }  # fmt: skip
    return merged(merged(read_config("video", None), small), changes)


def merged(values: dict, changes: dict) -> dict:
    values = copy.deepcopy(values)
    for name, value in changes.items():
        values[name] = merged(values.get(name, {}), value) if isinstance(value, dict) else value
    return values
