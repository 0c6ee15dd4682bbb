"""The renderer of photos: at rest it is the photo, and everything moves as it is told."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from face_material import portrait
from hypothesis import given, settings
from hypothesis import strategies as st
from portrait_render_material import SIZE, drawn, expressions, person, points, renderer

from conditioning.face import mesh
from conditioning.face.model import load_face_model
from conditioning.face.photo import Photo
from generators.portrait.framing import cut
from generators.portrait.renderer import PortraitRenderer

EYES = (*mesh.EYE_LEFT, *mesh.EYE_RIGHT)


def photo_of(of: PortraitRenderer, photo: Photo) -> np.ndarray:
    """(H, W, 3) what the photo has where the renderer's picture is."""
    m = of.frame.margin
    inside = cut(photo.pixels, of.frame)[:, m:-m, m:-m]
    return (inside * 255).round().byte().permute(1, 2, 0).numpy()


def inside(of: PortraitRenderer, ring: tuple[int, ...]) -> np.ndarray:
    """(H, W) what lies within a ring of the photo's points."""
    from PIL import Image, ImageDraw

    mask = Image.new("1", of.size)
    ImageDraw.Draw(mask).polygon([tuple(of.rig.points[place, :2].tolist()) for place in ring], fill=1)
    return np.asarray(mask)


@pytest.mark.parametrize("yaw", [0.0, 0.4])
def test_at_rest_it_is_the_photo(yaw):
    of = renderer(yaw)
    off = np.abs(drawn(of, {})[0].astype(int) - photo_of(of, person(yaw)[0]))
    assert off.max() <= 10 and off.mean() < 0.05


def test_an_open_mouth_at_rest_is_the_photo_too():
    of = renderer(0.0, 0.5)
    assert of.mouth.own is not None
    off = np.abs(drawn(of, {})[0].astype(int) - photo_of(of, person(0.0, 0.5)[0]))
    assert off.max() <= 10 and off.mean() < 0.05


def test_a_blink_covers_the_eyes():
    of = renderer()
    opened, shut = drawn(of, {}, {"eyeBlink": 1})
    for ring in (mesh.EYE_LEFT, mesh.EYE_RIGHT):
        eye = inside(of, ring)
        white = photo_of(of, person()[0])[eye].min(1) > 190
        assert white.any()
        assert (opened[eye].min(1) > 190).sum() == white.sum()
        # What landmarks leave outside the lids stays; this drawing's are a pixel off.
        assert (shut[eye].min(1) > 190).sum() < 0.5 * white.sum()
    lids = points(of, {"eyeBlink": 1})
    for upper, lower in (*mesh.LIDS_LEFT, *mesh.LIDS_RIGHT):
        assert np.linalg.norm(lids[upper] - lids[lower]) < 1.5


def test_a_jaw_opens_on_teeth_and_dark():
    of = renderer()
    # What lies between the lips once they are apart.
    now = points(of, {"jawOpen": 0.8})
    gap = now[mesh.LOWER_LIP_INNER[5], 1] - now[mesh.UPPER_LIP_INNER[5], 1]
    assert gap > 8
    middle = now[[mesh.UPPER_LIP_INNER[5], mesh.LOWER_LIP_INNER[5]]].mean(0).round().astype(int)
    before, after = drawn(of, {}, {"jawOpen": 0.8})
    assert after[middle[1], middle[0]].mean() < 0.7 * before[middle[1], middle[0]].mean()
    smile = drawn(of, {"mouthSmile": 0.6, "mouthUpperUp": 0.8, "jawOpen": 0.1})[0]
    lips = points(of, {"mouthSmile": 0.6, "mouthUpperUp": 0.8, "jawOpen": 0.1})[list(mesh.LIPS_INNER)]
    low, high = lips.min(0).astype(int), lips.max(0).astype(int)
    teeth = smile[low[1] : high[1], low[0] : high[0]]
    assert (teeth.min(2) > 110).any()


def test_an_open_mouth_closes():
    shut = renderer(0.0, 0.5, mouth="closed")
    now = points(shut, {})
    apart = [now[lower, 1] - now[upper, 1] for upper, lower in mesh.LIPS]
    assert np.abs(apart).max() < 0.5


def test_without_its_own_expression_an_open_jaw_shuts_most_of_the_way():
    own, none = points(renderer(0.0, 0.5), {}), points(renderer(0.0, 0.5, identity_strength=0.0), {})
    upper, lower = mesh.UPPER_LIP_INNER[5], mesh.LOWER_LIP_INNER[5]
    assert none[lower, 1] - none[upper, 1] < 0.5 * (own[lower, 1] - own[upper, 1])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1.5), min_size=52, max_size=52))
