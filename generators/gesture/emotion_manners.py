"""The manner of every emotion: measured from people where there are recordings, after published statistics where
there are none, and between them by nearness in the space.

Along a direction of the space a manner is proportional to the strength: the dial is even by construction.

Source: an emotion as a Gaussian without a person: Tan et al. 2025, "DICE-Talk", section 3.2; on manners and on this
space, by kernel regression (Nadaraya 1964): this project.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from conditioning import Emotion
from conditioning.body.skeleton import INDEX
from conditioning.names import NEUTRAL

from .manner import EXTENT, HEIGHT, MOVED, NUM_MANNER, POSTURE, SWAY, TEMPO, bounded

if TYPE_CHECKING:
    from conditioning.space import EmotionSpace

NEARNESS = 14.0  # of the cosine by which states without a manner of their own borrow one
SHARPNESS = 30.0  # of the cosine between a point and the states
RIDGE = 0.004
STRONGEST = 1.5
DIALS = (
    "head down", "spine bent", "leaning", "shrug", "rounded", "arms out", "elbows", "lower",
    "arms", "torso", "head", "tempo", "sway",
)  # fmt: skip
# How people carry and move themselves: degrees (head bowed, spine bent, trunk leaning forwards, shoulders raised,
# shoulders drawn forwards, upper arms away from the body, elbows bent), the pelvis lower in cm, then logs of how far
# arms, torso and head move, of tempo and of sway. What is high and what is low: Wallbott 1998, "Bodily expression of
# emotion", tables 3 to 5 (shoulders, head, arms; movement activity, expansiveness, dynamics); de Meijer 1989, "The
# contribution of general features of body movement to the attribution of emotions" (trunk bowed or stretched, arms
# opening, force, velocity); Camurri et al. 2003, "Recognizing emotion from dance movement" (contraction, quantity);
# Kleinsmith and Bianchi-Berthouze 2013, "Affective body expression perception and recognition: a survey", table 2.
# The numbers are ours.
PUBLISHED: dict[str, tuple[float, ...]] = {
    "anger": (6, 4, 6, 5, 6, 7, 22, 1.5, 0.40, 0.25, 0.35, 0.38, 0.25),
    "rage": (8, 5, 9, 8, 8, 12, 30, 2.5, 0.60, 0.35, 0.50, 0.50, 0.40),
    "joy": (-9, -5, 0, 3, -4, 8, 18, 0.0, 0.45, 0.30, 0.40, 0.28, 0.35),
    "ecstasy": (-13, -8, -1, 6, -6, 15, 28, 0.0, 0.65, 0.45, 0.55, 0.42, 0.55),
    "excitement": (-6, -3, 3, 4, -2, 9, 24, 0.0, 0.55, 0.40, 0.50, 0.40, 0.50),
    "sadness": (24, 12, 3, -4, 8, -3, -4, 1.5, -0.60, -0.40, -0.25, -0.38, -0.35),
    "grief": (30, 17, 6, -3, 12, -4, 6, 3.0, -0.65, -0.40, -0.20, -0.40, -0.25),
    "depression": (28, 15, 4, -6, 10, -4, -6, 2.5, -0.75, -0.55, -0.45, -0.50, -0.45),
    "fear": (6, 9, -6, 9, 9, -5, 30, 3.0, -0.25, -0.05, 0.25, 0.25, 0.10),
    "terror": (2, 11, -11, 14, 10, -5, 42, 5.0, -0.10, 0.10, 0.35, 0.38, 0.20),
    "nervousness": (9, 6, -1, 6, 7, -5, 18, 1.0, -0.30, -0.10, 0.25, 0.18, 0.25),
    "disgust": (7, 5, -8, 5, 6, -3, 16, 0.5, -0.20, -0.10, 0.10, -0.05, -0.10),
    "contempt": (-9, -4, -4, -1, -3, 0, 3, 0.0, -0.30, -0.25, -0.10, -0.15, -0.25),
    "shame": (27, 13, 1, 2, 12, -6, 4, 2.0, -0.70, -0.45, -0.30, -0.30, -0.30),
    "embarrassment": (20, 8, -2, 5, 9, -5, 9, 1.0, -0.45, -0.25, 0.10, -0.08, 0.05),
    "submission": (19, 12, 2, 3, 11, -6, 6, 3.0, -0.55, -0.40, -0.20, -0.25, -0.25),
    "pride": (-12, -8, -3, -2, -9, 7, 4, -0.5, 0.10, 0.00, 0.10, -0.15, -0.15),
    "triumph": (-14, -9, -2, 3, -9, 14, 18, -0.5, 0.50, 0.30, 0.35, 0.15, 0.20),
    "determination": (-2, -4, 3, 0, -5, 4, 9, 0.0, 0.20, 0.05, 0.10, 0.12, -0.10),
    "surprise": (-8, -3, -7, 7, -2, 6, 20, 0.0, 0.15, 0.15, 0.30, 0.25, 0.10),
    "boredom": (9, 9, -4, -4, 6, -2, -3, 1.5, -0.60, -0.45, -0.35, -0.45, -0.10),
    "weariness": (15, 14, 3, -5, 8, 0, -5, 3.0, -0.45, -0.25, -0.20, -0.42, 0.20),
    "sleepiness": (18, 11, 1, -6, 7, -1, -5, 2.0, -0.65, -0.45, -0.35, -0.55, 0.10),
    "calm": (1, -1, 0, -3, -2, 1, 0, 0.0, -0.30, -0.25, -0.30, -0.35, -0.25),
    "serenity": (-1, -2, 0, -3, -3, 1, 0, 0.0, -0.28, -0.22, -0.25, -0.33, -0.20),
    "tenderness": (6, 2, 3, -1, 2, -1, 8, 0.0, -0.30, -0.15, -0.10, -0.35, 0.00),
    "interest": (2, 2, 6, 1, 0, 1, 8, 0.0, 0.10, 0.05, 0.15, 0.08, 0.05),
    "amusement": (-5, 1, -2, 4, -1, 5, 14, 0.0, 0.30, 0.30, 0.40, 0.18, 0.30),
}  # fmt: skip
# Words that no state has for its name, with manners of their own: how each reads is asked of the text encoder.
PHRASES = ("insecure",)
SPREAD_SHARE = 0.25  # of a published manner by which people differ


class EmotionManners(nn.Module):
    """Gives the Gaussian of a point of the emotion space.

    Args:
        num_states: of the space, neutral included. emotion_size: of the space.

    Rows are those of the space's states, then those of `PHRASES`.
    """

    directions: Tensor  # (K, 64) of unit length
    lengths: Tensor  # (K,) of the offsets at full strength
    rows: Tensor  # (K, 73) what the states' kernel mixes to their manners
    spreads: Tensor  # (K, 73)

    def __init__(self, num_states: int, emotion_size: int) -> None:
        super().__init__()
        num_states = num_states + len(PHRASES)
        self.register_buffer("directions", torch.zeros(num_states, emotion_size))
        self.register_buffer("lengths", torch.ones(num_states))
        self.register_buffer("rows", torch.zeros(num_states, NUM_MANNER))
        self.register_buffer("spreads", torch.zeros(num_states, NUM_MANNER))

    def shares(self, offset: Tensor) -> Tensor:
        """(..., 64) offsets from neutral -> (..., K) how much each state takes part; sums to 1."""
        logits = SHARPNESS * F.normalize(offset, dim=-1) @ self.directions.T
        nowhere = self.directions.abs().sum(-1) == 0  # neutral has no direction
        return logits.masked_fill(nowhere, -1e4).softmax(-1)

    def forward(self, offset: Tensor) -> tuple[Tensor, Tensor]:
        """(..., 64) offsets from neutral -> mean and spread of the manner, (..., 73) each."""
        shares = self.shares(offset)
        strength = offset.norm(dim=-1, keepdim=True) / (shares @ self.lengths)[..., None]
        return strength * (shares @ self.rows), strength.clamp(max=STRONGEST) * (shares @ self.spreads)

    @torch.no_grad()
    def fit(self, space: EmotionSpace, own: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
        """Sets the manners of all states from those of some, as `borrowed` gives them.

        Args:
            own: state or phrase -> mean and spread (73,) each.
        """
        offsets = torch.cat([space.offsets(), *(offset_of(space, phrase)[None] for phrase in PHRASES)])
        means, spreads = borrowed((*space.state_names, *PHRASES), offsets, own)
        self.directions.copy_(F.normalize(offsets, dim=-1))
        self.lengths.copy_(offsets.norm(dim=-1).clamp(min=0.1))
        shares = self.shares(offsets)
        shares[space.index(NEUTRAL)] = 0
        # Neighbours mix into one another's manners; solved so that each one's comes out as it should.
        around = shares.T @ shares + RIDGE * torch.eye(len(shares))
        strength = self.lengths / (shares @ self.lengths).clamp(min=0.1)
        missing = means / strength[:, None] - shares @ means
        self.rows.copy_(means + torch.linalg.solve(around, shares.T @ missing))
        self.rows[space.index(NEUTRAL)] = 0
        self.spreads.copy_(spreads)


def offset_of(space: EmotionSpace, phrase: str) -> Tensor:
    """The offset of a phrase from neutral at full strength. (64,)"""
    return space.embed(Emotion.parse(phrase)) - space.neutral


def borrowed(
    names: Sequence[str], offsets: Tensor, own: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> tuple[Tensor, Tensor]:
    """Gives every name a manner and its spread, (K, 73) each; those without borrow from near ones.

    Args:
        offsets: (K, 64) from neutral. own: name -> mean and spread (73,) each.
    """
    having = [name for name in own if name in names]
    ways = F.normalize(offsets, dim=-1)
    near = (NEARNESS * ways @ ways[[names.index(name) for name in having]].T).softmax(-1)
    parts = []
    for part in (0, 1):
        values = torch.from_numpy(np.stack([own[name][part] for name in having])).float()
        rows = near @ values
        rows[[names.index(name) for name in having]] = values
        rows[names.index(NEUTRAL)] = 0
        parts.append(rows)
    return parts[0], parts[1]


def published() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The manners of `PUBLISHED`, with their spreads."""
    rows = {state: from_dials(dict(zip(DIALS, values, strict=True))) for state, values in PUBLISHED.items()}
    return {state: (row, SPREAD_SHARE * np.abs(row)) for state, row in rows.items()}


