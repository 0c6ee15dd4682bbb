"""What a Wan base is told of a film: words, a picture to begin with, and feelings over its latent frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .options import WAN_FRAMES, WAN_RATE, WAN_SIZE, VideoOptions, VideoPrompt

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from conditioning import EmotionCurve

    from .wan_guidance import Conditions

SPAN = 4  # frames of a latent frame


@dataclass(frozen=True)
class Settled(VideoOptions):
    """Options of a film by Wan2.1 in which nothing of its size, length and guidance is left open."""

    num_frames: int = WAN_FRAMES
    width: int = WAN_SIZE[0]
    height: int = WAN_SIZE[1]
    frame_rate: float = WAN_RATE
    num_inference_steps: int = 50
    content_guidance_scale: float = 5.0
    identity_guidance_scale: float = 1.0
    emotion_guidance_scale: float = 1.0


def spoken(prompt: VideoPrompt, emotion: EmotionCurve, options: VideoOptions) -> str:
    """Gives the prompt, with the feeling in words where that is wanted."""
    if not options.emotion_in_words:
        return prompt.prompt
    names = [words_of(value) for _, value in emotion.keyframes]
    names = [name for number, name in enumerate(names) if not number or name != names[number - 1]]
    said = " and then in ".join(f"the '{name}' emotion" for name in names)
    shown = prompt.prompt.rstrip(" .")
    return (f"{shown}. " if shown else "") + f"The video is in {said}."


def words_of(emotion: Any) -> str:
    """Gives one feeling's name: words have neither shares nor strength."""
    if emotion.weights:
        return max(emotion.weights, key=lambda pair: pair[1])[0]
    if emotion.phrase:
        return emotion.phrase
    from conditioning import load_space

    space = load_space()
    near = space.nearest_states(space.embed(emotion), len(space.state_names))
    return next(name for name, _ in near if name in space.label_names)  # other states are no words


def first_frame(path: str, width: int, height: int) -> Image:
    """Opens a picture and cuts its middle out in a film's proportions and size."""
    from PIL import Image, ImageOps

    from conditioning.face.photo import open_photo

    whole = Image.fromarray(open_photo(path).pixels)
    return ImageOps.fit(whole, (width, height), Image.Resampling.LANCZOS)


def conditions_of(null_prompt: Tensor, emotion: EmotionCurve, film: Settled) -> Conditions:
    """Gives what the passes of guidance are given or not.

    Args:
        null_prompt: (1, 512, C), in place of the prompt.
    """
    import torch

    from .attributes import control_row
    from .wan_guidance import Conditions

    away = unwanted(film)
    row = torch.from_numpy(control_row(film.brightness, film.colourfulness, film.hue))[None]
    return Conditions(
        null_prompt,
        points_of(emotion, film.num_frames, film.frame_rate),
        None if away is None else points_of(away, film.num_frames, film.frame_rate),
        None if row.isnan().all() else row,
    )


def points_of(emotion: EmotionCurve, num_frames: int, frame_rate: float) -> Tensor:
    """Gives a curve's points of the emotion space, (1, F, 64): one a latent frame, or one for all of them."""
    import torch

    from conditioning import load_space

    times = latent_times(num_frames, frame_rate)
    with torch.no_grad():
        # One feeling for all frames takes the cheaper way through the transformer.
        return load_space().embed_curve(emotion, times[:1] if emotion.is_constant else times)[None]


def unwanted(options: VideoOptions) -> EmotionCurve | None:
    """Gives the feeling to go away from; its text may come from strangers, so that it names no file."""
    from conditioning import EmotionCurve

    return EmotionCurve.parse(options.negative_emotion, files=False) if options.negative_emotion else None


def latent_times(num_frames: int, frame_rate: float) -> list[float]:
    """Gives the time in s of the middle of what each latent frame holds: frame 0, then four frames each."""
    count = (num_frames - 1) // SPAN + 1
    return [0.0] + [(SPAN * number - 1.5) / frame_rate for number in range(1, count)]
