"""The published Wan2.1 models, without their weights: what the adapter and the LoRA hook is there by that name."""

from __future__ import annotations

import re

import pytest
import torch
from diffusers import WanTransformer3DModel
from peft import LoraConfig
from wan_adapter_material import TARGETS

from generators.video.adapter import EmotionAdapter, attach

# Source: the configs in scripts/convert_wan_to_diffusers.py of huggingface/diffusers.
COMMON = dict(
    patch_size=(1, 2, 2), attention_head_dim=128, out_channels=16, text_dim=4096, freq_dim=256, eps=1e-6,
    cross_attn_norm=True, qk_norm="rms_norm_across_heads",
)  # fmt: skip
LARGE = dict(num_attention_heads=40, num_layers=40, ffn_dim=13824)
CONFIGS = {
    "T2V-1.3B": dict(num_attention_heads=12, num_layers=30, ffn_dim=8960, in_channels=16),
    "T2V-14B": LARGE | dict(in_channels=16),
    "I2V-14B": LARGE | dict(in_channels=36, image_dim=1280, added_kv_proj_dim=5120),
}
# Tensors and, where known, numbers in them. Source: the headers of the published safetensors files.
SIZES = {"T2V-1.3B": (825, 1_418_996_800), "T2V-14B": (1095, 14_288_491_584), "I2V-14B": (1303, None)}

# Names as published in the -Diffusers repositories, and shapes: D the width, N the feed-forward's, I channels in.
TABLE = {
    "scale_shift_table": "1 2 D",
    "patch_embedding.weight": "D I 1 2 2",
    "patch_embedding.bias": "D",
    "proj_out.weight": "64 D",
    "proj_out.bias": "64",
    "condition_embedder.time_embedder.linear_1.weight": "D 256",
    "condition_embedder.time_embedder.linear_1.bias": "D",
    "condition_embedder.time_embedder.linear_2.weight": "D D",
    "condition_embedder.time_embedder.linear_2.bias": "D",
    "condition_embedder.time_proj.weight": "6D D",
    "condition_embedder.time_proj.bias": "6D",
    "condition_embedder.text_embedder.linear_1.weight": "D 4096",
    "condition_embedder.text_embedder.linear_1.bias": "D",
    "condition_embedder.text_embedder.linear_2.weight": "D D",
    "condition_embedder.text_embedder.linear_2.bias": "D",
    "blocks.*.scale_shift_table": "1 6 D",
    "blocks.*.norm2.weight": "D",
    "blocks.*.norm2.bias": "D",
    "blocks.*.ffn.net.0.proj.weight": "N D",
    "blocks.*.ffn.net.0.proj.bias": "N",
    "blocks.*.ffn.net.2.weight": "D N",
    "blocks.*.ffn.net.2.bias": "D",
}
for attention in ("attn1", "attn2"):
    TABLE |= {f"blocks.*.{attention}.{part}.weight": "D D" for part in ("to_q", "to_k", "to_v", "to_out.0")}
    TABLE |= {f"blocks.*.{attention}.{part}.bias": "D" for part in ("to_q", "to_k", "to_v", "to_out.0")}
    TABLE |= {f"blocks.*.{attention}.{part}.weight": "D" for part in ("norm_q", "norm_k")}
PICTURE = {
    "condition_embedder.image_embedder.norm1.weight": "1280",
    "condition_embedder.image_embedder.norm1.bias": "1280",
    "condition_embedder.image_embedder.ff.net.0.proj.weight": "1280 1280",
    "condition_embedder.image_embedder.ff.net.0.proj.bias": "1280",
    "condition_embedder.image_embedder.ff.net.2.weight": "D 1280",
    "condition_embedder.image_embedder.ff.net.2.bias": "D",
    "condition_embedder.image_embedder.norm2.weight": "D",
    "condition_embedder.image_embedder.norm2.bias": "D",
    "blocks.*.attn2.norm_added_k.weight": "D",
    "blocks.*.attn2.add_k_proj.weight": "D D",
    "blocks.*.attn2.add_k_proj.bias": "D",
    "blocks.*.attn2.add_v_proj.weight": "D D",
    "blocks.*.attn2.add_v_proj.bias": "D",
}


@pytest.mark.parametrize("name", CONFIGS)
def test_names_and_shapes_are_the_published_ones(name):
    config = COMMON | CONFIGS[name]
    with torch.device("meta"):
        transformer = WanTransformer3DModel(**config)
    width = config["num_attention_heads"] * config["attention_head_dim"]
    letters = {"D": width, "6D": 6 * width, "N": config["ffn_dim"], "I": config["in_channels"]}
    wanted = {}
    for pattern, shape in (TABLE | (PICTURE if "image_dim" in config else {})).items():
        sizes = tuple(letters.get(part) or int(part) for part in shape.split())
        numbers = range(config["num_layers"]) if "*" in pattern else [0]
        wanted |= {pattern.replace("*", str(number)): sizes for number in numbers}
    found = {key: tuple(value.shape) for key, value in transformer.state_dict().items()}
    assert found == wanted
    tensors, numbers = SIZES[name]
    assert len(found) == tensors
    assert numbers is None or sum(value.numel() for value in transformer.parameters()) == numbers


@pytest.mark.parametrize("name", ["T2V-1.3B", "I2V-14B"])
def test_the_adapter_and_the_lora_find_their_places(name):
    config = COMMON | CONFIGS[name] | {"num_layers": 2}
    width = config["num_attention_heads"] * config["attention_head_dim"]
    with torch.device("meta"):
        transformer, adapter = WanTransformer3DModel(**config), EmotionAdapter(width, 2)
        before = set(transformer.state_dict())
        attachment = attach(transformer, adapter)
        assert set(transformer.state_dict()) == before
        attachment.feel(adapter(torch.zeros(1, 3, 64), torch.ones(1, dtype=torch.bool)))
        call = dict(
            hidden_states=torch.zeros(1, config["in_channels"], 3, 4, 4),
            timestep=torch.zeros(1),
            encoder_hidden_states=torch.zeros(1, 512, 4096),
        )
        if "image_dim" in config:
            call["encoder_hidden_states_image"] = torch.zeros(1, 257, 1280)
        assert transformer(**call, return_dict=False)[0].shape == (1, 16, 3, 4, 4)
        attachment.detach()
        transformer.add_adapter(LoraConfig(r=8, target_modules=TARGETS, init_lora_weights=False))
    places = {key.split(".lora_A")[0] for key in transformer.state_dict() if ".lora_A" in key}
    assert len(places) == 20
    assert {re.sub(r"blocks\.\d+\.", "", place) for place in places} == {
        f"{attention}.{part}"
        for attention in ("attn1", "attn2")
        for part in ("to_q", "to_k", "to_v", "to_out.0")
    } | {"ffn.net.0.proj", "ffn.net.2"}
