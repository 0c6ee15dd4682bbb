"""Reading faces whose numbers are known, and saying what cannot be read."""

from __future__ import annotations

from dataclasses import replace

import face_material as material
import numpy as np
import pytest

from conditioning.face.arkit import INDEX, NAMES
from conditioning.face.fit import FaceFit, doubts_of, fit_face
from conditioning.face.landmarks import Face, face_of
from conditioning.face.model import load_face_model
from conditioning.face.motion import FULL_YAW
from conditioning.face.solve import basis_of, boxed, cost_of_faces, looks_of

MODEL = load_face_model()


def fitted(points: np.ndarray, head_pose: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> FaceFit:
    return fit_face(material.seen_face(points, head_pose), MODEL)


def shown(fit: FaceFit, name: str) -> float:
    return float(fit.expression[INDEX[name]])


def test_a_face_at_rest() -> None:
    fit = fitted(material.points_of())
    assert fit.expression.max() < 0.1 and np.abs(fit.identity).max() < 0.3
    assert np.abs(fit.head_pose).max() < 0.03 and np.abs(fit.gaze).max() < 0.03
    assert abs(fit.scale - 20) < 0.5 and fit.error < 0.003 and fit.warnings == ()
    assert fit.expression.dtype == np.float32 and fit.offsets.shape == (478, 3)


@pytest.mark.parametrize("angles", [(0.4, 0.0, 0.0), (-0.3, 0.2, 0.1), (0.0, -0.3, -0.6)])
def test_how_a_head_is_turned(angles: tuple[float, float, float]) -> None:
    fit = fitted(material.seen_points(angles=angles[:2]), angles)
    assert np.degrees(np.abs(fit.head_pose[:3] - angles)).max() < 3


@pytest.mark.parametrize(
    ("values", "least"),
    [
        ({"jawOpen": 0.8}, 0.6),
        ({"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9}, 0.6),
        ({"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}, 0.7),
        ({"browInnerUp": 1.0}, 0.3),
        ({"mouthPucker": 1.0}, 0.5),
        ({"jawLeft": 0.8}, 0.3),
    ],
)
def test_what_a_face_does(values: dict[str, float], least: float) -> None:
    fit = fitted(material.points_of(material.expression_of(**values)))
    assert all(shown(fit, name) > least for name in values)
    others = [name for name in NAMES if name not in values]
    assert max(shown(fit, name) for name in others) < min(shown(fit, name) for name in values)


def test_a_wink_is_on_its_own_side() -> None:
    fit = fitted(material.points_of(material.expression_of(eyeBlinkLeft=1.0)))
    assert shown(fit, "eyeBlinkLeft") > 0.6 > 0.25 > shown(fit, "eyeBlinkRight")


@pytest.mark.parametrize("gaze", [(0.3, 0.0), (-0.3, 0.0), (0.0, 0.2), (0.2, -0.2)])
def test_gaze(gaze: tuple[float, float]) -> None:
    expression = np.zeros(len(NAMES), np.float32)
    expression[[INDEX[name] for name in NAMES if name.startswith("eyeLook")]] = looks_of(np.array(gaze))
    fit = fitted(material.points_of(expression, gaze))
    assert np.abs(fit.gaze - gaze).max() < 0.08
    assert abs(shown(fit, "eyeLookOutLeft") - max(0, fit.gaze[0] / FULL_YAW)) < 1e-5


def test_the_fit_puts_points_exactly_onto_the_landmarks() -> None:
    rng = np.random.default_rng(0)
    face = material.seen_face(material.points_of() + rng.normal(0, 0.1, (478, 3)), (0.2, 0.1, 0.1))
    fit = fit_face(face, MODEL)
    assert np.abs(fit.landmarks(MODEL)[:, :2] - face.landmarks[:, :2]).max() < 1e-3
    assert np.median(np.abs(fit.offsets)) < 0.35


def test_somebody_else_is_told_from_a_face_that_is_made() -> None:
    rng = np.random.default_rng(1)
    for _ in range(3):
        identity = rng.standard_normal(MODEL.config["num_identities"]).astype(np.float32)
        fit = fitted(material.points_of(identity=identity))
        assert np.corrcoef(fit.identity[:20], identity[:20])[0, 1] > 0.6
        assert np.sqrt(np.square(fit.expression).mean()) < 0.1


def test_the_same_face_gives_the_same_fit_at_any_size() -> None:
    face = material.seen_face(material.points_of(material.expression_of(jawOpen=0.5)))
    once, twice = fit_face(face, MODEL), fit_face(face, MODEL)
    assert np.array_equal(once.expression, twice.expression) and np.array_equal(once.offsets, twice.offsets)
    larger = fit_face(face_of(face.landmarks * 3), MODEL)
    assert np.abs(larger.expression - once.expression).max() < 1e-3
    assert abs(larger.scale / once.scale - 3) < 1e-3


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="turned by at most 50 degrees"):
        fitted(material.seen_points(angles=(1.1, 0.0)), (1.1, 0.0, 0.0))
    face = material.seen_face(material.points_of())
    assert fit_face(face, MODEL, size=(600, 600)).scale > 0
    with pytest.raises(ValueError, match="expected a whole face, got one with"):
        fit_face(Face(face.landmarks - (300, 0, 0), face.box), MODEL, size=(600, 600))


def test_doubts() -> None:
    fit = fitted(material.points_of())
    turned = replace(fit, head_pose=np.radians([35, -28, 0, 0, 0, 0]))
    assert [note.split(":")[0] for note in doubts_of(turned)] == [
        "the head is turned by 35 degrees",
        "the head looks 28 degrees up or down",
    ]
    shut = fitted(material.points_of(material.expression_of(eyeBlinkLeft=1.0, eyeBlinkRight=1.0)))
    assert shut.warnings == ("the eyes are shut: what is behind the lids is invented",)
    assert "unlike" in doubts_of(replace(fit, error=0.05))[0]


def test_least_squares_within_bounds() -> None:
    """Against projected gradient descent, which is slow but cannot be wrong."""
    rng = np.random.default_rng(3)
    for _ in range(4):
        root = rng.standard_normal((12, 8))
        matrix, vector = root.T @ root + 0.5 * np.eye(8), 5 * rng.standard_normal(8)
        low, high = np.full(8, -0.3), np.full(8, 0.4)
        low[0], high[1] = -np.inf, np.inf
        slow = np.zeros(8)
        for _ in range(3000):
            slow = (slow - (matrix @ slow - vector) / np.linalg.norm(matrix, 2)).clip(low, high)
        assert np.allclose(boxed(matrix, vector, low, high), slow, atol=1e-4)


def test_the_cost_of_faces_is_positive() -> None:
    assert np.linalg.eigvalsh(cost_of_faces(1.0)).min() > 0.99
    assert basis_of(MODEL) is basis_of(MODEL)
