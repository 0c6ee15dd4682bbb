"""Films of bodies: the person within the picture, the same pixels each time, light and shadow where they belong."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest
import torch
from motion_material import TRACK, waving

from conditioning.body.motion import at_rest
from studio.body_film import raster_pytorch3d
from studio.body_film.camera import framed
from studio.body_film.raster import drawn
from studio.body_film.renderer import BodyRenderer
from studio.body_film.skin import Skin
from studio.pictures import colours


def away_from(frame, background):
    """Gives where a frame differs from its surroundings, (H, W)."""
    return np.abs(frame.astype(int) - background.astype(int)).max(-1) > 40


@pytest.mark.parametrize("size", [(256, 256), (160, 288), (320, 176)])
def test_the_person_is_within_the_picture(size):
    renderer = BodyRenderer(waving(12), size=size)
    points, *_ = renderer.skin.posed(renderer.motion)
    place, away = renderer.camera.seen(points, slice(0, 12))
    assert (place > 2).all() and (place < torch.tensor(size) - 2).all() and (away > 0).all()
    high = float(place[..., 1].max() - place[..., 1].min())
    wide = float(place[..., 0].max() - place[..., 0].min())
    assert high > 0.6 * size[1] or wide > 0.45 * size[0], "and fills it"


def test_who_walks_away_stays_within_the_picture():
    renderer = BodyRenderer(waving(90, step=150.0), size=(128, 128))
    points, *_ = renderer.skin.posed(renderer.motion)
    place, _ = renderer.camera.seen(points, slice(0, 90))
    assert (place > -4).all() and (place < 132).all()
    assert float(renderer.camera.eyes[-1, 2] - renderer.camera.eyes[0, 2]) > 200


def test_the_same_motion_gives_the_same_pixels_in_any_blocks():
    motion = waving(9)
    whole = np.concatenate(list(BodyRenderer(motion, TRACK, size=(128, 128)).frames()))
    again = np.concatenate(list(BodyRenderer(motion, TRACK, size=(128, 128)).frames(block=4)))
    assert whole.shape == (9, 128, 128, 3) and whole.dtype == np.uint8
    # Products of matrices of other sizes may end in another last bit.
    assert np.abs(whole.astype(int) - again.astype(int)).max() <= 1
    other = np.concatenate(list(BodyRenderer(motion, TRACK, size=(128, 128)).frames()))
    np.testing.assert_array_equal(whole, other)
    assert (whole[0] != whole[8]).any(-1).mean() > 0.01


def test_the_person_looks_at_us_whichever_way_they_stand():
    from conditioning.body.rotations import about, multiplied

    motion = waving(3)
    turned = motion.rotations.astype(np.float64)
    turned[:, 0] = multiplied(about(np.array([0.0, 1.0, 0.0]), np.full(3, 2.0)), turned[:, 0])
    one, other = framed(motion, (128, 128)), framed(type(motion)(turned, motion.root, 30.0), (128, 128))
    apart = np.arctan2(other.axes[2, 0], other.axes[2, 2]) - np.arctan2(one.axes[2, 0], one.axes[2, 2])
    assert float(apart) == pytest.approx(2.0, abs=0.01)


def test_a_feeling_colours_the_surroundings():
    plain = BodyRenderer(at_rest(1, 30.0), size=(64, 64)).stills([0])[0][2, 2].astype(float)
    felt = (
        BodyRenderer(at_rest(1, 30.0), ((0.0, -0.6, -0.6),), size=(64, 64)).stills([0])[0][2, 2].astype(float)
    )
    blue = colours(np.array([-0.6]), np.array([-0.6]))[0]
    assert np.argmax(felt / plain) == np.argmax(blue)


def test_there_is_a_shadow_below_the_feet():
    frame = BodyRenderer(at_rest(1, 30.0), size=(256, 256)).stills([0])[0].astype(float).mean(-1)
    row = frame[int(0.93 * 256)]
    assert row.min() < row[:20].mean() - 8


def test_a_skin_at_rest_is_the_mannequin():
    from conditioning.body.mannequin import mannequin

    points, normals, *_ = Skin(mannequin()).posed(at_rest(1, 30.0))
    np.testing.assert_allclose(points[0], mannequin().points, atol=1e-3)
    np.testing.assert_allclose(normals[0], mannequin().normals, atol=1e-4)


def test_the_nearer_triangle_is_seen_and_carries_its_colours():
    place = torch.tensor([[1.0, 1.0], [1.0, 9.0], [9.0, 9.0], [0.0, 0.0], [0.0, 12.0], [12.0, 12.0]])
    away = torch.tensor([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    values = torch.tensor([[0.0], [0.0], [1.0], [5.0], [5.0], [5.0]])
    pixel, carried = drawn(place, away, torch.tensor([[3, 4, 5], [0, 1, 2]]), values, (12, 12))
    found = dict(zip(pixel.tolist(), carried[:, 0].tolist(), strict=True))
    assert found[8 * 12 + 4] == pytest.approx((4.5 - 1) / 8, abs=1e-4)
    assert found[11 * 12 + 2] == pytest.approx(5.0) and 0 * 12 + 11 not in found
    # From behind it is not seen.
    assert len(drawn(place, away, torch.tensor([[5, 4, 3]]), values, (12, 12))[0]) == 0


@pytest.mark.parametrize("size", [(100, 96), (0, 64)])
def test_a_size_that_cannot_be_drawn_is_refused(size):
    with pytest.raises(ValueError, match="expected sides that are multiples of 8"):
        BodyRenderer(waving(1), size=size)


def fake_rasterizer(meshes, image_size, **more):
    """Does what PyTorch3D's documentation says, pixel by pixel."""
    (points,), (faces,) = meshes
    height, width = image_size
    shorter = min(image_size)
    x = (width - 2 * (torch.arange(width) + 0.5)) / shorter
    y = (height - 2 * (torch.arange(height) + 0.5)) / shorter
    at = torch.stack([x.expand(height, -1), y[:, None].expand(-1, width)], -1)
    ids, near = torch.full((height, width), -1), torch.full((height, width), 1e9)
    weights = torch.zeros(height, width, 3)
    for number, face in enumerate(faces):
        a, b, c = points[face]
        whole = torch.linalg.inv(torch.stack([torch.cat([p[:2], torch.ones(1)]) for p in (a, b, c)], 1))
        share = torch.cat([at, torch.ones(height, width, 1)], -1) @ whole.T
        depth = share @ torch.stack([a[2], b[2], c[2]])
        seen = (share >= 0).all(-1) & (depth < near)
        ids[seen], near[seen], weights[seen] = number, depth[seen], share[seen]
    return ids[None, ..., None], near, weights[None, :, :, None], None


