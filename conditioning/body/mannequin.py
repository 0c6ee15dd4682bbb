"""An artist's mannequin on our skeleton: one closed skin of lofts, bound to the joints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from .lofts import Loft, blended, surface_of
from .skeleton import INDEX, NUM_JOINTS

if TYPE_CHECKING:
    import numpy as np

# sRGB of 0..1.
COLOURS = {"clay": (0.87, 0.83, 0.785), "joint": (0.40, 0.42, 0.47)}
MOST_BONES = 4  # of a vertex, as game engines and glTF take them
X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
# How far from the middle and how high the chest begins to go with the collarbones, and where it wholly does; how
# much of it does, cm.
COLLAR_ACROSS, COLLAR_UP, COLLAR_SHARE = (6.0, 15.0), (129.0, 138.0), 0.75
# Places on the head that are pushed out or in: where (x, y), how wide (x, y), how far forwards, cm.
FACE = (
    ((0.0, 158.4), (1.3, 1.7), 1.9),
    ((0.0, 161.4), (1.1, 2.2), 0.8),
    ((3.3, 161.2), (1.9, 1.5), -1.25),
    ((-3.3, 161.2), (1.9, 1.5), -1.25),
    ((0.0, 164.2), (4.2, 1.2), 0.35),
    ((0.0, 152.0), (2.4, 1.6), 0.5),
)


@dataclass(frozen=True)
class Mannequin:
    """A skinned mesh at rest.

    Attributes:
        points: (V, 3) float32 in cm. normals: (V, 3) float32 unit.
        triangles: (N, 3) int32, counter-clockwise from outside.
        joints: (V, 4) uint8 of `skeleton.JOINTS`. weights: (V, 4) float32, rows of sum 1, largest first.
        colours: (V, 3) float32 sRGB of 0..1.
    """

    points: np.ndarray
    normals: np.ndarray
    triangles: np.ndarray
    joints: np.ndarray
    weights: np.ndarray
    colours: np.ndarray


def ball(at: tuple[float, float, float], radius: float, joint: str, sides: int = 10) -> Loft:
    """Gives the ball of a joint."""
    x, y, z = at
    start, end = (x - radius, y, z), (x + radius, y, z)
    profile = ((0.0, radius, radius, 0.0), (1.0, radius, radius, 0.0))
    return Loft(start, end, Z, profile, (radius, radius), ((0.0, joint),), sides, 1, colour="joint")


TORSO = Loft(
    (0.0, 80.5, 0.0), (0.0, 150.0, -1.5), X,
    # 0 is at the crotch, 0.38 at the waist, 0.8 at the collarbones.
    ((0.0, 11.5, 8.8, 0.2), (0.06, 13.8, 10.0, 0.6), (0.14, 16.6, 11.0, 1.0), (0.2, 16.7, 11.0, 0.9),
     (0.28, 15.0, 9.9, 0.4), (0.37, 12.9, 8.7, -0.2), (0.44, 12.8, 8.8, -0.5), (0.56, 14.6, 10.3, -0.9),
     (0.68, 16.6, 11.1, -0.8), (0.78, 17.2, 10.4, 0.0), (0.84, 16.4, 9.2, 0.6), (0.89, 13.4, 7.8, 0.8),
     (0.93, 9.6, 6.6, 0.6), (0.965, 6.6, 5.7, 0.2), (1.0, 5.2, 5.2, 0.0)),
    (5.5, 0.5),
    ((0.0, "pelvis"), (0.22, "pelvis"), (0.38, "spine1"), (0.56, "spine2"), (0.76, "spine3")),
    18, 15, 2.3,
)  # fmt: skip
NECK = Loft(
    (0.0, 139.0, -1.7), (0.0, 159.0, 0.2), X,
    ((0.0, 5.4, 5.4, 0.0), (0.5, 5.1, 5.2, 0.0), (1.0, 5.3, 5.5, 0.0)),
    (2.0, 2.0), ((0.0, "spine3"), (0.4, "spine3"), (0.56, "neck"), (0.8, "head")), 10, 4,
)  # fmt: skip
HEAD = Loft(
    (0.0, 148.8, 0.9), (0.0, 171.4, 0.9), X,
    ((0.0, 4.6, 5.0, -3.4), (0.14, 5.6, 6.9, -2.3), (0.32, 7.0, 8.7, -1.1), (0.55, 7.9, 9.6, -0.1),
     (0.75, 8.0, 9.8, 0.4), (1.0, 7.7, 9.4, 0.5)),
    (3.4, 9.4), ((0.0, "head"),), 20, 7, 2.1, 3,
)  # fmt: skip
LEFT = (
    Loft(
        (12.9, 139.1, -1.5), (46.0, 139.0, -1.5), Z,
        ((0.0, 5.9, 6.1, 0.0), (0.18, 6.0, 6.2, 0.0), (0.55, 4.9, 4.9, 0.0), (1.0, 3.9, 4.0, 0.0)),
        (6.1, 1.6), ((0.0, "left_shoulder"),), 12, 4,
    ),
    ball((48.0, 139.0, -1.5), 3.75, "left_elbow"),
    Loft(
        (50.0, 139.0, -1.5), (71.8, 139.0, -1.5), Z,
        ((0.0, 3.75, 3.75, 0.0), (0.25, 4.25, 4.05, 0.0), (0.6, 3.4, 3.2, 0.0), (1.0, 2.55, 2.35, 0.0)),
        (1.6, 0.9), ((0.0, "left_elbow"),), 12, 4,
    ),
    ball((73.0, 139.0, -1.5), 2.35, "left_wrist", 8),
    Loft(
        (73.9, 139.0, -1.5), (90.6, 137.2, -1.5), Z,
        ((0.0, 2.5, 1.9, 0.0), (0.16, 3.4, 2.0, 0.1), (0.4, 4.3, 1.8, 0.3), (0.58, 4.15, 1.55, 0.4),
         (0.82, 3.6, 1.25, 0.1), (1.0, 3.0, 1.1, -0.5)),
        (0.9, 3.4), ((0.0, "left_wrist"),), 12, 6, 2.4,
    ),
    Loft(
        (75.2, 138.4, 0.2), (82.6, 136.9, 5.4), Y,
        ((0.0, 1.5, 1.6, 0.0), (0.35, 1.45, 1.6, 0.0), (1.0, 1.05, 1.15, 0.0)),
        (1.4, 1.3), ((0.0, "left_wrist"),), 8, 2,
    ),
    Loft(
        (8.8, 94.8, -0.4), (8.9, 51.2, 0.0), X,
        ((0.0, 6.9, 8.2, 0.0), (0.15, 7.3, 8.6, 0.0), (0.3, 7.6, 8.7, 0.2), (0.55, 6.9, 7.5, 0.6),
         (0.86, 5.4, 5.6, 0.4), (1.0, 4.9, 5.0, 0.1)),
        (6.6, 2.0), ((0.0, "left_hip"),), 14, 5,
    ),
    ball((8.9, 48.3, 0.1), 4.8, "left_knee"),
    Loft(
        (8.9, 45.6, 0.0), (8.9, 8.6, 0.0), X,
        ((0.0, 4.6, 4.8, 0.0), (0.12, 4.9, 5.1, -0.1), (0.34, 5.2, 5.7, -1.0), (0.62, 4.1, 4.4, -0.7),
         (0.92, 3.1, 3.3, 0.0), (1.0, 3.0, 3.2, 0.0)),
        (2.0, 1.2), ((0.0, "left_knee"),), 12, 6,
    ),
    ball((8.9, 6.9, 0.0), 3.0, "left_ankle"),
    Loft(
        (8.9, 0.0, -6.2), (9.3, 0.0, 20.6), X,
        # Shifted upwards by the radius: the sole is on the floor.
        ((0.0, 3.3, 2.3, 2.3), (0.12, 3.6, 2.7, 2.7), (0.28, 3.7, 3.1, 3.1), (0.5, 4.1, 2.6, 2.6),
         (0.7, 4.7, 2.05, 2.05), (0.86, 4.4, 1.65, 1.65), (1.0, 3.6, 1.3, 1.3)),
        (2.6, 4.2), ((0.0, "left_ankle"), (0.62, "left_ankle"), (0.78, "left_foot")), 12, 7, 2.5,
    ),
)  # fmt: skip

# Balls that keep light away, a rough body: joint, place from it in the joint's frame at rest and radius, cm.
MIDDLE_BALLS = (
    ("head", (0.0, 7.5, 1.0), 9.4),
    ("spine3", (0.0, 2.0, 0.0), 13.5),
    ("spine1", (0.0, 4.0, 0.5), 10.5),
    ("pelvis", (0.0, -1.0, -0.5), 13.0),
)
LEFT_BALLS = (
    ("left_shoulder", (5.0, 0.0, 0.0), 5.6),
    ("left_shoulder", (19.0, 0.0, 0.0), 4.6),
    ("left_elbow", (5.0, 0.0, 0.0), 4.2),
    ("left_elbow", (18.0, 0.0, 0.0), 3.2),
    ("left_wrist", (9.0, -0.8, 0.0), 4.2),
    ("left_hip", (0.0, -9.0, 0.0), 8.2),
    ("left_hip", (0.0, -27.0, 0.0), 6.6),
    ("left_knee", (0.0, -8.0, -0.5), 5.4),
    ("left_knee", (0.0, -26.0, 0.0), 4.2),
    ("left_ankle", (0.0, -3.0, 1.0), 3.8),
    ("left_ankle", (0.0, -4.2, 10.0), 3.6),
)
RIGHT_BALLS = tuple(
    (joint.replace("left_", "right_"), (-x, y, z), radius) for joint, (x, y, z), radius in LEFT_BALLS
)
BALLS = (*MIDDLE_BALLS, *LEFT_BALLS, *RIGHT_BALLS)


def mirrored(loft: Loft) -> Loft:
    """Gives the right side's."""

    def over(place: tuple[float, float, float]) -> tuple[float, float, float]:
        return -place[0], place[1], place[2]

    bones = tuple((share, joint.replace("left_", "right_")) for share, joint in loft.bones)
    # Turned round, so that the second radius, which stands upright on it, is mirrored too.
    across = (loft.across[0], -loft.across[1], -loft.across[2])
    return replace(loft, start=over(loft.start), end=over(loft.end), across=across, bones=bones)


