"""Films to GIF: one palette for the whole film, every so many frames, the document as a comment.

At most 20 frames a second (every second or third of the film's own, so that the steps are even) and 480
pixels a side: a GIF is many times the film it is made from. It has no sound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.media import Video

from .format import PREFIX

if TYPE_CHECKING:
    import numpy as np

MOST_RATE, LARGEST = 20.0, 480
# Frames that the palette is made from, in a size in which the colours that matter are left.
PALETTE_FRAMES, PALETTE_SIDE = 20, 200
# A fixed pattern: what does not move gets the same dots in each frame, and is not stored again.
DITHER = "dither=bayer:bayer_scale=4:diff_mode=rectangle"
TICK = Fraction(1, 100)  # a GIF counts hundredths of a second
EXTENSION, COMMENT, IMAGE, TRAILER = 0x21, 0xFE, 0x2C, 0x3B
MOST_BYTES = 2**30


def write_gif(video: Video, path: Path, document: str) -> None:
    import av

    step = max(1, math.ceil(video.frame_rate / MOST_RATE - 1e-9))
    rate = video.frame_rate / step
    last = max(0, video.num_frames - 1)
    chosen = sorted({round(last * place / (PALETTE_FRAMES - 1)) for place in range(PALETTE_FRAMES)})
    palette = palette_of(video.stills(chosen, largest=PALETTE_SIDE))
    blocks = video.frames(frame_rate=rate, largest=LARGEST)
    pixels = (one for block in blocks for one in block)
    options = {"loop": "0", "final_delay": str(round(100 / rate))}
    with av.open(str(path), "w", format="gif", options=options) as out:
        stream = None
        for frame in with_palette(pixels, palette, rate):
            if stream is None:
                stream = out.add_stream("gif", rate=Fraction(rate).limit_denominator(1001))
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "pal8"
                stream.codec_context.time_base = TICK
            out.mux(stream.encode(frame))
        if stream is not None:
            out.mux(stream.encode(None))
    add_comment(path, f"{PREFIX} {document}".encode("ascii", errors="replace"))


def palette_of(stills: list[np.ndarray]) -> Any:
    """Gives 256 colours for all the stills, as the frame that `paletteuse` takes."""
    height, width = stills[0].shape[:2]
    # Its parts do not hold the graph.
    _graph, (source,), sink = filter_graph([(width, height, "rgb24")], "palettegen", "reserve_transparent=0")
    for number, pixels in enumerate(stills):
        source.push(as_frame(pixels, number))
    source.push(None)
    return sink.pull()


def with_palette(pixels: Iterator[np.ndarray], palette: Any, rate: float) -> Iterator[Any]:
    """Gives frames of palette entries at their hundredths of a second."""
    import av

    graph, sink = None, None
    for number, one in enumerate(pixels):
        if graph is None:
            height, width = one.shape[:2]
            shapes = [(width, height, "rgb24"), (palette.width, palette.height, palette.format.name)]
            graph, (source, colours), sink = filter_graph(shapes, "paletteuse", DITHER)
            palette.pts, palette.time_base = 0, TICK
            colours.push(palette)
            colours.push(None)
        source.push(as_frame(one, round(number * 100 / rate)))
        yield from pulled(sink, av)
    if graph is not None:
        source.push(None)
        yield from pulled(sink, av)


def pulled(sink: Any, av: Any) -> Iterator[Any]:
    """Gives the frames that have come through a filter."""
    while True:
        try:
            yield sink.pull()
        except (av.BlockingIOError, av.EOFError):
            return


def filter_graph(shapes: list[tuple[int, int, str]], name: str, options: str) -> tuple[Any, list[Any], Any]:
    """Gives a graph of one filter, its sources of (width, height, format) each, and its sink."""
    import av

    graph = av.filter.Graph()
    sources = [
        graph.add_buffer(width=width, height=height, format=kind, time_base=TICK)
        for width, height, kind in shapes
    ]
    middle, sink = graph.add(name, options), graph.add("buffersink")
    for place, source in enumerate(sources):
        source.link_to(middle, 0, place)
    middle.link_to(sink)
    graph.configure()
    return graph, sources, sink


def as_frame(pixels: np.ndarray, at: int) -> Any:
    import av
    import numpy as np

    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    frame.pts, frame.time_base = at, TICK
    return frame


def add_comment(path: Path, text: bytes) -> None:
    """Puts a comment at the end of a GIF.

    Source: CompuServe, "Graphics Interchange Format, Version 89a", section 24.
    """
    with open(path, "r+b") as file:
        file.seek(-1, 2)
        if file.read(1) != bytes([TRAILER]):
            raise ValueError(f"expected a whole GIF in {path.name!r}, got one without an end")
        file.seek(-1, 2)
        file.write(bytes([EXTENSION, COMMENT]))
        for at in range(0, len(text), 255):
            part = text[at : at + 255]
            file.write(bytes([len(part)]) + part)
        file.write(bytes([0, TRAILER]))


def text_of_gif(path: Path) -> str:
    """Gives our comment of a GIF; empty when it has none.

    Raises:
        ValueError: no GIF, or a broken one.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"expected at most {MOST_BYTES} bytes, got {size} in {path.name!r}")
    data = path.read_bytes()
    if not data.startswith((b"GIF87a", b"GIF89a")):
        raise ValueError(f"expected a GIF file, got {path.name!r}")
    try:
        comments = [text.decode("ascii", errors="replace") for text in comments_of(data)]
    except IndexError:
        raise ValueError(f"expected a whole GIF, got {path.name!r}, which breaks off") from None
    return next((text for text in comments if text.startswith(PREFIX)), "")


def comments_of(data: bytes) -> Iterator[bytes]:
    """Gives the comments of a GIF by going from block to block."""
    at = 13 + table_size(data[10])
    while data[at] != TRAILER:
        if data[at] == EXTENSION:
            text, end = joined(data, at + 2)
            if data[at + 1] == COMMENT:
                yield text
        elif data[at] == IMAGE:
            _, end = joined(data, at + 11 + table_size(data[at + 9]))
        else:
            raise IndexError
        at = end


def table_size(flags: int) -> int:
    """Gives the bytes of the colour table that flags speak of."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def joined(data: bytes, at: int) -> tuple[bytes, int]:
    """Gives the sub-blocks from a place on as one, and where they end."""
    parts = []
    while length := data[at]:
        parts.append(data[at + 1 : at + 1 + length])
        at += 1 + length
    return b"".join(parts), at + 1
