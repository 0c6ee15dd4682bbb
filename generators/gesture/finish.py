"""From drawn rows to a body: the manner is put on, the feet stand, nothing bends where it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d

from conditioning.body.limits import kept
from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import about, between, from_six, inverted, multiplied, smooth_signs
from conditioning.body.skeleton import INDEX, NUM_JOINTS, OFFSETS, PARTS

from .compose import SOFT_KNEES_CM, stance, stand
from .features import FRAME_RATE, HEIGHT, HEIGHT_CM, PLANAR, SIX, UP, YAW, exponential, logarithm
from .manner import HEIGHT as LOWERED
from .manner import JOINTS_OF, extents, in_manner
from .physics import MOST_AWAY_CM, MOST_TURNED, Leash, clear_of_trunk, within_limits
from .poses import HANGING, POSED, Arm, pose_of
from .windows import with_surroundings

if TYPE_CHECKING:
    from .felt import Felt

SMOOTH_FRAMES = 1.1  # of the rows, against what the network trembles
CENTRE_FRAMES, REACH = 27.0, 84  # spread of the window that takes the middle of a movement, and where it ends
SLOW_SHARE = 0.4  # power of the extent by which the middle moves away from rest
# Arms from which no pose is more than half a turn away.
MIDDLE = Arm(30, 25, 10, 15, 20, 0)
MOST_LOWER_CM = 14.0


def body_at(arm: Arm) -> np.ndarray:
    """A body that stands straight, its arms as said. (22, 4)"""
    pose = np.zeros((NUM_JOINTS, 4))
    pose[:, 0] = 1
    pose[list(POSED)] = pose_of(arm, arm)
    return pose


class Standing:
    """A body that stands where it is and does what rows say.

    Args:
        felt: the feeling over the frames. scales: of arms, head and trunk, see `GestureSettings`.
        moving: names of `PARTS` that do what the rows say; the others rest.
    """

    def __init__(
        self, felt: Felt, seed: int, scales: tuple[float, float, float], moving: Sequence[str]
    ) -> None:
        self.felt, self.moving = felt, set(moving)
        hands, head, body = scales
        self.scales = np.ones(NUM_JOINTS)
        for part, scale in (("arms", hands), ("head", head), ("torso", body)):
            self.scales[JOINTS_OF[part]] = scale
        self.body_scale = body
        self.ankles = stance(np.random.default_rng((seed, 97)))
        self.away, self.turned = Leash(2, MOST_AWAY_CM), Leash(1, MOST_TURNED)
        self.rest, self.middle = body_at(HANGING), body_at(MIDDLE)
        for name in PARTS:
            if name not in self.moving:
                for joint in joints_of(name):
                    self.scales[joint] = 0

    def pieces(self, rows: Iterator[np.ndarray]) -> Iterator[BodyMotion]:
        """Gives the motion, as long as the rows."""
        done = 0
        for around, first, last in with_surroundings(rows, REACH):
            length = last - first
            yield self.piece(around, first, last, done)
            done += length

    def piece(self, around: np.ndarray, first: int, last: int, done: int) -> BodyMotion:
        """A piece, of rows that go beyond it on both sides; `done` frames were made before."""
        manner = self.felt.manner(done - first, done - first + len(around))
        smooth = gaussian_filter1d(around.astype(np.float64), SMOOTH_FRAMES, axis=0, mode="nearest")
        plain = from_six(smooth[:, SIX].reshape(len(around), NUM_JOINTS, 6))
        rotations = self.moved(plain, manner)
        rotations = clear_of_trunk(within_limits(rotations))
        # Arms that give way may turn too far.
        rotations = kept(BodyMotion(rotations, np.zeros((len(rotations), 3)), FRAME_RATE)).rotations[
            first:last
        ]
        at = slice(first, last)
        root = self.way(smooth[at], manner[at], rotations, self.felt.sway(done, done + last - first))
        stand(rotations, root, self.ankles)
        return BodyMotion(smooth_signs(rotations).astype(np.float32), root.astype(np.float32), FRAME_RATE)

    def moved(self, plain: np.ndarray, manner: np.ndarray) -> np.ndarray:
        """Puts the manner on: quickly around the slow middle, and that less from rest. (T, 22, 4)"""
        middle = np.broadcast_to(self.middle, plain.shape)
        turns = logarithm(multiplied(inverted(middle), plain))
        slow = multiplied(
            middle,
            exponential(gaussian_filter1d(turns, CENTRE_FRAMES, axis=0, mode="nearest", radius=REACH - 2)),
        )
        extent = extents(manner) * self.scales
        centre = between(np.broadcast_to(self.rest, plain.shape), slow, extent**SLOW_SHARE * (extent > 0))
        return in_manner(plain, manner, slow, self.scales, centre)

    def way(
        self, rows: np.ndarray, manner: np.ndarray, rotations: np.ndarray, sway: np.ndarray
    ) -> np.ndarray:
        """Where the pelvis is, (T, 3) cm; turns it as well, in place."""
        sway = sway[:, None] * self.body_scale * ("legs" in self.moving)
        planar = self.away(100 * rows[:, PLANAR] * sway)
        turn = self.turned(rows[:, YAW : YAW + 1] * sway)[:, 0]
        rotations[:, 0] = multiplied(about(UP, turn), rotations[:, 0])
        root = np.zeros((len(rows), 3))
        root[:, [0, 2]] = planar
        dip = (HEIGHT_CM * rows[:, HEIGHT] + SOFT_KNEES_CM) * (sway[:, 0] > 0)
        height = dip - SOFT_KNEES_CM + 10 * manner[:, LOWERED]
        # Feet stand apart: legs do not reach the floor from a pelvis as high as at rest.
        root[:, 1] = OFFSETS[0][1] + np.clip(height, -MOST_LOWER_CM, -0.6)
        return root


def joints_of(part: str) -> list[int]:
    """The joints of a part out of `PARTS`."""
    return [INDEX[name] for name in PARTS[part]]