@lru_cache(maxsize=1)
def mannequin() -> Mannequin:
    """Gives the mannequin, 170 cm high, in the T-pose of the skeleton; its arrays are shared, not to be changed."""
    import numpy as np

    points: list[np.ndarray] = []
    triangles: list[np.ndarray] = []
    shares: list[np.ndarray] = []
    colours: list[np.ndarray] = []
    count = 0
    for loft in (TORSO, NECK, HEAD, *LEFT, *map(mirrored, LEFT)):
        made = surface_of(loft)
        if loft is HEAD:
            sculpt(made.points)
        own = np.zeros((len(made.points), NUM_JOINTS))
        for joint, part in blended(loft.bones, made.shares).items():
            own[:, INDEX[joint]] = part
        if loft is TORSO:
            follow_collars(made.points, own)
        # A mirror image turns triangles inside out.
        points.append(made.points)
        triangles.append(outwards(made.points, made.triangles) + count)
        shares.append(own)
        colours.append(np.tile(COLOURS[loft.colour], (len(own), 1)))
        count += len(own)
    place, faces = np.concatenate(points), np.concatenate(triangles)
    joints, weights = largest(np.concatenate(shares))
    return Mannequin(
        place.astype(np.float32), normals_of(place, faces), faces.astype(np.int32), joints, weights,
        np.concatenate(colours).astype(np.float32),
    )  # fmt: skip


