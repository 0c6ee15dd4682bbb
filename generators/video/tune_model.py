"""What is trained of a Wan2.1: a LoRA in its blocks and the emotion adapter; the base itself stands still."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from conditioning.adapters import draw_present
from generators.hub_weights import silent
from generators.sampling import noisy_at, shifted_time

from .adapter import Attachment, EmotionAdapter, attach
from .attributes import CONTROL_OF
from .wan_open import open_parts
from .wan_weights import Base

LORA_NAME = "default"
Batch = dict[str, Any]


@dataclass
class Frozen:
    """The base with its LoRA's and its adapter's places, which several sets of weights may take in turn.

    Attributes:
        transformer: of diffusers, in the precision in which it stands still.
        attachment: of an adapter.
        flow_shift, num_timesteps: of the base's own scheduler.
        places: name of a LoRA's weights -> the layer that holds them.
    """

    transformer: Any
    attachment: Attachment
    flow_shift: float
    num_timesteps: int
    places: dict[str, nn.Module]

    def __deepcopy__(self, memo: dict[int, Any]) -> Frozen:
        """Gives itself: gigabytes that are never changed."""
        return self

    @property
    def sees(self) -> bool:
        """Whether it is given a picture."""
        return bool(self.transformer.config.in_channels > self.transformer.config.out_channels)


class Tuned(nn.Module):
    """The weights that are trained, and how a base answers with them.

    A copy of it (the running average) shares the base. Whoever is called last has its weights in it.

    Args:
        frozen: the base. adapter: the emotion's. lora: the LoRA's weights by their names in the transformer.
    """

    def __init__(self, frozen: Frozen, adapter: EmotionAdapter, lora: Mapping[str, nn.Parameter]) -> None:
        super().__init__()
        self.frozen = frozen
        self.adapter = adapter
        # Names of parameters hold no dots.
        self.lora = nn.ParameterDict({name.replace(".", "/"): value for name, value in lora.items()})

    def take_place(self) -> None:
        """Puts these weights into the base."""
        self.frozen.attachment.adapter = self.adapter
        for name, value in self.lora.items():
            self.frozen.places[name]._parameters["weight"] = value

    def lora_weights(self) -> dict[str, Tensor]:
        """Gives the LoRA as peft and diffusers name it."""
        return {
            name.replace("/", ".").replace(f".{LORA_NAME}.weight", ".weight"): value.detach()
            for name, value in self.lora.items()
        }

    def forward(self, noisy: Tensor, timestep: Tensor, batch: Batch) -> Tensor:
        """Gives the flow, (B, C, F, h, w).

        Args:
            noisy: (B, C, F, h, w), and of image-to-video its further channels behind them.
            timestep: (B,) in 0..1000.
            batch: "text" (B, 512, D), "emotion" (B, F or 1, 64), "present" (B,) bool, "looks" (B, 4), "image" or None.
        """
        self.take_place()
        felt = self.adapter(batch["emotion"], batch["present"], batch["looks"])
        self.frozen.attachment.feel(felt)
        dtype = self.frozen.transformer.dtype
        image = batch.get("image")
        return self.frozen.transformer(
            hidden_states=noisy.to(dtype),
            timestep=timestep,
            encoder_hidden_states=batch["text"].to(dtype),
            encoder_hidden_states_image=None if image is None else image.to(dtype),
            return_dict=False,
        )[0]


def open_tuned(base: Base, config: Mapping[str, Any], device: str, dtype: torch.dtype) -> Tuned:
    """Loads a base's transformer and puts an untrained LoRA and adapter into it.

    Args:
        config: of the recipe; see `untrained`. dtype: of what stands still; what is trained is float32.
    """
    pipeline = open_parts(base, dtype, ("transformer", "scheduler"))
    scheduler = pipeline.scheduler.config
    shift = scheduler.get("flow_shift") or scheduler.get("shift") or 1.0
    tuned = untrained(pipeline.transformer, config, float(shift), int(scheduler.num_train_timesteps))
    tuned.frozen.transformer.to(device)
    return tuned.to(device)


def untrained(
    transformer: Any, config: Mapping[str, Any], flow_shift: float = 1.0, num_timesteps: int = 1000
) -> Tuned:
    """Puts an untrained LoRA and adapter into a transformer, which is not trained any more.

    Args:
        config: `lora`, `adapter`, `flow_shift` and `gradient_checkpointing` of the recipe.
        flow_shift: where the recipe says none. num_timesteps: of the clock.
    """
    transformer.requires_grad_(False).eval()
    shape = transformer.config
    adapter = EmotionAdapter(
        shape.num_attention_heads * shape.attention_head_dim, shape.num_layers, **config["adapter"]
    )
    lora = put_lora(transformer, config["lora"])
    if config["gradient_checkpointing"]:
        transformer.enable_gradient_checkpointing()
    places = {name.replace(".", "/"): transformer.get_submodule(name.rpartition(".")[0]) for name in lora}
    attachment = attach(transformer, adapter)
    shift = float(config["flow_shift"] or flow_shift)
    return Tuned(Frozen(transformer, attachment, shift, num_timesteps, places), adapter.train(), lora)


def put_lora(transformer: Any, config: Mapping[str, Any]) -> dict[str, nn.Parameter]:
    """Puts an untrained LoRA into the blocks, and gives its weights, float32, by name.

    Raises:
        ValueError: targets that no block has.
    """
    from peft import LoraConfig

    targets = list(config["targets"])
    names = {name for name, layer in transformer.blocks[0].named_modules() if isinstance(layer, nn.Linear)}
    unknown = [name for name in targets if not any(f".{own}".endswith(f".{name}") for own in names)]
    if unknown:
        raise ValueError(
            f"expected targets of the LoRA out of {', '.join(sorted(names))}, got {unknown[0]!r}"
        )
    # Of the blocks alone: the same names stand in the reader of pictures.
    pattern = r"blocks\.\d+\.(.*\.)?(" + "|".join(name.replace(".", r"\.") for name in targets) + ")"
    settings = LoraConfig(r=config["rank"], lora_alpha=config["alpha"], target_modules=pattern)
    with silent():
        transformer.add_adapter(settings, adapter_name=LORA_NAME)
    found = {name: value for name, value in transformer.named_parameters() if value.requires_grad}
    for value in found.values():
        value.data = value.data.float()
    return found


def with_picture(noisy: Tensor, condition: Tensor, seen: Tensor, span: int) -> Tensor:
    """Gives what an image-to-video base is shown: noisy latents, which frames are given, and the first one's latents.

    Where no picture is seen both are zeros, as in the pass without identity of generation.

    Args:
        noisy, condition: (B, C, F, h, w). seen: (B,) bool. span: channels of the mask, one a frame of a latent frame.

    Source: diffusers, WanImageToVideoPipeline.prepare_latents.
    """
    given = torch.zeros_like(noisy[:, :1]).repeat(1, span, 1, 1, 1)
    given[:, :, 0] = 1
    beside = torch.cat([given, condition.to(noisy)], 1)
    return torch.cat([noisy, beside * seen.to(noisy).view(-1, 1, 1, 1, 1)], 1)


def looks_said(looks: Tensor, drop: float) -> Tensor:
    """Leaves out controls, (B, 4): all of them with a chance of `drop`, else each of the three by a coin."""
    said = (torch.rand(len(looks), 3) < 0.5) & (torch.rand(len(looks), 1) >= drop)
    return looks.masked_fill(~said[:, CONTROL_OF].to(looks.device), torch.nan)


def loss_of(model: Any, batch: Batch, frozen: Frozen, drop: Mapping[str, float]) -> dict[str, Tensor]:
    """One step of flow matching, its conditions dropped at random.

    Args:
        model: a `Tuned`, or what wraps one for several processes.
        batch: of `tune_batches`. drop: chances of "content", "identity", "emotion" and "looks".

    Source: Lipman et al. 2023, "Flow matching for generative modeling", equation 23; Wan's flow leads from the film to
    the noise, and its clock counts thousandths of noise (Wan Team 2025, "Wan: open and advanced large-scale video
    generative models", section 4.2).
    """
    count, device = len(batch["latents"]), batch["latents"].device
    levels = ("content", "identity", "emotion")
    present = draw_present(count, {name: drop[name] for name in levels}, torch.default_generator)
    present = {name: value.to(device) for name, value in present.items()}
    noise = torch.randn_like(batch["latents"])
    share = (1 - shifted_time(torch.rand(count), frozen.flow_shift)).to(device)
    looks = looks_said(batch["looks"], drop["looks"])
    return {"loss": flow_error(model, batch | {"looks": looks}, frozen, noise, share, present)}


def flow_error(
    model: Any, batch: Batch, frozen: Frozen, noise: Tensor, share: Tensor, present: Mapping[str, Tensor]
) -> Tensor:
    """Mean squared distance between the flow and the path's own, at given noise.

    Args:
        noise: as the latents. share: (B,) of noise, 0..1. present: "content", "identity", "emotion" -> (B,) bool.
    """
    clean = batch["latents"]
    noisy = noisy_at(clean, noise, 1 - share)
    text = torch.where(present["content"][:, None, None], batch["text"], batch["no_text"])
    given = {
        "text": text,
        "emotion": batch["emotion"],
        "present": present["emotion"],
        "looks": batch["looks"],
    }
    if frozen.sees:
        seen = present["identity"]
        span = frozen.transformer.config.in_channels - 2 * clean.shape[1]
        noisy = with_picture(noisy, batch["condition"], seen, span)
        given["image"] = batch["image"] * seen.to(batch["image"])[:, None, None]
    flow = model(noisy, frozen.num_timesteps * share, given)
    return (flow.float() - (noise - clean)).square().mean()
