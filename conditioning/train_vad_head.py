"""Last step of the text encoder's recipe: a small ensemble that reads valence, arousal and dominance.

The last layer, tuned mostly to labels, has lost some of what the ratings of EmoBank need; earlier layers
have it. Two members are trained by themselves on the means of five layers and put side by side into one head.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from training.data.text import held_out, read_emobank

from .encoders.text import TextEncoder
from .train_space import vad_loss

NUM_MEMBERS = 2
NUM_EPOCHS = 16
BATCH_SIZE = 256


def train_vad_head(encoder: TextEncoder, data_dir: str | Path, seed: int) -> None:
    """Trains `encoder.vad_head` in place on EmoBank's training texts without the held-out tenth."""
    rated = read_emobank(data_dir, "train")
    rated = rated.take(held_out(len(rated))[0])
    fit_vad_head(encoder, encoder.features(rated.texts)[1], torch.tensor(rated.labels), seed)


def fit_vad_head(encoder: TextEncoder, layers: torch.Tensor, vad: torch.Tensor, seed: int) -> None:
    """Trains the head on features.

    Args:
        layers: (N, 5 x 384), what `TextEncoder.features` gives.
        vad: (N, 3) in EmoBank's scale, (rating - 3) / 2.
    """
    head = encoder.vad_head
    spread = layers.std(0)
    head.mean.copy_(layers.mean(0))
    head.scale.copy_(torch.where(spread > 0.01, spread.clamp_min(0.01).reciprocal(), 0.0))
    inputs = (layers - head.mean) * head.scale
    mean, std = vad.mean(0), vad.std(0)
    width = head.widen.out_features // NUM_MEMBERS
    gain = encoder.log_gain.detach().exp()
    head.narrow.bias.data.copy_(mean / gain)
    for member in range(NUM_MEMBERS):
        widen, narrow = train_member(inputs, (vad - mean) / std, width, seed + member)
        units = slice(member * width, (member + 1) * width)
        head.widen.weight.data[units] = widen.weight.data
        head.widen.bias.data[units] = widen.bias.data
        # From unit variance to EmoBank's scale, to the space's, and to the members' mean.
        scale = std / gain / NUM_MEMBERS
        head.narrow.weight.data[:, units] = narrow.weight.data * scale[:, None]
        head.narrow.bias.data += narrow.bias.data * scale


def train_member(
    inputs: torch.Tensor, targets: torch.Tensor, width: int, seed: int
) -> tuple[nn.Linear, nn.Linear]:
    """Trains one perceptron with strong dropout; targets have unit variance."""
    torch.manual_seed(seed)
    widen, narrow = nn.Linear(inputs.shape[1], width), nn.Linear(width, 3)
    net = nn.Sequential(nn.Dropout(0.6), widen, nn.GELU(), nn.Dropout(0.6), narrow)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.1)
    steps = NUM_EPOCHS * len(inputs) // BATCH_SIZE
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, steps)
    for _ in range(steps):
        rows = torch.randint(len(inputs), (BATCH_SIZE,))
        loss = 2 * vad_loss(net(inputs[rows]), targets[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return widen, narrow
