"""Recipe of the head: parts with fewer triangles, modes of identity, the light that reaches each place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.spatial import cKDTree

import checkpoints
from conditioning.face.arkit import INDEX

from . import raster
from .head import EYES, FULL, LASHES, MOUTH, PARTS, SEES_SCALE, SKIN, SOCKET, TEETH, Head
from .head_identity import effects, explained, modes, turned
from .head_light import harmonics
from .head_parts import (
    CORNEA_RADIUS,
    EYE_RADIUS,
    Kit,
    Piece,
    cornea_middle,
    eyes,
    joined,
    lashes,
    mouth,
    read_kit,
    skin,
    teeth,
)

# Where a neck begins to turn with the head and where it has stopped, cm along y + z / 2.
NECK_TOP, NECK_BASE = -6.5, -14.0
# How far from an eyeball skin still is its lid, cm, and how far up and down.
LID_REACH = 0.75
# Light reaches the mouth only when it is open.
OPEN_MOUTH = 0.5
# How far off the surface light is looked for, cm, and how much nearer something has to be, in head sizes.
LIFT, BIAS = 0.08, 0.002
RIDGE = 0.6
# Opacity of lashes at their roots.
UPPER_LASH, LOWER_LASH = 1.0, 0.4


def run(config: dict[str, Any], data_dir: str | Path, out_dir: str | Path, resume: bool = False) -> Head:
    """Makes the head and ships the checkpoint that the config names.

    Args:
        config: name, licence, non_commercial, data, vertices, identities, sliders, lips_shut, pivot,
            directions, picture.
        data_dir: folder with the face kit.
        out_dir, resume: not used: nothing is trained.
    """
    kit = read_kit(data_dir)
    directions = modes(kit.head, config["sliders"], config["identities"])
    model = built(kit, directions, config)
    report = effects(kit.head, directions, config["sliders"])
    checkpoints.save(
        config["name"],
        model,
        licence=config["licence"],
        non_commercial=config["non_commercial"],
        data=config["data"],
        command=f"affect train {config['name']} --data DATA",
        figures={"variance_of_faces_held": round(explained(kit.head, directions), 4), "sliders": report},
        purpose="a head in three dimensions: identities, expressions, eyes, teeth and tongue",
    )
    return model


def built(kit: Kit, directions: np.ndarray, config: dict[str, Any]) -> Head:
    """Gives the head, its buffers filled."""
    count = config["vertices"]
    ball, middles, moves = eyes(kit)
    pieces = [skin(kit, count["skin"]), mouth(kit, count["mouth"]), teeth(kit, count["teeth"])]
    piece = joined([*pieces, lashes(kit, count["lashes"]), ball])
    piece.rest -= config["lips_shut"] * piece.expressions[INDEX["jawOpen"]]
    weight = head_weight(piece.rest)
    piece.rest -= config["pivot"]
    middles = middles - config["pivot"]
    identities = turned(piece.identities, directions)
    scales = {
        "rest": float(np.abs(piece.rest).max()),
        "expressions": float(np.abs(piece.expressions).max()),
        "identities": float(np.abs(identities).max()),
    }
    model = Head(
        num_vertices=len(piece.rest),
        num_triangles=len(piece.triangles),
        num_uv=len(piece.uv),
        num_identities=len(directions),
        sliders=list(config["sliders"]),
        scales=scales,
        eye_radius=EYE_RADIUS,
        cornea_radius=CORNEA_RADIUS,
        cornea_middle=cornea_middle(),
        pivot=tuple(config["pivot"]),
        num_source_identities=directions.shape[1],
    )
    used = {part: np.unique(piece.triangles[piece.part == part]) for part in range(len(PARTS))}
    fill(model, "rest_q", piece.rest / scales["rest"])
    fill(model, "expressions_q", piece.expressions / scales["expressions"])
    fill(model, "identities_q", identities / scales["identities"])
    fill(model, "uv_q", piece.uv)
    fill(model, "directions_q", directions)
    fill(model, "eyes_q", middles / scales["rest"])
    fill(model, "eye_moves_q", turned(moves, directions) / scales["identities"])
    fill(model, "eye_growth_q", growth(piece, identities, used, middles))
    for name, values in (
        ("triangles_q", piece.triangles),
        ("uv_triangles_q", piece.uv_triangles),
        ("part", piece.part),
        ("landmarks_q", places(piece.source, kit.head.landmarks68)),
        ("head_weight_q", 255 * weight),
    ):
        put(model, name, values)
    follows = roots(piece, used)
    put(model, "follows_q", follows)
    put(model, "thickness_q", 255 * thickness(kit, piece, used))
    put(model, "eye_of", near_side(piece.rest, piece.source < 0))
    put(model, "lid_of", near_side(piece.rest, lids(piece, used, middles)))
    put(model, "normal_fix_q", 127 * normal_fix(kit, piece))
    openness, sees = light(piece, used, config["directions"], config["picture"])
    put(model, "open_q", 255 * openness)
    fill(model, "sees_q", sees / SEES_SCALE)
    return model


def fill(model: Head, name: str, values: np.ndarray) -> None:
    """Sets a buffer from numbers of -1..1."""
    put(model, name, np.clip(np.round(values * FULL), -FULL, FULL))


def put(model: Head, name: str, values: np.ndarray) -> None:
    buffer = getattr(model, name)
    buffer.copy_(
        torch.from_numpy(np.round(np.asarray(values, np.float64))).to(buffer.dtype).view(buffer.shape)
    )


def places(source: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Gives our numbers of the kit's vertices."""
    of = {int(vertex): number for number, vertex in enumerate(source)}
    return np.array([of[int(vertex)] for vertex in wanted])


