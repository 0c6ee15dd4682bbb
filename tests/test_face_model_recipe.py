"""The steps of the face model's recipe, on shapes small enough to check by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from conditioning.face import mesh
from conditioning.face.arkit import NAMES
from conditioning.face.correspondence import (
    Hits,
    agreed,
    mirror_of,
    nearest,
    off_line,
    registered,
    rotation_light,
    turned,
)
from conditioning.face.drawing import drawn, normals, shaded
from conditioning.face.ict import read_head, triangulated
from conditioning.face.model import load_face_model
from conditioning.face.observation import KEYS, Looks, random_face
from conditioning.face.pose import rotation
from conditioning.face.response import mirrored, respond
from conditioning.train_face_model import identity_modes, mean_shape, real_faces, skin_triangles


def test_data_that_is_not_there(tmp_path: Path) -> None:
    for read in (read_head, real_faces):
        with pytest.raises(FileNotFoundError):
            read(tmp_path)


def test_quads_are_cut() -> None:
    triangles, owners = triangulated(np.array([[0, 1, 2, 3], [4, 5, 6, -1]]))
    assert triangles.tolist() == [[0, 1, 2], [4, 5, 6], [0, 2, 3]] and owners.tolist() == [0, 1, 0]


def test_the_nearest_triangle_is_seen() -> None:
    square = [[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]]
    points = np.array([[*at, 0.0] for at in square] + [[2.0, 2, 5], [6.0, 2, 5], [4.0, 6, 5]])
    seen = drawn(points, np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6]]), 10)
    assert seen.triangle[3, 4] == 2 and seen.triangle[1, 6] == 0 and seen.triangle[6, 1] == 1
    assert seen.triangle[9, 9] == -1
    inside = seen.triangle >= 0
    assert np.allclose(seen.weights[inside].sum(1), 1) and (seen.weights[inside] >= 0).all()
    y, x = 3, 4
    assert np.allclose(seen.weights[y, x] @ points[[4, 5, 6], :2], (x + 0.5, y + 0.5), atol=1e-5)


def test_shading() -> None:
    points = np.array([[0.0, 0, 0], [8, 0, 0], [0, 8, 0]])
    triangles = np.array([[0, 1, 2]])
    normal = normals(points, triangles)
    assert np.allclose(normal, [[0, 0, 1]] * 3)
    picture = shaded(drawn(points, triangles, 8), triangles, np.ones((3, 3)), normal, np.array([0.0, 0, 1]))
    assert picture.dtype == np.uint8 and picture[1, 1, 0] >= 254 and picture[7, 7, 0] < 255


def test_small_helpers() -> None:
    assert np.allclose(
        off_line(np.array([[0.5, 1.0], [3.0, 0.0]]), np.array([[0.0, 0.0], [1.0, 0.0]])), [1, 2]
    )
    assert np.allclose(turned(0.3, -0.2), rotation(np.array([0.3, -0.2, 0.0])))
    assert np.isclose(np.linalg.norm(rotation_light(np.random.default_rng(0))), 1)
    mask = np.zeros((5, 5), bool)
    mask[2, 3] = True
    row, column, off = nearest(mask, np.array([[3.5, 2.5], [0.5, 2.5]]))
    assert row.tolist() == [2, 2] and column.tolist() == [3, 3] and off.tolist() == [0, 3]


def test_mirrors() -> None:
    points = np.array([[1.0, 0, 0], [-1.05, 0, 0], [0.02, 3, 0], [2, 5, 1], [-2, 5, 1]])
    assert mirror_of(points).tolist() == [1, 0, 2, 4, 3]


def test_what_most_pictures_say() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 5, (mesh.NUM_POINTS, 3))
    hits = []
    for number in range(20):
        points = truth + rng.normal(0, 0.05, truth.shape)
        if number % 5 == 0:
            points[:30] += 6  # mistaken for another part of the face
        hits.append(Hits(points, np.full(len(truth), 0.9), truth))
    middle, spread = agreed(hits)
    assert np.abs(middle - truth).max() < 0.15
    assert spread[:30].min() > 10 * spread[30:].max()
    blind = [each._replace(trust=np.zeros(len(truth))) for each in hits]
    with pytest.raises(ValueError, match="expected every point to be seen"):
        agreed(blind)


def test_a_shape_is_bent_smoothly() -> None:
    rng = np.random.default_rng(0)
    shape = rng.uniform(-5, 5, (60, 3))
    aim = shape * 1.1 + 0.3
    hits, spread = aim.copy(), np.full(60, 0.01)
    hits[7], spread[7] = aim[7] + 3, 5.0
    bent = registered(shape, hits, spread, 0.3)
    assert np.abs(bent - aim).max() < 1.0
    sizes = [shape, 2 * shape, shape + 4]
    assert np.allclose(
        np.linalg.norm(mean_shape([np.vstack([s] * 8) for s in sizes]), axis=1).max(), 9.6, atol=4
    )


def test_identity_is_free_of_movement_and_size() -> None:
    rng = np.random.default_rng(0)
    mean = rng.normal(0, 5, (50, 3))
    shapes = rng.normal(0, 0.1, (6, 50, 3))
    moved = np.concatenate([shapes + 3, mean[None] * 0.2, np.cross([0, 0.1, 0], mean)[None]])
    modes, weights = identity_modes(moved, mean, 6)
    assert modes.shape == (6, 50, 3) and weights.shape == (6, 8)
    assert np.abs(modes.mean(1)).max() < 1e-9  # no movement of the whole
    about = mean - mean.mean(0)
    assert np.abs((modes * about).sum((1, 2))).max() < 1e-9  # no size
    assert np.allclose(weights @ weights.T, np.eye(6))


def test_the_mesh_is_media_pipe_s() -> None:
    pytest.importorskip("mediapipe")
    model = load_face_model()
    triangles = skin_triangles(model.mean[: mesh.NUM_SKIN].numpy())
    assert sorted(map(sorted, triangles.tolist())) == sorted(map(sorted, model.triangles.tolist()))


def test_random_faces() -> None:
    rng = np.random.default_rng(0)
    faces = np.stack([random_face(rng, np.full((3, len(NAMES)), 0.3, np.float32)) for _ in range(200)])
    assert faces.shape == (200, 52) and faces.min() >= 0 and faces.max() <= 1
    assert 0.1 < (faces.sum(1) == 0).mean() < 0.35
    assert not faces[:, [place for place, name in enumerate(NAMES) if name.startswith("eyeLook")]].any()


def test_what_is_seen_is_learned_from_looks() -> None:
    """Landmarks made by a known rule: brows that move half as far, and everything too high."""
    model = type(load_face_model())(**{**dict(load_face_model().config), "num_noises": 4})
    model.load_state_dict({
        **load_face_model().state_dict(), "noise": torch.zeros(4, mesh.NUM_POINTS, 2),
    })  # fmt: skip
    rng, count = np.random.default_rng(0), 400
    back = np.linalg.pinv(model.ict_identities.numpy())
    people = 0.5 * rng.standard_normal((count, model.config["num_identities"])).astype(np.float32)
    expression = (rng.random((count, 52)) * (rng.random((count, 52)) < 0.2)).astype(np.float32)
    angles = rng.normal(0, 0.2, (count, 2)).astype(np.float32)
    seen = model.points(torch.tensor(people), torch.tensor(0.5 * expression)).numpy()
    lifted = np.zeros((mesh.NUM_POINTS, 3), np.float32)
    lifted[list(mesh.BROW_LEFT) + list(mesh.BROW_RIGHT), 1] = 0.3
    shown = np.stack(
        [(points + lifted) @ turned(*angle).T for points, angle in zip(seen, angles, strict=True)]
    )
    looks = Looks(
        people @ back.T, expression, np.zeros((count, 2), np.float32), angles, shown.astype(np.float32)
    )
    assert looks.seen.all() and set(KEYS) == set(vars(looks))
    figures = respond(model, looks, ridge=0.1)
    assert figures["seen_off_explained_cm"] < 0.3 * figures["seen_off_cm"]
    jaw, half = (
        model.seen_expressions[NAMES.index("jawOpen")],
        0.5 * model.expressions[NAMES.index("jawOpen")],
    )
    # In depth nothing is seen.
    assert float((jaw - half)[: mesh.NUM_SKIN, :2].norm() / half[:, :2].norm()) < 0.25
    assert float((model.seen_views[0] - model.mean)[mesh.BROW_LEFT[2], 1]) > 0.2
    twin = mirrored(mirrored(looks, model), model)
    assert np.abs(twin.landmarks - looks.landmarks).max() < 1e-5
    assert np.array_equal(twin.expression, looks.expression)
