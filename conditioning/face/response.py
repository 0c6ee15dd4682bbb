"""From drawn heads and what MediaPipe says of them to the part of the face model that says what it sees."""

from __future__ import annotations

import numpy as np
import torch

from . import mesh
from .arkit import MIRRORED, NAMES
from .correspondence import turned
from .model import NUM_VIEWS, FaceModel, views_of
from .observation import Looks

# Ridge of the terms that do not depend on who somebody is or does, of which every look has all.
VIEW_RIDGE = 0.3
# Share of the looks that only measure how well the others explain.
HELD_OUT = 0.1
# A point that never moves further than this is still, cm.
STILL = 0.15
MIDDLES = [mesh.IRIS_RIGHT[0], mesh.IRIS_LEFT[0]]


def respond(model: FaceModel, looks: Looks, ridge: float) -> dict[str, float]:
    """Fits what is seen, in place; gives how far off it is on looks that it was not fitted to, in cm.

    Every look counts twice, once as its own mirror image.
    """
    seen = looks.seen
    numbers = np.concatenate(
        [numbers_of(model, looks)[seen], numbers_of(model, mirrored(looks, model))[seen]]
    )
    turns = np.stack([turned(*angles) for angles in looks.angles[seen]])
    turns = np.concatenate([turns, np.stack([turned(-yaw, pitch) for yaw, pitch in looks.angles[seen]])])
    gaze = np.concatenate([looks.gaze[seen], looks.gaze[seen] * (-1, 1)])
    landmarks = np.concatenate([looks.landmarks[seen], mirrored(looks, model).landmarks[seen]]).astype(
        np.float64
    )
    truth = true_points(model, numbers, gaze)
    left = residuals(truth, turns, landmarks, steadiness(model))
    fitted = np.arange(len(left)) % len(looks.landmarks[seen]) >= HELD_OUT * seen.sum()
    shift = explained(numbers, backwards(left, turns), fitted, ridge)
    write(model, shift)
    rest = left - forwards(np.tensordot(numbers, shift, 1), turns)
    modes, std = noise_of(rest[fitted], model.config["num_noises"])
    model.noise.copy_(torch.tensor(modes))
    model.noise_std.fill_(std)
    skin = slice(mesh.NUM_SKIN)
    return {
        "seen_off_cm": rms(left[~fitted][:, skin]),
        "seen_off_explained_cm": rms(rest[~fitted][:, skin]),
    }


def rms(offsets: np.ndarray) -> float:
    return float(np.sqrt(np.square(offsets).sum(-1).mean()))


def numbers_of(model: FaceModel, looks: Looks) -> np.ndarray:
    """(N, 6 + 52 + K) views, expression and identity of every look."""
    views = views_of(torch.tensor(looks.angles, dtype=torch.float64)).numpy()
    identity = looks.identity @ model.ict_identities.numpy().T
    return np.concatenate([views, looks.expression, identity], 1)


def mirrored(looks: Looks, model: FaceModel) -> Looks:
    """The same looks in a mirror."""
    flip = np.array([-1, 1, 1], np.float32)
    modes = model.identities.numpy()
    flipped = (modes[:, model.mirror.numpy()] * flip).reshape(len(modes), -1)
    # What a person's mirror image is in the same modes.
    carry = np.linalg.lstsq(modes.reshape(len(modes), -1).T, flipped.T, rcond=None)[0].T
    back = np.linalg.pinv(model.ict_identities.numpy())
    identity = looks.identity @ model.ict_identities.numpy().T @ carry @ back.T
    return Looks(
        identity=identity,
        expression=looks.expression[:, list(MIRRORED)],
        gaze=looks.gaze * np.array([-1, 1], np.float32),
        angles=looks.angles * np.array([-1, 1], np.float32),
        landmarks=looks.landmarks[:, model.mirror.numpy()] * flip,
    )


