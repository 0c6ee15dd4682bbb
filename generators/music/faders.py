"""Brings what was drawn to what the faders ask for: counts, durations and velocities, their shape kept."""

from __future__ import annotations

import numpy as np

from .features import DURATIONS, VELOCITY_STEP, duration_token


def scaled_counts(
    counts: np.ndarray, target: np.ndarray, fresh: np.ndarray, limit: int | np.ndarray
) -> np.ndarray:
    """Scales the counts of fresh bars so that their sum is the target's, keeping their proportions.

    Args:
        counts, target: (S,). fresh: (S,) True where the count may change. limit: largest count of a bar.

    Returns:
        Counts of the fresh bars, at least 1 each.
    """
    limits = np.broadcast_to(limit, counts.shape)[fresh]
    chosen, wanted = counts[fresh].astype(float), max(float(target[fresh].sum()), float(fresh.sum()))
    for _ in range(4):  # the limits push back; a few rounds settle it
        chosen = np.clip(chosen * wanted / max(chosen.sum(), 1e-9), 1, limits)
    floor = np.floor(chosen).astype(int)
    missing = round(chosen.sum()) - int(floor.sum())
    floor[np.argsort(floor - chosen, kind="stable")[:missing]] += 1
    return np.clip(floor, 1, limits)


def shifted_velocity(velocity: np.ndarray, wanted_mean: float) -> np.ndarray:
    """Shifts velocity levels so that their mean loudness is as wanted, keeping the shape of the phrase."""
    raw = velocity * VELOCITY_STEP + VELOCITY_STEP / 2
    shift = wanted_mean - raw.mean()
    for _ in range(3):
        clipped = np.clip(raw + shift, 8, 124)
        shift += wanted_mean - clipped.mean()
    return np.clip(np.round((raw + shift - VELOCITY_STEP / 2) / VELOCITY_STEP), 2, 30).astype(int)


def stretched_durations(
    onsets: np.ndarray, pitch: np.ndarray, durations: np.ndarray, wanted: float, end: int
) -> np.ndarray:
    """Stretches or shortens all durations by one factor so that as many notes sound at once as wanted.

    Args:
        onsets: (N,) sixteenths. pitch: (N,). durations: (N,) indices into `DURATIONS`.
        wanted: mean number of notes sounding where any sounds. end: last bar line, in sixteenths.

    Returns:
        (N,) indices into `DURATIONS`.
    """
    steps = DURATIONS[durations]
    free = steps_until_struck_again(onsets, pitch)
    candidates = [duration_token(steps * factor) for factor in np.geomspace(0.4, 3.0, 27)]
    return min(
        candidates,
        key=lambda tokens: abs(polyphony_of(onsets, np.minimum(DURATIONS[tokens], free), end) - wanted),
    )


def steps_until_struck_again(onsets: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """(N,) sixteenths until the same key is struck again, where the note must end; many where it is not."""
    order = np.lexsort((onsets, pitch))
    gap = np.diff(onsets[order])
    free = np.full(len(onsets), int(DURATIONS[-1]))
    again = (np.diff(pitch[order]) == 0) & (gap > 0)
    free[order[:-1][again]] = gap[again]
    return free


def polyphony_of(onsets: np.ndarray, steps: np.ndarray, end: int) -> float:
    """Mean number of notes that sound in the sixteenths in which any does."""
    changes = np.zeros(end + 1)
    np.add.at(changes, onsets, 1)
    np.add.at(changes, np.minimum(onsets + steps, end), -1)
    sounding = np.cumsum(changes)[:-1]
    return float(sounding[sounding > 0].mean()) if (sounding > 0).any() else 0.0
