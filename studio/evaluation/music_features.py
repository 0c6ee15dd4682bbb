"""What the evaluator of music hears: 155 hand-made numbers from the notes of a clip in seconds.

No tempo, bar or key metadata is used, and onsets within 50 ms count as one, so that a transcribed
performance and a generated score are treated alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

TOGETHER_S = 0.05
SEGMENT_S = 0.75
MIN_NOTES = 4
# Krumhansl & Kessler (1982) probe-tone profiles, tonic first.
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
CHORDS = {"maj": (0, 4, 7), "min": (0, 3, 7), "dim": (0, 3, 6), "aug": (0, 4, 8), "sus": (0, 5, 7),
          "dom7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "min7": (0, 3, 7, 10)}  # fmt: skip


def features_of(notes: np.ndarray) -> np.ndarray:
    """Gives the feature vector of one clip.

    Args:
        notes: (N, 4) onset_s, duration_s, pitch, velocity in any order; N >= 4.

    Returns:
        (F,) float32, finite; names in `feature_names()`.
    """
    return _np().array(list(named_features(notes).values()), dtype="float32")


def feature_names() -> list[str]:
    """Gives the names of the numbers of `features_of`, in order."""
    probe = [[0.5 * k, 0.4, 60 + (7 * k) % 12, 64] for k in range(16)]
    return list(named_features(_np().array(probe)))


def named_features(notes: np.ndarray) -> dict[str, float]:
    """Gives the features of one clip by name; see `features_of`."""
    np = _np()
    notes = np.asarray(notes, dtype=np.float64)
    if notes.ndim != 2 or notes.shape[1] != 4 or len(notes) < MIN_NOTES or not np.isfinite(notes).all():
        raise ValueError(
            f"expected at least {MIN_NOTES} notes as a finite (N, 4) array, got shape {notes.shape}"
        )
    notes = notes[np.lexsort((notes[:, 2], notes[:, 0]))]
    notes[:, 0] -= notes[0, 0]
    notes[:, 1] = np.clip(notes[:, 1], 0.02, 8.0)
    group = onset_groups(notes[:, 0])
    values: dict[str, float] = {}
    values |= timing(notes, group)
    values |= durations(notes, group)
    values |= loudness(notes, group)
    values |= register(notes, group)
    values |= harmony(notes)
    values |= melody(notes, group)
    return {name: float(np.nan_to_num(value)) for name, value in values.items()}


def onset_groups(onsets: np.ndarray) -> np.ndarray:
    """Numbers the moments at which something starts: onsets within 50 ms of the first of a moment share it.
    (N,)"""
    np = _np()
    group, start, number = np.zeros(len(onsets), dtype=int), onsets[0], 0
    for at, onset in enumerate(onsets):
        if onset - start > TOGETHER_S:
            start, number = onset, number + 1
        group[at] = number
    return group


def timing(notes: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Densities, inter-onset intervals, pulse."""
    np = _np()
    first = np.flatnonzero(np.diff(group, prepend=-1))
    moments, sizes = notes[first, 0], np.bincount(group)
    span = max(1.0, moments[-1] - moments[0])
    ioi = np.log2(np.clip(np.diff(moments), 0.05, 4.0)) if len(moments) > 1 else np.zeros(1)
    out = {"notes_per_s": np.log(len(notes) / span), "onsets_per_s": np.log(len(moments) / span)}
    out |= spread("notes_per_onset", sizes)
    out |= {f"onset_size_{k}": np.mean(sizes == k) for k in (1, 2, 3)} | {
        "onset_size_4up": np.mean(sizes > 3)
    }
    out |= spread("log_ioi", ioi) | quantiles("log_ioi", ioi, (10, 25, 50, 75, 90))
    out |= histogram("ioi", ioi, (-4.5, -3.2, -2.7, -2.2, -1.7, -1.2, -0.7, 0.0, 1.0, 2.1))
    out["ioi_change"] = np.mean(np.abs(np.diff(ioi))) if len(ioi) > 1 else 0.0
    counts = np.histogram(notes[:, 0], bins=np.arange(0.0, span + 2.0, 2.0))[0]
    out |= {
        "window_max": np.log1p(counts.max()),
        "window_min": np.log1p(counts[:-1].min() if len(counts) > 1 else 0),
    }
    out["window_cv"] = counts.std() / max(1e-3, counts.mean())
    return out | pulse(moments, notes, group)


