"""Still and animated pictures as films: `open_picture` and `moments` are what `video_file` asks of a file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..face.photo import BEHIND, HEIF_BRANDS, first_line, open_photo
from .video_file import RATES, Moment, VideoFile, check_size

if TYPE_CHECKING:
    import numpy as np

SIGNS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP  ")
BRANDS = (*HEIF_BRANDS, b"avif", b"avis")
ANIMATED = ("GIF", "PNG", "WEBP")
MOST_FRAMES = 20_000
# Browsers show frames that say "at once" for a tenth of a second.
AT_ONCE_MS, INSTEAD_MS = 20, 100


def is_picture(path: Path) -> bool:
    """Says by its first bytes whether a file is a picture."""
    head = head_of(path)
    webp = head[:4] == b"RIFF" and head[8:] == b"WEBP"
    return webp or head.startswith(SIGNS) or (head[4:8] == b"ftyp" and head[8:] in BRANDS)


def head_of(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(12)


def open_picture(path: Path) -> VideoFile:
    """Opens a picture: a still one is one frame at 1 Hz, an animated one runs at its mean rate.

    Raises:
        ValueError: broken, or too large.
    """
    lengths = lengths_of(path)
    if len(lengths) < 2:
        width, height = open_photo(path).size
        check_size(width, height, path)
        return VideoFile(path, width, height, 1.0, 1)
    rate = min(max(len(lengths) / sum(lengths), RATES[0]), RATES[1])
    with opened(path) as picture:
        width, height = picture.size
        return VideoFile(path, width, height, rate, max(1, round(sum(lengths) * rate)))


def moments(path: Path, largest: int | None) -> Iterator[Moment]:
    """Gives the pictures of a file one after another."""
    import numpy as np

    lengths = lengths_of(path)
    if len(lengths) < 2:
        yield Moment(0.0, 1.0, lambda: shrunk(open_photo(path).pixels, largest))
        return
    at = 0.0
    with opened(path) as picture:
        for number, length in enumerate(lengths):
            picture.seek(number)
            pixels = shrunk(on_grey(picture), largest)
            yield Moment(at, length, partial(np.asarray, pixels))
            at += length


def lengths_of(path: Path) -> list[float]:
    """Gives the seconds of each frame of an animated picture; nothing of a still one."""
    if head_of(path)[4:8] == b"ftyp":  # HEIC, which PIL alone cannot open, and AVIF
        return []
    with opened(path) as picture:
        width, height = picture.size
        check_size(width, height, path)
        count = getattr(picture, "n_frames", 1)
        if picture.format not in ANIMATED or count < 2:
            return []
        if count > MOST_FRAMES:
            raise ValueError(f"expected at most {MOST_FRAMES} frames, got {count} in {path.name!r}")
        found = []
        for number in range(count):
            picture.seek(number)
            if picture.format == "WEBP":
                picture.load()  # says only then how long it is seen
            length = float(picture.info.get("duration") or 0)
            found.append((length if length >= AT_ONCE_MS else INSTEAD_MS) / 1000)
        return found


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Gives PIL's picture; what breaks while it is read is a ValueError of one line."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as picture:
                yield picture
        except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
            raise ValueError(f"expected a readable picture, got {path.name!r}: {first_line(error)}") from None


def on_grey(picture: Any) -> np.ndarray:
    """Gives (H, W, 3) uint8 with mid-grey behind what is not opaque."""
    import numpy as np
    from PIL import Image

    if not picture.has_transparency_data:
        return np.array(picture.convert("RGB"))
    clear = picture.convert("RGBA")
    ground = Image.new("RGBA", clear.size, (BEHIND, BEHIND, BEHIND, 255))
    return np.array(Image.alpha_composite(ground, clear).convert("RGB"))


def shrunk(pixels: np.ndarray, largest: int | None) -> np.ndarray:
    """Gives pixels of which the longer side is at most `largest`."""
    import numpy as np
    from PIL import Image

    height, width = pixels.shape[:2]
    if largest is None or max(height, width) <= largest:
        return pixels
    scale = largest / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
