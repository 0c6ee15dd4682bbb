"""Films by the small model: words, a first frame and a feeling to at most 33 frames of 128 x 128."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from conditioning import EmotionCurve, load_space
from conditioning.calibration import calibrated
from generators.base import StepCallback
from generators.media import Video, track_times
from generators.moving_picture import VideoWriter
from generators.sampling import repeated, sample_flow
from generators.weights import Weights, provenance

from .attributes import control_row
from .model import Latents, SmallVideo, doubts, read_words
from .options import SMALL_FRAMES, SMALL_RATE, SMALL_SIDE, VideoOptions, VideoPrompt
from .wan_conditions import first_frame, latent_times, points_of, unwanted
from .wan_guidance import Pass, summed, wan_passes

AUTOENCODER = "video-autoencoder"
SHIFT = 4.0  # most of what is to be seen is settled while there is much noise


@dataclass(frozen=True)
class Small(VideoOptions):
    """Options of a film in which nothing of its length and guidance is left open, so that a recipe says what ran."""

    num_frames: int = SMALL_FRAMES
    frame_rate: float = SMALL_RATE
    num_inference_steps: int = 20
    content_guidance_scale: float = 2.0
    identity_guidance_scale: float = 1.0
    emotion_guidance_scale: float = 4.0


def settled(options: VideoOptions) -> Small:
    """Gives the options with the model's own where nothing is said."""
    return Small(**{name: value for name, value in asdict(options).items() if value is not None})


def film(
    weights: Weights,
    prompt: VideoPrompt,
    emotion: EmotionCurve,
    options: VideoOptions,
    on_step: StepCallback | None,
) -> Video:
    """Makes a film; see `VideoBackend.generate`."""
    model: SmallVideo = weights.get(options.checkpoint)
    autoencoder = weights.get(AUTOENCODER)
    latents = Latents(autoencoder, model.config.first_spread)
    asked = settled(options)
    num_frames, rate = asked.num_frames, asked.frame_rate
    curve = calibrated(emotion, model.checkpoint.extra.get("calibration"))
    batch = {
        "text": read_words([prompt.prompt]),
        "picture": picture_of(prompt.image, latents),
        "emotion": points_of(curve, num_frames, rate),
        "attributes": looks(asked),
    }
    batch = {name: value.float().to(weights.device) for name, value in batch.items()}
    given = {"content": bool(prompt.prompt.strip()), "identity": bool(prompt.image)}
    made = sampled(model, batch, given, asked, on_step)
    frames = latents.decode(made)[0].float().clamp(-1, 1)  # (3, T, H, W)
    with VideoWriter((SMALL_SIDE, SMALL_SIDE), rate) as writer:
        writer.write(((frames + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 3, 0).cpu())
        return writer.finish(
            emotion_track=load_space().track(emotion, track_times(num_frames / rate)),
            warnings=doubts(prompt.prompt, model.config.known),
            provenance=provenance(
                "video", [model.checkpoint, autoencoder.checkpoint], prompt, emotion, asked
            ),
        )


def sampled(
    model: SmallVideo,
    batch: dict[str, Tensor],
    given: dict[str, bool],
    options: Small,
    on_step: StepCallback | None,
) -> Tensor:
    """Draws latents, (1, C, F, h, w).

    Args:
        batch: what the model hears. given: whether there are words ("content") and a picture ("identity") at all.
    """
    channels, side = batch["picture"].shape[1], batch["picture"].shape[-1]
    generator = torch.Generator().manual_seed(options.seed)
    noise = torch.randn(
        1, channels, len(latent_times(options.num_frames, 1.0)), side, side, generator=generator
    )
    passes = passes_of(options, given)
    heard = heard_in(passes, batch, given, options)

    def flow(x: Tensor, t: float) -> Tensor:
        times = torch.full((len(passes),), t, device=x.device)
        return summed(model(repeated(x, len(passes)), times, **heard)[0], passes)

    return sample_flow(
        flow,
        noise.to(batch["picture"]),
        num_inference_steps=options.num_inference_steps,
        shift=SHIFT,
        on_step=on_step,
    )


def passes_of(options: Small, given: dict[str, bool]) -> list[Pass]:
    """Gives the passes of guidance; scales of words or a picture that are not given count for nothing."""
    inner = options.identity_guidance_scale if given["identity"] else 1.0
    return wan_passes(
        options.content_guidance_scale if given["content"] else inner,
        inner,
        options.emotion_guidance_scale,
        image=given["identity"],
        felt=True,
        away=bool(options.negative_emotion),
    )


def heard_in(
    passes: Sequence[Pass], batch: dict[str, Tensor], given: dict[str, bool], options: Small
) -> dict[str, Any]:
    """Gives what the model hears in every pass of guidance: the batch's (1, ...) as (P, ...), and what is present."""
    heard = repeated(batch, len(passes))
    device = batch["picture"].device
    if away := unwanted(options):
        instead = torch.tensor([entry.feeling == "unwanted" for entry in passes], device=device)
        point = points_of(away, 1, 1.0).to(heard["emotion"])
        heard["emotion"] = torch.where(instead[:, None, None], point, heard["emotion"])
    present = {
        "content": [entry.prompt and given["content"] for entry in passes],
        "identity": [entry.image and given["identity"] for entry in passes],
        "emotion": [bool(entry.feeling) for entry in passes],
    }
    return heard | {"present": {name: torch.tensor(flags, device=device) for name, flags in present.items()}}


def looks(options: VideoOptions) -> Tensor:
    """Gives (1, 4), NaN where nothing is asked for."""
    return torch.from_numpy(control_row(options.brightness, options.colourfulness, options.hue))[None]


def picture_of(path: str, latents: Latents) -> Tensor:
    """Gives the latents of a picture, (1, C, 1, h, w); zeros without one.

    Raises:
        ValueError: no picture.
    """
    if not path:
        side = SMALL_SIDE // latents.autoencoder.spatial_compression_ratio
        return torch.zeros(1, latents.mean.shape[1], 1, side, side)
    pixels = np.asarray(first_frame(path, SMALL_SIDE, SMALL_SIDE))
    return latents.encode(torch.from_numpy(pixels / 127.5 - 1).permute(2, 0, 1)[None, :, None])
