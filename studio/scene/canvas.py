"""What is behind and below the people of a scene: the feeling's light, name and words, the feeling over time."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..pictures import colours
from .layout import NAME_SIZE, RADIUS, TEXT_SIZE, Box, Layout

if TYPE_CHECKING:
    import numpy as np

# sRGB of 0..1: the ground at the top and at the bottom, and how much of the feeling's light falls on it.
GROUND_TOP, GROUND_BOTTOM = (0.085, 0.09, 0.11), (0.045, 0.048, 0.06)
GLOW = 0.34
INK, QUIET = (240, 241, 244), (168, 172, 182)
# Of the feeling over time: what is still to come.
DIM = 0.38
# Names are written in the feeling's colour, as light as this.
LIGHT = 0.42
MOST_ROWS = 2
LEAST_TEXT = 15


def lit_ground(layout: Layout, valence: float, arousal: float) -> np.ndarray:
    """Gives the ground of a picture with the light of a feeling on it, (H, W, 3) float32 of 0..255."""
    import numpy as np

    tint = colours(np.array([valence]), np.array([arousal]))[0].astype(np.float32)
    return 255 * (plain_ground(layout) + GLOW * glow(layout) * tint)


@functools.lru_cache(maxsize=4)
def plain_ground(layout: Layout) -> np.ndarray:
    import numpy as np

    down = np.linspace(0, 1, layout.size[1], dtype=np.float32)[:, None, None]
    top, bottom = np.array(GROUND_TOP, np.float32), np.array(GROUND_BOTTOM, np.float32)
    return np.repeat(top + down * (bottom - top), layout.size[0], axis=1)


@functools.lru_cache(maxsize=4)
def glow(layout: Layout) -> np.ndarray:
    """How much of the light falls where, (H, W, 1); with a grain that hides the steps of a slow gradient."""
    import numpy as np

    width, height = layout.size
    across = (np.arange(width) + 0.5) / width - 0.5
    down = (np.arange(height) + 0.5) / height - 0.42
    far = (across[None] / 0.62) ** 2 + (down[:, None] / 0.55) ** 2
    grain = np.random.default_rng(7).normal(0, 0.006, (height, width))
    return (np.exp(-0.9 * far) + grain)[..., None].astype(np.float32)


@functools.lru_cache(maxsize=64)
def font(size: int, *, bold: bool = False) -> Any:
    """Gives a font that has the letters of most scripts of Europe; Pillow's own has hardly more than ASCII."""
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


def draw_words(
    pixels: np.ndarray, layout: Layout, name: str, feeling: str, text: str, place: tuple[float, float]
) -> None:
    """Writes who speaks, how, and what, into (H, W, 3) uint8, in place.

    Args:
        place: valence and arousal, for the colour.
    """
    import numpy as np
    from PIL import Image, ImageDraw

    box, scale = layout.words, layout.scale
    ink = colour_of(*place, light=LIGHT)
    image = Image.new("RGB", box.size)
    rows, columns = box.slices
    image = Image.fromarray(pixels[rows, columns])
    draw = ImageDraw.Draw(image)
    small, bold = font(round(NAME_SIZE * scale)), font(round(NAME_SIZE * scale), bold=True)
    x, line = 0.0, round(NAME_SIZE * 1.2 * scale)
    dot = 0.58 * NAME_SIZE * scale
    draw.ellipse((0, 0.5 * line - dot / 2, dot, 0.5 * line + dot / 2), fill=ink)
    x += dot + 0.5 * NAME_SIZE * scale
    if name:
        draw.text((x, line / 2), name, font=bold, fill=ink, anchor="lm")
        x += draw.textlength(name, font=bold) + 0.55 * NAME_SIZE * scale
    draw.text((x, line / 2), feeling, font=small, fill=QUIET, anchor="lm")
    size, wrapped = fitted(draw, text, box.width, round(TEXT_SIZE * scale), scale)
    y = line + 0.42 * NAME_SIZE * scale
    for words in wrapped:
        draw.text((0, y), words, font=font(size), fill=INK)
        y += 1.24 * size
    pixels[rows, columns] = np.asarray(image)


