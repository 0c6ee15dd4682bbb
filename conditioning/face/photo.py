"""Opening a photo that somebody gives: upright RGB pixels, or one line that says what is wrong with it."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".bmp", ".gif", ".tif", ".tiff")
MAX_BYTES = 256 * 2**20
MAX_PIXELS = 50_000_000
LEAST_SIDE = 96
# What a pixel of no opacity holds is chance; detectors see this instead.
BEHIND = 128
# Nothing that PIL would hand to another program (EPS) or that has no pixels of its own.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "GIF", "TIFF", "PPM", "TGA", "JPEG2000")
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture as it should be looked at.

    Attributes:
        pixels: (H, W, 3) uint8, RGB (sRGB), upright; mid-grey where nothing is opaque.
        alpha: (H, W) uint8 opacity; None when everything is opaque.
        path: where it came from; None for pixels made in memory.
        warnings: what somebody should know, one sentence each.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    path: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def name(self) -> str:
        return self.path.name if self.path is not None else "the picture"


def open_photo(path: str | Path) -> Photo:
    """Opens a photo of any usual kind.

    EXIF rotation is applied; other colours, CMYK, palettes, grey and 16 bits become 8-bit sRGB; opacity is
    kept. Of an animated file the first frame is taken, with a warning. Sizes are checked
    before anything is decoded.

    Args:
        path: a JPEG, PNG, WebP, AVIF, BMP, GIF or TIFF; a HEIC when `pi_heif` is installed.

    Returns:
        The photo, at least 96 pixels a side and at most 50 megapixels.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: no photo, broken, cut off, too small, too large, or entirely transparent.
    """
    path = Path(path)
    data = read_bytes(path)
    notes: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = opened(path, data)
            check_size(image.size, path.name)
            frames = getattr(image, "n_frames", 1)
            if frames > 1 and image.format != "MPO":
                notes.append(f"{path.name} has {frames} frames: only the first is used")
            pixels, alpha = decoded(image, notes)
        except RefusedError as error:
            raise ValueError(str(error)) from None
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a decoder of foreign files fails in any way it likes
            raise ValueError(f"expected a readable photo, got {path.name!r}: {first_line(error)}") from None
    if alpha is not None and not alpha.any():
        raise ValueError(f"expected a photo with something in it, got {path.name!r}, all transparent")
    if alpha is not None and alpha.min() == 255:
        alpha = None
    if alpha is not None:
        pixels[alpha == 0] = BEHIND
    return Photo(pixels, alpha, path, tuple(notes))


class RefusedError(ValueError):
    """Said in our own words already, unlike what a decoder throws."""


def read_bytes(path: Path) -> bytes:
    """Gives a file's bytes when there are few enough of them."""
    try:
        exists, is_file = path.exists(), path.is_file()
    except (OSError, ValueError):  # a name too long, or with a zero byte in it
        exists = is_file = False
    if not exists:
        raise FileNotFoundError(f"expected a photo, got no file at {str(path)[:200]!r}")
    if not is_file:
        raise ValueError(f"expected a photo, got a folder or a device at {str(path)!r}")
    size = path.stat().st_size
    if not 0 < size <= MAX_BYTES:
        raise ValueError(f"expected a photo of 1 to {MAX_BYTES} bytes, got {size} in {path.name!r}")
    return path.read_bytes()


def opened(path: Path, data: bytes) -> Image:
    """Gives PIL's image, of which nothing but the header has been read."""
    from PIL import Image, UnidentifiedImageError

    if data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS:
        return opened_heif(path, data)
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise RefusedError(
            f"expected a photo (JPEG, PNG, WebP, HEIC, TIFF), got {path.name!r}, which is none"
        ) from None
    except Image.DecompressionBombError:
        raise RefusedError(
            f"expected at most {MAX_PIXELS // 10**6} megapixels, got far more in {path.name!r}"
        ) from None


def opened_heif(path: Path, data: bytes) -> Image:
    """Gives the main picture of a HEIC file, turned as its own header says."""
    try:
        import pi_heif
    except ImportError:
        raise RefusedError(
            f"expected a JPEG, PNG or WebP photo, or `pip install pi_heif` to open HEIC, got {path.name!r}"
        ) from None
    file = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    check_size(file.size, path.name)
    return file.to_pillow()


def check_size(size: tuple[int, int], name: str) -> None:
    """Refuses pictures with too few or too many pixels, before any of them is decoded."""
    width, height = size
    if min(width, height) < LEAST_SIDE:
        raise RefusedError(
            f"expected a photo of at least {LEAST_SIDE} pixels a side, got {width} x {height} in {name!r}"
        )
    if width * height > MAX_PIXELS:
        raise RefusedError(
            f"expected at most {MAX_PIXELS // 10**6} megapixels, got {width} x {height} in {name!r}"
        )


def decoded(image: Image, notes: list[str]) -> tuple[np.ndarray, np.ndarray | None]:
    """Decodes and turns an image: (H, W, 3) uint8 and (H, W) opacity or None."""
    import numpy as np
    from PIL import ImageOps

    image.load()
    profile = image.info.get("icc_profile")
    try:
        image = ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - EXIF is foreign bytes too, and the picture is fine without
        notes.append("the photo's EXIF data is broken: taken as it lies")
    image = eight_bits(image)
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = np.array(image.getchannel("A"))
    image = in_srgb(image, profile) if profile else image
    return np.array(image.convert("RGB")), alpha


def eight_bits(image: Image) -> Image:
    """Gives grey images of more bits with 8; everything else is left as it is."""
    import numpy as np
    from PIL import Image as images

    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image, np.float64)
    most = float(values.max()) if np.isfinite(values).all() else -1.0
    if values.min() < 0 or most < 0 or most > 65535:
        raise RefusedError(f"expected 8 or 16 bits a channel, got values up to {most:g} (mode {image.mode})")
    # Floating-point pictures run to 1 by custom; integers of more than 8 bits to 65535.
    full = 1.0 if image.mode.startswith("F") and most <= 1.0 else 255.0 if most <= 255 else 65535.0
    return images.fromarray(np.round(values * (255.0 / full)).astype(np.uint8))


def in_srgb(image: Image, profile: bytes) -> Image:
    """Turns colours of another profile (a phone's Display P3, a printer's CMYK) into sRGB."""
    from PIL import ImageCms

    plain = image if image.mode in ("RGB", "CMYK", "L") else image.convert("RGB")
    try:
        source: Any = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return (
            ImageCms.profileToProfile(plain, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            or plain
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image  # a profile that fits nothing says nothing


def first_line(error: BaseException) -> str:
    """Gives an error's text as one short line."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:160]
