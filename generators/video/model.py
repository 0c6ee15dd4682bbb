"""The small model: Wan2.1's transformer in a small size, with the emotion adapter built in and trained with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin, WanTransformer3DModel
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from conditioning.adapters import LearnedNull

from .adapter import EmotionAdapter, attach

TIMESTEPS = 1000.0  # Wan's clock runs from 1000, all noise, to 0
MASK_CHANNELS = 4  # of Wan2.1's image-to-video condition, beside a picture's latents
LEAST_LEFT = 0.02  # of the way
LEAST_LIKE = 0.45  # cosine; "a car" has .42 with what the shipped model has seen, "smiley" .53
MAX_WORDS = 24  # tokens of a prompt


class SmallVideo(ModelMixin, ConfigMixin):
    """Flow of latents, given words, a first frame and a feeling, each of which may be absent.

    Unlike the real Wan2.1 its layers give the clean latents, from which the flow follows: a network this narrow learns
    what a clip looks like as a whole long before it can pass on all of the noise, which it would otherwise have to.

    Args:
        transformer: of `WanTransformer3DModel`; its input is what Wan2.1's image-to-video takes: noisy latents, a
            mask, and a picture's latents. adapter: of `EmotionAdapter`, but its width and depth.
        known: names of what it has seen, for `doubts`.
        first_spread: of the first latent frame, in standard units: an autoencoder that packs four frames into each of
            the others may say less in the first. What the model sees and gives is divided by it there.

    Source: Wan Team 2025, "Wan: Open and advanced large-scale video generative models", sections 4.2 and
    5.1 (the picture as masked latents beside the noisy ones); clean latents, not the flow: Li and He 2025, "Back to
    basics: let denoising generative models denoise".
    """

    @register_to_config
    def __init__(
        self,
        transformer: dict[str, Any],
        adapter: dict[str, Any],
        known: Sequence[str] = (),
        first_spread: float = 1.0,
    ) -> None:
        super().__init__()
        self.wan = WanTransformer3DModel(**transformer)
        config = self.wan.config
        width = config.num_attention_heads * config.attention_head_dim
        self.feeling = EmotionAdapter(width, config.num_layers, **adapter)
        self.no_text = LearnedNull(config.text_dim)
        self.doors = attach(self.wan, self.feeling)

    def forward(
        self,
        noisy: Tensor,
        t: Tensor,
        text: Tensor,
        picture: Tensor,
        emotion: Tensor,
        attributes: Tensor,
        present: dict[str, Tensor],
    ) -> tuple[Tensor, None]:
        """Gives the flow from noise to clean.

        Args:
            noisy: (B, C, F, h, w). t: (B,) in 0..1, 1 is clean.
            text: (B, 24, 384), 0 beyond its end. picture: (B, C, 1, h, w), the first frame.
            emotion: (B, F or 1, 64). attributes: (B, 4), NaN where not said.
            present: "content" (text), "identity" (picture) and "emotion", (B,) bool each.

        Returns:
            (B, C, F, h, w), and nothing beside it.
        """
        shown = present["identity"].view(-1, 1, 1, 1, 1).to(noisy)
        mask = torch.zeros_like(noisy[:, :MASK_CHANNELS])
        mask[:, :, :1] = shown
        first = torch.zeros_like(noisy)
        first[:, :, :1] = shown * picture
        kind = self.no_text.value.dtype  # of the weights; steps are counted in that of what is noisy
        self.doors.feel(self.feeling(emotion.to(kind), present["emotion"], attributes.to(kind)))
        try:
            found = self.wan(
                torch.cat([noisy, mask, first], 1).to(kind),  # (B, 2 C + 4, F, h, w)
                TIMESTEPS * (1 - t),
                self.no_text(text.to(kind), present["content"]),
            ).sample.to(noisy)
        finally:
            self.doors.feel(None)
        # Towards the end little is left to go, and an error in what is clean would count without limit.
        left = (1 - t).clamp(min=LEAST_LEFT).view(-1, 1, 1, 1, 1)
        return (found - noisy) / left, None


@torch.no_grad()
def read_words(texts: list[str]) -> Tensor:
    """Gives what the sentence encoder makes of prompts, (N, 24, 384), 0 beyond their ends."""
    from conditioning.encoders.base_text import load_base, pad, tokenize

    ids, mask = pad([tokens[:MAX_WORDS] for tokens in tokenize(texts)])
    hidden = load_base()(input_ids=ids, attention_mask=mask).last_hidden_state * mask[..., None]
    return nn.functional.pad(hidden, (0, 0, 0, MAX_WORDS - hidden.shape[1]))


def doubts(prompt: str, known: Sequence[str]) -> tuple[str, ...]:
    """Warns of a prompt that is like nothing the model has seen."""
    if not (prompt.strip() and known):
        return ()
    from conditioning.encoders.base_text import BASE_WIDTH, base_features

    features = nn.functional.normalize(base_features([prompt, *known])[:, :BASE_WIDTH], dim=-1)
    likeness = features[1:] @ features[0]
    if float(likeness.max()) >= LEAST_LIKE:
        return ()
    nearest = known[int(likeness.argmax())]
    return (
        f"the small model draws faces, cats, hands and a few symbols; nearest to this it has seen: {nearest}",
    )


class Latents:
    """A loaded `AutoencoderKLWan` and its latents in standard units.

    Args:
        first_spread: as of `SmallVideo`.
    """

    def __init__(self, autoencoder: Any, first_spread: float = 1.0) -> None:
        self.autoencoder, self.first_spread = autoencoder, first_spread
        self.parameter = next(autoencoder.parameters())  # of the kind and place that all of them are of
        config = autoencoder.config
        self.mean, self.std = (
            torch.tensor(values).view(1, -1, 1, 1, 1) for values in (config.latents_mean, config.latents_std)
        )

    @torch.no_grad()
    def encode(self, pictures: Tensor) -> Tensor:
        """(B, 3, T, H, W) in -1..1 -> (B, C, F, h, w)"""
        found = self.autoencoder.encode(pictures.to(self.parameter)).latent_dist.mode()
        return self.scaled((found - self.mean.to(found)) / self.std.to(found), 1 / self.first_spread)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """(B, C, F, h, w) -> (B, 3, T, H, W) in -1..1"""
        latents = self.scaled(latents.to(self.parameter), self.first_spread)
        return self.autoencoder.decode(latents * self.std.to(latents) + self.mean.to(latents)).sample

    def scaled(self, latents: Tensor, scale: float) -> Tensor:
        """Multiplies the first latent frame, (B, C, F, h, w)."""
        return torch.cat([latents[:, :, :1] * scale, latents[:, :, 1:]], 2)
