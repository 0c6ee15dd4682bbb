"""What real people's faces do when they show an emotion: action units as published, and what they are in
ARKit's coefficients.

Nothing here is taken from the presets that the portrait backend learns from. Faces are drawn as combinations
of action units, each as strong as FACS' letters A to E say, and turned into coefficients by a map whose
entries vary from one tracker to another.

Source: shares of action units by emotion: Du, Tao and Martinez, "Compound facial expressions of emotion",
PNAS 111(15), 2014, Table 1 (230 people). Prototypes and variants: Ekman, Friesen and Hager, "FACS
Investigator's Guide", 2002, Table 10-1, as in Friesen and Ekman, "EMFACS-7", 1983. Contempt: Ekman and
Friesen, "A new pan-cultural facial expression of emotion", Motivation and Emotion 10, 1986. The map is this
project's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from conditioning.face.arkit import INDEX, NAMES

# MEAD's eight.
LABELS = ("neutral", "angry", "contempt", "disgusted", "fear", "happy", "sad", "surprised")
NEUTRAL = LABELS.index("neutral")
# Units that more than 70 % of the people showed stand with this share; those in brackets with their own.
CONSISTENT = 0.85
DU_2014: Mapping[str, Mapping[int, float]] = {
    "happy": {12: CONSISTENT, 25: CONSISTENT, 6: 0.51},
    "sad": {4: CONSISTENT, 15: CONSISTENT, 1: 0.60, 6: 0.50, 11: 0.26, 17: 0.67},
    "fear": {1: CONSISTENT, 4: CONSISTENT, 20: CONSISTENT, 25: CONSISTENT, 2: 0.57, 5: 0.63, 26: 0.33},
    "angry": {4: CONSISTENT, 7: CONSISTENT, 24: CONSISTENT, 10: 0.26, 17: 0.52, 23: 0.29},
    "surprised": {1: CONSISTENT, 2: CONSISTENT, 25: CONSISTENT, 26: CONSISTENT, 5: 0.66},
    "disgusted": {9: CONSISTENT, 10: CONSISTENT, 17: CONSISTENT, 4: 0.31, 24: 0.26},
}
# Letters bound the strength, U is one side only.
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "happy": ("6+12", "12C", "12D", "6+12+25"),
    "sad": (
        "1+4+11+15B", "1+4+15", "6+15", "1+4+11", "1+4+15B", "1+4+15B+17", "11+15B", "11+17", "1+4+15+25",
    ),
    "fear": (
        "1+2+4+5+20+25", "1+2+4+5+20+26", "1+2+4+5+20+27", "1+2+4+5+7+20+26", "1+2+4+5+25", "1+2+4+5+26",
        "1+2+4+5", "1+2+4+5+U20+25", "5+20", "5+20+26",
    ),
    "angry": (
        "4+5+7+10+22+23+25", "4+5+7+10+23+25", "4+5+7+23+25", "4+5+7+17+23", "4+5+7+17+24", "4+5+7+23",
        "4+5+7+24", "4+7+23", "4+7+17+24", "4+5+23",
    ),
    "surprised": ("1+2+5B+26", "1+2+5B+27", "1+2+5B", "1+2+26", "1+2+27", "5B+26", "5B+27"),
    "disgusted": ("9", "9+16+15+26", "9+17", "10", "10+16+25", "10+17", "9+15+17", "9+10+17"),
    "contempt": ("U12+U14", "U14", "U12B+U14", "U12+U14+17", "U10+U14", "U12", "14"),
}  # fmt: skip
LETTERS = {"A": (0.05, 0.2), "B": (0.2, 0.4), "C": (0.4, 0.65), "D": (0.65, 0.85), "E": (0.85, 1.0)}
# How often an acted emotion has each letter where the source says none.
LETTER_SHARES = {"B": 0.1, "C": 0.4, "D": 0.35, "E": 0.15}
# Unit -> what a tracker that gives ARKit's coefficients says of it at full strength; both sides alike.
ARKIT: Mapping[int, Mapping[str, float]] = {
    1: {"browInnerUp": 1.0},
    2: {"browOuterUp": 1.0},
    4: {"browDown": 1.0},
    5: {"eyeWide": 1.0},
    6: {"cheekSquint": 1.0, "eyeSquint": 0.5},
    7: {"eyeSquint": 1.0},
    9: {"noseSneer": 1.0, "mouthUpperUp": 0.3, "browDown": 0.3},
    10: {"mouthUpperUp": 1.0, "noseSneer": 0.25},
    11: {"noseSneer": 0.2, "mouthUpperUp": 0.3},
    12: {"mouthSmile": 1.0, "cheekSquint": 0.15},
    14: {"mouthDimple": 1.0, "mouthSmile": 0.15},
    15: {"mouthFrown": 1.0},
    16: {"mouthLowerDown": 1.0},
    17: {"mouthShrugLower": 1.0, "mouthShrugUpper": 0.4},
    20: {"mouthStretch": 1.0},
    22: {"mouthFunnel": 1.0},
    23: {"mouthPress": 0.4, "mouthRollLower": 0.5, "mouthRollUpper": 0.4},
    24: {"mouthPress": 1.0, "mouthRollLower": 0.2, "mouthRollUpper": 0.2},
    25: {"mouthLowerDown": 0.25, "mouthUpperUp": 0.15, "jawOpen": 0.1},
    26: {"jawOpen": 0.4, "mouthLowerDown": 0.1},
    27: {"jawOpen": 0.9, "mouthLowerDown": 0.2},
}
# What nobody holds while speaking: the lips have words to say.
OF_SPEECH = (16, 17, 22, 23, 24, 25, 26, 27)


@dataclass(frozen=True)
class Unit:
    """An action unit of one face: its number, strength in 0..1, and which sides show it."""

    number: int
    strength: float
    sides: tuple[str, ...] = ("Left", "Right")


def parse_variant(text: str) -> list[tuple[int, str, bool]]:
    """Reads "U12B+U14" as (number, letter or "", one side only).

    Raises:
        ValueError: something that is no action unit.
    """
    found = []
    for part in text.split("+"):
        match = re.fullmatch(r"(U?)(\d+)([A-E]?)", part)
        if match is None or int(match[2]) not in ARKIT:
            raise ValueError(f"expected action units such as 1+2+5B or U14, got {text!r}")
        found.append((int(match[2]), match[3], bool(match[1])))
    return found


def draw_units(emotion: str, rng: np.random.Generator, source: str = "both") -> list[Unit]:
    """Draws how one person shows an emotion at full strength.

    Args:
        emotion: out of `LABELS`.
        source: "shares" (Du et al.), "variants" (Ekman et al.) or "both"; contempt has variants only.

    Raises:
        ValueError: an emotion or a source that there is not.
    """
    if emotion not in LABELS:
        raise ValueError(f"expected an emotion out of {', '.join(LABELS)}, got {emotion!r}")
    if source not in ("shares", "variants", "both"):
        raise ValueError(f"expected a source out of shares, variants, both, got {source!r}")
    if emotion == "neutral":
        return []
    if source == "both":
        source = "shares" if rng.random() < 0.6 else "variants"
    if source == "shares" and emotion in DU_2014:
        return from_shares(DU_2014[emotion], rng)
    side = str(rng.choice(["Left", "Right"]))
    rows = parse_variant(str(rng.choice(VARIANTS[emotion])))
    return [
        Unit(number, strength(letter, rng), (side,) if one else ("Left", "Right"))
        for number, letter, one in rows
    ]


def from_shares(shares: Mapping[int, float], rng: np.random.Generator) -> list[Unit]:
    """Draws units with their shares, at least two of the consistent ones."""
    consistent = [number for number, share in shares.items() if share >= CONSISTENT]
    while True:
        found = [number for number, share in shares.items() if rng.random() < share]
        if sum(number in consistent for number in found) >= min(2, len(consistent)):
            return [Unit(number, strength("", rng)) for number in found]


def strength(letter: str, rng: np.random.Generator) -> float:
    """Draws a strength in 0..1 of a letter, of any usual one for ""."""
    letter = letter or str(rng.choice(list(LETTER_SHARES), p=list(LETTER_SHARES.values())))
    return float(rng.uniform(*LETTERS[letter]))


def draw_map(rng: np.random.Generator) -> np.ndarray:
    """Draws how one tracker reads units: (units, 2 sides, 52), rows in the order of `ARKIT`."""
    table = np.zeros((len(ARKIT), 2, len(NAMES)))
    for row, shapes in enumerate(ARKIT.values()):
        for begin, gain in shapes.items():
            drawn = gain * rng.uniform(0.6, 1.2)
            for at, side in enumerate(("Left", "Right")):
                # What ARKit does not split into sides gets half from each.
                if begin in INDEX:
                    table[row, at, INDEX[begin]] = drawn / 2
                else:
                    table[row, at, INDEX[begin + side]] = drawn
    return table


ROWS = {number: row for row, number in enumerate(ARKIT)}


def coefficients(units: list[Unit], table: np.ndarray, level: float = 1.0) -> np.ndarray:
    """What a tracker says of units: (52,) in 0..1.

    Args:
        table: from `draw_map`. level: how strong the whole is, 1 as drawn.
    """
    found = np.zeros(len(NAMES))
    for unit in units:
        for at, side in enumerate(("Left", "Right")):
            if side in unit.sides:
                found += level * unit.strength * table[ROWS[unit.number], at]
    return found.clip(0, 1)


def spoken(units: list[Unit], rng: np.random.Generator) -> list[Unit]:
    """Gives what of units is left on a face that speaks: the lips' own ones fade."""
    return [
        Unit(unit.number, unit.strength * rng.uniform(0, 0.6), unit.sides)
        if unit.number in OF_SPEECH
        else unit
        for unit in units
    ]
