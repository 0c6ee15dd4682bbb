"""Three banks of motion that cannot move one another: mouth, pose, expression.

A frame is a vector of 60 coordinates: 52 coefficients, 6 of head pose, 2 of gaze, each measured in cm that it
moves the face. Each bank spans its own directions of an orthonormal basis that is learned from data, so that
what one bank adds no other can see. The first direction of the mouth is how far the lips are apart: the
expression is orthogonal to it and can neither open nor close them.

Source: Tan et al. 2024, "EDTalk: Efficient disentanglement for emotional talking head synthesis", section 3.2
(orthogonal latent bases by QR, weights in place of motions); the geometric metric and the lip direction are
ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from conditioning.face.arkit import GAZE as GAZE_SHAPES
from conditioning.face.arkit import INDEX, NAMES, indices

if TYPE_CHECKING:
    import numpy as np

    from conditioning.face.ict import Head

BANKS = ("mouth", "pose", "expression")
MOUTH, POSE, EXPRESSION = range(3)
NUM_SHAPES, NUM_POSE, NUM_GAZE = len(NAMES), 6, 2
NUM_COORDINATES = NUM_SHAPES + NUM_POSE + NUM_GAZE
RANKS = (12, 8, 20)
WIDTH = max(RANKS)  # of a row of weights; banks with fewer leave the last ones at 0
# What no expression needs and speech does.
SPOKEN = ("jaw", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLowerDown", "tongueOut")
# How many cm a radian of head rotation moves the face, and one of gaze the iris.
HEAD_RADIUS_CM, GAZE_RADIUS_CM = 10.0, 1.2
LEAST_CM = 0.15  # a coefficient that moves less still counts this much
LEAST_APERTURE_CM = 0.005  # less is the mesh's own unevenness
TONGUE_CM = 1.0  # the tongue is not in the mesh that the metric is measured on
LEAST_SPREAD = 0.1  # of a bank's largest: the smallest weight's


class Banks(nn.Module):
    """The bases, and the way between frames and weights.

    Weights are standardised: 1 is the spread that the training data have along that direction.
    """

    metric: Tensor  # (60,) cm that one unit of each coordinate moves the face
    aperture: Tensor  # (52,) cm between the lips of one unit of each coefficient
    spread: Tensor  # (3, 20) of the training data, along each direction

    def __init__(self) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.randn(NUM_COORDINATES, sum(RANKS) - 1) * 0.1)
        self.register_buffer("metric", torch.ones(NUM_COORDINATES))
        self.register_buffer("aperture", torch.zeros(NUM_SHAPES))
        self.register_buffer("spread", torch.ones(len(BANKS), WIDTH))

    def set_geometry(self, metric: Tensor, aperture: Tensor) -> None:
        """Sets what `geometry_of` measured, (52,) each."""
        radians = torch.tensor([HEAD_RADIUS_CM] * 3 + [1.0] * 3 + [GAZE_RADIUS_CM] * 2)
        self.metric.copy_(torch.cat([metric, radians]))
        self.aperture.copy_(aperture)

    def basis(self) -> Tensor:
        """(60, 40) orthonormal columns: mouth, pose, expression; the first is the lips' own direction."""
        lips = torch.zeros_like(self.metric)
        lips[:NUM_SHAPES] = self.aperture / self.metric[:NUM_SHAPES]
        mask = allowed().to(self.raw.device)
        columns = self.raw.float() * mask
        # The expression gives way to the lips among its own coefficients, so that it does not call for the jaw.
        near = lips.float() * mask[:, -1]
        share = near @ columns[:, -RANKS[EXPRESSION] :] / near.square().sum().clamp(min=1e-9)
        columns = torch.cat(
            [
                lips[:, None].float(),
                columns[:, : -RANKS[EXPRESSION]],
                columns[:, -RANKS[EXPRESSION] :] - near[:, None] * share,
            ],
            1,
        )
        q, r = torch.linalg.qr(columns)
        return q * r.diagonal().sign()  # the sign of a column is otherwise the routine's own choice

    def directions(self, bank: int) -> Tensor:
        """One bank's columns, (60, rank)."""
        first = sum(RANKS[:bank])
        return self.basis()[:, first : first + RANKS[bank]]

    def weights(self, coordinates: Tensor, bank: int) -> Tensor:
        """(..., 60) frames -> (..., 20) standardised weights of one bank, zeros beyond its rank."""
        found = (coordinates * self.metric) @ self.directions(bank)
        padded = nn.functional.pad(found, (0, WIDTH - RANKS[bank]))
        return padded / self.spread[bank]

    def coordinates(self, weights: Tensor, bank: int) -> Tensor:
        """(..., 20) standardised weights of one bank -> (..., 60) what they add to a frame."""
        own = (weights * self.spread[bank])[..., : RANKS[bank]]
        return own @ self.directions(bank).T / self.metric

    def lips_apart(self, shapes: Tensor) -> Tensor:
        """(..., 52) coefficients -> (...) cm between the lips; below 0 they are pressed together."""
        return shapes @ self.aperture


