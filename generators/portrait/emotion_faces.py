"""What each emotion looks like, without a person: a Gaussian over the expression bank at every point of the
space.

A few codes are shared by all emotions and mixed by attention, so that related feelings work together and
every point (phrases, mixtures, places of valence and arousal, any strength) has a face. Along a direction of
the space the mean is proportional to the strength: the dial is even by construction.

Source: Tan et al. 2025, "DICE-Talk: Disentangle identity, cooperate emotion", sections 3.2 (identity-agnostic
Gaussians) and 3.3 (emotion bank, attended with vector keys); on coefficients and on this space: this project.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from conditioning.face.arkit import INDEX, NAMES
from training.data.face_presets import PROTOTYPE, Anchor

if TYPE_CHECKING:
    from conditioning.space import EmotionSpace

LEAST_SPREAD = 0.08  # of a weight, in units of the training data's
VARIANT_SHARE = 0.15  # how far sets of presets pull a state's face away from its prototype
NEARNESS = 12.0  # of the cosine by which states without a face of their own borrow one
STRONGEST = 1.5
# Action units in ARKit's terms, at full strength.
UNITS: dict[int, dict[str, float]] = {
    1: {"browInnerUp": 1.0}, 2: {"browOuterUpLeft": 1.0, "browOuterUpRight": 1.0},
    4: {"browDownLeft": 1.0, "browDownRight": 1.0}, 5: {"eyeWideLeft": 1.0, "eyeWideRight": 1.0},
    6: {"cheekSquintLeft": 1.0, "cheekSquintRight": 1.0, "eyeSquintLeft": 0.3, "eyeSquintRight": 0.3},
    7: {"eyeSquintLeft": 1.0, "eyeSquintRight": 1.0}, 9: {"noseSneerLeft": 1.0, "noseSneerRight": 1.0},
    12: {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
    14: {"mouthDimpleLeft": 1.0, "mouthDimpleRight": 1.0},
    15: {"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0}, 17: {"mouthShrugLower": 1.0},
    20: {"mouthStretchLeft": 1.0, "mouthStretchRight": 1.0},
    24: {"mouthPressLeft": 1.0, "mouthPressRight": 1.0},
    43: {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
}  # fmt: skip
# Faces of states that no set of presets has, as action units and strengths. Which units: Cordaro et al. 2018,
# "Universals and cultural variations in 22 emotional expressions across five cultures"; confusion: Rozin and
# Cohen 2003, "High frequency of facial expressions corresponding to confusion, concentration, and worry".
# Lips that part are left to the mouth. Strengths, and states beyond those, are ours.
FURTHER: dict[str, dict[int, float]] = {
    "amusement": {6: 0.7, 7: 0.4, 12: 0.8}, "contentment": {12: 0.45, 43: 0.15, 6: 0.25},
    "boredom": {43: 0.4, 15: 0.3, 4: 0.1}, "confusion": {4: 0.7, 7: 0.5, 17: 0.2},
    "interest": {1: 0.5, 2: 0.45, 12: 0.25}, "curiosity": {1: 0.55, 2: 0.6, 7: 0.2, 12: 0.15},
    "pride": {12: 0.45, 43: 0.15, 17: 0.25, 2: 0.2}, "shame": {1: 0.4, 15: 0.45, 43: 0.3, 17: 0.25},
    "embarrassment": {12: 0.35, 24: 0.5, 15: 0.25, 1: 0.4, 7: 0.3}, "caring": {1: 0.5, 12: 0.35, 6: 0.2},
    "awe": {1: 0.8, 2: 0.5, 5: 0.45}, "desire": {12: 0.3, 43: 0.2, 7: 0.25, 2: 0.2},
    "love": {12: 0.55, 6: 0.45, 1: 0.35, 43: 0.1}, "sleepiness": {43: 0.5, 1: 0.3},
    "weariness": {43: 0.35, 1: 0.35, 15: 0.3}, "relief": {12: 0.4, 43: 0.35, 1: 0.25},
    "determination": {4: 0.5, 7: 0.5, 24: 0.55}, "disapproval": {4: 0.5, 15: 0.4, 17: 0.5},
    "annoyance": {4: 0.6, 7: 0.45, 24: 0.35, 14: 0.2}, "disappointment": {1: 0.5, 15: 0.5, 17: 0.4, 4: 0.15},
    "nervousness": {1: 0.6, 4: 0.35, 20: 0.45, 5: 0.35}, "anxiety": {1: 0.7, 4: 0.4, 20: 0.4, 5: 0.45},
    "excitement": {12: 0.75, 6: 0.4, 1: 0.45, 2: 0.5, 5: 0.4},
    "amazement": {1: 0.9, 2: 0.9, 5: 0.7, 12: 0.25},
    "realization": {1: 0.5, 2: 0.6, 5: 0.4}, "ecstasy": {6: 0.8, 12: 1.0, 1: 0.3, 2: 0.3},
    "rage": {4: 1.0, 5: 0.5, 7: 0.5, 9: 0.5, 24: 0.6}, "hatred": {4: 0.9, 7: 0.6, 9: 0.5, 24: 0.5},
    "aggressiveness": {4: 0.9, 5: 0.3, 7: 0.4, 24: 0.6}, "terror": {1: 1.0, 2: 0.6, 4: 0.4, 5: 1.0, 20: 0.8},
    "grief": {1: 1.0, 4: 0.4, 15: 0.8, 17: 0.5, 7: 0.4}, "despair": {1: 0.9, 4: 0.3, 15: 0.7, 43: 0.2},
    "melancholy": {1: 0.5, 15: 0.4, 43: 0.2}, "bittersweet": {1: 0.6, 12: 0.4, 15: 0.1, 6: 0.2},
    "solemnity": {4: 0.3, 24: 0.3}, "pensiveness": {4: 0.35, 7: 0.2, 17: 0.15, 43: 0.1},
    "serenity": {12: 0.25, 43: 0.2}, "relaxation": {12: 0.25, 43: 0.25},
    "tension": {4: 0.5, 7: 0.4, 24: 0.5, 5: 0.2},
    "playfulness": {12: 0.7, 6: 0.5, 2: 0.4}, "optimism": {12: 0.5, 6: 0.25, 1: 0.2, 2: 0.2},
    "gratitude": {12: 0.5, 6: 0.4, 1: 0.3}, "admiration": {12: 0.4, 1: 0.5, 2: 0.4, 5: 0.2},
    "approval": {12: 0.4, 6: 0.2, 2: 0.15}, "remorse": {1: 0.7, 15: 0.5, 4: 0.2, 43: 0.15},
    "triumph": {12: 0.8, 6: 0.5, 5: 0.3, 2: 0.3}, "disbelief": {1: 0.3, 2: 0.7, 4: 0.2, 15: 0.3},
}  # fmt: skip


class EmotionFaces(nn.Module):
    """Gives the Gaussian of a point of the emotion space.

    Args:
        num_codes: shared codes. emotion_size: of the space. width: of a row of weights.
    """

    def __init__(self, num_codes: int, emotion_size: int, width: int) -> None:
        super().__init__()
        self.keys = nn.Parameter(torch.randn(num_codes, emotion_size))
        self.means = nn.Parameter(torch.randn(num_codes, width) * 0.3)
        self.log_spreads = nn.Parameter(torch.full((num_codes, width), -1.0))
        self.log_lengths = nn.Parameter(torch.zeros(num_codes))
        self.log_sharpness = nn.Parameter(torch.tensor(2.0))

    def shares(self, offset: Tensor) -> Tensor:
        """(..., 64) offsets from neutral -> (..., codes) how much each code takes part; sums to 1."""
        near = F.normalize(offset, dim=-1) @ F.normalize(self.keys, dim=-1).T
        return (self.log_sharpness.exp() * near).softmax(-1)

    def forward(self, offset: Tensor) -> tuple[Tensor, Tensor]:
        """(..., 64) offsets from neutral -> mean and spread of the expression's weights, (..., 20) each."""
        shares = self.shares(offset)
        usual = (shares @ self.log_lengths).exp()[..., None]
        strength = offset.norm(dim=-1, keepdim=True) / usual
        mean = strength * (shares @ self.means)
        spread = LEAST_SPREAD + strength.clamp(max=STRONGEST) * (shares @ self.log_spreads.exp())
        return mean, spread


