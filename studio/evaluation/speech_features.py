"""What the evaluator of emotional speech hears: numbers of a whole clip at 16 kHz, nothing above 6.8 kHz.

Own settings and own code, on purpose: nothing is shared with the features that speech is generated from.
Neither the gain nor the length of a clip enters, and spectra have a floor 50 dB below the loud parts, so that
neither the text nor the noise of a room is heard. After the sets of Eyben et al., "The Geneva Minimalistic
Acoustic Parameter Set", IEEE Transactions on Affective Computing 2016.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .speech_audio import RATE, at_rate, need, trimmed

if TYPE_CHECKING:
    import numpy as np

HOP = 160
WINDOW = 512
FRAMES_PER_S = RATE / HOP
F0_FLOOR_HZ, F0_CEIL_HZ = 65.0, 750.0
TOP_HZ = 6800.0
NUM_MELS = 28
NUM_MFCC = 12
FLOOR_DB = -50.0
MIN_S = 0.3
SILENCE_DB = -25.0


def features_of(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Gives the feature vector of one clip.

    Args:
        samples: (S,) or (C, S) in -1..1, at least 0.3 s of sound.
        sample_rate: Hz.

    Returns:
        (F,) float32, finite; names in `feature_names()`.

    Raises:
        ValueError: not sound, too short, or silent.
    """
    return _np().array(list(named_features(samples, sample_rate).values()), dtype="float32")


def feature_names() -> list[str]:
    """Gives the names of the numbers of `features_of`, in order."""
    np = _np()
    time = np.arange(RATE) / RATE
    probe = np.sin(2 * np.pi * 150 * time) * (1 + 0.5 * np.sin(2 * np.pi * 4 * time)) * 0.3
    return list(named_features(probe, RATE))


