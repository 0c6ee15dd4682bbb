"""The equations of a fit: regularised Gauss-Newton over pose, identity and expression at once.

The model is of what MediaPipe sees, with the ways in which it errs; people are N(0, 1), faces mostly at rest
and mostly the same on both sides.

Source: the formulation of Garrido et al., "Reconstruction of Personalized 3D Face Rigs from Monocular Video",
2016, with landmarks alone and box constraints on expressions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from . import mesh
from .arkit import GAZE, INDEX, MIRRORED, NAMES
from .model import FaceModel
from .motion import FULL_PITCH, FULL_YAW
from .pose import angles_of, small_turn

# Errors on photos are larger than on drawn heads.
NOISE, INFLATION = 0.1, 1.5
# Costs of expression: per unit, per square, and per squared difference of both sides.
SPARSITY, STRENGTH, SYMMETRY = 0.5, 8.0, 8.0
FREE = tuple(place for place, name in enumerate(NAMES) if name not in GAZE and name != "tongueOut")
LOOKS = tuple(INDEX[name] for name in GAZE)
MOST_GAZE = (0.6, 0.5)
POSES = 6
IRISES = [mesh.IRIS_RIGHT[0], mesh.IRIS_LEFT[0]]


@dataclass(frozen=True, eq=False)
class Basis:
    """A face model as arrays in float64, ready for the equations.

    Attributes:
        mean, identities, expressions: the points themselves, cm.
        seen_views, seen_identities, seen_expressions: the points as they are seen.
        moves: (F + K, P * 3) the free expressions and identities as they are seen, at the points that count.
        used: (P,) points that count. weight: (P, 1) one over the error of each, cm.
        noise: (R, P * 2) how those points err together, in units of their error; inner: (R, R) for its
            inverse.
        radius: of the eyeballs, cm.
        strength: cost of squared expression.
    """

    mean: np.ndarray
    identities: np.ndarray
    expressions: np.ndarray
    seen_views: np.ndarray
    seen_identities: np.ndarray
    seen_expressions: np.ndarray
    moves: np.ndarray
    used: np.ndarray
    weight: np.ndarray
    noise: np.ndarray
    inner: np.ndarray
    radius: float
    strength: float = STRENGTH

    def personal(self, rest: np.ndarray, seen_rest: np.ndarray, strength: float) -> Basis:
        """The same for somebody whose face at rest, (478, 3), is known: no identity is left to find.

        Args:
            rest: where the points are. seen_rest: where they are seen from the front.
            strength: cost of squared expression, less than for strangers.
        """
        views = self.seen_views.copy()
        views[0] = seen_rest
        return replace(
            self,
            mean=rest,
            identities=self.identities[:0],
            seen_views=views,
            seen_identities=self.seen_identities[:0],
            moves=self.moves[: len(FREE)],
            strength=strength,
        )


@lru_cache(maxsize=2)
def basis_of(model: FaceModel) -> Basis:
    """Gives a model's arrays; computed once for each model."""
    weights = np.ones(mesh.NUM_POINTS)
    # Where a face ends is where it is seen to end, another place at every turn.
    weights[list(mesh.OUTLINE)] = 0.3
    weights[[*mesh.EYE_LEFT, *mesh.EYE_RIGHT]] = 4.0
    weights[[*mesh.LIPS_INNER, *mesh.LIPS_OUTER]] = 2.0
    weights[[*mesh.BROW_LEFT, *mesh.BROW_RIGHT]] = 2.0
    weights[mesh.NUM_SKIN :] = 0.0
    names = (
        "mean",
        "identities",
        "expressions",
        "seen_views",
        "seen_identities",
        "seen_expressions",
        "noise",
    )
    arrays = {name: getattr(model, name).double().cpu().numpy() for name in names}
    used = np.flatnonzero(weights)
    weight = np.sqrt(weights[used])[:, None] / (NOISE * np.sqrt(INFLATION))
    noise = (arrays.pop("noise")[:, used] * np.sqrt(INFLATION) * weight).reshape(-1, 2 * len(used))
    inner = np.linalg.inv(np.eye(len(noise)) + noise @ noise.T)
    moves = np.concatenate([arrays["seen_expressions"][list(FREE)], arrays["seen_identities"]])[:, used]
    return Basis(
        **arrays,
        moves=moves.reshape(len(moves), -1),
        used=used,
        weight=weight,
        noise=noise,
        inner=inner,
        radius=model.config["eyeball_radius"],
    )


