"""An emotion over time: keyframes in seconds, straight lines in the space between them."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .emotion import MAX_INTENSITY, Emotion, check_number, is_number, shorten

MAX_TIME_S = 86_400.0
MAX_KEYFRAMES = 10_000


@dataclass(frozen=True)
class EmotionCurve:
    """Keyframes of emotion; held before the first and after the last, interpolated in the space between.

    Attributes:
        keyframes: (time in seconds, Emotion) pairs, times rising from 0 or later.
    """

    keyframes: tuple[tuple[float, Emotion], ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.keyframes) <= MAX_KEYFRAMES:
            raise ValueError(f"expected 1 to {MAX_KEYFRAMES} keyframes, got {len(self.keyframes)}")
        last = -1.0
        for time_s, emotion in self.keyframes:
            check_number(time_s, "a keyframe's time in seconds", 0.0, MAX_TIME_S)
            if not isinstance(emotion, Emotion):
                raise ValueError(f"expected an Emotion in a keyframe, got {shorten(emotion)}")
            if time_s <= last:
                raise ValueError(f"expected keyframe times that rise, got {time_s:g} s after {last:g} s")
            last = time_s

    @classmethod
    def parse(cls, value: Any, intensity: float = 1.0, *, files: bool = True) -> EmotionCurve:
        """Gives the curve that a value stands for.

        Args:
            value: anything `Emotion.parse` takes, or keyframes [(seconds, value), ...] in rising order, or
                what `to_json` gave, or an EmotionCurve.
            intensity: 0..1.5; multiplies every keyframe's own; products stop at 1.5.
            files: whether text may name a reference file.

        Raises:
            ValueError, FileNotFoundError: as `Emotion.parse`, and for keyframes that do not rise.
        """
        factor = check_number(intensity, "intensity", 0.0, MAX_INTENSITY)
        if isinstance(value, cls):
            return cls(tuple((time_s, emotion.scaled(factor)) for time_s, emotion in value.keyframes))
        if isinstance(value, Mapping) and "keyframes" in value:
            if set(value) != {"keyframes"} or not is_keyframes(value["keyframes"]):
                raise ValueError(f"expected keyframes [[seconds, emotion], ...], got {shorten(dict(value))}")
            value = value["keyframes"]
        if is_keyframes(value):
            return cls(tuple(
                (check_number(time_s, "a keyframe's time in seconds", 0.0, MAX_TIME_S),
                 Emotion.parse(item, files=files).scaled(factor))
                for time_s, item in value
            ))  # fmt: skip
        return cls(((0.0, Emotion.parse(value, files=files).scaled(factor)),))

    @property
    def is_constant(self) -> bool:
        return all(emotion == self.keyframes[0][1] for _, emotion in self.keyframes)

    @property
    def label(self) -> str:
        """Short text for people: "calm", "0 s calm, 20 s joy (0.9)"."""
        if self.is_constant:
            return self.keyframes[0][1].label
        parts = [f"{time_s:g} s {emotion.label}" for time_s, emotion in self.keyframes]
        return ", ".join(parts) if len(parts) <= 4 else ", ".join([*parts[:3], "...", parts[-1]])

    def to_json(self) -> dict[str, Any]:
        """Gives plain JSON that `parse` takes back exactly."""
        if len(self.keyframes) == 1 and self.keyframes[0][0] == 0.0:
            return self.keyframes[0][1].to_json()
        return {"keyframes": [[time_s, emotion.to_json()] for time_s, emotion in self.keyframes]}

    def around(self, time_s: float) -> tuple[Emotion, Emotion, float]:
        """Gives the keyframes about a time and how far it lies from the first to the second, 0..1."""
        times = [time for time, _ in self.keyframes]
        after = bisect.bisect_right(times, time_s)
        if after == 0 or after == len(times):
            emotion = self.keyframes[max(0, after - 1)][1]
            return emotion, emotion, 0.0
        start, end = times[after - 1], times[after]
        return self.keyframes[after - 1][1], self.keyframes[after][1], (time_s - start) / (end - start)


def is_keyframes(value: Any) -> bool:
    """Whether a value is a list of (number, something) pairs, and so keyframes."""
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)) or not value:
        return False
    return all(
        isinstance(item, Sequence)
        and not isinstance(item, (str, bytes))
        and len(item) == 2
        and is_number(item[0])
        for item in value
    )
