"""What the source recording expresses, so that the direction starts there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from conditioning.space import EmotionSpace

# Neutral recordings are read this far from neutral: nearer says nothing.
UNSURE = 0.5


def source_point(space: EmotionSpace, path: str) -> tuple[Tensor, Any]:
    """Gives where in the space a recording stands, and the encoder's entry; near neutral it is neutral."""
    from conditioning.encoders.speech import load_speech_encoder

    encoder = load_speech_encoder()
    offset = encoder.encode(path) - space.neutral.cpu()
    size = float(offset.norm())
    return space.neutral.cpu() + offset * max(0.0, 1 - UNSURE / max(size, 1e-6)), encoder.checkpoint
