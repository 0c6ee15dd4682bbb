"""A film that a grade leaves as it is: its packets in a file of their own, not decoded and not encoded again."""

from __future__ import annotations

from typing import Any

import numpy as np

from conditioning.encoders.video_file import (
    BT709,
    VideoFile,
    matrix_of,
    open_video,
    opened,
    picture_stream,
    stored_size,
)
from generators.media import Video
from generators.on_disk import ScratchFile

PICTURES, LAYOUT, SOUNDS = "h264", "yuv420p", ("aac",)
UPRIGHT = (None, (1 << 16, 0, 0, 1 << 16))  # FFmpeg's display matrices that change nothing


def copied(source: VideoFile) -> Video | None:
    """Gives a film of an even size with every packet as it was; None of one that is not made as ours are.

    Ours are what all that exports a `Video` counts on: H.264 of BT.709 and AAC, upright, with square pixels, at an
    even rate from 0 on. Only pictures and sound go along: no place, no camera, no earlier title.

    Raises:
        ValueError: the film is broken.
    """
    file = ScratchFile(".mp4")
    with opened(source.path) as film:
        streams = [picture_stream(film, source.path), *film.streams.audio[:1]]
        if not as_ours(film, *streams):
            return None
        times = packets_copied(film, streams, file)
    gaps = np.diff(np.sort(times))
    try:
        found = open_video(file.path)
    except ValueError:  # not every container's times fit into an MP4
        return None
    same = ("width", "height", "num_frames", "sample_rate")
    alike = all(getattr(found, name) == getattr(source, name) for name in same)
    even = len(times) == found.num_frames and (not len(gaps) or np.ptp(gaps) <= 1)
    if found.start_s or not alike or not even:
        return None
    return Video(file, found.width, found.height, found.frame_rate, found.num_frames, found.sample_rate)


def as_ours(film: Any, pictures: Any, sound: Any = None) -> bool:
    """Whether a film's streams are what ours are."""
    context = pictures.codec_context
    if (context.name, context.pix_fmt, context.colorspace) != (PICTURES, LAYOUT, BT709):
        return False
    if sound is not None and sound.codec_context.name not in SOUNDS:
        return False
    first = next(film.decode(pictures), None)
    film.seek(0)
    if first is None or matrix_of(first) not in UPRIGHT:
        return False
    return stored_size(first, pictures) == (first.width, first.height)


def packets_copied(film: Any, streams: list[Any], file: ScratchFile) -> list[int]:
    """Writes the packets of streams, the pictures' first; gives the times of the pictures in their own ticks."""
    import av

    times = []
    with av.open(str(file.path), "w", format="mp4", options={"fflags": "+bitexact"}) as out:
        copies = {stream.index: out.add_stream_from_template(stream) for stream in streams}
        for copy in copies.values():
            copy.metadata.clear()
        for packet in film.demux(streams):
            if packet.dts is None:
                continue
            if packet.stream.index == streams[0].index:
                times.append(int(packet.pts))
            packet.stream = copies[packet.stream.index]
            out.mux(packet)
    return times
