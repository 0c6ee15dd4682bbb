"""Where the points of a face are in a picture: MediaPipe's 478, found offline and in silence.

Source: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019;
Grishchenko et al., "Attention Mesh", 2020. The models lie in the `mediapipe` package.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .photo import Photo

if TYPE_CHECKING:
    import numpy as np

NUM_POINTS = 478
MAX_FACES = 8
# The detectors look at 128 to 192 pixels and the mesh at 192; more only costs time.
MOST_SIDE = 1920
# Parts of the side that the far-range detector looks at in turn, the last only when nothing was found.
TILES = (1, 2, 4)
LEAST_FACE = 40
SMALL_FACE = 110
# Half of the picture's side beyond a face within which the mesh is sure to see all of it.
MARGIN = 0.6
LOCK = threading.RLock()


@dataclass(frozen=True, eq=False)
class Face:
    """A face in a picture.

    Attributes:
        landmarks: (478, 3) float32 in pixels: x to the right, y down, z away from who looks; the last ten are
            the irises.
        box: left, top, right, bottom of the landmarks in pixels; may lie beyond the picture.
    """

    landmarks: np.ndarray
    box: tuple[float, float, float, float]

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


def face_of(landmarks: np.ndarray) -> Face:
    """Gives the face that has these landmarks, (478, 3) in pixels."""
    import numpy as np

    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Face(np.asarray(landmarks, np.float32), box)


def find_faces(photo: Photo | np.ndarray) -> list[Face]:
    """Finds every face, the largest first.

    Args:
        photo: a photo, or (H, W, 3) uint8 RGB.

    Returns:
        At most 8 faces; none when none is seen. The same picture always gives the same landmarks.
    """
    pixels = photo.pixels if isinstance(photo, Photo) else photo
    square, scale = squared(pixels)
    found = mesh(square, MAX_FACES)
    for parts in TILES:
        if parts == TILES[-1] and found:
            break
        # The mesh's own detector misses what is small in the picture; the far-range one, closer by, finds it.
        for box in boxes_in_tiles(square, parts):
            if not any(overlaps(box, each) for each in found):
                found += [
                    new for new in closer(square, box) if not any(overlaps(bounds(new), o) for o in found)
                ]
    faces = [face_of(points / scale) for points in found[:MAX_FACES]]
    return sorted(faces, key=lambda face: face.width * face.height, reverse=True)


def choose_face(faces: Sequence[Face], which: int = 0) -> Face:
    """Gives the face that is meant.

    Args:
        which: the number of the face counted from the left, from 1; 0 when there is only one.

    Raises:
        ValueError: no face, several and none chosen, a number that no face has, or a face under 40 pixels.
    """
    if not faces:
        raise ValueError("expected a photo with a face seen from the front, got one without")
    ordered = sorted(faces, key=lambda face: face.box[0] + face.box[2])
    if which == 0 and len(ordered) > 1:
        boxes = "; ".join(f"{place}: {described(face)}" for place, face in enumerate(ordered, 1))
        raise ValueError(f"expected one face or a choice (face = its number from the left), got {boxes}")
    if not 0 <= which <= len(ordered):
        raise ValueError(f"expected face 1 to {len(ordered)} from the left, got {which}")
    face = ordered[max(which, 1) - 1]
    if face.width < LEAST_FACE:
        raise ValueError(f"expected a face at least {LEAST_FACE} pixels wide, got {face.width:.0f}")
    return face


def doubts_of(face: Face) -> tuple[str, ...]:
    """What somebody should know of a face before it is used."""
    if face.width < SMALL_FACE:
        return (f"the face is only {face.width:.0f} pixels wide: the result will be soft",)
    return ()


def described(face: Face) -> str:
    left, top, right, bottom = (round(each) for each in face.box)
    return f"x {left}-{right}, y {top}-{bottom}"


class Follower:
    """Finds the face seen best in picture after picture, each near where the last one was.

    Gives steadier landmarks than `find_faces`; what it gives depends on the pictures before. Not for several
    threads at once.
    """

    def __init__(self) -> None:
        self.engine = Engine(lambda: face_mesh(static=False, max_faces=1))

    def __call__(self, pixels: np.ndarray) -> Face | None:
        """(H, W, 3) uint8 RGB -> the face, or None when none is seen."""
        square, scale = squared(pixels)
        result = self.engine(square)
        points = points_of(result, square.shape[0])
        return face_of(points[0] / scale) if points else None

    def close(self) -> None:
        self.engine.close()


def squared(pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """Puts a picture at the upper left of a square of at most 1280 pixels a side; gives it and its scale.

    MediaPipe turns tilted faces as if every picture were square, so that it has to be.
    """
    import numpy as np
    from PIL import Image

    height, width = pixels.shape[:2]
    scale = min(1.0, MOST_SIDE / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
    side = max(pixels.shape[:2])
    square = np.zeros((side, side, 3), np.uint8)
    square[: pixels.shape[0], : pixels.shape[1]] = pixels
    return square, scale


def mesh(square: np.ndarray, max_faces: int) -> list[np.ndarray]:
    """(S, S, 3) -> (478, 3) landmarks in pixels of each face that the near-range detector sees."""
    return points_of(still_mesh(max_faces)(square), square.shape[0])


def points_of(result: Any, side: int) -> list[np.ndarray]:
    import numpy as np

    return [
        np.array([(p.x, p.y, p.z) for p in each.landmark], np.float32) * side
        for each in result.multi_face_landmarks or []
    ]


def detected(square: np.ndarray) -> list[np.ndarray]:
    """(S, S, 3) -> left, top, right, bottom in pixels of each face that the far-range detector sees."""
    import numpy as np

    result = far_detector()(square)
    boxes = [each.location_data.relative_bounding_box for each in result.detections or []]
    rows = [(box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height) for box in boxes]
    return [np.array(row, np.float32) * square.shape[0] for row in rows]


def boxes_in_tiles(square: np.ndarray, parts: int) -> list[np.ndarray]:
    """Detects in squares of a `parts`-th of the side that overlap by half; boxes in the whole picture."""
    import numpy as np

    side = square.shape[0] // parts
    starts = [place * side // 2 for place in range(2 * parts - 1)]
    boxes = []
    for top in starts:
        for left in starts:
            tile = np.ascontiguousarray(square[top : top + side, left : left + side])
            # Most tiles of a long picture are only the padding.
            if tile.any():
                boxes += [box + np.array([left, top, left, top], np.float32) for box in detected(tile)]
    return boxes


def closer(square: np.ndarray, box: np.ndarray) -> list[np.ndarray]:
    """Looks at the surroundings of one detected face alone; landmarks in pixels of the whole picture."""
    import numpy as np
    from PIL import Image

    centre, side = (box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max()) * (1 + 2 * MARGIN)
    corner = np.round(centre - side / 2).astype(int)
    side = max(8, round(side))
    crop = Image.fromarray(square).crop((*corner, *(corner + side)))
    larger = max(side, 256)
    seen = mesh(np.asarray(crop.resize((larger, larger), Image.Resampling.BICUBIC)), 1)
    shift = np.array([*corner, 0], np.float32)
    return [points * (side / larger) + shift for points in seen]


def bounds(points: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.concatenate([points[:, :2].min(0), points[:, :2].max(0)])


def overlaps(box: np.ndarray, points: np.ndarray) -> bool:
    """Whether the middle of a box lies within the landmarks' own, or the other way round."""
    other = bounds(points)
    one, two = (box[:2] + box[2:]) / 2, (other[:2] + other[2:]) / 2
    inside = ((other[:2] < one) & (one < other[2:])).all(), ((box[:2] < two) & (two < box[2:])).all()
    return bool(any(inside))


