"""Films by Wan2.1 with an emotion: its own pipeline, guided by prompt, picture and feeling."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.base import StepCallback

from .options import (
    DIVISOR,
    WAN_SIZE,
    VideoOptions,
    VideoPrompt,
    check_frames,
    check_sides,
)
from .wan_adapter import AdapterFolder, check_fit, find_adapter
from .wan_conditions import Settled, conditions_of, first_frame, spoken
from .wan_weights import Base, NotFetchedError, find_base

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image
    from torch import Tensor

    from conditioning import EmotionCurve

    from .wan_open import Held, Opened

LEAST, MOST = 64, 2048  # pixels of a side that is chosen
FRAMES_AT_ONCE = 16
ADAPTED_SCALE = 3.0  # of emotion guidance


def precheck(prompt: VideoPrompt, options: VideoOptions) -> None:
    """As `check`, but fetches nothing: weights that are still to be fetched cannot be looked at."""
    try:
        check(prompt, replace(options, download=False))
    except NotFetchedError:
        if not options.download:
            raise


def check(prompt: VideoPrompt, options: VideoOptions) -> tuple[Base, AdapterFolder | None]:
    """Refuses, without loading any weights, what a base cannot make; fetches it where `download` says so.

    Raises:
        ValueError: another number of frames or another size than the base makes, a picture too few or too many, an
            adapter of another base or space, or a control without the adapter that it needs.
        FileNotFoundError: weights, or files of them, that are not there.
    """
    check_frames(options.num_frames)
    check_sides(options)
    adapter = find_adapter(options.adapter) if options.adapter else None
    check_controls(options, adapter is not None)
    base = find_base(options.base, options.download)
    if base.kind == "image" and not prompt.image:
        raise ValueError(f"expected an image for {base.name}, which begins with one, got none")
    if base.kind == "text" and prompt.image:
        raise ValueError(
            f"expected no image for {base.name}, which makes films of words alone, got {Path(prompt.image).name!r}"
        )
    if base.kind == "text" and options.identity_guidance_scale not in (None, 1):
        raise ValueError(
            f"expected an identity_guidance_scale of 1 for {base.name}, which sees no picture, "
            f"got {options.identity_guidance_scale:g}"
        )
    if adapter is not None:
        check_fit(adapter, base)
    return base, adapter


def settled(options: VideoOptions, image: str = "") -> Settled:
    """Gives the options with what Wan2.1 was trained for where nothing is said.

    Args:
        image: path of the picture that the film begins with, whose proportions it takes.
    """
    said = {name: value for name, value in asdict(options).items() if value is not None}
    if options.adapter:
        said.setdefault("emotion_guidance_scale", ADAPTED_SCALE)
    if image and options.width is None and options.height is None:
        said["width"], said["height"] = size_like(image)
    return Settled(**said)


def size_like(image: str) -> tuple[int, int]:
    """Gives a film's size in a picture's proportions, with about as many pixels as Wan2.1's usual size."""
    from conditioning.face.photo import open_photo

    width, height = open_photo(image).size
    longer = math.sqrt(WAN_SIZE[0] * WAN_SIZE[1] / (width * height))
    wide, high = (max(LEAST, round(side * longer / DIVISOR) * DIVISOR) for side in (width, height))
    return min(wide, MOST), min(high, MOST)


def check_controls(options: VideoOptions, adapted: bool) -> None:
    """Refuses what only an adapter, or only emotion guidance, can do where there is none."""
    if adapted:
        return
    for name in ("negative_emotion", "brightness", "colourfulness", "hue"):
        value = getattr(options, name)
        if value not in (None, ""):
            raise ValueError(f"expected an adapter for {name}, got {value!r} and none")
    if options.emotion_guidance_scale not in (None, 1):
        raise ValueError(
            f"expected an adapter for emotion guidance, got {options.emotion_guidance_scale:g} and none"
        )


