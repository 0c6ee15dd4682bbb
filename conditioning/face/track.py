"""Following a face through a video: who it is once, then expression, pose and gaze frame by frame.

Pictures are seen once and forgotten; memory holds some seconds of landmarks and 60 numbers a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from . import mesh
from .arkit import NAMES
from .fit import ROUNDS, fit_of, target_of
from .landmarks import Face, Follower
from .model import FaceModel, load_face_model
from .motion import FaceMotion
from .pose import angles_of
from .solve import Basis, State, basis_of, solved

# Frames with a face from which identity is read, and how many of them are looked at.
CALIBRATION, LOOKS = 150, 20
# Rounds when the frame before is known, and the cost of squared expression when the person is.
ROUNDS_AFTER, STRENGTH = 3, 3.0
# Where a camera usually stands, cm; turns a change of size into a change of distance.
DISTANCE = 60.0
LEAST_SEEN = 0.05
# One-euro filter: least cutoff in Hz, how fast it opens with speed, and the cutoff of the speed itself.
EXPRESSION_FILTER = (0.8, 2.5)
POSE_FILTER = (1.0, 15.0)
SPEED_CUTOFF = 2.0
POSE_COLUMNS = 6


@dataclass(frozen=True, eq=False)
class Track:
    """A face followed through a video.

    Attributes:
        motion: what it does, without gaps; head poses are from the head's usual place in the video.
        seen: (T,) True where the face was seen; the rest is interpolated.
        rest: (478, 3) the person at rest, in head coordinates, cm.
        identity: (K,) float32.
    """

    motion: FaceMotion
    seen: np.ndarray
    rest: np.ndarray
    identity: np.ndarray


def track_video(
    frames: Iterable[np.ndarray], frame_rate: float, *, model: FaceModel | None = None
) -> FaceMotion:
    """Gives what the face of a video that is seen best does.

    Args:
        frames: pictures (H, W, 3) or blocks of them (T, H, W, 3), uint8 RGB, in order.
        frame_rate: of the video in Hz; the motion has the same.
        model: the shipped one when None.

    Raises:
        ValueError: no frames, no face in 95 % of them, or a rate that is not above 0.
    """
    return follow(frames, frame_rate, model=model).motion


def follow(frames: Iterable[np.ndarray], frame_rate: float, *, model: FaceModel | None = None) -> Track:
    """As `track_video`, with where the face was seen and whose it is."""
    if not frame_rate > 0:
        raise ValueError(f"expected a frame rate above 0 Hz, got {frame_rate:g}")
    basis = basis_of(model or load_face_model())
    reader = Reader(basis)
    with closing(Follower()) as follower:
        for picture in singly(frames):
            reader.add(follower(picture))
    rows, seen, rest, identity = reader.finished()
    return Track(motion_of(rows, seen, frame_rate), seen, rest, identity)


def singly(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Gives blocks of pictures picture by picture."""
    for block in frames:
        yield from block if block.ndim == 4 else block[None]


