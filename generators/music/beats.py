"""Beats and bars of notes whose timing nobody wrote down: performances and transcriptions."""

from __future__ import annotations

import numpy as np

FRAME_RATE = 50.0  # Hz of the onset envelope


def track_beats(notes: np.ndarray) -> np.ndarray:
    """Finds the beats of a performance: of several tempo preferences, the best-fitting grid wins.

    Args:
        notes: (N, 4) onset_s, duration_s, pitch, velocity, sorted by onset.

    Returns:
        (K,) beat times in seconds, evenly extended to cover every note.

    Source: Ellis 2007, "Beat tracking by dynamic programming", equations 1-6.
    """
    envelope = onset_envelope(notes)
    end = float((notes[:, 0] + notes[:, 1]).max())
    tracked = []
    for start_bpm in (70.0, 95.0, 130.0):
        period = beat_period(envelope, start_bpm)
        for tightness in (100.0, 400.0):
            beats = best_beat_sequence(envelope, period, tightness) / FRAME_RATE
            tracked.append(extend(beats, period / FRAME_RATE, float(notes[0, 0]), end))
    return min(tracked, key=lambda beats: sixteenth_deviation(notes[:, 0], beats))


def sixteenth_deviation(onsets: np.ndarray, beats: np.ndarray) -> float:
    """Gives the mean distance of onsets from the sixteenth grid, in sixteenths (0.25 is chance)."""
    places = 4 * np.interp(onsets, beats, np.arange(len(beats)))
    return float(np.abs(places - np.round(places)).mean())


def onset_envelope(notes: np.ndarray) -> np.ndarray:
    """Onset strength at `FRAME_RATE` by velocity, smoothed over about 40 ms; low notes count for more."""
    length = int(notes[:, 0].max() * FRAME_RATE) + 50
    envelope = np.zeros(length)
    weight = notes[:, 3] / 127 * np.where(notes[:, 2] < 52, 1.5, 1.0)
    np.add.at(envelope, np.round(notes[:, 0] * FRAME_RATE).astype(int), weight)
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.5) ** 2)
    envelope = np.convolve(np.sqrt(envelope), kernel, mode="same")
    return envelope / (envelope.std() + 1e-9)


def beat_period(envelope: np.ndarray, start_bpm: float) -> float:
    """Frames a beat: the autocorrelation peak under a log-normal preference, half and double time count."""
    longest = int(FRAME_RATE * 60 / 40)
    centred = envelope - envelope.mean()
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: 4 * longest + 2]
    lags = np.arange(1, longest)
    multiples = [np.interp(lags * k, np.arange(len(correlation)), correlation) for k in (1, 2, 4)]
    strength = multiples[0] + 0.5 * multiples[1] + 0.25 * multiples[2]
    preference = np.exp(-0.5 * (np.log2(60 * FRAME_RATE / lags / start_bpm) / 0.7) ** 2)
    best = int(np.argmax(np.where(lags >= FRAME_RATE * 60 / 200, strength * preference, -np.inf)))
    if 0 < best < len(lags) - 1:  # a parabola through the peak gives the fraction of a frame
        left, middle, right = strength[best - 1 : best + 2]
        denominator = left - 2 * middle + right
        return float(lags[best] + (0.5 * (left - right) / denominator if denominator else 0.0))
    return float(lags[best])


def best_beat_sequence(envelope: np.ndarray, period: float, tightness: float) -> np.ndarray:
    """Frames of the beat sequence that collects most onset strength at nearly even spacing."""
    score = envelope.copy()
    previous = np.full(len(envelope), -1)
    offsets = np.arange(-round(2 * period), -round(period / 2))
    cost = -tightness * np.log(-offsets / period) ** 2
    for frame in range(round(period / 2) + 1, len(envelope)):
        candidates = frame + offsets
        valid = candidates >= 0
        if not valid.any():
            continue
        totals = score[candidates[valid]] + cost[valid]
        best = int(np.argmax(totals))
        if totals[best] > 0:
            score[frame] += totals[best]
            previous[frame] = candidates[valid][best]
    tail = max(0, len(score) - round(period))
    beats = [tail + int(np.argmax(score[tail:]))]
    while previous[beats[-1]] >= 0:
        beats.append(int(previous[beats[-1]]))
    return np.array(beats[::-1], dtype=float)


def extend(beats: np.ndarray, period_s: float, first_s: float, last_s: float) -> np.ndarray:
    """Adds even beats before the first and after the last so that every onset lies between two."""
    if len(beats) > 1:
        period_s = float(np.median(np.diff(beats)))
    before = np.arange(beats[0] - period_s, first_s - 2 * period_s, -period_s)[::-1]
    after = np.arange(beats[-1] + period_s, last_s + 2 * period_s, period_s)
    return np.concatenate([before, beats, after])


def beat_phase(onsets: np.ndarray, durations: np.ndarray, pitch: np.ndarray) -> float:
    """Finds which sixteenth is the beat when only their grid is known: long and low notes start there.

    Args:
        onsets, durations: (N,) quarter notes on a grid of sixteenths. pitch: (N,).

    Returns:
        Offset of the beat in quarter notes: 0, 0.25, 0.5 or 0.75.
    """
    weight = np.minimum(durations, 2.0) * np.where(pitch < 55, 2.0, 1.0)
    sixteenth = np.round(onsets * 4).astype(int) % 4
    return float(np.argmax(np.bincount(sixteenth, weights=weight, minlength=4))) / 4


def downbeat_phase(beat_notes: np.ndarray, beats_per_bar: int = 4) -> int:
    """Finds which beat starts the bars: bass onsets fall there and the harmony changes there.

    Args:
        beat_notes: (N, 4) onset and duration in beats, pitch, velocity.
        beats_per_bar: beats a bar.

    Returns:
        Phase in 0..beats_per_bar-1.
    """
    count = int(beat_notes[:, 0].max()) + 2
    chroma, bass = np.zeros((count, 12)), np.zeros(count)
    for onset, duration, pitch, velocity in beat_notes:
        first = round(onset)
        for beat in range(first, min(count, max(first + 1, int(np.ceil(onset + duration))))):
            chroma[beat, int(pitch) % 12] += velocity
        if pitch < 55 and abs(onset - first) < 0.2 and first < count:
            bass[first] += velocity * min(duration, 4.0) / 4
    chroma /= np.linalg.norm(chroma, axis=1, keepdims=True) + 1e-9
    change = np.concatenate([[0.0], 1 - (chroma[1:] * chroma[:-1]).sum(1)])
    evidence = change / (change.mean() + 1e-9) + bass / (bass.mean() + 1e-9)
    return int(np.argmax([evidence[phase::beats_per_bar].mean() for phase in range(beats_per_bar)]))
