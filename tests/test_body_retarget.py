"""From anybody's skeleton to ours and back: names, rest poses, axes, units, proportions, feet."""

from __future__ import annotations

import body_material as material
import numpy as np
import pytest
from body_material import degrees_apart, stepping

from conditioning.body import binding, bone_names, bvh, feet, limits
from conditioning.body.canonical import bind
from conditioning.body.clips import Clip, Skeleton, as_clip, our_skeleton, world
from conditioning.body.motion import BodyMotion
from conditioning.body.retarget import to_ours, to_theirs
from conditioning.body.rotations import about, arc, inverted, multiplied, placed, smooth_signs, turned
from conditioning.body.skeleton import INDEX, JOINTS, NUM_JOINTS
from conditioning.body.unposed import bound_by_motion

X, Y, Z = np.eye(3)
SKELETONS = {
    "mixamo": {"prefix": "mixamorig:"},
    "vrm in m, A-pose": {"names": material.VRM, "spread": 45, "unit": 0.01},
    "unreal, z up, short legs": {"names": material.UNREAL, "spread": 30, "z_up": True, "legs": 0.7},
    "turned at rest, long legs": {"turned_rest": True, "legs": 1.2},
}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("mixamorig:LeftForeArm", ("left", "forearm")),
        ("mixamorig1_RightHand", ("right", "hand")),
        ("J_Bip_L_UpperArm", ("left", "upperarm")),
        ("J_Bip_C_Head", ("", "head")),
        ("upperarm_r", ("right", "upperarm")),
        ("Bip01 L Thigh", ("left", "thigh")),
        ("rThigh", ("right", "thigh")),
        ("LHipJoint", ("left", "hipjoint")),
        ("L_Elbow", ("left", "elbow")),
        ("left_knee", ("left", "knee")),
        ("Foot_L", ("left", "foot")),
        ("RightUpLeg", ("right", "upleg")),
        ("Hips", ("", "hips")),
        ("LowerBack", ("", "lowerback")),
    ],
)
def test_names_are_taken_apart(name, found):
    assert bone_names.plain(name) == found


CMU = (
    "Hips", "LHipJoint", "LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase", "RHipJoint", "RightUpLeg",
    "RightLeg", "RightFoot", "RightToeBase", "LowerBack", "Spine", "Spine1", "Neck", "Neck1", "Head",
    "LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand", "RightShoulder", "RightArm", "RightForeArm",
    "RightHand",
)  # fmt: skip
CMU_PARENTS = (-1, 0, 1, 2, 3, 4, 0, 6, 7, 8, 9, 0, 11, 12, 13, 14, 15, 13, 17, 18, 19, 13, 21, 22, 23)


def test_names_of_cmu_and_smpl():
    at, spine = bone_names.mapped(CMU, CMU_PARENTS)
    assert [CMU[joint] for joint in spine] == ["LowerBack", "Spine", "Spine1"]
    assert CMU[at["left_collar"]] == "LeftShoulder"
    assert CMU[at["left_shoulder"]] == "LeftArm"
    assert CMU[at["right_foot"]] == "RightToeBase"
    ours, spine = bone_names.mapped(JOINTS, our_skeleton().parents)
    assert all(JOINTS[joint] == name for name, joint in ours.items())
    assert [JOINTS[joint] for joint in spine] == ["spine1", "spine2", "spine3"]


def test_names_that_make_no_body_are_refused():
    with pytest.raises(ValueError, match="joints for pelvis, left_shoulder"):
        bone_names.mapped(["a", "b"], [-1, 0])
    with pytest.raises(ValueError, match="a joint of ours such as"):
        bone_names.mapped(CMU, CMU_PARENTS, {"tail": "Hips"})
    with pytest.raises(ValueError, match="got 'Tail'"):
        bone_names.mapped(CMU, CMU_PARENTS, {"head": "Tail"})
    assert bone_names.mapped(CMU, CMU_PARENTS, {"neck": "Neck1"})[0]["neck"] == 15


