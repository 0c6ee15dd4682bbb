"""What a head is made of: skin, mouth and lashes from the face kit with fewer triangles, eyes built anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from conditioning.face.arkit import INDEX, NAMES
from conditioning.face.ict import FILE, Head, read_head, triangulated

from .decimate import Corners, Decimation
from .head import CORNEAS, EYES, LASHES, MOUTH, SKIN, SOCKET, TEETH
from .head_paint import ASPECT, EYE_END, IRIS_SPREAD, iris_middle, iris_radius

SKIN_REGIONS = {"Face": SKIN, "Head and Neck": SKIN, "Mouth socket": SOCKET, "Eye socket left": SOCKET}
# Poses beside rest in which the shape has to be kept: between them they move every part of the face.
POSES = (
    ("jawOpen",), ("eyeBlinkLeft", "mouthSmileLeft", "browInnerUp"), ("mouthFunnel", "noseSneerLeft"),
    ("mouthPucker", "browDownLeft", "cheekPuff"), ("mouthRollLower", "mouthRollUpper", "eyeWideLeft"),
)  # fmt: skip
# An eyeball, in cm and degrees from its front: 24 segments, rings closest where the iris ends.
EYE_RADIUS, IRIS_ANGLE, CORNEA_RADIUS = 1.445, 25.0, 0.92
EYE_RINGS = (4.0, 9.0, 12.0, 17.0, 22.0, 25.0, 28.0, 36.0, 50.0, 70.0, 95.0)
CORNEA_RINGS = (5.0, 11.0, 17.0, 22.0, 26.5)
SEGMENTS = 24
# How far a tongue comes out, in cm, how it arches over the teeth and droops, and how long a part of it moves.
TONGUE_OUT, TONGUE_ARCH, TONGUE_DROOP, TONGUE_LENGTH = 3.9, 2.6, 0.3, 5.0
TONGUE_TIP = 1.3


@dataclass
class Piece:
    """Some of a head: vertices with what moves them, and triangles.

    Attributes:
        rest: (V, 3) cm. expressions: (52, V, 3). identities: (I, V, 3).
        triangles: (N, 3). uv: (U, 2), 0..1, v down. uv_triangles: (N, 3). part: (N,) index into `PARTS`.
        source: (V,) vertex of the face kit, -1 for what is built.
    """

    rest: np.ndarray
    expressions: np.ndarray
    identities: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    uv_triangles: np.ndarray
    part: np.ndarray
    source: np.ndarray


@dataclass(frozen=True)
class Kit:
    """The face kit with its texture vertices, one side of it ready for decimation.

    Attributes:
        head: as it is read.
        uv: (U, 2), 0..1, v down, where our texture has them. uv_triangles: as `head.triangles`.
        mirror: (V,) the vertex on the other side. uv_mirror: (U,) likewise.
    """

    head: Head
    uv: np.ndarray
    uv_triangles: np.ndarray
    mirror: np.ndarray
    uv_mirror: np.ndarray


def read_kit(data_dir: str | Path) -> Kit:
    """Reads the face kit; see `read_head`."""
    head = read_head(data_dir)
    places = [Path(data_dir) / "face" / FILE, Path(data_dir) / FILE]
    with np.load(next(place for place in places if place.is_file()), allow_pickle=False) as data:
        raw, faces = data["uv"].astype(np.float64), data["uv_faces"]
    uv = placed(raw)
    mirrored = np.stack([np.where(raw[:, 0] < 1, 1 - raw[:, 0], 3 - raw[:, 0]), raw[:, 1]], axis=1)
    return Kit(
        head=head,
        uv=uv,
        uv_triangles=triangulated(faces)[0],
        mirror=cKDTree(head.neutral).query(head.neutral * [-1, 1, 1])[1],
        uv_mirror=cKDTree(raw).query(mirrored)[1],
    )


def placed(raw: np.ndarray) -> np.ndarray:
    """Gives texture places in one picture: the kit has a square for the face, one for the back of the head."""
    face, back = raw[:, 0] < 1, (raw[:, 0] >= 1) & (raw[:, 0] < 2)
    out = np.zeros_like(raw)
    out[face] = np.stack([raw[face, 0] / ASPECT, 1 - raw[face, 1]], axis=1)
    width = 1 - 1 / ASPECT
    out[back] = np.stack([1 / ASPECT + (raw[back, 0] - 1) * width, (1 - raw[back, 1]) * 0.72], axis=1)
    return out


def side_of(kit: Kit, wanted: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Gives the triangles, by number, on the picture's right whose vertices all satisfy a test."""
    x = kit.head.neutral[kit.head.triangles][..., 0]
    return np.flatnonzero((x.min(1) > -1e-4) & wanted(kit.head.triangles).all(1))


