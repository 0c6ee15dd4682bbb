"""Readers of recorded motion: packed clips, written gestures, folders of BVH and npz with sound."""

from __future__ import annotations

import json

import body_material as material
import numpy as np
import pytest
from body_material import degrees_apart, stepping

from conditioning.body import bvh, folders, laban, limits, npz, takes
from conditioning.body.canonical import BANDAI, bind
from conditioning.body.retarget import to_theirs
from conditioning.body.rotations import about, inverted, multiplied, placed, turned
from conditioning.body.skeleton import INDEX, JOINTS
from training.data import motion as data

NAMES = (
    "joint_Root", "Hips", "Spine", "Chest", "Neck", "Head", "Shoulder_L", "UpperArm_L", "LowerArm_L", "Hand_L",
    "Shoulder_R", "UpperArm_R", "LowerArm_R", "Hand_R", "UpperLeg_L", "LowerLeg_L", "Foot_L", "Toes_L",
    "UpperLeg_R", "LowerLeg_R", "Foot_R", "Toes_R",
)  # fmt: skip
PARENTS = (-1, 0, 1, 2, 3, 4, 3, 6, 7, 8, 3, 10, 11, 12, 1, 14, 15, 16, 1, 18, 19, 20)
LENGTHS = {
    "Spine": 15.7,
    "Chest": 9,
    "Neck": 16.4,
    "Head": 6.5,
    "UpperArm": 5.3,
    "LowerArm": 24.3,
    "Hand": 22.3,
}
LENGTHS |= {"LowerLeg": 39.08, "Foot": 40.99, "Toes": 11.75}


def bandai_file(path, yaw=0.0, frames=6):
    """Writes a packed file of two clips in which somebody stands in our T-pose, turned and moved aside."""
    offsets = np.zeros((len(NAMES), 3))
    for joint, name in enumerate(NAMES):
        stem, _, side = name.partition("_")
        if stem in LENGTHS:
            offsets[joint, 0] = LENGTHS[stem] * (-1 if side == "R" else 1)
    offsets[6], offsets[10] = (13, -0.24, 4.98), (13, -0.24, -4.98)
    offsets[14], offsets[18] = (-2.19, -6.47, 0), (-2.19, 6.47, 0)
    ours = {theirs: name for name, theirs in BANDAI.items()}
    world = np.tile(np.array([1.0, 0, 0, 0]), (len(NAMES), 1))
    turn = about(np.array([0, 1.0, 0]), np.array(yaw))
    for joint, name in enumerate(NAMES[1:], 1):
        world[joint] = multiplied(turn, bind(ours[name]))
    local = world.copy()
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            local[joint] = multiplied(inverted(world[parent]), world[joint])
    whole = np.round(np.tile(local.reshape(-1, 1), (1, frames)) * 4096).astype(np.int16)
    delta = np.diff(whole, axis=1, prepend=np.zeros((whole.shape[0], 1), np.int16))
    root = np.tile(np.array([[123], [939.6], [-45]]), (1, frames)).round().astype(np.int16)
    step = np.diff(root, axis=1, prepend=np.zeros((3, 1), np.int16))
    rows = ["id,content,style,emotion,take,frames_30fps"]
    rows += [f"a_{style}_001,walk,{style},x,001,{frames}" for style in ("exhausted", "masculinity")]
    np.savez(
        path, quat_delta=np.tile(delta, (1, 2)), root_delta=np.tile(step, (1, 2)), quat_scale=1 / 4096,
        root_scale=0.1, start=np.array([0, frames, 2 * frames]), joint_names=np.array(NAMES),
        parents=np.array(PARENTS), offsets=offsets, offsets_per_clip=False, root_joint=1, fps=30.0,
        metadata_csv="\n".join(rows),
    )  # fmt: skip
    return path


def test_bandai_t_pose_is_ours(tmp_path):
    found = takes.bandai(bandai_file(tmp_path / "a.npz", yaw=1.0))
    assert [(take.style, take.emotion, take.take) for take in found] == [
        ("exhausted", "tired", 1),
        ("masculine", "", 1),
    ]
    for take in found:
        assert len(take.motion) == 6
        assert take.motion.frame_rate == 30.0
        still = np.tile(np.array([1.0, 0, 0, 0]), (6, 22, 1))
        apart = degrees_apart(take.motion.rotations, still).max(0)
        legs = [INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("hip", "knee", "ankle")]
        assert apart[[joint for joint in range(22) if joint not in legs]].max() < 0.1
        assert apart[legs].max() < 8
        assert np.abs(take.motion.root - [0, 95, 0]).max() < 0.3
        places, _ = placed(take.motion.rotations, take.motion.root)
        assert abs(places[0, INDEX["left_ankle"], 1] - 6.5) < 0.5
        assert abs(takes.heading(take.motion.rotations[0])) < 1e-4