def named_features(samples: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Gives the features of one clip by name; see `features_of`."""
    np = _np()
    sound = trimmed(at_rate(samples, sample_rate))
    if len(sound) < MIN_S * RATE:
        raise ValueError(f"expected at least {MIN_S} s of sound, got {len(sound) / RATE:.2f} s")
    if np.sqrt(np.mean(sound.astype(np.float64) ** 2)) < 1e-5:
        raise ValueError("expected speech, got silence")
    sound = sound.astype(np.float64)
    power = spectrum(sound)  # (T, 257)
    f0 = pitch(sound, len(power))  # (T,), 0 where unvoiced
    level = 10 * np.log10(power[:, bins(100, TOP_HZ)].sum(1) + 1e-9)
    level_top = np.percentile(level, 95)
    loud = level - level_top  # dB below the loud parts
    power = power + 10 ** ((level_top + FLOOR_DB) / 10) / power.shape[1]
    voiced = (f0 > 0) & (loud > -35)
    values: dict[str, float] = {}
    values |= melody(f0, voiced)
    values |= rhythm(voiced, loud, power)
    values |= loudness(loud, sound)
    values |= timbre(power, voiced, loud)
    values |= voice(power, f0, voiced, sound)
    return {name: float(np.nan_to_num(value)) for name, value in values.items()}


def spectrum(sound: np.ndarray) -> np.ndarray:
    """Power spectra of 32 ms Hann windows every 10 ms: (T, 257)."""
    np = _np()
    padded = np.pad(sound, WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2 / WINDOW


def bins(low_hz: float, high_hz: float) -> slice:
    """The bins of `spectrum` from one frequency up to another."""
    return slice(round(low_hz * WINDOW / RATE), round(high_hz * WINDOW / RATE) + 1)


def pitch(sound: np.ndarray, num_frames: int) -> np.ndarray:
    """f0 in Hz every 10 ms, 0 where unvoiced: (T,).

    Source: Morise, "DIO" (2009) with StoneMask, as in WORLD.
    """
    np, world = _np(), need("pyworld")
    coarse, times = world.dio(sound, RATE, F0_FLOOR_HZ, F0_CEIL_HZ, frame_period=10.0)
    f0 = np.zeros(num_frames)
    found = world.stonemask(sound, coarse, times, RATE)[:num_frames]
    f0[: len(found)] = found
    return f0


def melody(f0: np.ndarray, voiced: np.ndarray) -> dict[str, float]:
    """Level, range, tune and unsteadiness of f0, in semitones."""
    np = _np()
    semitones = np.where(voiced, 12 * np.log2(np.maximum(f0, 1.0) / 55.0), 0.0)
    if voiced.sum() < 5:
        semitones, voiced = np.zeros(10), np.ones(10, dtype=bool)
    tones = without_jumps(semitones[voiced])
    out = {f"f0_p{q}": np.percentile(tones, q) for q in (5, 20, 50, 80, 95)}
    out["f0_mean"], out["f0_std"] = tones.mean(), tones.std()
    out["f0_range"] = out["f0_p95"] - out["f0_p5"]
    out["f0_skew"] = (out["f0_p95"] + out["f0_p5"] - 2 * out["f0_p50"]) / (out["f0_range"] + 1.0)
    place = np.linspace(-0.5, 0.5, len(tones))
    out["f0_fall"] = np.polyfit(place, tones, 1)[0]
    third = max(1, len(tones) // 3)
    out["f0_start"], out["f0_end"] = (
        tones[:third].mean() - tones.mean(),
        tones[-third:].mean() - tones.mean(),
    )
    slopes, bends, trembles = [0.0], [0.0], [0.0]
    for start, end in runs(voiced):
        piece = semitones[start:end]
        if len(piece) >= 6:
            slopes.append(np.polyfit(np.arange(len(piece)) / FRAMES_PER_S, piece, 1)[0])
            smooth = np.convolve(piece, np.ones(5) / 5, "valid")
            bends.append(np.abs(np.diff(smooth)).mean() * FRAMES_PER_S)
            trembles.append(np.minimum(np.abs(np.diff(piece, 2)), 2).mean())
    slopes_ = np.clip(slopes, -80, 80)
    out["f0_slope"], out["f0_slope_std"] = slopes_.mean(), slopes_.std()
    out["f0_rising"] = (slopes_ > 5).mean()
    out["f0_bend"], out["f0_bend_std"] = np.mean(np.minimum(bends, 100)), np.std(np.minimum(bends, 100))
    out["f0_tremble"] = np.log(np.mean(trembles) + 0.01)
    return out


def without_jumps(tones: np.ndarray) -> np.ndarray:
    """Leaves out what is more than an octave from the median: octave errors of the tracker. (T,)"""
    np = _np()
    kept = tones[np.abs(tones - np.median(tones)) < 14]
    return kept if len(kept) >= 5 else tones


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of True as (start, end)."""
    np = _np()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def rhythm(voiced: np.ndarray, loud: np.ndarray, power: np.ndarray) -> dict[str, float]:
    """How fast and how evenly: voiced stretches, pauses, bumps and modulation of the loudness."""
    np = _np()
    seconds = len(voiced) / FRAMES_PER_S
    speaking = loud > SILENCE_DB
    spoken_s = max(0.1, speaking.mean() * seconds)
    lengths = np.array([end - start for start, end in runs(voiced) if end - start >= 3] or [1]) / FRAMES_PER_S
    pauses = np.array([end - start for start, end in runs(~speaking)] or [0]) / FRAMES_PER_S
    out = {
        "voiced_share": voiced[speaking].mean() if speaking.any() else 0.0,
        "voiced_per_s": len(lengths) / seconds,
        "voiced_length": np.log(lengths.mean()),
        "voiced_length_std": lengths.std(),
        "pause_share": 1 - speaking.mean(),
        "long_pauses": pauses[pauses > 0.15].sum() / seconds,
    }
    band = 10 * np.log10(power[:, bins(300, 3000)].sum(1) + 1e-9)
    smooth = np.convolve(band, np.hanning(9) / np.hanning(9).sum(), "same")
    inner = smooth[1:-1]
    peaks = np.flatnonzero((inner > smooth[:-2]) & (inner >= smooth[2:]) & (inner > smooth.max() - 25)) + 1
    depth = [smooth[a] - smooth[a : b + 1].min() for a, b in pairwise(peaks)]
    strong = 1 + int(np.sum(np.array(depth) > 2.0)) if len(peaks) else 0
    out["bumps_per_s"], out["bumps_per_spoken_s"] = strong / seconds, strong / spoken_s
    out["bump_depth"] = np.mean(depth) if depth else 0.0
    envelope = np.maximum(loud, -40) - np.maximum(loud, -40).mean()
    size = max(512, 1 << (len(envelope) - 1).bit_length())
    modulation = np.abs(np.fft.rfft(envelope * np.hanning(len(envelope)), size)) ** 2
    hz = np.fft.rfftfreq(size, 1 / FRAMES_PER_S)
    total = modulation[(hz > 0.8) & (hz < 25)].sum() + 1e-9
    for low, high in ((0.8, 2.5), (2.5, 4.5), (4.5, 7.5), (7.5, 12), (12, 25)):
        out[f"modulation_{low:g}"] = np.log(modulation[(hz >= low) & (hz < high)].sum() / total + 1e-3)
    return out


def loudness(loud: np.ndarray, sound: np.ndarray) -> dict[str, float]:
    """Movements of the loudness below its top, in dB; a turned-up recording sounds the same."""
    np = _np()
    speaking = loud > SILENCE_DB
    inside = loud[speaking]
    change = np.diff(np.maximum(loud, -40)) * FRAMES_PER_S / 100
    out = {f"loud_p{q}": np.percentile(inside, q) for q in (20, 50, 80)}
    out["loud_std"] = inside.std()
    out["loud_rise"], out["loud_drop"] = change[change > 0].mean(), change[change < 0].mean()
    out["loud_change_std"] = change.std()
    third = max(1, len(inside) // 3)
    out["loud_end"] = inside[-third:].mean() - inside[:third].mean()
    out["loud_fall"] = np.polyfit(np.linspace(-0.5, 0.5, len(inside)), inside, 1)[0]
    out["peak_factor"] = 20 * np.log10(np.abs(sound).max() / np.sqrt(np.mean(sound**2)))
    return out


def mel_bank() -> np.ndarray:
    """(257, 28) triangles, evenly spaced in mel from 60 to 6800 Hz."""
    np = _np()
    edges = np.linspace(*(2595 * np.log10(1 + np.array([60.0, TOP_HZ]) / 700)), NUM_MELS + 2)
    hz = 700 * (10 ** (edges / 2595) - 1)
    at = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, None]
    rise, fall = (at - hz[:-2]) / (hz[1:-1] - hz[:-2]), (hz[2:] - at) / (hz[2:] - hz[1:-1])
    return np.maximum(0.0, np.minimum(rise, fall))


def timbre(power: np.ndarray, voiced: np.ndarray, loud: np.ndarray) -> dict[str, float]:
    """Balance of the spectrum, in voiced, in the loudest and in unvoiced frames."""
    np = _np()

    def band(low: float, high: float) -> Any:
        return 10 * np.log10(power[:, bins(low, high)].sum(1))

    mel = 10 * np.log10(power @ mel_bank() + 1e-12)
    order = np.arange(1, NUM_MFCC + 1)[:, None]
    basis = np.cos(np.pi * order * (np.arange(NUM_MELS) + 0.5) / NUM_MELS) * np.sqrt(2 / NUM_MELS)
    mfcc = mel @ basis.T  # (T, 12)
    hz = np.fft.rfftfreq(WINDOW, 1 / RATE)[bins(60, TOP_HZ)]
    inside = power[:, bins(60, TOP_HZ)]
    peak = 10 * np.log10(power)
    curves = {
        "alpha": band(60, 1000) - band(1000, 5000),
        "hammarberg": peak[:, bins(60, 2000)].max(1) - peak[:, bins(2000, 5000)].max(1),
        "low": band(60, 500) - band(500, 1500),
        "middle": band(500, 1500) - band(1500, 3500),
        "high": band(1500, 3500) - band(3500, TOP_HZ),
        "tilt": mel @ (np.linspace(-1, 1, NUM_MELS) / NUM_MELS),
        "centroid": 12 * np.log2((inside @ hz) / inside.sum(1) / 500),
    } | {f"mfcc{k + 1}": mfcc[:, k] for k in range(NUM_MFCC)}
    flux = np.abs(np.diff(mel, axis=0, prepend=mel[:1])).mean(1)
    heard = voiced if voiced.sum() >= 5 else np.ones(len(voiced), dtype=bool)
    loudest = heard & (loud >= np.percentile(loud[heard], 70))
    rough = (~voiced) & (loud > -30)
    rough = rough if rough.sum() >= 3 else np.ones(len(voiced), dtype=bool)
    out: dict[str, float] = {}
    for name, curve in curves.items():
        out[f"{name}_mean"], out[f"{name}_std"] = curve[heard].mean(), curve[heard].std()
    for name in ("alpha", "hammarberg", "low", "middle", "high", "centroid"):
        out[f"{name}_loudest"] = curves[name][loudest].mean()
    for name in ("alpha", "high", "centroid"):
        out[f"{name}_unvoiced"] = curves[name][rough].mean()
    out["flux_voiced"], out["flux_std"] = flux[heard].mean(), flux[heard].std()
    return out


def voice(power: np.ndarray, f0: np.ndarray, voiced: np.ndarray, sound: np.ndarray) -> dict[str, float]:
    """How the voice is made: noise between harmonics, the first harmonics, where the resonances lie."""
    np = _np()
    at = np.flatnonzero(voiced)
    names = ("hnr_mean", "hnr_std", "hnr_p10", "h1h2_mean", "h1h2_std", "h1a3_mean", "h1a3_std", "shimmer")
    if len(at) < 5:
        return dict.fromkeys(names, 0.0)
    size = 2 * WINDOW
    padded = np.pad(sound, size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[at * HOP] * np.hanning(size)
    spectra = np.abs(np.fft.rfft(frames, 2 * size)) ** 2
    periodic = harmonicity(spectra, f0[at])
    decibels = 10 * np.log10(spectra + 1e-9)
    step = RATE / (2 * size)

    def harmonic(hz: Any) -> Any:
        near = np.clip(np.round(hz / step).astype(int)[:, None] + np.arange(-4, 5), 0, spectra.shape[1] - 1)
        return np.take_along_axis(decibels, near, 1).max(1)

    first, second = harmonic(f0[at]), harmonic(2 * f0[at])
    third = decibels[:, int(2200 / step) : int(3600 / step)].max(1)
    level = 10 * np.log10(power[at].sum(1))
    together = np.diff(at) == 1
    wobble = np.abs(np.diff(level))[together]
    values = (
        *(periodic.mean(), periodic.std(), np.percentile(periodic, 10)),
        *((first - second).mean(), (first - second).std()),
        *((first - third).mean(), (first - third).std()),
        wobble.mean() if len(wobble) else 0.0,
    )
    return dict(zip(names, values, strict=True))


def harmonicity(spectra: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """Harmonics to noise in dB, from the autocorrelation at the period: (T, K) power spectra -> (T,).

    Source: Boersma, "Accurate short-term analysis of the fundamental frequency", IFA Proceedings 1993.
    """
    np = _np()
    correlation = np.fft.irfft(spectra, axis=1)
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(2 * WINDOW), 4 * WINDOW)) ** 2)
    lag = np.clip(np.round(RATE / f0).astype(int)[:, None] + np.arange(-2, 3), 1, WINDOW)
    normal = window[lag] / window[0] * correlation[:, :1]
    share = np.clip((np.take_along_axis(correlation, lag, 1) / (normal + 1e-12)).max(1), 0.01, 0.999)
    return 10 * np.log10(share / (1 - share))


def _np() -> Any:
    import numpy as np

    return np
