"""Where in another take of the same line the same is said."""

from __future__ import annotations

import numpy as np

from generators.voice.recording import Recording

STEP = 2  # frames compared as one
SHAPE_WEIGHT = 0.25  # of the spectrum beside the phones
DIAGONAL = 0.08  # favours equal steps where nothing else decides


def positions(source: Recording, target: Recording, phones: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Aligns two takes.

    Args:
        phones: posteriors of both, (T, phones) and (T', phones).

    Returns:
        (T,) for each frame of the source its place in the target, never falling, from 0 to T' - 1.

    Source: dynamic time warping, Sakoe & Chiba 1978, with steps (1, 1), (1, 0), (0, 1); on phone posteriors:
    Hazen et al. 2009, "Query-by-example spoken term detection using phonetic posteriorgram templates".
    """
    cost = costs(source, target, phones)
    rows, columns = path_through(cost)
    # The middle of all places that a frame was matched with.
    total = np.bincount(rows, columns) / np.bincount(rows)
    at = np.interp(np.arange(len(source)), STEP * (np.arange(len(total)) + 0.25), STEP * total)
    return np.maximum.accumulate(at.clip(0, len(target) - 1))


def costs(source: Recording, target: Recording, phones: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """How unlike the takes are at each pair of moments. (T / 2, T' / 2)"""
    one, two = (np.sqrt(pooled(p)) for p in phones)
    likeness = (one @ two.T).clip(0, 1)
    shapes = [pooled(centred(take)) for take in (source, target)]
    distance = ((shapes[0][:, None] - shapes[1][None]) ** 2).mean(-1)
    return -np.log(likeness + 0.02) + SHAPE_WEIGHT * distance


def centred(take: Recording) -> np.ndarray:
    """A coarse spectrum, its mean and spread over the take taken away. (T, 20)"""
    coarse = take.envelope.reshape(len(take), 20, -1).mean(-1)
    return (coarse - coarse.mean(0)) / (coarse.std(0) + 0.1)


def pooled(x: np.ndarray) -> np.ndarray:
    """(T, C) -> (T / 2, C)"""
    count = max(1, len(x) // STEP)
    return x[: count * STEP].reshape(count, -1, x.shape[1]).mean(1)


def path_through(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gives the cheapest path from the first pair to the last: rows and columns of its steps."""
    num_rows, num_columns = cost.shape
    total = np.full((num_rows + 1, num_columns + 1), np.inf)
    total[0, 0] = 0.0
    came = np.zeros((num_rows, num_columns), np.int8)
    for diagonal in range(num_rows + num_columns - 1):
        down = np.arange(max(0, diagonal - num_columns + 1), min(num_rows, diagonal + 1))
        across = diagonal - down
        here = cost[down, across]
        ways = np.stack([
            total[down, across],
            total[down, across + 1] + DIAGONAL + 0.5 * here,
            total[down + 1, across] + DIAGONAL + 0.5 * here,
        ])  # fmt: skip
        came[down, across] = ways.argmin(0)
        total[down + 1, across + 1] = ways.min(0) + here
    rows: list[int] = []
    columns: list[int] = []
    row, column = num_rows - 1, num_columns - 1
    while row >= 0 and column >= 0:
        rows.append(row)
        columns.append(column)
        way = came[row, column]
        row, column = row - (way != 2), column - (way != 1)
    return np.array(rows[::-1]), np.array(columns[::-1])
