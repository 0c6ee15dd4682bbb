"""Where things stand in the picture of a scene: a face, a body, the words below, the feeling over time at the foot."""

from __future__ import annotations

from dataclasses import dataclass

from .options import BODY, BOTH, PORTRAIT, SIZES

# Of a picture of 720 lines, in pixels.
TOP, CARD, GAP, WIDE_BODY, ALONE = 34, 536, 24, 560, 952
RADIUS = 20
WORDS_TOP, NAME_SIZE, TEXT_SIZE = 590, 19, 27
STRIP_TOP, STRIP_HEIGHT = 700, 5
BASE = 720
# The mannequin is drawn in sides of eight pixels, films need even ones.
STEP = 8


@dataclass(frozen=True)
class Box:
    """A place in the picture, in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class Layout:
    """Attributes:
    size: width and height of the picture. face, body: where they are; None where they are not seen.
    words: where name and text go. strip: the feeling over time. scale: against 720 lines.
    """

    size: tuple[int, int]
    face: Box | None
    body: Box | None
    words: Box
    strip: Box
    scale: float


def layout_of(height: int, shows: str, *, mirrored: bool = False) -> Layout:
    """Gives the places.

    Args:
        height: lines of the picture, out of `SIZES`. shows: "both", "portrait" or "body".
        mirrored: the body to the left of the face, as people who talk to each other are shown.
    """
    width, height = SIZES[height]
    scale = height / BASE
    card = whole(CARD * scale)
    sides = {
        BOTH: (card, whole(WIDE_BODY * scale)),
        PORTRAIT: (whole(ALONE * scale),),
        BODY: (whole(ALONE * scale),),
    }
    wide = sides[shows][::-1] if mirrored else sides[shows]
    gap = round(GAP * scale)
    left = (width - sum(wide) - gap * (len(wide) - 1)) // 2
    boxes = [
        Box(left + sum(wide[:at]) + gap * at, round(TOP * scale), side, card) for at, side in enumerate(wide)
    ]
    order = boxes[::-1] if mirrored else boxes
    face = order[0] if shows != BODY else None
    body = order[-1] if shows != PORTRAIT else None
    span = sum(wide) + gap * (len(wide) - 1)
    words = Box(left, round(WORDS_TOP * scale), span, round((STRIP_TOP - WORDS_TOP - 6) * scale))
    strip = Box(left, round(STRIP_TOP * scale), span, max(2, round(STRIP_HEIGHT * scale)))
    return Layout((width, height), face, body, words, strip, scale)


def whole(length: float) -> int:
    """Gives the nearest length that can be drawn."""
    return STEP * round(length / STEP)
