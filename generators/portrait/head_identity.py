"""Which way people differ: a few directions that measures of the face follow, and the largest of what is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from conditioning.face.ict import Head

# In the kit's coefficients, the step by which the effect of each is measured.
STEP = 0.5


def measures(head: Head) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Gives the function from vertices (..., V, 3) to measures of the face, (...): cm, or shares of lengths.

    The numbers are those of the 68 Multi-PIE landmarks.
    """
    marks = head.landmarks68
    crown = int(head.neutral[: head.regions["Head and Neck"][1], 1].argmax())
    balls = [slice(*head.regions[f"Eyeball {side}"]) for side in ("left", "right")]

    def measured(vertices: np.ndarray) -> dict[str, np.ndarray]:
        at = vertices[..., marks, :]
        eyes = [vertices[..., ball, :].mean(-2) for ball in balls]
        middle = (eyes[0] + eyes[1]) / 2
        width = apart(at[..., 1, :], at[..., 15, :])
        length = at[..., 27, 1] - at[..., 8, 1]
        return {
            "head_size": np.sqrt(width * (vertices[..., crown, 1] - at[..., 8, 1])),
            "face_width": width / length,
            "jaw_width": apart(at[..., 4, :], at[..., 12, :]) / width,
            "chin_forward": at[..., 8, 2] - (at[..., 33, 2] + at[..., 57, 2]) / 2,
            "nose_forward": at[..., 30, 2] - (at[..., 31, 2] + at[..., 35, 2]) / 2,
            "nose_width": apart(at[..., 31, :], at[..., 35, :]) / width,
            "mouth_width": apart(at[..., 48, :], at[..., 54, :]) / width,
            "lip_fullness": (at[..., 51, 1] - at[..., 62, 1] + at[..., 66, 1] - at[..., 57, 1]) / length,
            "eye_opening": ((at[..., 37, 1] + at[..., 38, 1]) - (at[..., 40, 1] + at[..., 41, 1])) / 2,
            "brow_height": (at[..., 19, 1] + at[..., 24, 1]) / 2 - middle[..., 1],
        }

    return measured


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.norm(a - b, axis=-1)


def gradients(head: Head) -> dict[str, np.ndarray]:
    """Gives how each measure changes with each of the kit's coefficients, (I,), around the mean person."""
    measured = measures(head)
    rest = head.neutral.astype(np.float64)
    found: dict[str, list[float]] = {name: [] for name in measured(rest)}
    for shape in head.identities:
        high, low = measured(rest + STEP * shape), measured(rest - STEP * shape)
        for name, values in found.items():
            values.append(float(high[name] - low[name]) / (2 * STEP))
    return {name: np.array(values) for name, values in found.items()}


def modes(head: Head, sliders: list[str], count: int) -> np.ndarray:
    """Gives the modes in the kit's coefficients, (count, I), of unit length and at right angles.

    So their own coefficients are N(0, 1) too. The first follow one measure each, as closely as directions at
    right angles can; the rest are the principal ones of what these leave over of the face.

    Source: Loewdin 1950, symmetric orthogonalisation.
    """
    found = gradients(head)
    wanted = np.stack([found[name] / np.linalg.norm(found[name]) for name in sliders])
    u, _, vt = np.linalg.svd(wanted, full_matrices=False)
    first = u @ vt
    start, stop = head.regions["Face"]
    face = head.identities[:, start:stop].reshape(len(head.identities), -1).astype(np.float64)
    rest = np.eye(len(face)) - first.T @ first
    _, vectors = np.linalg.eigh(rest @ (face @ face.T) @ rest)
    return np.concatenate([first, vectors[:, ::-1].T[: count - len(sliders)]])


def effects(head: Head, directions: np.ndarray, sliders: list[str]) -> dict[str, Any]:
    """Gives what is measured of the sliders.

    Returns:
        name -> own: correlation over people with its own measure; most_other: the largest with another
        slider's measure, and whose; change: of its measure from -3 to 3, as a share of the mean's.
    """
    found, at_rest = gradients(head), measures(head)(head.neutral.astype(np.float64))
    report: dict[str, Any] = {}
    for name, direction in zip(sliders, directions, strict=False):
        shares = {other: float(found[other] @ direction / np.linalg.norm(found[other])) for other in sliders}
        others = {other: share for other, share in shares.items() if other != name}
        strongest = max(others, key=lambda other: abs(others[other]))
        ends = [
            measures(head)(head.neutral + at * np.einsum("i,ivc->vc", direction, head.identities))[name]
            for at in (-3.0, 3.0)
        ]
        report[name] = {
            "own": round(shares[name], 3),
            "most_other": [strongest, round(others[strongest], 3)],
            "at_minus_3": round(float(ends[0]), 3),
            "at_0": round(float(at_rest[name]), 3),
            "at_plus_3": round(float(ends[1]), 3),
        }
    return report


def explained(head: Head, directions: np.ndarray) -> float:
    """Gives the share of how people's faces differ that the modes hold."""
    start, stop = head.regions["Face"]
    face = head.identities[:, start:stop].reshape(len(head.identities), -1).astype(np.float64)
    inside = directions @ face
    return float((inside**2).sum() / (face**2).sum())


def turned(identities: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Gives the shapes of the modes, (K, ...), from those of the kit, (I, ...)."""
    return np.einsum("ki,i...->k...", directions, identities)


def in_words(report: Mapping[str, Any]) -> str:
    """Gives the sliders' report in one line a slider."""
    rows = [
        f"{name}: r {row['own']:.2f} with its measure, {row['most_other'][1]:+.2f} with {row['most_other'][0]}; "
        f"{row['at_minus_3']:g} .. {row['at_0']:g} .. {row['at_plus_3']:g}"
        for name, row in report.items()
    ]
    return "\n".join(rows)
