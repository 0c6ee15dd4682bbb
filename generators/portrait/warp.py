"""The sheet that carries a photo: the skin of the face, finer than its landmarks, and rings around it.

Everything on the sheet follows the face's 478 points linearly, so a frame is one matrix product and one
rotation. The skin turns with the head; hair turns with it too, the neck less and less, the shoulders hardly,
and what is far from the head stays.

Source of the finer skin: Dyn, Levin and Gregory, "A Butterfly Subdivision Scheme for Surface Interpolation
with Tension Control", 1990.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from conditioning.face import mesh

from .layers import Affine

if TYPE_CHECKING:
    from collections.abc import Sequence

# Rings around the outline of the face, in half heights of the face from its middle line outwards.
RINGS = (0.03, 0.08, 0.16, 0.28, 0.45, 0.7, 1.05, 1.6, 2.4, 4.0, 8.0)
# How far from the face's outline its expression still moves hair and neck, in heights of the face.
REACH_UP, REACH_DOWN = 0.12, 0.30
# How soon the depth of the outline becomes that of the silhouette.
DEPTH_UP, DEPTH_SIDE, DEPTH_DOWN = 0.28, 0.10, 0.16
# What part of the head's movement the shoulders make, and how far below the chin they are, in heights.
SHOULDERS = 0.12
NECK = 0.62
# Where the surroundings of the head no longer move with it, in heights from the middle of the face.
STILL_FROM, STILL_AT = 1.7, 3.4
# Around these the skin is cut finer.
FINE = (*mesh.EYE_LEFT, *mesh.EYE_RIGHT, *mesh.LIPS_OUTER, *mesh.LIPS_INNER)
HOLES = (
    (mesh.UPPER_LID_LEFT, mesh.LOWER_LID_LEFT),
    (mesh.UPPER_LID_RIGHT, mesh.LOWER_LID_RIGHT),
    (mesh.UPPER_LIP_INNER, mesh.LOWER_LIP_INNER),
)


@dataclass(frozen=True, eq=False)
class Sheet:
    """A mesh over the whole picture.

    Attributes:
        rest: (V, 3) where everything is in the photo, in pixels of the frame: x right, y down, z towards us.
        follow: (V, 478) how each vertex moves with the points of the face before the head turns.
        rigid: (V,) what part of the head's own movement each vertex makes, 0..1.
        triangles: (N, 3) long.
        edge: (R,) the vertices along the face's outline, from the forehead's middle around; after the skin's
            vertices come those of each ring in the same order.
        pivot: (3,) what the head turns about.
    """

    rest: torch.Tensor
    follow: torch.Tensor
    rigid: torch.Tensor
    triangles: torch.Tensor
    edge: torch.Tensor
    pivot: torch.Tensor


def sheet_of(points: torch.Tensor, skin: torch.Tensor, pivot: torch.Tensor) -> Sheet:
    """Builds the sheet of a photo.

    Args:
        points: (478, 3) the face in pixels of the frame: x right, y down, z towards us.
        skin: (N, 3) triangles of the skin, with holes at the eyes and the mouth.
        pivot: (3,) what the head turns about, in the same pixels.
    """
    triangles = torch.cat([skin, *(bridged(upper, lower) for upper, lower in HOLES)])
    fine, follow = subdivided(triangles, len(points), around(triangles, FINE))
    edge = list(mesh.OUTLINE)
    outline = points[edge]
    rest = follow @ points
    first = len(rest)
    ring_rest, ring_follow = rings_around(outline, edge, points, pivot)
    rest, follow = torch.cat([rest, ring_rest]), torch.cat([follow, ring_follow])
    rings = ring_triangles(edge, first, len(RINGS))
    rigid = rigidity(rest, points)
    rigid[:first] = 1
    return Sheet(rest, follow, rigid, torch.cat([fine, rings]), torch.tensor(edge), pivot)


def bridged(upper: Sequence[int], lower: Sequence[int]) -> torch.Tensor:
    """Closes a hole by triangles between its upper and its lower line, which share their ends."""
    rows = []
    for k in range(len(upper) - 1):
        quad = (upper[k], upper[k + 1], lower[k + 1], lower[k])
        rows += [quad[:3], (quad[0], quad[2], quad[3])]
    return torch.tensor([row for row in rows if len(set(row)) == 3])


def subdivided(triangles: torch.Tensor, num_points: int, fine: set[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Cuts triangles finer where all is `fine`; gives (M, 3) triangles and (V, P) weights of all vertices.

    The first P vertices are the points themselves. New vertices lie on a smooth surface through them.

    Args:
        fine: points; an edge between two of them is cut in two, and a triangle in up to four.
    """
    edges: dict[tuple[int, int], list[int]] = {}
    for one, two, three in triangles.tolist():
        for a, b, opposite in ((one, two, three), (two, three, one), (three, one, two)):
            edges.setdefault((min(a, b), max(a, b)), []).append(opposite)
    cut = [edge for edge in edges if fine.issuperset(edge)]
    number = {edge: num_points + place for place, edge in enumerate(cut)}
    weights = torch.zeros(num_points + len(cut), num_points)
    weights[:num_points] = torch.eye(num_points)
    for edge, place in number.items():
        weights[place] = middle_of(edge, edges, num_points)
    return torch.tensor([piece for row in triangles.tolist() for piece in pieces(row, number)]), weights