def doubts(options: VideoOptions) -> tuple[str, ...]:
    """Says what somebody should know before trusting a film of a base."""
    found = []
    if not options.adapter and not options.emotion_in_words:
        found.append(
            "without an emotion adapter the film shows nothing of the emotion but what the prompt says"
        )
    if options.content_guidance_scale == 1:
        found.append("Wan2.1 follows the prompt loosely without guidance: content_guidance_scale 5 is usual")
    return tuple(found)


def generate(
    prompt: VideoPrompt,
    emotion: EmotionCurve,
    options: VideoOptions,
    on_step: StepCallback | None = None,
    device: str = "cpu",
    held: Held | None = None,
) -> tuple[Iterator[np.ndarray], float, dict[str, Any]]:
    """Makes a film.

    Args:
        prompt: what is seen, and the first frame of an image-to-video base. emotion: over the film's seconds.
        options: `base` and how. on_step: called after every sampling step; may raise `Cancelled`.
        held: keeps the model for the next film.

    Returns:
        Blocks of frames (T, H, W, 3) uint8, their rate in Hz, and what made them: "weights", "licence" and
        "non_commercial".

    Raises:
        ValueError, FileNotFoundError: as `check`; no room in memory; a picture that cannot be read.
        OSError: a repository that cannot be fetched.
    """
    from .wan_memory import room_for
    from .wan_open import Held

    base, adapter = check(prompt, options)
    film, held = settled(options, prompt.image), held or Held()
    said = spoken(prompt, emotion, film), film.negative_prompt
    with room_for(f"{film.num_frames} frames of {film.width} x {film.height}", device, film.low_vram):
        texts = held.texts(base, said, device, film.low_vram)
        opened = held.model(base, adapter, device, film.low_vram)
        picture = first_frame(prompt.image, film.width, film.height) if base.kind == "image" else None
        frames = sampled(opened, texts, emotion, film, picture, on_step)
    return blocks(frames), film.frame_rate, made_by(base, adapter)


def sampled(
    opened: Opened,
    texts: list[Tensor],
    emotion: EmotionCurve,
    film: Settled,
    picture: Image | None,
    on_step: StepCallback | None,
) -> Tensor:
    """Runs the pipeline; gives (T, 3, H, W) in 0..1."""
    import torch

    from .wan_guidance import guiding, wan_passes

    pipeline, attachment = opened.pipeline, opened.attachment
    passes = wan_passes(
        film.content_guidance_scale,
        film.identity_guidance_scale,
        film.emotion_guidance_scale,
        image=picture is not None,
        felt=attachment is not None,
        away=bool(film.negative_emotion),
    )
    conditions = conditions_of(texts[1], emotion, film)

    def step(_: Any, number: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        if on_step is not None:
            on_step(number + 1, film.num_inference_steps)
        return tensors

    call: dict[str, Any] = {} if picture is None else {"image": picture}
    pipeline.scheduler = opened.scheduler(film.flow_shift)
    with guiding(pipeline.transformer, passes, conditions, attachment, one_by_one=film.low_vram):
        return pipeline(
            prompt_embeds=texts[0].to(pipeline._execution_device),
            num_frames=film.num_frames,
            width=film.width,
            height=film.height,
            num_inference_steps=film.num_inference_steps,
            guidance_scale=1.0,
            generator=torch.Generator().manual_seed(film.seed),
            output_type="pt",
            callback_on_step_end=step,
            **call,
        ).frames[0]


def blocks(frames: Tensor) -> Iterator[np.ndarray]:
    """Gives (T, 3, H, W) in 0..1 as blocks of (T, H, W, 3) uint8."""
    for piece in frames.split(FRAMES_AT_ONCE):
        yield (piece.float() * 255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()


def made_by(base: Base, adapter: AdapterFolder | None) -> dict[str, Any]:
    """Says which weights made a film, and under which licence they are."""
    weights = {base.name: base.fingerprint()}
    licences = [base.licence]
    if adapter is not None:
        weights |= {f"adapter {name}": value for name, value in adapter.hashes().items()}
        licences.append(adapter.licence)
    found = sorted({licence for licence in licences if licence})
    return {
        "weights": weights,
        "licence": " AND ".join(found) or "not stated",
        "non_commercial": any("-nc" in licence.lower() for licence in found),
    }
