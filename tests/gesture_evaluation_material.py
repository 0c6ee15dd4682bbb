"""Stand-ins for the trials of gestures: bodies that show what is asked, made-up takes and results."""

from __future__ import annotations

import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from conditioning.body.motion import BodyMotion, at_rest
from conditioning.body.rotations import about, multiplied
from conditioning.body.skeleton import INDEX
from studio.evaluation.gesture_evaluator import LABELS, window_features
from studio.evaluation.gesture_manner import manner, signals
from studio.evaluation.gesture_moves import Line, Moved
from studio.evaluation.train_gesture_evaluator import Seen

RATE = 30.0
AXES = {"x": np.array([1.0, 0, 0]), "y": np.array([0, 1.0, 0]), "z": np.array([0, 0, 1.0])}
# Degrees that the head hangs, the trunk leans and the elbows go out; how fast the hands go.
MANNERS = {
    "neutral": (0, 0, 0, 1.0),
    "angry": (6, 12, 6, 2.2),
    "happy": (-10, -4, 5, 1.6),
    "sad": (28, 5, -3, 0.45),
    "tired": (14, 24, 0, 0.6),
    "insecure": (20, -3, -12, 0.9),
    "proud": (-16, -10, 22, 1.0),
    "excited": (-3, 2, 12, 2.8),
}
CONFIG = {"num_windows": 4, "shortest": 45, "longest": 80, "shrinkage": 0.3, "num_described": 4, "seed": 0}


def turned(motion, joint, axis, degrees):
    rows = motion.rotations[:, INDEX[joint]]
    by = about(AXES[axis], np.broadcast_to(np.radians(degrees), (len(motion),)))
    motion.rotations[:, INDEX[joint]] = multiplied(by, rows.astype(float))


def body(emotion="neutral", level=1.0, seed=0, count=90, swing=25.0):
    """A body that stands and moves its forearms, twice in three seconds, in the manner of an emotion."""
    rng = np.random.default_rng(seed)
    head, lean, out, speed = (
        calm + level * (felt - calm) for calm, felt in zip(MANNERS["neutral"], MANNERS[emotion], strict=True)
    )
    motion = at_rest(count, RATE)
    wobble = rng.normal(0, 1.0, 3)
    phase = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.arange(count) / 45
    turned(motion, "head", "x", head + wobble[0])
    turned(motion, "spine1", "x", lean + wobble[1])
    for side, sign in (("left", 1), ("right", -1)):
        turned(motion, f"{side}_shoulder", "z", sign * (-70 + out + wobble[2]))
        turned(
            motion, f"{side}_elbow", "y", -sign * (80 + speed * swing * np.sin(phase + rng.normal(0, 0.2)))
        )
    return motion


def seen(number, content, emotion, take, seed):
    """A made-up take as the evaluator sees it."""
    motion = body(emotion, seed=seed, swing=15.0 + zlib.crc32(content.encode()) % 20)
    looked = signals(motion)
    cuts = np.stack([manner(looked.between(start, start + 60)) for start in (0, 10, 20, 30)])
    return Seen(number, content, emotion, take, motion, window_features(looked), cuts)


def made_takes():
    """Takes of eight emotions: contents to learn from and to be tried on, of both sets."""
    contents = [(1, name) for name in ("bow", "bye", "walk", "run", "guide")] + [(2, "wave-left-hand")]
    return [
        seen(number, content, emotion, take, seed=1000 * at + 10 * LABELS.index(emotion) + take)
        for at, (number, content) in enumerate(contents)
        for emotion in (LABELS if number == 1 else ("neutral", "tired", "excited"))
        for take in ((1,) if number == 1 else (1, 2, 13))
    ]


def line(at=0, onsets=(0.5, 1.25, 2.0)):
    return Line(Path(f"line-{at}.flac"), np.array(onsets), (), at % 2)


def lines(count=4):
    return [line(at) for at in range(count)]


