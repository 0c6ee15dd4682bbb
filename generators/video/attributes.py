"""What can be measured of a clip's look: how bright, how colourful, of which hue, with how much contrast and motion.

These are the attributes by which EmoVid describes emotional films (brightness, colourfulness, hue), with
contrast and motion added. They are measured of films and given to the emotion adapter as controls.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

# Rec. 709's weights of red, green and blue in luma. Source: ITU-R BT.709, item 3.2.
LUMA = (0.2126, 0.7152, 0.0722)
SIDE = 160  # pixels: the shorter side of larger frames is thinned to fewer than twice as many
AT_ONCE = 16  # frames
# Which of three controls each number of `Attributes.row` belongs to: brightness, colourfulness, hue.
CONTROL_OF = (0, 1, 2, 2)
# How strongly a film leans to its hue when somebody asks for a hue alone: the middle of what films do.
USUAL_HUE_STRENGTH = 0.15


class Attributes(NamedTuple):
    """The look of a clip.

    Attributes:
        brightness: mean luma, 0..1.
        colourfulness: of Hasler and Suesstrunk, divided by 100: 0 of grey, about 1.1 of extremely colourful.
        hue: degrees, 0 to below 360: 0 red, 120 green, 240 blue; mean over the pixels, weighted by chroma.
        contrast: standard deviation of the luma within a frame, 0..0.5.
        motion: mean absolute difference of luma from frame to frame, per second.
        hue_strength: 0..1, how strongly the colours lean to the hue; 0 where they are grey or in balance.
    """

    brightness: float
    colourfulness: float
    hue: float
    contrast: float
    motion: float
    hue_strength: float

    def row(self) -> np.ndarray:
        """Gives what the emotion adapter takes, (4,) float32."""
        return control_row(self.brightness, self.colourfulness, self.hue, self.hue_strength)


def control_row(
    brightness: float | None = None,
    colourfulness: float | None = None,
    hue: float | None = None,
    hue_strength: float = USUAL_HUE_STRENGTH,
) -> np.ndarray:
    """Gives what the emotion adapter takes from what somebody asks for.

    Args:
        brightness, colourfulness, hue: in the units of `Attributes`; None is not said.
        hue_strength: counts where a hue is said.

    Returns:
        (4,) float32: brightness, colourfulness, and the hue as a point of the plane, hue_strength from its
        middle; NaN is not said. A hue in degrees would jump at red, and mean something for grey films.
    """
    import numpy as np

    angle = math.nan if hue is None else math.radians(hue)
    values = (
        math.nan if brightness is None else brightness,
        math.nan if colourfulness is None else colourfulness,
        hue_strength * math.cos(angle),
        hue_strength * math.sin(angle),
    )
    return np.array(values, np.float32)


def measured(frames: np.ndarray, frame_rate: float) -> Attributes:
    """Measures a clip.

    Args:
        frames: (T, H, W, 3) uint8 sRGB, at least one. frame_rate: Hz.

    Raises:
        ValueError: frames of another shape or kind, or none.
    """
    return measured_film((frames,), frame_rate)


def measured_film(blocks: Iterable[np.ndarray], frame_rate: float) -> Attributes:
    """Measures a film of any length block by block; the attributes are means over its frames.

    Args:
        blocks: each (T, H, W, 3) uint8 sRGB, in order; all frames of one size. frame_rate: Hz.

    Raises:
        ValueError: frames of another shape or kind, or none.
    """
    import numpy as np

    total, count, moved = np.zeros(5), 0, 0.0
    before: np.ndarray | None = None
    for block in blocks:
        check_frames(block)
        for start in range(0, len(block), AT_ONCE):
            small = thinned(block[start : start + AT_ONCE])
            luma = small @ np.array(LUMA, np.float32)
            total += looks_of(small, luma).sum(0)
            count += len(luma)
            joined = luma if before is None else np.concatenate((before, luma))
            moved += float(np.abs(np.diff(joined, axis=0)).mean((1, 2), dtype=np.float64).sum())
            before = luma[-1:]
    if not count:
        raise ValueError("expected at least one frame to measure, got none")
    brightness, contrast, colourfulness, along, across = (total / count).tolist()
    hue = math.degrees(math.atan2(across, along)) % 360
    motion = moved / max(1, count - 1) * frame_rate
    return Attributes(brightness, colourfulness, hue, contrast, motion, math.hypot(along, across))


def check_frames(frames: np.ndarray) -> None:
    """Refuses what is no block of frames."""
    import numpy as np

    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or 0 in frames.shape[1:]:
        raise ValueError(
            f"expected frames of uint8 and shape (T, H, W, 3), got {frames.dtype} {frames.shape}"
        )


def thinned(frames: np.ndarray) -> np.ndarray:
    """Gives (T, H, W, 3) uint8 as float32 of 0..1, large frames with only every n-th pixel.

    Pixels are left out and not averaged, since averages are less colourful and have less contrast.
    """
    import numpy as np

    step = max(1, min(frames.shape[1:3]) // SIDE)
    return frames[:, ::step, ::step].astype(np.float32) / 255


def looks_of(frames: np.ndarray, luma: np.ndarray) -> np.ndarray:
    """Measures every frame: mean luma, its deviation, colourfulness, and where the mean colour lies on the wheel.

    Weighting hues by chroma makes their mean the angle of the mean colour, in which dark noise hardly counts
    (its saturation would be 1).

    Args:
        frames: (T, H, W, 3) float32 sRGB of 0..1. luma: (T, H, W).

    Returns:
        (T, 5): brightness, contrast, colourfulness, mean chroma along red and across it.

    Source: Hasler & Suesstrunk 2003, "Measuring colourfulness in natural images", section 6 (M3); the plane
    of hue and chroma: Hanbury 2008, "Constructing cylindrical coordinate colour spaces".
    """
    import numpy as np

    red, green, blue = frames[..., 0], frames[..., 1], frames[..., 2]
    over = (1, 2)
    opponents = np.stack([red - green, (red + green) / 2 - blue])  # (2, T, H, W)
    means, spreads = opponents.mean((2, 3), np.float64), opponents.std((2, 3), np.float64)
    colourfulness = np.hypot(*spreads) + 0.3 * np.hypot(*means)
    # Hasler's scale is that of 8-bit values; here it is a hundredth of it.
    colourfulness = colourfulness * 255 / 100
    colour = frames.mean(over, np.float64)
    along = colour[:, 0] - (colour[:, 1] + colour[:, 2]) / 2
    across = math.sqrt(0.75) * (colour[:, 1] - colour[:, 2])
    return np.stack(
        [luma.mean(over, np.float64), luma.std(over, np.float64), colourfulness, along, across], -1
    )
