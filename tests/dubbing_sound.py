"""Films, lines and dubs for the tests of what is heard: small, and every sound in a place that is known."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import soundfile

from checkpoints import sha256_of
from studio.dubbing.dub import DubLine

RATE = 48_000
LINE_RATE = 24_000
ONSET_S = 0.1
CUES = (0.5, 1.71828, 2.9)
TITLES = b"[Script Info]\n\n[V4+ Styles]\nFormat: Name\nStyle: Default\n\n[Events]\nFormat: Text\n"


def hum(seconds=4.0, hertz=400.0, level=0.1, noise=0.002, rate=RATE, channels=2):
    """Gives a hum over the noise of a room, (C, S)."""
    times = np.arange(round(seconds * rate)) / rate
    rng = np.random.default_rng(0)
    made = level * np.sin(2 * np.pi * hertz * times) + noise * rng.standard_normal((channels, len(times)))
    return made.astype(np.float32)


def clicks(seconds=4.0, every_s=0.5, rate=RATE, channels=2):
    """Gives a click of one sample every so often, (C, S)."""
    made = np.zeros((channels, round(seconds * rate)), np.float32)
    made[:, :: round(every_s * rate)] = 0.9
    return made


def write_sound(path, samples, rate=RATE, subtype=None):
    soundfile.write(path, samples.T, rate, subtype=subtype)
    return path


def line_file(path, seconds=0.6, rate=LINE_RATE, seed=0, level=0.1):
    """Writes a line: silence, a click at its onset, noise."""
    count, onset = round(seconds * rate), round(ONSET_S * rate)
    made = np.zeros(count, np.float32)
    made[onset:] = level * np.random.default_rng(seed).standard_normal(count - onset).clip(-2, 2)
    made[onset] = 0.95
    soundfile.write(path, made, rate)
    return path


def encoded(container, stream, samples, rate, start=0):
    """Writes a sound, (C, S), into a stream."""
    layout = "mono" if len(samples) == 1 else "stereo"
    even = av.AudioResampler(stream.codec_context.format.name, layout, rate, stream.codec_context.frame_size)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
    for piece in (*even.resample(frame), *even.resample(None)):
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))


def film(
    path,
    *sounds,
    seconds=4.0,
    codec="aac",
    pictures="libx264",
    kind=None,
    late_s=0.0,
    words="",
    chapters=False,
):
    """Writes a film of 25 frames a second with B-frames; a track a sound, as ((C, S), rate) or (C, S) at 48 kHz."""
    with av.open(str(path), "w", format=kind) as out:
        video = out.add_stream(pictures, rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        tracks = []
        for sound in sounds:
            samples, rate = sound if isinstance(sound, tuple) else (sound, RATE)
            stream = out.add_stream(codec, rate=rate, layout="mono" if len(samples) == 1 else "stereo")
            stream.codec_context.open()
            tracks.append((stream, samples, rate))
        if words:
            titles = out.add_stream("subrip" if out.format.name == "matroska" else "mov_text")
            titles.codec_context.subtitle_header = TITLES
            titles.codec_context.time_base = Fraction(1, 1000)
        out.metadata["title"] = "A film"
        if chapters:
            out.set_chapters([
                {"id": at, "start": at * 1000, "end": at * 1000 + 1000, "time_base": Fraction(1, 1000),
                 "metadata": {"title": f"Part {at}"}}
                for at in (0, 1)
            ])  # fmt: skip
        for number in range(round(seconds * 25)):
            pixels = np.full((48, 64, 3), 40 + number, np.uint8)
            pixels[number % 48] = 250
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = number
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for stream, samples, rate in tracks:
            encoded(out, stream, samples, rate, round(late_s * rate))
        if words:
            data = words.encode()
            packet = av.Packet(data if out.format.name == "matroska" else len(data).to_bytes(2, "big") + data)
            packet.stream, packet.time_base = titles, Fraction(1, 1000)
            packet.pts = packet.dts = 500
            packet.duration = 1000
            out.mux(packet)
    return path


def lines(folder, cues=CUES, speakers=("Anna", "Bernd")):
    """Gives lines as rendering leaves them."""
    found = []
    for at, cue_s in enumerate(cues):
        file = line_file(folder / f"line{at}.wav", seed=at)
        found.append(
            DubLine(
                at + 1, f"These are the words of line {at + 1}.", cue_s, cue_s + 0.8, speakers[at % len(speakers)],
                "kathleen", start_s=cue_s, end_s=cue_s + 0.5, emotion={"sad": 0.5}, feeling="sad (0.5)",
                valence=-0.4, arousal=0.3 * at, file=str(file), sha256=sha256_of(file), onset_s=ONSET_S, length_s=0.6,
            )
        )  # fmt: skip
    return found


def level_db(samples):
    """Gives the level of a sound in dB."""
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20)


def tone_db(samples, hertz=400.0, rate=RATE):
    """Gives the level of one frequency in dB."""
    mono = samples.mean(0)
    wave = np.exp(-2j * np.pi * hertz * np.arange(len(mono)) / rate)
    return 20 * np.log10(np.abs((mono * wave).mean()) * np.sqrt(2) + 1e-12)