def move(modality, *, emotion, intensity, seed, audio="", source="", checkpoint="x", **rest):
    """A stand-in for what moves bodies."""
    said = zlib.crc32(f"{audio}{source}".encode()) % 1000
    motion = body(emotion if intensity else "neutral", intensity, seed=seed * 1000 + said)
    return SimpleNamespace(media=Moved(motion, np.array([30, 60])))


def popping(modality, **request):
    """The same with a jump where the second piece begins."""
    made = move(modality, **request).media
    rotations = made.motion.rotations.copy()
    rotations[30:, INDEX["left_shoulder"]] = multiplied(
        about(AXES["z"], np.full(60, 0.5)), rotations[30:, INDEX["left_shoulder"]].astype(float)
    )
    return SimpleNamespace(media=Moved(BodyMotion(rotations, made.motion.root, RATE), made.seams))


def results(good=True):
    """Made-up results of all sections."""
    high, low = (0.95, 0.2) if good else (0.2, 0.95)
    levels = [step / 10 for step in range(11)]
    rising = [high * level for level in levels]
    felt = {
        "levels": levels, "named": [0.0] * 10 + [high], "score": rising, "rho": high, "in_order": high,
        "speed": [20 + level for level in levels], "range": rising, "openness": [40.0] * 11,
        "implied": {"measure": "speed", "rho": high},
    }  # fmt: skip
    named = {"clips": 32, "accuracy": high, "balanced": high, "recall": dict.fromkeys(LABELS, high)}
    real = {**named, "balanced": 0.56, "gesturing": 0.5, "gesturing_takes": 14}
    by_emotion = {**dict.fromkeys(LABELS, 1.0), "mean": 1.0}
    speed = {"value": 2.0 if good else 9.0, "target": "<= 3", "passed": good}
    return {
        "evaluator": dict.fromkeys(("unseen contents, by folds", "contents", "takes", "real"), real),
        "real": {
            "skate": 1.9, "beyond": 0.0, "diversity": 2.9, "jerk": by_emotion, "jump": by_emotion,
            "ratios": {"angry": {"speed": 2.4, "range": 1.5, "openness": 1.1}},
        },
        "emotions": {
            **dict.fromkeys(LABELS[1:], felt), "neutral": {"named": 1.0},
            "confusion": np.eye(8, dtype=int).tolist(), "named": named,
        },
        "editing": {
            "named": {**named, "balanced": high - (0.0 if good else 0.2)}, "confusion": np.eye(8, dtype=int).tolist(),
            "kept": 0.9, "frechet": {"from speech": 10.0, "edited": 8.0, "real, learned from": 3.0},
            "ratio": 0.8 if good else 2.0, "sources": ["guide-1"], "jumps": {"median": 2.0, "worst": 5.0},
        },
        "beats": {
            **dict.fromkeys(LABELS, high), "mean": high, "strict": 0.4, "by chance": 0.7, "strict, by chance": 0.3,
            "sigma_s": 0.3, "hits": 0.5, "hits, by chance": 0.4, "beats": 2.0, "onsets": 3.0,
        },
        "diversity": {"neutral": 3.0, "mean": 3.0, "real": 2.9, "over real": high},
        "physics": {
            "skate": {"mean": 10 * low, "worst": 2.0, "contact": 0.9, "real": 1.9},
            "beyond": {"degrees": 0.0 if good else 5.0, "joint": "head", "share": 0.0},
            "jerk": by_emotion, "over real": 1.0 if good else 2.0, "by emotion": by_emotion,
        },
        "seams": {
            "excited": {"seams": 9, "worst": 300.0, "over real": 2 * low, "over elsewhere": 1.0 if good else 3.0,
                        "largest over real": 0.4}
        },
        "speed": {
            "seconds_a_minute": 2.0, "reference_s": 0.1, "references_a_minute": 20.0,
            "by_length": {"60 s": {"seconds": 4.0, "peak_memory_mb": 700.0}},
            "targets": {"seconds for a minute of motion, weights loaded": speed},
        },
    }  # fmt: skip