def between(kit: Kit, *names: str) -> Callable[[np.ndarray], np.ndarray]:
    """Gives the test whether vertices belong to regions."""

    def test(vertices: np.ndarray) -> np.ndarray:
        found = np.zeros(vertices.shape, bool)
        for name in names:
            start, stop = kit.head.regions[name]
            found |= (vertices >= start) & (vertices < stop)
        return found

    return test


def decimated(
    kit: Kit, chosen: np.ndarray, part: np.ndarray, weight: np.ndarray, count: int, kept: Sequence[int] = ()
) -> Piece:
    """Gives one side with fewer triangles, and the other as its mirror image.

    Args:
        chosen: (N,) triangles of one side. part: (N,) of each.
        weight: (V,) how much an error counts.
        count: of vertices of one side. kept: vertices that have to stay.
    """
    shapes, rest = kit.head.expressions, kit.head.neutral.astype(np.float64)
    used = np.unique(kit.head.triangles[chosen])
    local = np.full(len(rest), -1)
    local[used] = np.arange(len(used))
    poses = np.stack([rest, *(rest + sum(shapes[INDEX[n]].astype(np.float64) for n in p) for p in POSES)])
    mesh = Corners(local[kit.head.triangles[chosen]], kit.uv_triangles[chosen], part)
    decimation = Decimation(poses[:, used], mesh, weight[used])
    decimation.fixed[[local[v] for v in kept if local[v] >= 0]] = True
    small = decimation.to(count)
    return mirrored(kit, used[small.triangles], small.uv, small.part)


def mirrored(kit: Kit, triangles: np.ndarray, uv: np.ndarray, part: np.ndarray) -> Piece:
    """Gives both sides from the triangles of one."""
    whole = np.concatenate([triangles, kit.mirror[triangles][:, ::-1]])
    whole_uv = np.concatenate([uv, kit.uv_mirror[uv][:, ::-1]])
    source, corners = np.unique(whole, return_inverse=True)
    uv_source, uv_corners = np.unique(whole_uv, return_inverse=True)
    head = kit.head
    return Piece(
        rest=head.neutral[source].astype(np.float64),
        expressions=head.expressions[:, source].astype(np.float64),
        identities=head.identities[:, source],
        triangles=corners.reshape(whole.shape),
        uv=kit.uv[uv_source],
        uv_triangles=uv_corners.reshape(whole.shape),
        part=np.concatenate([part, part]),
        source=source,
    )


def skin(kit: Kit, count: int) -> Piece:
    """Gives skin, the inside of the mouth and of the eye sockets."""
    names = tuple(SKIN_REGIONS)
    chosen = side_of(kit, between(kit, *names))
    part = np.zeros(len(chosen), int)
    weight = np.ones(len(kit.head.neutral))
    for name, number in SKIN_REGIONS.items():
        part[between(kit, name)(kit.head.triangles[chosen]).any(1)] = number
    for name in ("Mouth socket", "Eye socket left"):
        weight[slice(*kit.head.regions[name])] = 0.02
    weight[slice(*kit.head.regions["Head and Neck"])] = 0.3
    weight[kit.head.neutral[:, 1] < -9] *= 0.3
    return decimated(kit, chosen, part, weight, count, kept=kit.head.landmarks68.tolist())


def mouth(kit: Kit, count: int) -> Piece:
    """Gives gums and tongue, with a tongue that comes out."""
    chosen = side_of(kit, between(kit, "Gums and tongue"))
    piece = decimated(kit, chosen, np.full(len(chosen), MOUTH), np.ones(len(kit.head.neutral)), count)
    share = tongue_weight(kit)[piece.source]
    upwards = TONGUE_ARCH * share * (1 - share) - TONGUE_DROOP * share
    piece.expressions[INDEX["tongueOut"]] = np.stack([0 * share, upwards, TONGUE_OUT * share], axis=1)
    return piece


