"""Small films for the tests: 64 x 48 pixels, frames that can be told apart by their grey."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

from conditioning.face.arkit import NAMES
from conditioning.face.motion import FaceMotion
from generators.media import Audio, Mark, Portrait, Video
from generators.moving_picture import VideoWriter

SIZE = (64, 48)
RATE = 24000
MARKS = (
    Mark(0.0, 0.3, "hello", "word"),
    Mark(0.4, 0.8, "there", "word"),
    Mark(0.0, 0.8, "Hello there.", "sentence"),
)
TRACK = ((0.0, 0.5, 0.5), (0.25, 0.2, -0.4), (0.5, -0.6, 0.1))


def pictures(count: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Gives frames that get lighter, with a red box at the top left and a green one at the bottom right."""
    frames = np.repeat(np.linspace(20, 220, count).astype(np.uint8), size[0] * size[1] * 3)
    frames = frames.reshape(count, size[1], size[0], 3)
    frames[:, :16, :16] = (230, 20, 20)
    frames[:, -16:, -16:] = (20, 200, 30)
    return frames


def tone(seconds: float, channels: int = 1, rate: int = RATE) -> Audio:
    """Gives a sound that swells."""
    times = np.arange(round(seconds * rate)) / rate
    wave = 0.4 * np.sin(2 * np.pi * 330 * times) * np.linspace(0.2, 1, len(times))
    return Audio(np.tile(wave.astype(np.float32), (channels, 1)), rate)


def motion(count: int, rate: float = 30.0, seed: int = 0) -> FaceMotion:
    rng = np.random.default_rng(seed)
    return FaceMotion(
        rng.random((count, len(NAMES)), np.float32),
        rng.normal(0, 0.2, (count, 6)).astype(np.float32),
        rng.normal(0, 0.2, (count, 2)).astype(np.float32),
        rate,
    )


def film(count: int = 30, rate: float = 30.0, audio: Audio | None = None, **about) -> Video:
    with VideoWriter(SIZE, rate, audio) as writer:
        for start in range(0, count, 16):
            writer.write(pictures(count)[start : start + 16])
        return writer.finish(**about)


def portrait(count: int = 30) -> Portrait:
    identity = np.linspace(-2, 2, 5, dtype=np.float32)
    about = {"marks": MARKS, "emotion_track": TRACK, "provenance": {"licence": "CC-BY-4.0"}}
    return film(
        count, 30.0, tone(count / 30), media=Portrait, motion=motion(count), identity=identity, **about
    )


def foreign_film(path, times_ms, *, codec="libx264", size=SIZE, aspect=None, options=None, sound=None):
    """Writes a film as somebody else might: frames at uneven milliseconds."""
    base = Fraction(1, 1000)
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height = size
        stream.pix_fmt, stream.codec_context.time_base = "yuv420p", base
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        heard = container.add_stream("aac", rate=RATE, layout="mono") if sound is not None else None
        for pixels, at in zip(pictures(len(times_ms), size), times_ms, strict=True):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = at, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if heard is not None:
            for start in range(0, sound.shape[1] - 1023, 1024):
                block = np.ascontiguousarray(sound[:, start : start + 1024])
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
                container.mux(heard.encode(frame))
            container.mux(heard.encode(None))
    return path


def held(path, matrix):
    """Says in an MP4 how it was held: (a, b, c, d) of x' = a x + c y, y' = b x + d y."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16
    a, b, c, d = (value << 16 for value in matrix)
    values = (a, b, 0, c, d, 0, 0, 0, 1 << 30)
    data[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    path.write_bytes(data)
    return path