class Engine:
    """One of MediaPipe's graphs, used by one thread at a time; silent until it has seen its first face.

    MediaPipe talks when a graph is made, when it first runs and when it first finds something.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        import numpy as np

        self.silent = True
        with silence():
            self.graph = make()
            # Its threads start on their own time; after a picture they surely have.
            self.graph.process(np.zeros((64, 64, 3), np.uint8))

    def __call__(self, square: np.ndarray) -> Any:
        with LOCK:
            if not self.silent:
                return self.graph.process(square)
            with silence():
                result = self.graph.process(square)
            # The mesh speaks of landmarks, the detector of boxes.
            found = getattr(result, "multi_face_landmarks", None) or getattr(result, "detections", None)
            self.silent = not found
            return result

    def close(self) -> None:
        with silence():
            self.graph.close()


@lru_cache(maxsize=2)
def still_mesh(max_faces: int) -> Engine:
    return Engine(lambda: face_mesh(static=True, max_faces=max_faces))


@lru_cache(maxsize=1)
def far_detector() -> Engine:
    return Engine(
        lambda: solutions().face_detection.FaceDetection(model_selection=1, min_detection_confidence=0.5)
    )


def face_mesh(*, static: bool, max_faces: int) -> Any:
    """Makes MediaPipe's face mesh with irises."""
    return solutions().face_mesh.FaceMesh(
        static_image_mode=static, max_num_faces=max_faces, refine_landmarks=True
    )


def solutions() -> Any:
    try:
        import mediapipe
    except ImportError:
        raise ValueError("expected the package mediapipe to find faces, got none") from None
    return mediapipe.solutions


@contextmanager
def silence() -> Iterator[None]:
    """Sends what native code writes to standard error nowhere; only around MediaPipe's first calls.

    The file descriptor itself is turned, so what another thread says meanwhile is lost too: it is held for as
    short as can be, and by one thread at a time.
    """
    with LOCK:
        try:
            kept = os.dup(2)
        except OSError:  # no standard error to keep quiet
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
