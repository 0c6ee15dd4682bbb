"""Words to the space: all-MiniLM-L6-v2 with low-rank changes and a head, trained to the frozen space."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn

from .base_text import BASE_WIDTH, by_length, load_base, pad, pool, tokenize

BASE_LAYERS = 6
# Layers whose means the reading of valence, arousal and dominance takes: late ones lose what it needs.
READ_LAYERS = (2, 3, 4, 5, 6)
# Its part in the reading, beside what the point itself reads as.
HEAD_SHARE = 0.75
# Matrices of one base layer: our name -> (path in the layer, outputs, inputs).
MATRICES = {
    "query": ("attention.self.query", BASE_WIDTH, BASE_WIDTH),
    "key": ("attention.self.key", BASE_WIDTH, BASE_WIDTH),
    "value": ("attention.self.value", BASE_WIDTH, BASE_WIDTH),
    "output": ("attention.output.dense", BASE_WIDTH, BASE_WIDTH),
    "widen": ("intermediate.dense", 4 * BASE_WIDTH, BASE_WIDTH),
    "narrow": ("output.dense", BASE_WIDTH, 4 * BASE_WIDTH),
}
NORMS = {"attention_norm": "attention.output.LayerNorm", "layer_norm": "output.LayerNorm"}


@dataclass(frozen=True)
class TextReading:
    """What texts say, for N of them.

    Attributes:
        z: (N, 64) points of the space.
        probabilities: (N, 28) of GoEmotions' labels, each by itself in 0..1.
        vad: (N, 3) valence, arousal, dominance in -1..1; finer than what `z` itself reads as.
        vad_std: (N, 3) standard deviation of those.
    """

    z: torch.Tensor
    probabilities: torch.Tensor
    vad: torch.Tensor
    vad_std: torch.Tensor


class FeatureHead(nn.Module):
    """Reads pooled features (B, 768) into the space, (B, D)."""

    def __init__(self, hidden_size: int, dim: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.scale: torch.Tensor
        self.register_buffer("mean", torch.zeros(2 * BASE_WIDTH))
        self.register_buffer("scale", torch.ones(2 * BASE_WIDTH))
        self.layers = nn.Sequential(
            nn.Dropout(dropout / 2),
            nn.Linear(2 * BASE_WIDTH, hidden_size),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_size, dim),
        )

    @torch.no_grad()
    def standardize(self, features: torch.Tensor) -> None:
        """Takes the mean and spread of features (N, 768): the base's columns differ much in scale.

        A column that never moves is dropped: divided by its tiny spread, any later change of the base would
        explode.
        """
        spread = features.std(0)
        self.mean.copy_(features.mean(0))
        self.scale.copy_(torch.where(spread > 0.01, spread.clamp_min(0.01).reciprocal(), 0.0))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.layers((features - self.mean) * self.scale)


class VadHead(nn.Module):
    """Reads valence, arousal and dominance from the means of several layers, (B, 5 x 384) -> (B, 3).

    Its hidden units are those of members that were trained by themselves; their mean is the reading.
    """

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.scale: torch.Tensor
        self.register_buffer("mean", torch.zeros(len(READ_LAYERS) * BASE_WIDTH))
        self.register_buffer("scale", torch.ones(len(READ_LAYERS) * BASE_WIDTH))
        self.widen = nn.Linear(len(READ_LAYERS) * BASE_WIDTH, hidden_size)
        self.narrow = nn.Linear(hidden_size, 3)

    def forward(self, layers: torch.Tensor) -> torch.Tensor:
        hidden = nn.functional.gelu(self.widen((layers - self.mean) * self.scale))  # (B, hidden)
        return self.narrow(hidden)  # (B, 3)


class BaseChanges(nn.Module):
    """What is added to the frozen base: a low-rank product a matrix, a vector a bias and a norm.

    Args:
        rank: of the products.
        first_layer: layers before it stay as they are, and training need not go back through them.

    Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", eq. 3.
    """

    def __init__(self, rank: int, first_layer: int) -> None:
        super().__init__()
        self.first_layer = first_layer
        layers = BASE_LAYERS - first_layer
        self.down = nn.ParameterDict()
        self.up = nn.ParameterDict()
        self.shift = nn.ParameterDict()
        for name, (_, outputs, inputs) in MATRICES.items():
            self.down[name] = nn.Parameter(torch.randn(layers, rank, inputs) * inputs**-0.5)
            self.up[name] = nn.Parameter(torch.zeros(layers, outputs, rank))
            self.shift[name] = nn.Parameter(torch.zeros(layers, outputs))
        for name in NORMS:
            self.shift[name] = nn.Parameter(torch.zeros(layers, BASE_WIDTH))

    def forward(self, base: nn.Module) -> dict[str, torch.Tensor]:
        """Gives the base's changed parameters by name."""
        frozen = dict(base.named_parameters())
        changed = {}
        for row, layer in enumerate(range(self.first_layer, BASE_LAYERS)):
            for name, (path, _, _) in MATRICES.items():
                weight, bias = (f"encoder.layer.{layer}.{path}.{kind}" for kind in ("weight", "bias"))
                changed[weight] = frozen[weight] + self.up[name][row] @ self.down[name][row]
                changed[bias] = frozen[bias] + self.shift[name][row]
            for name, path in NORMS.items():
                weight = f"encoder.layer.{layer}.{path}.weight"
                changed[weight] = frozen[weight] + self.shift[name][row]
        return changed


