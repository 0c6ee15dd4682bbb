"""A stand-in for the video backend: the real prompt and options, a ball that jumps, or a film made lighter."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from standin import Standin, take_steps

from generators.base import PartCallback, StepCallback
from generators.media import Video, track_times
from generators.video.options import (
    CHECKPOINTS,
    SMALL_FRAMES,
    SMALL_RATE,
    SMALL_SIDE,
    VideoOptions,
    VideoPrompt,
    check_prompt,
)

STEPS = 12
LONGEST = 60  # frames of a film that is graded


class StandinVideo(Standin):
    name: ClassVar[str] = "video"
    media: ClassVar[type] = Video
    Prompt: ClassVar[type] = VideoPrompt
    Options: ClassVar[type] = VideoOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def generate(
        self,
        prompt: VideoPrompt,
        emotion: Any,
        options: VideoOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Video:
        """Draws a ball, or makes a film lighter; a step takes 40 ms."""
        from conditioning import load_space
        from generators.moving_picture import VideoWriter

        check_prompt(prompt, options)
        take_steps(options.num_inference_steps or STEPS, on_step, 0.04)
        frames, rate = graded(prompt) if options.task == "grade" else drawn(prompt, options)
        track = load_space().track(emotion, track_times(len(frames) / rate))
        with VideoWriter((frames.shape[2], frames.shape[1]), rate) as writer:
            writer.write(frames)
            return writer.finish(
                Video, emotion_track=track, provenance=self.provenance(prompt, options, emotion)
            )


def graded(prompt: VideoPrompt) -> tuple[np.ndarray, float]:
    """Gives the start of a film, lighter, and its rate."""
    from conditioning.encoders.video_file import open_video

    film = open_video(prompt.video)
    frames = np.concatenate(list(film.frames(0, LONGEST)))
    return (frames // 2 + 128).astype(np.uint8), film.frame_rate


def drawn(prompt: VideoPrompt, options: VideoOptions) -> tuple[np.ndarray, float]:
    """Gives (T, H, W, 3) uint8: a yellow ball that jumps, before the picture if there is one, and the rate."""
    from PIL import Image, ImageDraw, ImageOps

    size = (options.width or SMALL_SIDE, options.height or SMALL_SIDE)
    still = Image.new("RGB", size, "white")
    if prompt.image:
        with Image.open(prompt.image) as picture:
            still = ImageOps.fit(picture.convert("RGB"), size)
    frames = []
    for number in range(options.num_frames or SMALL_FRAMES):
        frame, high = still.copy(), abs(np.sin(number / 5)) * size[1] / 3
        box = (size[0] * 0.3, size[1] * 0.5 - high, size[0] * 0.7, size[1] * 0.9 - high)
        ImageDraw.Draw(frame).ellipse(box, fill=(250, 200, 40))
        frames.append(np.asarray(frame))
    return np.stack(frames), options.frame_rate or SMALL_RATE