def state_faces(anchors: dict[str, list[Anchor]], space: EmotionSpace) -> tuple[np.ndarray, np.ndarray]:
    """Gives every state of the space a face and how much it varies, (K, 52) each.

    A prototype leads; other presets pull it a little and say how much it varies. States without any borrow
    from those near them in the space.
    """
    own: dict[str, tuple[np.ndarray, np.ndarray]] = {"neutral": (np.zeros(len(NAMES)), np.zeros(len(NAMES)))}
    for state in (*anchors, *FURTHER):
        if state in space.state_names and state not in own:
            own[state] = face_and_spread(state, anchors.get(state, []))
    names = [name for name in own if name != "neutral"]
    offsets = F.normalize(space.offsets().detach(), dim=-1)
    near = (NEARNESS * offsets @ offsets[[space.index(name) for name in names]].T).softmax(-1).numpy()
    means, spreads = (np.stack([own[name][part] for name in names]) for part in (0, 1))
    faces, varies = near @ means, near @ spreads
    for name, (mean, spread) in own.items():
        faces[space.index(name)], varies[space.index(name)] = mean, spread
    return faces.astype(np.float32), varies.astype(np.float32)


def face_and_spread(state: str, anchors: Sequence[Anchor]) -> tuple[np.ndarray, np.ndarray]:
    """A state's mean face and the spread of its variants, (52,) each."""
    lead = next((anchor.coefficients for anchor in anchors if anchor.source == PROTOTYPE), None)
    if lead is None:
        lead = from_units(FURTHER[state]) if state in FURTHER else anchors[0].coefficients
    others = [anchor.coefficients for anchor in anchors if anchor.source != PROTOTYPE]
    if not others or state in FURTHER:
        return lead, 0.12 * lead
    mean = (1 - VARIANT_SHARE) * lead + VARIANT_SHARE * np.mean(others, 0)
    mean = mean * np.linalg.norm(lead) / max(1e-6, float(np.linalg.norm(mean)))
    return mean.clip(0, 1), 0.06 * lead + 0.3 * np.std(others, 0)


