"""The face model: what the shipped weights promise, and the turning of heads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import checkpoints
from conditioning.face import mesh
from conditioning.face.arkit import GAZE, INDEX, MIRRORED, NAMES
from conditioning.face.model import FaceModel, load_face_model, uncrossed
from conditioning.face.pose import angles_of, rotation, small_turn

FLIP = torch.tensor([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return load_face_model()


def moved(model: FaceModel, **values: float) -> torch.Tensor:
    """(478, 3) the average person with some coefficients."""
    expression = torch.zeros(1, len(NAMES))
    for name, value in values.items():
        expression[0, INDEX[name]] = value
    return model.points(torch.zeros(1, model.config["num_identities"]), expression)[0]


def gap(points: torch.Tensor, pairs: tuple[tuple[int, int], ...]) -> float:
    """Largest distance between points that meet when something is shut, cm."""
    upper, lower = torch.tensor(pairs).T
    return float((points[upper] - points[lower]).norm(dim=-1).max())


def test_shapes(model: FaceModel) -> None:
    identity, expression = torch.randn(3, model.config["num_identities"]), torch.rand(3, 52)
    assert model.points(identity, expression).shape == (3, 478, 3)
    assert model.seen(identity, expression, torch.zeros(3, 2)).shape == (3, 478, 3)
    assert model.expressions.shape == (52, 478, 3)
    assert torch.allclose(
        model.points(identity, expression)[1],
        model.points(identity[1:2], expression[1:2])[0],
        atol=1e-5,
    )


def test_where_things_are(model: FaceModel) -> None:
    rest = moved(model)
    eyes = rest[mesh.IRIS_LEFT[0]] - rest[mesh.IRIS_RIGHT[0]]
    assert 5.5 < float(eyes[0]) < 7.0 and abs(float(eyes[1])) < 0.05  # centimetres between the eyes
    assert rest[10, 1] > rest[152, 1] and rest[1, 2] > rest[234, 2] and (rest[:468, 2] > 0).all()
    for ring in (model.eye_left, model.lips_inner, model.lips_outer):
        assert len(set(ring)) == len(ring)
    assert len(model.lips_inner) == 20 and len(model.eye_right) == 16


def test_lids_and_lips_meet(model: FaceModel) -> None:
    assert gap(moved(model), mesh.LIPS) < 0.02
    assert gap(moved(model), mesh.LIDS_LEFT) > 0.5
    assert gap(moved(model, eyeBlinkLeft=1, eyeBlinkRight=1), (*mesh.LIDS_LEFT, *mesh.LIDS_RIGHT)) < 0.03
    assert gap(moved(model, jawOpen=1), mesh.LIPS) > 2
    assert gap(moved(model, jawOpen=1, mouthClose=1), mesh.LIPS) < 0.03
    assert gap(moved(model, jawOpen=0.4, mouthClose=0.4), mesh.LIPS) < 0.03


def test_they_meet_in_other_people_too(model: FaceModel) -> None:
    torch.manual_seed(0)
    rest = model.rest(torch.randn(1, model.config["num_identities"]))[0]
    own = model.personal(rest)
    assert gap(rest + own[INDEX["eyeBlinkLeft"]], mesh.LIDS_LEFT) < 1e-4
    assert gap(rest + own[INDEX["jawOpen"]] + own[INDEX["mouthClose"]], mesh.LIPS) < 1e-4
    changed = (own - model.expressions).abs().sum((1, 2)).nonzero().flatten().tolist()
    assert {NAMES[place] for place in changed} <= {"eyeBlinkLeft", "eyeBlinkRight", "mouthClose"}


def test_every_coefficient_moves_its_own_side(model: FaceModel) -> None:
    size = model.expressions.norm(dim=-1)
    for name, row in zip(NAMES, size, strict=True):
        if name == "tongueOut":
            assert not row.any()
            continue
        assert row.max() > (0.2 if name not in GAZE else 0.1), name
        assert not row[mesh.NUM_SKIN :].any()
        if name.endswith(("Left", "Right")) and not name.startswith(("jaw", "mouthLeft", "mouthRight")):
            side = 1 if name.endswith("Left") else -1
            assert side * model.mean[row.argmax(), 0] > 0, name  # left is on the right of the picture


def test_mirrored(model: FaceModel) -> None:
    assert torch.equal(model.mirror[model.mirror], torch.arange(478))
    assert (model.mean[model.mirror] * FLIP - model.mean).norm(dim=-1).max() < 0.05
    twins = model.expressions[list(MIRRORED)][:, model.mirror] * FLIP
    assert (twins - model.expressions).norm(dim=-1).max() < 0.15


def test_triangles_face_us_and_leave_holes(model: FaceModel) -> None:
    a, b, c = (model.mean[model.triangles[:, place]] for place in range(3))
    front = torch.linalg.cross(b - a, c - a)[:, 2]
    assert len(model.triangles) == 852 and (front > -1e-3).float().mean() > 0.98
    edges = torch.cat([model.triangles[:, [0, 1]], model.triangles[:, [1, 2]], model.triangles[:, [2, 0]]])
    edges, counts = edges.sort(1).values.unique(dim=0, return_counts=True)
    assert counts.max() == 2
    border = set(edges[counts == 1].flatten().tolist())
    assert border == {*model.eye_left, *model.eye_right, *model.lips_inner, *mesh.OUTLINE}


def test_lids_and_lips_do_not_cross(model: FaceModel) -> None:
    crossed = moved(model, eyeBlinkLeft=1, eyeSquintLeft=1, eyeLookDownLeft=1, mouthClose=0.5)
    upper, lower = torch.tensor((*mesh.LIDS_LEFT, *mesh.LIPS)).T
    assert (crossed[upper, 1] < crossed[lower, 1] - 0.05).any()
    free = uncrossed(crossed)
    assert (free[upper, 1] >= free[lower, 1] - 1e-5).all()
    assert (
        torch.equal(uncrossed(moved(model)), moved(model)) or gap(uncrossed(moved(model)), mesh.LIPS) < 0.02
    )


def test_irises_follow_the_gaze(model: FaceModel) -> None:
    right, up, ahead = model.iris_shift(torch.tensor([[0.5, 0.0], [0.0, 0.4], [0.0, 0.0]]))
    assert right[0] > 0.5 and up[1] > 0.4 and not ahead.any()


def test_saved_and_loaded(model: FaceModel, tmp_path: Path) -> None:
    entry = checkpoints.save("copy", model, licence="MIT", data="none", command="none", root=tmp_path)
    assert entry.cls == "conditioning.face.model:FaceModel" and entry.path.name == "model.safetensors"
    shipped = checkpoints.describe("face-model")
    assert shipped.licence == "MIT" and "USC" in shipped.data and not shipped.non_commercial


@settings(max_examples=50, deadline=None)
@given(st.tuples(st.floats(-1.5, 1.5), st.floats(-1.4, 1.4), st.floats(-3, 3)))
def test_turning_there_and_back(angles: tuple[float, float, float]) -> None:
    matrix = rotation(np.array(angles))
    assert np.allclose(matrix @ matrix.T, np.eye(3)) and np.isclose(np.linalg.det(matrix), 1)
    assert np.allclose(angles_of(matrix), angles, atol=1e-6)


def test_signs_of_turning() -> None:
    nose, top = np.array([0.0, 0, 1]), np.array([0.0, 1, 0])
    assert (rotation(np.array([0.3, 0, 0])) @ nose)[0] > 0  # positive yaw: the nose to the right
    assert (rotation(np.array([0, 0.3, 0])) @ nose)[1] > 0  # positive pitch: up
    assert (rotation(np.array([0, 0, 0.3])) @ top)[0] < 0  # positive roll: the top to the left
    assert np.allclose(small_turn(np.array([0, 0.2, 0])), rotation(np.array([0.2, 0, 0])))
