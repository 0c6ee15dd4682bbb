"""Films by the small model: words, a first frame and a feeling to at most 33 frames of 128 x 128."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from conditioning import EmotionCurve, load_space
from conditioning.calibration import calibrated
from generators.base import StepCallback
from generators.media import Video, track_times
from generators.moving_picture import VideoWriter
from generators.sampling import guidance_passes, guided_flow, sample_flow
from generators.weights import Weights, provenance

from .attributes import control_row
from .model import Latents, SmallVideo, doubts, read_words
from .options import SMALL_FRAMES, SMALL_RATE, SMALL_SIDE, VideoOptions, VideoPrompt
from .wan_conditions import first_frame, latent_times

AUTOENCODER = "video-autoencoder"
STEPS = 20
SHIFT = 4.0  # most of what is to be seen is settled while there is much noise
SCALES = (2.0, 1.0, 2.0)  # of content, identity and emotion


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
    num_frames, rate = options.num_frames or SMALL_FRAMES, options.frame_rate or SMALL_RATE
    curve = calibrated(emotion, model.checkpoint.extra.get("calibration"))
    batch = {
        "text": read_words([prompt.prompt]),
        "picture": picture_of(prompt.image, latents),
        "emotion": feelings(curve, num_frames, rate),
        "attributes": looks(options),
    }
    batch = {name: value.float().to(weights.device) for name, value in batch.items()}
    given = {"content": bool(prompt.prompt.strip()), "identity": bool(prompt.image)}
    made = sampled(model, batch, given, num_frames, options, on_step)
    frames = latents.decode(made)[0].float().clamp(-1, 1)  # (3, T, H, W)
    with VideoWriter((SMALL_SIDE, SMALL_SIDE), rate) as writer:
        writer.write(((frames + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 3, 0).cpu())
        return writer.finish(
            emotion_track=load_space().track(emotion, track_times(num_frames / rate)),
            warnings=doubts(prompt.prompt, model.config.known),
            provenance=provenance(
                "video", [model.checkpoint, autoencoder.checkpoint], prompt, emotion, options
            ),
        )


def sampled(
    model: SmallVideo,
    batch: dict[str, Tensor],
    given: dict[str, bool],
    num_frames: int,
    options: VideoOptions,
    on_step: StepCallback | None,
) -> Tensor:
    """Draws latents, (1, C, F, h, w).

    Args:
        batch: what the model hears. given: whether there are words ("content") and a picture ("identity") at all.
    """
    channels, side = batch["picture"].shape[1], batch["picture"].shape[-1]
    generator = torch.Generator().manual_seed(options.seed)
    noise = torch.randn(1, channels, len(latent_times(num_frames, 1.0)), side, side, generator=generator)
    passes = guidance_passes(*scales(options))
    unwanted = None
    if options.negative_emotion:
        unwanted = feelings(EmotionCurve.parse(options.negative_emotion, files=False), 1, 1.0)

    def network(x: Tensor, t: Tensor, present: dict[str, Tensor], **heard: Tensor) -> tuple[Tensor, None]:
        if unwanted is not None:
            # A feeling not wanted takes the place of none in what emotion guidance goes away from.
            instead = present["identity"] & ~present["emotion"]
            heard["emotion"] = torch.where(instead[:, None, None], unwanted.to(x), heard["emotion"])
            present = {**present, "emotion": present["emotion"] | instead}
        return model(
            x, t, **heard, present={name: flags & given.get(name, True) for name, flags in present.items()}
        )

    return sample_flow(
        lambda x, t: guided_flow(network, x, t, batch, passes),
        noise.to(batch["picture"]),
        num_inference_steps=options.num_inference_steps or STEPS,
        shift=SHIFT,
        on_step=on_step,
    )


def scales(options: VideoOptions) -> tuple[float, ...]:
    """Gives the guidance scales of content, identity and emotion."""
    asked = (options.content_guidance_scale, options.identity_guidance_scale, options.emotion_guidance_scale)
    return tuple(usual if value is None else value for value, usual in zip(asked, SCALES, strict=True))


def feelings(curve: EmotionCurve, num_frames: int, rate: float) -> Tensor:
    """Gives the points of latent frames, (1, F, 64), or one for all, (1, 1, 64)."""
    times = [0.0] if curve.is_constant else latent_times(num_frames, rate)
    return load_space().embed_curve(curve, times)[None]


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
