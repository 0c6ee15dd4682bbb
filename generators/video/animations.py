"""Vector animations with a feeling: read, and drawn at any moment, in any size, on any colour."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# Names that people use for the colour behind, and its RGB.
BACKGROUNDS = {
    "white": (255, 255, 255),
    "black": (24, 24, 28),
    "grey": (150, 152, 158),
    "red": (214, 92, 88),
    "orange": (240, 176, 112),
    "yellow": (246, 226, 132),
    "green": (136, 196, 140),
    "blue": (128, 176, 226),
    "purple": (172, 144, 214),
    "pink": (244, 182, 206),
}


@dataclass(frozen=True)
class Animation:
    """One vector animation.

    Attributes:
        tag: its name, words joined by hyphens. kind: "face", "cat", "character", "gesture" or "symbol".
        emotion: its label. valence, arousal: in -1..1.
        path: the Lottie file. duration_s: of one round; it goes on from its end to its beginning.
    """

    tag: str
    kind: str
    emotion: str
    valence: float
    arousal: float
    path: Path
    duration_s: float

    @property
    def words(self) -> str:
        return self.tag.replace("-", " ")


@dataclass(frozen=True)
class View:
    """How an animation is drawn.

    Attributes:
        start_s: moment of the first frame. speed: how many of its seconds pass in one of ours.
        background: RGB behind it. scale: of the picture's side that it takes, 0..1.
        shift: of its middle from the picture's, (right, down) in parts of the side. mirrored: left for right.
    """

    start_s: float = 0.0
    speed: float = 1.0
    background: tuple[int, int, int] = (255, 255, 255)
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    mirrored: bool = False


def read_animations(folder: str | Path) -> list[Animation]:
    """Reads metadata.csv of noto_emotion_lottie.

    Raises:
        FileNotFoundError: no such table.
    """
    folder = Path(folder)
    table = folder / "metadata.csv"
    if not table.is_file():
        raise FileNotFoundError(f"expected a table at {folder.name}/metadata.csv, got no file")
    with open(table, encoding="utf-8", newline="") as file:
        return [
            Animation(
                row["tag"],
                row["kind"],
                row["emotion"],
                float(row["valence"]),
                float(row["arousal"]),
                folder / row["lottie"],
                int(row["src_frames"]) / float(row["src_fps"]),
            )
            for row in csv.DictReader(file)
        ]


class Drawer:
    """Draws animations; keeps those that are open.

    Raises:
        ValueError: rlottie-python is not there (the extra `animations`).
    """

    def __init__(self, size: int = 128) -> None:
        if importlib.util.find_spec("rlottie_python") is None:
            raise ValueError("expected rlottie-python (pip install 'affect-studio[animations]'), got none")
        self.size = size
        self.open: dict[Path, Any] = {}

    def draw(
        self, animation: Animation, times_s: Sequence[float] | np.ndarray, view: View | None = None
    ) -> np.ndarray:
        """Draws it at moments of a clip, (T, size, size, 3) uint8 RGB."""
        view = view or View()
        side = max(8, round(self.size * view.scale))
        lottie = self._opened(animation.path)
        count, rate = lottie.lottie_animation_get_totalframe(), lottie.lottie_animation_get_framerate()
        room = self.size - side
        top, left = (
            int(np.clip(round(room / 2 + part * self.size), min(0, room), max(0, room)))
            for part in (view.shift[1], view.shift[0])
        )
        pictures = np.empty((len(times_s), self.size, self.size, 3), np.uint8)
        pictures[:] = view.background
        for picture, time_s in zip(pictures, times_s, strict=True):
            number = round((view.start_s + view.speed * time_s) * rate) % count
            drawn = lottie.lottie_animation_render(number, width=side, height=side)
            layer = np.frombuffer(drawn, np.uint8).reshape(side, side, 4)
            place = picture[top : top + side, left : left + side]
            # Colours come as BGR, already multiplied by how much they cover.
            behind = (255 - layer[..., 3:].astype(np.uint16)) * place // 255
            place[:] = np.minimum(layer[..., 2::-1] + behind, 255)
        return pictures[:, :, ::-1] if view.mirrored else pictures

    def _opened(self, path: Path) -> Any:
        if path not in self.open:
            from rlottie_python import LottieAnimation

            self.open[path] = LottieAnimation.from_file(str(path))
        return self.open[path]