@pytest.mark.parametrize("kind", SKELETONS)
def test_there_and_back(kind):
    motion, skeleton = stepping(), material.skeleton(**SKELETONS[kind])
    back = to_ours(skeleton, to_theirs(motion, skeleton))
    legs = [INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("hip", "knee", "ankle")]
    upper = [joint for joint in range(NUM_JOINTS) if joint not in legs]
    apart = degrees_apart(back.rotations, motion.rotations)
    assert apart[:, upper].max() < 0.1
    assert apart[:, legs].max() < 5
    assert np.abs(back.root - motion.root).max() < 0.5


@pytest.mark.parametrize("kind", SKELETONS)
def test_their_feet_stand_on_the_floor_and_do_not_slide(kind):
    motion, skeleton = stepping(), material.skeleton(**SKELETONS[kind])
    found = binding.bound(skeleton)
    places, _ = world(skeleton, to_theirs(motion, skeleton))
    places = turned(found.axes, places) / sum(found.legs) * 83.5
    still = np.diff(
        placed(motion.rotations, motion.root)[0][:, [INDEX["left_ankle"], INDEX["right_ankle"]]], axis=0
    )
    for number, side in enumerate(("left", "right")):
        ankle = places[:, found.at[f"{side}_ankle"]]
        stands = np.abs(still[:, number]).max(-1) < 0.05
        assert np.abs(np.diff(ankle, axis=0))[stands].max() < 0.15
        assert abs(ankle[:, 1].min() - found.foot.height / sum(found.legs) * 83.5) < 0.7


@pytest.mark.parametrize("kind", SKELETONS)
def test_their_arms_point_where_ours_do(kind):
    motion, skeleton = stepping(), material.skeleton(**SKELETONS[kind])
    found = binding.bound(skeleton)
    theirs = turned(found.axes, world(skeleton, to_theirs(motion, skeleton))[0])
    ours, _ = placed(motion.rotations, motion.root)
    for start, end in (("left_shoulder", "left_elbow"), ("right_elbow", "right_wrist")):
        a = theirs[:, found.at[end]] - theirs[:, found.at[start]]
        b = ours[:, INDEX[end]] - ours[:, INDEX[start]]
        cos = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
        assert cos.min() > 0.9999


def test_a_clip_survives_bvh_also_with_turned_rest(tmp_path):
    motion, skeleton = stepping(20), material.skeleton(turned_rest=True)
    clip = to_theirs(motion, skeleton)
    bvh.write_clip(tmp_path / "a.bvh", skeleton, clip)
    other, again = bvh.read(tmp_path / "a.bvh")
    order = [other.names.index(name) for name in skeleton.names]
    assert np.abs(world(other, again)[0][:, order] - world(skeleton, clip)[0]).max() < 1e-2


def test_feet_that_are_level_at_rest_are_not_taken_for_flat():
    """As CMU's: straddled legs, and an ankle as high as the ball of its foot."""
    plain = material.skeleton()
    offsets = plain.offsets.copy()
    for joint, name in enumerate(plain.names):
        side = 1 if name.startswith("Left") else -1
        if name.endswith(("Leg", "Foot")) and "Up" not in name:
            offsets[joint] = [side * 15, -40, 0]
        if name.endswith("ToeBase"):
            offsets[joint] = [side * 0.3, -0.4, 11]
    skeleton = Skeleton(plain.names, plain.parents, offsets, plain.rest)
    found, motion = binding.bound(skeleton), stepping()
    places, _ = world(skeleton, to_theirs(motion, skeleton))
    ankle, ball = (places[:, found.at[f"left_{name}"], 1] for name in ("ankle", "foot"))
    assert 3 < (ankle - ball)[ankle.argmin()] < 6
    assert ball.min() > 0.5
    assert np.allclose(found.legs, np.hypot(15, 40))
    back = to_ours(skeleton, to_theirs(motion, skeleton))
    joints = [INDEX[name] for name in ("pelvis", "left_foot", "head")]
    assert degrees_apart(back.rotations, motion.rotations)[:, joints].max() < 0.5