def test_lids_and_lips_never_cross(values):
    of = renderer()
    now = of.projected_points(torch.tensor([values]), torch.zeros(1, 6), torch.zeros(1, 2))[0]
    still = of.rig.points
    for pairs in (mesh.LIPS, mesh.LIDS_LEFT, mesh.LIDS_RIGHT):
        for upper, lower in pairs:
            least = min(0.0, float(still[lower, 1] - still[upper, 1]))
            assert float(now[lower, 1] - now[upper, 1]) > least - 0.6


def test_many_at_once_are_the_same_as_one_at_a_time():
    of = renderer(0.4)
    torch.manual_seed(0)
    parts = torch.rand(5, 52) * 0.6, torch.randn(5, 6) * 0.2, torch.randn(5, 2) * 0.2
    together = of.render(*parts)
    assert torch.equal(together, of.render(*parts))
    for place in range(5):
        alone = of.render(*(part[place : place + 1] for part in parts))
        # A product of other sizes may round another way: never by more than a level.
        assert (together[place].int() - alone[0].int()).abs().max() <= 1


def test_blocks_are_the_same_as_the_whole(monkeypatch):
    of = renderer()
    parts = torch.rand(3, 52) * 0.5, torch.zeros(3, 6), torch.zeros(3, 2)
    together = of.render(*parts)
    monkeypatch.setattr("generators.portrait.renderer.BLOCK_CPU", 1)
    assert torch.equal(together, of.render(*parts))


def test_extremes_stay_finite():
    of = renderer(0.4)
    rows = torch.stack(
        [torch.full((52,), 1.5), torch.full((52,), -1.5), torch.zeros(52), torch.full((52,), 9.0)]
    )
    pose = torch.tensor(
        [[1.2, 1, 1, 30, 30, 60], [-1.2, -1, -1, -30, -30, -90], [3.1, 0, 0, 0, 0, 0], [0] * 6]
    )
    gaze = torch.tensor([[1.5, 1.5], [-1.5, -1.5], [0, 0], [0, 0]])
    assert of.projected_points(rows, pose, gaze).isfinite().all()
    assert of.render(rows, pose, gaze).shape == (4, SIZE[1], SIZE[0], 3)


def test_points_at_rest_are_the_landmarks():
    _photo, fit = person()
    of = renderer()
    wanted = of.frame.place(torch.from_numpy(fit.landmarks(load_face_model())[:, :2]).float())
    assert np.abs(points(of, {}) - wanted.numpy()).max() < 0.01


def test_the_head_turns_as_told():
    of = renderer()
    still = points(of, {})
    nose = mesh.UPPER_LIP_OUTER[5]
    assert points(of, {}, (0.2, 0, 0, 0, 0, 0))[nose, 0] > still[nose, 0] + 1  # to the right of the picture
    assert points(of, {}, (0, 0.2, 0, 0, 0, 0))[nose, 1] < still[nose, 1] - 1  # up
    rolled = points(of, {}, (0, 0, 0.2, 0, 0, 0))
    assert rolled[mesh.OUTLINE[0], 0] < still[mesh.OUTLINE[0], 0] - 1  # its top to the left
    wide = np.ptp(points(of, {}, (0, 0, 0, 0, 0, 10.0))[:, 0])
    assert wide > np.ptp(still[:, 0]) * 1.1  # nearer is larger


def test_only_the_irises_look():
    of = renderer()
    way = points(of, {}, gaze=(0.2, 0.1)) - points(of, {})
    assert np.abs(way[: mesh.NUM_SKIN]).max() < 1e-3
    assert (way[mesh.NUM_SKIN :, 0] > 0.5).all() and (way[mesh.NUM_SKIN :, 1] < -0.2).all()
    before, after = drawn(of, {})[0], drawn(of, {}, gaze=(0.25, 0.0))[0]
    assert np.abs(before.astype(int) - after)[inside(of, mesh.EYE_LEFT)].max() > 60


def test_regions_keep_the_rest_of_the_face():
    pose = (0.2, 0.1, 0.1, 1, 1, 1)
    mouth, eyes = renderer(region="mouth"), renderer(region="eyes")
    still = points(mouth, {})
    low, high = [*mesh.LIPS_OUTER], [*mesh.BROW_LEFT, *EYES]
    everything = {"jawOpen": 0.8, "eyeBlink": 1, "browInnerUp": 1, "browOuterUp": 1}
    only_mouth, only_eyes = points(mouth, everything, pose), points(eyes, everything, pose)
    assert np.abs(only_mouth - still)[low].max() > 5 and np.abs(only_mouth - still)[high].max() < 0.1
    assert np.abs(only_eyes - still)[high].max() > 2 and np.abs(only_eyes - still)[low].max() < 0.1
    assert np.abs(points(mouth, {}, gaze=(0.3, 0.2)) - still).max() < 1e-3


