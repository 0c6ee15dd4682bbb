"""Faces that show something, as somebody would read them from a picture: the material of the face encoder.

A face is a preset of some emotion at some strength, less even and less typical than the preset, while its
person talks, blinks or looks elsewhere. It is then seen as MediaPipe sees faces - another person, another
turn of the head, the errors that were measured on drawn heads - and fitted like a photo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import checkpoints
from training.data.face import facegood
from training.data.face_presets import emotion_anchors

from .encoders.face import STATES
from .face import mesh
from .face.arkit import BLINKS, INDEX, MIRRORED, NAMES
from .face.model import load_face_model
from .face.pose import rotation
from .face.solve import LOOKS, basis_of, looks_of, shift_of, solved

FACS = "facs"
# Combinations of action units that express a state, several each as people differ; minus: on one side alone.
# Source: Ekman, Friesen and Hager, "FACS Investigator's Guide", 2002, table 10-1; contempt: Matsumoto and
# Ekman 2004. The strengths, and in which coefficients units show, are ours.
COMBINATIONS: dict[str, tuple[dict[int, float], ...]] = {
    "anger": (
        {4: 0.9, 5: 0.5, 7: 0.6, 23: 0.6}, {4: 0.9, 5: 0.5, 7: 0.6, 10: 0.5, 25: 0.5, 26: 0.3},
        {4: 0.9, 7: 0.6, 24: 0.7}, {4: 0.8, 7: 0.5, 17: 0.4, 23: 0.6},
        {4: 0.9, 5: 0.6, 25: 0.5, 26: 0.5, 10: 0.4}, {4: 0.9, 7: 0.5, 15: 0.4, 17: 0.5},
    ),
    "contempt": (
        {-12: 0.55, -14: 0.6}, {-14: 0.8}, {-12: 0.6}, {-14: 0.7, 4: 0.15}, {-10: 0.3, -12: 0.5, -14: 0.4},
    ),
    "disgust": (
        {9: 0.9}, {9: 0.8, 10: 0.5}, {10: 0.8, 17: 0.5}, {9: 0.8, 16: 0.4, 25: 0.3},
        {9: 0.7, 4: 0.4, 7: 0.4, 15: 0.4}, {9: 0.8, 10: 0.5, 17: 0.5, 15: 0.4},
    ),
    "fear": (
        {1: 0.9, 2: 0.6, 4: 0.4, 5: 0.9, 20: 0.7, 26: 0.4}, {1: 0.9, 2: 0.6, 4: 0.5, 5: 0.8, 25: 0.4},
        {1: 0.9, 2: 0.5, 4: 0.5, 5: 0.9}, {1: 0.7, 4: 0.4, 5: 0.8, 20: 0.6},
        {5: 0.9, 20: 0.8, 26: 0.3, 1: 0.5},
    ),
    "joy": (
        {6: 0.7, 12: 0.9}, {12: 0.8}, {6: 0.7, 12: 0.9, 25: 0.6}, {6: 0.8, 12: 1.0, 25: 0.6, 26: 0.5},
        {12: 0.7, 7: 0.3},
    ),
    "sadness": (
        {1: 0.8, 4: 0.3, 15: 0.7}, {1: 0.8, 15: 0.6, 17: 0.4}, {1: 0.7, 4: 0.4, 11: 0.3, 15: 0.5},
        {1: 0.8, 4: 0.3}, {6: 0.3, 15: 0.7, 17: 0.4}, {1: 0.6, 15: 0.5, 43: 0.3},
    ),
    "surprise": (
        {1: 0.9, 2: 0.9, 5: 0.6, 26: 0.5}, {1: 0.9, 2: 0.9, 26: 0.5}, {1: 0.8, 2: 0.8, 5: 0.7},
        {5: 0.7, 26: 0.6, 1: 0.5, 2: 0.5}, {1: 0.9, 2: 0.9, 5: 0.6, 27: 0.8},
    ),
}  # fmt: skip
UNITS: dict[int, dict[str, float]] = {
    1: {"browInnerUp": 1.0}, 2: {"browOuterUp": 1.0}, 4: {"browDown": 1.0}, 5: {"eyeWide": 1.0},
    6: {"cheekSquint": 1.0, "eyeSquint": 0.3}, 7: {"eyeSquint": 1.0}, 9: {"noseSneer": 1.0, "browDown": 0.2},
    10: {"mouthUpperUp": 0.9, "noseSneer": 0.2}, 11: {"mouthUpperUp": 0.3}, 12: {"mouthSmile": 1.0},
    14: {"mouthDimple": 1.0}, 15: {"mouthFrown": 1.0}, 16: {"mouthLowerDown": 1.0},
    17: {"mouthShrugLower": 1.0}, 20: {"mouthStretch": 1.0},
    23: {"mouthPress": 0.6, "mouthRollLower": 0.4, "mouthRollUpper": 0.3}, 24: {"mouthPress": 1.0},
    25: {"mouthLowerDown": 0.5, "mouthUpperUp": 0.4}, 26: {"jawOpen": 0.5}, 27: {"jawOpen": 0.9},
    43: {"eyeBlink": 1.0},
}  # fmt: skip
# Photos and paintings differ from drawn heads: people and errors are taken to spread this much more widely.
WIDER_PEOPLE, WIDER_ERRORS = 1.3, 1.6
# MediaPipe sees one-sided faces as more even than they are; up to this share of the other side.
MOST_EVENED = 0.5
# Brows are higher or lower, bushy or plucked, in ways that no set of heads has: spread in cm.
BROWS = 0.15
# Usual turns of heads in portraits, degrees: yaw, pitch, roll.
TURNS = (16, 9, 5)
# Most portraits show nothing much.
NEUTRAL_SHARE = 0.3
# A preset's strongest coefficient at full strength, as artists mean anything between .2 and 1 by "full".
FULL = 0.8


@dataclass(frozen=True, eq=False)
class Examples:
    """Faces as they were read.

    Attributes:
        expression: (N, 52) fitted. state: (N,) index in `STATES`. strength: (N,) 0 for neutral, else to 1.3.
        source: (N,) the preset's.
    """

    expression: np.ndarray
    state: np.ndarray
    strength: np.ndarray
    source: np.ndarray


def of_units(units: Mapping[int, float]) -> np.ndarray:
    """(52,) coefficients of action units and strengths; of negative units the right side alone."""
    face = np.zeros(len(NAMES), np.float32)
    for unit, strength in units.items():
        for stem, gain in UNITS[abs(unit)].items():
            for name in (stem, f"{stem}Left", f"{stem}Right"):
                if name in INDEX and not (unit < 0 and name.endswith("Left")):
                    face[INDEX[name]] = max(face[INDEX[name]], gain * strength)
    return face


def presets(data_dir: str | Path) -> list[tuple[str, str, np.ndarray]]:
    """Gives (state, source, (52,) face at full strength) of every preset of a state that is read.

    Raises:
        FileNotFoundError: a table is missing.
    """
    found = [(state, FACS, of_units(units)) for state, sets in COMBINATIONS.items() for units in sets]
    anchors = emotion_anchors(Path(data_dir) / "face" / "emotion_presets", NAMES)
    for state in STATES:
        for anchor in anchors.get(state, []):
            face = anchor.coefficients.copy()
            face[list(LOOKS)] = 0
            if face.max() > 0:
                face *= max(1.0, FULL / face.max())
            found.append((state, anchor.source, face))
    return [*found, ("neutral", FACS, np.zeros(len(NAMES), np.float32))]


def acted(face: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """(52,) a preset as somebody makes it: unevenly, with parts left out, and mirrored as often as not."""
    uneven = np.exp(rng.normal(0, 0.25, len(face)))
    shown = face * uneven * (rng.random(len(face)) > 0.08)
    shown = shown[list(MIRRORED)] if rng.random() < 0.5 else shown
    return (strength * shown).clip(0, 1)


def besides(rng: np.random.Generator, talk: np.ndarray) -> np.ndarray:
    """(52,) what a face does that is no feeling: it talks, blinks a little, is never quite at rest."""
    face = rng.exponential(0.02, len(NAMES)) * (rng.random(len(NAMES)) < 0.5)
    face = (face + face[list(MIRRORED)]) / 2
    if rng.random() < 0.4:
        face = np.maximum(face, rng.uniform(0.3, 1) * talk[rng.integers(len(talk))])
    if rng.random() < 0.25:
        face[[INDEX[name] for name in BLINKS]] += rng.uniform(0.05, 0.5)
    face[list(LOOKS)] = 0
    return face


class Camera:
    """Sees faces as MediaPipe would, and reads them as a photo is read."""

    def __init__(self) -> None:
        self.model = load_face_model()
        self.basis = basis_of(self.model)
        self.noise = self.model.noise.double().numpy()

    def __call__(self, expression: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(52,) what a face does -> (52,) what is read of it."""
        basis = self.basis
        gaze = rng.normal(0, (0.15, 0.08))
        evened = rng.uniform(0, MOST_EVENED)
        expression = (1 - evened) * expression + evened * expression[list(MIRRORED)]
        expression[list(LOOKS)] = looks_of(gaze)
        angles = rng.normal(0, np.radians(TURNS))
        identity = WIDER_PEOPLE * rng.standard_normal(len(basis.seen_identities))
        yaw, pitch, _ = angles
        views = np.array([1.0, yaw, pitch, yaw * yaw, pitch * pitch, yaw * pitch])
        points = np.tensordot(views, basis.seen_views, 1) + np.tensordot(identity, basis.seen_identities, 1)
        points = points + np.tensordot(expression, basis.seen_expressions, 1)
        points[mesh.NUM_SKIN :] += shift_of(gaze, basis.radius)
        brows: Any = points[[*mesh.BROW_LEFT, *mesh.BROW_RIGHT], 1]
        points[[*mesh.BROW_LEFT, *mesh.BROW_RIGHT], 1] = brows + rng.normal(0, BROWS)
        landmarks = points @ rotation(angles).T
        errors = WIDER_ERRORS * rng.standard_normal(len(self.noise))
        landmarks[:, :2] += np.tensordot(errors, self.noise, 1)
        landmarks[:, :2] += float(self.model.noise_std) * rng.standard_normal((mesh.NUM_POINTS, 2))
        return solved(basis, landmarks, rounds=3).expression


