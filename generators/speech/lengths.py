"""How long a text takes to say, without making the sound: from the very plans that the sound would follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generators.voice.features import FRAME_RATE

from .delivery import LARGEST_STRETCH, total_frames
from .drawn import Drawn
from .options import SpeechOptions, SpeechPrompt
from .speak import Progress, Speaking

if TYPE_CHECKING:
    from conditioning import EmotionCurve
    from generators.base import StepCallback
    from generators.weights import Weights


@dataclass(frozen=True)
class Lengths:
    """Lengths in seconds of what is heard, from the first sound to the end of the last.

    Attributes:
        natural_s: at the asked speed. shortest_s, longest_s: the least and the most that a `duration_s` may ask.
        before_s, after_s: silence around it, which is the same at every length.
    """

    natural_s: float
    shortest_s: float
    longest_s: float
    before_s: float
    after_s: float

    @property
    def around_s(self) -> float:
        """What a `duration_s` holds beside what is heard."""
        return self.before_s + self.after_s


def lengths(
    weights: Weights,
    prompt: SpeechPrompt,
    emotion: EmotionCurve,
    options: SpeechOptions,
    on_step: StepCallback | None,
    drawn: Drawn | None = None,
) -> Lengths:
    """Gives the lengths that a text can have; see `SpeechBackend.lengths`. drawn: plans that are known already."""
    speaking = Speaking(weights, prompt, emotion, replace(options, speed=1.0), drawn)
    progress = Progress(prompt.text, 1, on_step)
    plans = speaking.paced_deliveries(progress, prompt.duration_s)
    progress.finish()
    before_s, after_s = (float(frames) / FRAME_RATE for frames in (plans[0].frames[0], plans[-1].frames[-1]))

    def heard_s(stretch: float) -> float:
        return total_frames(plans, stretch) / FRAME_RATE - before_s - after_s

    # A frame within the ends, so that rounding leads over neither.
    shortest_s, longest_s = (
        heard_s(1 / LARGEST_STRETCH) + 1 / FRAME_RATE,
        heard_s(LARGEST_STRETCH) - 1 / FRAME_RATE,
    )
    return Lengths(heard_s(1 / options.speed), shortest_s, longest_s, before_s, after_s)