@dataclass(frozen=True, eq=False)
class State:
    """What is known so far, with y up; `centre` in pixels, `scale` in pixels per cm."""

    turn: np.ndarray
    scale: float
    centre: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    gaze: np.ndarray

    def seen(self, basis: Basis) -> np.ndarray:
        """(478, 3) where the points are seen, in head coordinates, cm."""
        yaw, pitch, _ = angles_of(self.turn)
        views = np.array([1.0, yaw, pitch, yaw * yaw, pitch * pitch, yaw * pitch])
        return (
            np.tensordot(views, basis.seen_views, 1)
            + np.tensordot(self.identity, basis.seen_identities, 1)
            + np.tensordot(self.expression, basis.seen_expressions, 1)
        )

    def points(self, basis: Basis) -> np.ndarray:
        """(478, 3) where the points are, in head coordinates, cm; irises at a gaze straight ahead."""
        return (
            basis.mean
            + np.tensordot(self.identity, basis.identities, 1)
            + np.tensordot(self.expression, basis.expressions, 1)
        )


def solved(basis: Basis, target: np.ndarray, rounds: int, before: State | None = None) -> State:
    """Fits landmarks.

    Args:
        target: (478, 3) pixels with y up and z towards us.
        rounds: of Gauss-Newton.
        before: where to start from, such as the frame before.
    """
    state = before or first_state(basis, target)
    for _ in range(rounds):
        state = with_gaze(basis, improved(basis, state, target), target)
    return state


def first_state(basis: Basis, target: np.ndarray) -> State:
    """Aligns the average face in three dimensions.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991.
    """
    weights = basis.weight**2 / (basis.weight**2).sum()
    points, wanted = basis.seen_views[0][basis.used], target[basis.used]
    middle, aim = (weights * points).sum(0), (weights * wanted).sum(0)
    left, sizes, right = np.linalg.svd((weights * (wanted - aim)).T @ (points - middle))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    turn = left @ np.diag(sign) @ right
    scale = (sizes * sign).sum() / (weights * (points - middle) ** 2).sum()
    centre = (aim - scale * turn @ middle)[:2]
    people = np.zeros(len(basis.seen_identities))
    return State(turn, float(scale), centre, people, np.zeros(len(NAMES)), np.zeros(2))


def improved(basis: Basis, state: State, target: np.ndarray) -> State:
    """One Gauss-Newton step."""
    used, weight = basis.used, basis.weight
    turned = state.seen(basis)[used] @ state.turn.T
    # Depth is not used: MediaPipe guesses it, and faces are told apart worse with it than without.
    rest = (target[used, :2] - state.centre) / state.scale - turned[:, :2]
    poses = np.concatenate([
        np.stack([np.cross(axis, turned)[:, :2] for axis in np.eye(3)]),
        turned[None, :, :2],
        np.broadcast_to(np.eye(2)[:, None], (2, len(used), 2)),
    ])  # fmt: skip
    moves = (basis.moves.reshape(-1, 3) @ state.turn[:2].T).reshape(-1, len(used), 2)
    directions = np.concatenate([poses, moves]) * weight
    flat = directions.reshape(len(directions), -1)
    residual = (rest * weight).ravel()
    # The inverse of noise that errs together, by Woodbury's identity.
    together = flat @ basis.noise.T
    normal = flat @ flat.T - together @ basis.inner @ together.T
    pull = flat @ residual - together @ (basis.inner @ (basis.noise @ residual))
    return stepped(basis, state, normal, pull)


