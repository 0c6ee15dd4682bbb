"""Stand-ins for the trials of videos: drawn faces and hands that show what is asked, a drawer, and clips of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from generators.moving_picture import VideoWriter
from generators.video.animations import Animation

SIDE = 64
EMOTIONS = ("happy", "sad", "neutral", "approval")
GROUNDS = {"blue": (128, 176, 226), "pink": (244, 182, 206)}
CONFIG = {
    "least_clips": 4, "added": (), "folds": 3, "views": 2, "stills": 4, "kept": 2, "width": 1.0, "penalty": 0.03,
    "seed": 0,
}  # fmt: skip


def picture(emotion="neutral", strength=1.0, phase=0.0, ground=(255, 255, 255), odd=0.0, side=SIDE):
    """A round face whose mouth bends with the emotion and that bobs a little, or a hand. (side, side, 3) uint8"""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    y = y + 0.05 * np.sin(2 * np.pi * phase)
    pixels = np.empty((side, side, 3), np.uint8)
    pixels[:] = ground
    if emotion == "approval":
        pixels[(np.abs(x) < 0.25 + 0.05 * odd) & (np.abs(y) < 0.8)] = (250, 200, 60)
        return pixels
    pixels[x**2 + y**2 < 0.7] = (250, 200 + int(20 * odd), 60)
    bend = {"happy": -1.0, "sad": 1.0}.get(emotion, 0.0) * strength
    mouth = np.abs(y - 0.35 - bend * (x**2 - 0.08) * 2) < 0.07
    pixels[mouth & (np.abs(x) < 0.42 + 0.05 * odd)] = (80, 40, 10)
    for place in (-0.3, 0.3):
        pixels[(x - place) ** 2 + (y + 0.25) ** 2 < 0.012 + 0.004 * odd] = (80, 40, 10)
    if emotion == "happy" and strength > 0:
        pixels[(np.abs(x) > 0.45) & (np.abs(y - 0.1) < 0.1) & (x**2 + y**2 < 0.7)] = (255, 110, 90)
    return pixels


def animations(count=6):
    """Some animations of each emotion; their tags say what is drawn."""
    return [
        Animation(
            f"{emotion}-{number}",
            "gesture" if emotion == "approval" else "face",
            emotion,
            0.5,
            0.1,
            Path(),
            1.0,
        )
        for emotion in EMOTIONS
        for number in range(count)
    ]


class StandInDrawer:
    """Draws as `generators.video.animations.Drawer` does."""

    def __init__(self, size=SIDE):
        self.size = size

    def draw(self, animation, times_s, view):
        odd = int(animation.tag.split("-")[1]) / 3 - 1
        phases = [view.start_s + view.speed * time for time in times_s]
        rows = [picture(animation.emotion, 1.0, at, view.background, odd, self.size) for at in phases]
        return np.stack(rows)


def film(frames, rate=15.0):
    height, width = frames.shape[1:3]
    with VideoWriter((width, height), rate) as writer:
        writer.write(frames)
        return writer.finish()


def generate(modality, **asked):
    """As `studio.generate`: a clip that shows what is asked, a picture with a feeling, or a brighter film."""
    assert modality == "video"
    level = asked["intensity"]
    if asked.get("task") == "grade":
        from studio.evaluation.video_clips import read_film

        source = read_film(Path(asked["video"]))
        if level == 0:
            return SimpleNamespace(media=SimpleNamespace(
                file=asked["video"], frames=lambda: [source.frames], frame_rate=source.frame_rate))  # fmt: skip
        lighter = (source.frames + 40 * level).clip(0, 255).astype(np.uint8)
        return SimpleNamespace(media=film(lighter, source.frame_rate))
    said = asked.get("prompt", "")
    ground = next((rgb for name, rgb in GROUNDS.items() if name in said), (255, 255, 255))
    emotion = "approval" if "hand" in said else asked["emotion"]
    light = asked.get("brightness")
    rows = [picture(emotion, level, at / 5, ground, (asked["seed"] % 5) / 3 - 1) for at in range(5)]
    frames = np.stack(rows)
    if light is not None:
        frames = (frames * light).astype(np.uint8)
    return SimpleNamespace(media=film(frames))
