"""Sound to frames: log-mel spectrogram, f0, periodicity; the same for training and for what people give."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

SAMPLE_RATE = 24_000
N_FFT = 1024
HOP_LENGTH = 256
N_MELS = 100
FRAME_RATE = SAMPLE_RATE / HOP_LENGTH  # Hz
LOG_FLOOR = 1e-5
LOG_PER_DB = np.log(10) / 20  # of amplitude
F0_MIN_HZ, F0_MAX_HZ = 60.0, 800.0
SMOOTHING_STEP = 0.05  # of log f0, between the widths of the envelope's smoothing
NEUTRAL_LEVEL_DB = -28.0  # of active neutral speech, so that shouting does not clip


@dataclass(frozen=True)
class Frames:
    """What is known of an utterance at each of T frames.

    Attributes:
        log_mel: (T, 100) natural log. f0_hz: (T,), 0 where unvoiced.
        periodicity: (T,) 0..1, how like one period is to the next; low in breathy and unvoiced speech.
    """

    log_mel: np.ndarray
    f0_hz: np.ndarray
    periodicity: np.ndarray

    def between(self, first: int, last: int) -> Frames:
        """Gives a stretch of frames."""
        at = slice(first, last)
        return Frames(self.log_mel[at], self.f0_hz[at], self.periodicity[at])

    @property
    def envelope(self) -> np.ndarray:
        """The spectrogram without harmonics. (T, 100)"""
        return smooth_envelope(self.log_mel, self.f0_hz)

    @property
    def energy_db(self) -> np.ndarray:
        """Loudness of each frame, from the mel spectrogram. (T,)"""
        return energy_db(self.log_mel)


def energy_db(log_mel: np.ndarray) -> np.ndarray:
    """(..., 100) -> (...): level of a frame in dB, floored 80 dB below full scale."""
    power = (np.exp(log_mel.astype(np.float32)) ** 2).mean(-1)
    return 10 * np.log10(power + 1e-8)


def analyse(samples: np.ndarray) -> Frames:
    """Gives the frames of mono sound at 24 kHz.

    Args:
        samples: (S,) float in -1..1.
    """
    mel = log_mel(torch.from_numpy(np.ascontiguousarray(samples, np.float32))[None])[0].numpy().T
    f0 = track_f0(samples, len(mel))
    return Frames(mel, f0, periodicity(samples, f0))


def log_mel(samples: Tensor) -> Tensor:
    """(B, S) at 24 kHz -> (B, 100, 1 + S // 256), frames centred on multiples of the hop."""
    window = torch.hann_window(N_FFT, device=samples.device)
    spectrum = torch.stft(
        samples, N_FFT, HOP_LENGTH, window=window, center=True, pad_mode="constant", return_complex=True
    ).abs()  # (B, 513, T)
    return (mel_filters().to(samples.device) @ spectrum).clamp(min=LOG_FLOOR).log()


@lru_cache(maxsize=1)
def mel_filters() -> Tensor:
    """(100, 513) triangular filters from 0 to 12 kHz.

    Source: Slaney 1998, "Auditory toolbox" (scale and area normalisation), by transformers' implementation.
    """
    from transformers.audio_utils import mel_filter_bank

    filters = mel_filter_bank(
        N_FFT // 2 + 1, N_MELS, 0.0, SAMPLE_RATE / 2, SAMPLE_RATE, norm="slaney", mel_scale="slaney"
    )
    # Area normalisation makes the filters' gain about 0.02; scaled so that a log-mel of 0 is loud.
    return torch.from_numpy(filters.T.astype(np.float32))


def smooth_envelope(log_mel: np.ndarray, f0_hz: np.ndarray) -> np.ndarray:
    """Takes the harmonics out of a spectrogram: the power of each band averaged over one f0 around it.

    What is left is the envelope alone, which is smooth, the same for every melody, and so far easier to
    learn; the vocoder puts the harmonics back.

    Args:
        log_mel: (T, 100). f0_hz: (T,), 0 where unvoiced: those frames stay as they are.

    Returns:
        (T, 100)

    Source: the idea of Morise 2015, "CheapTrick", section 3.2 (smoothing as wide as f0), on mel bands.
    """
    out = log_mel.astype(np.float32).copy()
    steps = np.round(np.log(f0_hz.clip(F0_MIN_HZ) / F0_MIN_HZ) / SMOOTHING_STEP).astype(int)
    for step in np.unique(steps[f0_hz > 0]):
        rows = (f0_hz > 0) & (steps == step)
        power = np.exp(2 * out[rows])
        out[rows] = 0.5 * np.log(power @ smoothing_matrix(int(step)).T)
    return out


@lru_cache(maxsize=256)
def smoothing_matrix(step: int) -> np.ndarray:
    """(100, 100) weights that average bands within half an f0 on each side."""
    width = F0_MIN_HZ * np.exp(step * SMOOTHING_STEP)
    edges = band_edges_hz()
    centres = (edges[:-1] + edges[1:]) / 2
    low, high = centres[:, None] - width / 2, centres[:, None] + width / 2
    # The lowest bands look upwards only as far as they look down, which ends at 0 Hz.
    covered = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
    weights = covered.clip(0) + 1e-9 * np.eye(N_MELS)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


@lru_cache(maxsize=1)
def band_edges_hz() -> np.ndarray:
    """Where each mel band gives way to the next, (101,) Hz."""
    from transformers.audio_utils import hertz_to_mel, mel_to_hertz

    top = float(hertz_to_mel(SAMPLE_RATE / 2, mel_scale="slaney"))
    mels = (np.arange(N_MELS + 1) + 0.5) * top / (N_MELS + 1)
    return np.asarray(mel_to_hertz(mels, mel_scale="slaney"))


def track_f0(samples: np.ndarray, num_frames: int) -> np.ndarray:
    """Gives f0 in Hz for each frame, 0 where unvoiced: two passes, the second in the speaker's own range.

    Source: Morise et al. 2009 (DIO) and 2017 (StoneMask), by the WORLD vocoder's implementation.
    """
    import pyworld

    sound = np.ascontiguousarray(samples, np.float64)
    period_ms = 1000 * HOP_LENGTH / SAMPLE_RATE
    floor, ceiling = F0_MIN_HZ, F0_MAX_HZ
    for _ in range(2):
        rough, times = pyworld.dio(
            sound, SAMPLE_RATE, f0_floor=floor, f0_ceil=ceiling, frame_period=period_ms, allowed_range=0.2
        )
        voiced = rough[rough > 0]
        if len(voiced) < 10:
            break
        middle = np.median(voiced)
        floor, ceiling = max(F0_MIN_HZ, middle / 2.2), min(F0_MAX_HZ, middle * 2.4)
    f0 = pyworld.stonemask(sound, rough, times, SAMPLE_RATE)
    out = np.zeros(num_frames, np.float32)
    out[: min(num_frames, len(f0))] = f0[:num_frames]
    return out


def continuous_log_f0(f0_hz: np.ndarray) -> np.ndarray | None:
    """Log f0 with straight lines through unvoiced frames; None where nothing is voiced. (T,)"""
    voiced = np.flatnonzero(f0_hz > 0)
    if not len(voiced):
        return None
    return np.interp(np.arange(len(f0_hz)), voiced, np.log(f0_hz[voiced])).astype(np.float32)


def periodicity(samples: np.ndarray, f0_hz: np.ndarray) -> np.ndarray:
    """Correlation of each frame with itself one period later, 0 where unvoiced. (T,) in 0..1

    Source: the normalised cross-correlation of Talkin 1995 (RAPT), equation 2, at the known lag.
    """
    voiced = np.flatnonzero(f0_hz > 0)
    out = np.zeros(len(f0_hz), np.float32)
    if not len(voiced):
        return out
    padded = np.pad(samples.astype(np.float32), (2048, 2048))
    length = 768  # 32 ms: two periods and more of a deep voice
    lag = np.round(SAMPLE_RATE / f0_hz[voiced]).astype(int)
    start = voiced * HOP_LENGTH + 2048 - (length + lag) // 2
    at = start[:, None] + np.arange(length)
    left, right = padded[at], padded[at + lag[:, None]]
    norm = np.sqrt((left**2).sum(1) * (right**2).sum(1)) + 1e-6
    out[voiced] = np.clip((left * right).sum(1) / norm, 0, 1)
    return out


def active_level_db(samples: np.ndarray) -> float:
    """Gives the level of the speech in a recording: the power of frames within 25 dB of the loudest."""
    usable = len(samples) // HOP_LENGTH * HOP_LENGTH
    power = (samples[:usable].reshape(-1, HOP_LENGTH).astype(np.float64) ** 2).mean(1) + 1e-10
    loud = power > power.max() * 10**-2.5
    return float(10 * np.log10(power[loud].mean()))


def trim_silence(samples: np.ndarray, margin_s: float = 0.08, range_db: float = 40.0) -> np.ndarray:
    """Cuts the silence at both ends, leaving a margin."""
    usable = len(samples) // HOP_LENGTH * HOP_LENGTH
    power = (samples[:usable].reshape(-1, HOP_LENGTH).astype(np.float64) ** 2).mean(1) + 1e-10
    smooth = np.convolve(power, np.ones(3) / 3, "same")
    loud = np.flatnonzero(smooth > smooth.max() * 10 ** (-range_db / 10))
    margin = int(margin_s * SAMPLE_RATE)
    return samples[max(0, loud[0] * HOP_LENGTH - margin) : (loud[-1] + 1) * HOP_LENGTH + margin]