def stepped(basis: Basis, state: State, normal: np.ndarray, pull: np.ndarray) -> State:
    """Solves for the next pose, expression in 0..1 and identity, with their prior costs."""
    shapes = slice(POSES, POSES + len(FREE))
    values = np.concatenate([np.zeros(POSES), state.expression[list(FREE)], state.identity])
    prior = np.diag(np.concatenate([np.full(POSES, 1e-6), np.zeros(len(FREE)), np.ones(len(state.identity))]))
    prior[shapes, shapes] = cost_of_faces(basis.strength)
    cost = np.zeros(len(values))
    cost[shapes] = SPARSITY
    low, high = np.full(len(values), -np.inf), np.full(len(values), np.inf)
    low[shapes], high[shapes] = 0.0, 1.0
    found = boxed(normal + prior, pull + normal @ values - cost, low, high)
    expression = state.expression.copy()
    expression[list(FREE)] = found[shapes]
    return replace(
        state,
        turn=small_turn(found[:3]) @ state.turn,
        scale=float(state.scale * (1 + found[3])),
        centre=state.centre + state.scale * found[4:6],
        expression=expression,
        identity=found[shapes.stop :],
    )


@lru_cache(maxsize=4)
def cost_of_faces(strength: float) -> np.ndarray:
    """(F, F) of the free coefficients: their squares, and the squared difference of both sides."""
    pairs = np.zeros((len(NAMES), len(NAMES)))
    for place, other in enumerate(MIRRORED):
        if place < other:
            pairs[[place, other], [place, other]] += SYMMETRY
            pairs[[place, other], [other, place]] -= SYMMETRY
    return (pairs + strength * np.eye(len(NAMES)))[np.ix_(FREE, FREE)]


def boxed(matrix: np.ndarray, vector: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Minimises x'Ax/2 - b'x within bounds: solves, holds what left its bounds, frees what pulls inwards."""
    held = np.zeros(len(vector), int)
    found = np.zeros(len(vector))
    for _ in range(30):
        free = held == 0
        found = np.where(held < 0, low, np.where(held > 0, high, 0.0))
        right = vector[free] - matrix[np.ix_(free, ~free)] @ found[~free]
        found[free] = np.linalg.solve(matrix[np.ix_(free, free)], right)
        pull = vector - matrix @ found
        under, over = free & (found < low - 1e-9), free & (found > high + 1e-9)
        inward = (held < 0) & (pull > 1e-9) | (held > 0) & (pull < -1e-9)
        if not (under | over | inward).any():
            break
        held = np.where(under, -1, np.where(over, 1, np.where(inward, 0, held)))
    return found.clip(low, high)


def shift_of(gaze: np.ndarray, radius: float) -> np.ndarray:
    """(3,) how far an iris is from straight ahead, cm."""
    yaw, pitch = gaze
    return radius * np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch) - 1])


def with_gaze(basis: Basis, state: State, target: np.ndarray) -> State:
    """Reads the gaze of both eyes from where the irises are, and lets the lids follow."""
    ahead = state.seen(basis)[IRISES] @ state.turn.T
    off = ((target[IRISES] - (*state.centre, 0.0)) / state.scale - ahead)[:, :2].mean(0)
    # What is seen is the turned shift; its depth follows from the eyeball, so two equations give both angles.
    sines = np.linalg.lstsq(state.turn[:2, :2], off, rcond=None)[0] / basis.radius
    gaze = np.arcsin(np.clip(sines, -np.sin(MOST_GAZE), np.sin(MOST_GAZE)))
    expression = state.expression.copy()
    expression[list(LOOKS)] = looks_of(gaze)
    return replace(state, gaze=gaze, expression=expression)


def looks_of(gaze: np.ndarray) -> np.ndarray:
    """(8,) eyeLook coefficients of a gaze, in the order of `arkit.GAZE`."""
    yaw, pitch = gaze[0] / FULL_YAW, gaze[1] / FULL_PITCH
    # The person's left eye stands on the right of the picture: looking right is looking out of it.
    sides = {"OutLeft": yaw, "InLeft": -yaw, "InRight": yaw, "OutRight": -yaw}
    values = [sides.get(name[7:], pitch if "Up" in name else -pitch) for name in GAZE]
    return np.clip(values, 0, 1)
