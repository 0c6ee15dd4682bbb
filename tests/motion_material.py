"""A moving body for tests: it sways, looks about and waves its right hand."""

from __future__ import annotations

import numpy as np

from conditioning.body.motion import BodyMotion, at_rest
from conditioning.body.rotations import about, multiplied, smooth_signs
from conditioning.body.skeleton import INDEX
from generators.media import Audio, Mark, Motion

RATE = 16_000
MARKS = (Mark(0.1, 0.4, "so", "word"), Mark(0.5, 0.9, "you", "word"))
TRACK = ((0.0, 0.6, 0.5), (0.5, 0.7, 0.6))
X, Y, Z = np.eye(3)


def waving(num_frames: int, frame_rate: float = 30.0, scale: float = 1.0, step: float = 0.0) -> BodyMotion:
    """Gives a body that waves; `step` is how far it walks, cm a second."""
    still = at_rest(num_frames, frame_rate)
    times = np.arange(num_frames) / frame_rate
    turns = still.rotations.astype(np.float64)

    def turn(joint: str, axis: np.ndarray, angle: float | np.ndarray) -> None:
        more = about(axis, np.broadcast_to(angle, num_frames))
        turns[:, INDEX[joint]] = multiplied(turns[:, INDEX[joint]], more)

    turn("left_shoulder", Z, -1.2 + 0.05 * np.sin(times))
    turn("left_elbow", Y, -0.5)
    turn("right_shoulder", Z, 0.5 + 0.2 * scale * np.sin(2 * times))
    turn("right_elbow", Z, -1.6 + 0.4 * scale * np.sin(5 * times))
    turn("right_elbow", Y, 0.6)
    turn("spine1", Z, 0.05 * np.sin(2 * times))
    turn("spine2", Y, 0.2 * np.sin(times))
    turn("head", X, 0.15 * np.sin(3 * times))
    turn("left_hip", Z, 0.06)
    turn("right_hip", Z, -0.06)
    root = still.root + np.outer(times * step, Z).astype(np.float32)
    return BodyMotion(smooth_signs(turns).astype(np.float32), root.astype(np.float32), frame_rate)


def motion(num_frames: int = 30, *, silent: bool = False) -> Motion:
    """Gives a result of one second at most, with a hum or without."""
    times = np.arange(round(num_frames / 30 * RATE)) / RATE
    hum = (0.2 * np.sin(2 * np.pi * 220 * times)).astype(np.float32)[None]
    audio = None if silent else Audio(hum, RATE, MARKS)
    return Motion(waving(num_frames), audio, () if silent else MARKS, emotion_track=TRACK)
