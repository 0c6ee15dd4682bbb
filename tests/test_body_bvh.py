"""Motion in files: BVH, SMPL-X poses and tables; what is odd is read, what is broken is refused in one line."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from body_material import degrees_apart, wandering
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conditioning.body import bvh, npz, table
from conditioning.body.euler import from_angles, to_angles
from conditioning.body.folders import read_motion
from conditioning.body.motion import at_rest
from conditioning.body.retarget import to_ours
from conditioning.body.rotations import about, multiplied, normalised, placed, turned
from conditioning.body.skeleton import JOINTS
from conditioning.body.timing import resampled

ORDERS = ["".join(order) for order in itertools.permutations("XYZ")]
TINY = """HIERARCHY
ROOT Hips
{
	OFFSET 0 90 0
	CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
	JOINT Chest
	{
		OFFSET 0 20 0
		CHANNELS 3 Yrotation Zrotation Xrotation
		End Site
		{
			OFFSET 0 10 0
		}
	}
}
MOTION
Frames: 2
Frame Time: 0.033333
0 90 0 10 20 30 5 6 7
1 91 2 11 21 31 6 7 8
"""


def written(tmp_path, text, name="a.bvh"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


# --- angles


@pytest.mark.parametrize("order", ORDERS)
def test_angles_and_back(order):
    q = normalised(np.random.default_rng(1).normal(size=(200, 3, 4)))
    assert degrees_apart(from_angles(to_angles(q, order), order), q).max() < 1e-6


@pytest.mark.parametrize("order", ORDERS)
def test_angles_never_jump(order):
    """A middle angle that goes through 90 degrees and round again keeps its way."""
    ramp = np.linspace(0, 1, 120)
    angles = np.stack([40 * ramp, 500 * ramp, -30 * ramp], -1)
    found = to_angles(from_angles(angles, order), order)
    assert np.abs(np.diff(found, axis=0)).max() < 10
    assert np.allclose(found, angles, atol=1e-4)


@pytest.mark.parametrize("order", ORDERS)
def test_angles_where_two_axes_fall_together(order):
    middle = np.concatenate([np.linspace(60, 90, 30), np.full(10, 90.0)])
    angles = np.stack([np.full(40, 25.0), middle, np.full(40, -20.0)], -1)
    q = from_angles(angles, order)
    found = to_angles(q, order)
    assert degrees_apart(from_angles(found, order), q).max() < 1e-6
    assert np.abs(np.diff(found, axis=0)).max() < 3


# --- BVH


def test_bvh_keeps_a_motion(tmp_path):
    motion = wandering()
    bvh.write(tmp_path / "a.bvh", motion)
    skeleton, clip = bvh.read(tmp_path / "a.bvh")
    assert clip.frame_rate == 30.0
    assert set(skeleton.names) == set(JOINTS)
    again = to_ours(skeleton, clip)
    assert degrees_apart(again.rotations, motion.rotations).max() < 1e-3
    assert np.abs(again.root - motion.root).max() < 1e-3
    assert bvh.text_of(motion) == (tmp_path / "a.bvh").read_text()


def test_bvh_rests_in_a_t_pose_and_angles_do_not_flip():
    motion = wandering(90)
    lines = bvh.text_of(motion).splitlines()
    angles = np.array([line.split() for line in lines[lines.index("MOTION") + 3 :]], float)[:, 3:]
    assert np.abs(np.diff(angles, axis=0)).max() < 90
    still = bvh.text_of(at_rest(1, 30.0)).splitlines()
    assert set(still[-1].split()[3:]) == {"0.00000"}
    assert "OFFSET 29.000000 0.000000 0.000000" in bvh.text_of(motion)


@pytest.mark.parametrize("order", ORDERS)
def test_bvh_of_any_channel_order(tmp_path, order):
    channels = " ".join(f"{letter}rotation" for letter in order)
    text = TINY.replace("Yrotation Zrotation Xrotation", channels)
    _, clip = bvh.read(written(tmp_path, text))
    assert np.allclose(clip.rotations[0, 1], from_angles(np.array([5.0, 6, 7]), order), atol=1e-6)


def test_bvh_of_odd_writers(tmp_path):
    """A mark at the start, Windows' line ends, small letters, names with spaces, channels before positions."""
    text = TINY.replace("JOINT Chest\n\t{", "joint  Upper Chest {")
    text = text.replace("CHANNELS 3", "Channels 3").replace("End Site", "END SITE")
    text = text.replace(
        "Xposition Yposition Zposition Zrotation Xrotation Yrotation",
        "Zrotation Xrotation Yrotation Zposition Yposition Xposition",
    )
    path = tmp_path / "odd.bvh"
    path.write_bytes(("\ufeff" + text.replace("\n", "\r\n")).encode())
    skeleton, clip = bvh.read(path)
    assert skeleton.names == ("Hips", "Upper Chest")
    assert skeleton.ends == {1: (0.0, 10.0, 0.0)}
    assert clip.frame_rate == 30.0
    assert np.allclose(clip.root[1], [31, 21, 11])


