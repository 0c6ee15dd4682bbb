"""Recipe of the face model: ICT-FaceKit's head, as the 478 points that MediaPipe finds in pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import checkpoints
from training.data.face import livelink

from .face import mesh
from .face.arkit import GAZE, INDEX, NAMES
from .face.correspondence import Hits, Place, agreed, looks, mirror_of, put_on_skin, registered
from .face.ict import Head, read_head
from .face.model import FaceModel, meeting
from .face.observation import look_at_many
from .face.response import respond

PURPOSE = (
    "The points of a face from who it is and what it does, made from ICT-FaceKit (c) 2020 USC Institute for "
    "Creative Technologies (MIT)."
)


def place_points(head: Head, config: Mapping[str, Any]) -> tuple[Place, np.ndarray, np.ndarray]:
    """Gives where the 468 points of the skin lie, the mirror (478,), and the irises' rims from their middles.

    Rims are (8, 3) cm: four of the right iris, four of the left.
    """
    hits = looks(head, config)
    shape = mean_shape([each.shape for each in hits])
    skin = slice(mesh.NUM_SKIN)
    mirror = np.concatenate([mirror_of(shape[skin]), mesh.NUM_SKIN + mirror_of(shape[mesh.NUM_SKIN :])])
    both = [*hits, *(mirrored(each, mirror) for each in hits)]
    points, spread = agreed(both)
    shape = (shape + shape[mirror] * (-1, 1, 1)) / 2
    bent = registered(shape[skin], points[skin], spread[skin], config["smoothing"])
    rims = [shape[list(iris[1:])] - shape[iris[0]] for iris in (mesh.IRIS_RIGHT, mesh.IRIS_LEFT)]
    return put_on_skin(head, bent), mirror, np.concatenate(rims)


def mirrored(hits: Hits, mirror: np.ndarray) -> Hits:
    """What a picture's mirror image would say."""
    flip = (-1, 1, 1)
    return Hits(hits.points[mirror] * flip, hits.trust[mirror], hits.shape[mirror] * flip)


def mean_shape(shapes: Sequence[np.ndarray]) -> np.ndarray:
    """(478, 3) the mean of shapes of one size, each about its own middle."""
    centred = np.stack(shapes) - np.stack(shapes)[:, : mesh.NUM_SKIN].mean(1, keepdims=True)
    sizes = np.sqrt(np.square(centred).mean((1, 2), keepdims=True))
    return (centred / sizes).mean(0) * sizes.mean()


def skin_triangles(points: np.ndarray) -> np.ndarray:
    """(N, 3) the triangles of MediaPipe's mesh, counter-clockwise from the front.

    Args:
        points: (P, 3) the face, from which the direction is told.
    """
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION

    edges = {(min(edge), max(edge)) for edge in FACEMESH_TESSELATION}
    beside: dict[int, set[int]] = {}
    for one, two in edges:
        beside.setdefault(one, set()).add(two)
        beside.setdefault(two, set()).add(one)
    cycles = {tuple(sorted((one, two, three))) for one, two in edges for three in beside[one] & beside[two]}
    # Around a point with three neighbours those three make a cycle too, which is no triangle of the mesh.
    inner = [neighbours for neighbours in beside.values() if len(neighbours) == 3]
    triangles = np.array(sorted(each for each in cycles if set(each) not in inner))
    a, b, c = (points[triangles[:, place], :2] for place in range(3))
    clockwise = np.cross(b - a, c - a) < 0
    triangles[clockwise] = triangles[clockwise][:, ::-1]
    return triangles


