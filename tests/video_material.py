"""A small video backend of the real classes with random weights, and a picture for it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from conversion_material import folder
from diffusers import AutoencoderKLWan
from material import Material, entry
from speech_material import opened

from conditioning.encoders.base_text import BASE_WIDTH
from generators.media import Video
from generators.video.backend import VideoBackend
from generators.video.model import SmallVideo
from generators.video.small import AUTOENCODER

NAME = "video-small"
QUICK = {"num_inference_steps": 3, "checkpoint": NAME, "num_frames": 5}
CHANNELS = 4
AUTOENCODER_SIZE = dict(
    base_dim=4, z_dim=CHANNELS, dim_mult=[1, 1, 1], num_res_blocks=1, temperal_downsample=[True, True], patch_size=4,
    in_channels=48, out_channels=48, scale_factor_spatial=16,
    latents_mean=[0.0] * CHANNELS, latents_std=[1.0] * CHANNELS,
)  # fmt: skip
TRANSFORMER_SIZE = dict(
    patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=2 * CHANNELS + 4,
    out_channels=CHANNELS, text_dim=BASE_WIDTH, freq_dim=32, ffn_dim=32, num_layers=2, rope_max_seq_len=32,
)  # fmt: skip


@lru_cache(maxsize=2)
def picture(name: str = "sunset.png", size: tuple[int, int] = (160, 120)) -> str:
    """Gives the path of a picture that goes from orange to blue."""
    from PIL import Image

    path = folder() / name
    rows = np.linspace((250, 150, 40), (20, 30, 90), size[1]).astype(np.uint8)
    Image.fromarray(np.tile(rows[:, None], (1, size[0], 1))).save(path)
    return str(path)


def small_backend(seed: int = 0) -> VideoBackend:
    backend = VideoBackend()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = SmallVideo(TRANSFORMER_SIZE, dict(num_tokens=2, rank=8))
        opened(model)
        autoencoder = AutoencoderKLWan(**AUTOENCODER_SIZE).eval().requires_grad_(False)
    for name, made in ((NAME, model), (AUTOENCODER, autoencoder)):
        made.checkpoint = entry(name, made)
        backend.weights.models[name] = made
    return backend


def dump(film: Video) -> bytes:
    return Path(film.file).read_bytes()


def close(one: Video, two: Video) -> bool:
    pairs = zip(one.frames(), two.frames(), strict=True)
    return all(np.abs(mine.astype(int) - theirs.astype(int)).mean() < 3 for mine, theirs in pairs)


MATERIAL = Material(
    build=small_backend,
    prompt={"prompt": "a cat that laughs", "image": picture()},
    options=QUICK,
    long_prompt=None,
    dump=dump,
    networks=lambda backend: [backend.weights.models[NAME]],
    weights={NAME: "0" * 64, AUTOENCODER: "0" * 64},
    batch=lambda inputs: len(inputs["text"]),
    window=2,
    seen=lambda inputs: inputs["emotion"].shape[1],
    close=close,
)