def test_a_turned_face_borrows_its_far_side():
    assert renderer().far_side is None
    of = renderer(0.4)
    assert of.far_side is not None
    pictures = drawn(of, {}, pose=(-0.4, 0, 0, 0, 0, 0))
    assert pictures.std() > 10


def test_another_background_takes_the_place_of_the_photos():
    photo, fit = person()
    inner = np.zeros(photo.pixels.shape[:2], np.uint8)
    inner[60:260, 70:250] = 255
    cut_out = Photo(photo.pixels, inner)
    of = PortraitRenderer(cut_out, fit, load_face_model(), SIZE, crop="full", background=(0.0, 0.0, 1.0))
    picture = drawn(of, {})[0]
    assert (picture[2, 2] == (0, 0, 255)).all()
    whole = np.full((30, 40, 3), 200, np.uint8)
    of = PortraitRenderer(cut_out, fit, load_face_model(), SIZE, crop="full", background=whole)
    assert (drawn(of, {})[0][2, 2] == 200).all()
    with pytest.raises(ValueError, match="background"):
        PortraitRenderer(cut_out, fit, load_face_model(), SIZE, background="blue")


def test_glasses_keep_their_shape():
    from PIL import Image, ImageDraw

    from conditioning.face.fit import fit_face
    from conditioning.face.landmarks import find_faces

    image = Image.fromarray(portrait(size=480))
    landmarks = find_faces(np.asarray(image))[0].landmarks
    draw, wide = ImageDraw.Draw(image), 36
    for iris in (mesh.IRIS_LEFT[0], mesh.IRIS_RIGHT[0]):
        x, y = landmarks[iris, :2]
        draw.ellipse((x - wide, y - wide, x + wide, y + wide), outline=(10, 10, 10), width=4)
    left, right = (landmarks[iris[0], :2] for iris in (mesh.IRIS_RIGHT, mesh.IRIS_LEFT))
    draw.line((left[0] + wide, left[1], right[0] - wide, right[1]), fill=(10, 10, 10), width=4)
    photo = Photo(np.asarray(image))
    fit = fit_face(find_faces(photo)[0], size=photo.size)
    rows = {"browInnerUp": 1, "browOuterUp": 1}
    seen, told = (
        PortraitRenderer(photo, fit, load_face_model(), (256, 256), glasses=glasses)
        for glasses in (None, False)
    )
    brow = [*mesh.BROW_LEFT, *mesh.BROW_RIGHT]

    def lift(of):
        return np.abs(points(of, rows) - points(of, {}))[brow].mean()

    assert lift(seen) < 0.8 * lift(told)
    assert np.abs(points(seen, {"eyeBlink": 1}) - points(told, {"eyeBlink": 1}))[[159, 386]].max() < 1.5


@settings(max_examples=20, deadline=None)
@given(st.integers(-4, 4000), st.integers(-4, 4000))
def test_impossible_sizes_are_refused(width, height):
    photo, fit = person()
    if all(side % 2 == 0 and 64 <= side <= 2048 for side in (width, height)):
        return
    with pytest.raises(ValueError, match="even width and height") as caught:
        PortraitRenderer(photo, fit, load_face_model(), (width, height))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"crop": "hair"}, "crop"),
        ({"region": "ears"}, "region"),
        ({"mouth": "ajar"}, "mouth"),
        ({"identity_strength": 1.5}, "identity strength"),
        ({"identity_strength": float("nan")}, "identity strength"),
    ],
)
def test_impossible_options_are_refused(options, said):
    photo, fit = person()
    with pytest.raises(ValueError, match=said) as caught:
        PortraitRenderer(photo, fit, load_face_model(), SIZE, **options)
    assert "got" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [(64, 64), (256, 96), (96, 256)])
@pytest.mark.parametrize("crop", ["face", "full"])
def test_every_shape_is_filled_from_the_photo(size, crop):
    of = renderer(size=size, crop=crop)
    frame, (width, height) = of.frame, person()[0].size
    assert frame.left >= 0 and frame.top >= 0
    assert frame.left + frame.width / frame.scale <= width + 1e-3
    assert frame.top + frame.height / frame.scale <= height + 1e-3
    assert drawn(of, {}, pose=(0.1, 0, 0, 0, 0, 0)).shape == (1, size[1], size[0], 3)
    assert expressions({}).shape == (1, 52)
