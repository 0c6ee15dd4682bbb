"""What a body does over time: a rotation for every joint and a place for the pelvis, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class BodyMotion:
    """A moving body without proportions, on `skeleton.TREE`.

    Axes: y up; at rest the face looks towards +z and the person's left is +x; the floor is y = 0.

    Attributes:
        rotations: (T, 22, 4) float32 unit quaternions w, x, y, z, w >= 0 in the first frame and without jumps
            of sign: each joint's from its parent's frame, the pelvis's from the world's.
        root: (T, 3) float32 place of the pelvis in cm.
        frame_rate: frames a second.
    """

    rotations: np.ndarray
    root: np.ndarray
    frame_rate: float

    def __len__(self) -> int:
        return len(self.rotations)

    @property
    def duration_s(self) -> float:
        return len(self) / self.frame_rate

    def between(self, start: int, stop: int) -> BodyMotion:
        """Gives the frames from start to before stop."""
        return replace(self, rotations=self.rotations[start:stop], root=self.root[start:stop])


def joined(pieces: Sequence[BodyMotion]) -> BodyMotion:
    """Gives one motion from its pieces, at least one, all of one rate."""
    import numpy as np

    return BodyMotion(
        np.concatenate([piece.rotations for piece in pieces]),
        np.concatenate([piece.root for piece in pieces]),
        pieces[0].frame_rate,
    )


def at_rest(num_frames: int, frame_rate: float) -> BodyMotion:
    """Gives a body in its T-pose."""
    import numpy as np

    from .skeleton import NUM_JOINTS, OFFSETS

    rotations = np.zeros((num_frames, NUM_JOINTS, 4), np.float32)
    rotations[..., 0] = 1
    return BodyMotion(rotations, np.tile(np.array(OFFSETS[0], np.float32), (num_frames, 1)), frame_rate)
