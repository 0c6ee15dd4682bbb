"""A small text in the corner of every frame that says what made the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

WORD = "generated"
# Of the smaller side of the picture.
LETTER_HEIGHT, MARGIN = 0.036, 0.025
LEAST_LETTER = 9  # pixels; smaller letters are no longer read
GROUND, INK = (18, 18, 22), (255, 255, 255)
GROUND_OPACITY, INK_OPACITY = 0.42, 0.86


class VisibleMark:
    """Draws a text at the bottom right, half transparent, of a size that goes with the picture.

    Args:
        size: width and height of the frames in pixels.
        text: what it says.
    """

    def __init__(self, size: tuple[int, int], text: str = WORD) -> None:
        opacity, colours = label(min(size), text)
        height, width = min(opacity.shape[0], size[1]), min(opacity.shape[1], size[0])
        margin = max(1, round(MARGIN * min(size)))
        bottom, right = max(height, size[1] - margin), max(width, size[0] - margin)
        self._rows, self._columns = slice(bottom - height, bottom), slice(right - width, right)
        part = opacity[:height, :width, None]
        self._kept, self._added = 1 - part, part * colours[:height, :width]

    def draw(self, frames: np.ndarray) -> None:
        """Draws into frames, (T, H, W, 3) uint8, in place."""
        import numpy as np

        corner = frames[:, self._rows, self._columns]
        corner[...] = np.rint(corner * self._kept + self._added).astype(np.uint8)


def label(side: int, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Gives a label's opacity (h, w) in 0..1 and its colours (h, w, 3).

    Args:
        side: of the picture, the smaller one, in pixels.
    """
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    letters = max(LEAST_LETTER, round(LETTER_HEIGHT * side))
    font = ImageFont.load_default(letters)
    left, top, right, bottom = font.getbbox(text)
    pad = max(2, round(letters * 0.42))
    size = round(right - left) + 2 * pad, round(bottom - top) + 2 * pad
    ink, ground = Image.new("L", size), Image.new("L", (4 * size[0], 4 * size[1]))
    ImageDraw.Draw(ink).text((pad - left, pad - top), text, fill=255, font=font)
    # Drawn four times as large: PIL draws round corners without smoothing them.
    box = (0, 0, 4 * size[0] - 1, 4 * size[1] - 1)
    ImageDraw.Draw(ground).rounded_rectangle(box, radius=4 * pad, fill=255)
    ground = ground.resize(size, Image.Resampling.LANCZOS)
    over = np.asarray(ink, np.float32) / 255 * INK_OPACITY
    under = np.asarray(ground, np.float32) / 255 * GROUND_OPACITY * (1 - over)
    opacity = over + under
    share = (over / np.maximum(opacity, 1e-6))[..., None]
    return opacity, share * np.array(INK, np.float32) + (1 - share) * np.array(GROUND, np.float32)
