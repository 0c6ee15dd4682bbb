"""Films to animated WebP: true colours, a fraction of a GIF's size, the document as XMP metadata.

At most 30 frames a second and 640 pixels a side. It has no sound. The encoder keeps all that it packs, so a
film goes through it in pieces, each of which begins with a whole picture, and memory does not grow with it.

Source: RFC 9649, "WebP Image Format", sections 2.3 to 2.7: chunks of a name, a length and an even number of
bytes; "VP8X" says what follows, "ANIM" how it runs, "ANMF" is a frame.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from xml.sax.saxutils import escape, unescape

from generators.media import Video

from .format import PREFIX

if TYPE_CHECKING:
    import numpy as np

MOST_RATE, LARGEST = 30.0, 640
PIECE = 48  # frames: 60 MB of the largest
TICK = Fraction(1, 1000)  # a WebP counts milliseconds
# Level 2 of 6 takes a third of the time of the usual 4, for a few per cent more bytes.
OPTIONS = {"quality": "82", "compression_level": "2"}
ANIMATED, WITH_XMP = 0x02, 0x04  # flags of VP8X
# Of ANIM: white behind the frames, and no end of rounds.
RUN = b"\xff\xff\xff\xff\0\0"
HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>'
    '<rdf:li xml:lang="x-default">'
)
TAIL = "</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
MOST_XMP, MOST_BYTES = 2**26, 2**32 - 2**10


def write_webp(video: Video, path: Path, document: str) -> None:
    """Writes the film.

    Raises:
        ValueError: the file would be larger than a WebP can be.
    """
    rate = video.frame_rate / max(1, math.ceil(video.frame_rate / MOST_RATE - 1e-9))
    with open(path, "w+b") as out:
        at = 0
        for pixels in video.frames(frame_rate=rate, largest=LARGEST, block=PIECE):
            times_ms = [round(1000 * (at + number) / rate) for number in range(len(pixels) + 1)]
            if not at:
                out.write(opening(pixels.shape[2], pixels.shape[1]))
            out.writelines(chunk(b"ANMF", frame) for frame in animated(pixels, times_ms))
            at += len(pixels)
            if out.tell() > MOST_BYTES:
                raise ValueError(
                    f"expected a film of less than 4 GB for a .webp, got more in {at / rate:.0f} s"
                )
        out.write(chunk(b"XMP ", f"{HEAD}{escape(f'{PREFIX} {document}')}{TAIL}".encode("ascii")))
        length = out.tell() - 8
        out.seek(4)
        out.write(length.to_bytes(4, "little"))


def opening(width: int, height: int) -> bytes:
    """Gives what stands before the first frame; the file's length is filled in at its end."""
    about = bytes([ANIMATED | WITH_XMP, 0, 0, 0]) + three(width - 1) + three(height - 1)
    return b"RIFF\0\0\0\0WEBP" + chunk(b"VP8X", about) + chunk(b"ANIM", RUN)


def three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def chunk(name: bytes, content: bytes) -> bytes:
    """Gives one chunk."""
    return name + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def animated(pixels: np.ndarray, times_ms: list[int]) -> Iterator[bytes]:
    """Gives the contents of the ANMF chunks of a piece.

    Args:
        pixels: (T, H, W, 3) uint8. times_ms: when each frame begins, and when the last one ends.
    """
    file = io.BytesIO(packed(pixels, times_ms))
    found = list(chunks(file, "a piece"))
    frames = [content(file, place) for place in found if place[0] == b"ANMF"]
    if not frames:
        # Of pictures that are all alike the encoder makes a still one, which lasts for the whole piece.
        still = b"".join(chunk(place[0], content(file, place)) for place in found if place[0] != b"VP8X")
        sides = three(pixels.shape[2] - 1) + three(pixels.shape[1] - 1)
        frames = [bytes(6) + sides + three(times_ms[-1] - times_ms[0]) + b"\0" + still]
    yield from frames


def packed(pixels: np.ndarray, times_ms: list[int]) -> bytes:
    """Gives frames as an animated WebP of their own, or as a still one."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="webp") as out:
        stream = out.add_stream("libwebp_anim", options=OPTIONS)
        stream.height, stream.width = pixels.shape[1:3]
        stream.pix_fmt, stream.codec_context.time_base = "bgra", TICK
        for one, start, end in zip(pixels, times_ms, times_ms[1:], strict=False):
            out.mux(stream.encode(as_frame(one, start - times_ms[0], end - start)))
        out.mux(stream.encode(None))
    return file.getvalue()


def as_frame(pixels: np.ndarray, start_ms: int, length_ms: int) -> Any:
    """Gives (H, W, 3) uint8 as the encoder takes it."""
    import av
    import numpy as np

    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24").reformat(format="bgra")
    frame.pts, frame.duration, frame.time_base = start_ms, length_ms, TICK
    return frame


def chunks(file: IO[bytes], name: str) -> Iterator[tuple[bytes, int, int]]:
    """Gives (name, where its content begins, length) of the chunks of a WebP.

    Raises:
        ValueError: no WebP, or one that breaks off.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        raise ValueError(f"expected a WebP file, got {name!r}")
    at = 12
    while at < end:
        file.seek(at)
        named = file.read(8)
        length = int.from_bytes(named[4:], "little")
        if len(named) < 8 or at + 8 + length > end:
            raise ValueError(f"expected a whole WebP, got {name!r}, which breaks off")
        yield named[:4], at + 8, length
        at += 8 + length + length % 2


def content(file: IO[bytes], place: tuple[bytes, int, int]) -> bytes:
    """Gives what is in a chunk."""
    file.seek(place[1])
    return file.read(place[2])


def text_of_webp(path: Path) -> str:
    """Gives our text in the metadata of a WebP; empty when it has none.

    Raises:
        ValueError: no WebP, or a broken one.
    """
    with open(path, "rb") as file:
        for place in chunks(file, path.name):
            if place[0] == b"XMP " and place[2] <= MOST_XMP:
                text = content(file, place).decode("utf-8", errors="replace")
                _, found, ours = text.partition(f">{PREFIX}")
                return PREFIX + unescape(ours.partition("<")[0]) if found else ""
    return ""