def from_dials(dials: Mapping[str, float]) -> np.ndarray:
    """Gives values of `DIALS` as a row. (73,)"""
    row = np.zeros(NUM_MANNER)
    turns = row[POSTURE].reshape(-1, 3)
    head, spine, lean = np.radians([dials["head down"], dials["spine bent"], dials["leaning"]])
    turns[[INDEX["neck"], INDEX["head"]], 0] = [0.45 * head, 0.55 * head]
    turns[[INDEX["spine1"], INDEX["spine2"], INDEX["spine3"]], 0] = np.array([0.3, 0.35, 0.35]) * spine
    turns[INDEX["pelvis"], 0] = 0.5 * lean
    turns[INDEX["spine1"], 0] += 0.5 * lean
    shrug, forwards, out, bend = np.radians(
        [dials[name] for name in ("shrug", "rounded", "arms out", "elbows")]
    )
    for side, sign in (("left", 1.0), ("right", -1.0)):
        turns[INDEX[f"{side}_collar"], 1:] = [-sign * forwards, sign * shrug]
        turns[INDEX[f"{side}_shoulder"], 2] = sign * out
        turns[INDEX[f"{side}_elbow"], 1] = -sign * bend
    for part, name in zip(MOVED, ("head", "torso", "arms", "torso"), strict=True):
        row[EXTENT.start + MOVED.index(part)] = dials[name]
    row[TEMPO], row[SWAY], row[HEIGHT] = dials["tempo"], dials["sway"], -dials["lower"] / 10
    return bounded(row)
