"""Emotion adapters with a LoRA beside them, as training saves them."""

from __future__ import annotations

import torch
from diffusers import WanPipeline, WanTransformer3DModel
from peft import LoraConfig, get_peft_model_state_dict
from wan_video_material import HIDDEN_SIZE, NUM_LAYERS

from generators.video.adapter import EmotionAdapter

TARGETS = ["to_q", "to_k", "to_v", "to_out.0", "ffn.net.0.proj", "ffn.net.2"]


def save_adapter(folder, base, *, trained):
    """Writes an adapter of a tiny base, and a LoRA where it is trained; gives the folder."""
    torch.manual_seed(3)
    adapter = EmotionAdapter(HIDDEN_SIZE, NUM_LAYERS)
    folder.mkdir(parents=True)
    if trained:
        with torch.no_grad():
            adapter.to_modulation.weight.normal_(std=0.3)
            adapter.gates.normal_()
        save_lora(folder, base)
    adapter.save_pretrained(folder / "adapter")
    (folder / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    return folder


def save_lora(folder, base):
    transformer = WanTransformer3DModel.from_pretrained(base / "transformer")
    transformer.add_adapter(LoraConfig(r=4, lora_alpha=4, target_modules=TARGETS, init_lora_weights=False))
    WanPipeline.save_lora_weights(folder, transformer_lora_layers=get_peft_model_state_dict(transformer))
