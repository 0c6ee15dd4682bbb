"""Finding faces: where they are, which is meant, and no word on standard error."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing
from functools import lru_cache
from pathlib import Path

import face_material as material
import numpy as np
import pytest

from conditioning.face import landmarks, mesh
from conditioning.face.landmarks import Face, Follower, choose_face, doubts_of, face_of, find_faces
from conditioning.face.photo import Photo

ROOT = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=1)
def picture() -> np.ndarray:
    return material.portrait()


def a_face(left: float, width: float = 100.0) -> Face:
    points = np.tile(np.float32((left, 50, 0)), (landmarks.NUM_POINTS, 1))
    points[1] = (left + width, 50 + width, 0)
    return face_of(points)


def test_the_points_of_a_face() -> None:
    faces = find_faces(Photo(picture()))
    assert len(faces) == 1 and faces[0].landmarks.shape == (478, 3)
    at = faces[0].landmarks
    assert at[mesh.UPPER_LID_RIGHT[0], 0] < at[mesh.UPPER_LID_LEFT[0], 0]  # our left is the person's right
    assert at[10, 1] < at[152, 1] and at[1, 2] < at[234, 2]  # the forehead above the chin, the nose in front
    assert np.array_equal(find_faces(picture())[0].landmarks, at)


def test_a_tilted_face_in_a_picture_that_is_not_square() -> None:
    """MediaPipe alone is wrong about these: it takes every picture for square."""
    tilted = material.portrait(head_pose=(0.0, 0.0, 0.5))
    wide = np.full((320, 640, 3), 160, np.uint8)
    wide[:, 150:470] = tilted
    inside, alone = find_faces(wide)[0].landmarks, find_faces(tilted)[0].landmarks
    assert np.abs(inside[:, :2] - (150, 0) - alone[:, :2]).mean() < 4


def test_several_faces_and_small_ones() -> None:
    both = np.full((500, 1300, 3), 160, np.uint8)
    both[100:420, 100:420] = picture()
    small = material.portrait(size=160)
    both[200:360, 1050:1210] = small
    faces = find_faces(both)
    assert [round(face.box[0] / 500) for face in faces] == [0, 2]  # the largest first
    with pytest.raises(
        ValueError, match=r"expected one face or a choice .* got 1: x \d+-\d+, y .*; 2: x"
    ) as error:
        choose_face(faces)
    assert "\n" not in str(error.value)
    assert choose_face(faces, 1) is faces[0] and choose_face(faces, 2) is faces[1]


def test_no_face() -> None:
    assert find_faces(np.full((200, 300, 3), 128, np.uint8)) == []
    noise = np.random.default_rng(0).integers(0, 256, (240, 240, 3), dtype=np.uint8)
    assert find_faces(noise) == []
    with pytest.raises(ValueError, match="got one without"):
        choose_face([])


def test_choosing() -> None:
    faces = [a_face(500), a_face(0), a_face(250)]
    assert [choose_face(faces, which).box[0] for which in (1, 2, 3)] == [0, 250, 500]
    for which in (-1, 4):
        with pytest.raises(ValueError, match=f"expected face 1 to 3 from the left, got {which}"):
            choose_face(faces, which)
    assert choose_face(faces[:1]).box[0] == 500
    with pytest.raises(ValueError, match="at least 40 pixels wide, got 39"):
        choose_face([a_face(0, 39)])
    assert "only 80 pixels" in doubts_of(a_face(0, 80))[0] and doubts_of(a_face(0, 200)) == ()


def test_following_a_face() -> None:
    with closing(Follower()) as follow:
        first = follow(picture())
        moved = follow(np.roll(picture(), 6, axis=1))
        assert follow(np.zeros((320, 320, 3), np.uint8)) is None
    assert first is not None and moved is not None
    assert 3 < (moved.landmarks - first.landmarks)[:, 0].mean() < 9


def test_threads_see_the_same() -> None:
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(find_faces(picture())[0].landmarks)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(np.array_equal(each, found[0]) for each in found)


def test_nothing_is_said(tmp_path: Path) -> None:
    """In a process of its own, as MediaPipe talks when it is used for the first time."""
    np.save(tmp_path / "a.npy", picture())
    code = (
        "import numpy as np; from contextlib import closing;"
        "from conditioning.face.landmarks import Follower, find_faces;"
        f"p = np.load({str(tmp_path / 'a.npy')!r}); assert find_faces(p * 0) == []; assert find_faces(p);"
        "f = Follower(); f(p); f.close()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