def from_units(units: dict[int, float]) -> np.ndarray:
    """Gives action units with strengths as (52,) coefficients."""
    out = np.zeros(len(NAMES), np.float32)
    for unit, strength in units.items():
        for name, gain in UNITS[unit].items():
            out[INDEX[name]] = min(1.0, out[INDEX[name]] + gain * strength)
    return out


class FacePoints:
    """Draws points of the space at full strength, each with what it looks like.

    Points are states with their spread, mixtures of two, and places of valence, arousal and dominance, so
    that the faces of the whole space are learned and not those of a few names.

    Args:
        weights, spreads: (K, 20) of every state's face, in the expression bank.
        favoured: states that half of the draws are.
    """

    def __init__(
        self, space: EmotionSpace, weights: Tensor, spreads: Tensor, favoured: Sequence[str]
    ) -> None:
        self.space, self.weights, self.spreads = space, weights, spreads
        self.favoured = [space.index(name) for name in favoured]
        with torch.no_grad():
            self.offsets, self.scales = space.offsets(), space.scales()

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor, int]:
        """Gives offset (64,), mean (20,), spread (20,), and the state's number, -1 where it is none."""
        kind = float(torch.rand((), generator=generator))
        if kind < 0.75:
            state = self.state(generator)
            noise = 0.25 * torch.randn(64, generator=generator) * self.scales[state]
            return self.offsets[state] + noise, self.weights[state], self.spreads[state], state
        shares = torch.zeros(len(self.offsets))
        if kind < 0.9:
            share = 0.15 + 0.7 * float(torch.rand((), generator=generator))
            shares[self.state(generator)] += share
            shares[self.state(generator)] += 1 - share
            offset = self.space.mix(shares)
        else:
            place = 2 * torch.rand(3, generator=generator) - 1
            shares = self.space.places_near(place, len(self.offsets))
            offset = self.space.at_vad(place) - self.space.neutral
        return offset, shares @ self.weights, shares @ self.spreads, -1

    def state(self, generator: torch.Generator) -> int:
        if float(torch.rand((), generator=generator)) < 0.5:
            return self.favoured[int(torch.randint(len(self.favoured), (), generator=generator))]
        return int(torch.randint(len(self.offsets), (), generator=generator))


def fit_faces(
    faces: EmotionFaces, points: FacePoints, seed: int = 0, count: int = 6000, steps: int = 1500
) -> float:
    """Fits the bank by maximum likelihood; gives the mean squared distance of the means that is left."""
    generator = torch.Generator().manual_seed(seed)
    drawn = [points.draw(generator) for _ in range(count)]
    offsets, means, spreads = (torch.stack(part) for part in list(zip(*drawn, strict=True))[:3])
    with torch.no_grad():  # begin at states, as far as there are codes
        order = torch.randperm(count, generator=generator)[: len(faces.keys)]
        faces.keys.copy_(offsets[order])
        faces.means.copy_(means[order])
        faces.log_lengths.copy_(offsets[order].norm(dim=-1).clamp(min=0.1).log())
    optimizer = torch.optim.Adam(faces.parameters(), lr=0.01)
    with torch.enable_grad():
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = 0.01 * (1 - step / steps)
            rows = torch.randint(count, (512,), generator=generator)
            strength = STRONGEST * torch.rand(len(rows), 1, generator=generator)
            mean, spread = faces(strength * offsets[rows])
            far = (mean - strength * means[rows]).square()
            wanted = LEAST_SPREAD + strength * spreads[rows]
            loss = far.mean() + 0.1 * (spread - wanted).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    faces.requires_grad_(False)
    with torch.no_grad():
        return float((faces(offsets)[0] - means).square().mean())
