"""Virtual speakers and rooms for the evaluator of speech to be trained on.

A variant changes all clips of a speaker alike in what belongs to the speaker and the room (size of the voice,
balance, bandwidth), so that clips stay comparable with their neutral reference; noise, codec and cut differ
from clip to clip.
"""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Any

from .speech_audio import RATE, need, trimmed

if TYPE_CHECKING:
    import numpy as np

SHORTEST_CUT_S = 1.6


def vary(samples: np.ndarray, speaker: str, variant: int, rng: np.random.Generator) -> np.ndarray:
    """Gives a clip as a virtual relative of its speaker would have spoken it, in another room.

    Args:
        samples: (S,) at 16 kHz.
        speaker: name; with `variant` it decides what all clips of the speaker share.
        variant: 1 and up.
        rng: decides what differs from clip to clip.

    Returns:
        (S',) float32 at 16 kHz.
    """
    import numpy as np

    shared = np.random.default_rng([zlib.crc32(speaker.encode()), variant])
    sound = trimmed(samples)
    if rng.random() < 0.5 and len(sound) > SHORTEST_CUT_S * RATE:
        size = int(rng.uniform(SHORTEST_CUT_S * RATE, len(sound)))
        start = int(rng.integers(0, len(sound) - size + 1)) if rng.random() < 0.5 else 0
        sound = sound[start : start + size]
    ratio = float(np.exp(shared.uniform(-0.13, 0.13)))
    sound = need("soxr").resample(sound, RATE, RATE * ratio, quality="MQ")
    sound = balanced(sound, shared.uniform(-3, 3), shared.uniform(5500, 8000))
    sound = sound * 10 ** ((shared.uniform(-6, 6) + rng.normal(0, 1.5)) / 20)
    level = np.sqrt(np.mean(sound**2))
    sound = sound + rng.normal(0, level * 10 ** (-rng.uniform(28, 50) / 20), len(sound))
    if rng.random() < 0.3:
        sound = through_codec(sound)
    return sound.astype(np.float32)


def balanced(sound: np.ndarray, tilt_db: float, top_hz: float) -> np.ndarray:
    """Tilts the spectrum by some dB from 200 to 6400 Hz and takes away what is above `top_hz`. (S,)"""
    import numpy as np

    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    gain_db = tilt_db * (np.log2(np.clip(hz, 200, 6400) / 200) / 5 - 0.5)
    soft = 1 / (1 + np.exp(np.clip((hz - top_hz) / 100, -50, 50)))
    return np.fft.irfft(spectrum * 10 ** (gain_db / 20) * soft, len(sound))


def through_codec(sound: np.ndarray) -> np.ndarray:
    """Writes and reads a lossy file in memory. (S,)"""
    import numpy as np

    soundfile: Any = need("soundfile")
    peak = max(1.0, float(np.abs(sound).max()))
    file = io.BytesIO()
    soundfile.write(file, sound / peak, RATE, format="OGG", subtype="OPUS", compression_level=0.8)
    file.seek(0)
    return soundfile.read(file, dtype="float64")[0] * peak