def make_examples(data_dir: str | Path, sources: Sequence[str], count: int, seed: int) -> Examples:
    """Makes faces from the presets of some sources.

    Args:
        sources: `FACS` and the sources of `training.data.face_presets`.
        count: faces, of every state that is no rest as many; seed: of everything that is drawn.
    """
    rng = np.random.default_rng(seed)
    talk = np.concatenate(
        [take.coefficients for take in facegood(Path(data_dir) / "face" / "facegood", NAMES)]
    )
    by_state: dict[str, list[tuple[str, np.ndarray]]] = {state: [] for state in STATES}
    for state, source, face in presets(data_dir):
        if source in sources or state == "neutral":
            by_state[state].append((source, face))
    states = [state for state in STATES if by_state[state] and state != "neutral"]
    camera = Camera()
    rows: list[tuple[np.ndarray, int, float, str]] = []
    for number in range(count):
        state = "neutral" if rng.random() < NEUTRAL_SHARE else states[number % len(states)]
        kinds = sorted({source for source, _ in by_state[state]})
        kind = kinds[rng.integers(len(kinds))]  # a source with many presets counts no more than one with few
        faces = [face for source, face in by_state[state] if source == kind]
        strength = 0.0 if state == "neutral" else float(rng.uniform(0.2, 1.3))
        face = acted(faces[rng.integers(len(faces))], strength, rng)
        read = camera(np.maximum(face, besides(rng, talk)).clip(0, 1), rng)
        rows.append((read.astype(np.float32), STATES.index(state), strength, kind))
    return Examples(*(np.array(column) for column in zip(*rows, strict=True)))


def kept_examples(
    data_dir: str | Path, config: Mapping[str, Any], sources: Sequence[str], cache: Path
) -> Examples:
    """As `make_examples`, computed once into `cache`."""
    keys = ("expression", "state", "strength", "source")
    name = "_".join(sources)
    path = cache / f"{name}_{config['examples']}_{config['seed']}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as data:
            return Examples(*(data[key] for key in keys))
    torch.manual_seed(config["seed"])
    made = make_examples(data_dir, sources, config["examples"], config["seed"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with checkpoints.replace_file(path) as partial, open(partial, "wb") as file:
        np.savez(file, **{key: getattr(made, key) for key in keys})
    return made
