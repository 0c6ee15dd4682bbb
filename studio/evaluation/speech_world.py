"""Plain signal processing, to be beaten: real recordings taken apart and put together by WORLD, and moved by
what emotion does to the median actor.

Source: Morise et al., "WORLD: A Vocoder-Based High-Quality Speech Synthesis System", IEICE 2016.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .speech_audio import Recording, need, read_sound, trimmed

if TYPE_CHECKING:
    import numpy as np

FRAME_MS = 5.0
NUM_BANDS = 40
TOP_HZ = 12_000.0


@dataclass(frozen=True)
class Parts:
    """A clip in WORLD's parts.

    Attributes:
        f0: (T,) Hz, 0 where unvoiced, every 5 ms.
        envelope: (T, K) power spectrum without the harmonics.
        noise: (T, K) share of noise, 0 to 1.
        sample_rate: Hz.
    """

    f0: np.ndarray
    envelope: np.ndarray
    noise: np.ndarray
    sample_rate: int


@dataclass(frozen=True)
class Residual:
    """What an emotion does to a voice, against the same speaker's neutral.

    Attributes:
        f0_semitones: rise of the median f0.
        f0_range: factor on the distance from the median f0.
        rate: factor on the speed.
        envelope_db: (40,) change of the mean spectral envelope, loudness included, in bands of equal mel
            width to 12 kHz.
    """

    f0_semitones: float
    f0_range: float
    rate: float
    envelope_db: np.ndarray


def take_apart(samples: np.ndarray, sample_rate: int) -> Parts:
    """Gives WORLD's parts of a clip (S,)."""
    import numpy as np

    world = need("pyworld")
    sound = np.ascontiguousarray(samples, dtype=np.float64)
    coarse, times = world.dio(sound, sample_rate, 65.0, 750.0, frame_period=FRAME_MS)
    f0 = world.stonemask(sound, coarse, times, sample_rate)
    envelope = world.cheaptrick(sound, f0, times, sample_rate)
    return Parts(f0, envelope, world.d4c(sound, f0, times, sample_rate), sample_rate)


def put_together(parts: Parts, speed: float = 1.0) -> np.ndarray:
    """Gives (S,) float32; `speed` above 1 is faster."""
    import numpy as np

    world = need("pyworld")
    rows = [np.ascontiguousarray(row) for row in (parts.f0, parts.envelope, parts.noise)]
    return world.synthesize(*rows, parts.sample_rate, FRAME_MS / speed).astype(np.float32)