def colour_of(valence: float, arousal: float, light: float = 0.0) -> tuple[int, int, int]:
    """Gives a feeling's colour, lighter if wanted, as bytes."""
    import numpy as np

    rgb = colours(np.array([valence]), np.array([arousal]))[0]
    red, green, blue = (255 * ((1 - light) * rgb + light)).round().astype(int).tolist()
    return red, green, blue


def fitted(draw: Any, text: str, width: int, size: int, scale: float) -> tuple[int, list[str]]:
    """Gives the largest size at which a text has two rows at most, and its rows; what is still too much is cut."""
    least = max(9, round(LEAST_TEXT * scale))
    while True:
        rows = wrapped_rows(draw, text, width, font(size))
        if len(rows) <= MOST_ROWS or size <= least:
            break
        size -= 1
    if len(rows) > MOST_ROWS:
        return size, [*rows[: MOST_ROWS - 1], rows[MOST_ROWS - 1].rstrip(" ,;") + " …"]
    # Rows of about the same length read better than a single word below a full one.
    while len(rows) > 1 and len(even := wrapped_rows(draw, text, round(0.95 * width), font(size))) == len(
        rows
    ):
        width, rows = round(0.95 * width), even
    return size, rows


def wrapped_rows(draw: Any, text: str, width: int, letters: Any) -> list[str]:
    """Breaks a text between words; a word that is too long goes over the edge."""
    rows: list[str] = []
    for word in text.split():
        longer = f"{rows[-1]} {word}" if rows else word
        if rows and draw.textlength(longer, font=letters) <= width:
            rows[-1] = longer
        else:
            rows.append(word)
    return rows


@functools.lru_cache(maxsize=8)
def corner(radius: int) -> np.ndarray:
    """How much of a card's upper left corner is seen, (radius, radius, 1)."""
    import numpy as np

    at = radius - 0.5 - np.arange(radius)
    far = np.hypot(at[:, None], at[None])
    return (radius - far + 0.5).clip(0, 1)[..., None].astype(np.float32)


def filling(picture: np.ndarray, box: Box) -> np.ndarray:
    """Gives a picture in the size of its place, without bars; most have it already."""
    if picture.shape[:2] == box.size[::-1]:
        return picture
    import numpy as np
    from PIL import Image, ImageOps

    return np.asarray(ImageOps.fit(Image.fromarray(picture), box.size))


def put(pixels: np.ndarray, card: np.ndarray, box: Box, scale: float) -> None:
    """Puts a picture into another, its corners round, in place."""
    rows, columns = box.slices
    radius = max(2, round(RADIUS * scale))
    seen = corner(radius)
    place = pixels[rows, columns]
    places = (
        (slice(0, radius), slice(0, radius), seen),
        (slice(0, radius), slice(-radius, None), seen[:, ::-1]),
        (slice(-radius, None), slice(0, radius), seen[::-1]),
        (slice(-radius, None), slice(-radius, None), seen[::-1, ::-1]),
    )
    behind = [place[down, across].astype("float32") for down, across, _ in places]
    place[...] = card
    for (down, across, share), ground in zip(places, behind, strict=True):
        place[down, across] = share * place[down, across] + (1 - share) * ground


def strip_of(box: Box, valence: np.ndarray, arousal: np.ndarray) -> np.ndarray:
    """Gives the feeling over time as colours, (height, width, 3) float32 of 0..255.

    Args:
        valence, arousal: (width,).
    """
    import numpy as np

    row = 255 * colours(valence, arousal)
    return np.repeat(row[None], box.height, axis=0).astype(np.float32)


def draw_strip(pixels: np.ndarray, strip: np.ndarray, box: Box, share: float) -> None:
    """Draws the feeling over time, what has passed bright, with a mark at now, in place."""
    rows, columns = box.slices
    now = round(min(1.0, max(0.0, share)) * box.width)
    place = pixels[rows, columns]
    place[:, :now] = strip[:, :now]
    place[:, now:] = DIM * strip[:, now:] + (1 - DIM) * 20
    half = max(1, box.height // 3)
    middle = box.left + min(box.width - half - 1, max(half, now))
    high = max(2, round(0.8 * box.height))
    top, bottom = box.top - high, min(pixels.shape[0], box.top + box.height + high)
    pixels[top:bottom, middle - half : middle + half] = INK