def pieces(row: list[int], number: dict[tuple[int, int], int]) -> list[tuple[int, int, int]]:
    """Cuts one triangle at those of its edges that have a new vertex."""
    middles = [number.get((min(a, b), max(a, b))) for a, b in zip(row, row[1:] + row[:1], strict=True)]
    # The outline with its new vertices; a corner between two of them is cut off, until nothing is left.
    ring = [each for pair in zip(row, middles, strict=True) for each in pair if each is not None]
    if len(ring) == 6:
        a, x, b, y, c, z = ring
        return [(a, x, z), (x, b, y), (z, y, c), (x, y, z)]
    if len(ring) == 5:
        plain = middles.index(None)  # the edge that stays whole, from corner `plain` to the next
        start = ring.index(row[plain])
        a, b, y, c, z = ring[start:] + ring[:start]
        return [(a, b, y), (a, y, z), (z, y, c)]
    if len(ring) == 4:
        split = next(place for place, each in enumerate(middles) if each is not None)
        start = ring.index(row[split])
        a, x, b, c = ring[start:] + ring[:start]
        return [(a, x, c), (x, b, c)]
    return [(row[0], row[1], row[2])]


def middle_of(
    edge: tuple[int, int], edges: dict[tuple[int, int], list[int]], num_points: int
) -> torch.Tensor:
    """Gives the weights of a new vertex on an edge: the butterfly, or the plain middle at a border."""
    row = torch.zeros(num_points)
    row[list(edge)] = 0.5
    wings = edges[edge]
    if len(wings) != 2:
        return row
    sides = [(min(end, wing), max(end, wing)) for wing in wings for end in edge]
    if any(len(edges[side]) != 2 for side in sides):
        return row
    for wing in wings:
        row[wing] += 0.125
    for side in sides:
        beyond = [each for each in edges[side] if each not in edge]
        row[beyond] -= 0.0625
    return row


def around(triangles: torch.Tensor, points: Sequence[int]) -> set[int]:
    """Gives points and their neighbours."""
    near = set(points)
    return near | {each for row in triangles.tolist() if near.intersection(row) for each in row}