def test_packed_clips_that_are_none_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a file of motion data"):
        data.packed(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", poses=np.zeros(3))
    with pytest.raises(ValueError, match="expected packed clips, got b"):
        data.packed(tmp_path / "b.npz")


def test_places_that_were_rounded_become_smooth_within_their_steps():
    true = 40 * np.sin(np.linspace(0, 6, 120))[:, None] * np.ones((1, 3))
    counts = np.concatenate([np.round(true), np.round(true) + 500]).astype(int)
    found = data.unrounded(counts, np.array([0, 120, 240]), 0.1)
    assert np.abs(found - 0.1 * counts).max() <= 0.05 + 1e-5
    rough = np.abs(np.diff(0.1 * counts[:120], n=2, axis=0)).mean()
    assert np.abs(np.diff(found[:120], n=2, axis=0)).mean() < rough / 3
    assert np.allclose(found[120:] - found[:120], 50, atol=1e-4)


# --- Labanotation


def key(time, **parts):
    pose = {
        "start time": [str(time)], "duration": ["0"], "head": ["Forward", "Normal"],
        "right elbow": ["Place", "Low"], "right wrist": ["Place", "Low"], "left elbow": ["Place", "Low"],
        "left wrist": ["Place", "Low"], "rotation": ["ToRight", "0"],
    }  # fmt: skip
    return {**pose, **{name.replace("_", " "): value for name, value in parts.items()}}


def library(folder, *keys, concept="come"):
    (folder / "gestures").mkdir(parents=True)
    text = json.dumps({concept: {f"Position{at}": one for at, one in enumerate(keys)}})
    (folder / "gestures" / "come.json").write_text(text)
    (folder / "metadata.csv").write_text(
        f"file,concept,category,emotion,keyframes,duration_ms\ngestures/come.json,{concept},emblem,,3,1\n"
    )
    return folder


def bone(rotations, start, end):
    places, _ = placed(rotations[None], np.zeros((1, 3)))
    way = places[0, INDEX[end]] - places[0, INDEX[start]]
    return way / np.linalg.norm(way)


def test_gestures_point_where_they_are_written(tmp_path):
    raised = key(500, right_elbow=["Right", "Low"], right_wrist=["Right Forward", "High"])
    crossed = key(1000, left_elbow=["Forward", "Low"], left_wrist=["Right Forward", "Normal"])
    (gesture,) = laban.laban_gestures(library(tmp_path, key(1), raised, crossed, key(2000)))
    assert (gesture.name, gesture.concept, gesture.category, gesture.emotion) == (
        "come",
        "come",
        "emblem",
        "",
    )
    half = np.sqrt(0.5)
    assert np.allclose(
        bone(gesture.rotations[1], "right_shoulder", "right_elbow"), [-half, -half, 0], atol=1e-3
    )
    assert np.allclose(bone(gesture.rotations[1], "right_elbow", "right_wrist"), [-0.5, half, 0.5], atol=0.15)
    assert np.allclose(bone(gesture.rotations[2], "left_shoulder", "left_elbow"), [0, -half, half], atol=1e-3)
    assert bone(gesture.rotations[2], "left_elbow", "left_wrist")[0] < -0.5
    assert bone(gesture.rotations[0], "left_shoulder", "left_elbow")[1] < -0.95
    palm = turned(
        placed(gesture.rotations[:1], np.zeros((1, 3)))[1][0, INDEX["left_wrist"]], np.array([0, -1.0, 0])
    )
    assert palm[0] < -0.8  # a hanging hand's palm faces the thigh


def test_gestures_become_smooth_motion(tmp_path):
    raised = key(500, right_elbow=["Right", "Low"], right_wrist=["Right Forward", "High"])
    (gesture,) = laban.laban_gestures(library(tmp_path, raised, key(1500, head=["Left Forward", "Low"])))
    motion = laban.as_motion(gesture, 30.0, rest_s=0.5)
    assert len(motion) == 61
    assert np.allclose(motion.rotations[0], laban.hanging(), atol=1e-6)
    assert degrees_apart(motion.rotations[15], gesture.rotations[0]).max() < 0.1
    assert np.allclose(motion.rotations[-1], laban.hanging(), atol=1e-6)
    assert len(laban.as_motion(gesture, 30.0, speed=2.0, rest_s=0.5)) == 46
    steps = degrees_apart(motion.rotations[1:], motion.rotations[:-1])
    assert steps.max() < 20
    assert steps[14:16].max() < steps.max() / 3  # hands stop at a pose
    assert limits.beyond(motion) == 0
    with pytest.raises(ValueError, match="above 0"):
        laban.as_motion(gesture, speed=0)


def test_times_that_are_broken_are_put_in_between(tmp_path):
    nowhere = key(0)
    del nowhere["start time"]
    (score,) = data.laban_scores(library(tmp_path, key(500), key(-500), key(1500), nowhere))
    assert [one.time_s for one in score.keys] == [0.5, 1.0, 1.5, 2.5]


def test_gestures_that_are_none_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="metadata"):
        data.laban_scores(tmp_path)
    folder = library(tmp_path / "a", key(1, head=["Up", "Normal"]))
    with pytest.raises(ValueError, match="expected a direction"):
        laban.laban_gestures(folder)
    (folder / "gestures" / "come.json").write_text('{"come": {"Position0": {}}}')
    with pytest.raises(ValueError, match="expected a gesture in Labanotation"):
        data.laban_scores(folder)
    (folder / "gestures" / "come.json").unlink()
    with pytest.raises(FileNotFoundError, match="come"):
        data.laban_scores(folder)