def world_copy(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Analysis and synthesis with nothing changed: (S,) -> (S,)."""
    return put_together(take_apart(samples, sample_rate))[: len(samples)]


def bands(num_bins: int, sample_rate: int) -> np.ndarray:
    """(K, 40) weights that sum to 1 over K bins: the mean of a band; and, transposed, lines between bands."""
    import numpy as np

    hz = np.linspace(0, sample_rate / 2, num_bins)
    mel = 2595 * np.log10(1 + hz / 700)
    centres = np.linspace(0, 2595 * np.log10(1 + TOP_HZ / 700), NUM_BANDS)
    near = np.maximum(0.0, 1 - np.abs(mel[:, None] - centres) / (centres[1] - centres[0]))
    return near / np.maximum(near.sum(0), 1e-9)


def place_of(parts: Parts, seconds: float) -> tuple[float, float, float, np.ndarray]:
    """What a residual is the difference of: median f0 in semitones, its spread, log duration, mean envelope
    in dB."""
    import numpy as np

    voiced = parts.f0 > 0
    tones = 12 * np.log2(parts.f0[voiced] / 55) if voiced.sum() > 5 else np.zeros(6)
    level = 10 * np.log10(parts.envelope + 1e-12)
    heard = voiced if voiced.sum() > 5 else np.ones(len(voiced), dtype=bool)
    envelope = level[heard].mean(0) @ bands(level.shape[1], parts.sample_rate)
    spread = np.subtract(*np.percentile(tones, [90, 10])) + 0.5
    return float(np.median(tones)), float(spread), float(np.log(seconds)), envelope


def residuals_of(
    rows: Sequence[Recording], emotions: Sequence[str], intensity: str = "strong"
) -> dict[str, Residual]:
    """Gives the median over actors of what each emotion does, from takes of the same lines.

    Args:
        rows: RAVDESS, or any recordings with parallel neutral takes.
        emotions: names.
        intensity: which takes.
    """
    import numpy as np

    wanted = [row for row in rows if row.emotion == "neutral" or row.intensity == intensity]
    places: dict[tuple[str, str], list[Any]] = {}
    for row in wanted:
        if row.emotion in ("neutral", *emotions):
            samples, rate = read_sound(row.path)
            sound = trimmed(samples, rate)
            parts = take_apart(sound, rate)
            places.setdefault((row.speaker, row.emotion), []).append(place_of(parts, len(sound) / rate))

    def mean(speaker: str, emotion: str) -> Any:
        found = places[speaker, emotion]
        return [np.mean([place[k] for place in found], axis=0) for k in range(4)]

    answer = {}
    for emotion in emotions:
        changes = []
        for speaker in sorted({row.speaker for row in wanted}):
            if (speaker, emotion) in places and (speaker, "neutral") in places:
                here, there = mean(speaker, emotion), mean(speaker, "neutral")
                changes.append(
                    (here[0] - there[0], here[1] / there[1], there[2] - here[2], here[3] - there[3])
                )
        tones, spread, log_rate, envelope = (
            np.median([change[k] for change in changes], axis=0) for k in range(4)
        )
        answer[emotion] = Residual(float(tones), float(spread), float(np.exp(log_rate)), envelope)
    return answer


def move(parts: Parts, residual: Residual, intensity: float) -> np.ndarray:
    """Gives a clip with a residual laid on it: (S,) float32, scaled down where it would clip."""
    import numpy as np

    voiced = parts.f0 > 0
    f0 = parts.f0.copy()
    if voiced.any():
        tones = 12 * np.log2(f0[voiced] / 55)
        middle = np.median(tones)
        spread = residual.f0_range**intensity
        moved = middle + (tones - middle) * spread + residual.f0_semitones * intensity
        f0[voiced] = np.clip(55 * 2 ** (moved / 12), 60, 900)
    num_bins = parts.envelope.shape[1]
    weights = bands(num_bins, parts.sample_rate)
    lines = weights / np.maximum(weights.sum(1, keepdims=True), 1e-9)
    change_db = lines @ residual.envelope_db * intensity
    envelope = parts.envelope * 10 ** (change_db / 10)
    sound = put_together(Parts(f0, envelope, parts.noise, parts.sample_rate), float(residual.rate**intensity))
    return sound / max(1.0, float(np.abs(sound).max()) / 0.99)


def world_voice(
    texts: dict[str, tuple[np.ndarray, int]], residuals: dict[str, Residual]
) -> Callable[..., tuple[np.ndarray, int]]:
    """Gives a stand-in for a speech backend: (text, emotion, intensity) -> (samples, sample rate).

    Args:
        texts: text -> a real recording of it.
        residuals: from `residuals_of`; other emotions change nothing.
    """
    kept: dict[str, Parts] = {}

    def say(text: str, emotion: str, intensity: float) -> tuple[np.ndarray, int]:
        samples, rate = texts[text]
        if text not in kept:
            kept[text] = take_apart(samples, rate)
        still = Residual(0.0, 1.0, 1.0, _zeros())
        return move(kept[text], residuals.get(emotion, still), intensity), rate

    return say


def _zeros() -> np.ndarray:
    import numpy as np

    return np.zeros(NUM_BANDS)


def world_factor(samples: np.ndarray, sample_rate: int) -> float:
    """Seconds that WORLD takes for each second of a sound (S,), apart and together again."""
    started = time.perf_counter()
    world_copy(samples, sample_rate)
    return (time.perf_counter() - started) / (len(samples) / sample_rate)