def upright(points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gives the face's middle (2,), its upward direction (2,) in the picture and its height in pixels."""
    top, chin = points[mesh.OUTLINE[0], :2], points[mesh.OUTLINE[18], :2]
    height = (top - chin).norm()
    return (top + chin) / 2, (top - chin) / height, height


def rings_around(
    outline: torch.Tensor, edge: list[int], points: torch.Tensor, pivot: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gives the (K * R, 3) vertices of the rings and how they follow the points, (K * R, 478)."""
    middle, up, height = upright(points)
    ray = outline[:, :2] - middle
    length = ray.norm(dim=1, keepdim=True)
    ray = ray / length
    upness = ray @ up  # (R,)
    reach = blend(upness, REACH_DOWN, REACH_UP, REACH_UP) * height
    fall = blend(upness, DEPTH_DOWN, DEPTH_SIDE, DEPTH_UP) * height
    nearest = torch.zeros(len(edge), len(points))
    nearest[range(len(edge)), edge] = 1
    vertices, follows = [], []
    for place, factor in enumerate(RINGS):
        away = factor * height
        flat = middle + ray * (length + away)
        z = pivot[2] + (outline[:, 2] - pivot[2]) * torch.exp(-away / fall)
        vertices.append(torch.cat([flat, z[:, None]], 1))
        smooth = around_mean(nearest, 1 + 2 * place)
        follows.append(smooth * torch.exp(-((away / reach) ** 2))[:, None])
    return torch.cat(vertices), torch.cat(follows)


def around_mean(rows: torch.Tensor, width: int) -> torch.Tensor:
    """Means over `width` neighbours around a closed ring, (R, P)."""
    return torch.stack([rows.roll(shift, 0) for shift in range(-(width // 2), width // 2 + 1)]).mean(0)


def blend(upness: torch.Tensor, down: float, side: float, up: float) -> torch.Tensor:
    """Goes smoothly from `down` (-1) over `side` (0) to `up` (1)."""
    high = upness.clamp(0, 1) ** 2
    low = (-upness).clamp(0, 1) ** 2
    return side + (up - side) * high + (down - side) * low


def ring_triangles(edge: list[int], first: int, count: int) -> torch.Tensor:
    """Joins the outline and `count` rings, of which the first begins at vertex `first`."""
    size = len(edge)
    loops = [torch.tensor(edge)] + [torch.arange(size) + first + k * size for k in range(count)]
    rows = []
    for inner, outer in itertools.pairwise(loops):
        after, beyond = inner.roll(-1), outer.roll(-1)
        rows += [torch.stack([inner, outer, beyond], 1), torch.stack([inner, beyond, after], 1)]
    return torch.cat(rows)


def rigidity(rest: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Gives what part of the head's movement each place of the picture makes, (V,)."""
    middle, up, height = upright(points)
    chin = points[mesh.OUTLINE[18], :2]
    below = -((rest[:, :2] - chin) @ up) / height
    away = (rest[:, :2] - middle).norm(dim=1) / height
    head = SHOULDERS + (1 - SHOULDERS) * (1 - smooth_step(below, -0.12, NECK))
    return head * (1 - smooth_step(away, STILL_FROM, STILL_AT))


def smooth_step(value: torch.Tensor, low: float, high: float) -> torch.Tensor:
    share = ((value - low) / (high - low)).clamp(0, 1)
    return share * share * (3 - 2 * share)


@dataclass(frozen=True, eq=False)
class Turn:
    """The head's movement from where it is in the photo: x -> linear (x - pivot) + pivot + shift, in pixels.

    Attributes:
        linear: (B, 3, 3); shift: (B, 3); pivot: (3,).
    """

    linear: torch.Tensor
    shift: torch.Tensor
    pivot: torch.Tensor

    def __call__(self, points: torch.Tensor) -> torch.Tensor:
        """(B, V, 3) or (V, 3) -> (B, V, 3)."""
        return (points - self.pivot) @ self.linear.transpose(1, 2) + (self.pivot + self.shift)[:, None]

    def back(self, depth: torch.Tensor) -> Affine:
        """Gives what turns pixels back into the photo's, on a plane that faces us.

        Args:
            depth: () z of the plane in the photo, in pixels.
        """
        flat = self.linear[:, :2, :2]
        middle = self.pivot[:2] + self.shift[:, :2] + self.linear[:, :2, 2] * (depth - self.pivot[2])
        return Affine(flat, middle - (flat @ self.pivot[:2, None])[..., 0]).inverse()


def posed(sheet: Sheet, moved: torch.Tensor, turn: Turn) -> torch.Tensor:
    """Gives where the sheet is, (B, V, 3) pixels.

    Args:
        moved: (B, V, 3) how far its vertices are from where they are in the photo before the head turns.
        turn: the head's movement.
    """
    here = sheet.rest + moved
    return torch.lerp(here, turn(here), sheet.rigid[:, None])
