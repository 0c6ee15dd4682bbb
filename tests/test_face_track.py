"""Following a face through a film, of which only some frames show it."""

from __future__ import annotations

from collections.abc import Iterator

import face_material as material
import numpy as np
import pytest

from conditioning.face import track
from conditioning.face.landmarks import Face
from conditioning.face.track import follow, one_euro, singly, steadied, track_video

RATE = 25.0


class Actor:
    """Stands in for the detector: gives one face after another, whatever it is shown."""

    def __init__(self, faces: list[Face | None]) -> None:
        self.faces = iter(faces)
        self.closed = False

    def __call__(self, pixels: np.ndarray) -> Face | None:
        return next(self.faces)

    def close(self) -> None:
        self.closed = True


def talking(count: int, identity: np.ndarray | None = None) -> list[Face | None]:
    """A mouth that opens twice a second on a head that turns slowly."""
    faces: list[Face | None] = []
    for place in range(count):
        mouth = 0.5 - 0.5 * np.cos(2 * np.pi * 2 * place / RATE)
        yaw = 0.2 * np.sin(2 * np.pi * 0.4 * place / RATE)
        expression = material.expression_of(jawOpen=0.7 * mouth)
        points = material.seen_points(expression, identity=identity, angles=(yaw, 0.0))
        faces.append(material.seen_face(points, (yaw, 0.0, 0.0)))
    return faces


@pytest.fixture
def film(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Face | None]]:
    """Faces to be put in; each frame of the film is nothing but a place for one."""
    faces: list[Face | None] = []
    monkeypatch.setattr(track, "Follower", lambda: Actor(faces))
    yield faces


def frames(count: int, block: int = 7) -> Iterator[np.ndarray]:
    for start in range(0, count, block):
        yield np.zeros((min(block, count - start), 4, 4, 3), np.uint8)


def test_a_talking_head(film: list[Face | None]) -> None:
    identity = np.random.default_rng(0).standard_normal(40).astype(np.float32)
    film += talking(60, identity)
    found = follow(frames(60), RATE)
    mouth = 0.35 - 0.35 * np.cos(2 * np.pi * 2 * np.arange(60) / RATE)
    assert found.motion.frame_rate == RATE and len(found.motion) == 60 and found.seen.all()
    assert np.corrcoef(found.motion.coefficient("jawOpen"), mouth)[0, 1] > 0.95
    assert np.ptp(found.motion.coefficient("jawOpen")) > 0.35
    yaw = found.motion.head_pose[:, 0]
    assert np.corrcoef(yaw, np.sin(2 * np.pi * 0.4 * np.arange(60) / RATE))[0, 1] > 0.98
    assert 0.3 < np.ptp(yaw) < 0.5 and np.abs(found.motion.head_pose[:, 3:]).max() < 1.0
    assert np.corrcoef(found.identity[:15], identity[:15])[0, 1] > 0.6
    assert found.rest.shape == (478, 3)


def test_gaps_are_bridged(film: list[Face | None]) -> None:
    film += talking(40)
    film[:3], film[20:24] = [None] * 3, [None] * 4
    found = follow(frames(40), RATE)
    assert found.seen.tolist() == [not (at < 3 or 20 <= at < 24) for at in range(40)]
    for values in (found.motion.expression, found.motion.head_pose, found.motion.gaze):
        assert np.isfinite(values).all()
    assert (found.motion.expression >= 0).all() and (found.motion.expression <= 1).all()
    assert np.abs(np.diff(found.motion.head_pose[:, 0])).max() < 0.1


def test_one_frame_and_blocks_or_single_frames(film: list[Face | None]) -> None:
    film += talking(2)
    assert len(track_video(iter([np.zeros((4, 4, 3), np.uint8)]), RATE)) == 1
    assert [each.shape for each in singly(frames(5, block=3))] == [(4, 4, 3)] * 5


def test_films_without_a_face(film: list[Face | None]) -> None:
    with pytest.raises(ValueError, match="expected a video with frames, got none"):
        track_video(iter(()), RATE)
    film += [None] * 30
    with pytest.raises(ValueError, match="expected a video of a face, got one in 0 of 30 frames"):
        track_video(frames(30), RATE)
    film += [*talking(1), *[None] * 39]
    with pytest.raises(ValueError, match="got one in 1 of 40 frames"):
        track_video(frames(40), RATE)
    for rate in (0.0, -5.0, float("nan")):
        with pytest.raises(ValueError, match="expected a frame rate above 0 Hz"):
            track_video(frames(3), rate)


def test_long_films_are_read_as_they_come(film: list[Face | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the person is known, no face is kept."""
    monkeypatch.setattr(track, "CALIBRATION", 10)
    reader = track.Reader(track.basis_of(track.load_face_model()))
    for place, face in enumerate(talking(16)):
        reader.add(face)
        assert len(reader.waiting) <= 10 and (place < 9 or not reader.waiting)
    assert len(reader.rows) == 16


def test_jitter_is_taken_out_and_blinks_are_left() -> None:
    rng = np.random.default_rng(0)
    still = np.stack([0.3 + 0.02 * rng.standard_normal(200), np.zeros(200)], 1)
    still[100:106, 1] = [0.4, 0.9, 1.0, 0.9, 0.5, 0.2]
    quiet = steadied(still, 30.0, *track.EXPRESSION_FILTER)
    assert quiet[20:180, 0].std() < 0.5 * still[20:180, 0].std()
    assert quiet[:, 1].max() > 0.7 and abs(int(quiet[:, 1].argmax()) - 102) <= 1
    assert np.array_equal(one_euro(still[:1], 30.0, 1.0, 1.0), still[:1])


def test_pixels_of_a_real_film() -> None:
    shut, wide = material.portrait(size=256), material.portrait(material.expression_of(jawOpen=0.7), size=256)
    motion = track_video(iter([shut] * 4 + [wide] * 4), 12.0)
    jaw = motion.coefficient("jawOpen")
    assert jaw[-1] - jaw[0] > 0.3
