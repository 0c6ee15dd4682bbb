"""Readers of faces as artists and tables know them: one face an emotion, blinks, mouth shapes of phones.

Sources: EMFACS-like prototypes written for this project; mood baselines of met4citizen/TalkingHead (MIT);
morph offsets and blinks of dlp3d-ai/audio2face (MIT).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .face import existing, table_of

PROTOTYPE, MOOD, MORPHS = "emfacs", "talkinghead", "dlp3d"
# Words of the sets -> states of the emotion layer.
STATES = {
    "happy": "joy", "happiness": "joy", "sad": "sadness", "angry": "anger", "sleep": "sleepiness",
    "shyness": "embarrassment",
}  # fmt: skip
# TalkingHead's words for two coefficients at once.
BOTH = {
    "mouthSmile": ("mouthSmileLeft", "mouthSmileRight"),
    "eyesLookDown": ("eyeLookDownLeft", "eyeLookDownRight"),
    "eyesClosed": ("eyeBlinkLeft", "eyeBlinkRight"),
}
# What the morphs of an MMD model do, in ARKit's terms. The set's own table names a coefficient for 14 of 61;
# the others are ours, after what the morphs' names say in Japanese. "LR" stands for Left and Right. What has
# no counterpart (blushing, stars in the eyes) is left out.
MORPH_GAINS: dict[str, dict[str, float]] = {
    "あ": {"jawOpen": 0.6}, "い": {"mouthStretchLR": 0.5, "mouthSmileLR": 0.2},
    "う": {"mouthFunnel": 0.5, "mouthPucker": 0.4}, "え": {"jawOpen": 0.3, "mouthStretchLR": 0.3},
    "お": {"jawOpen": 0.4, "mouthFunnel": 0.5}, "ワ": {"jawOpen": 0.6, "mouthSmileLR": 0.4},
    "ん": {"mouthPressLR": 0.4, "mouthShrugLower": 0.2}, "い１": {"mouthUpperUpLR": 1.0},
    "い２": {"mouthLowerDownLR": 0.5, "mouthStretchLR": 0.3}, "あ２": {"jawOpen": 0.8},
    "にやり": {"mouthSmileLR": 0.6, "mouthDimpleLR": 0.3},
    "にやり２": {"mouthPressLR": 0.6, "mouthDimpleLR": 0.4},
    "にっこり": {"mouthSmileLR": 0.7}, "ω": {"mouthSmileLR": 0.3, "mouthRollUpper": 0.2},
    "てへぺろ": {"mouthSmileLR": 0.5, "tongueOut": 0.5}, "ぺろっ": {"tongueOut": 0.7},
    "口角上げ": {"mouthSmileLR": 0.6}, "口横広げ": {"mouthDimpleLR": 0.6, "mouthStretchLR": 0.3},
    "口横狭め": {"mouthPucker": 0.6}, "まばたき": {"eyeBlinkLR": 1.0},
    "笑い": {"eyeBlinkLR": 0.8, "cheekSquintLR": 0.6}, "なごみ": {"eyeBlinkLR": 0.8, "eyeSquintLR": 0.3},
    "ウィンク": {"eyeBlinkLeft": 0.9}, "ウィンク右": {"eyeBlinkRight": 0.9}, "ウィンク２": {"eyeBlinkLeft": 1.0},
    "ウィンク２右": {"eyeBlinkRight": 1.0}, "なごみ左": {"eyeBlinkLeft": 0.8}, "なごみ右": {"eyeBlinkRight": 0.8},
    "びっくり": {"eyeWideLR": 1.0}, "じと目": {"eyeBlinkLR": 0.35, "eyeSquintLR": 0.4},
    "喜び": {"eyeSquintLR": 0.6, "cheekSquintLR": 0.4}, "怒り目": {"eyeSquintLR": 0.4, "browDownLR": 0.3},
    "ジト目": {"eyeBlinkLR": 0.35, "eyeSquintLR": 0.4}, "下眼上": {"eyeSquintLR": 0.5, "cheekSquintLR": 0.3},
    "真面目": {"browDownLR": 0.5}, "困る": {"browInnerUp": 0.8},
    "にこり": {"browInnerUp": 0.2, "browOuterUpLR": 0.3}, "怒り": {"browDownLR": 0.9},
    "困る２": {"browInnerUp": 0.6, "browDownLR": 0.2}, "上": {"browInnerUp": 0.6, "browOuterUpLR": 0.7},
    "下": {"browDownLR": 0.5}, "前": {"browDownLR": 0.4},
    "困る左": {"browInnerUp": 0.4}, "困る右": {"browInnerUp": 0.4},
    "にこり左": {"browOuterUpLeft": 0.3}, "にこり右": {"browOuterUpRight": 0.3},
    "怒り左": {"browDownLeft": 0.9}, "怒り右": {"browDownRight": 0.9},
    "困る２左": {"browInnerUp": 0.3, "browDownLeft": 0.2},
    "困る２右": {"browInnerUp": 0.3, "browDownRight": 0.2},
    "上左": {"browInnerUp": 0.3, "browOuterUpLeft": 0.7},
    "上右": {"browInnerUp": 0.3, "browOuterUpRight": 0.7},
    "下左": {"browDownLeft": 0.5}, "下右": {"browDownRight": 0.5},
    "前左": {"browDownLeft": 0.4}, "前右": {"browDownRight": 0.4},
}  # fmt: skip
# What the model's artist gave nearly every offset file, neutral-looking ones too: part of that character's
# resting face, not of any emotion.
MORPH_REST = {"口角上げ": 0.5}


@dataclass(frozen=True)
class Anchor:
    """A face that shows an emotion.

    Attributes:
        coefficients: (names,) float32 in 0..1. source: `PROTOTYPE`, `MOOD` or `MORPHS`.
    """

    coefficients: np.ndarray
    source: str


@dataclass(frozen=True)
class Blink:
    """One blink at 30 frames a second.

    Attributes:
        lids: (F,) how far the lids close, from 0 back to 0; slightly negative where they open wider after.
        brows: (F,) how far the brows go down with it. state: of the emotion layer.
    """

    lids: np.ndarray
    brows: np.ndarray
    state: str


def emotion_anchors(folder: str | Path, names: Sequence[str]) -> dict[str, list[Anchor]]:
    """Gives every state's faces, by name of the emotion layer.

    Args:
        folder: emotion_presets. names: the coefficients wanted, ARKit's.

    Raises:
        FileNotFoundError: a table is missing. ValueError: a coefficient that is not in `names`.
    """
    folder = Path(folder)
    found: dict[str, list[Anchor]] = {}

    def add(word: str, values: dict[str, float], source: str) -> None:
        found.setdefault(STATES.get(word, word), []).append(Anchor(face_of(values, names), source))

    for row in table_of(folder / "emotion_to_au_arkit.csv"):
        add(row["emotion"], weights_of(row["arkit_blendshapes"]), PROTOTYPE)
    moods: dict[str, dict[str, float]] = {}
    for row in table_of(folder / "talkinghead_mood_baselines.csv"):
        for name in BOTH.get(row["parameter"], (row["parameter"],)):
            if name in names:  # the rest moves hands and voice
                mood = moods.setdefault(row["mood"], {})
                mood[name] = max(mood.get(name, 0.0), float(row["value"]))
    for word, values in moods.items():
        add(word, values, MOOD)
    for path in sorted((folder / "dlp3d_mmd" / "blendshapes_offset").glob("*.json")):
        morphs = json.loads(path.read_text(encoding="utf-8"))
        add(path.stem.rpartition("_")[0], from_morphs(morphs), MORPHS)
    return found


def from_morphs(morphs: dict[str, float]) -> dict[str, float]:
    """Gives offsets of an MMD model's morphs in ARKit's terms."""
    out: dict[str, float] = {}
    for morph, value in morphs.items():
        value = max(0.0, value - MORPH_REST.get(morph, 0.0))
        for name, gain in MORPH_GAINS.get(morph.strip(), {}).items():
            for one in both_sides(name):
                out[one] = out.get(one, 0.0) + gain * value
    return out


def both_sides(name: str) -> tuple[str, ...]:
    return (f"{name[:-2]}Left", f"{name[:-2]}Right") if name.endswith("LR") else (name,)


def face_of(values: dict[str, float], names: Sequence[str]) -> np.ndarray:
    """Gives coefficients by name as (names,) in 0..1."""
    out = np.zeros(len(names), np.float32)
    for name, value in values.items():
        if name not in names:
            raise ValueError(f"expected a coefficient of ARKit, got {name!r}")
        out[list(names).index(name)] = min(1.0, max(0.0, value))
    return out


def weights_of(text: str) -> dict[str, float]:
    """Reads "jawOpen:0.5 mouthFunnel:0.2"."""
    pairs = [part.split(":") for part in text.split()]
    return {name: float(value) for name, value in pairs}


def blinks(folder: str | Path) -> list[Blink]:
    """Gives dlp3d's blinks: one shape of 13 frames at each emotion's own depth."""
    found = []
    for path in sorted((Path(folder) / "dlp3d_mmd" / "blink_anim").glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        rows = np.array(data["blendshape_values"], np.float32)
        columns = dict(zip(data["blendshape_names"], rows.T, strict=True))
        word = path.stem.rpartition("_")[0] or path.stem
        brows = MORPH_GAINS["下"]["browDownLR"] * columns.get("下", np.zeros(len(rows), np.float32))
        found.append(Blink(columns["まばたき"], brows, STATES.get(word, word)))
    return found


def viseme_table(folder: str | Path, names: Sequence[str]) -> dict[str, tuple[str, np.ndarray]]:
    """Gives for each ARPAbet phone its viseme and mouth, (names,)."""
    rows = table_of(existing(Path(folder) / "arpabet_to_viseme_arkit.csv"))
    return {
        row["phoneme"]: (row["viseme"], face_of(weights_of(row["arkit_blendshapes"]), names)) for row in rows
    }
