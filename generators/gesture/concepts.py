"""Gestures that mean something: read from Labanotation, kept with the weights, called by words.

Source: the library of gestures: Ikeuchi et al. 2019, "Design of conversational humanoid robot based on hardware
independent gesture generation". The words are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from conditioning.body.laban import laban_gestures

from .poses import HANGING, POSED, arm_rotations, head_rotations

IDLE = "theme/idle"
# Gesture -> words that call it, in English and German.
WORDS: dict[str, str] = {
    "away": "away gone leave left weg fort",
    "bad": "bad terrible awful wrong schlecht schlimm falsch",
    "big": "big huge large enormous whole gross große groß ganze",
    "small": "small little tiny bit klein wenig bisschen",
    "come": "come came join komm kommen",
    "go": "go going went gehen geht los",
    "contrast": "but however although instead versus aber jedoch sondern",
    "deictic_here": "here now today hier jetzt heute",
    "deictic_me_l": "i me my mine myself ich mich mir mein",
    "deictic_you_d": "you your yours yourself du dich dir sie ihnen",
    "deictic_that_m": "that those dass das jene",
    "deictic_this": "this these dieser diese dieses",
    "deictic_there_m": "there dort da",
    "many": "many all everyone everybody everything every lots viele alle alles",
    "question": "what why how who where when which was warum wie wer wo wann",
    "nod": "yes yeah okay sure right ja genau",
    "shake_head": "no not never nothing nobody don't can't won't nein nicht nie nichts kein",
    "think_d_high_s": "think maybe perhaps wonder believe guess denke vielleicht glaube",
    "hello": "hello hi welcome hallo",
    "goodbye": "goodbye bye tschüss wiedersehen",
    "thanks": "thanks thank grateful danke dank",
    "sorry": "sorry apologise leid entschuldigung",
    "please4": "please bitte",
    "good": "good great fine gut prima",
    "nice": "nice lovely beautiful wonderful schön toll",
    "open_two_arms": "world open people together welt menschen zusammen",
    "surprised": "wow suddenly surprise plötzlich",
    "confuse_r": "confused unsure unclear unsicher",
    "say": "say said tell told talk speak sagen sagt erzählen",
    "interesting": "interesting curious spannend",
    "youandme4": "we us our both wir uns unser beide",
    "beat_rotate": "again over keep wieder weiter",
    "quit": "stop finish end schluss ende halt",
}


@dataclass(frozen=True)
class Gesture:
    """A gesture of K key poses.

    Attributes:
        name: of its file. category: "beat", "deictic", "thinking", "iconic/emblem" or "theme/idle".
        times_s: (K,) rising. poses: (K, 10, 4) as `poses.POSED`.
    """

    name: str
    category: str
    times_s: np.ndarray
    poses: np.ndarray

    @property
    def strokes(self) -> np.ndarray:
        """The key poses that are not rest, at most three. (N, 10, 4)"""
        away = [pose for pose in self.poses if np.abs((pose * REST).sum(-1)).min() < 0.97]
        return np.stack(away[:3] or [self.poses[len(self.poses) // 2]])


REST = np.concatenate([arm_rotations(HANGING, "left"), arm_rotations(HANGING, "right"), head_rotations()])


def read_library(folder: str | Path) -> list[Gesture]:
    """Reads the library, without what stands idle.

    Raises:
        FileNotFoundError, ValueError: as `conditioning.body.laban.laban_gestures`.
    """
    return [
        Gesture(read.name, read.category, read.times_s, read.rotations[:, POSED])
        for read in laban_gestures(folder)
        if read.category != IDLE and len(read.times_s) > 1
    ]


class Library:
    """Gestures to draw from.

    Args:
        gestures: at least one.
    """

    def __init__(self, gestures: Sequence[Gesture]) -> None:
        self.by_name = {gesture.name: gesture for gesture in gestures}
        self.called = {
            word: self.by_name[name]
            for name, words in WORDS.items()
            if name in self.by_name
            for word in words.split()
        }

    def of_word(self, word: str) -> Gesture | None:
        """The gesture that a word calls, if any."""
        return self.called.get(word.strip(" \t\n.,;:!?\"'()").lower())