class Reader:
    """Turns faces into numbers one by one, after it has seen enough of them to know whose face it is."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        self.waiting: list[Face | None] = []
        self.rows: list[np.ndarray] = []
        self.state: State | None = None
        self.own: Basis | None = None
        self.identity = np.zeros(len(basis.identities), np.float32)

    def add(self, face: Face | None) -> None:
        """Takes the next frame's face; None where none was seen."""
        if self.own is not None:
            self.rows.append(self.read(face))
            return
        self.waiting.append(face)
        if sum(each is not None for each in self.waiting) >= CALIBRATION:
            self.calibrate()

    def calibrate(self) -> None:
        """Learns whose face it is from the frames so far, then reads them."""
        faces = [each for each in self.waiting if each is not None]
        chosen = [
            faces[place] for place in np.linspace(0, len(faces) - 1, min(LOOKS, len(faces))).astype(int)
        ]
        targets = [target_of(face) for face in chosen]
        states = [solved(self.basis, target, ROUNDS) for target in targets]
        self.identity = np.median([state.identity for state in states], axis=0).astype(np.float32)
        self.own = own_basis(self.basis, self.identity, states, targets)
        self.rows += [self.read(face) for face in self.waiting]
        self.waiting = []

    def read(self, face: Face | None) -> np.ndarray:
        """(52 + 6 + 2,) expression, turn, centre, scale and gaze; not a number where no face was seen."""
        if face is None or self.own is None:
            self.state = None
            return np.full(len(NAMES) + POSE_COLUMNS + 2, np.nan)
        rounds = ROUNDS if self.state is None else ROUNDS_AFTER
        self.state = solved(self.own, target_of(face), rounds, self.state)
        state = self.state
        return np.concatenate(
            [state.expression, angles_of(state.turn), state.centre, [state.scale], state.gaze]
        )

    def finished(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Gives (T, 60) rows, where they were seen (T,), the face at rest and the identity."""
        count = len(self.rows) + len(self.waiting)
        if not count:
            raise ValueError("expected a video with frames, got none")
        if self.own is None:
            self.calibrate_short()
        rows = np.stack(self.rows)
        seen = np.isfinite(rows).all(1)
        if seen.mean() < LEAST_SEEN:
            raise ValueError(f"expected a video of a face, got one in {seen.sum()} of {len(seen)} frames")
        assert self.own is not None
        return rows, seen, self.own.mean, self.identity

    def calibrate_short(self) -> None:
        """As `calibrate`, at the end of a short video."""
        if not any(each is not None for each in self.waiting):
            raise ValueError(f"expected a video of a face, got one in 0 of {len(self.waiting)} frames")
        self.calibrate()


def own_basis(basis: Basis, identity: np.ndarray, states: list[State], targets: list[np.ndarray]) -> Basis:
    """The model of one person: who it is, with what the model leaves over in most frames."""
    offsets, seen_offsets = [], []
    for state, target in zip(states, targets, strict=True):
        offsets.append(fit_of(basis, state, target).offsets)
        off = (target - (*state.centre, 0.0)) / state.scale - state.seen(basis) @ state.turn.T
        seen_offsets.append((off * (1, 1, 0)) @ state.turn)
    skin = np.arange(len(basis.mean)) < mesh.NUM_SKIN
    seen_offset = np.median(seen_offsets, axis=0) * skin[:, None]  # the irises' would be the gaze
    rest = basis.mean + np.tensordot(identity, basis.identities, 1)
    seen_rest = basis.seen_views[0] + np.tensordot(identity, basis.seen_identities, 1)
    return basis.personal(rest + np.median(offsets, axis=0), seen_rest + seen_offset, STRENGTH)


def motion_of(rows: np.ndarray, seen: np.ndarray, frame_rate: float) -> FaceMotion:
    """Fills gaps, steadies, and puts poses against the head's usual place."""
    at = np.arange(len(rows))
    whole = np.stack([np.interp(at, at[seen], column[seen]) for column in rows.T], 1)
    expression = steadied(whole[:, : len(NAMES)], frame_rate, *EXPRESSION_FILTER).clip(0, 1)
    others = whole[:, len(NAMES) :]
    turn, centre, scale, gaze = others[:, :3], others[:, 3:5], others[:, 5:6], others[:, 6:]
    usual = np.median(others[seen], axis=0)
    moved = np.concatenate([
        turn - usual[:3],
        (centre - usual[3:5]) / usual[5],
        DISTANCE * (1 - usual[5] / scale),
    ], 1)  # fmt: skip
    # Centimetres are steadied as if ten of them were a radian.
    units = np.array([1.0] * 3 + [0.1] * 3)
    pose = steadied(moved * units, frame_rate, *POSE_FILTER) / units
    return FaceMotion(
        expression.astype(np.float32),
        pose.astype(np.float32),
        steadied(gaze, frame_rate, *EXPRESSION_FILTER).astype(np.float32),
        frame_rate,
    ).with_gaze_shapes()


def steadied(values: np.ndarray, frame_rate: float, cutoff: float, opening: float) -> np.ndarray:
    """(T, C) without jitter: the mean of a one-euro filter forwards and backwards, which has no lag.

    Source: Casiez et al., "1 Euro Filter", 2012.
    """
    back = one_euro(values[::-1], frame_rate, cutoff, opening)[::-1]
    return (one_euro(values, frame_rate, cutoff, opening) + back) / 2


def one_euro(values: np.ndarray, frame_rate: float, cutoff: float, opening: float) -> np.ndarray:
    """(T, C) low-passed, the less so the faster it changes."""
    shown, speed = values[0].copy(), np.zeros(values.shape[1])
    out = np.empty_like(values)
    out[0] = shown
    rise = share_of(np.array(SPEED_CUTOFF), frame_rate)
    for place in range(1, len(values)):
        speed += rise * ((values[place] - values[place - 1]) * frame_rate - speed)
        shown = shown + share_of(cutoff + opening * np.abs(speed), frame_rate) * (values[place] - shown)
        out[place] = shown
    return out


def share_of(cutoff: np.ndarray, frame_rate: float) -> np.ndarray:
    """How much of a new value a low-pass filter with this cutoff, Hz, takes."""
    turns = 2 * np.pi * cutoff / frame_rate
    return turns / (turns + 1)