def test_bvh_joints_that_slide_and_joints_with_other_offsets(tmp_path):
    text = TINY.replace("CHANNELS 3 Yrotation", "CHANNELS 6 Xposition Yposition Zposition Yrotation")
    still = text.replace("10 20 30 5", "10 20 30 0 25 0 5").replace("11 21 31 6", "11 21 31 0 25 0 6")
    skeleton, clip = bvh.read(written(tmp_path, still))
    assert not clip.moves
    assert np.allclose(skeleton.offsets[1], [0, 25, 0])
    slides = text.replace("10 20 30 5", "10 20 30 0 25 0 5").replace("11 21 31 6", "11 21 31 0 30 0 6")
    _, clip = bvh.read(written(tmp_path, slides))
    assert np.allclose(clip.moves[1][:, 1], [25, 30])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("HIERARCHY", "SOMETHING", "begins with HIERARCHY"),
        ("MOTION\n", "", "got 'Frames:'"),
        ("Frames: 2", "Frames: 3", "expected 3 frames, got 2"),
        ("Frames: 2", "Frames: 1", "expected 1 frames, got more"),
        ("Frames: 2", "Frames: 0", "at least one frame"),
        ("Frames: 2", "Frames: many", "Frames: N"),
        ("Frames: 2", "Frames: 99999999", "at most 100,000,000 numbers"),
        ("0.033333", "0", "frame time"),
        ("0.033333", "nan", "frame time"),
        ("1 91 2", "1 nan 2", "NaN or infinity in frame 2"),
        ("1 91 2", "1 inf 2", "NaN or infinity in frame 2"),
        ("1 91 2", "1 x 2", "frames of 9 numbers"),
        ("1 91 2 11", "1 91 2", "frames of 9 numbers"),
        ("OFFSET 0 20 0", "OFFSET 0 nan 0", "numbers after OFFSET"),
        ("OFFSET 0 20 0", "OFFSET 0 twenty 0", "numbers after OFFSET"),
        ("JOINT Chest", "JOINT Hips", "own name"),
        ("CHANNELS 3 Yrotation", "CHANNELS 3 Wrotation", "Wrotation".lower()),
        ("CHANNELS 3 Yrotation", "CHANNELS 3 Xrotation", "each channel once"),
        ("CHANNELS 3", "CHANNELS 7", "0 to 6 channels"),
        ("MOTION\n", "ROOT Other\n{\n}\nMOTION\n", "second root 'Other'"),
        ("\t}\n}\nMOTION", "\t}\nMOTION", "closed braces"),
        ("}\nMOTION", "}\n}\nMOTION", "braces in pairs"),
    ],
)
def test_bvh_that_is_broken_is_refused_in_one_line(tmp_path, old, new, says):
    assert old in TINY
    with pytest.raises(ValueError, match=says) as error:
        bvh.read(written(tmp_path, TINY.replace(old, new, 1)))
    assert "\n" not in str(error.value)
    assert "a.bvh" in str(error.value)


