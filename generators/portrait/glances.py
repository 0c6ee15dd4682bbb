"""When eyes move and blink: points in time for the streams that draw how.

Source: rates of blinking and their log-normal spread: Bentivoglio et al. 1997, "Analysis of blink rate
patterns in normal subjects"; how long gaze stays and how far it strays while people talk: after Lee, Badler
and Badler 2002, "Eyes alive", section 4 (the talking mode, rounded).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from .content import FRAME_RATE

BLINK_SPREAD = 0.45  # of the log of the time between blinks
LEAST_BETWEEN_S = 0.5
AT_TARGET_S, AWAY_S = (1.2, 3.2), (0.4, 1.1)  # how long gaze stays
AWAY_SHARE = 0.35  # of gaze shifts that leave the target; the others are small ones on it
NEAR_RAD = 0.018  # small shifts: about from one eye of the other person to the other
AWAY_RAD = 0.13  # scale of how far gaze goes away
MOST_RAD = 0.32
MARGIN = 40  # frames drawn ahead


class Glances:
    """Draws fixations and blinks frame after frame, the same however the frames are asked for.

    Args:
        blink_rate: a minute. wander: how far gaze strays, 1 as people do.
    """

    def __init__(self, blink_rate: float, wander: float, seed: int) -> None:
        self.fixations = stepwise(fixations(wander, np.random.default_rng((seed, 71))))
        self.blinks = blink_times(blink_rate, np.random.default_rng((seed, 72)))
        self.next_blink = next(self.blinks)
        self.pending: list[int] = []
        self.at = 0
        self.gaze = np.zeros((0, 2), np.float32)
        self.pulses = np.zeros(0, np.float32)

    def between(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Gives gaze targets, (T, 2) radians, and pulses of 1 where a blink is closed, (T,).

        Frames before the latest `first` are forgotten.
        """
        while self.at + len(self.gaze) < last + MARGIN:
            self.extend()
        keep = first - self.at
        self.gaze, self.pulses, self.at = self.gaze[keep:], self.pulses[keep:], first
        return self.gaze[: last - first].copy(), self.pulses[: last - first].copy()

    def extend(self) -> None:
        """Draws some more frames."""
        start = self.at + len(self.gaze)
        gaze = np.array([next(self.fixations) for _ in range(MARGIN)], np.float32)
        pulses = np.zeros(MARGIN, np.float32)
        while self.next_blink < start + MARGIN:
            pulses[max(0, self.next_blink - start)] = 1
            self.next_blink = next(self.blinks)
        self.gaze = np.concatenate([self.gaze, gaze])
        self.pulses = np.concatenate([self.pulses, pulses])


def blink_times(rate: float, rng: np.random.Generator) -> Iterator[int]:
    """Gives the frames at which blinks are closed, for ever; none where the rate is 0."""
    if rate <= 0:
        while True:
            yield 2**62
    mean_s = 60.0 / rate
    at = rng.uniform(0.3, 1.0) * mean_s
    while True:
        yield round(at * FRAME_RATE)
        least = min(LEAST_BETWEEN_S, 0.5 * mean_s)
        scale = np.exp(BLINK_SPREAD * rng.standard_normal() - BLINK_SPREAD**2 / 2)
        at += least + (mean_s - least) * scale


def fixations(wander: float, rng: np.random.Generator) -> Iterator[tuple[int, np.ndarray]]:
    """Gives how many frames gaze rests and where, (2,) radians around the target, for ever."""
    away = False
    while True:
        away = not away and rng.random() < AWAY_SHARE
        if away:
            far = min(MOST_RAD, rng.exponential(AWAY_RAD))
            angle = rng.uniform(0, 2 * np.pi)
            place = far * np.array([np.cos(angle), 0.6 * np.sin(angle)])
        else:
            place = NEAR_RAD * rng.standard_normal(2) * np.array([1.0, 0.5])
        low, high = AWAY_S if away else AT_TARGET_S
        yield round(FRAME_RATE * rng.uniform(low, high)), wander * place


def stepwise(rests: Iterator[tuple[int, np.ndarray]]) -> Iterator[np.ndarray]:
    """Gives the place at every frame."""
    for count, place in rests:
        for _ in range(count):
            yield place


def fixations_in(gaze: np.ndarray, threshold: float = 0.012) -> np.ndarray:
    """Finds where recorded gaze rests: each stretch of slow frames as its median. (T, 2) -> (T, 2)

    Source: the velocity threshold of Salvucci and Goldberg 2000, "Identifying fixations and saccades",
    section 3.1.
    """
    speed = np.abs(np.diff(gaze, axis=0, prepend=gaze[:1])).max(1)
    edges = np.flatnonzero(speed > threshold)
    out = gaze.copy()
    bounds = [0, *edges.tolist(), len(gaze)]
    for first, last in itertools.pairwise(bounds):
        if last > first:
            out[first:last] = np.median(gaze[first:last], 0)
    return out


def blinks_in(lids: np.ndarray, closed: float = 0.5) -> list[int]:
    """Finds the frames at which recorded lids are most closed, (T,) 0..1; long closures are no blinks."""
    shut = lids > closed
    edges = np.flatnonzero(np.diff(shut.astype(int), prepend=0, append=0))
    return [
        int(first + lids[first:last].argmax())
        for first, last in zip(edges[::2], edges[1::2], strict=True)
        if last - first <= 10
    ]
