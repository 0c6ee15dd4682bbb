"""A stand-in for the portrait backend: the real prompt and options, a photo with a mouth drawn on."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from standin import Standin, take_steps
from standin_speech import hum

from generators.base import PartCallback, StepCallback
from generators.media import Audio, Portrait
from generators.portrait.options import CHECKPOINTS, PortraitOptions, PortraitPrompt, check_prompt

LONGEST_S = 1.5
STEPS = 8
LARGEST = 256  # pixels: larger films take longer to encode and show nothing more


class StandinPortrait(Standin):
    name: ClassVar[str] = "portrait"
    media: ClassVar[type] = Portrait
    Prompt: ClassVar[type] = PortraitPrompt
    Options: ClassVar[type] = PortraitOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def generate(
        self,
        prompt: PortraitPrompt,
        emotion: Any,
        options: PortraitOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Portrait:
        """Opens and shuts a drawn mouth; a step takes 20 ms."""
        from conditioning import load_space
        from generators.moving_picture import VideoWriter

        check_prompt(prompt, options)
        take_steps(STEPS, on_step)
        audio = sound_of(prompt)
        times = np.arange(round(audio.duration_s * options.frame_rate)) / options.frame_rate
        motion = motion_of(times, options)
        track = load_space().track(emotion, times[::5].tolist())
        scale = min(1.0, LARGEST / max(options.width, options.height))
        size = tuple(2 * round(side * scale / 2) for side in (options.width, options.height))
        with VideoWriter(size, options.frame_rate, audio) as writer:
            writer.write(frames_of(prompt, size, motion.coefficient("jawOpen")))
            return writer.finish(
                Portrait,
                motion=motion,
                marks=audio.marks,
                emotion_track=track,
                provenance=self.provenance(prompt, options, emotion),
            )


def sound_of(prompt: PortraitPrompt) -> Audio:
    """Gives the start of the recording, or a hum for each word of the text."""
    import soundfile

    if prompt.audio:
        samples, rate = soundfile.read(prompt.audio, dtype="float32", always_2d=True)
        return Audio(samples[: round(LONGEST_S * rate)].T, rate)
    return hum(" ".join((prompt.text or "not one word").split()[:4]), 140.0, (0.0, 0.0))


def motion_of(times: np.ndarray, options: PortraitOptions) -> Any:
    from conditioning.face.arkit import INDEX
    from conditioning.face.motion import at_rest

    motion = at_rest(len(times), options.frame_rate)
    motion.expression[:, INDEX["jawOpen"]] = options.mouth_scale * 0.3 * np.sin(9 * times) ** 2
    return motion


def frames_of(prompt: PortraitPrompt, size: tuple[int, int], opened: np.ndarray) -> np.ndarray:
    """Gives (T, H, W, 3) uint8: the photo, or grey, with an ellipse as high as the mouth is open."""
    from PIL import Image, ImageDraw, ImageOps

    from conditioning.face.photo import open_photo

    grey = Image.new("RGB", size, "grey")
    still = ImageOps.fit(Image.fromarray(open_photo(prompt.image).pixels), size) if prompt.image else grey
    frames = []
    for amount in opened:
        frame = still.copy()
        middle, high = 0.72 * size[1], 2 + amount * 0.2 * size[1]
        box = (0.4 * size[0], middle - high / 2, 0.6 * size[0], middle + high / 2)
        ImageDraw.Draw(frame).ellipse(box, fill=(70, 20, 30))
        frames.append(np.asarray(frame))
    return np.stack(frames)
