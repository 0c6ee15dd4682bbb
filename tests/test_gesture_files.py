"""Moving bodies to files: the mannequin, the model, films, pictures, numbers; each comes out the same again."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from motion_material import MARKS, TRACK, motion, waving
from PIL import Image
from scipy.spatial import cKDTree

from conditioning.body.clips import world
from conditioning.body.mannequin import BALLS, mannequin
from conditioning.body.rotations import placed
from conditioning.body.skeleton import INDEX, JOINTS, NUM_JOINTS, PARENTS
from conditioning.encoders.video_file import open_video
from generators.media import Motion
from studio.export import recipe_of, save
from studio.formats import FORMATS, format_of, their_body
from studio.formats.gltf import Model, read_binary, read_json
from studio.ui import body as look

RECIPE = {
    "modality": "gesture",
    "prompt": {"audio": "a.wav"},
    "options": {"seed": 1},
    "emotion": {"phrase": "Ünïcode 漢"},
}
WITHOUT = (".bvh", ".csv", ".srt")
QUICK = (".glb", ".bvh", ".npz", ".csv", ".json", ".wav", ".flac", ".srt", ".vtt", ".png")


@pytest.fixture(scope="module")
def made():
    return motion(20)


@pytest.fixture(scope="module")
def files(tmp_path_factory, made):
    folder = tmp_path_factory.mktemp("files")
    return {suffix: save(made, folder / f"body{suffix}", recipe=RECIPE) for suffix in (*QUICK, ".mp4")}


def test_the_mannequin_is_one_closed_skin_bound_to_the_joints():
    body = mannequin()
    assert 2000 < len(body.triangles) < 5500 and body.triangles.max() == len(body.points) - 1
    np.testing.assert_allclose(body.weights.sum(1), 1, atol=1e-6)
    assert body.weights.min() >= 0 and body.joints.max() < NUM_JOINTS
    assert (body.joints[body.weights == 0] == 0).all(), "glTF wants joint 0 where nothing counts"
    np.testing.assert_allclose(np.linalg.norm(body.normals, axis=1), 1, atol=1e-5)
    edges = np.sort(body.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert (counts == 2).all(), "every edge has a triangle on either side"
    assert abs(body.points[:, 1].min()) < 0.1 and 165 < body.points[:, 1].max() < 175


def test_the_mannequin_is_seen_from_outside_and_the_same_on_both_sides():
    body = mannequin()
    a, b, c = (body.points[body.triangles[:, corner]].astype(float) for corner in range(3))
    assert (a * np.cross(b, c)).sum() / 6 > 40_000, "cm³, and positive"
    away, _ = cKDTree(body.points).query(body.points * [-1, 1, 1])
    assert away.max() < 0.02


def test_a_joint_moves_only_its_own_part():
    body = mannequin()
    share = np.zeros((len(body.points), NUM_JOINTS))
    np.add.at(share, (np.arange(len(body.points))[:, None], body.joints), body.weights)
    hand = share[:, INDEX["left_wrist"]] > 0
    assert hand.any() and body.points[hand, 0].min() > 70
    assert all(
        share[:, INDEX[joint]].max() > 0.5 for joint in JOINTS if joint not in ("left_collar", "right_collar")
    )
    assert {joint for joint, _, _ in BALLS} <= set(JOINTS)


def test_every_suffix_is_offered_and_kept_forms_are_among_them(made):
    known = format_of(made)
    assert set(QUICK) <= set(known.suffixes) and known.kept in known.suffixes
    assert set(known.beside(made)) <= set(known.suffixes) and known.beside(motion(5, silent=True)) == (
        ".json",
    )
    offered = {*look.DOWNLOADS, *look.SLOW}
    assert offered <= set(known.suffixes) and {".glb", ".bvh", ".npz", ".csv", ".mp4"} <= offered


@pytest.mark.parametrize("suffix", [suffix for suffix in (*QUICK, ".mp4") if suffix not in WITHOUT])
def test_every_format_gives_its_recipe_back(files, suffix):
    assert recipe_of(files[suffix]) == RECIPE


@pytest.mark.parametrize("suffix", QUICK)
def test_the_same_motion_gives_the_same_bytes(files, made, suffix, tmp_path):
    again = save(made, tmp_path / f"again{suffix}", recipe=RECIPE)
    assert again.read_bytes() == files[suffix].read_bytes()


def test_a_kept_motion_comes_back_exactly(files, made):
    back = FORMATS[Motion].read(files[".npz"], RECIPE)
    np.testing.assert_allclose(back.motion.rotations, made.motion.rotations, atol=2e-7)
    np.testing.assert_allclose(back.motion.root, made.motion.root, atol=1e-4)
    assert back.motion.frame_rate == made.motion.frame_rate and back.marks == MARKS
    assert back.emotion_track == TRACK and back.audio is not None
    np.testing.assert_allclose(back.audio.samples, made.audio.samples, atol=1e-4)


def test_a_silent_motion_comes_back_without_a_sound(tmp_path):
    made = motion(5, silent=True)
    save(made, tmp_path / "a.npz", recipe=RECIPE)
    back = FORMATS[Motion].read(tmp_path / "a.npz", RECIPE)
    assert back.audio is None and not back.has_sound and back.emotion_track, "the feeling of its recipe"
    with pytest.raises(ValueError, match="expected a motion with sound"):
        save(made, tmp_path / "a.wav")
    assert open_video(save(made, tmp_path / "a.mp4")).sample_rate == 0


def accessor(path, number):
    found, data = read_json(path), read_binary(path)
    row = found["accessors"][number]
    view = found["bufferViews"][row["bufferView"]]
    kind = {5121: np.uint8, 5123: np.uint16, 5126: np.float32}[row["componentType"]]
    width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}[row["type"]]
    return np.frombuffer(data, kind, row["count"] * width, view["byteOffset"]).reshape(row["count"], width)


def test_the_model_is_a_skin_on_the_skeleton(files):
    path = files[".glb"]
    found = read_json(path)
    magic, version, length = struct.unpack("<III", path.read_bytes()[:12])
    assert (magic, version, length) == (0x46546C67, 2, path.stat().st_size)
    skin, nodes = found["skins"][0], found["nodes"]
    assert [nodes[joint]["name"] for joint in skin["joints"]] == list(JOINTS)
    children = {nodes[child]["name"]: node["name"] for node in nodes for child in node.get("children", ())}
    assert children == {
        name: JOINTS[parent] for name, parent in zip(JOINTS, PARENTS, strict=True) if parent >= 0
    }
    attributes = found["meshes"][0]["primitives"][0]["attributes"]
    np.testing.assert_allclose(accessor(path, attributes["WEIGHTS_0"]).sum(1), 1, atol=1e-6)
    assert accessor(path, attributes["JOINTS_0"]).max() < NUM_JOINTS
    assert accessor(path, attributes["POSITION"])[:, 1].max() < 1.8, "metres"
    # Back from where each joint is at rest: the two add up to nothing.
    inverse = accessor(path, skin["inverseBindMatrices"]).reshape(-1, 4, 4)
    place = np.zeros(3)
    for name in ("pelvis", "spine1", "spine2"):
        place = place + nodes[skin["joints"][INDEX[name]]]["translation"]
        np.testing.assert_allclose(inverse[INDEX[name], 3, :3], -place, atol=1e-6)


def test_the_model_moves_as_the_motion_does(files, made):
    path = files[".glb"]
    found = read_json(path)
    (animation,) = found["animations"]
    targets = [(channel["target"]["node"], channel["target"]["path"]) for channel in animation["channels"]]
    assert len(targets) == len(set(targets)) == NUM_JOINTS + 1
    times = accessor(path, animation["samplers"][0]["input"])[:, 0]
    np.testing.assert_allclose(times, np.arange(20) / 30, atol=1e-6)
    row = found["accessors"][animation["samplers"][0]["input"]]
    assert row["min"] == [0.0] and row["max"] == [pytest.approx(19 / 30)]
    for sampler, (node, path_) in zip(animation["samplers"], targets, strict=True):
        values = accessor(path, sampler["output"])
        if path_ == "translation":
            np.testing.assert_allclose(values, made.motion.root / 100, atol=1e-6)
            continue
        np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1, atol=1e-6)
        joint = INDEX[found["nodes"][node]["name"]]
        np.testing.assert_allclose(values, np.roll(made.motion.rotations[:, joint], -1, axis=1), atol=1e-6)


def test_numbers_of_json_are_those_of_the_motion(files, made):
    found = json.loads(files[".json"].read_text(encoding="utf-8"))
    frames = found["motion"]["frames"]
    got = np.array([frame["rotations"] for frame in frames])
    np.testing.assert_allclose(got, made.motion.rotations, atol=1e-5)
    assert [joint["name"] for joint in found["motion"]["skeleton"]] == list(JOINTS)
    assert found["timings"]["word"][0]["text"] == "so"


def test_animation_programs_files_come_back(files, made):
    from conditioning.body import bvh, table
    from conditioning.body.retarget import to_ours

    for back in (to_ours(*bvh.read(files[".bvh"])), table.read(files[".csv"])):
        np.testing.assert_allclose(np.abs((back.rotations * made.motion.rotations).sum(-1)), 1, atol=1e-3)


def test_the_film_has_every_frame_and_the_sound(files):
    opened = open_video(files[".mp4"])
    assert (opened.num_frames, opened.frame_rate, opened.sample_rate) == (20, 30.0, 16_000)


def test_the_picture_is_drawn(files):
    with Image.open(files[".png"]) as picture:
        assert picture.size == (1200, 640) and len(picture.convert("RGB").getcolors(10**6)) > 2000


@pytest.mark.parametrize("broken", ["rotations", "root"])
def test_what_is_not_finite_is_refused(made, tmp_path, broken):
    values = getattr(made.motion, broken).copy()
    values[3] = np.nan
    wrong = replace(made, motion=replace(made.motion, **{broken: values}))
    for suffix in (".glb", ".png", ".mp4", ".bvh", ".npz", ".csv", ".json"):
        with pytest.raises(ValueError, match="expected finite numbers"):
            save(wrong, tmp_path / f"a{suffix}")
    assert not list(tmp_path.iterdir())


def test_no_frames_are_refused(made, tmp_path):
    nothing = replace(made, motion=made.motion.between(0, 0))
    for suffix in (".glb", ".mp4", ".bvh", ".npz", ".csv", ".json"):
        with pytest.raises(ValueError, match="expected a motion of at least one frame"):
            save(nothing, tmp_path / f"a{suffix}")


NAMES = {
    "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head",
    **{f"{side}_{ours}": f"{side.title()}{theirs}" for side in ("left", "right") for ours, theirs in {
        "hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "foot": "ToeBase", "collar": "Shoulder",
        "shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand",
    }.items()},
}  # fmt: skip


@pytest.fixture(scope="module")
def theirs(files, tmp_path_factory):
    """Gives a model of another program: names of its own, lengths in cm below a node that makes them metres."""
    path = tmp_path_factory.mktemp("theirs") / "character.glb"
    found = read_json(files[".glb"])
    model = Model(json=found, parts=[read_binary(files[".glb"])], size=found["buffers"][0]["byteLength"])
    found.pop("animations")
    for node in found["nodes"]:
        if node["name"] in NAMES:
            node["name"] = "mixamorig:" + NAMES[node["name"]]
            node["translation"] = [100 * value for value in node["translation"]]
    half = 0.5**0.5
    above = {"name": "Armature", "scale": [0.01] * 3, "rotation": [half, 0, 0, half], "children": [0]}
    # Lying down below a node that sets them upright, as Blender writes them.
    found["nodes"][0]["rotation"] = [-half, 0, 0, half]
    x, y, z = found["nodes"][0]["translation"]
    found["nodes"][0]["translation"] = [x, z, -y]
    found["scenes"][0]["nodes"][0] = model.add("nodes", above)
    model.write(path)
    return path


def test_a_model_of_others_takes_the_movement(files, made, theirs, tmp_path):
    for_them = replace(made, provenance={"prompt": {"skeleton": str(theirs)}})
    path = save(for_them, tmp_path / "moved.glb", recipe=RECIPE)
    assert recipe_of(path) == RECIPE
    found = read_json(path)
    names = [
        found["nodes"][channel["target"]["node"]]["name"] for channel in found["animations"][0]["channels"]
    ]
    assert {"mixamorig:Hips", "mixamorig:RightForeArm"} <= set(names) and "Armature" not in names
    skeleton = their_body.skeleton_of(path)
    at = skeleton.names.index("mixamorig:RightForeArm")
    sampler = next(
        channel["sampler"] for channel in found["animations"][0]["channels"]
        if found["nodes"][channel["target"]["node"]]["name"] == "mixamorig:RightForeArm"
    )  # fmt: skip
    turns = np.roll(accessor(path, found["animations"][0]["samplers"][sampler]["output"]), 1, axis=1)
    same = np.abs((turns * made.motion.rotations[:, INDEX["right_elbow"]]).sum(1))
    np.testing.assert_allclose(same, 1, atol=1e-4)
    assert skeleton.parents[at] >= 0 and len(skeleton) == NUM_JOINTS
    moved = save(for_them, tmp_path / "moved.bvh").read_text()
    assert "mixamorig" in moved and "RightForeArm" in moved


def test_their_joints_are_where_ours_are(made, theirs):
    skeleton = their_body.skeleton_of(theirs)
    places, _ = world(skeleton, their_body.on_their_body(made, skeleton))
    ours, _ = placed(made.motion.rotations, made.motion.root)
    # They lie down; what is above them sets them upright.
    upright = np.stack([places[..., 0], -places[..., 2], places[..., 1]], -1)
    for joint in ("pelvis", "head", "left_wrist", "right_wrist", "left_ankle"):
        at = skeleton.names.index("mixamorig:" + NAMES[joint])
        assert np.abs(upright[:, at] - ours[:, INDEX[joint]]).max() < 1.0, joint


def test_a_skeleton_of_others_takes_the_movement(files, made, tmp_path):
    for_them = replace(made, provenance={"prompt": {"skeleton": str(files[".bvh"])}})
    save(for_them, tmp_path / "a.bvh")
    assert [joint["name"] for joint in read_json(save(for_them, tmp_path / "a.glb"))["nodes"]][:-1] == list(
        JOINTS
    )
    gone = replace(made, provenance={"prompt": {"skeleton": str(tmp_path / "gone.glb")}})
    with pytest.raises(ValueError, match="expected the file of the skeleton"):
        save(gone, tmp_path / "b.glb")


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.pop("skins"),
        lambda found: found["skins"][0].update(joints=[]),
        lambda found: found["skins"][0].update(joints=[10**6]),
        lambda found: found["nodes"][0].update(children=[0]),
        lambda found: found["nodes"][3].update(translation=["a", 0, 0]),
        lambda found: found["nodes"][3].update(rotation=[0, 0, 0, 0]),
        lambda found: found["nodes"][0].update(children=[]),
    ],
)
def test_a_model_without_a_skeleton_is_refused(files, change):
    found = read_json(files[".glb"])
    change(found)
    with pytest.raises(
        ValueError, match=r"expected a model with a skeleton of one root in 'a\.glb', got none"
    ):
        their_body.joints_of(found, "a.glb")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_broken_model_is_refused_in_one_line(files, made, tmp_path, data):
    whole = bytearray(files[".glb"].read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, 8000) | st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.glb"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    for_them = replace(made, provenance={"prompt": {"skeleton": str(path)}})
    try:
        save(for_them, tmp_path / "b.glb")
    except ValueError as error:
        assert str(error).startswith("expected") and "\n" not in str(error)


def test_the_page_shows_its_speed_and_a_small_picture(made):
    html = look.picture_html(made, "gesture, <calm>")
    assert 'class="hands"' in html and "m/s" in html and "so" in html
    assert look.thumbnail_svg(made).count("<image") == look.TILE_POSES
    assert look.facts(made) == "0.7 s · 2 words · 30 frames a second"
    assert look.facts(motion(20, silent=True)).endswith("silent")
    assert "m/s" in look.picture_html(replace(made, motion=waving(1)), "one frame")