def test_bvh_of_many_frames_is_read_piece_by_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(bvh, "FRAMES_AT_ONCE", 7)
    motion = wandering(40)
    bvh.write(tmp_path / "a.bvh", motion)
    assert np.abs(to_ours(*bvh.read(tmp_path / "a.bvh")).root - motion.root).max() < 1e-3
    with pytest.raises(ValueError, match="without MOTION"):
        bvh.read(written(tmp_path, TINY.split("MOTION")[0]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_bvh_with_anything_cut_out_is_read_or_refused(tmp_path, data):
    start = data.draw(st.integers(0, len(TINY)))
    stop = data.draw(st.integers(start, len(TINY)))
    inside = data.draw(st.text(alphabet="{} \n\t-1.eNaXOFSTROJ\0é", max_size=8))
    path = written(tmp_path, TINY[:start] + inside + TINY[stop:])
    try:
        bvh.read(path)
    except ValueError as error:
        assert str(error).startswith("expected")


def test_no_file(tmp_path):
    for read, name in ((bvh.read, "a.bvh"), (npz.read, "a.npz"), (table.read, "a.csv")):
        with pytest.raises(FileNotFoundError, match="expected a"):
            read(tmp_path / name)
    with pytest.raises(ValueError, match="expected a file of motion"):
        read_motion(tmp_path / "a.fbx")


# --- SMPL-X


def test_npz_keeps_a_motion(tmp_path):
    motion = wandering()
    npz.write(tmp_path / "a.npz", motion)
    again = npz.read(tmp_path / "a.npz")
    assert degrees_apart(again.rotations, motion.rotations).max() < 1e-3
    assert np.abs(again.root - motion.root).max() < 1e-3
    with np.load(tmp_path / "a.npz") as data:
        assert data["poses"].shape == (40, 165)
        assert data["trans"].shape == (40, 3)
        assert data["betas"].shape == (16,)
        assert float(data["mocap_frame_rate"]) == 30.0


def test_npz_of_the_same_motion_is_the_same_file(tmp_path):
    for name in "ab":
        npz.write(tmp_path / f"{name}.npz", wandering())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("z_up", [False, True])
def test_npz_of_others_stands_on_our_floor(tmp_path, z_up):
    motion = at_rest(5, 30.0)
    turn, lift = motion.rotations.copy(), np.array([0, 1.3, 0.0])
    if z_up:
        lie = about(np.array([1.0, 0, 0]), np.array(np.pi / 2))
        turn[:, 0], lift = multiplied(lie, turn[:, 0]), turned(lie, lift)
    poses = np.zeros((5, 156))
    poses[:, :66] = npz.angle_axes(turn).reshape(5, -1)
    np.savez(tmp_path / "a.npz", poses=poses, trans=np.tile(lift, (5, 1)), mocap_framerate=120, gender="male")
    found = npz.read(tmp_path / "a.npz")
    assert found.frame_rate == 120
    places, turns = placed(found.rotations, found.root)
    assert abs(places[:, 7, 1].min() - 6.5) < 0.2
    assert np.allclose(turned(turns[0, 0], np.array([0, 0, 1.0])), [0, 0, 1], atol=1e-3)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"poses": None}, "expected poses"),
        ({"poses": np.zeros((5, 60))}, "by at least 66"),
        ({"poses": np.zeros((0, 165))}, "1 to 1,000,000 frames"),
        ({"poses": np.full((5, 165), np.nan)}, "NaN or infinity in frame 1"),
        ({"trans": None}, "expected trans"),
        ({"trans": np.zeros((4, 3))}, "trans of shape"),
        ({"trans": np.array([[0, 0, 0]] * 4 + [[0, np.inf, 0]])}, "frame 5"),
        ({"mocap_frame_rate": None}, "expected a rate"),
        ({"mocap_frame_rate": 0.0}, "1 to 10000 Hz"),
        ({"poses": np.array([{}], dtype=object)}, "expected"),
        ({"poses": np.array(["a"] * 5)}, "expected"),
        ({"mocap_frame_rate": np.zeros(0)}, "expected a rate"),
    ],
)
def test_npz_that_is_broken_is_refused(tmp_path, change, says):
    good = {"poses": np.zeros((5, 165)), "trans": np.zeros((5, 3)), "mocap_frame_rate": 30.0}
    kept = {key: value for key, value in {**good, **change}.items() if value is not None}
    np.savez(tmp_path / "a.npz", **kept)
    with pytest.raises(ValueError, match=says) as error:
        npz.read(tmp_path / "a.npz")
    assert str(error.value).startswith("expected")


def test_npz_that_is_none_is_refused(tmp_path):
    for content in (b"PK\x03\x04 no zip", b"", b"numbers"):
        (tmp_path / "b.npz").write_bytes(content)
        with pytest.raises(ValueError, match="expected a file of SMPL-X poses"):
            npz.read(tmp_path / "b.npz")


# --- tables and rates


def test_table_keeps_a_motion(tmp_path):
    motion = wandering()
    table.write(tmp_path / "a.csv", motion)
    again = table.read(tmp_path / "a.csv")
    assert degrees_apart(again.rotations, motion.rotations).max() < 1e-3
    assert np.abs(again.root - motion.root).max() < 1e-3
    assert again.frame_rate == 30.0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("left_elbow_w", "elbow", "expected columns such as left_elbow_w"),
        ("95.0000", "high", "expected numbers"),
        ("95.0000", "nan", "NaN or infinity"),
        ("1.0000000", "9.0000000", "length 1"),
        ("0.033333", "0.000000", "grow evenly"),
    ],
)
def test_table_that_is_broken_is_refused(tmp_path, old, new, says):
    table.write(tmp_path / "a.csv", at_rest(3, 30.0))
    text = (tmp_path / "a.csv").read_text()
    assert old in text
    with pytest.raises(ValueError, match=says):
        table.read(written(tmp_path, text.replace(old, new, 1), "b.csv"))


def test_resampled_keeps_the_way():
    motion = wandering(61)
    twice = resampled(motion, 60.0)
    assert len(twice) == 121
    assert degrees_apart(twice.rotations[::2], motion.rotations).max() < 1e-3
    back = resampled(twice, 30.0)
    assert len(back) == 61
    assert np.allclose(back.root, motion.root, atol=1e-4)
    assert len(resampled(at_rest(1, 30.0), 25.0)) == 1
    with pytest.raises(ValueError, match="above 0"):
        resampled(motion, 0)
