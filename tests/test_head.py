"""The 3D head: its mesh, what moves it, who it can be, and how it was made small."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import checkpoints
from conditioning.face.arkit import INDEX, MIRRORED, NAMES
from generators.portrait.decimate import Corners, Decimation, borders
from generators.portrait.head import (
    EYES,
    LASHES,
    MOUTH,
    PARTS,
    SKIN,
    TEETH,
    eye_turns,
    rotation,
    with_gaze_shapes,
)
from generators.portrait.options import SLIDERS

LARGEST = 6 * 2**20


@lru_cache(maxsize=1)
def head():
    return checkpoints.load("head")


def expression(**values):
    out = torch.zeros(1, 52)
    for name, value in values.items():
        out[0, INDEX[name]] = value
    return out


def shown(identity=None, gaze=None, **values):
    who = torch.zeros(1, head().num_identities) if identity is None else identity
    return head().vertices(who, expression(**values), gaze)[0]


def of_part(part):
    return head().triangles[head().part == part].unique()


def test_the_mesh_is_small_whole_and_our_own():
    entry = checkpoints.describe("head")
    assert entry.path.stat().st_size < LARGEST
    assert "ICT-FaceKit" in entry.data and "MIT" in entry.data
    assert 5000 <= len(head().rest) <= 9500
    assert set(head().triangles.unique().tolist()) == set(range(len(head().rest)))
    assert set(head().part.tolist()) == set(range(len(PARTS)))
    edges = Counter(
        (min(u, v), max(u, v)) for a, b, c in head().triangles.tolist() for u, v in ((a, b), (b, c), (c, a))
    )
    assert sum(count > 2 for count in edges.values()) < 0.001 * len(edges), "edges of three triangles"
    assert float(head().uv.min()) >= 0 and float(head().uv.max()) <= 1


def test_the_head_is_as_large_as_heads_are_and_turns_about_the_face_models_pivot():
    marks = head().rest[head().landmarks]
    assert 5.5 < float((marks[36:42].mean(0) - marks[42:48].mean(0)).norm()) < 7.5, "cm between the eyes"
    assert float(marks[30, 2]) > 12, "the nose looks at us"
    assert float(marks[45, 0]) > 0, "the person's left eye is on the right of the picture"
    assert list(head().config["pivot"]) == list(checkpoints.describe("face-model").config["pivot"])


def test_the_average_head_is_the_same_on_both_sides():
    flipped = head().rest * torch.tensor([-1.0, 1.0, 1.0])
    far = torch.cdist(flipped, head().rest)
    assert float(far.amin(1).max()) < 0.05
    partner = far.argmin(1)
    for name in ("mouthSmileLeft", "browDownLeft", "jawOpen", "cheekPuff"):
        move = head().scaled("expressions")[INDEX[name]]
        other = head().scaled("expressions")[MIRRORED[INDEX[name]]]
        assert float((move[partner] * torch.tensor([-1.0, 1.0, 1.0]) - other).norm(dim=1).mean()) < 0.02


def test_weights_of_any_dtype_give_the_same_shape():
    coarse = checkpoints.load("head", dtype=torch.bfloat16)
    values = torch.rand(1, 52, generator=torch.Generator().manual_seed(0))
    who = torch.randn(1, coarse.num_identities, generator=torch.Generator().manual_seed(1))
    assert torch.equal(coarse.vertices(who, values), head().vertices(who, values))


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("eyeLook")])
def test_every_expression_moves_the_face(name):
    moved = (shown(**{name: 1.0}) - shown())[of_part(MOUTH if name == "tongueOut" else SKIN)]
    assert float(moved.norm(dim=1).max()) > 0.2


def test_the_jaw_takes_the_lower_teeth_along_and_leaves_the_upper():
    teeth = of_part(TEETH)
    fell = (shown() - shown(jawOpen=1.0))[teeth, 1]
    upper, lower = fell < 0.05, fell > 1.0
    assert bool((upper | lower).all()) and upper.sum() > 100 and lower.sum() > 100
    assert float(shown()[teeth][upper, 1].mean()) > float(shown()[teeth][lower, 1].mean())


def test_lips_are_shut_at_rest_and_lids_at_a_blink():
    marks = head().landmarks
    at_rest = shown()[marks]
    assert float((at_rest[[61, 62, 63], 1] - at_rest[[67, 66, 65], 1]).abs().max()) < 0.06
    open_by = (at_rest[[43, 44], 1] - at_rest[[47, 46], 1]).mean()
    blinking = shown(eyeBlinkLeft=1.0)[marks]
    assert float((blinking[[43, 44], 1] - blinking[[47, 46], 1]).mean()) < 0.15 * float(open_by)


@given(
    blink=st.floats(0, 1),
    wide=st.floats(0, 1),
    yaw=st.floats(-0.5, 0.5),
    pitch=st.floats(-0.4, 0.4),
    seed=st.integers(0, 99),
)
@settings(max_examples=12, deadline=None)
def test_lids_never_lie_in_the_eyeball(blink, wide, yaw, pitch, seed):
    who = head().identity(seed=seed)
    gaze = torch.tensor([[yaw, pitch]])
    values = with_gaze_shapes(expression(eyeBlinkLeft=blink, eyeWideLeft=wide), gaze)
    points = head().vertices(who, values, gaze)[0]
    middles, sizes = head().eye_middles(who)
    lid = head().lid_of == 1
    far = (points[lid] - middles[0, 0]).norm(dim=1)
    assert float(far.min()) >= head().config["eye_radius"] * float(sizes[0, 0])


def test_eyeballs_turn_with_the_gaze_about_their_middles():
    left = (head().eye_of == 1) & torch.isin(torch.arange(len(head().rest)), of_part(EYES))
    middles, _ = head().eye_middles(torch.zeros(1, head().num_identities))
    front = int(torch.where(left, head().rest[:, 2], -99.0).argmax())
    still, moved = shown(), shown(gaze=torch.tensor([[0.4, 0.2]]))
    assert moved[front, 0] > still[front, 0] + 0.3 and moved[front, 1] > still[front, 1] + 0.1
    spread = (moved[left] - middles[0, 0]).norm(dim=1) - (still[left] - middles[0, 0]).norm(dim=1)
    assert float(spread.abs().max()) < 1e-3
    said = eye_turns(with_gaze_shapes(expression(), torch.tensor([[0.4, 0.2]])))
    assert torch.allclose(said[0, 0], said[0, 1], atol=1e-5)
    assert torch.allclose(said[0, 0], rotation(torch.tensor([[0.4, 0.2, 0.0]]))[0], atol=1e-5)


def test_the_head_turns_and_the_shoulders_stay():
    still = shown()[None]
    turned = head().posed(still, torch.tensor([[0.5, 0.2, 0.1, 1.0, 0.5, 0.0]]))
    nose = head().landmarks[30]
    assert turned[0, nose, 0] > still[0, nose, 0] + 4, "yaw turns the nose to the right"
    assert turned[0, nose, 1] > still[0, nose, 1] + 1, "pitch looks up"
    low = head().rest[:, 1] < -15
    assert low.sum() > 50 and torch.allclose(turned[0, low], still[0, low])
    rolled = head().posed(still, torch.tensor([[0.0, 0.0, 0.4, 0.0, 0.0, 0.0]]))
    crown = int(head().rest[:, 1].argmax())
    assert rolled[0, crown, 0] < still[0, crown, 0] - 2, "roll tips the top to the left"


def test_lashes_go_with_their_lids():
    lash = of_part(LASHES)
    upper = lash[head().rest[lash, 1] > head().rest[lash, 1].mean()]
    assert float((shown() - shown(eyeBlinkLeft=1.0, eyeBlinkRight=1.0))[upper, 1].mean()) > 0.3


def test_batches_give_what_singles_give():
    generator = torch.Generator().manual_seed(3)
    who, values = (
        torch.randn(1, head().num_identities, generator=generator),
        torch.rand(4, 52, generator=generator),
    )
    together = head().vertices(who, values)
    for number in range(4):
        single = head().vertices(who, values[number : number + 1])[0]
        assert torch.allclose(together[number], single, atol=1e-4)


MEASURED = {
    "face_width": lambda m: (m[1] - m[15]).norm() / (m[27, 1] - m[8, 1]),
    "nose_width": lambda m: (m[31] - m[35]).norm(),
    "nose_forward": lambda m: m[30, 2] - (m[31, 2] + m[35, 2]) / 2,
    "mouth_width": lambda m: (m[48] - m[54]).norm(),
    "lip_fullness": lambda m: m[51, 1] - m[62, 1] + m[66, 1] - m[57, 1],
    "eye_opening": lambda m: m[37, 1] + m[38, 1] - m[40, 1] - m[41, 1],
    "jaw_width": lambda m: (m[4] - m[12]).norm() / (m[1] - m[15]).norm(),
    "head_size": lambda m: (m[1] - m[15]).norm(),
}


def test_sliders_are_those_of_the_options_and_change_what_they_say():
    assert head().sliders == SLIDERS
    for name, measure in MEASURED.items():
        less, more = (
            measure(shown(identity=head().identity({name: value}))[head().landmarks]) for value in (-3.0, 3.0)
        )
        assert float(more) > 1.1 * float(less), name


def test_what_the_manifest_says_of_the_sliders_is_honest():
    figures = checkpoints.describe("head").figures
    assert set(figures["sliders"]) == set(SLIDERS)
    for name, row in figures["sliders"].items():
        assert row["own"] > 0.8 and abs(row["most_other"][1]) < 0.5, name
    assert figures["variance_of_faces_held"] > 0.9


def test_random_people_differ_and_come_again():
    one, two = head().identity(seed=1), head().identity(seed=2)
    assert torch.equal(one, head().identity(seed=1)) and not torch.equal(one, two)
    assert head().identity({"jaw_width": 2.0}, seed=1)[0, SLIDERS.index("jaw_width")] == 2.0


@pytest.mark.parametrize(
    ("values", "said"),
    [({"nose": 1.0}, "slider"), ({"jaw_width": 3.5}, "-3 to 3"), ({"jaw_width": float("nan")}, "-3")],
)
def test_wrong_sliders_are_refused_in_a_line(values, said):
    with pytest.raises(ValueError, match=said) as caught:
        head().identity(values)
    assert "\n" not in str(caught.value)


def grid(side=9):
    """A bumpy sheet of two materials, whose texture is cut along its middle."""
    y, x = np.mgrid[0:side, 0:side]
    flat = np.stack([x.ravel(), y.ravel(), 0.2 * np.sin(x.ravel() * 0.8)], 1).astype(float)
    rows = []
    for j in range(side - 1):
        for i in range(side - 1):
            a = j * side + i
            rows += [[a, a + 1, a + side], [a + 1, a + side + 1, a + side]]
    triangles = np.array(rows)
    right = triangles.min(1) % side >= side // 2
    right &= (triangles % side).min(1) >= side // 2
    uv = triangles + np.where(right, side * side, 0)[:, None]
    return flat, Corners(triangles, uv, np.where((triangles // side).min(1) >= side // 2, 1, 0))


def test_decimation_keeps_borders_seams_and_materials():
    flat, mesh = grid()
    side = 9
    small = Decimation(flat[None], mesh, np.ones(len(flat))).to(40)
    kept = np.unique(small.triangles)
    assert len(kept) == 40
    for corner in (0, side - 1, side * (side - 1), side * side - 1):
        assert corner in kept
    at = flat[small.triangles]
    across = np.cross(at[:, 1] - at[:, 0], at[:, 2] - at[:, 0])
    assert (across[:, 2] > 0).all(), "a triangle turned over"
    assert abs(across[:, 2].sum() / 2 - (side - 1) ** 2) < 1e-6, "the sheet has another outline"
    # Texture vertices belong to the place they are at, on the side they are on.
    assert (small.uv % (side * side) == small.triangles).all()
    right = flat[small.triangles][..., 0].mean(1) > side // 2
    assert ((small.uv >= side * side).all(1) == right).all()
    below = flat[small.triangles][..., 1].mean(1) > side // 2
    assert ((small.part == 1) == below).all()
    assert {tuple(sorted(edge)) for edge in borders(small.triangles)}


def test_decimation_stops_where_nothing_more_can_go():
    flat, mesh = grid(5)
    decimation = Decimation(flat[None], mesh, np.ones(len(flat)))
    decimation.fixed[:] = True
    assert len(np.unique(decimation.to(3).triangles)) == 25