def allowed() -> Tensor:
    """(60, 39) 1 where a column may have a coordinate: pose and gaze belong to the pose, the jaw to the mouth."""
    mask = torch.zeros(NUM_COORDINATES, sum(RANKS) - 1)
    pose = slice(RANKS[MOUTH] - 1, RANKS[MOUTH] - 1 + RANKS[POSE])
    mask[:NUM_SHAPES] = 1
    mask[[INDEX[name] for name in GAZE_SHAPES]] = 0  # they follow the gaze
    mask[indices(*SPOKEN), pose.stop :] = 0
    mask[:, pose] = 0
    mask[NUM_SHAPES:, pose] = 1
    return mask


def geometry_of(head: Head) -> tuple[Tensor, Tensor]:
    """Measures how far each coefficient moves the skin (its furthest vertex) and the lips apart, in cm.

    Returns:
        metric (52,), aperture (52,)
    """
    first, last = head.regions["Face"]
    moved = torch.from_numpy(head.expressions[:, first:last].astype("float32")).norm(dim=-1)  # (52, V)
    metric = moved.max(1).values.clamp(min=LEAST_CM)
    metric[INDEX["tongueOut"]] = TONGUE_CM
    # Landmarks 61..63 and 65..67 of Multi-PIE: the inner edge of the upper and of the lower lip.
    upper, lower = head.landmarks68[[61, 62, 63]], head.landmarks68[[67, 66, 65]]
    apart = head.expressions[:, upper, 1].astype("float32") - head.expressions[:, lower, 1].astype("float32")
    aperture = torch.from_numpy(apart.mean(1))
    # As ARKit means it: mouthClose shuts what an equal jawOpen opens.
    aperture[INDEX["mouthClose"]] = -aperture[INDEX["jawOpen"]]
    return metric, aperture.where(aperture.abs() > LEAST_APERTURE_CM, torch.zeros(()))


def fit_banks(banks: Banks, mouth: np.ndarray, pose: np.ndarray, faces: np.ndarray, steps: int = 800) -> None:
    """Learns the bases: each bank gives its own data back as well as it can, all orthogonal to one another.

    Args:
        mouth: (N, 52) coefficients of speech. pose: (N, 8) head pose and gaze.
        faces: (N, 52) coefficients of expressions, what is left of them when the lips are taken out.
    """
    rows = [torch.zeros(len(part), NUM_COORDINATES) for part in (mouth, pose, faces)]
    for row, part, at in zip(rows, (mouth, pose, faces), (0, NUM_SHAPES, 0), strict=True):
        row[:, at : at + part.shape[1]] = torch.from_numpy(part).float()
    grams = []
    for row in rows:
        measured = row * banks.metric
        gram = measured.T @ measured / len(row)
        grams.append(gram / gram.trace())
    optimizer = torch.optim.Adam([banks.raw], lr=0.02)
    for _ in range(steps):
        basis = banks.basis()
        kept = [
            ((gram @ own) * own).sum() for gram, own in zip(grams, basis.split(list(RANKS), 1), strict=True)
        ]
        loss = len(BANKS) - sum(kept)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    banks.raw.requires_grad_(False)
    banks.raw.copy_(banks.raw / banks.raw.norm(dim=0, keepdim=True).clamp(min=1e-6))
    banks.spread.fill_(1.0)
    for bank, row in enumerate(rows):
        spread = banks.weights(row, bank).std(0)
        banks.spread[bank] = torch.maximum(spread, LEAST_SPREAD * spread.max())
        banks.spread[bank, RANKS[bank] :] = 1.0