def tongue_weight(kit: Kit) -> np.ndarray:
    """Gives how much each vertex takes part when the tongue comes out: (V,), 1 at its tip."""
    start, stop = kit.head.regions["Gums and tongue"]
    rest = kit.head.neutral[start:stop].astype(np.float64)
    triangles = kit.head.triangles
    own = triangles[((triangles >= start) & (triangles < stop)).all(1)] - start
    ends = np.concatenate([own[:, [0, 1]], own[:, [1, 2]], own[:, [2, 0]]])
    length = np.linalg.norm(rest[ends[:, 0]] - rest[ends[:, 1]], axis=1)
    graph = coo_matrix((length, ends.T), shape=(len(rest),) * 2).tocsr()
    # The tip: furthest forward of what lies on the middle behind the lower teeth.
    behind = (np.abs(rest[:, 0]) < 0.05) & (rest[:, 1] > -4.3) & (rest[:, 1] < -3.6) & (rest[:, 2] < 9.8)
    tip = int(np.flatnonzero(behind)[rest[behind, 2].argmax()])
    far = dijkstra(graph, directed=False, indices=tip)
    # All of the tip goes equally far, so that it stays round.
    near = 1 - ((far - TONGUE_TIP) / (TONGUE_LENGTH - TONGUE_TIP)).clip(0, 1)
    out = np.zeros(len(kit.head.neutral))
    out[start:stop] = near * near * (3 - 2 * near)
    return out


def teeth(kit: Kit, count: int) -> Piece:
    """Gives the teeth."""
    chosen = side_of(kit, between(kit, "Teeth"))
    weight = np.ones(len(kit.head.neutral))
    # Molars are hardly ever seen.
    weight *= np.where(kit.head.neutral[:, 2] < 8.2, 0.3, 1.0)
    return decimated(kit, chosen, np.full(len(chosen), TEETH), weight, count)


def lashes(kit: Kit, count: int) -> Piece:
    """Gives the strips of lashes."""
    chosen = side_of(kit, between(kit, "Eyelashes left"))
    return decimated(kit, chosen, np.full(len(chosen), LASHES), np.ones(len(kit.head.neutral)), count)


def eyes(kit: Kit) -> tuple[Piece, np.ndarray, np.ndarray]:
    """Gives both eyeballs with their corneas.

    Returns:
        The piece; the middles (2, 3), left first; what each identity adds to them, (I, 2, 3).
    """
    pieces, middles, moves = [], [], []
    for side, region in ((1, "Sclera left"), (-1, "Sclera right")):
        own = slice(*kit.head.regions[region])
        shell = kit.head.neutral[own].astype(np.float64)
        middle, _ = sphere(shell[shell[:, 2] < shell[:, 2].max() - 1.0])
        shift, grow = similarity(shell - middle, kit.head.identities[:, own])
        for part, (ball, triangles) in ((EYES, eyeball()), (CORNEAS, cornea())):
            ball = ball * [side, 1, 1]
            triangles = triangles if side > 0 else triangles[:, ::-1]
            # A picture of the iris and what is around it, seen from the front, has its place in the texture.
            angle = np.arccos((ball[:, 2] / np.linalg.norm(ball, axis=1)).clip(-1, 1))
            around = ball[:, :2] / (np.linalg.norm(ball[:, :2], axis=1, keepdims=True) + 1e-9)
            uv = iris_place(around * (np.degrees(angle[:, None]) / EYE_END) ** IRIS_SPREAD)
            pieces.append(
                Piece(
                    rest=ball + middle,
                    expressions=np.zeros((len(NAMES), len(ball), 3)),
                    identities=shift[:, None] + grow[:, None, None] * ball,
                    triangles=triangles,
                    uv=uv,
                    uv_triangles=triangles,
                    part=np.full(len(triangles), part),
                    source=np.full(len(ball), -1),
                )
            )
        middles.append(middle)
        moves.append(shift)
    return joined(pieces), np.stack(middles), np.stack(moves, axis=1)


def iris_place(flat: np.ndarray) -> np.ndarray:
    """Gives texture places, (..., 2), of a disc of radius 1."""
    (x, y), (across, down) = iris_middle(), iris_radius()
    return np.stack([x + flat[..., 0] * across, y - flat[..., 1] * down], axis=-1)


