"""The emotion's two doors into a Wan transformer, beside the text's: exactly nothing until they are trained.

A feeling enters by a change of the time modulation, (6, D) a block as the clock does, and by a few tokens that
every block's cross-attention looks at beside the text, frame by frame. Neither renames a parameter of the base, so
LoRA, offloading, saving and other tools see the model that they know. Where no feeling is present nothing is added at
all: the null of emotion guidance is the base itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import ModelMixin
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.transformers.transformer_wan import WanAttnProcessor
from torch import Tensor, nn

from conditioning import SPACE_VERSION


@dataclass(frozen=True)
class Felt:
    """What an adapter makes of feelings, for one call of the transformer.

    Attributes:
        modulation: (B, F, 6 * D) added to the time modulation; F latent frames, or 1 for all of them.
        tokens: (B, F, K, D) for cross-attention.
        present: (B,) True where there is a feeling; nothing is added elsewhere.
    """

    modulation: Tensor
    tokens: Tensor
    present: Tensor


class EmotionAdapter(ModelMixin, ConfigMixin):
    """Feelings, and if wanted how a picture looks, to what the doors of a Wan transformer take.

    Args:
        hidden_size: D of the transformer. num_layers: of its blocks.
        emotion_size: of a point of the emotion space. num_tokens: K a frame. rank: of the bottleneck.
        num_attributes: numbers that say how pictures look (`Attributes.row`); each may be unsaid.
        space_version: of the emotion space.

    Source: modulation: Peebles & Xie 2023, "Scalable diffusion models with transformers", section 3.2 (adaLN-Zero);
    tokens in an attention of their own behind a gate: Ye et al. 2023, "IP-Adapter", section 3.2; Alayrac et al. 2022,
    "Flamingo", section 3.2.
    """

    @register_to_config
    def __init__(
        self,
        hidden_size: int,
        num_layers: int,
        emotion_size: int = 64,
        num_tokens: int = 4,
        num_attributes: int = 4,
        rank: int = 128,
        space_version: int = SPACE_VERSION,
    ) -> None:
        super().__init__()
        # An unsaid number is 0 with a flag of 0.
        self.trunk = nn.Sequential(
            nn.Linear(emotion_size + 2 * num_attributes, rank), nn.SiLU(), nn.Linear(rank, rank), nn.SiLU()
        )
        self.to_modulation = nn.Linear(rank, 6 * hidden_size)
        self.to_tokens = nn.Linear(rank, num_tokens * hidden_size)
        self.gates = nn.Parameter(torch.zeros(num_layers, hidden_size))
        nn.init.zeros_(self.to_modulation.weight)
        nn.init.zeros_(self.to_modulation.bias)

    def forward(self, emotion: Tensor, present: Tensor, attributes: Tensor | None = None) -> Felt:
        """Reads feelings.

        Args:
            emotion: (B, F, 64), a point a latent frame, or F = 1 for all frames.
            present: (B,) True where there is a feeling.
            attributes: (B, num_attributes), NaN where not said; None says nothing.
        """
        count = self.config.num_attributes
        if attributes is None:
            attributes = emotion.new_full((len(emotion), count), torch.nan)
        said = ~attributes.isnan()
        looks = torch.cat([attributes.nan_to_num(0.0), said.to(attributes)], -1).to(emotion)  # (B, 2 A)
        looks = looks[:, None].expand(-1, emotion.shape[1], -1)  # (B, F, 2 A)
        hidden = self.trunk(torch.cat([emotion, looks], -1))  # (B, F, rank)
        tokens = self.to_tokens(hidden).unflatten(-1, (self.config.num_tokens, -1))  # (B, F, K, D)
        return Felt(self.to_modulation(hidden), tokens, present)


class Attachment:
    """An adapter in its place in a transformer; see `attach`."""

    def __init__(self, transformer: Any, adapter: EmotionAdapter) -> None:
        self.transformer, self.adapter = transformer, adapter
        self.felt: Felt | None = None
        self.patches = 1  # of a frame, in the call that is going on
        self.before = [block.attn2.processor for block in transformer.blocks]
        for number, block in enumerate(transformer.blocks):
            block.attn2.set_processor(EmotionAttnProcessor(self, number))
        self.hooks = [
            transformer.register_forward_pre_hook(self._begin, with_kwargs=True),
            *(block.register_forward_pre_hook(self._modulate) for block in transformer.blocks),
        ]

    def feel(self, felt: Felt | None) -> None:
        """Sets what the next calls feel; None is the base."""
        self.felt = felt

    def detach(self) -> None:
        """Gives the transformer back as it was."""
        for hook in self.hooks:
            hook.remove()
        for block, processor in zip(self.transformer.blocks, self.before, strict=True):
            block.attn2.set_processor(processor)

    def _begin(self, transformer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Notes how many patches a frame has."""
        noisy = kwargs["hidden_states"] if "hidden_states" in kwargs else args[0]
        frames, high, wide = (
            size // patch for size, patch in zip(noisy.shape[2:], transformer.config.patch_size, strict=True)
        )
        if self.felt is not None and self.felt.modulation.shape[1] not in (1, frames):
            raise ValueError(
                f"expected feelings of {frames} latent frames, got {self.felt.modulation.shape[1]}"
            )
        self.patches = high * wide

    def _modulate(self, _: Any, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Changes the time modulation of a block, (B, 6, D) or, where times differ, (B, frames * patches, 6, D)."""
        if self.felt is None:
            return None
        hidden_states, text, modulation, *rest = args
        change = self.felt.modulation.to(modulation).unflatten(-1, (6, -1))  # (B, F, 6, D)
        change = torch.where(self.felt.present[:, None, None, None], change, torch.zeros_like(change))
        if change.shape[1] > 1:  # every patch that of its frame
            change = change.repeat_interleave(self.patches, dim=1)  # (B, frames * patches, 6, D)
            modulation = modulation[:, None] if modulation.ndim == 3 else modulation
        elif modulation.ndim == 3:
            change = change[:, 0]
        return (hidden_states, text, modulation + change, *rest)


def attach(transformer: Any, adapter: EmotionAdapter) -> Attachment:
    """Puts an adapter's doors into a `WanTransformer3DModel`.

    Raises:
        ValueError: an adapter of another width or depth.
    """
    config = transformer.config
    size, depth = config.num_attention_heads * config.attention_head_dim, config.num_layers
    wanted, got = (size, depth), (adapter.config.hidden_size, adapter.config.num_layers)
    if wanted != got:
        raise ValueError(
            f"expected an emotion adapter of width {wanted[0]} and {wanted[1]} blocks, got {got[0]} and {got[1]}"
        )
    return Attachment(transformer, adapter)


class EmotionAttnProcessor(WanAttnProcessor):
    """Wan's cross-attention, and beside it one of every frame to the feeling's tokens, behind the block's gate."""

    def __init__(self, attachment: Attachment, number: int) -> None:
        super().__init__()
        self.attachment, self.number = attachment, number

    def __call__(self, attn: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Gives (B, patches, D)."""
        found = super().__call__(attn, hidden_states, *args, **kwargs)
        felt = self.attachment.felt
        if felt is None:
            return found
        gate = torch.tanh(self.attachment.adapter.gates[self.number]).to(found)
        gate = gate * felt.present[:, None, None].to(found)  # (B, 1, D)
        return found + gate * self._to_tokens(attn, hidden_states, felt.tokens.to(found))

    def _to_tokens(self, attn: Any, hidden_states: Tensor, tokens: Tensor) -> Tensor:
        """What patches find among the tokens of their own frame, (B, patches, D)."""
        batch, frames = tokens.shape[:2]
        query = attn.norm_q(attn.to_q(hidden_states)).unflatten(1, (frames, -1))  # (B, F, patches / F, D)
        key, value = attn.norm_k(attn.to_k(tokens)), attn.to_v(tokens)  # (B, F, K, D)
        query, key, value = (
            part.flatten(0, 1).unflatten(-1, (attn.heads, -1)).transpose(1, 2) for part in (query, key, value)
        )  # (B F, h, n, d)
        heads = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        return attn.to_out[0](heads.unflatten(0, (batch, frames)).flatten(1, 2))