# --- folders


def test_folder_of_beat(tmp_path):
    skeleton, motion = material.skeleton(), stepping(40)
    (tmp_path / "1").mkdir()
    bvh.write_clip(tmp_path / "1" / "1_wayne_0_73_73.bvh", skeleton, to_theirs(motion, skeleton))
    (tmp_path / "1" / "1_wayne_0_73_73.wav").write_bytes(b"RIFF")
    (tmp_path / "1" / "calibration.bvh").write_text("nothing")
    (take,) = folders.beat(tmp_path)
    assert (take.content, take.style, take.emotion, take.take) == ("speech", "1_wayne", "angry", 73)
    assert take.audio is not None
    assert take.audio.name == "1_wayne_0_73_73.wav"
    head = INDEX["head"]
    assert degrees_apart(take.motion.rotations[10:12, head], motion.rotations[10:12, head]).max() < 0.1


def test_folder_of_beat2_and_amass(tmp_path):
    for name in ("smplxflame_30/2_scott_0_95_95", "amass/walk_poses"):
        (tmp_path / name).parent.mkdir()
        npz.write(tmp_path / f"{name}.npz", stepping(40))
    (tmp_path / "wave16k").mkdir()
    (tmp_path / "wave16k" / "2_scott_0_95_95.wav").write_bytes(b"RIFF")
    (take,) = folders.beat(tmp_path)
    assert take.emotion == "surprise"
    assert take.audio is not None
    found = list(folders.amass(tmp_path / "amass"))
    assert [(take.content, take.style, take.audio) for take in found] == [("walk", "amass", None)]


def test_folder_of_zeroeggs_at_60_fps(tmp_path):
    motion = stepping(41)
    text = bvh.text_of(motion).replace("Frame Time: 0.0333333333", "Frame Time: 0.0166666667")
    (tmp_path / "010_Sad_3_x_1_0.bvh").write_text(text)
    (take,) = folders.zeroeggs(tmp_path)
    assert (take.style, take.emotion, take.take) == ("sad", "sad", 10)
    assert take.motion.frame_rate == 30.0
    assert len(take.motion) == 21


def test_any_folder_and_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a folder"):
        list(folders.beat(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match="expected files"):
        list(folders.speech_folder(tmp_path))
    bvh.write(tmp_path / "my_angry_one.bvh", stepping(5))
    with pytest.raises(FileNotFoundError, match="names such as those"):
        list(folders.beat(tmp_path))
    (take,) = folders.speech_folder(tmp_path)
    assert take.emotion == "angry"
    assert set(JOINTS) == set(bvh.read(tmp_path / "my_angry_one.bvh")[0].names)
    (tmp_path / "broken.bvh").write_text("nothing")
    with pytest.raises(ValueError, match=r"broken\.bvh"):
        list(folders.speech_folder(tmp_path))
