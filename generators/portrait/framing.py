"""What part of a photo fills the picture, and the photo's pixels there with some more around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from conditioning.face import mesh

if TYPE_CHECKING:
    import numpy as np

LEAST, LARGEST = 64, 2048
CROPS = ("face", "full")
# Height of the picture in heights of the face, and where the face's middle is in it, from the top.
FACE_HEIGHTS, FACE_AT = 2.25, 0.47
# What is drawn beyond the picture's border, for what moves into it, as a part of the longer side.
MARGIN = 0.08


@dataclass(frozen=True)
class Frame:
    """Where the picture lies in the photo.

    Attributes:
        left, top: of the picture in the photo, in photo pixels.
        scale: picture pixels a photo pixel.
        width, height: of the picture.
        margin: pixels drawn beyond each border.
    """

    left: float
    top: float
    scale: float
    width: int
    height: int
    margin: int

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height with the margin."""
        return self.width + 2 * self.margin, self.height + 2 * self.margin

    def place(self, points: torch.Tensor) -> torch.Tensor:
        """Turns (..., 2) photo pixels into picture pixels."""
        return (points - points.new_tensor([self.left, self.top])) * self.scale


def frame_of(photo_size: tuple[int, int], points: torch.Tensor, size: tuple[int, int], crop: str) -> Frame:
    """Chooses the part of the photo: of the asked shape, never beyond the photo, the face in the middle.

    Args:
        photo_size: width and height of the photo.
        points: (478, 2+) the face in photo pixels.
        size: width and height of the picture; even numbers, 64 to 2048.
        crop: "face" for head and shoulders, "full" for as much as the shape allows.

    Raises:
        ValueError: a size or a crop that is not possible.
    """
    width, height = size
    if not all(isinstance(side, int) and side % 2 == 0 and LEAST <= side <= LARGEST for side in size):
        raise ValueError(
            f"expected an even width and height of {LEAST} to {LARGEST} pixels, got {width} x {height}"
        )
    if crop not in CROPS:
        raise ValueError(f"expected a crop out of {', '.join(CROPS)}, got {crop!r}")
    all_width, all_height = photo_size
    skin = points[: mesh.NUM_SKIN, :2]
    low, high = skin.amin(0), skin.amax(0)
    most = min(all_height, all_width * height / width)
    face = float(torch.maximum(high[1] - low[1], (high[0] - low[0]) * height / width))
    tall = min(most, face * FACE_HEIGHTS) if crop == "face" else most
    wide = tall * width / height
    centre = ((low + high) / 2).tolist()
    left = min(max(centre[0] - wide / 2, 0.0), all_width - wide)
    top = min(max(centre[1] - tall * FACE_AT, 0.0), all_height - tall)
    margin = 2 * round(MARGIN * max(size) / 2)
    return Frame(left, top, height / tall, width, height, margin)


def cut(pixels: np.ndarray, frame: Frame) -> torch.Tensor:
    """Gives (C, h, w) float32 in 0..1 of what the canvas shows: the photo, mirrored where it ends.

    Args:
        pixels: (H, W, 3) or (H, W) uint8 of the whole photo.
    """
    import numpy as np
    from PIL import Image

    across, down = (side / frame.scale for side in frame.canvas)
    left, top = (start - frame.margin / frame.scale for start in (frame.left, frame.top))
    before = [max(0, int(np.ceil(-start))) for start in (top, left)]
    ends = ((top, down, pixels.shape[0]), (left, across, pixels.shape[1]))
    after = [max(0, int(np.ceil(start + span - side))) for start, span, side in ends]
    rim = [(before[0], after[0]), (before[1], after[1])] + [(0, 0)] * (pixels.ndim - 2)
    padded = np.pad(pixels, rim, mode="symmetric")
    box = (left + before[1], top + before[0], left + before[1] + across, top + before[0] + down)
    resized = Image.fromarray(padded).resize(frame.canvas, Image.Resampling.BICUBIC, box=box)
    values = torch.from_numpy(np.array(resized)).float() / 255
    return (values if values.ndim == 3 else values[..., None]).permute(2, 0, 1).contiguous()
