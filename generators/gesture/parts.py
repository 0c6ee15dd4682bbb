"""Parts of a body that are taken from different movements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import smooth_signs
from conditioning.body.skeleton import INDEX, PARTS

BODY_PARTS = {
    "whole body": tuple(PARTS),
    "upper body": tuple(part for part in PARTS if part != "legs"),
    "arms": ("left arm", "right arm"),
    "left arm": ("left arm",),
    "right arm": ("right arm",),
    "head": ("head",),
}


def keeping(made: BodyMotion, source: BodyMotion, parts: Sequence[str], first: int = 0) -> BodyMotion:
    """Takes some parts of `PARTS`, or all, from one movement and the rest from another, as long as the first.

    Args:
        first: frame of the source at which it begins; the source goes forth and back.
    """
    if set(parts) == set(PARTS):
        return made
    at = forth_and_back(len(source), first, len(made))
    rotations = source.rotations[at].copy()
    taken = [INDEX[name] for part in parts for name in PARTS[part]]
    rotations[:, taken] = made.rotations[:, taken]
    root = made.root if "legs" in parts else source.root[at]
    return BodyMotion(smooth_signs(rotations), root, made.frame_rate)


def forth_and_back(length: int, first: int, wanted: int) -> np.ndarray:
    """Which frames of a movement are shown from a time on when it goes forth and back. (wanted,)"""
    if length < 2:
        return np.zeros(wanted, np.int64)
    at = (first + np.arange(wanted)) % (2 * (length - 1))
    return np.where(at < length, at, 2 * (length - 1) - at)
