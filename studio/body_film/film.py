"""A moving body as a film with its sound, drawn and encoded at the same time in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from generators.media import Motion, Video
from generators.moving_picture import VideoWriter

from .renderer import BodyRenderer

SIZE = (512, 512)


def film_of(
    motion: Motion, *, size: tuple[int, int] = SIZE, on_step: Callable[[int, int], None] | None = None
) -> Video:
    """Gives a film of a result, at its own rate.

    Args:
        size: width and height in pixels, multiples of eight.
        on_step: called with the frames done and all frames.

    Raises:
        ValueError: no frames, numbers that are not finite, or a size that cannot be drawn.
    """
    renderer = BodyRenderer(motion.motion, motion.emotion_track, size=size)
    audio = motion.audio if motion.has_sound else None
    with VideoWriter(size, motion.motion.frame_rate, audio) as writer:
        for frames in renderer.frames():
            writer.write(frames)
            if on_step is not None:
                on_step(writer.num_frames, len(motion.motion))
        about: dict[str, Any] = {"marks": motion.marks, "emotion_track": motion.emotion_track}
        return writer.finish(Video, provenance=motion.provenance, **about)
