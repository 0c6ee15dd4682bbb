"""What the evaluator of frames sees: where brows, lids, nose, cheeks and lips are on a face whose pose is
taken out.

Of MediaPipe's 478 landmarks it uses those that expressions move. Lengths are in distances between the outer
eye corners.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .portrait_evaluator import functionals

if TYPE_CHECKING:
    import numpy as np

NUM_POINTS = 478
# Landmarks that no expression moves much, by which the pose is told: bridge of the nose, corners of the eyes.
STILL = (168, 197, 5, 4, 33, 133, 362, 263)
# Where they are on ICT-FaceKit's average head seen from the front, cm.
TEMPLATE = (
    (0.0, 3.741, 10.734), (0.0, 2.634, 11.518), (0.0, 1.612, 12.306), (0.0, 0.406, 13.069),
    (-4.459, 3.432, 8.603), (-1.844, 3.252, 9.196), (1.844, 3.252, 9.196), (4.459, 3.432, 8.603),
)  # fmt: skip
# Each landmark with the one across the face, on the left of the picture first; then those in the middle.
ACROSS = (
    *((70, 300), (63, 293), (105, 334), (66, 296), (107, 336)),  # brows, upper edge
    *((46, 276), (53, 283), (52, 282), (65, 295), (55, 285)),  # brows, lower edge
    *((33, 263), (160, 387), (159, 386), (158, 385), (133, 362), (144, 373), (145, 374), (153, 380)),  # lids
    *((119, 348), (118, 347), (101, 330), (50, 280), (205, 425), (187, 411)),  # cheeks
    *((98, 327), (97, 326), (129, 358), (64, 294), (203, 423), (206, 426), (216, 436)),  # nose, its fold
    *((61, 291), (40, 270), (39, 269), (37, 267), (91, 321), (181, 405), (84, 314)),  # outer lips
    *((78, 308), (81, 311), (82, 312), (88, 318), (178, 402), (87, 317)),  # inner lips
    *((202, 422), (204, 424), (212, 432)),  # chin
)
MIDDLE = (9, 8, 2, 0, 13, 14, 17, 18, 200, 152)
# Where one side may do what the other does not.
UNEVEN = tuple(range(10)) + tuple(range(20, 42))
NUM_GEOMETRY = 3 * (2 * len(ACROSS) + len(MIDDLE)) + 2 * len(UNEVEN)


def upright(landmarks: np.ndarray) -> np.ndarray:
    """Takes pose, place and size out of faces.

    Args:
        landmarks: (T, 478, 3) MediaPipe's, in pixels: x to the right, y down, z away from who looks.

    Returns:
        (T, 478, 3) in distances between the outer eye corners: x to the right of the picture, y up, z towards
        who looks; the middle of `STILL` is at 0.

    Raises:
        ValueError: other shapes, or points that are not finite.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 13(4), 1991.
    """
    import numpy as np

    points = np.asarray(landmarks, dtype=np.float64)
    if points.ndim != 3 or points.shape[1:] != (NUM_POINTS, 3) or not len(points):
        raise ValueError(f"expected (T, {NUM_POINTS}, 3) landmarks of one face or more, got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("expected finite landmarks, got others")
    template, still = np.array(TEMPLATE), list(STILL)
    width = np.linalg.norm(template[4] - template[7])
    target = (template - template.mean(0)) / width
    points = points * (1.0, -1.0, -1.0)
    centred = points - points[:, still].mean(1, keepdims=True)
    covariance = np.einsum("ij,tik->tjk", target, centred[:, still])  # (T, 3, 3)
    u, size, v = np.linalg.svd(covariance)
    sign = np.ones_like(size)
    sign[:, 2] = np.sign(np.linalg.det(u @ v))
    turn = (u * sign[:, None]) @ v
    spread = (centred[:, still] ** 2).sum((1, 2))
    if (spread < 1e-9).any():
        raise ValueError("expected landmarks that are apart, got some in one place")
    scale = (size * sign).sum(1) / spread
    return scale[:, None, None] * np.einsum("tjk,tik->tij", turn, centred)


def shape_features(faces: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """What the evaluator of frames sees in a take: (T, 478, 3) -> (F,) float32.

    Args:
        faces: from `upright`.
        reference: (478, 3) from `upright`: the same person at rest, or the average face for "absolute".
    """
    import numpy as np

    moved = faces - reference
    one, other = moved[:, [a for a, _ in ACROSS], :2], moved[:, [b for _, b in ACROSS], :2]
    mirrored = other * np.array([-1.0, 1.0])
    even = ((one + mirrored) / 2).reshape(len(faces), -1)
    middle = moved[:, list(MIDDLE), 1]
    uneven = np.abs((one - mirrored).mean(0)[list(UNEVEN)]).ravel()
    return np.concatenate([functionals(np.hstack([even, middle])), uneven]).astype(np.float32)
