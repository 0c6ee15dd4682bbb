"""What is said and how, frame by frame, from the sound alone: no transcript, any language near enough."""

from __future__ import annotations

import numpy as np
from scipy.fft import dct
from scipy.ndimage import uniform_filter1d

from generators.voice.phones import CLASSES
from generators.voice.recording import Recording, log_f0_of

from .edits import STRIDE, moments

FAR_FRAMES = 40
NUM_SPECTRUM = 8
NUM_CONTENT = len(CLASSES) + NUM_SPECTRUM + 6
NUM_COLOUR = 16
NUM_VOICE = 2 + NUM_COLOUR - 1
# Columns of `content_of`, and what its f0 and level are divided by.
F0_USED, VOICED_USED, LEVEL_USED, SPEAKING = range(len(CLASSES) + NUM_SPECTRUM, NUM_CONTENT - 2)
F0_SCALE, LEVEL_SCALE = 0.25, 10.0


def content_of(take: Recording) -> np.ndarray:
    """What stands at each moment, with level, voice and colour of the whole recording taken away.

    Returns:
        (G, 21) float32: classes of phones, coarse spectrum, log f0, voiced, level, speaking, and how near the
        start and the end of the phrase are.
    """
    log_f0 = log_f0_of(take.f0_hz)
    speech = take.speaking
    weight = speech / (speech.sum() + 1e-3)
    spectrum = dct(take.envelope, norm="ortho", axis=1)[:, : NUM_SPECTRUM + 1]
    spectrum = spectrum - (weight[:, None] * spectrum).sum(0)
    started, ending = phrase_places(speech)
    columns = [
        take.phones,
        (spectrum[:, 1:] / 4).clip(-4, 4) * speech[:, None],
        ((log_f0 - middle_log_f0(take)) / F0_SCALE).clip(-4, 4)[:, None],
        (take.f0_hz > 0)[:, None],
        (spectrum[:, :1] / LEVEL_SCALE).clip(-3, 2),
        speech[:, None],
        started[:, None],
        ending[:, None],
    ]
    smooth = uniform_filter1d(np.concatenate(columns, 1).astype(np.float32), STRIDE, axis=0, mode="nearest")
    return smooth[moments(len(take)).round().astype(int).clip(0, len(take) - 1)]


def phrase_places(speaking: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How near the start and the end of the phrase are: 1 there, falling to 0 within about a second. (T,)"""
    running = speaking > 0.5
    count = np.arange(len(running))
    before = count - np.maximum.accumulate(np.where(running, -1, count))
    after = np.minimum.accumulate(np.where(running, len(running) + FAR_FRAMES, count)[::-1])[::-1] - count
    return np.exp(-before / FAR_FRAMES), np.exp(-after / FAR_FRAMES)


def middle_log_f0(take: Recording) -> float:
    voiced = take.f0_hz[take.f0_hz > 0]
    return float(np.log(np.median(voiced))) if len(voiced) else float(np.log(150.0))


def voice_of(take: Recording) -> np.ndarray:
    """Who speaks, as far as an edit must know: height and range of f0, mean colour. (17,) float32"""
    voiced = take.f0_hz[take.f0_hz > 0]
    spread = float(np.log(voiced).std()) if len(voiced) > 4 else 0.15
    weight = take.speaking / (take.speaking.sum() + 1e-3)
    colour = dct(weight @ take.envelope, norm="ortho")[1:NUM_COLOUR]
    return np.array([(middle_log_f0(take) - 5.2) / 0.35, (spread - 0.2) / 0.1, *colour / 4], np.float32)