class TextEncoder(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Reads texts into the space. The base and the space are not in its file.

    Args:
        rank: of the low-rank changes.
        first_layer: of the base's six that is changed.
        hidden_size: of the head.
        vad_hidden_size: of the head for valence, arousal and dominance.
        dim: width D of the space.
        dropout: of the head, in training.
        thresholds: probability from which each label counts as chosen; 0.5 for all when None.
    """

    @register_to_config
    def __init__(
        self,
        rank: int = 32,
        first_layer: int = 2,
        hidden_size: int = 256,
        vad_hidden_size: int = 512,
        dim: int = 64,
        dropout: float = 0.3,
        thresholds: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.changes = BaseChanges(rank, first_layer)
        self.head = FeatureHead(hidden_size, dim, dropout)
        self.vad_head = VadHead(vad_hidden_size)
        # The annotated scale of EmoBank over the space's own; see training.
        self.log_gain = nn.Parameter(torch.full((3,), -1.0))
        # log standard deviation of the reading from the offset's length and the labels' entropy.
        self.spread = nn.Linear(2, 3)
        self._merged: dict[str, torch.Tensor] | None = None

    def forward(self, batches: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> list[torch.Tensor]:
        """Batches of token numbers (B, T) with mask (B, T), True = real -> points, (B, D) each."""
        changed = self.changed(batches[0][0].device)
        points = []
        for ids, mask in batches:
            hidden = self.hidden(ids, mask, changed)
            with torch.autocast(ids.device.type, enabled=False):
                points.append(self.head(pool(hidden[-1], mask)))  # (B, D)
        return points

    def changed(self, device: torch.device) -> dict[str, torch.Tensor]:
        """The base's changed parameters; kept while only reading."""
        if self._merged is not None:
            return self._merged
        changed = self.changes(load_base(str(device)))
        if not torch.is_grad_enabled() and not self.training:
            self._merged = changed
        return changed

    def hidden(
        self, ids: torch.Tensor, mask: torch.Tensor, changed: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, ...]:
        """What comes out of the embedding and of each layer: seven of (B, T, 384)."""
        inputs = {"input_ids": ids, "attention_mask": mask, "output_hidden_states": True}
        return torch.func.functional_call(load_base(str(ids.device)), changed, (), inputs).hidden_states

    @torch.no_grad()
    def encode(self, texts: Sequence[str], *, max_tokens: int = 4096) -> TextReading:
        """Reads texts of any number; only the first 128 tokens of each count.

        Args:
            max_tokens: of a padded batch; bounds the memory.

        Raises:
            ValueError: not a list of texts.
        """
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"expected a list of texts, got {type(texts).__name__}")
        z, layers = self.features(texts, max_tokens)
        return self.read(z, self.vad_head(layers.to(self.device)).cpu())

    @torch.no_grad()
    def features(self, texts: Sequence[str], max_tokens: int = 4096) -> tuple[torch.Tensor, torch.Tensor]:
        """Points (N, D) and the means of the layers that `vad_head` takes, (N, 5 x 384), on the CPU."""
        tokens = tokenize(texts)
        z = torch.empty(len(tokens), self.config["dim"])
        layers = torch.empty(len(tokens), len(READ_LAYERS) * BASE_WIDTH)
        for rows in by_length(tokens, max_tokens):
            ids, mask = (tensor.to(self.device) for tensor in pad([tokens[row] for row in rows]))
            hidden = self.hidden(ids, mask, self.changed(ids.device))
            z[rows] = self.head(pool(hidden[-1], mask)).float().cpu()
            means = [pool(hidden[layer], mask)[:, :BASE_WIDTH] for layer in READ_LAYERS]
            layers[rows] = torch.cat(means, -1).float().cpu()
        return z, layers

    def read(self, z: torch.Tensor, vad: torch.Tensor) -> TextReading:
        """Reads points (N, D) with what `vad_head` read beside them, (N, 3)."""
        from ..space import load_space

        space = load_space()
        probabilities = space.label_logits(z).sigmoid()
        vad = HEAD_SHARE * vad + (1 - HEAD_SHARE) * space.linear_vad(z)
        spread = self.spread(reading_features(z, space.neutral, probabilities)).exp()
        return TextReading(z, probabilities, vad.clamp(-1.0, 1.0), spread.clamp(0.01, 1.0))

    def train(self, mode: bool = True) -> TextEncoder:
        self._merged = None
        return super().train(mode)


def entropy(probabilities: torch.Tensor) -> torch.Tensor:
    """How spread a reading is over the labels, (N, K) -> (N,): 0 all on one, 1 evenly over all."""
    shares = probabilities / probabilities.sum(-1, keepdim=True).clamp_min(1e-9)
    return -(shares * shares.clamp_min(1e-12).log()).sum(-1) / torch.tensor(float(shares.shape[-1])).log()


def reading_features(z: torch.Tensor, neutral: torch.Tensor, probabilities: torch.Tensor) -> torch.Tensor:
    """What a reading's uncertainty is told from, (N, 2): the offset's length / 4, the labels' entropy."""
    return torch.stack([(z - neutral).norm(dim=-1) / 4, entropy(probabilities)], -1)


@functools.lru_cache(maxsize=1)
def load_text_encoder() -> Any:
    """Gives the shipped text encoder, on the CPU; read once."""
    import checkpoints

    from .. import SPACE_VERSION

    return checkpoints.load("text-encoder", space_version=SPACE_VERSION)
