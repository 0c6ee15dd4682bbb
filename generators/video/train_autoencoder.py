"""Recipe of the small autoencoder: Wan2.1's own classes, from pictures to latents and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify
from torch import Tensor, nn

import checkpoints
from training.loop import TrainConfig, steps_done, train

from .animations import BACKGROUNDS, Animation, Drawer, View, read_animations

PURPOSE = "videos to latents and back"
FRAME_RATE = 15.0
FIRST_LOG_VARIANCE = -6.0


def run(
    config: dict[str, Any],
    data_dir: str | Path,
    out_dir: str | Path,
    resume: bool = False,
    on_step: Any = None,
) -> AutoencoderKLWan:
    """Trains as the config says and ships the checkpoint that it names.

    First both halves; then, while the latents stay what they are and models can be trained on them, the decoder alone,
    from latents with some noise, since what a model generates is never quite what a film would have been.

    Args:
        config: name, licence, data, animations, loss, compile, model, stages (from_step, turns: [pieces, frames] of
            steps that follow one another), crop, train (both), decoder: train (its own), noise (most of it, in spreads
            of the latents).
        data_dir: folder with the unpacked data sets.
    """
    torch.manual_seed(config["train"].get("seed", 0))
    crops = Crops(read_animations(Path(data_dir) / config["animations"]), config)

    def trained(
        model: AutoencoderKLWan, section: dict[str, Any], folder: Path, before: int, noise: float
    ) -> AutoencoderKLWan:
        if config["compile"]:
            for half in (model.encoder, model.decoder):
                half.compile(dynamic=False)
        return train(
            model,
            lambda step, rank: crops.batch_at(before + step, rank),
            lambda m, batch, step: loss_of(m, batch, before + step, config["loss"], noise),
            TrainConfig(**section["train"]),
            folder,
            resume=resume,
            on_step=on_step,
        )

    both = TrainConfig(**config["train"]).max_steps
    averaged = trained(new_model(config), config, Path(out_dir), 0, 0.0)
    if steps_done(out_dir) < both:
        return averaged
    measure_latents(averaged, [crops.batch_at(both + number, 0)["pictures"] for number in range(32)])
    for part in (averaged.encoder, averaged.quant_conv):
        part.requires_grad_(False)
    decoder_folder = Path(out_dir) / "decoder"
    averaged = trained(averaged, config["decoder"], decoder_folder, both, config["decoder"]["noise"])
    if steps_done(decoder_folder) >= TrainConfig(**config["decoder"]["train"]).max_steps:
        checkpoints.ship(averaged, config, purpose=PURPOSE, space_version=None)
    return averaged


def new_model(config: dict[str, Any]) -> AutoencoderKLWan:
    """A model that can be trained from nothing within an hour of one core.

    With torch's own start every layer makes its input smaller and adds a bias that is not, so that after ten of them
    next to nothing of a picture is left. Here variance is kept, there are no biases, and as pictures come before films,
    all weight in time lies on the present frame.

    Source: variance: He et al. 2015, "Delving deep into rectifiers", section 2.2; pictures before films: Wan Team 2025,
    "Wan: Open and advanced large-scale video generative models", section 4.1.
    """
    model = AutoencoderKLWan(**config["model"])
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            nn.init.zeros_(module.bias.data)  # type: ignore[union-attr]
            spread(module.weight.data, name)
    with torch.no_grad():
        model.quant_conv.bias[model.config.z_dim :] = FIRST_LOG_VARIANCE
        model.quant_conv.weight[model.config.z_dim :] *= 0.1
    return model


def spread(weight: Tensor, name: str) -> None:
    """Fills the weights of one layer, (out, in, [time,] height, width)."""
    if weight.ndim == 4:
        nn.init.kaiming_normal_(weight, nonlinearity="linear")
    else:
        now = torch.empty_like(weight[:, :, -1])
        if "time_conv" in name:  # from one frame to one, or to several
            now[:] = torch.eye(weight.shape[1]).repeat(len(weight) // weight.shape[1], 1)[:, :, None, None]
        else:
            nn.init.kaiming_normal_(now, nonlinearity="linear")
        weight.zero_()
        weight[:, :, -1] = now
    if name.endswith("conv2"):  # what a block adds to what passes it
        weight *= 0.5


class Crops:
    """Small pieces of animations, a pure function of the step."""

    def __init__(self, animations: list[Animation], config: dict[str, Any]) -> None:
        self.animations = animations
        self.crop, self.stages = config["crop"], config["stages"]
        self.seed = config["train"].get("seed", 0)
        self.drawer = Drawer()

    def batch_at(self, step: int, rank: int) -> dict[str, Tensor]:
        """Gives {"pictures": (B, 3, T, crop, crop) in -1..1}."""
        random = np.random.default_rng([self.seed, step, rank])
        turns = [stage for stage in self.stages if stage["from_step"] <= step][-1]["turns"]
        count, num_frames = turns[step % len(turns)]
        times_s = np.arange(num_frames) / FRAME_RATE
        pieces = np.stack([self._piece(random, times_s) for _ in range(count)])
        return {"pictures": as_tensor(pieces)}

    def _piece(self, random: np.random.Generator, times_s: np.ndarray) -> np.ndarray:
        animation = self.animations[random.integers(len(self.animations))]
        frames = self.drawer.draw(animation, times_s, any_view(animation, random))
        size = self.drawer.size
        # The middle, where the characters are, more often than the plain colour around them.
        top, left = (int(v) for v in np.clip(random.normal(0.5, 0.3, 2), 0, 1) * (size - self.crop))
        return frames[:, top : top + self.crop, left : left + self.crop]


def any_view(animation: Animation, random: np.random.Generator) -> View:
    """Draws a way of looking at an animation."""
    colours = list(BACKGROUNDS.values())
    plain = random.random() < 0.3
    background = (255, 255, 255) if plain else colours[random.integers(len(colours))]
    if random.random() < 0.3:
        red, green, blue = (int(value) for value in random.integers(0, 256, 3))
        background = (red, green, blue)
    return View(
        start_s=random.random() * animation.duration_s,
        speed=float(random.uniform(0.4, 1.6)),
        background=background,
        scale=float(random.uniform(0.6, 1.0)),
        shift=(float(random.normal(0, 0.08)), float(random.normal(0, 0.08))),
        mirrored=bool(random.random() < 0.3),
    )


def as_tensor(pictures: np.ndarray) -> Tensor:
    """(B, T, H, W, 3) uint8 -> (B, 3, T, H, W) in -1..1"""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 4, 1, 2, 3).float() / 127.5 - 1


def loss_of(
    model: Any, batch: dict[str, Tensor], step: int, weights: dict[str, float], noise: float = 0.0
) -> dict[str, Tensor]:
    """How far pictures, their edges and their movement come out from what went in.

    What asks for sharpness comes in bit by bit: from the start it would settle on flat grey, which has no wrong edges.

    Args:
        noise: most of it in what is decoded, in spreads of the latents; every piece gets its own amount.

    Source: the divergence from a standard normal: Kingma & Welling 2013, "Auto-encoding variational Bayes", appendix B.
    """
    clean = batch["pictures"]
    posterior = model.encode(clean).latent_dist
    latents = posterior.sample()
    if noise:
        # Of each frame its own: the first, which says the least, would be drowned.
        spread = latents.detach().std((0, 3, 4), keepdim=True)  # (1, C, F, 1, 1)
        amount = noise * torch.rand(len(latents), 1, 1, 1, 1).to(latents)
        latents = latents + amount * spread * torch.randn_like(latents)
    off = decoded(model, latents).float() - clean
    sharp = min(1.0, max(0.0, (step - weights["sharp_from"]) / weights["sharp_within"]))
    losses = {
        "square": off.square().mean(),
        "absolute": off.abs().mean(),
        "edges": edges(off),
        "movement": off.diff(dim=2).abs().sum() / off.numel(),
        "divergence": posterior.kl().mean() / posterior.mean[0].numel(),
    }
    loss = losses["square"] + weights["divergence"] * losses["divergence"]
    for name in ("absolute", "edges", "movement"):
        loss = loss + sharp * weights[name] * losses[name]
    return {"loss": loss, **losses}


def decoded(model: AutoencoderKLWan, latents: Tensor) -> Tensor:
    """Gives the pictures before they are cut to -1..1: what is cut off has no gradient, and stays wrong for ever."""
    pieces: list[Tensor] = []
    hook = model.decoder.register_forward_hook(lambda _, __, piece: pieces.append(piece))
    try:
        model.decode(latents)
    finally:
        hook.remove()
    return unpatchify(torch.cat(pieces, 2), model.config.patch_size)  # (B, 3, T, H, W)


def edges(off: Tensor) -> Tensor:
    """Mean change of an error from pixel to pixel, fine and coarse: what is flat stays flat, lines stay sharp."""
    total = off.new_zeros(())
    pictures = off.transpose(1, 2).flatten(0, 1)  # (B * T, 3, H, W)
    for _ in range(3):
        total = total + pictures.diff(dim=2).abs().mean() + pictures.diff(dim=3).abs().mean()
        pictures = F.avg_pool2d(pictures, 2)
    return total


@torch.no_grad()
def measure_latents(model: AutoencoderKLWan, batches: list[Tensor]) -> None:
    """Puts the mean and spread of every latent channel into the config, where Wan's pipelines look for them."""
    latents = torch.cat(
        [model.encode(batch).latent_dist.mode().transpose(0, 1).flatten(1) for batch in batches], 1
    )
    model.register_to_config(latents_mean=latents.mean(1).tolist(), latents_std=latents.std(1).tolist())
