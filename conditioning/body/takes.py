"""Takes of recorded motion on our skeleton, each facing +z from x = z = 0 in its first frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .motion import BodyMotion
from .rotations import about, multiplied, smooth_signs, turned
from .skeleton import INDEX

if TYPE_CHECKING:
    import numpy as np

# Emotions of Bandai's styles in the emotion layer's names; every other style is a way of moving.
BANDAI_EMOTIONS = {
    "angry": "angry", "happy": "happy", "sad": "sad", "tired": "tired", "exhausted": "tired", "proud": "proud",
    "not-confident": "insecure", "active": "excited", "normal": "neutral",
}  # fmt: skip
# The second set's names for the first set's styles.
SAME_STYLE = {"masculinity": "masculine", "old": "elderly"}

CHEST = tuple(INDEX[name] for name in ("spine1", "spine2", "spine3"))


@dataclass(frozen=True)
class Take:
    """One recording of one body.

    Attributes:
        id: unique in its set.
        motion: on our skeleton.
        content: what is done, as "walk", "bow", "speech".
        style: how, as "angry", "elderly", "normal"; of a speaker's recordings the speaker.
        emotion: name of the emotion layer, "" where the style is none.
        take: number among those of one content and style, from 1.
        audio: file of what was said, or None.
    """

    id: str
    motion: BodyMotion
    content: str
    style: str
    emotion: str
    take: int
    audio: Path | None = None


def bandai(path: str | Path) -> list[Take]:
    """Reads one of Bandai Namco Research's two sets, at 30 fps.

    Raises:
        FileNotFoundError, ValueError: as `training.data.motion.packed`.
    """
    from training.data.motion import packed

    from .canonical import from_bandai

    recorded = packed(path)
    rotations, root = from_bandai(recorded)
    takes = []
    for row, start, stop in zip(recorded.rows, recorded.starts[:-1], recorded.starts[1:], strict=True):
        motion = BodyMotion(rotations[start:stop], root[start:stop], recorded.frame_rate)
        style = row["style"]
        takes.append(
            Take(
                row["id"],
                from_the_middle(motion),
                row["content"],
                SAME_STYLE.get(style, style),
                BANDAI_EMOTIONS.get(style, ""),
                int(row["take"]),
            )
        )
    return takes


def from_the_middle(motion: BodyMotion) -> BodyMotion:
    """The same motion turned and moved so that it starts at x = z = 0 and faces +z. Frames: at least one."""
    import numpy as np

    yaw = heading(motion.rotations[0])
    back = about(np.array([0.0, 1.0, 0.0]), np.array(-yaw))
    rotations = motion.rotations.copy()
    rotations[:, 0] = multiplied(back, rotations[:, 0])
    root = turned(back, motion.root - motion.root[0] * [1, 0, 1])
    return BodyMotion(smooth_signs(rotations).astype(np.float32), root.astype(np.float32), motion.frame_rate)


def heading(pose: np.ndarray) -> float:
    """Gives where a pose faces, in radians from +z towards +x: the mean of pelvis and chest.

    Args:
        pose: (22, 4)
    """
    import numpy as np

    chest = pose[0]
    for joint in CHEST:
        chest = multiplied(chest, pose[joint])
    forward = turned(np.stack([pose[0], chest]), np.array([0.0, 0.0, 1.0])).sum(0)
    return float(np.arctan2(forward[0], forward[2]))
