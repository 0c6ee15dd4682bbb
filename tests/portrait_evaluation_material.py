"""Stand-ins for the trials of portraits: faces that show what is asked, films of points, made-up results."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from conditioning.face.arkit import INDEX, NAMES, indices
from conditioning.face.motion import FaceMotion
from studio.evaluation.portrait_moves import Film, Line
from studio.evaluation.portrait_samples import captures_of
from studio.evaluation.portrait_units import ARKIT, LABELS, Unit, coefficients

# One clear face each, at FACS' letter D.
CLEAR = {
    "neutral": (),
    "angry": (4, 5, 7, 23),
    "contempt": (12, 14),
    "disgusted": (9, 10, 17),
    "fear": (1, 2, 4, 5, 20),
    "happy": (6, 12),
    "sad": (1, 4, 15, 17),
    "surprised": (1, 2, 5, 26),
}
LEVELS = [0.0, 0.25, 0.5, 0.75, 1.0]


def plain_map():
    """The map from units to coefficients with every gain as published: (units, 2, 52)."""
    table = np.zeros((len(ARKIT), 2, len(NAMES)))
    for row, shapes in enumerate(ARKIT.values()):
        for begin, gain in shapes.items():
            for at, side in enumerate(("Left", "Right")):
                if begin in INDEX:
                    table[row, at, INDEX[begin]] = gain / 2
                else:
                    table[row, at, INDEX[begin + side]] = gain
    return table


def clear_face(emotion, level=1.0):
    """(52,) of an emotion; contempt on one side."""
    sides = ("Left",) if emotion == "contempt" else ("Left", "Right")
    units = [Unit(number, 0.75, sides) for number in CLEAR[emotion]]
    return coefficients(units, plain_map(), level)


def talking(num_frames=90, level=0.5):
    """(T, 52) a mouth that opens and shuts twice a second, at 30 Hz."""
    rows = np.zeros((num_frames, len(NAMES)), np.float32)
    phase = np.arange(num_frames) / 30 * 2 * np.pi * 2
    rows[:, INDEX["jawOpen"]] = level * np.maximum(0, np.sin(phase))
    rows[:, indices("mouthLowerDown")] = 0.3 * level * np.maximum(0, np.sin(phase))[:, None]
    return rows


def moving_head(num_frames=90):
    """(T, 6)"""
    at = np.linspace(0, 4, num_frames)[:, None]
    return (0.1 * np.sin(at + np.arange(6))).astype(np.float32)


def move(modality, *, audio, emotion, intensity, seed, checkpoint="x", pose_scale=1.0, expression_scale=1.0):
    """A stand-in for what moves faces: everything is kept apart as it should be."""
    rows = talking() + expression_scale * clear_face(emotion, intensity)[None].astype(np.float32)
    motion = FaceMotion(rows.clip(0, 1), pose_scale * moving_head(), np.zeros((90, 2), np.float32), 30.0)
    return SimpleNamespace(media=SimpleNamespace(motion=motion))


def lines(count=2):
    """Lines whose closed sounds are where `talking` shuts."""
    return [Line(Path(f"line-{at}.flac"), ((0.3, 0.45), (0.8, 0.95))) for at in range(count)]


def made_captures():
    """Captures of a mouth that talks and a face that twitches."""
    rng = np.random.default_rng(0)
    face = 0.1 + 0.02 * rng.standard_normal((200, len(NAMES)))
    return captures_of([talking(200)], [face.clip(0, 1)], 30.0)


def points(count=4, shift=0.0):
    """(T, 478, 3) landmarks in pixels of nobody in particular."""
    rng = np.random.default_rng(1)
    rows = np.repeat(rng.uniform(100, 300, (1, 478, 3)), count, axis=0)
    return (rows + shift).astype(np.float32)


def film(count=4):
    return Film(points(count), np.zeros((count, len(NAMES)), np.float32), 1.0, 0.0)


def results(good=True):
    """Made-up results of all sections."""
    rising = [0.0, 0.2, 0.4, 0.7, 1.0]
    named = 1.0 if good else 0.5
    moving = [name for name in LABELS if name != "neutral"]
    row = {
        "levels": LEVELS,
        "named": [0, 0, 0.5, 0.8, named],
        "absolute": [0, 0, 0.5, 0.7, named],
        "score": rising,
        "rho": 1.0 if good else 0.9,
        "in_order": 1.0,
        "ends_in_order": 1.0,
        "range": 1.0,
    }
    mouth = {
        "correlation": 0.8 if good else 0.7,
        "closed": 0.95,
        "closures": 20,
        "error": 1.0,
        "largest": 2.0,
    }
    plain = {**mouth, "error": 1.5 if good else 1.1}
    take = {"ours": mouth, "loudness": plain, "phone table": plain}
    confusion = (4 * np.eye(len(LABELS), dtype=int)).tolist()
    change = {"closures": 0.0 if good else 0.2, "opening": 0.99, "pose": 0.01}
    face = {
        "named": {name: name for name in LABELS},
        "shape": 0.01 if good else 0.05,
        "shape mean": 0.01,
        "seen": 1.0,
        "backdrop": 0.1,
        "lids": 0.2,
        "lips": 0.9,
    }
    accuracy = {"relative": {"accuracy": 0.97}, "absolute": {"accuracy": 0.9}}
    return {
        "evaluator": {
            "coefficients": {"stills": accuracy},
            "frames": {"stills": accuracy},
            "presets": {"emfacs": {"named": 1.0, "faces": 7, "wrong": []}},
            "real captures": {"speech": {"neutral": 1.0}},
        },
        "lips": {"takes": {"one": take}, "mean": take, "words": {"closed": 1.0, "sounds": 40}},
        "emotions": {
            "neutral": {"named": 1.0, "absolute": 1.0},
            **{name: dict(row) for name in moving},
            "confusion": confusion,
            "accuracy": named,
        },
        "separation": {
            "emotions": {name: dict(change) for name in moving},
            "pose scale": 0.0,
            "expression scale": 0.0,
            "jitter": {"mouth": {"neutral": 1.0, "happy": 1.1}},
        },
        "rendered": {
            "portraits": {"mona": face},
            "emotions": {name: 1.0 for name in LABELS},
            "confusion": confusion,
            "accuracy": named,
            "dial": {name: dict(row) for name in moving},
            "photos": {"mona": {"happy": 0.8}},
        },
        "speed": {
            "frames_a_second": 30.0,
            "plain_frames_a_second": 90.0,
            "speed_over_plain": 0.33,
            "by_length": {"10 s": {"frames_a_second": 25.0, "peak_memory_mb": 900.0}},
            "targets": {"frames a second": {"value": 30.0, "target": ">= 25", "passed": True}},
        },
    }
