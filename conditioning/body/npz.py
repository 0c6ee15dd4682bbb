"""Motion as SMPL-X and AMASS keep it: an angle-axis for each joint and a place, in arrays of one file.

Our joints have SMPL-X's names, order and rest, so rotations need no change. No file of SMPL-X is used: people
give their own body (`betas`).
Source: Mahmood et al. 2019, "AMASS"; Pavlakos et al. 2019, "SMPL-X"; fields as in the authors' README files.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .feet import FLAT_ANKLE, SHANK, SIDES, THIGH
from .motion import BodyMotion
from .rotations import about, multiplied, placed, smooth_signs, turned
from .skeleton import INDEX, NUM_JOINTS

if TYPE_CHECKING:
    import numpy as np

# Where the pelvis of the mean body stands when `trans` is 0, m, and its leg from hip to ankle, cm.
# Source: joints of the mean shape as published with SMPL-X (rounded).
PELVIS_M = (0.003, -0.351, 0.012)
LEG_CM = 78.0
WIDTH = 165  # 55 joints: 22 of the body, jaw, eyes, fingers
RATES = ("mocap_frame_rate", "mocap_framerate", "frame_rate", "fps")
MADE_HERE = "affect_floor_cm"
MOST_FRAMES = 1_000_000


def write(path: str | Path, motion: BodyMotion, betas: np.ndarray | None = None) -> None:
    """Writes poses (T, 165) in radians, trans (T, 3) in m, betas and the rate; y up, floor at 0.

    Args:
        betas: shape of the body, 16 numbers; the mean body when None.

    Raises:
        ValueError: betas that are no finite numbers in a row.
    """
    import numpy as np

    betas = np.zeros(16) if betas is None else np.asarray(betas)
    if betas.ndim != 1 or not np.isfinite(betas).all():
        raise ValueError(f"expected betas as numbers in a row, got shape {betas.shape}")
    body = angle_axes(motion.rotations).reshape(len(motion), -1)
    poses = np.zeros((len(motion), WIDTH), np.float32)
    poses[:, : NUM_JOINTS * 3] = body
    with open(path, "wb") as file:
        np.savez_compressed(
            file,
            poses=poses,
            root_orient=poses[:, :3],
            pose_body=poses[:, 3 : NUM_JOINTS * 3],
            trans=motion.root.astype(np.float64) / 100 - np.array(PELVIS_M),
            betas=betas.astype(np.float32),
            gender=np.array("neutral"),
            surface_model_type=np.array("smplx"),
            mocap_frame_rate=np.array(float(motion.frame_rate)),
            mocap_time_length=np.array(motion.duration_s),
            **{MADE_HERE: np.array(0.0)},
        )


def read(path: str | Path) -> BodyMotion:
    """Reads SMPL, SMPL-H or SMPL-X poses, y up or z up; fingers and face are left out.

    Bodies of other people are brought to our legs' length and put on the floor.

    Raises:
        FileNotFoundError: no such file. ValueError: it is no such file, or its numbers are no motion.
    """
    import numpy as np

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"expected a file of SMPL-X poses (.npz), got {path}, which does not exist")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"expected a file of SMPL-X poses (.npz), got {path.name}, which is no archive")
    try:
        with np.load(path, allow_pickle=False) as data:
            poses, trans, rate, ours = fields(data, path.name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"expected a file of SMPL-X poses (.npz), got {path.name}: {error}") from None
    rotations = from_angle_axes(poses.reshape(len(poses), NUM_JOINTS, 3))
    pelvis = 100 * (trans + np.array(PELVIS_M))
    if ours:
        return BodyMotion(smooth_signs(rotations).astype(np.float32), pelvis.astype(np.float32), rate)
    return on_the_floor(rotations, pelvis, rate)


def fields(data: Any, name: str) -> tuple[np.ndarray, np.ndarray, float, bool]:
    """Gives poses (T, 66), trans (T, 3), the rate in Hz, and whether this program wrote the file."""
    import numpy as np

    keys = set(data.files)
    if "poses" in keys:
        poses = numbers(data, "poses", name)
    elif {"root_orient", "pose_body"} <= keys:
        parts = [numbers(data, key, name) for key in ("root_orient", "pose_body")]
        if any(part.ndim != 2 for part in parts) or len(parts[0]) != len(parts[1]):
            raise ValueError(f"expected root_orient and pose_body of as many frames, got others in {name}")
        poses = np.concatenate(parts, -1)
    else:
        found = ", ".join(sorted(keys)[:6]) or "nothing"
        raise ValueError(f"expected poses, or root_orient and pose_body, got {name} with {found}")
    if poses.ndim == 3 and poses.shape[2] == 3:
        poses = poses.reshape(len(poses), -1)
    width = NUM_JOINTS * 3
    if poses.ndim != 2 or poses.shape[1] < width or not 1 <= len(poses) <= MOST_FRAMES:
        raise ValueError(
            f"expected poses of 1 to {MOST_FRAMES:,} frames by at least {width}, got {poses.shape} in {name}"
        )
    place = next((key for key in ("trans", "transl") if key in keys), None)
    if place is None:
        raise ValueError(f"expected trans, the place of the body, got {name} without")
    trans = numbers(data, place, name)
    if trans.shape != (len(poses), 3):
        raise ValueError(f"expected trans of shape {(len(poses), 3)}, got {trans.shape} in {name}")
    key = next((key for key in RATES if key in keys), None)
    if key is None or not numbers(data, key, name).size:
        raise ValueError(f"expected a rate such as mocap_frame_rate, got {name} without")
    rate = float(numbers(data, key, name).reshape(-1)[0])
    if not 1 <= rate <= 10_000:
        raise ValueError(f"expected a rate of 1 to 10000 Hz, got {rate} in {name}")
    poses = poses[:, :width]
    good = np.isfinite(poses).all(1) & np.isfinite(trans).all(1)
    if not good.all():
        raise ValueError(
            f"expected finite numbers, got NaN or infinity in frame {good.argmin() + 1} of {name}"
        )
    return poses, trans, rate, MADE_HERE in keys


def numbers(data: Any, key: str, name: str) -> np.ndarray:
    """Gives one array of a file as float64."""
    import numpy as np

    try:
        return np.asarray(data[key], np.float64)
    except (ValueError, TypeError):
        raise ValueError(f"expected numbers in {key} of {name}, got something else") from None


def on_the_floor(rotations: np.ndarray, pelvis: np.ndarray, rate: float) -> BodyMotion:
    """Makes y the axis that points up, the legs ours, and lets the lower foot stand on the floor."""
    import numpy as np

    up = turned(rotations[:, 0], np.array([0.0, 1.0, 0.0])).mean(0)
    if abs(up[2]) > abs(up[1]):
        lie = about(np.array([1.0, 0.0, 0.0]), np.array(-np.sign(up[2]) * np.pi / 2))
        rotations = rotations.copy()
        rotations[:, 0] = multiplied(lie, rotations[:, 0])
        pelvis = turned(lie, pelvis)
    root = pelvis * (THIGH + SHANK) / LEG_CM
    every = max(1, len(root) // 2000)
    places, _ = placed(rotations[::every], root[::every])
    ankles = places[:, [INDEX[f"{side}_ankle"] for side in SIDES], 1].min(1)
    root[:, 1] += FLAT_ANKLE - np.percentile(ankles, 1)
    return BodyMotion(smooth_signs(rotations).astype(np.float32), root.astype(np.float32), rate)


def angle_axes(q: np.ndarray) -> np.ndarray:
    """Quaternions as axis times angle in radians, at most half a turn: (..., 4) -> (..., 3)."""
    import numpy as np

    q = q.astype(np.float64) * np.where(q[..., :1] < 0, -1.0, 1.0)
    size = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(size, q[..., :1])
    return np.where(size < 1e-8, 2.0, angle / np.maximum(size, 1e-8)) * q[..., 1:]


def from_angle_axes(v: np.ndarray) -> np.ndarray:
    """(..., 3) -> (..., 4)"""
    import numpy as np

    angle = np.linalg.norm(v, axis=-1)
    return about(v / np.maximum(angle, 1e-9)[..., None], angle)
