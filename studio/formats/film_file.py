"""Films to MP4 and WebM, each with its document as the comment that the container has a place for."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Video

from .format import PREFIX

if TYPE_CHECKING:
    import numpy as np

# libvpx's quickest setting that still looks well; two threads give the same bytes every time.
VP9 = {"deadline": "realtime", "cpu-used": "8", "crf": "26", "b": "0", "row-mt": "1", "threads": "2"}
KEYFRAME_S = 4.0
OPUS_RATE, OPUS_FRAME, OPUS_BITS = 48_000, 960, 64_000
SOFTWARE = "Affect Studio"


def write_mp4(video: Video, path: Path, document: str) -> None:
    """Writes the film as it is, not encoded again, with its index in front: browsers can start at once."""
    import av

    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with (
        av.open(str(Path(video.file))) as film,
        av.open(str(path), "w", format="mp4", options=options) as out,
    ):
        describe(out, document)
        streams = {stream.index: out.add_stream_from_template(stream) for stream in film.streams}
        for packet in film.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)


def write_webm(video: Video, path: Path, document: str) -> None:
    """Writes VP9 and Opus."""
    import av

    with av.open(str(path), "w", format="webm", options={"fflags": "+bitexact"}) as out:
        describe(out, document)
        pictures = vp9_stream(out, video)
        sound = OpusTrack(out, video) if video.has_sound else None
        for number, frame in enumerate(yuv_frames(video)):
            frame.pts, frame.time_base = number, 1 / pictures.codec_context.framerate
            out.mux(pictures.encode(frame))
            if sound is not None:
                sound.write((number + 1) / video.frame_rate)
        out.mux(pictures.encode(None))
        if sound is not None:
            sound.write(None)


def describe(container: Any, document: str) -> None:
    """Puts the document into a film before its first packet."""
    container.metadata["comment"] = f"{PREFIX} {document}"
    container.metadata["title"] = SOFTWARE


def vp9_stream(container: Any, video: Video) -> Any:
    """Adds the pictures to a film."""
    from generators.moving_picture import tag_colours

    rate = Fraction(video.frame_rate).limit_denominator(1001)
    options = {**VP9, "g": str(max(1, round(KEYFRAME_S * rate)))}
    stream = container.add_stream("libvpx-vp9", rate=rate, options=options)
    stream.width, stream.height = video.width, video.height
    stream.pix_fmt = "yuv420p"
    tag_colours(stream.codec_context)
    return stream


def yuv_frames(video: Video) -> Iterator[Any]:
    """Decodes a film that was made here; its frames go into another encoder as they are."""
    import av

    with av.open(str(Path(video.file))) as film:
        for frame in film.decode(video=0):
            frame.pict_type = av.video.frame.PictureType.NONE
            yield frame


class OpusTrack:
    """The sound of a film as Opus, written as far as its pictures are."""

    def __init__(self, container: Any, video: Video) -> None:
        import av

        self.container, self.blocks, self.rate = container, video.sound(), video.sample_rate
        self.waiting = next(self.blocks, None)
        self.at = 0
        channels = 1 if self.waiting is None else len(self.waiting)
        self.layout = "mono" if channels == 1 else "stereo"
        self.stream = container.add_stream("libopus", rate=OPUS_RATE, layout=self.layout)
        self.stream.bit_rate = OPUS_BITS * channels
        self.even = av.AudioResampler("flt", self.layout, OPUS_RATE, OPUS_FRAME)

    def write(self, until_s: float | None) -> None:
        """Writes the blocks that begin before this time of the film; all that is left when None."""
        while self.waiting is not None and (until_s is None or self.at < until_s * self.rate):
            self._mux(self.even.resample(self._framed(self.waiting)))
            self.at += self.waiting.shape[1]
            self.waiting = next(self.blocks, None)
        if until_s is None:
            self._mux(self.even.resample(None))
            self.container.mux(self.stream.encode(None))

    def _framed(self, block: np.ndarray) -> Any:
        import av

        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=self.layout)
        frame.sample_rate, frame.pts, frame.time_base = self.rate, self.at, Fraction(1, self.rate)
        return frame

    def _mux(self, frames: list[Any]) -> None:
        for frame in frames:
            self.container.mux(self.stream.encode(frame))


def text_of_film(path: Path) -> str:
    """Gives the comment of a film."""
    from conditioning.encoders.video_file import opened

    with opened(path) as container:
        found = {key.lower(): value for key, value in container.metadata.items()}
    comment = found.get("comment", "")
    return comment if comment.startswith(PREFIX) else ""
