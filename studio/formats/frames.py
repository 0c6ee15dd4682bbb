"""Films to a ZIP archive of PNG frames, for who edits pictures; the document lies in it as recipe.json."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from generators.media import Video

if TYPE_CHECKING:
    import numpy as np

RECIPE = "recipe.json"
# The time in an archive is nobody's business, and the same result shall give the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)
# zlib's quickest: half of the time, and five per cent more bytes, than the usual one.
PNG = {"compression_level": "1", "pred": "mixed"}
MOST_BYTES = 2**26


def write_frames(video: Video, path: Path, document: str) -> None:
    """Writes frame_000001.png and so on as they are decoded; what is compressed is not compressed again."""
    digits = max(6, len(str(video.num_frames)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(RECIPE, EPOCH), document)
        for number, picture in enumerate(pngs(video), 1):
            archive.writestr(zipfile.ZipInfo(f"frame_{number:0{digits}d}.png", EPOCH), picture)


def pngs(video: Video) -> Iterator[bytes]:
    """Gives every frame as a PNG file."""
    for block in video.frames():
        for pixels in block:
            yield png(pixels)


def png(pixels: np.ndarray) -> bytes:
    """Gives (H, W, 3) uint8 as a PNG file."""
    import av
    import numpy as np

    context = av.CodecContext.create("png", "w")
    context.height, context.width = pixels.shape[:2]
    context.pix_fmt, context.time_base, context.options = "rgb24", Fraction(1, 1), PNG
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))


def text_of_frames(path: Path) -> str:
    """Gives the recipe of an archive of frames; empty when it has none."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = next((one for one in archive.infolist() if one.filename == RECIPE), None)
            if found is None or found.file_size > MOST_BYTES:
                return ""
            return archive.read(found).decode("utf-8", errors="replace")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError(f"expected an archive of frames, got {path.name!r}: {error}") from None
