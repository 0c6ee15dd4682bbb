"""Fewer triangles for the same shape: edges collapse where the surface, at rest and in motion, changes least.

Every vertex that stays is a vertex that was, so that whatever moves the old ones moves the new ones too.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass

import numpy as np

# A triangle may not turn by more than about 75 degrees, nor become a needle (1 is equilateral).
LEAST_COSINE = 0.25
LEAST_ROUNDNESS = 0.12
# How firmly lines (borders, seams, rims of materials) keep their course, beside what faces weigh.
CREASE = 10.0
# A little of the squared edge length, so that flat places keep even triangles.
EVENNESS = 2e-5


@dataclass(frozen=True)
class Corners:
    """Triangles with a texture vertex at each corner.

    Attributes:
        triangles: (N, 3) vertices.
        uv: (N, 3) texture vertices.
        part: (N,) what each is made of.
    """

    triangles: np.ndarray
    uv: np.ndarray
    part: np.ndarray


class Decimation:
    """Half-edge collapses in the order of the quadric error, summed over poses.

    Source: Garland and Heckbert 1997, "Surface simplification using quadric error metrics", section 5.

    Args:
        poses: (P, V, 3) the same vertices at rest (first) and in motion.
        mesh: a manifold. Its lines are its borders, where its texture is cut and where parts meet: a vertex
            on a line moves along it only, and stays where lines meet or end.
        weight: (V,) how much an error counts at a vertex.
    """

    def __init__(self, poses: np.ndarray, mesh: Corners, weight: np.ndarray) -> None:
        self.poses = np.ascontiguousarray(poses.transpose(1, 0, 2), dtype=np.float64)
        self.triangles = [list(map(int, row)) for row in mesh.triangles]
        self.uv = [list(map(int, row)) for row in mesh.uv]
        self.part = mesh.part
        self.weight = weight
        self.faces: list[set[int]] = [set() for _ in range(len(self.poses))]
        for face, corners in enumerate(self.triangles):
            for vertex in corners:
                self.faces[vertex].add(face)
        self.lines: list[set[int]] = [set() for _ in self.faces]
        for u, v in self.edges():
            if self.is_line(u, v):
                self.lines[u].add(v)
                self.lines[v].add(u)
        self.fixed = np.array([len(found) not in (0, 2) for found in self.lines])
        self.quadrics = self.first_quadrics()
        self.changed = np.zeros(len(self.faces), int)

    def edges(self) -> list[tuple[int, int]]:
        found = {tuple(sorted(pair)) for a, b, c in self.triangles for pair in ((a, b), (b, c), (c, a))}
        return sorted((int(u), int(v)) for u, v in found)

    def is_line(self, u: int, v: int) -> bool:
        shared = self.faces[u] & self.faces[v]
        textures = {(self.corner(face, u), self.corner(face, v)) for face in shared}
        return len(shared) == 1 or len(textures) > 1 or len({int(self.part[face]) for face in shared}) > 1

    def corner(self, face: int, vertex: int) -> int:
        """Gives the texture vertex that a face has at a vertex."""
        return self.uv[face][self.triangles[face].index(vertex)]

    def first_quadrics(self) -> np.ndarray:
        """Gives (V, P, 4, 4): of the planes of faces, by area, and of walls that stand on the lines."""
        found = np.zeros((len(self.faces), self.poses.shape[1], 4, 4))
        for corners in self.triangles:
            at = self.poses[corners]
            normal = np.cross(at[1] - at[0], at[2] - at[0])
            area = np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-12
            found[corners] += plane(normal / area, at[0]) * area[..., None] / 2
            for u, v in zip(corners, (*corners[1:], corners[0]), strict=True):
                if v in self.lines[u]:
                    along = self.poses[v] - self.poses[u]
                    wall = np.cross(along, normal / area)
                    length = np.linalg.norm(wall, axis=-1, keepdims=True) + 1e-12
                    found[[u, v]] += CREASE * plane(wall / length, self.poses[u]) * length[..., None] ** 2
        return found

    def to(self, count: int) -> Corners:
        """Collapses until `count` vertices stay, or as many as have to.

        Returns:
            What stays, with the old numbers of its vertices.
        """
        left = sum(bool(found) for found in self.faces)
        heap = [entry for u, v in self.edges() for entry in (self.entry(u, v), self.entry(v, u))]
        heapq.heapify(heap)
        while left > count and heap:
            _, u, v, stamp = heapq.heappop(heap)
            if stamp != self.changed[u] + self.changed[v] or not self.allowed(u, v):
                continue
            touched = self.collapse(u, v)
            left -= 1
            for w in touched:
                heapq.heappush(heap, self.entry(v, w))
                heapq.heappush(heap, self.entry(w, v))
        stays = sorted(set().union(*self.faces))
        return Corners(
            np.array([self.triangles[face] for face in stays]),
            np.array([self.uv[face] for face in stays]),
            self.part[stays],
        )

    def entry(self, u: int, v: int) -> tuple[float, int, int, int]:
        """Gives what moving u into v costs, for the heap; it is void when either has changed since."""
        target = np.concatenate([self.poses[v], np.ones((self.poses.shape[1], 1))], axis=1)
        error = np.einsum("pi,pij,pj->", target, self.quadrics[u] + self.quadrics[v], target)
        length = float(((self.poses[u, 0] - self.poses[v, 0]) ** 2).sum())
        cost = float(self.weight[u]) * (max(0.0, float(error)) + EVENNESS * length)
        return cost, u, v, int(self.changed[u] + self.changed[v])

    def allowed(self, u: int, v: int) -> bool:
        """Says whether u may move into v: lines keep, the mesh stays a manifold, no triangle turns over."""
        shared = self.faces[u] & self.faces[v]
        if not shared or self.fixed[u] or (self.lines[u] and v not in self.lines[u]):
            return False
        if self.lines[u] and (self.lines[u] - {v}) & self.lines[v]:
            return False
        tops = {vertex for face in shared for vertex in self.triangles[face]} - {u, v}
        if len(tops) != len(shared) or self.neighbours(u) & self.neighbours(v) != tops:
            return False
        return all(self.keeps_its_side(face, u, v) for face in self.faces[u] - shared)

    def neighbours(self, u: int) -> set[int]:
        return {vertex for face in self.faces[u] for vertex in self.triangles[face]} - {u}

    def keeps_its_side(self, face: int, u: int, v: int) -> bool:
        before = self.poses[self.triangles[face]]
        after = self.poses[[v if vertex == u else vertex for vertex in self.triangles[face]]]
        old = np.cross(before[1] - before[0], before[2] - before[0])
        new = np.cross(after[1] - after[0], after[2] - after[0])
        size = np.linalg.norm(new, axis=-1)
        cosine = (old * new).sum(-1) / (np.linalg.norm(old, axis=-1) * size + 1e-12)
        sides = sum(((after[i] - after[i - 1]) ** 2).sum(-1) for i in range(3))
        roundness = 2 * np.sqrt(3) * size / (sides + 1e-12)
        return bool(cosine[0] > LEAST_COSINE and cosine.min() > -0.2 and roundness[0] > LEAST_ROUNDNESS)

    def collapse(self, u: int, v: int) -> set[int]:
        """Moves u into v; gives the vertices around."""
        shared = self.faces[u] & self.faces[v]
        texture = {self.corner(face, u): self.corner(face, v) for face in shared}
        for face in shared:
            for vertex in self.triangles[face]:
                self.faces[vertex].discard(face)
        for face in self.faces[u]:
            at = self.triangles[face].index(u)
            self.triangles[face][at] = v
            self.uv[face][at] = texture[self.uv[face][at]]
            self.faces[v].add(face)
        self.faces[u] = set()
        for w in self.lines[u]:
            self.lines[w].discard(u)
            if w != v:
                self.lines[w].add(v)
                self.lines[v].add(w)
        self.lines[u] = set()
        self.quadrics[v] += self.quadrics[u]
        self.changed[v] += 1_000_000
        self.changed[u] += 1
        return self.neighbours(v)


def plane(normal: np.ndarray, through: np.ndarray) -> np.ndarray:
    """Gives the quadric of a plane, (..., 4, 4)."""
    rest = -(normal * through).sum(-1, keepdims=True)
    row = np.concatenate([normal, rest], axis=-1)
    return row[..., :, None] * row[..., None, :]


def borders(triangles: np.ndarray) -> set[tuple[int, int]]:
    """Gives the edges (low, high) that one triangle has for itself."""
    count = Counter(
        (min(u, v), max(u, v)) for a, b, c in triangles.tolist() for u, v in ((a, b), (b, c), (c, a))
    )
    return {edge for edge, times in count.items() if times == 1}