def sculpt(points: np.ndarray) -> None:
    """Gives the front of the head a nose and the hollows of eyes, in place."""
    import numpy as np

    front = np.clip((points[:, 2] - 2.0) / 5.0, 0, 1)
    for (x, y), (wide, high), far in FACE:
        away = ((points[:, 0] - x) / wide) ** 2 + ((points[:, 1] - y) / high) ** 2
        points[:, 2] += far * np.exp(-away / 2) * front


def follow_collars(points: np.ndarray, shares: np.ndarray) -> None:
    """Lets the upper chest go with the collarbones, in place."""
    import numpy as np

    def eased(value: np.ndarray, between: tuple[float, float]) -> np.ndarray:
        share = np.clip((value - between[0]) / (between[1] - between[0]), 0, 1)
        return np.asarray(share * share * (3 - 2 * share))

    for side, joint in ((1, "left_collar"), (-1, "right_collar")):
        part = COLLAR_SHARE * eased(side * points[:, 0], COLLAR_ACROSS) * eased(points[:, 1], COLLAR_UP)
        shares *= 1 - part[:, None]
        shares[:, INDEX[joint]] += part


def outwards(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Gives the triangles of a closed surface so that they are seen from outside: its volume is positive."""
    import numpy as np

    a, b, c = (points[triangles[:, corner]] - points.mean(0) for corner in range(3))
    return triangles if (a * np.cross(b, c)).sum() > 0 else triangles[:, ::-1]


def normals_of(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Gives unit normals (V, 3) float32 from the triangles around, the larger counting more."""
    import numpy as np

    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    summed = np.zeros_like(points)
    for corner in range(3):
        np.add.at(summed, triangles[:, corner], across)
    return (summed / np.linalg.norm(summed, axis=1, keepdims=True)).astype(np.float32)


def largest(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gives the joints (V, 4) and weights (V, 4) that count most; joint 0 where a weight is 0."""
    import numpy as np

    joints = np.argsort(-shares, axis=1, kind="stable")[:, :MOST_BONES]
    weights = np.take_along_axis(shares, joints, 1)
    weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    return np.where(weights > 0, joints, 0).astype(np.uint8), weights