@pytest.mark.parametrize("size", [(24, 16), (16, 24)])
def test_pytorch3d_draws_the_same(monkeypatch, size):
    structures, mesh = types.ModuleType("structures"), types.ModuleType("mesh")
    structures.Meshes = lambda points, faces: (points, faces)
    mesh.rasterize_meshes = fake_rasterizer
    monkeypatch.setitem(sys.modules, "pytorch3d.structures", structures)
    monkeypatch.setitem(sys.modules, "pytorch3d.renderer.mesh.rasterize_meshes", mesh)
    place = torch.tensor([[1.2, 1.1], [1.3, 13.4], [14.6, 13.7], [15.0, 1.0], [2.0, 2.5], [6.0, 11.0]])
    away, values = torch.tensor([5.0, 5.0, 5.0, 5.0, 4.0, 4.0]), torch.arange(12.0).view(6, 2)
    triangles = torch.tensor([[0, 1, 2], [2, 1, 0], [4, 5, 3]])
    pixel, carried = raster_pytorch3d.drawn(place, away, triangles, values, size, "cpu")
    own, mine = drawn(place, away, triangles, values, size)
    assert pixel.tolist() == own.tolist()
    np.testing.assert_allclose(carried, mine, atol=1e-3)


def test_too_large_a_picture_is_refused():
    with pytest.raises(ValueError, match="expected at most 2097152 pixels, got 4096 x 4096"):
        BodyRenderer(waving(1), size=(4096, 4096))
