"""What the renderer stands on: the rasteriser, smooth filling, mattes, openings, folds and small pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from portrait_render_material import renderer

import checkpoints
from conditioning.face import mesh
from conditioning.face.arkit import NAMES
from generators.portrait import raster
from generators.portrait.backdrop import filled, guided
from generators.portrait.folds import FOLDS, drivers, smooth_line
from generators.portrait.layers import Affine, Patch, patch_of, windows_at
from generators.portrait.mouth import load_interior
from generators.portrait.openings import coverage, line_weights, lines_of, opening_of
from generators.portrait.train_mouth import picture_of, tongue_of
from generators.portrait.warp import around, subdivided


def naive(points, depth, triangles, size):
    """The same z-buffer, pixel by pixel."""
    width, height = size
    out = np.full((height, width), -1)
    best = np.full((height, width), -1.0)
    for number, row in enumerate(triangles):
        (ax, ay), (bx, by), (cx, cy) = points[row]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 0.05:
            continue
        y, x = np.mgrid[:height, :width] + 0.5
        one = ((bx - x) * (cy - y) - (cx - x) * (by - y)) / area
        two = ((cx - x) * (ay - y) - (ax - x) * (cy - y)) / area
        three = 1 - one - two
        z = one * depth[row[0]] + two * depth[row[1]] + three * depth[row[2]]
        nearer = (np.minimum(np.minimum(one, two), three) >= 1e-3) & (z > best)
        out[nearer], best[nearer] = number, z[nearer]
    return out


@pytest.mark.parametrize("seed", range(8))
def test_the_nearest_triangle_is_seen(seed):
    noise = np.random.default_rng(seed)
    points, depth = noise.uniform(-8, 40, (24, 2)), noise.uniform(0, 1, 24)
    triangles = np.stack([noise.permutation(24)[:3] for _ in range(12)])
    size = (32, 24)
    ids, weights = raster.seen(
        torch.tensor(points)[None].float(), torch.tensor(depth)[None].float(), torch.tensor(triangles), size
    )
    wanted = naive(points, depth, triangles, size)
    # Pixels on an edge may go to either side.
    assert (ids.view(24, 32).numpy() == wanted).mean() > 0.97
    carried = torch.tensor(points)[None].float()
    shown = raster.spread(ids, weights, carried, torch.tensor(triangles), size)[0]
    there = (ids >= 0).view(24, 32)
    x = (torch.arange(32) + 0.5).expand(24, -1)
    assert float((shown[0] - x)[there].abs().max() if there.any() else 0) < 0.05
    assert float(shown[:, ~there].abs().sum()) == 0


def test_a_mesh_leaves_no_cracks():
    x, y = torch.meshgrid(torch.linspace(-3, 67, 23), torch.linspace(-3, 67, 23), indexing="xy")
    noise = torch.Generator().manual_seed(0)
    points = torch.stack([x, y], -1).reshape(-1, 2) + torch.rand(529, 2, generator=noise)
    at = torch.arange(529).view(23, 23)
    quads = torch.stack([at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]], -1).view(-1, 4)
    triangles = torch.cat([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    ids, _ = raster.seen(points[None], torch.zeros(1, 529), triangles, (64, 64))
    assert (ids >= 0).all()
    both, _ = raster.seen(points.expand(2, -1, -1), torch.zeros(2, 529), triangles, (64, 64))
    assert torch.equal(both[: 64 * 64], ids) and torch.equal(both[64 * 64 :], ids + len(triangles))


def test_filling_keeps_what_is_known():
    picture = torch.rand(3, 33, 50)
    known = (torch.rand(1, 33, 50) > 0.7).float()
    full = filled(picture * known, known)
    assert torch.allclose(full * known, picture * known, atol=1e-6)
    flat = filled(torch.full((3, 20, 20), 0.25) * known[:, :20, :20], known[:, :20, :20])
    assert torch.allclose(flat, torch.full_like(flat, 0.25), atol=1e-5)


def test_a_guided_border_moves_onto_the_pictures():
    picture = torch.zeros(1, 3, 40, 40)
    picture[..., 20:] = 1
    rough = torch.zeros(1, 1, 40, 40)
    rough[..., 17:] = 1
    fine = guided(picture, rough, 6, 1e-4)
    assert fine[0, 0, 20, 18] < 0.7 < fine[0, 0, 20, 21]


def test_subdivision_keeps_points_and_covers_the_same():
    triangles = torch.tensor([[0, 1, 2], [0, 2, 3], [2, 1, 4]])
    points = torch.tensor([[0.0, 0], [1, 0], [1, 1], [0, 1], [2, 0.5]])

    def area(rows, at):
        a, b, c = (at[rows[:, k]] for k in range(3))
        return float(((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum() / 2)

    for chosen in ({0, 1, 2}, {0, 2}, {0, 1}, set(range(5)), set(), {0, 1, 2, 3}):
        rows, weights = subdivided(triangles, 5, chosen)
        assert torch.equal(weights[:5], torch.eye(5))
        assert torch.allclose(weights.sum(1), torch.ones(len(weights)))
        assert area(rows, weights @ points) == pytest.approx(area(triangles, points), abs=1e-5)
    assert around(triangles, (4,)) == {1, 2, 4}


def test_an_opening_is_as_high_as_its_lines_are_apart():
    points = torch.zeros(478, 2)
    upper, lower = mesh.UPPER_LIP_INNER, mesh.LOWER_LIP_INNER
    x = torch.linspace(10, 50, len(upper))
    points[list(upper)] = torch.stack([x, 30 - 5 * torch.sin((x - 10) / 40 * torch.pi)], 1)
    points[list(lower)] = torch.stack([x, 30 + 9 * torch.sin((x - 10) / 40 * torch.pi)], 1)
    lines = lines_of(opening_of(points, upper, lower), points[None])
    assert lines.gap().max() == pytest.approx(14, abs=0.3)
    windows = windows_at(torch.tensor([[30.0, 32.0]]), (48, 32), (64, 64))
    below, above = lines.at(windows)
    seen = coverage(below, above)
    # A sine's area, and not more than a pixel is covered.
    assert float(seen.sum()) == pytest.approx(14 * 40 * 2 / np.pi, rel=0.05)
    assert float(seen.min()) >= 0 and float(seen.max()) <= 1
    assert torch.allclose(line_weights(9).sum(1), torch.ones(17))


def test_windows_read_and_write_the_same_place():
    pictures = torch.rand(2, 3, 40, 50)
    windows = windows_at(torch.tensor([[10.0, 12], [49, 39]]), (16, 8), (50, 40))
    there = windows.read(pictures)
    assert there.shape == (2, 3, 8, 16)
    assert torch.equal(there[0], pictures[0, :, 8:16, 2:18])
    copy = pictures.clone()
    windows.write(copy, there * 0)
    assert float(copy.sum()) == pytest.approx(float(pictures.sum() - there.sum()), rel=1e-4)


def test_a_patch_gives_its_pixels_back():
    fine = torch.rand(3, 79, 99)
    patch = patch_of(fine, 5, (10.2, 8.7, 30.1, 24.3))
    assert isinstance(patch, Patch)
    windows = windows_at(torch.tensor([[20.0, 16.0]]), (12, 10), (40, 30))
    same = Affine(torch.eye(2)[None], torch.zeros(1, 2))
    shown = patch.sample(windows, same)
    x, y = windows.x[0, 0, 0], windows.y[0, 0, :, 0]
    wanted = fine[:, (2 * (y + 4.5)).long()][:, :, (2 * (x + 4.5)).long()]
    assert torch.allclose(shown[0], wanted, atol=1e-4)


def test_affine_and_back():
    way = Affine(torch.tensor([[[1.0, 0.2], [-0.3, 0.8]]]), torch.tensor([[3.0, -4.0]]))
    back = way.inverse()
    assert torch.allclose(back.linear @ way.linear, torch.eye(2)[None], atol=1e-6)
    assert torch.allclose(
        (back.linear @ way.offset[..., None])[..., 0] + back.offset, torch.zeros(1, 2), atol=1e-5
    )


def test_folds_deepen_with_their_expressions_only():
    of = renderer()
    still = of.folds.drawn(torch.zeros(1, 52))
    assert float(still.abs().max()) == 0
    frown = torch.zeros(1, 52)
    frown[0, NAMES.index("browDownLeft")] = 1
    shade = of.folds.drawn(frown)
    assert -0.4 < float(shade.min()) < -0.03
    for fold in FOLDS:
        both = drivers(fold.by, "Left") + drivers(fold.by, "Right") if fold.sided else drivers(fold.by, "")
        assert float(both.sum()) > 0
    line = smooth_line(torch.tensor([[0.0, 0], [4, 2], [8, 0]]))
    assert torch.equal(line[0], torch.tensor([0.0, 0])) and torch.equal(line[-1], torch.tensor([8.0, 0]))


def test_the_mouths_pictures_are_shipped():
    interior = load_interior()
    for name in ("upper", "lower", "tongue"):
        values = getattr(interior, name)
        assert values.dtype == torch.uint8 and values.shape[0] == 4
    assert int(interior.upper[:3].amin(0).max()) > 180  # teeth
    entry = checkpoints.describe("mouth-interior")
    assert "ICT-FaceKit" in entry.data and entry.licence == "MIT"
    assert entry.path.stat().st_size < 300_000


def test_the_recipe_draws_what_it_is_given():
    vertices = torch.tensor([[-1.0, -0.5, 0], [1, -0.5, 0], [0, 0.5, 0]])
    picture = picture_of(
        vertices,
        torch.tensor([[0, 1, 2]]),
        torch.tensor([[0.9, 0.5, 0.2]]),
        torch.tensor([True]),
        (-2, -1, 2, 1),
        8,
    )
    assert picture.shape == (4, 16, 32)
    assert picture[3, 10, 16] == 1 and picture[3, 0, 0] == 0
    assert picture[0, 10, 16] > picture[1, 10, 16] > picture[2, 10, 16] > 0.05
    assert tongue_of(8)[3].max() == 1