def sphere(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Gives the middle and radius of the sphere through points, by least squares."""
    design = np.c_[2 * points, np.ones(len(points))]
    found = np.linalg.lstsq(design, (points**2).sum(1), rcond=None)[0]
    return found[:3], float(np.sqrt(found[3] + found[:3] @ found[:3]))


def similarity(points: np.ndarray, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gives the shift (I, 3) and growth (I,) that come closest to how identities move points."""
    flat = points - points.mean(0)
    grow = (moves * flat).sum((1, 2)) / (flat**2).sum()
    shift = moves.mean(1) - grow[:, None] * points.mean(0)
    return shift.astype(np.float32), grow.astype(np.float32)


def eyeball() -> tuple[np.ndarray, np.ndarray]:
    """Gives an opaque eyeball around 0 that looks to +z: the iris a flat disc, the pupil a little deeper."""
    angles = np.radians(np.array(EYE_RINGS))
    edge = np.radians(IRIS_ANGLE)
    radius = EYE_RADIUS * np.sin(angles)
    height = EYE_RADIUS * np.cos(angles)
    inner = angles < edge
    # Seen through the cornea the iris lies flat, a little behind its rim.
    height[inner] = EYE_RADIUS * np.cos(edge) - 0.05 - 0.05 * (1 - angles[inner] / edge)
    front = EYE_RADIUS * np.cos(edge) - 0.1
    return revolved(radius, height, front)


def cornea() -> tuple[np.ndarray, np.ndarray]:
    """Gives the clear front of an eyeball, which bulges."""
    angles = np.radians(np.array(CORNEA_RINGS))
    radius = (EYE_RADIUS + 0.012) * np.sin(angles)
    middle = cornea_middle()
    return revolved(radius, middle + np.sqrt(CORNEA_RADIUS**2 - radius**2), middle + CORNEA_RADIUS)


def cornea_middle() -> float:
    """Gives how far the middle of a cornea lies in front of its eyeball's, cm."""
    edge, outer = np.radians(CORNEA_RINGS[-1]), EYE_RADIUS + 0.012
    return float(outer * np.cos(edge) - np.sqrt(CORNEA_RADIUS**2 - (outer * np.sin(edge)) ** 2))


def revolved(radius: np.ndarray, height: np.ndarray, front: float) -> tuple[np.ndarray, np.ndarray]:
    """Gives the surface of rings around the z axis, closed at the front: (V, 3), (N, 3)."""
    turn = 2 * np.pi * np.arange(SEGMENTS) / SEGMENTS
    rings = [
        np.stack([r * np.cos(turn), r * np.sin(turn), np.full(SEGMENTS, z)], axis=1)
        for r, z in zip(radius, height, strict=True)
    ]
    triangles = [[0, 1 + k, 1 + (k + 1) % SEGMENTS] for k in range(SEGMENTS)]
    for ring in range(len(rings) - 1):
        a, b = 1 + ring * SEGMENTS, 1 + (ring + 1) * SEGMENTS
        for k in range(SEGMENTS):
            n = (k + 1) % SEGMENTS
            triangles += [[a + k, b + k, b + n], [a + k, b + n, a + n]]
    return np.concatenate([[[0.0, 0.0, front]], *rings]), np.array(triangles)


def joined(pieces: Sequence[Piece]) -> Piece:
    """Gives one piece from several."""
    starts = np.cumsum([0, *(len(piece.rest) for piece in pieces)])
    uv_starts = np.cumsum([0, *(len(piece.uv) for piece in pieces)])
    return Piece(
        rest=np.concatenate([piece.rest for piece in pieces]),
        expressions=np.concatenate([piece.expressions for piece in pieces], axis=1),
        identities=np.concatenate([piece.identities for piece in pieces], axis=1),
        triangles=np.concatenate([p.triangles + s for p, s in zip(pieces, starts, strict=False)]),
        uv=np.concatenate([piece.uv for piece in pieces]),
        uv_triangles=np.concatenate([p.uv_triangles + s for p, s in zip(pieces, uv_starts, strict=False)]),
        part=np.concatenate([piece.part for piece in pieces]),
        source=np.concatenate([piece.source for piece in pieces]),
    )