def true_points(model: FaceModel, numbers: np.ndarray, gaze: np.ndarray) -> np.ndarray:
    """(N, 478, 3) where the points really are, in head coordinates."""
    rest = torch.tensor(numbers[:, NUM_VIEWS:], dtype=torch.float32)
    points = model.points(rest[:, len(NAMES) :], rest[:, : len(NAMES)])
    points[:, mesh.NUM_SKIN :] += model.iris_shift(torch.tensor(gaze, dtype=torch.float32))[:, None]
    return points.double().numpy()


def steadiness(model: FaceModel) -> np.ndarray:
    """(468,) weights, together 1: how little a point moves with anything that a face does."""
    most = model.expressions[:, : mesh.NUM_SKIN].norm(dim=-1).max(0).values.double().numpy()
    weight = 1 / (STILL**2 + most**2)
    return weight / weight.sum()


def residuals(truth: np.ndarray, turns: np.ndarray, landmarks: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(N, 478, 2) from where points are to where they are seen, in the picture, free of place and size.

    Place and size are those of the points that stay where they are when a face moves: a mouth that opens must
    not seem to lift the head.
    """
    shown, skin = forwards(truth, turns), slice(mesh.NUM_SKIN)
    middle = np.einsum("npc,p->nc", shown[:, skin], weight)[:, None]
    aim = np.einsum("npc,p->nc", landmarks[:, skin, :2], weight)[:, None]
    a, b = shown - middle, landmarks[..., :2] - aim
    scale = np.einsum("npc,npc,p->n", a[:, skin], b[:, skin], weight) / np.einsum(
        "npc,npc,p->n", a[:, skin], a[:, skin], weight
    )
    return b / scale[:, None, None] - a


def forwards(points: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """(N, P, 3) in the head -> (N, P, 2) in the picture."""
    return np.einsum("npd,ncd->npc", points, turns)[..., :2]


def backwards(offsets: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """(N, P, 2) in the picture -> (N, P, 3) in the head."""
    return np.einsum("npc,ncd->npd", offsets, turns[:, :2])


def explained(numbers: np.ndarray, offsets: np.ndarray, fitted: np.ndarray, ridge: float) -> np.ndarray:
    """(F, 478, 3) what each number adds to where points are seen, by ridge regression."""
    penalty = np.full(numbers.shape[1], ridge)
    penalty[:NUM_VIEWS] = VIEW_RIDGE
    inputs, outputs = numbers[fitted], offsets[fitted].reshape(fitted.sum(), -1)
    found = np.linalg.solve(inputs.T @ inputs + np.diag(penalty), inputs.T @ outputs)
    found = found.reshape(len(found), *offsets.shape[1:])
    # Irises do not slide on anything: what moves them besides gaze is who somebody is.
    eyes = slice(mesh.NUM_SKIN, None)
    found[:, eyes] = 0
    people = np.r_[0, NUM_VIEWS + len(NAMES) : numbers.shape[1]]
    inputs = inputs[:, people]
    outputs = offsets[fitted][:, eyes].reshape(fitted.sum(), -1)
    irises = np.linalg.solve(inputs.T @ inputs + np.diag(penalty[people]), inputs.T @ outputs)
    found[people, eyes] = irises.reshape(len(people), -1, offsets.shape[2])
    return found


def write(model: FaceModel, shift: np.ndarray) -> None:
    """Puts what is seen into the model: where the points are, and what is seen besides."""
    parts = torch.tensor(shift, dtype=torch.float32).split([NUM_VIEWS, len(NAMES), len(model.identities)])
    model.seen_views.copy_(parts[0])
    model.seen_views[0] += model.mean
    model.seen_expressions.copy_(model.expressions + parts[1])
    model.seen_identities.copy_(model.identities + parts[2])


def noise_of(rest: np.ndarray, count: int) -> tuple[np.ndarray, float]:
    """(R, 478, 2) principal modes of what is not explained, each in its size, and the spread of the rest."""
    flat = rest.reshape(len(rest), -1)
    _, sizes, right = np.linalg.svd(flat, full_matrices=False)
    modes = sizes[:count, None] * right[:count] / np.sqrt(len(flat))
    std = np.sqrt(np.square(sizes[count:]).sum() / flat.size)
    return modes.reshape(count, *rest.shape[1:]), float(std)
