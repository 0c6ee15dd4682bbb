"""Which of MediaPipe's 478 points are what: rings of eyes and lips, brows, the outline, and what meets what.

Left and right are the person's own, as in ARKit's names: the left eye stands on the right of the picture.
Lists run from the outer corner of an eye to the inner, and from the mouth's right corner to its left.

Source: the connections of `mediapipe.solutions.face_mesh_connections`.
"""

from __future__ import annotations

NUM_SKIN = 468
NUM_POINTS = 478

UPPER_LID_RIGHT = (33, 246, 161, 160, 159, 158, 157, 173, 133)
LOWER_LID_RIGHT = (33, 7, 163, 144, 145, 153, 154, 155, 133)
UPPER_LID_LEFT = (263, 466, 388, 387, 386, 385, 384, 398, 362)
LOWER_LID_LEFT = (263, 249, 390, 373, 374, 380, 381, 382, 362)
UPPER_LIP_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_LIP_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
UPPER_LIP_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
BROW_RIGHT = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
BROW_LEFT = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
# From the middle of the forehead over the person's left cheek to the chin and back.
OUTLINE = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176,
    149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
# Middle of the iris, then its rim.
IRIS_RIGHT = (468, 469, 470, 471, 472)
IRIS_LEFT = (473, 474, 475, 476, 477)


def ring(upper: tuple[int, ...], lower: tuple[int, ...]) -> tuple[int, ...]:
    """Gives the closed ring of two lines that share their ends, over the upper and back along the lower."""
    return (*upper, *lower[-2:0:-1])


EYE_RIGHT, EYE_LEFT = ring(UPPER_LID_RIGHT, LOWER_LID_RIGHT), ring(UPPER_LID_LEFT, LOWER_LID_LEFT)
LIPS_OUTER, LIPS_INNER = ring(UPPER_LIP_OUTER, LOWER_LIP_OUTER), ring(UPPER_LIP_INNER, LOWER_LIP_INNER)
# Points that meet when the eyes and the mouth are shut: (upper, lower).
LIDS_LEFT = tuple(zip(UPPER_LID_LEFT[1:-1], LOWER_LID_LEFT[1:-1], strict=True))
LIDS_RIGHT = tuple(zip(UPPER_LID_RIGHT[1:-1], LOWER_LID_RIGHT[1:-1], strict=True))
LIPS = tuple(zip(UPPER_LIP_INNER[1:-1], LOWER_LIP_INNER[1:-1], strict=True))