def test_a_root_above_the_pelvis():
    plain = material.skeleton()
    lie = about(X, np.array(-np.pi / 2))
    offsets = np.concatenate([np.zeros((1, 3)), plain.offsets])
    offsets[1] = turned(inverted(lie), plain.offsets[0])
    rest = np.concatenate([lie[None], plain.rest])
    rest[1] = inverted(lie)
    parents = (-1, *(parent + 1 for parent in plain.parents))
    skeleton = Skeleton(("Armature", *plain.names), parents, offsets, rest)
    motion = stepping(20)
    clip = to_theirs(motion, skeleton)
    assert 1 in clip.moves
    back = to_ours(skeleton, clip)
    assert np.abs(back.root - motion.root).max() < 0.5
    assert degrees_apart(back.rotations, motion.rotations)[:, INDEX["head"]].max() < 0.1


def test_a_skeleton_without_hands_feet_and_spine():
    full = material.skeleton()
    names = [
        name for name in full.names if not name.endswith(("Hand", "Index1", "ToeBase", "Shoulder", "Spine1"))
    ]
    keep = [full.names.index(name) for name in names if name != "Spine2"]
    parents, offsets = [], []
    for joint in keep:
        parent, offset = full.parents[joint], full.offsets[joint]
        while parent >= 0 and parent not in keep:
            parent, offset = full.parents[parent], offset + full.offsets[parent]
        parents.append(keep.index(parent) if parent >= 0 else -1)
        offsets.append(offset)
    skeleton = Skeleton(
        tuple(full.names[joint] for joint in keep), tuple(parents), np.array(offsets), full.rest[: len(keep)]
    )
    motion = stepping(20)
    back = to_ours(skeleton, to_theirs(motion, skeleton))
    assert np.isfinite(back.rotations).all()
    assert degrees_apart(back.rotations, motion.rotations)[:, INDEX["right_elbow"]].max() < 0.1


def test_ours_in_another_order_is_taken_as_it_is():
    motion, ours = stepping(5), our_skeleton()
    assert np.array_equal(to_ours(ours, as_clip(motion)).rotations, motion.rotations)


def test_who_does_not_stand_at_rest_is_refused_without_motion():
    skeleton = material.skeleton()
    lying = Skeleton(skeleton.names, skeleton.parents, np.abs(skeleton.offsets), skeleton.rest)
    with pytest.raises(ValueError, match="T-pose or A-pose"):
        to_theirs(stepping(5), lying)


def test_the_t_pose_is_found_from_motion():
    """Bones all along their local x, as Bandai's: turned so that nothing at rest says how anybody stands."""
    plain, motion = material.skeleton(), stepping(200)
    arms = motion.rotations.copy()
    swing = about(Y, -0.9 + 0.8 * np.sin(np.linspace(0, 9, 200)))
    arms[:, INDEX["left_elbow"]] = swing
    motion = BodyMotion(smooth_signs(arms), motion.root, 30.0)
    clip = to_theirs(motion, plain)
    _, turns = world(plain, clip)
    frames = np.tile(np.array([1.0, 0, 0, 0]), (len(plain), 1))
    for joint in range(len(plain)):
        children = [child for child, parent in enumerate(plain.parents) if parent == joint]
        if children:
            frames[joint] = arc(X, plain.offsets[children[-1]])
    turns = multiplied(turns, frames)
    parents = np.array(plain.parents)
    local, offsets = turns.copy(), plain.offsets.copy()
    for joint, parent in enumerate(parents):
        if parent >= 0:
            local[:, joint] = multiplied(inverted(turns[:, parent]), turns[:, joint])
            offsets[joint] = turned(inverted(frames[parent]), offsets[joint])
    skeleton = Skeleton(plain.names, plain.parents, offsets, plain.rest)
    at, spine = bone_names.mapped(skeleton.names, skeleton.parents)
    odd = Clip(local, clip.root, 30.0)
    found = bound_by_motion(skeleton, odd, at, spine)
    for name in ("left_elbow", "right_elbow", "left_shoulder", "left_hip", "right_knee"):
        assert degrees_apart(found.turns[at[name]], frames[at[name]]) < 12
    back = to_ours(skeleton, odd)
    assert degrees_apart(back.rotations, motion.rotations)[:, INDEX["left_elbow"]].max() < 15


