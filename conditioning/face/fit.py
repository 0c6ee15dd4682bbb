"""Reading a face: landmarks -> who it is, what it does, how it is turned and where it looks.

Projection is weak perspective: x = cx + s X, y = cy - s Y with (X, Y, Z) = R p, for p in head coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from . import mesh
from .arkit import INDEX
from .landmarks import Face
from .model import FaceModel, load_face_model
from .pose import angles_of, rotation
from .solve import Basis, State, basis_of, shift_of, solved

# Beyond these the far side of a face is guessed, degrees; and beyond those nothing good can come of it.
DOUBTFUL_YAW, DOUBTFUL_PITCH = 30.0, 25.0
MOST_YAW, MOST_PITCH = 50.0, 40.0
SHUT = 0.7
# A face that is drawn unlike a face is further from the model than this, as a share of its width.
DOUBTFUL_ERROR = 0.022
MOST_OUTSIDE = 0.2
ROUNDS = 6


@dataclass(frozen=True, eq=False)
class FaceFit:
    """A face in numbers, with everything that puts the model's points exactly onto its landmarks.

    Attributes:
        identity: (K,) float32, N(0, 1) among people.
        expression: (52,) float32 in 0..1, in the order of `arkit.NAMES`; the eyeLook ones follow `gaze`.
        head_pose: (6,) float32: yaw, pitch, roll in radians, then x, y, z in cm, which are 0 for a photo.
        scale: pixels per cm.
        centre: (2,) float32 pixel of the head's pivot.
        offsets: (478, 3) float32 cm, what the model leaves over: added to the head at rest.
        gaze: (2,) float32 yaw, pitch of both eyes in radians, from straight out of the head.
        error: how far landmarks are from where the model would see them, as a share of the face's width (root
            mean square).
        warnings: what somebody should know, one sentence each.
    """

    identity: np.ndarray
    expression: np.ndarray
    head_pose: np.ndarray
    scale: float
    centre: np.ndarray
    offsets: np.ndarray
    gaze: np.ndarray
    error: float
    warnings: tuple[str, ...] = ()

    def rest(self, model: FaceModel) -> np.ndarray:
        """(478, 3) this person doing nothing, in head coordinates, cm."""
        basis = basis_of(model)
        return basis.mean + np.einsum("k,kpc->pc", self.identity, basis.identities) + self.offsets

    def project(self, points: np.ndarray, head_pose: np.ndarray | None = None) -> np.ndarray:
        """Puts points of the head into the picture.

        Args:
            points: (..., 3) in head coordinates, cm.
            head_pose: (6,) as in `FaceMotion`, in the picture's own frame; the photo's when None.

        Returns:
            (..., 3) pixels: x to the right, y down, z towards who looks.
        """
        pose = self.head_pose if head_pose is None else head_pose
        turned = points @ rotation(pose[:3]).T + pose[3:]
        return turned * (self.scale, -self.scale, self.scale) + (*self.centre, 0.0)

    def landmarks(self, model: FaceModel) -> np.ndarray:
        """(478, 3) in pixels at the fitted expression and gaze: x and y are the photo's landmarks."""
        basis = basis_of(model)
        points = self.rest(model) + np.einsum("e,epc->pc", self.expression, basis.expressions)
        points[mesh.NUM_SKIN :] += shift_of(self.gaze, basis.radius)
        return self.project(points)


def fit_face(face: Face, model: FaceModel | None = None, *, size: tuple[int, int] | None = None) -> FaceFit:
    """Reads a face.

    Args:
        face: its landmarks.
        model: the shipped one when None.
        size: width and height of the picture, to tell whether the face lies within it.

    Raises:
        ValueError: turned too far away, or mostly outside the picture.
    """
    basis = basis_of(model or load_face_model())
    target = target_of(face)
    fit = fit_of(basis, solved(basis, target, ROUNDS), target)
    check_inside(face, size)
    yaw, pitch = np.degrees(np.abs(fit.head_pose[:2]))
    if yaw > MOST_YAW or pitch > MOST_PITCH:
        raise ValueError(
            f"expected a face turned by at most {MOST_YAW:.0f} degrees to the side and {MOST_PITCH:.0f} up "
            f"or down, got {yaw:.0f} and {pitch:.0f}"
        )
    return replace(fit, warnings=doubts_of(fit))


def check_inside(face: Face, size: tuple[int, int] | None) -> None:
    """Refuses faces that the picture cuts off."""
    if size is None:
        return
    at = face.landmarks[:, :2]
    outside = ((at < 0) | (at > size)).any(1).mean()
    if outside > MOST_OUTSIDE:
        raise ValueError(f"expected a whole face, got one with {100 * outside:.0f} % outside the picture")


def doubts_of(fit: FaceFit) -> tuple[str, ...]:
    """What somebody should know of a fit."""
    notes = []
    yaw, pitch = np.degrees(np.abs(fit.head_pose[:2]))
    if yaw > DOUBTFUL_YAW:
        notes.append(f"the head is turned by {yaw:.0f} degrees: the far side of the face is guessed")
    if pitch > DOUBTFUL_PITCH:
        notes.append(f"the head looks {pitch:.0f} degrees up or down: what it hides is guessed")
    if min(fit.expression[INDEX["eyeBlinkLeft"]], fit.expression[INDEX["eyeBlinkRight"]]) > SHUT:
        notes.append("the eyes are shut: what is behind the lids is invented")
    if fit.error > DOUBTFUL_ERROR:
        notes.append("the face is unlike those that the model knows: the result may look wrong")
    return tuple(notes)


def target_of(face: Face) -> np.ndarray:
    """(478, 3) landmarks in pixels with y up and z towards us."""
    return face.landmarks.astype(np.float64) * (1, -1, -1)


def fit_of(basis: Basis, state: State, target: np.ndarray) -> FaceFit:
    """Closes what is left over between the model and the landmarks, in the plane of the picture."""
    points = state.points(basis)
    points[mesh.NUM_SKIN :] += shift_of(state.gaze, basis.radius)
    left = (target - (*state.centre, 0.0)) / state.scale - points @ state.turn.T
    left[:, 2] = 0.0
    seen = state.seen(basis)[basis.used] @ state.turn.T
    off = ((target[basis.used] - (*state.centre, 0.0)) / state.scale - seen)[:, :2]
    error = np.sqrt(np.square(off).sum(1).mean()) / (np.ptp(target[: mesh.NUM_SKIN, 0]) / state.scale)
    pose = np.concatenate([angles_of(state.turn), np.zeros(3)])
    centre = state.centre * (1, -1)
    return FaceFit(
        identity=state.identity.astype(np.float32),
        expression=state.expression.astype(np.float32),
        head_pose=pose.astype(np.float32),
        scale=float(state.scale),
        centre=centre.astype(np.float32),
        offsets=(left @ state.turn).astype(np.float32),
        gaze=state.gaze.astype(np.float32),
        error=float(error),
    )
