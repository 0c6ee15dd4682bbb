"""Points of the emotion space for recordings with a label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

if TYPE_CHECKING:
    from conditioning.space import EmotionSpace

NEUTRAL = "neutral"
NEAR_SHARE = 0.25  # of examples whose emotion is another point that reads alike, so that phrases work


class Labelled(Protocol):
    """Anything with a label of the emotion layer ("" is neutral) and an intensity of 0..1.5."""

    @property
    def emotion(self) -> str: ...

    @property
    def intensity(self) -> float: ...


class EmotionPoints:
    """Draws a point of the space for a recording's label."""

    def __init__(self, space: EmotionSpace) -> None:
        self.space = space
        self.offsets: dict[str, Tensor] = {}
        self.spreads: dict[str, Tensor] = {}

    def offset(self, recording: Labelled) -> Tensor:
        """The label's own offset from neutral at the recording's intensity. (64,)"""
        label = recording.emotion or NEUTRAL
        if label not in self.offsets:
            from conditioning import Emotion

            emotion = Emotion.parse(label, 1.0)
            self.offsets[label] = (self.space.embed(emotion) - self.space.neutral).detach()
            name = emotion.weights[0][0]
            self.spreads[label] = self.space.scales()[self.space.index(name)].detach()
        return self.offsets[label] * recording.intensity

    def draw(self, recording: Labelled, generator: torch.Generator) -> Tensor:
        """A random point that means what the label says. (64,)"""
        offset = self.offset(recording)
        if recording.emotion in ("", NEUTRAL):
            return self.space.neutral + 0.02 * torch.randn(offset.shape, generator=generator)
        if float(torch.rand((), generator=generator)) < NEAR_SHARE:
            place = self.space.vad(self.space.neutral + offset)
            return self.space.sample_near(place[None], generator)[0]
        strength = 1 + 0.15 * float(torch.randn((), generator=generator))
        noise = torch.randn(offset.shape, generator=generator) * self.spreads[recording.emotion]
        return self.space.neutral + strength * offset + 0.3 * recording.intensity * noise
