"""The new tracks of a film: its sound, encoded beside the pictures, and its subtitles in the words of the container."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .write import shown_text

if TYPE_CHECKING:
    import numpy as np

MILLISECOND = Fraction(1, 1000)
AAC_BITS, OPUS_BITS = 128_000, 96_000  # a second and channel
TEXTS = ("mov_text", "subrip", "srt", "webvtt", "ass", "ssa", "text")
# FFmpeg asks for a style; the words carry none.
HEADER = b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name\nStyle: Default\n\n[Events]\nFormat: Text\n"
# Subtitles from this time on until that one, and what is read then.
Cue = tuple[float, float, str]


class SoundTrack:
    """The new sound, encoded as far as the pictures are.

    Args:
        container: of the film. codec: FFmpeg's name. first, rest: of the sound, (C, S) float32.
        sample_rate: Hz. start_s: of its first sample, in the film's own time.
    """

    def __init__(
        self,
        container: Any,
        codec: str,
        first: np.ndarray,
        rest: Iterator[np.ndarray],
        sample_rate: int,
        start_s: float,
    ) -> None:
        import av

        self.container, self.rest, self.rate = container, rest, sample_rate
        self.waiting: np.ndarray | None = first
        self.at = 0
        self.begins = round(start_s * sample_rate)
        self.layout = "mono" if len(first) == 1 else "stereo"
        self.stream = container.add_stream(codec, rate=sample_rate, layout=self.layout)
        context = self.stream.codec_context
        context.time_base = Fraction(1, sample_rate)
        if codec == "flac":
            context.format = "s16"
        else:
            context.bit_rate = (AAC_BITS if codec == "aac" else OPUS_BITS) * len(first)
        self.stream.disposition = av.stream.Disposition.default
        context.open()
        self.even = av.AudioResampler(context.format.name, self.layout, sample_rate, context.frame_size)

    def write(self, until_s: float | None) -> None:
        """Writes the blocks that begin before this time; all that is left when None."""
        while self.waiting is not None and (until_s is None or self.at < until_s * self.rate):
            self._mux(self.even.resample(self._framed(self.waiting)))
            self.at += self.waiting.shape[1]
            self.waiting = next(self.rest, None)
        if until_s is None:
            self._mux(self.even.resample(None))
            self.container.mux(self.stream.encode(None))

    def _framed(self, block: np.ndarray) -> Any:
        import av
        import numpy as np

        block = np.ascontiguousarray(block, np.float32)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=self.layout)
        frame.sample_rate, frame.time_base = self.rate, Fraction(1, self.rate)
        frame.pts = self.begins + self.at
        return frame

    def _mux(self, frames: list[Any]) -> None:
        for frame in frames:
            self.container.mux(self.stream.encode(frame))


class SubtitleTrack:
    """The new subtitles, written as far as the pictures are; no track where there are none."""

    def __init__(self, container: Any, codec: str, rows: list[Cue], start_s: float) -> None:
        self.container, self.codec, self.start_s = container, codec, start_s
        self.waiting = rows
        self.stream = None
        if rows:
            self.stream = subtitle_stream(container, codec)

    def write(self, until_s: float | None) -> None:
        """Writes what begins up to this time; all that is left when None."""
        import av

        while self.waiting and (until_s is None or self.waiting[0][0] <= until_s):
            start_s, end_s, text = self.waiting.pop(0)
            packet = av.Packet(packed(text, self.codec))
            packet.stream, packet.time_base = self.stream, MILLISECOND
            packet.pts = packet.dts = round((start_s + self.start_s) * 1000)
            packet.duration = max(1, round((end_s - start_s) * 1000))
            self.container.mux(packet)


def retold(packet: Any, stream: Any) -> list[Any]:
    """Gives a packet for its new track: as it is, or words as the container wants them."""
    import av

    codec = stream.codec_context.name if stream.type == "subtitle" and stream.codec_context else ""
    if not codec or packet.stream.codec_context.name == codec:
        packet.stream = stream
        return [packet]
    try:
        words = "\n".join(bytes(part.dialogue).decode("utf-8", errors="replace") for part in packet.decode())
    except av.FFmpegError:
        return []
    if not words.strip():
        return []  # MP4 fills the time between two subtitles with empty ones
    made = av.Packet(packed(words, codec))
    made.pts, made.dts, made.duration, made.time_base = (
        packet.pts,
        packet.dts,
        packet.duration,
        packet.time_base,
    )
    made.stream = stream
    return [made]


def subtitle_stream(container: Any, codec: str) -> Any:
    """Adds a track for words."""
    stream = container.add_stream(codec)
    stream.codec_context.subtitle_header = HEADER
    stream.time_base = stream.codec_context.time_base = MILLISECOND
    return stream


def cues(rows: Sequence[tuple[float, float, str, str]]) -> list[Cue]:
    """Gives what is read when. Of lines that are said at once, each is read until the next, all of it above it."""
    found: list[Cue] = []
    for start_s, end_s, _, text in sorted(rows, key=lambda row: row[0]):
        words = shown_text(text)
        if found and start_s < found[-1][1]:
            before_s, until_s, said = found[-1]
            if start_s - before_s < MILLISECOND:
                found[-1] = before_s, max(until_s, end_s), f"{said}\n{words}"
                continue
            found[-1] = before_s, start_s, said
            if until_s - start_s > float(MILLISECOND):
                words, end_s = f"{said}\n{words}", max(until_s, end_s)
        found.append((start_s, end_s, words))
    return found


def packed(text: str, codec: str) -> bytes:
    """Gives words as the packet of a codec.

    Source: 3GPP TS 26.245, "Timed text format", section 5.17, for the length before MP4's.
    """
    if codec == "mov_text":
        data = text.encode()[:65535]
        return struct.pack(">H", len(data)) + data
    if codec == "webvtt":
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.encode()
