"""What a face does over time: expression, head pose and gaze, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .arkit import INDEX, NAMES

if TYPE_CHECKING:
    import numpy as np

HEAD_POSE = ("yaw", "pitch", "roll", "x", "y", "z")
GAZE = ("yaw", "pitch")
# Gaze at which an eyeLook coefficient is 1, in radians.
FULL_YAW, FULL_PITCH = 0.52, 0.44


@dataclass(frozen=True)
class FaceMotion:
    """A moving face without an identity.

    Axes: x to the right of the picture, y up, z towards who looks. Positive yaw turns the nose to the right
    of the picture, positive pitch looks up, positive roll tips the top of the head to the left of the
    picture: R = Ry(yaw) Rx(-pitch) Rz(roll).

    Attributes:
        expression: (T, 52) float32 in 0..1, in the order of `arkit.NAMES`; the eyeLook ones follow `gaze`.
        head_pose: (T, 6) float32: yaw, pitch, roll in radians, then x, y, z in cm, from the head at rest.
        gaze: (T, 2) float32: yaw, pitch of both eyes in radians, from straight out of the head.
        frame_rate: frames a second.
    """

    expression: np.ndarray
    head_pose: np.ndarray
    gaze: np.ndarray
    frame_rate: float

    def __len__(self) -> int:
        return len(self.expression)

    @property
    def duration_s(self) -> float:
        return len(self) / self.frame_rate

    def coefficient(self, name: str) -> np.ndarray:
        """Gives one coefficient over time, (T,)."""
        return self.expression[:, INDEX[name]]

    def between(self, start: int, stop: int) -> FaceMotion:
        """Gives the frames from start to before stop."""
        return replace(
            self,
            expression=self.expression[start:stop],
            head_pose=self.head_pose[start:stop],
            gaze=self.gaze[start:stop],
        )

    def with_gaze_shapes(self) -> FaceMotion:
        """Gives the same with the eyeLook coefficients that its gaze implies."""
        expression = self.expression.copy()
        yaw, pitch = self.gaze[:, 0] / FULL_YAW, self.gaze[:, 1] / FULL_PITCH
        # The person's left eye stands on the right of the picture: looking right is looking out of it.
        parts = {
            "eyeLookOutLeft": yaw, "eyeLookInLeft": -yaw, "eyeLookInRight": yaw, "eyeLookOutRight": -yaw,
            "eyeLookUpLeft": pitch, "eyeLookUpRight": pitch, "eyeLookDownLeft": -pitch,
            "eyeLookDownRight": -pitch,
        }  # fmt: skip
        for name, value in parts.items():
            expression[:, INDEX[name]] = value.clip(0, 1)
        return replace(self, expression=expression)


def resampled(motion: FaceMotion, frame_rate: float) -> FaceMotion:
    """Gives the same movement at another rate, straight between frames.

    Raises:
        ValueError: a rate that is not above 0.
    """
    import numpy as np

    if not frame_rate > 0:
        raise ValueError(f"expected a frame rate above 0 Hz, got {frame_rate:g}")
    if frame_rate == motion.frame_rate or len(motion) < 2:
        return replace(motion, frame_rate=frame_rate)
    count = max(1, round(len(motion) * frame_rate / motion.frame_rate))
    at = np.minimum(np.arange(count) * motion.frame_rate / frame_rate, len(motion) - 1)
    low = np.minimum(at.astype(int), len(motion) - 2)
    share = (at - low)[:, None].astype(np.float32)

    def between(rows: np.ndarray) -> np.ndarray:
        return (1 - share) * rows[low] + share * rows[low + 1]

    return FaceMotion(between(motion.expression), between(motion.head_pose), between(motion.gaze), frame_rate)


def joined(pieces: Sequence[FaceMotion]) -> FaceMotion:
    """Gives one motion from its pieces, at least one, all of one rate."""
    import numpy as np

    return FaceMotion(
        np.concatenate([piece.expression for piece in pieces]),
        np.concatenate([piece.head_pose for piece in pieces]),
        np.concatenate([piece.gaze for piece in pieces]),
        pieces[0].frame_rate,
    )


def at_rest(num_frames: int, frame_rate: float) -> FaceMotion:
    """Gives a face that does nothing."""
    import numpy as np

    return FaceMotion(
        np.zeros((num_frames, len(NAMES)), np.float32),
        np.zeros((num_frames, len(HEAD_POSE)), np.float32),
        np.zeros((num_frames, len(GAZE)), np.float32),
        frame_rate,
    )
