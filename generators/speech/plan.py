"""The plan of an utterance: for every token its length, f0, energy, tilt and periodicity, free of who speaks.

Values are residuals: what is usual for the phone and for the speaker's neutral voice is taken away, so that
what an emotion does to one speaker can be asked of another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generators.voice.features import Frames, continuous_log_f0
from generators.voice.phones import SYMBOLS

from .tokens import NUM_BOUNDARIES, TokenRow

VALUES = ("duration", "f0_start", "f0_middle", "f0_end", "energy", "tilt", "periodicity")
DURATION, F0, ENERGY, TILT, PERIODICITY = 0, slice(1, 4), 4, 5, 6  # columns of the values
NUM_KINDS = len(SYMBOLS) + NUM_BOUNDARIES  # kinds of token: phones, then pauses by what stands there
F0_AT = (1 / 6, 1 / 2, 5 / 6)  # of a token's length
# Bands of the mel spectrogram, 0.1 to 1 kHz and 2 to 7 kHz: EmoDB has nothing above 8.
LOW_BANDS, HIGH_BANDS = slice(3, 29), slice(45, 84)
# Whole-utterance expression: what faders and emotions move.
EXPRESSION = ("rate", "f0_level", "f0_range", "energy", "energy_range", "tilt", "periodicity", "pauses")


@dataclass(frozen=True)
class VoiceStatistics:
    """What is usual.

    Attributes:
        kind_mean: (kinds, 7) of each kind of token, in raw units. scale: (7,) spread of what is left.
        speaker_mean: (K, 7) of each speaker's neutral speech, less the kinds' means.
    """

    kind_mean: np.ndarray
    scale: np.ndarray
    speaker_mean: np.ndarray


def kinds_of(row: TokenRow) -> np.ndarray:
    """The kind of each token, (N,)."""
    return np.where(row.is_pause, len(SYMBOLS) + row.boundary, row.symbol)


def raw_values(frames: Frames, durations: np.ndarray) -> np.ndarray:
    """Measures every token.

    Args:
        durations: (N,) frames, together T.

    Returns:
        (N, 7) float32: log(1 + frames), log f0 at three places, dB, tilt in log units, periodicity; NaN where
        there is nothing to measure.
    """
    tilt = tilt_of(frames.log_mel)
    ends = durations.cumsum()
    starts = ends - durations
    log_f0 = continuous_log_f0(frames.f0_hz)
    at = starts[:, None] + durations[:, None] * np.array(F0_AT) - 0.5
    out = np.full((len(durations), len(VALUES)), np.nan, np.float32)
    out[:, 0] = np.log1p(durations)
    if log_f0 is not None:
        out[:, 1:4] = np.interp(at.ravel(), np.arange(len(log_f0)), log_f0).reshape(at.shape)
    energy = frames.energy_db
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if end <= start:
            continue
        out[index, 4] = energy[start:end].mean()
        out[index, 5] = tilt[start:end].mean()
        voiced = frames.f0_hz[start:end] > 0
        if voiced.any():
            out[index, 6] = frames.periodicity[start:end][voiced].mean()
    return out


def tilt_of(log_mel: np.ndarray) -> np.ndarray:
    """How much stronger the high bands are than the low ones, (..., 100) -> (...), log units."""
    return log_mel[..., HIGH_BANDS].mean(-1) - log_mel[..., LOW_BANDS].mean(-1)


def residuals(raw: np.ndarray, kinds: np.ndarray, speaker: int, statistics: VoiceStatistics) -> np.ndarray:
    """(N, 7) raw values -> (N, 7) residuals of about unit spread; nothing measured is 0."""
    usual = statistics.kind_mean[kinds] + statistics.speaker_mean[speaker]
    return np.nan_to_num((raw - usual) / statistics.scale).astype(np.float32)


def raw_of(values: np.ndarray, kinds: np.ndarray, speaker: int, statistics: VoiceStatistics) -> np.ndarray:
    """The inverse of `residuals`."""
    return values * statistics.scale + statistics.kind_mean[kinds] + statistics.speaker_mean[speaker]


def fit_statistics(
    raw: list[np.ndarray],
    kinds: list[np.ndarray],
    speakers: np.ndarray,
    neutral: np.ndarray,
    num_speakers: int,
) -> VoiceStatistics:
    """Fits what is usual on neutral speech.

    The kinds' means come from all speakers, each first brought to the common mean, so that speakers with few
    sentences do not bend them.

    Args:
        raw: (N, 7) of each utterance. kinds: (N,) of each. speakers: (U,) index. neutral: (U,) bool.
    """
    kind_mean = np.zeros((NUM_KINDS, len(VALUES)))
    speaker_mean = np.zeros((num_speakers, len(VALUES)))
    own = {k: [i for i in np.flatnonzero(neutral) if speakers[i] == k] for k in range(num_speakers)}
    values, where, who = (
        np.concatenate([np.asarray(source(i)) for i in np.flatnonzero(neutral)])
        for source in (lambda i: raw[i], lambda i: kinds[i], lambda i: np.full(len(raw[i]), speakers[i]))
    )
    for _ in range(3):
        for kind in range(NUM_KINDS):
            rows = where == kind
            if rows.any():
                kind_mean[kind] = nan_mean(values[rows] - speaker_mean[who[rows]])
        kind_mean[:, F0] = 0  # one level for all, so that a contour runs through
        speech = where < len(SYMBOLS)
        for k, utterances in own.items():
            if utterances:
                rows = speech & (who == k) & (where > 0)
                speaker_mean[k] = nan_mean(values[rows] - kind_mean[where[rows]])
    left = values - kind_mean[where] - speaker_mean[who]
    scale = np.sqrt(nan_mean(left[where < len(SYMBOLS)] ** 2))
    scale[1:4] = scale[1:4].mean()
    return VoiceStatistics(
        kind_mean.astype(np.float32), scale.astype(np.float32), speaker_mean.astype(np.float32)
    )


def nan_mean(values: np.ndarray) -> np.ndarray:
    """Mean of each column over what was measured; 0 where nothing was."""
    known = ~np.isnan(values)
    return np.where(known, values, 0).sum(0) / np.maximum(known.sum(0), 1)


def expression_of(values: np.ndarray, row: TokenRow) -> np.ndarray:
    """Sums up an utterance's residuals, (N, 7) -> (8,) named by `EXPRESSION`."""
    phones, pauses = values[~row.is_pause], values[row.is_pause][1:-1]
    f0 = phones[:, 1:4].mean(1)
    return np.array(
        [
            -phones[:, 0].mean(),
            f0.mean(),
            np.log(f0.std() + 0.1),
            phones[:, 4].mean(),
            np.log(phones[:, 4].std() + 0.1),
            phones[:, 5].mean(),
            phones[:, 6].mean(),
            pauses[:, 0].mean() if len(pauses) else 0.0,
        ],
        np.float32,
    )


def merge_short_pauses(durations: np.ndarray, row: TokenRow, shortest: int = 4) -> np.ndarray:
    """Gives pauses shorter than `shortest` frames to their neighbours.

    The aligner must give each token a frame, also where nobody stopped.

    Pauses at both ends stay.
    """
    out = durations.copy()
    for index in np.flatnonzero(row.is_pause)[1:-1]:
        if out[index] < shortest:
            half = out[index] // 2
            out[index - 1] += out[index] - half
            out[index + 1] += half
            out[index] = 0
    return out


def contour_of(f0_values: np.ndarray, durations: np.ndarray) -> np.ndarray:
    """Draws straight lines through the f0 values of each token, (N, 3) -> (T,)."""
    ends = durations.cumsum()
    at = (ends - durations)[:, None] + durations[:, None] * np.array(F0_AT) - 0.5
    lasting = durations > 0
    return np.interp(np.arange(ends[-1]), at[lasting].ravel(), f0_values[lasting].ravel()).astype(np.float32)