def pulse(moments: np.ndarray, notes: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Strength and period of the beat: autocorrelation of the loudness of onsets on a 20 ms grid."""
    np = _np()
    train = np.zeros(int(moments[-1] / 0.02) + 2)
    np.add.at(train, (moments / 0.02).astype(int), np.bincount(group, notes[:, 3]) ** 0.5)
    train = np.convolve(train, np.hanning(7), "same")
    train = train - train.mean()
    size = 1 << (2 * len(train)).bit_length()
    power = np.abs(np.fft.rfft(train, size)) ** 2
    correlation = np.fft.irfft(power, size)[:101]
    correlation = correlation / max(1e-9, correlation[0])
    fast, slow = correlation[8:26], correlation[26:101]
    lag = (8 + int(correlation[8:].argmax())) * 0.02 if len(correlation) > 8 else 0.0
    out = {
        "pulse_fast": fast.max(initial=0.0),
        "pulse_slow": slow.max(initial=0.0),
        "pulse_lag": np.log(lag + 0.1),
    }
    return out


def durations(notes: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Lengths of notes, how far they reach into what follows, how many sound at once."""
    np = _np()
    log_duration = np.log2(notes[:, 1])
    first = np.flatnonzero(np.diff(group, prepend=-1))
    moments = np.append(notes[first, 0], notes[-1, 0] + notes[-1, 1])
    gap = np.clip(moments[group + 1] - notes[:, 0], 0.05, None)
    legato = np.log2(notes[:, 1] / gap)
    out = spread("log_duration", log_duration) | quantiles("log_duration", log_duration, (10, 50, 90))
    out |= histogram("duration", log_duration, (-6.0, -3.0, -2.0, -1.0, 0.0, 1.0, 3.1))
    out |= spread("legato", legato) | {"staccato": np.mean(legato < -0.5), "held": np.mean(legato > 1.0)}
    times = np.arange(0.0, notes[-1, 0] + 0.1, 0.1)
    starts, ends = np.sort(notes[:, 0]), np.sort(notes[:, 0] + notes[:, 1])
    sounding = np.searchsorted(starts, times, "right") - np.searchsorted(ends, times, "right")
    return out | spread("sounding", sounding) | {"silence": np.mean(sounding == 0)}


def loudness(notes: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Velocities: level, spread, accents, and the balance of high and low."""
    np = _np()
    velocity, pitch = notes[:, 3] / 127.0, notes[:, 2]
    peak = np.zeros(group[-1] + 1)
    np.maximum.at(peak, group, velocity)
    out = spread("velocity", velocity) | quantiles("velocity", velocity, (5, 25, 50, 75, 95))
    out["accent"] = np.mean(np.abs(np.diff(peak))) if len(peak) > 1 else 0.0
    low, high = pitch < np.median(pitch), pitch >= np.median(pitch)
    out["velocity_high_low"] = velocity[high].mean() - (
        velocity[low].mean() if low.any() else velocity.mean()
    )
    out["velocity_pitch"] = correlate(velocity, pitch)
    thirds = [part.mean() for part in np.array_split(velocity, 3)]
    return out | {"velocity_drift": thirds[2] - thirds[0], "velocity_swell": max(thirds) - min(thirds)}


def register(notes: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Where on the keyboard it plays, overall, at the top and in the bass."""
    np = _np()
    pitch = (notes[:, 2] - 60) / 12.0
    top, bottom = np.full(group[-1] + 1, -9.0), np.full(group[-1] + 1, 9.0)
    np.maximum.at(top, group, pitch)
    np.minimum.at(bottom, group, pitch)
    out = spread("pitch", pitch) | quantiles("pitch", pitch, (5, 25, 50, 75, 95))
    out |= histogram("register", notes[:, 2], (0, 41, 48, 54, 60, 66, 72, 78, 84, 128))
    out |= spread("top", top) | spread("bottom", bottom) | {"onset_span": np.mean(top - bottom)}
    span = max(1.0, notes[-1, 0])
    out["bass_per_s"] = np.log1p(np.sum(notes[:, 2] < 48) / span)
    out["treble_per_s"] = np.log1p(np.sum(notes[:, 2] >= 72) / span)
    weighted = notes[:, 1] * pitch
    return out | {"pitch_by_duration": weighted.sum() / notes[:, 1].sum()}


def harmony(notes: np.ndarray) -> dict[str, float]:
    """Key, mode, scale degrees, chords, dissonance and change of harmony."""
    np = _np()
    pitch = notes[:, 2].astype(int)
    weight = np.sqrt(notes[:, 1])
    chroma = np.bincount(pitch % 12, weight, minlength=12)
    chroma = chroma / chroma.sum()
    majors, minors = key_correlations(chroma)
    tonic = int(np.argmax(np.maximum(majors, np.roll(minors, 3))))  # of the major key or the relative major
    out = {"major": majors.max(), "minor": minors.max(), "mode": majors.max() - minors.max()}
    out |= {
        "relative_mode": majors[tonic] - minors[(tonic + 9) % 12],
        "parallel_mode": majors[tonic] - minors[tonic],
    }
    out["chroma_entropy"] = -(chroma * np.log2(chroma + 1e-9)).sum()
    out |= {f"degree_{k}": value for k, value in enumerate(np.roll(chroma, -tonic))}
    out["in_scale"] = np.roll(chroma, -tonic)[[0, 2, 4, 5, 7, 9, 11]].sum()
    bass = bass_chroma(notes)
    out |= {f"bass_degree_{k}": value for k, value in enumerate(np.roll(bass, -tonic))}
    first, last = (chroma_of(part) for part in (notes[: len(notes) // 4 + 1], notes[-len(notes) // 6 :]))
    final = [correlations.max() for correlations in key_correlations(last)]
    out |= {"mode_at_end": final[0] - final[1], "chroma_travel": np.abs(first - chroma).sum()}
    return out | segments(notes)


def segments(notes: np.ndarray) -> dict[str, float]:
    """Chord qualities, interval classes and change over segments of 0.75 s."""
    np = _np()
    count = int(notes[-1, 0] / SEGMENT_S) + 1
    edges = np.arange(count) * SEGMENT_S
    overlap = np.minimum(notes[None, :, 0] + notes[None, :, 1], edges[:, None] + SEGMENT_S)
    overlap = np.clip(overlap - np.maximum(notes[None, :, 0], edges[:, None]), 0.0, None)  # (S, N)
    chroma = overlap @ np.eye(12)[notes[:, 2].astype(int) % 12]  # (S, 12)
    chroma = chroma[chroma.sum(1) > 1e-6]
    chroma = np.minimum(chroma / chroma.max(1, keepdims=True), 0.7)
    chroma = chroma / np.linalg.norm(chroma, axis=1, keepdims=True)
    names, templates = chord_templates()
    fit = chroma @ templates.T  # (S, chords * 12)
    kinds = fit.reshape(len(chroma), len(names), 12).max(2)  # (S, chords)
    best = np.bincount(kinds.argmax(1), minlength=len(names)) / len(chroma)
    out = {f"chord_{name}": share for name, share in zip(names, best, strict=True)}
    out |= {"chord_fit": kinds.max(1).mean(), "major_minor_fit": (kinds[:, 0] - kinds[:, 1]).mean()}
    binary = chroma / np.maximum(chroma.sum(1, keepdims=True), 1e-9)
    for interval in range(1, 7):
        pairs = (binary * np.roll(binary, -interval, axis=1)).sum(1)
        out[f"interval_class_{interval}"] = 10 * pairs.mean()
    moves = 1 - (chroma[1:] * chroma[:-1]).sum(1) if len(chroma) > 1 else np.zeros(1)
    out |= spread("harmonic_change", moves)
    out["pitch_classes_at_once"] = (chroma > 0.1).sum(1).mean()
    roots = fit[:, :24].argmax(1) % 12  # of the best major or minor triad
    steps = (np.diff(roots) % 12) if len(roots) > 1 else np.zeros(1)
    out |= {"root_fifths": np.isin(steps, (5, 7)).mean(), "root_thirds": np.isin(steps, (3, 4, 8, 9)).mean()}
    return out | {"root_steps": np.isin(steps, (1, 2, 10, 11)).mean(), "root_same": np.mean(steps == 0)}


def melody(notes: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Intervals of the top line, and how much it repeats."""
    np = _np()
    top = np.zeros(group[-1] + 1)
    np.maximum.at(top, group, notes[:, 2])
    line = top[top >= np.median(top) - 7]  # without accompaniment that shows between the notes of the melody
    steps = np.diff(line) if len(line) > 1 else np.zeros(1)
    size = np.abs(steps)
    out = spread("melody_step", size) | {"melody_rise": np.mean(np.sign(steps))}
    out |= {"melody_same": np.mean(size == 0), "melody_stepwise": np.mean((size > 0) & (size < 3))}
    out |= {"melody_thirds": np.mean((size > 2) & (size < 5)), "melody_leaps": np.mean(size >= 5)}
    out |= {"melody_octaves": np.mean(size == 12), "melody_minor_second": np.mean(size == 1)}
    out["melody_turns"] = np.mean(np.diff(np.sign(steps)) != 0) if len(steps) > 1 else 0.0
    out["melody_range"] = np.ptp(line) / 12
    pairs = notes[1:, 2] - notes[:-1, 2]
    out["pitch_repeats"] = np.mean(pairs == 0)
    out["distinct_pitches"] = np.log(len(np.unique(notes[:, 2])))
    thirds = [part.mean() for part in np.array_split(notes[:, 2], 3)]
    return out | {"pitch_drift": (thirds[2] - thirds[0]) / 12}


def key_correlations(chroma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gives Pearson's r of (12,) pitch-class weights with the 12 major and the 12 minor key profiles, by
    tonic.

    Source: Krumhansl, "Cognitive Foundations of Musical Pitch" (1990), the Krumhansl-Schmuckler key finding.
    """
    np = _np()
    centred = chroma - chroma.mean()
    centred = centred / max(1e-9, np.linalg.norm(centred))
    answers = []
    for profile in (MAJOR, MINOR):
        shape = np.array(profile) - np.mean(profile)
        shape = shape / np.linalg.norm(shape)
        answers.append(np.array([centred @ np.roll(shape, tonic) for tonic in range(12)]))
    return answers[0], answers[1]


def chroma_of(notes: np.ndarray) -> np.ndarray:
    np = _np()
    chroma = np.bincount(notes[:, 2].astype(int) % 12, np.sqrt(notes[:, 1]), minlength=12)
    return chroma / chroma.sum()


def bass_chroma(notes: np.ndarray) -> np.ndarray:
    """Pitch classes of the lowest note of each segment of 0.75 s, by duration. (12,)"""
    np = _np()
    segment = (notes[:, 0] / SEGMENT_S).astype(int)
    order = np.lexsort((notes[:, 2], segment))
    lowest = order[np.flatnonzero(np.diff(segment[order], prepend=-1))]
    return chroma_of(notes[lowest])


def chord_templates() -> tuple[list[str], np.ndarray]:
    """Names of chord kinds, and (kinds * 12, 12) unit templates: every kind on every root."""
    np = _np()
    rows = []
    for tones in CHORDS.values():
        template = np.zeros(12)
        template[list(tones)] = 1 / np.sqrt(len(tones))
        rows += [np.roll(template, root) for root in range(12)]
    return list(CHORDS), np.array(rows)


def spread(name: str, values: np.ndarray) -> dict[str, float]:
    return {f"{name}_mean": values.mean(), f"{name}_std": values.std()}


def quantiles(name: str, values: np.ndarray, percents: tuple[int, ...]) -> dict[str, float]:
    np = _np()
    return {f"{name}_p{p}": v for p, v in zip(percents, np.percentile(values, percents), strict=True)}


def histogram(name: str, values: np.ndarray, edges: tuple[float, ...]) -> dict[str, float]:
    shares = _np().histogram(values, bins=edges)[0] / len(values)
    return {f"{name}_bin{k}": share for k, share in enumerate(shares)}


def correlate(a: np.ndarray, b: np.ndarray) -> float:
    scale = a.std() * b.std()
    return float(((a - a.mean()) * (b - b.mean())).mean() / scale) if scale > 1e-9 else 0.0


def _np():  # type: ignore[no-untyped-def]
    import numpy

    return numpy