def near_side(rest: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Gives 1 for what is chosen of the person's left, 2 of the right, 0 for the rest."""
    return np.where(chosen, np.where(rest[:, 0] > 0, 1, 2), 0)


def growth(
    piece: Piece, identities: np.ndarray, used: dict[int, np.ndarray], middles: np.ndarray
) -> np.ndarray:
    """Gives what each mode adds to the size of each eyeball, (K, 2), as a share."""
    out = []
    for side, middle in zip((1, -1), middles, strict=True):
        own = used[EYES][piece.rest[used[EYES], 0] * side > 0]
        flat = piece.rest[own] - middle
        flat = flat - flat.mean(0)
        out.append((identities[:, own] * flat).sum((1, 2)) / (flat**2).sum())
    return np.stack(out, axis=1)


def head_weight(rest: np.ndarray) -> np.ndarray:
    """Gives how much each vertex turns with the head, 0..1."""
    share = ((rest[:, 1] + rest[:, 2] / 2 - NECK_BASE) / (NECK_TOP - NECK_BASE)).clip(0, 1)
    return share * share * (3 - 2 * share)


def lids(piece: Piece, used: dict[int, np.ndarray], middles: np.ndarray) -> np.ndarray:
    """Says of each vertex whether it is of the skin of a lid, (V,)."""
    chosen = np.zeros(len(piece.rest), bool)
    chosen[used[SKIN]] = True
    off = np.abs(piece.rest * [1, 1, 1] - np.where(piece.rest[:, :1] > 0, middles[:1], middles[1:]))
    near = np.linalg.norm(off, axis=1) < EYE_RADIUS + LID_REACH
    return chosen & near


def roots(piece: Piece, used: dict[int, np.ndarray]) -> np.ndarray:
    """Gives the vertex of the skin next to each of a lash, -1 for all else."""
    out = np.full(len(piece.rest), -1)
    skin_places = used[SKIN]
    out[used[LASHES]] = skin_places[cKDTree(piece.rest[skin_places]).query(piece.rest[used[LASHES]])[1]]
    return out


def thickness(kit: Kit, piece: Piece, used: dict[int, np.ndarray]) -> np.ndarray:
    """Gives how opaque lashes are: 1 at their roots, 0 at the tips; 1 elsewhere. The lower ones are thin."""
    rim = np.intersect1d(used[SKIN], used[SOCKET])
    rim = rim[piece.rest[rim, 1] > 1.5]
    out = np.ones(len(piece.rest))
    own = used[LASHES]
    far = cKDTree(piece.rest[rim]).query(piece.rest[own])[0]
    marks = piece.rest[places(piece.source, kit.head.landmarks68)]
    upper = piece.rest[own, 1] > marks[[42, 45], 1].mean() - 0.05
    for chosen, most, power, end in ((upper, UPPER_LASH, 1.2, 95), (~upper, LOWER_LASH, 1.6, 75)):
        longest = np.percentile(far[chosen], end)
        out[own[chosen]] = most * (1 - (far[chosen] / longest).clip(0, 1)) ** power
    return out


def normal_fix(kit: Kit, piece: Piece) -> np.ndarray:
    """Gives what the normals of the finer mesh differ by, (V, 3)."""
    coarse = vertex_normals(torch.from_numpy(piece.rest), torch.from_numpy(piece.triangles)).numpy()
    fine = vertex_normals(
        torch.from_numpy(kit.head.neutral.astype(np.float64)), torch.from_numpy(kit.head.triangles)
    ).numpy()
    known = piece.source >= 0
    out = np.zeros_like(coarse)
    out[known] = fine[piece.source[known]] - coarse[known]
    # A rim of the decimated mesh looks elsewhere than the whole surface does.
    out[np.linalg.norm(out, axis=1) > 0.6] = 0
    return out.clip(-1, 1)


def light(piece: Piece, used: dict[int, np.ndarray], count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Gives the share of the sky that each vertex sees, 0..1, and of which directions (V, 16).

    Lashes and corneas let light through; inside the mouth it counts when the mouth is open.
    """
    solid = piece.triangles[np.isin(piece.part, (SKIN, SOCKET, MOUTH, TEETH, EYES))]
    opened = piece.rest + OPEN_MOUTH * piece.expressions[INDEX["jawOpen"]]
    share, sees = visible(piece.rest, solid, count, size)
    inner_share, inner_sees = visible(opened, solid, count, size)
    for part in (SOCKET, MOUTH, TEETH):
        inside = np.setdiff1d(used[part], used[SKIN])
        share[inside], sees[inside] = inner_share[inside], inner_sees[inside]
    return share, sees


def visible(
    points: np.ndarray, triangles: np.ndarray, count: int, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Gives the cosine-weighted share of directions from which each vertex is seen, (V,), and which (V, 16)."""
    vertices = torch.from_numpy(points.astype(np.float32))
    corners = torch.from_numpy(triangles.astype(np.int64))
    normal = vertex_normals(vertices, corners)
    directions = sphere(count)
    facing = (normal @ directions.T).clamp(min=0)  # (V, D)
    free = torch.stack([unblocked(vertices, normal, corners, d, size) for d in directions], dim=1).float()
    above = facing * (1 + 0.35 * directions[:, 1])
    share = (above * free).sum(1) / above.sum(1).clamp(min=1e-6)
    # The harmonics that come closest to it, over the directions that the surface faces at all.
    basis = harmonics(directions)  # (D, 16)
    square = torch.einsum("vd,di,dj->vij", facing, basis, basis) + RIDGE * torch.eye(16)
    right = torch.einsum("vd,vd,di->vi", facing, free, basis)
    sees = torch.linalg.solve(square, right)
    return share.numpy().astype(np.float64), sees.numpy().astype(np.float64)


def unblocked(
    vertices: torch.Tensor, normal: torch.Tensor, corners: torch.Tensor, direction: torch.Tensor, size: int
) -> torch.Tensor:
    """Says which vertices light from a direction reaches, (V,)."""
    low, high = vertices.amin(0), vertices.amax(0)
    middle, reach = (low + high) / 2, float((high - low).norm()) / 2
    local = ((vertices - middle) @ frame(direction).T / reach + 1) / 2
    lifted = ((vertices + LIFT * normal - middle) @ frame(direction).T / reach + 1) / 2
    ids, weights = raster.seen(local[None, :, :2] * size, local[None, :, 2], corners, (size, size))
    nearest = raster.spread(ids, weights, local[None, :, 2:], corners, (size, size))[0, 0]
    at = (lifted[:, :2] * size).long().clamp(0, size - 1)
    return nearest[at[:, 1], at[:, 0]] < lifted[:, 2] + BIAS


def sphere(count: int) -> torch.Tensor:
    """Gives directions all around, evenly, (count, 3).

    Source: the golden spiral.
    """
    k = torch.arange(count) + 0.5
    y = 1 - 2 * k / count
    turn = torch.pi * (1 + 5**0.5) * k
    radius = (1 - y**2).sqrt()
    return torch.stack([radius * turn.cos(), y, radius * turn.sin()], dim=1)


def frame(direction: torch.Tensor) -> torch.Tensor:
    """Gives axes (3, 3) whose last is a direction."""
    other = torch.tensor([0.0, 0.0, 1.0]) if abs(float(direction[1])) > 0.9 else torch.tensor([0.0, 1.0, 0.0])
    across = torch.nn.functional.normalize(torch.linalg.cross(other, direction), dim=0)
    return torch.stack([across, torch.linalg.cross(direction, across), direction])


def vertex_normals(points: torch.Tensor, triangles: torch.Tensor) -> torch.Tensor:
    """Gives unit normals (V, 3), the mean of the triangles around by area."""
    at = points[triangles]
    across = torch.linalg.cross(at[:, 1] - at[:, 0], at[:, 2] - at[:, 0])
    out = torch.zeros_like(points)
    for corner in range(3):
        out.index_add_(0, triangles[:, corner], across)
    return torch.nn.functional.normalize(out, dim=1)
