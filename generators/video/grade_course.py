"""The look of a film from its first second to its last, as the emotion and the dials have it.

It follows from the emotion at each moment and from some frames of the whole film, never from the frame that it
is laid on: so what does not change in the film does not flicker in the result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from conditioning import EmotionCurve, load_space
from conditioning.encoders.video_file import VideoFile

from .grade_aim import Aim, aimed
from .grade_colour import Look, table_of, to_oklab
from .grade_motion import Retiming
from .moods import looks

COURSE_S = 0.25  # between the looks of a feeling that changes
# Two keyframes at nearly one time must not be a jump: looks are means over a second, nearest most.
SOFTENING = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
# Dials by the fields of a look that they scale.
DIALS = {
    "brightness": "grade_brightness",
    "contrast": "grade_contrast",
    "colourfulness": "grade_colour",
    "warm_red": "grade_hue",
    "warm_green": "grade_hue",
    "split_red": "grade_hue",
    "split_green": "grade_hue",
    "fade": "grade_contrast",
    "tempo": "grade_tempo",
}
STILLS, STILL_SIDE = 3, 128  # frames and pixels by which a film is known
MIDDLES = (0.3, 0.75)
SLOWEST, FASTEST = -1.0, 1.0  # logarithms of tempo to base 2


class Course:
    """The look of a film over its time.

    Args:
        emotion: over seconds of the film. source: the film. options: the dials.

    Attributes:
        looks: (K, 9), the fields of `Look` every `COURSE_S`; one row of a feeling that does not change.
    """

    def __init__(self, emotion: EmotionCurve, source: VideoFile, options: Any) -> None:
        count = 1 if emotion.is_constant else math.ceil(source.duration_s / COURSE_S) + 2
        points = load_space().embed_curve(emotion, [COURSE_S * number for number in range(count)])
        dials = np.array([getattr(options, DIALS[name]) for name in Look._fields])
        found = looks(points) * dials
        if count > 1:
            padded = np.pad(found, ((2, 2), (0, 0)), mode="edge")
            found = sum(share * padded[at : at + count] for at, share in enumerate(SOFTENING))
        aim = Aim(options.brightness, options.colourfulness, options.hue)
        turns = bool(np.any(found[:, Look._fields.index("contrast")]))
        stills = stills_of(source) if turns or aim.moved else []
        self.middle = middle_of(stills)
        if aim.moved and stills:
            found = found + np.array(aimed(aim, Look(*found.mean(0).tolist()), stills, self.middle))
        self.looks = found
        # A frame lies between two; one more is kept for a tempo that goes back and forth between blocks.
        self._table = lru_cache(maxsize=3)(self._made)

    @property
    def keeps_all(self) -> bool:
        """Whether nothing changes at all."""
        return not self.looks.any()

    def _made(self, row: int) -> np.ndarray | None:
        look = Look(*self.looks[row].tolist())
        return None if look.keeps_colours else table_of(look, self.middle)

    def table(self, time_s: float) -> np.ndarray | None:
        """Gives the table of a moment; None where colours stay as they are."""
        at = min(time_s / COURSE_S, len(self.looks) - 1)
        row = int(at)
        share = at - row
        first = self._table(row)
        if share == 0.0:
            return first
        second = self._table(row + 1)
        if first is None and second is None:
            return None
        first = table_of(Look()) if first is None else first
        second = table_of(Look()) if second is None else second
        return np.asarray((1 - share) * first + share * second, np.float32)

    def retiming(self) -> Retiming | None:
        """Gives how time runs; None where the film keeps its own."""
        tempo = np.clip(self.looks[:, Look._fields.index("tempo")], SLOWEST, FASTEST)
        return Retiming(np.exp2(tempo), COURSE_S) if np.any(tempo) else None

    def stretch(self, retiming: Retiming | None) -> float:
        """Gives how many times as long the result is, near enough to say how many steps there are."""
        end = np.array(max(COURSE_S, (len(self.looks) - 1) * COURSE_S))
        return 1.0 if retiming is None else float(retiming.to_result(end) / end)


def stills_of(source: VideoFile) -> list[np.ndarray]:
    """Gives some small frames from all over a film, (H, W, 3) uint8."""
    numbers = np.linspace(0, source.num_frames - 1, min(STILLS, source.num_frames) + 2)[1:-1]
    found = [
        source.frames(number, number + 1, largest=STILL_SIDE, block=1)
        for number in numbers.astype(int).tolist()
    ]
    return [block[0] for frames in found for block in frames]


def middle_of(stills: Sequence[np.ndarray]) -> float:
    """Gives the lightness about which contrast turns: the frames' median, the same for all of a film."""
    lightness = [to_oklab(still.reshape(-1, 3).T / 255.0)[0] for still in stills]
    return float(np.clip(np.median(np.concatenate(lightness)), *MIDDLES)) if lightness else 0.5