def with_irises(head: Head, place: Place, rims: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(..., V, 3) at the head's vertices -> (..., 478, 3) with the fronts of the eyeballs as irises."""
    fronts = []
    for side in ("right", "left"):
        first, stop = head.regions[f"Sclera {side}"]
        fronts.append(first + int(np.argmax(head.neutral[first:stop, 2])))
    irises = np.repeat(values[..., fronts, :].astype(np.float32), 5, axis=-2)
    return np.concatenate([place.of(values), irises], axis=-2)


def identity_modes(moved: np.ndarray, mean: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal modes of identity without movement, turning and size of the whole.

    Args:
        moved: (100, 478, 3) the points' displacements of ICT-FaceKit's modes, whose coefficients are N(0, 1).

    Returns:
        (K, 478, 3) displacements for new coefficients, N(0, 1) too, and (K, 100) the old ones of each.
    """
    about = mean - mean.mean(0)
    turns = [np.cross(axis, about) for axis in np.eye(3)]
    shifts = [np.broadcast_to(axis, about.shape) for axis in np.eye(3)]
    rigid = np.stack([each.ravel() for each in (*turns, *shifts, about)], 1)
    rigid = np.linalg.qr(rigid)[0]
    flat = moved.reshape(len(moved), -1).astype(np.float64)
    flat = flat - (flat @ rigid) @ rigid.T
    left, sizes, right = np.linalg.svd(flat, full_matrices=False)
    modes = (sizes[:, None] * right)[:count].reshape(count, *mean.shape)
    return modes, left[:, :count].T


def eyeball_radius(head: Head) -> float:
    """From the middle of an eyeball to its front, cm."""
    ball = head.neutral[slice(*head.regions["Sclera left"])]
    return float(np.ptp(ball[:, 0]) / 2)


def built(head: Head, config: Mapping[str, Any]) -> FaceModel:
    """Makes the model of a head."""
    place, mirror, rims = place_points(head, config)
    mean = with_irises(head, place, rims, head.neutral).astype(np.float64)
    mean[mesh.NUM_SKIN :][[1, 2, 3, 4, 6, 7, 8, 9]] += rims * (1, 1, 0)
    upper, lower = np.array(mesh.LIPS).T
    # Lips at rest are shut: what MediaPipe sees as their inner edges lies on the line where they touch.
    mean[upper] = mean[lower] = (mean[upper] + mean[lower]) / 2
    modes, weights = identity_modes(
        with_irises(head, place, rims, head.identities), mean, config["num_identities"]
    )
    modes[:, upper] = modes[:, lower] = (modes[:, upper] + modes[:, lower]) / 2
    shapes = with_irises(head, place, rims, head.expressions)
    shapes[:, mesh.NUM_SKIN :] = 0
    triangles = skin_triangles(mean[: mesh.NUM_SKIN])
    model = FaceModel(
        num_identities=config["num_identities"],
        num_triangles=len(triangles),
        eyeball_radius=round(eyeball_radius(head), 3),
        pivot=tuple(config["pivot"]),
        num_noises=config["num_noises"],
    )
    rest = torch.tensor(mean - np.array(config["pivot"]), dtype=torch.float32)
    model.mean.copy_(rest)
    model.identities.copy_(torch.tensor(modes))
    model.expressions.copy_(meeting(rest, torch.tensor(shapes)))
    model.triangles.copy_(torch.tensor(triangles))
    model.mirror.copy_(torch.tensor(mirror))
    model.ict_identities.copy_(torch.tensor(weights))
    return model.eval()


def figures_of(model: FaceModel) -> dict[str, float]:
    """How well lids and lips meet, how alike both sides are, and how much identities spread, in cm."""
    flip = torch.tensor([-1.0, 1.0, 1.0])
    twin = model.mean[model.mirror] * flip
    blink = model.mean + model.expressions[[INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]].sum(0)
    upper, lower = torch.tensor((*mesh.LIDS_LEFT, *mesh.LIDS_RIGHT)).T
    moving = [place for place, name in enumerate(NAMES) if name not in GAZE]
    return {
        "asymmetry_cm": float((twin - model.mean).norm(dim=-1).max()),
        "lid_gap_cm": float((blink[upper] - blink[lower]).norm(dim=-1).max()),
        "identity_spread_cm": float(model.identities.square().sum((0, 2)).mean().sqrt()),
        "least_expression_cm": float(model.expressions[moving[:-1]].norm(dim=-1).max(1).values.min()),
    }


def real_faces(data_dir: str | Path) -> np.ndarray:
    """(N, 52) expressions that people made, from the Live Link takes.

    Raises:
        FileNotFoundError: they are not there.
    """
    takes = livelink(Path(data_dir) / "face" / "livelink_arkit_takes.npz", NAMES)
    return np.concatenate([take.coefficients for take in takes])[::7]


def run(
    config: Mapping[str, Any], data_dir: str | Path, out_dir: str | Path, *, resume: bool = False
) -> dict[str, Any]:
    """Makes the shipped checkpoint "face-model"; gives its figures."""
    torch.manual_seed(config["seed"])
    head = read_head(data_dir)
    model = built(head, config)
    cache = Path(out_dir) / "looks.npz"
    looks = look_at_many(head, real_faces(data_dir), config["looks"], cache, resume=resume)
    figures = {**figures_of(model), **respond(model, looks, config["ridge"])}
    checkpoints.ship(model, config, purpose=PURPOSE)
    checkpoints.update_manifest(config["name"], {"figures": figures})
    checkpoints.write_json(Path(out_dir) / "figures.json", figures, indent=1)
    return figures
