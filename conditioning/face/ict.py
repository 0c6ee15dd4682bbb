"""ICT-FaceKit, from which the face model is made: a head's mesh, expressions under ARKit's names, identities.

Source: Li et al., "Learning Formation of Physically-Based Face Attributes", 2020. ICT-FaceKit is
(c) 2020 USC Institute for Creative Technologies, MIT licence; its text stands in the data's `license`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .arkit import NAMES

if TYPE_CHECKING:
    import numpy as np

FILE = "ict_facekit.npz"
ATTRIBUTION = "ICT-FaceKit (c) 2020 USC Institute for Creative Technologies, MIT"


@dataclass(frozen=True, eq=False)
class Head:
    """A head in cm: x to the person's left (the right of the picture), y up, z forwards.

    Attributes:
        neutral: (V, 3) float32 vertices at rest.
        triangles: (N, 3) int64.
        materials: (N,) int8 of each triangle, an index into `material_names`.
        regions: name -> (first vertex, one past the last).
        expressions: (52, V, 3) float16 displacements at coefficient 1, in the order of `arkit.NAMES`; the
            tongue has none.
        identities: (100, V, 3) float32 displacements for a coefficient of 1, which is N(0, 1) among people.
        landmarks68: (68,) vertices of the Multi-PIE landmarks.
    """

    neutral: np.ndarray
    triangles: np.ndarray
    materials: np.ndarray
    material_names: tuple[str, ...]
    regions: dict[str, tuple[int, int]]
    expressions: np.ndarray
    identities: np.ndarray
    landmarks68: np.ndarray


def read_head(data_dir: str | Path) -> Head:
    """Reads `face/ict_facekit.npz` or `ict_facekit.npz` in a folder of data.

    Raises:
        FileNotFoundError: it is not there.
    """
    import numpy as np

    places = [Path(data_dir) / "face" / FILE, Path(data_dir) / FILE]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise FileNotFoundError(f"expected face/{FILE} in the folder of data, got none")
    with np.load(path, allow_pickle=False) as data:
        triangles, owners = triangulated(data["faces"])
        regions = zip(data["region_names"].tolist(), data["region_ranges"].tolist(), strict=True)
        return Head(
            neutral=data["neutral"],
            triangles=triangles,
            materials=data["face_material"][owners],
            material_names=tuple(data["material_names"].tolist()),
            regions={name: (row[0], row[1]) for name, row in regions},
            expressions=arkit_shapes(data, len(data["neutral"])),
            identities=data["identity_q"].astype(np.float32) * data["identity_scale"],
            landmarks68=data["landmarks68"].astype(np.int64),
        )


def triangulated(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cuts quads, (F, 4) with -1 in the last place of triangles; gives (N, 3) and the face each came from."""
    import numpy as np

    quads = np.flatnonzero(faces[:, 3] >= 0)
    triangles = np.concatenate([faces[:, :3], faces[quads][:, [0, 2, 3]]]).astype(np.int64)
    return triangles, np.concatenate([np.arange(len(faces)), quads])


def arkit_shapes(data: np.lib.npyio.NpzFile, num_vertices: int) -> np.ndarray:
    """(52, V, 3) float16 from sparse displacements; what ARKit does not split is the sum of both sides."""
    import numpy as np

    starts, index, delta = data["expr_start"], data["expr_index"], data["expr_delta"]
    shapes = np.zeros((len(NAMES), num_vertices, 3), np.float16)
    for place, name in enumerate(data["expr_names"].tolist()):
        plain = name.removesuffix("_L").removesuffix("_R")
        side = {"_L": "Left", "_R": "Right"}.get(name[-2:], "")
        wanted = next((each for each in (plain + side, plain) if each in NAMES), None)
        if wanted is None:  # the size of pupils, and a second way of raising the cheeks
            continue
        part = slice(starts[place], starts[place + 1])
        shapes[NAMES.index(wanted), index[part]] += delta[part]
    return shapes