def test_bandai_frames():
    """The left arm lies along local x, the right against it, the legs hang, the face looks ahead."""
    assert np.allclose(turned(bind("left_elbow"), X), X, atol=1e-6)
    assert np.allclose(turned(bind("right_elbow"), -X), -X, atol=1e-6)
    assert np.allclose(turned(bind("right_elbow"), Y), -Y, atol=1e-6)
    assert np.allclose(turned(bind("left_knee"), X), -Y, atol=1e-6)
    assert np.allclose(turned(bind("right_knee"), -X), -Y, atol=1e-6)
    assert turned(bind("left_ankle"), X)[2] > 0.7
    assert turned(bind("right_ankle"), -X)[2] > 0.7
    assert turned(bind("head"), Y)[2] > 0.99


# --- feet and ranges


def test_feet_that_stand_are_found_and_locked():
    motion = stepping(120)
    standing = feet.contacts(motion)
    assert standing.any(1).mean() > 0.9
    drift = motion.root + np.linspace(0, 30, 120)[:, None] * np.array([1.0, 0, 0], np.float32)
    sliding = BodyMotion(motion.rotations, drift.astype(np.float32), 30.0)
    before, kept = feet.skate(sliding, standing), feet.locked(sliding, standing)
    assert before > 5
    assert feet.skate(kept, standing) < 0.5
    upper = [INDEX[name] for name in ("spine1", "left_elbow", "head")]
    assert np.array_equal(kept.rotations[:, upper], sliding.rotations[:, upper])
    step = np.abs(np.diff(placed(kept.rotations, kept.root)[0][:, INDEX["left_ankle"]], axis=0)).max()
    assert (
        step
        < 3
        * np.abs(np.diff(placed(sliding.rotations, sliding.root)[0][:, INDEX["left_ankle"]], axis=0)).max()
    )


def test_leg_reaches_where_it_can():
    hip, still = np.array([[9.0, 90, 0]]), np.array([[1.0, 0, 0, 0]])
    for goal in ([9.0, 10, 0], [20.0, 30, 25], [0.0, 60, 40]):
        thigh, knee = feet.leg(hip, np.array([goal]), still)
        shin = multiplied(thigh, knee)
        end = hip + turned(thigh, np.array([0, -feet.THIGH, 0])) + turned(shin, np.array([0, -feet.SHANK, 0]))
        assert np.abs(end - goal).max() < 1e-6
        assert limits.angles(np.tile(knee[:, None], (1, NUM_JOINTS, 1)))[0, INDEX["left_knee"], 0] > 0
    far, _ = feet.leg(hip, np.array([[9.0, -50, 0]]), still)
    assert np.isfinite(far).all()


def test_ranges_are_mirrored_and_kept():
    motion = stepping()
    assert limits.beyond(motion) == 0.0
    assert limits.worst(motion)[1] <= 0
    assert degrees_apart(limits.from_angles(limits.angles(motion.rotations)), motion.rotations).max() < 1e-3
    broken = motion.rotations.copy()
    broken[:, INDEX["left_elbow"]] = about(Y, np.array(1.0))
    broken[:, INDEX["right_elbow"]] = about(Y, np.array(-1.0))
    backwards = BodyMotion(broken, motion.root, 30.0)
    assert limits.beyond(backwards) == pytest.approx(2 / NUM_JOINTS)
    assert limits.worst(backwards)[0] in ("left_elbow", "right_elbow")
    mended = limits.kept(backwards)
    assert limits.beyond(mended, 0.01) == 0.0
    assert np.allclose(mended.rotations[:, INDEX["head"]], motion.rotations[:, INDEX["head"]], atol=1e-6)
