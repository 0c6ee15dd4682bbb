"""The skeleton that every body here has: 22 joints named as in SMPL-X, at rest in a T-pose."""

from __future__ import annotations

# (joint, parent, offset from the parent in cm at rest). y up, the face towards +z, the person's left on +x; at
# rest every rotation is the identity. Lengths of a person of 170 cm.
# Source: names and tree: Pavlakos et al. 2019, "SMPL-X", its body joints; lengths as shares of height after
# Drillis and Contini 1966, "Body segment parameters"; no file of SMPL-X was used.
TREE = (
    ("pelvis", "", (0.0, 95.0, 0.0)),
    ("left_hip", "pelvis", (8.9, -5.0, 0.0)),
    ("right_hip", "pelvis", (-8.9, -5.0, 0.0)),
    ("spine1", "pelvis", (0.0, 9.0, -1.5)),
    ("left_knee", "left_hip", (0.0, -41.7, 0.0)),
    ("right_knee", "right_hip", (0.0, -41.7, 0.0)),
    ("spine2", "spine1", (0.0, 12.5, 0.0)),
    ("left_ankle", "left_knee", (0.0, -41.8, 0.0)),
    ("right_ankle", "right_knee", (0.0, -41.8, 0.0)),
    ("spine3", "spine2", (0.0, 12.5, 0.0)),
    ("left_foot", "left_ankle", (0.0, -4.6, 12.5)),
    ("right_foot", "right_ankle", (0.0, -4.6, 12.5)),
    ("neck", "spine3", (0.0, 16.0, 0.0)),
    ("left_collar", "spine3", (4.0, 9.0, 0.0)),
    ("right_collar", "spine3", (-4.0, 9.0, 0.0)),
    ("head", "neck", (0.0, 9.0, 1.5)),
    ("left_shoulder", "left_collar", (15.0, 1.0, 0.0)),
    ("right_shoulder", "right_collar", (-15.0, 1.0, 0.0)),
    ("left_elbow", "left_shoulder", (29.0, 0.0, 0.0)),
    ("right_elbow", "right_shoulder", (-29.0, 0.0, 0.0)),
    ("left_wrist", "left_elbow", (25.0, 0.0, 0.0)),
    ("right_wrist", "right_elbow", (-25.0, 0.0, 0.0)),
)
JOINTS = tuple(name for name, _, _ in TREE)
NUM_JOINTS = len(JOINTS)
INDEX = {name: at for at, name in enumerate(JOINTS)}
PARENTS = tuple(INDEX.get(parent, -1) for _, parent, _ in TREE)
OFFSETS = tuple(offset for _, _, offset in TREE)
# Where the last bones end, from the joint that holds them.
ENDS = {
    "head": (0.0, 16.0, 0.0),
    "left_wrist": (17.0, 0.0, 0.0),
    "right_wrist": (-17.0, 0.0, 0.0),
    "left_foot": (0.0, -1.0, 7.0),
    "right_foot": (0.0, -1.0, 7.0),
}
# Each joint's mirror image.
MIRRORED = tuple(
    INDEX[name.replace("left_", "\0").replace("right_", "left_").replace("\0", "right_")] for name in JOINTS
)
PARTS = {
    "head": ("neck", "head"),
    "torso": ("spine1", "spine2", "spine3"),
    "left arm": ("left_collar", "left_shoulder", "left_elbow", "left_wrist"),
    "right arm": ("right_collar", "right_shoulder", "right_elbow", "right_wrist"),
    "legs": (
        "pelvis",
        *(f"{side}_{name}" for side in ("left", "right") for name in ("hip", "knee", "ankle", "foot")),
    ),
}
